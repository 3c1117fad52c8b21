//! The poller against a scripted server, under paused time.

use std::sync::Arc;

use serde_json::{Value, json};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::watch::Sender;
use tokio::task::{JoinHandle, yield_now};
use tokio::time::{advance, sleep};

use super::*;
use crate::core::service::{FolderState, Service};
use crate::core::{Absence, Class, Event as Told, Fingerprint, Pin as CertificatePin, Why};
use crate::services::link::fake::{Fake, Server, session};
use crate::services::run;

mod changes;
mod fresh;
mod outages;
mod safe;

const EVENTS: &str = "/rest/events?since=";

struct Rig {
    server: Arc<Server>,
    told: UnboundedReceiver<Told>,
    swap: Sender<Arc<Fake>>,
    task: JoinHandle<()>,
}

impl Rig {
    async fn start(server: Arc<Server>) -> Self {
        let (session, told, swap) = session(&server);
        // Spawned as the engine does it, so that it must be Send.
        let task = tokio::spawn(run(session));
        let rig = Self {
            server,
            told,
            swap,
            task,
        };
        settle().await;
        rig
    }

    fn told(&mut self) -> Vec<Told> {
        std::iter::from_fn(|| self.told.try_recv().ok()).collect()
    }

    /// The services told since the last time.
    fn services(&mut self) -> Vec<Arc<Service>> {
        let told = self.told().into_iter();
        told.filter_map(|event| match event {
            Told::ServiceChanged { service, .. } => Some(service),
            _ => None,
        })
        .collect()
    }
}

/// Lets everything happen that takes no time.
async fn settle() {
    for _ in 0..2000 {
        yield_now().await;
    }
}

fn folder(id: &str) -> Value {
    let devices = json!([{"deviceID": "ME"}, {"deviceID": "D"}]);
    json!({"id": id, "label": id, "path": "/p", "type": "sendreceive", "devices": devices})
}

fn server() -> Arc<Server> {
    server_of(&["a", "b"])
}

fn server_of(folders: &[&str]) -> Arc<Server> {
    let folders: Vec<_> = folders.iter().map(|id| folder(id)).collect();
    let server = Server::with_config(json!({
        "folders": folders,
        "devices": [{"deviceID": "ME", "name": "me"}, {"deviceID": "D", "name": "phone"}],
    }));
    transferred(&server, 0);
    server
}

fn transferred(server: &Server, bytes: u64) {
    let device = json!({"connected": true, "inBytesTotal": bytes});
    let connections = json!({"connections": {"D": device}, "total": {"inBytesTotal": bytes}});
    server.set("/rest/system/connections", 200, connections);
}

fn changed(folder: &str, from: &str, to: &str) -> Value {
    json!({"folder": folder, "from": from, "to": to})
}

fn certificate(byte: u8) -> CertificatePin {
    CertificatePin {
        fingerprint: Fingerprint::from_digest([byte; 32]),
        not_after: None,
    }
}

#[tokio::test(start_paused = true)]
async fn the_order_of_a_start() {
    let server = server();
    server.emit("StateChanged", changed("a", "idle", "idle"));
    server.serve(certificate(1));
    let mut rig = Rig::start(server).await;
    let asked = rig.server.asked();
    let expected = [
        "/rest/events?since=0&limit=1&timeout=0",
        "/rest/system/status",
        "/rest/system/version",
        "/rest/config",
        "/rest/system/connections",
        "/rest/stats/device",
        "/rest/stats/folder",
        "/rest/cluster/pending/devices",
        "/rest/cluster/pending/folders",
        "/rest/system/error",
        "/rest/config/restart-required",
        "/rest/db/status?folder=a",
        "/rest/db/status?folder=b",
        "/rest/db/completion?device=D",
        "/rest/events/disk?since=0&limit=1000&timeout=0",
        // The sum does not say who has told nothing, or shares a folder no longer.
        "/rest/db/completion?device=D&folder=a",
        "/rest/db/completion?device=D&folder=b",
        "/rest/events?since=1&timeout=55",
    ];
    assert_eq!(asked, expected);
    let told = rig.told();
    let [
        Told::Answered {
            generation: 1,
            served,
            attempt: 5,
            ..
        },
        Told::ServiceChanged { service, .. },
    ] = &told[..]
    else {
        panic!("{told:?}");
    };
    assert_eq!(*served, Some(certificate(1)));
    assert!(service.synced && service.safe == Some(true));
    assert_eq!(service.id.as_deref(), Some("ME"));
}

#[tokio::test(start_paused = true)]
async fn an_idle_hour_costs_at_most_seventy_requests() {
    let server = server();
    let errors = json!({"errors": [{"when": "2026-11-21T00:00:00Z", "message": "old"}]});
    server.set("/rest/system/error", 200, errors);
    let mut rig = Rig::start(server).await;
    rig.server.asked();
    rig.told();
    sleep(Duration::from_secs(3600)).await;
    let asked = rig.server.asked();
    assert!(asked.len() <= 70, "{}", asked.len());
    let polls = asked.iter().filter(|path| path.starts_with(EVENTS));
    assert!(polls.count() >= 65);
    assert!(
        !asked
            .iter()
            .any(|path| path.contains("/db/") || path.contains("connections"))
    );
    assert!(asked.iter().any(|path| path.ends_with("/system/error")));
    assert!(rig.told().is_empty(), "nothing changed");
}

#[tokio::test(start_paused = true)]
async fn an_event_asks_for_what_it_changed_and_no_more() {
    let mut rig = Rig::start(server()).await;
    rig.server.asked();
    rig.told();
    rig.server
        .emit("StateChanged", changed("a", "idle", "scanning"));
    settle().await;
    assert_eq!(rig.services().len(), 1);
    rig.server
        .emit("StateChanged", changed("a", "scanning", "idle"));
    settle().await;
    let services = rig.services();
    assert!(services.len() == 1 && services[0].synced);
    let asked = rig.server.asked();
    let polls: Vec<_> = asked
        .iter()
        .filter(|path| path.starts_with(EVENTS))
        .collect();
    assert_eq!(
        polls,
        [
            "/rest/events?since=1&timeout=5",
            "/rest/events?since=2&timeout=5"
        ]
    );
    assert!(!asked.iter().any(|path| path.contains("/db/")), "{asked:?}");
}

#[tokio::test(start_paused = true)]
async fn what_no_event_tells_is_asked_once_the_server_is_quiet_and_only_then() {
    let server = server();
    let away = json!({"connections": {"D": {"connected": false}}, "total": {}});
    server.set("/rest/system/connections", 200, away);
    let mut rig = Rig::start(server).await;
    rig.server.asked();
    let errors = json!({"errors": [{"when": "2026-11-21T00:00:00Z", "message": "new"}]});
    rig.server.set("/rest/system/error", 200, errors);
    let lacks = json!({"globalBytes": 100, "needBytes": 50, "needItems": 1});
    for path in ["", "&folder=a"] {
        let path = format!("/rest/db/completion?device=D{path}");
        rig.server.set(&path, 200, lacks.clone());
    }
    let summary = json!({"folder": "a", "summary": {"state": "idle", "globalBytes": 100}});
    rig.server.emit("FolderSummary", summary);
    sleep(Duration::from_secs(4)).await;
    let polled = |asked: &[String]| asked.iter().all(|path| path.starts_with(EVENTS));
    assert!(polled(&rig.server.asked()));
    sleep(Duration::from_secs(2)).await;
    let asked = rig.server.asked();
    assert_eq!(
        asked,
        [
            "/rest/db/completion?device=D",
            "/rest/db/completion?device=D&folder=a",
            "/rest/system/error",
            "/rest/events?since=1&timeout=55"
        ]
    );
    let services = rig.services();
    let service = services.last().unwrap();
    assert_eq!(service.devices[0].percent, 50);
    assert_eq!(service.errors[0].message, "new");
    sleep(Duration::from_secs(300)).await;
    assert!(polled(&rig.server.asked()), "once");
}

#[tokio::test(start_paused = true)]
async fn connections_are_sampled_every_five_seconds_only_while_busy() {
    let mut rig = Rig::start(server()).await;
    rig.server.asked();
    let status = |state: &str| json!({"state": state});
    rig.server
        .set("/rest/db/status?folder=a", 200, status("syncing"));
    rig.server
        .emit("StateChanged", changed("a", "idle", "syncing"));
    let mut bytes = 0;
    for _ in 0..30 {
        bytes += 1_000_000;
        transferred(&rig.server, bytes);
        sleep(Duration::from_secs(1)).await;
    }
    let samples: Vec<_> = rig.server.asked_with_time();
    let samples: Vec<_> = samples
        .iter()
        .filter(|asked| asked.2.ends_with("connections"))
        .collect();
    assert!((6..=7).contains(&samples.len()), "{}", samples.len());
    for pair in samples.windows(2) {
        assert_eq!(pair[1].0 - pair[0].0, SAMPLE);
    }
    let services = rig.services();
    assert_eq!(services.last().unwrap().rates.in_bps, 1_000_000);
    rig.server
        .set("/rest/db/status?folder=a", 200, status("idle"));
    rig.server
        .emit("StateChanged", changed("a", "syncing", "idle"));
    sleep(Duration::from_secs(300)).await;
    let asked = rig.server.asked();
    assert!(
        !asked.iter().any(|path| path.ends_with("connections")),
        "{asked:?}"
    );
    assert_eq!(rig.services().last().unwrap().rates.in_bps, 0);
}

#[tokio::test(start_paused = true)]
async fn a_device_that_is_stuck_is_not_sampled_for_ever() {
    let server = server();
    let behind = json!({"globalBytes": 10, "needBytes": 5, "needItems": 1});
    server.set("/rest/db/completion?device=D", 200, behind);
    let rig = Rig::start(server).await;
    rig.server.asked();
    sleep(Duration::from_secs(3600)).await;
    let asked = rig.server.asked();
    let samples = asked.iter().filter(|path| path.ends_with("connections"));
    assert!(samples.count() <= 20);
}

#[tokio::test(start_paused = true)]
async fn dropped_events_call_for_a_new_snapshot_at_a_pace() {
    let rig = Rig::start(server()).await;
    rig.server.asked();
    rig.server.emit("Failure", json!("one"));
    rig.server.emit_as(9, "Failure", json!("nine"));
    settle().await;
    assert!(
        !rig.server
            .asked()
            .iter()
            .any(|path| path.ends_with("/config"))
    );
    sleep(BREATH).await;
    settle().await;
    let asked = rig.server.asked();
    assert_eq!(asked[0], "/rest/events?since=0&limit=1&timeout=0");
    assert!(asked.iter().any(|path| path.ends_with("/config")));
    assert_eq!(asked.last().unwrap(), "/rest/events?since=9&timeout=55");
    for id in [20, 30, 40, 50] {
        rig.server.emit_as(id, "Failure", json!(null));
        sleep(Duration::from_millis(1500)).await;
    }
    let asked = rig.server.asked();
    let snapshots = asked
        .iter()
        .filter(|path| path.ends_with("/config"))
        .count();
    assert!((1..=3).contains(&snapshots), "{snapshots}");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_counts_anew_calls_for_a_new_snapshot() {
    let server = server();
    server.emit_as(500, "Failure", json!(null));
    let rig = Rig::start(server).await;
    assert_eq!(
        rig.server.asked().last().unwrap(),
        "/rest/events?since=500&timeout=55"
    );
    rig.server
        .force(json!([{"id": 1, "type": "StartupComplete", "data": {}}]));
    sleep(BREATH * 2).await;
    let asked = rig.server.asked();
    assert!(asked.iter().any(|path| path.ends_with("/config")));
    assert_eq!(asked.last().unwrap(), "/rest/events?since=0&timeout=55");
}

#[tokio::test(start_paused = true)]
async fn new_pins_in_the_middle_of_a_poll_are_proved_before_it_is_repeated() {
    let server = server();
    server.serve(certificate(1));
    let mut rig = Rig::start(server).await;
    rig.server.asked();
    rig.told();
    rig.server.serve(certificate(2));
    rig.swap.send_replace(Arc::new(Fake::of(2, &rig.server)));
    settle().await;
    let asked = rig.server.asked_with_time();
    let asked: Vec<_> = asked
        .iter()
        .map(|(_, generation, path)| (*generation, path.as_str()))
        .collect();
    assert_eq!(
        asked,
        [
            (2, "/rest/system/ping"),
            (2, "/rest/events?since=0&timeout=55")
        ]
    );
    let told = rig.told();
    let [
        Told::Answered {
            generation: 2,
            served,
            ..
        },
        ..,
    ] = &told[..]
    else {
        panic!("{told:?}");
    };
    assert_eq!(*served, Some(certificate(2)));
    assert!(
        !rig.server
            .asked()
            .iter()
            .any(|path| path.ends_with("/config"))
    );
}

#[tokio::test(start_paused = true)]
async fn another_certificate_under_the_same_pins_is_told() {
    let server = server();
    server.serve(certificate(1));
    let mut rig = Rig::start(server).await;
    rig.told();
    rig.server.serve(certificate(2));
    rig.server.emit("Failure", json!(null));
    settle().await;
    let answered = rig
        .told()
        .into_iter()
        .filter(|told| matches!(told, Told::Answered { .. }));
    assert_eq!(answered.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_failure_with_old_pins_is_no_failure_once_new_ones_are_there() {
    let mut rig = Rig::start(server()).await;
    rig.told();
    let (swap, server) = (rig.swap.clone(), Arc::clone(&rig.server));
    let mut old = Fake::of(2, &rig.server);
    let newest = move || {
        swap.send_replace(Arc::new(Fake::of(3, &server)));
    };
    old.fails = Some((Fault::new(Class::PinMismatch), Box::new(newest)));
    rig.swap.send_replace(Arc::new(old));
    settle().await;
    rig.server.emit("Failure", json!(null));
    settle().await;
    let told = rig.told();
    assert!(
        matches!(told[..], [Told::Answered { generation: 3, .. }]),
        "{told:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_failure_ends_the_session_with_its_generation() {
    let mut rig = Rig::start(server()).await;
    rig.told();
    rig.server.fail(Fault::new(Class::Truncated));
    rig.task.await.unwrap();
    let Ok(Told::Failed {
        generation: 1,
        fault,
        attempt: 5,
        ..
    }) = rig.told.try_recv()
    else {
        panic!("no failure was told");
    };
    assert_eq!(fault.class, Class::Truncated);
    assert!(rig.told.try_recv().is_err());
}

#[tokio::test(start_paused = true)]
async fn refused_credentials_end_the_session_and_what_is_missing_does_not() {
    let server = server();
    server.set("/rest/config/restart-required", 404, json!(null));
    server.set("/rest/db/status?folder=a", 404, json!("no such folder"));
    server.set("/rest/system/error", 401, json!(null));
    let mut rig = Rig::start(server).await;
    let told = rig.told();
    let Some(Told::Failed { fault, .. }) = told.last() else {
        panic!("{told:?}");
    };
    assert_eq!(fault.class, Class::Unauthorized);
    rig.server.set("/rest/system/error", 404, json!(null));
    let mut rig = Rig::start(rig.server).await;
    let services = rig.services();
    assert_eq!(services.len(), 1);
    assert_eq!(services[0].folders[0].state, FolderState::Unknown);
    assert!(!services[0].synced);
}

#[tokio::test(start_paused = true)]
async fn an_old_server_that_refuses_the_sum_is_asked_by_folder() {
    let server = server();
    server.set(
        "/rest/db/completion?device=D",
        404,
        json!("folder is paused"),
    );
    let half = json!({"globalBytes": 100, "needBytes": 50, "needItems": 1});
    server.set("/rest/db/completion?device=D&folder=a", 200, half);
    let all = json!({"globalBytes": 100, "needBytes": 0});
    server.set("/rest/db/completion?device=D&folder=b", 200, all);
    let mut rig = Rig::start(server).await;
    assert_eq!(rig.services().last().unwrap().devices[0].percent, 75);
}

#[tokio::test(start_paused = true)]
async fn a_thousand_folders_on_a_slow_line_are_told_in_parts_and_never_synced_too_soon() {
    let ids: Vec<_> = (0..1000).map(|id| format!("f{id}")).collect();
    let ids: Vec<_> = ids.iter().map(String::as_str).collect();
    let server = server_of(&ids);
    server.slow_down(Duration::from_millis(20));
    let mut rig = Rig::start(server).await;
    sleep(Duration::from_secs(20)).await;
    let services = rig.services();
    let (last, parts) = services.split_last().unwrap();
    assert!(last.synced && last.safe == Some(true) && parts.len() >= 3);
    assert!(parts.iter().all(|part| part.safe.is_none()));
    let known = |part: &Arc<Service>| {
        let mut folders = part.folders.iter();
        folders.all(|folder| folder.state != FolderState::Unknown)
    };
    assert!(parts.iter().filter(|part| part.synced).all(known));
    assert!(rig.server.most_under_way() <= ask::PARALLEL);
}

#[tokio::test(start_paused = true)]
async fn a_few_questions_are_worth_no_second_connection() {
    let server = server();
    server.slow_down(Duration::from_millis(20));
    let mut rig = Rig::start(server).await;
    sleep(Duration::from_secs(2)).await;
    assert!(rig.services().last().unwrap().synced);
    assert_eq!(rig.server.most_under_way(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_announced_restart_is_told() {
    let mut rig = Rig::start(server()).await;
    rig.told();
    // 1.x says nothing of when and into what; 2.x does.
    for (data, after, version) in [
        (json!(null), 0, None),
        (
            json!({"delayS": 60, "newVersion": "v2.2.0"}),
            60,
            Some("v2.2.0"),
        ),
    ] {
        rig.server.emit("UpgradeRestartScheduled", data);
        settle().await;
        let expected = Absence {
            why: Why::Upgrade,
            after: Duration::from_secs(after),
            version: version.map(str::to_owned),
        };
        match &rig.told()[..] {
            [Told::Announced { absence, .. }] => assert_eq!(*absence, expected),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn dropping_it_ends_it_without_a_word() {
    let mut rig = Rig::start(server()).await;
    rig.told();
    rig.task.abort();
    assert!(rig.task.await.unwrap_err().is_cancelled());
    advance(Duration::from_secs(120)).await;
    assert!(rig.told.try_recv().is_err());
}
