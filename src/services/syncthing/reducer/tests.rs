//! The reducer: recorded replies, every event, and random ones.

use proptest::prelude::*;
use serde_json::{Value, json};

use std::collections::BTreeMap;

use super::super::completion::Completion;
use super::super::state::{Answer, Snapshot};
use super::super::wire::{
    Config, Connections, Errors, Events, RestartRequired, Summary, SystemStatus, SystemVersion,
};
use super::*;
use crate::core::service::{DeviceState, FolderState, Service};

macro_rules! real {
    ($version:literal, $name:literal) => {
        serde_json::from_str(include_str!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/fixtures/syncthing/",
            $version,
            "/",
            $name,
            ".json"
        )))
        .unwrap()
    };
}

mod truth;

macro_rules! real_state {
    ($version:literal) => {{
        let status: SystemStatus = real!($version, "status");
        let version: SystemVersion = real!($version, "version");
        let restart: RestartRequired = real!($version, "restart");
        let mut state = State::from_snapshot(Snapshot {
            status,
            version: version.version,
            config: real!($version, "config"),
            connections: real!($version, "connections"),
            device_stats: real!($version, "stats-device"),
            folder_stats: real!($version, "stats-folder"),
            pending_devices: real!($version, "pending-devices"),
            pending_folders: real!($version, "pending-folders"),
            errors: real!($version, "errors"),
            restart_required: restart.required,
        });
        assert!(
            !state.service().synced,
            "nothing is known of its folders yet"
        );
        let mut folder = |id: &str, summary: Summary| {
            state.learn(Answer::Folder(id.into(), Some(summary)));
        };
        folder("photos", real!($version, "db-status-photos"));
        folder("recv", real!($version, "db-status-recv"));
        folder("alone", real!($version, "db-status-alone"));
        folder("broken", real!($version, "db-status-broken"));
        let ids: Vec<String> = state.devices.keys().cloned().collect();
        for id in ids {
            let completion: Completion = match id.starts_with("AIR6LPZ") {
                true => real!($version, "completion-ghost"),
                false => real!($version, "completion-b"),
            };
            // As if all that is needed were in one folder, so that the sum is that of the recording.
            let known = [("photos".to_owned(), completion)].into();
            state.learn(Answer::Completion(id, known));
        }
        state
    }};
}

fn event(kind: &str, data: Value) -> Event {
    let event = json!({"id": 1, "time": "2026-11-21T02:00:00Z", "type": kind, "data": data});
    serde_json::from_value(event).unwrap()
}

/// Folders `f` (shared with `D`) and `lone`; device `D`, connected and complete; own device `ME`.
fn state() -> State {
    let folder = |id: &str, members: Value| json!({"id": id, "label": "", "path": "/p", "type": "sendreceive", "devices": members});
    let config = json!({
        "folders": [folder("f", json!([{"deviceID": "ME"}, {"deviceID": "D"}])), folder("lone", json!([{"deviceID": "ME"}]))],
        "devices": [{"deviceID": "ME", "name": "me"}, {"deviceID": "D", "name": "phone"}],
    });
    let connections = json!({"connections": {"D": {"connected": true, "address": "a"}}});
    let mut state = State::from_snapshot(Snapshot {
        status: SystemStatus {
            my_id: "ME".into(),
            ..SystemStatus::default()
        },
        config: serde_json::from_value(config).unwrap(),
        connections: serde_json::from_value(connections).unwrap(),
        ..Snapshot::default()
    });
    for id in ["f", "lone"] {
        state.learn(Answer::Folder(id.into(), Some(summary("idle", 0))));
    }
    state.learn(Answer::Completion("D".into(), BTreeMap::new()));
    state
}

fn summary(state: &str, need: u64) -> Summary {
    serde_json::from_value(json!({"state": state, "needTotalItems": need, "needBytes": need}))
        .unwrap()
}

fn folder_state(service: &Service, id: &str) -> FolderState {
    service
        .folders
        .iter()
        .find(|folder| folder.id == id)
        .unwrap()
        .state
}

#[test]
fn real_replies_of_two_versions() {
    for (version, state, alone) in [
        ("v1.19.2-ds1", real_state!("1.19.2"), FolderState::Unshared),
        ("v1.29.5", real_state!("1.29.5"), FolderState::Paused),
    ] {
        let service = state.service();
        assert_eq!(service.version, version);
        let labels: Vec<_> = service.folders.iter().map(|it| it.label.as_str()).collect();
        assert_eq!(labels, ["Alone!", "Broken", "Paused", "Photos", "recv"]);
        for (id, expected) in [
            ("alone", alone),
            ("broken", FolderState::Stopped),
            ("paused", FolderState::Paused),
            ("photos", FolderState::UpToDate),
            ("recv", FolderState::LocalAdditions),
        ] {
            assert_eq!(folder_state(&service, id), expected, "{version} {id}");
        }
        let broken = &service.folders[1];
        assert!(
            broken
                .error
                .as_deref()
                .unwrap()
                .starts_with("folder marker missing")
        );
        assert_eq!(service.folders[3].path, "/home/me/photos");
        assert_eq!(service.folders[3].devices.len(), 2);
        assert!(service.folders[3].last_scan.is_some());
        let names: Vec<_> = service.devices.iter().map(|it| it.name.as_str()).collect();
        assert_eq!(names, ["b", "ghost"]);
        let (b, ghost) = (&service.devices[0], &service.devices[1]);
        assert_eq!((b.state, b.percent), (DeviceState::InSync, 100));
        assert_eq!(b.client_version.as_deref(), Some(version));
        assert_eq!(
            (ghost.state, ghost.last_seen),
            (DeviceState::Disconnected, None)
        );
        assert!(ghost.need_items > 0 && ghost.percent < 100);
        assert_eq!(service.pending_folders[0].label, "Offered");
        assert!(service.errors.len() >= 2 && !service.restart_required);
        assert!(!service.synced, "a folder is stopped");
        assert!(
            !format!("{state:?}").contains("secret"),
            "no secret is kept"
        );
    }
}

#[test]
fn real_events_of_two_versions() {
    let old: Events = real!("1.19.2", "events");
    let new: Events = real!("1.29.5", "events");
    for (mut state, events) in [(real_state!("1.19.2"), old), (real_state!("1.29.5"), new)] {
        let before = state.service();
        let mut needs = BTreeSet::new();
        for event in &events.0 {
            needs.append(&mut state.apply(event));
        }
        assert!(!needs.contains(&Need::Snapshot));
        for need in [Need::Connections, Need::Errors, Need::RestartRequired] {
            assert!(needs.contains(&need), "{need:?}");
        }
        let after = state.service();
        assert_eq!(after.folders.len(), 5);
        assert_eq!(folder_state(&after, "broken"), FolderState::Stopped);
        assert_eq!(folder_state(&after, "photos"), FolderState::UpToDate);
        assert_eq!(after.pending_folders.len(), before.pending_folders.len());
        assert!(after.devices[0].connected);
    }
}

#[test]
fn synced_means_here_and_on_every_connected_device() {
    let mut state = state();
    assert!(state.service().synced);
    state.apply(&event(
        "StateChanged",
        json!({"folder": "f", "from": "idle", "to": "syncing"}),
    ));
    assert!(!state.service().synced && state.is_busy());
    state.apply(&event(
        "StateChanged",
        json!({"folder": "f", "from": "syncing", "to": "idle"}),
    ));
    assert!(state.service().synced && !state.is_busy());
    let behind = Completion {
        global_bytes: 10,
        need_bytes: 5,
        need_items: 1,
        ..Completion::default()
    };
    let behind = [("f".to_owned(), behind)].into();
    state.learn(Answer::Completion("D".into(), behind));
    assert!(!state.service().synced && state.is_busy());
    state.apply(&event("DeviceDisconnected", json!({"id": "D"})));
    assert!(
        state.service().synced,
        "a device that is away does not count"
    );
    state.learn(Answer::Folder("f".into(), None));
    assert!(!state.service().synced, "nothing is known of a folder");
    state.apply(&event("FolderPaused", json!({"id": "f"})));
    assert!(state.service().synced, "a paused folder does not count");
}

#[test]
fn what_each_event_calls_for() {
    let folder = || Need::Folder("f".into());
    let completion = || Need::Completion("D".into());
    let config = json!({
        "folders": [{"id": "f", "path": "/p", "type": "sendreceive", "devices": [{"deviceID": "ME"}, {"deviceID": "D"}]}],
        "devices": [{"deviceID": "ME"}, {"deviceID": "D", "name": "phone"}, {"deviceID": "E"}],
    });
    for (kind, data, needs) in [
        (
            "StateChanged",
            json!({"folder": "f", "from": "idle", "to": "scanning"}),
            vec![],
        ),
        (
            "StateChanged",
            json!({"folder": "f", "from": "idle", "to": "error"}),
            vec![Need::Errors],
        ),
        (
            "StateChanged",
            json!({"folder": "f", "from": "syncing", "to": "idle"}),
            vec![Need::FolderStats],
        ),
        (
            "StateChanged",
            json!({"folder": "f", "from": "idle", "to": "syncing"}),
            vec![folder()],
        ),
        (
            "StateChanged",
            json!({"folder": "gone", "to": "error"}),
            vec![],
        ),
        (
            "FolderSummary",
            json!({"folder": "f", "summary": {"state": "idle"}}),
            vec![],
        ),
        (
            "FolderSummary",
            json!({"folder": "f", "summary": {"state": "scanning"}}),
            vec![folder()],
        ),
        (
            "FolderSummary",
            json!({"folder": "f", "summary": null}),
            vec![],
        ),
        (
            "FolderCompletion",
            json!({"folder": "f", "device": "D", "needBytes": 0}),
            vec![],
        ),
        (
            "FolderCompletion",
            json!({"folder": "f", "device": "D", "needBytes": 1}),
            vec![],
        ),
        (
            "FolderCompletion",
            json!({"folder": "f", "device": "X", "needBytes": 1}),
            vec![],
        ),
        (
            "FolderErrors",
            json!({"folder": "f", "errors": [{"error": "no"}, {}]}),
            vec![],
        ),
        ("FolderPaused", json!({"id": "f"}), vec![completion()]),
        ("FolderResumed", json!({"id": "f"}), vec![]),
        (
            "DeviceConnected",
            json!({"id": "D", "addr": "b"}),
            vec![Need::Connections, completion()],
        ),
        ("DeviceDisconnected", json!({"id": "D"}), vec![]),
        ("DevicePaused", json!({"device": "D"}), vec![]),
        ("DeviceResumed", json!({"device": "D"}), vec![]),
        ("PendingDevicesChanged", json!({}), vec![Need::Pending]),
        ("PendingFoldersChanged", json!({}), vec![Need::Pending]),
        ("ConfigSaved", json!({}), vec![Need::Snapshot]),
        (
            "ConfigSaved",
            config,
            vec![
                Need::Connections,
                Need::Completion("E".into()),
                Need::RestartRequired,
            ],
        ),
        (
            "StartupComplete",
            json!({"myID": "ME"}),
            vec![Need::Connections],
        ),
        (
            "ClusterConfigReceived",
            json!({"device": "D"}),
            vec![completion()],
        ),
        ("Failure", json!("something broke"), vec![Need::Errors]),
        ("UpgradeRestartScheduled", json!(null), vec![]),
        ("SomethingNew", json!({"folder": "f"}), vec![]),
    ] {
        let found: Vec<_> = state()
            .apply(&event(kind, data.clone()))
            .into_iter()
            .collect();
        assert_eq!(found, needs, "{kind} {data}");
    }
}

#[test]
fn a_late_summary_does_not_bring_an_old_state_back() {
    let mut state = state();
    state.apply(&event(
        "StateChanged",
        json!({"folder": "f", "from": "idle", "to": "scanning"}),
    ));
    state.apply(&event(
        "StateChanged",
        json!({"folder": "f", "from": "scanning", "to": "idle"}),
    ));
    let late = json!({"folder": "f", "summary": {"state": "scanning", "globalBytes": 9}});
    let needs = state.apply(&event("FolderSummary", late));
    let service = state.service();
    assert_eq!(folder_state(&service, "f"), FolderState::UpToDate);
    assert_eq!(service.folders[0].global_bytes, 9);
    assert!(needs.contains(&Need::Folder("f".into())));
}

#[test]
fn the_same_pending_device_again_is_no_news() {
    let mut state = state();
    let added = json!({"added": [{"deviceID": "P", "name": "n", "address": "1.2.3.4:5"}]});
    state.apply(&event("PendingDevicesChanged", added.clone()));
    let first = state.service();
    assert_eq!(first.pending_devices.len(), 1);
    let mut again = event("PendingDevicesChanged", added);
    again.time = "2026-11-21T03:00:00Z".parse().ok();
    state.apply(&again);
    assert_eq!(state.service(), first);
    state.apply(&event(
        "PendingDevicesChanged",
        json!({"removed": [{"deviceID": "P"}]}),
    ));
    assert!(state.service().pending_devices.is_empty());
}

#[test]
fn an_offer_is_taken_back_by_one_device_or_by_all() {
    let mut state = state();
    let offers =
        json!({"added": [{"folderID": "n", "deviceID": "D"}, {"folderID": "n", "deviceID": "E"}]});
    state.apply(&event("PendingFoldersChanged", offers));
    assert_eq!(state.service().pending_folders.len(), 2);
    state.apply(&event(
        "PendingFoldersChanged",
        json!({"removed": [{"folderID": "n", "deviceID": "E"}]}),
    ));
    assert_eq!(state.service().pending_folders.len(), 1);
    state.apply(&event(
        "PendingFoldersChanged",
        json!({"removed": [{"folderID": "n"}]}),
    ));
    assert!(state.service().pending_folders.is_empty());
}

#[test]
fn completion_follows_the_events() {
    let mut state = state();
    let behind =
        json!({"folder": "f", "device": "D", "globalBytes": 10, "needBytes": 5, "needItems": 1});
    assert!(state.apply(&event("FolderCompletion", behind)).is_empty());
    let service = state.service();
    assert_eq!((service.devices[0].percent, service.synced), (50, false));
}

#[test]
fn rates_come_from_two_samples() {
    let mut state = state();
    let sample = |bytes: u64| -> Connections {
        let device = json!({"connected": true, "inBytesTotal": bytes, "outBytesTotal": 0});
        let reply = json!({"connections": {"D": device}, "total": {"inBytesTotal": bytes}});
        serde_json::from_value(reply).unwrap()
    };
    state.learn(Answer::Connections(sample(1000), None));
    assert_eq!(state.service().rates.in_bps, 0);
    let five = Some(std::time::Duration::from_secs(5));
    state.learn(Answer::Connections(sample(51_000), five));
    let service = state.service();
    assert_eq!(
        (service.rates.in_bps, service.devices[0].rates.in_bps),
        (10_000, 10_000)
    );
    state.learn(Answer::Connections(sample(10), five));
    assert_eq!(state.service().rates.in_bps, 0, "counters that begin anew");
    state.still();
    assert!(!state.has_traffic());
}

#[test]
fn a_config_that_drops_a_folder_and_a_device() {
    let mut state = state();
    let config = json!({
        "folders": [{"id": "lone", "label": "Lone", "path": "/p", "type": "sendreceive", "devices": [{"deviceID": "ME"}]}],
        "devices": [{"deviceID": "ME"}],
    });
    let needs = state.apply(&event("ConfigSaved", config));
    assert_eq!(needs, [Need::RestartRequired].into());
    let service = state.service();
    assert_eq!((service.folders.len(), service.devices.len()), (1, 0));
    assert_eq!(service.folders[0].label, "Lone");
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
        prop::sample::select(vec!["f", "lone", "D", "ME", "idle", "error", "syncing", ""])
            .prop_map(Value::from),
    ];
    let key = prop::sample::select(vec![
        "folder",
        "device",
        "id",
        "to",
        "from",
        "error",
        "errors",
        "summary",
        "state",
        "needBytes",
        "globalBytes",
        "needTotalItems",
        "inSyncBytes",
        "added",
        "removed",
        "deviceID",
        "folderID",
        "folders",
        "devices",
        "paused",
        "type",
        "path",
    ]);
    leaf.prop_recursive(4, 48, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(key.clone().prop_map(str::to_owned), inner, 0..8)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_event_is_taken_and_the_outcome_is_always_the_same(
        events in prop::collection::vec(
            (prop::sample::select(MASK.split(',').collect::<Vec<_>>()), any_json()),
            0..20,
        ),
    ) {
        let run = || {
            let mut state = state();
            let mut needs = Vec::new();
            for (kind, data) in &events {
                needs.push(state.apply(&event(kind, data.clone())));
            }
            (state.service(), needs)
        };
        let (service, needs) = run();
        prop_assert_eq!((&service, &needs), (&run().0, &run().1));
        for folder in &service.folders {
            prop_assert!(folder.percent <= 100);
        }
    }

    #[test]
    fn any_reply_is_taken(value in any_json()) {
        let _: Config = serde_json::from_value(value.clone()).unwrap_or_default();
        let _: Connections = serde_json::from_value(value.clone()).unwrap_or_default();
        let _: Errors = serde_json::from_value(value.clone()).unwrap_or_default();
        let events: Events = serde_json::from_value(value).unwrap();
        let mut state = state();
        for event in &events.0 {
            state.apply(event);
        }
    }
}
