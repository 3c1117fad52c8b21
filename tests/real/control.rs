//! Everything that a user can have a real Syncthing do, asked of the engine and read back over the REST API.

use std::fs;

use crate::support::monitor::Monitor;
use crate::support::syncthing::{Binary, Options, RealSyncthing, each_version};
use serde_json::{Value, json};
use syncwatch::core::{Action, InstanceStatus, JournalKind, LinkState, Overall, Part, Service};
use syncwatch::engine::protocol::{Answer, Ask};

/// An ID that no path could hold.
const NASTY: &str = "a/../b c&d=e?f#g%2F\"ü";

/// A Syncthing and the engine that watches it.
struct Side {
    syncthing: RealSyncthing,
    monitor: Monitor,
}

impl Side {
    async fn start(binary: &Binary, options: Options) -> Self {
        let syncthing = RealSyncthing::start(binary, options).await;
        let mut monitor = Monitor::patient(syncthing.home()).await;
        monitor.connected().await;
        Self { syncthing, monitor }
    }

    async fn ask(&self, action: Action) -> Answer {
        let instance = "laptop".to_owned();
        self.monitor
            .engine()
            .ask(Ask::Control { instance, action })
            .await
    }

    /// It must be done.
    async fn done(&self, action: Action) {
        let answer = self.ask(action.clone()).await;
        assert!(
            matches!(answer, Answer::Done | Answer::Nothing),
            "{action:?}"
        );
    }

    /// It must be refused, with these words.
    async fn refused(&self, action: Action, words: &str) {
        let Answer::Refused { message, hint } = self.ask(action.clone()).await else {
            panic!("done: {action:?}");
        };
        assert!(message.contains(words), "{action:?}: {message}");
        assert!(
            !hint.is_empty() && message.ends_with('.'),
            "{message} {hint}"
        );
    }

    async fn until(&mut self, what: &str, check: impl Fn(&Service) -> bool) {
        let check = |now: &InstanceStatus| now.service.as_deref().is_some_and(&check);
        self.monitor.until(what, check).await;
    }

    async fn config(&self, list: &str, key: &str, id: &str) -> Value {
        let entries = self
            .syncthing
            .api_get(&format!("/rest/config/{list}"))
            .await;
        let entries = entries.as_array().unwrap().clone();
        let found = entries.into_iter().find(|entry| entry[key] == id);
        found.unwrap_or(Value::Null)
    }

    async fn folder(&self, id: &str) -> Value {
        self.config("folders", "id", id).await
    }

    async fn device(&self, id: &str) -> Value {
        self.config("devices", "deviceID", id).await
    }
}

fn folder(id: &str) -> Part {
    Part::Folder(id.to_owned())
}

#[tokio::test]
async fn folders_are_scanned_paused_and_put_right() {
    each_version(async |binary| {
        let options = Options {
            folders: 2,
            devices: 2,
            ..Options::default()
        };
        let mut side = Side::start(&binary, options).await;
        let home = side.syncthing.home().to_owned();
        let nasty = json!({ "id": NASTY, "label": "Nasty", "path": home.join("nasty") });
        side.syncthing
            .api_post("/rest/config/folders", Some(nasty))
            .await;
        for folder in side
            .syncthing
            .api_get("/rest/config/folders")
            .await
            .as_array()
            .unwrap()
        {
            let quiet = json!({ "fsWatcherEnabled": false });
            let mut folder = folder.clone();
            folder["fsWatcherEnabled"] = quiet["fsWatcherEnabled"].clone();
            side.syncthing
                .api_put("/rest/config/folders", json!([folder]))
                .await;
        }
        let local = async |side: &Side, id: &str| {
            let query: String = url::form_urlencoded::byte_serialize(id.as_bytes()).collect();
            side.syncthing.folder_status(&query).await["localFiles"].clone()
        };
        side.until("three folders", |now| {
            now.folders
                .iter()
                .filter(|it| it.state.is_settled())
                .count()
                == 3
        })
        .await;

        let (one, all) = (Some(NASTY.to_owned()), None);
        for name in ["a&b", "c"] {
            fs::create_dir(home.join("nasty").join(name)).unwrap();
            fs::write(home.join("nasty").join(name).join("file"), "x").unwrap();
        }
        let rescan = |folder, sub| Action::Rescan { folder, sub };
        side.done(rescan(one.clone(), Some("a&b".into()))).await;
        assert_eq!(local(&side, NASTY).await, 1, "only the part that was named");
        side.done(rescan(one.clone(), None)).await;
        assert_eq!(local(&side, NASTY).await, 2);
        fs::write(side.syncthing.folder_path("folder-0").join("new"), "x").unwrap();
        side.done(rescan(all.clone(), None)).await;
        assert_eq!(local(&side, "folder-0").await, 1);

        let devices: Vec<String> = side.monitor.now().instances[0]
            .service
            .as_ref()
            .unwrap()
            .devices
            .iter()
            .map(|device| device.id.clone())
            .collect();
        assert_eq!(devices.len(), 2);
        let mut parts: Vec<Part> = devices.iter().cloned().map(Part::Device).collect();
        parts.extend([folder("folder-1"), folder(NASTY)]);
        for (action, paused) in [
            (
                Action::Pause {
                    parts: parts.clone(),
                },
                true,
            ),
            (
                Action::Resume {
                    parts: parts.clone(),
                },
                false,
            ),
        ] {
            let before = side.syncthing.api_get("/rest/config").await;
            side.done(action.clone()).await;
            side.done(action).await;
            for id in &devices {
                assert_eq!(side.device(id).await["paused"], paused);
            }
            for (id, paused) in [("folder-1", paused), (NASTY, paused), ("folder-0", false)] {
                assert_eq!(side.folder(id).await["paused"], paused, "{id}");
            }
            let mut expected = before;
            for (list, key) in [("folders", "id"), ("devices", "deviceID")] {
                for entry in expected[list].as_array_mut().unwrap() {
                    let id = entry[key].as_str().unwrap().to_owned();
                    if devices.contains(&id) || ["folder-1", NASTY].contains(&id.as_str()) {
                        entry["paused"] = paused.into();
                    }
                }
            }
            assert_eq!(side.syncthing.api_get("/rest/config").await, expected);
            if paused {
                side.refused(rescan(one.clone(), None), "paused").await;
                side.done(rescan(None, None)).await;
            }
        }
        let mut some = parts[..1].to_vec();
        some.push(folder("nope"));
        side.refused(Action::Pause { parts: some }, "1 of 2 were not paused")
            .await;
        assert_eq!(side.device(&devices[0]).await["paused"], true);
        let unknown = vec![Part::Device("x&y".into())];
        side.refused(Action::Resume { parts: unknown }, "knows no device 'x&y'")
            .await;
        side.refused(
            rescan(Some("../x".into()), None),
            "no folder with the ID '../x'",
        )
        .await;

        let folder = || "folder-0".to_owned();
        side.refused(Action::Override { folder: folder() }, "not send-only")
            .await;
        side.refused(Action::Revert { folder: folder() }, "not receive-only")
            .await;
        let path = "/rest/config/folders/folder-0";
        side.syncthing
            .api_patch(path, json!({ "type": "sendonly" }))
            .await;
        side.syncthing.wait_for_folder("folder-0", "idle").await;
        side.done(Action::Override { folder: folder() }).await;
        side.syncthing
            .api_patch(path, json!({ "type": "receiveonly" }))
            .await;
        side.syncthing.wait_for_folder("folder-0", "idle").await;
        let mine = side.syncthing.folder_path("folder-0").join("mine");
        fs::write(&mine, "local").unwrap();
        side.syncthing.scan("folder-0").await;
        side.done(Action::Revert { folder: folder() }).await;
        side.syncthing
            .wait_until("reverted", async |_| !mine.exists())
            .await;
        assert_eq!(side.monitor.told(), []);
    })
    .await;
}

#[tokio::test]
async fn what_others_ask_for_is_accepted_or_ignored() {
    each_version(async |binary| {
        let mut one = Side::start(&binary, Options::default()).await;
        let mut two = RealSyncthing::start(&binary, Options::default()).await;
        let device = two.device().to_owned();
        let accept = Action::AcceptDevice { device: device.clone() };
        let ignore = Action::IgnoreDevice { device: device.clone() };
        one.refused(accept.clone(), "does not wait").await;
        one.refused(ignore.clone(), "does not wait").await;
        two.add_device(&one.syncthing).await;
        one.until("a device asks", |now| !now.pending_devices.is_empty()).await;

        let before = one.syncthing.api_get("/rest/config").await;
        one.done(ignore.clone()).await;
        one.done(ignore.clone()).await;
        one.until("ignored", |now| now.pending_devices.is_empty()).await;
        let mut config = one.syncthing.api_get("/rest/config").await;
        let ignored = config["remoteIgnoredDevices"].take();
        assert_eq!(ignored.as_array().unwrap().len(), 1);
        assert_eq!(ignored[0]["deviceID"], *device);
        let address = ignored[0]["address"].as_str().unwrap();
        assert!(address.contains("127.0.0.1"), "{address}");
        config["remoteIgnoredDevices"] = json!([]);
        assert_eq!(config, before, "nothing else changed");

        // No longer ignored, it asks again.
        one.syncthing.api_put("/rest/config", before).await;
        two.refresh().await;
        one.until("it asks again", |now| !now.pending_devices.is_empty()).await;
        one.done(accept.clone()).await;
        one.done(accept).await;
        let entry = one.device(&device).await;
        let name = two.api_get("/rest/config/devices").await;
        let name = name.as_array().unwrap().iter().find(|it| it["deviceID"] == *device);
        assert_eq!(entry["name"], name.unwrap()["name"]);
        assert_eq!(entry["addresses"], json!(["dynamic"]));
        one.until("accepted", |now| now.pending_devices.is_empty()).await;
        one.refused(ignore, "one of Syncthing's devices already").await;
        one.syncthing.wait_for_device(&device, true).await;

        let name = |id: &str, path: Option<String>| Action::AcceptFolder {
            folder: id.to_owned(),
            device: device.clone(),
            path,
        };
        let here = one.syncthing.device().to_owned();
        one.refused(name("nope", None), "does not wait").await;
        fs::create_dir(one.syncthing.home().join("Taken")).unwrap();
        for (id, label) in [(NASTY, ""), ("safe", "../../Saf\u{eb}"), ("taken", ".taken"), ("named", "x"), ("no", "No thanks")] {
            let shared = json!({
                "id": id, "label": label, "path": two.home().join("data").join(label.len().to_string()),
                "devices": [{ "deviceID": device }, { "deviceID": here }],
            });
            two.api_post("/rest/config/folders", Some(shared)).await;
        }
        one.until("five offers", |now| now.pending_folders.len() == 5).await;
        let no = Action::IgnoreFolder { folder: "no".into(), device: device.clone() };
        one.done(no.clone()).await;
        one.done(no).await;
        let ignored = one.device(&device).await["ignoredFolders"].clone();
        assert_eq!(ignored[0]["id"], "no");
        assert_eq!(ignored[0]["label"], "No thanks");
        assert_eq!(ignored.as_array().unwrap().len(), 1);

        one.refused(name("taken", None), "is there already").await;
        one.refused(name("taken", Some(" ".into())), "No directory").await;
        let elsewhere = one.syncthing.home().join("else where").display().to_string();
        for (id, path, expected) in [
            (NASTY, None, "~/a_.._b c&d=e_f#g%2F_ü".to_owned()),
            ("safe", None, "~/Safë".to_owned()),
            ("named", Some(elsewhere.clone()), elsewhere),
        ] {
            one.done(name(id, path.clone())).await;
            one.done(name(id, path)).await;
            let folder = one.folder(id).await;
            assert_eq!(folder["path"], expected, "{id}");
            let members = folder["devices"].as_array().unwrap();
            assert_eq!(members.len(), 2, "{members:?}");
            assert_eq!(folder["markerName"], ".stfolder", "as the defaults have it");
        }
        assert!(one.syncthing.home().join("Safë").is_dir());
        one.until("one offer left", |now| now.pending_folders.len() == 1).await;

        // A folder that is here already gets another member.
        let mine = one.syncthing.add_folder("taken").await;
        one.until("it is here", |now| now.folders.iter().any(|it| it.id == "taken")).await;
        one.done(name("taken", None)).await;
        let folder = one.folder("taken").await;
        assert_eq!(folder["path"], json!(mine));
        assert_eq!(folder["devices"].as_array().unwrap().len(), 2);
        one.until("no offer left", |now| now.pending_folders.is_empty()).await;

        // Encrypted data needs a person.
        let secret = json!({
            "id": "secret", "label": "Secret", "path": two.home().join("data/secret"),
            "devices": [{ "deviceID": device }, { "deviceID": here, "encryptionPassword": "word" }],
        });
        two.api_post("/rest/config/folders", Some(secret)).await;
        one.until("an offer", |now| !now.pending_folders.is_empty()).await;
        one.refused(name("secret", None), "offered encrypted").await;
        assert_eq!(one.folder("secret").await, Value::Null);
        assert_eq!(one.monitor.told(), []);
    })
    .await;
}

#[tokio::test]
async fn a_restart_is_quiet_and_a_shutdown_is_the_end() {
    each_version(async |binary| {
        let mut side = Side::start(&binary, Options::default()).await;
        side.syncthing
            .api_post("/rest/system/error", Some(json!("disk on fire")))
            .await;
        // It is noticed with the next event.
        side.syncthing.add_folder("docs").await;
        side.until("an error", |now| !now.errors.is_empty()).await;
        side.done(Action::ClearErrors).await;
        side.until("no error, without an event", |now| now.errors.is_empty())
            .await;
        let errors = side.syncthing.api_get("/rest/system/error").await;
        assert_eq!(errors["errors"], Value::Null);

        let from = side.syncthing.log_lines().len();
        side.done(Action::Restart).await;
        side.syncthing
            .wait_for_log(from, "GUI and API listening")
            .await;
        side.monitor
            .until("connected again", |now| {
                now.link.state == LinkState::Connected && now.link.last_recovery_ms.is_some()
            })
            .await;
        let asked = |action: Action| {
            let asked = JournalKind::Asked { action };
            let journal = side.monitor.journal();
            journal.iter().any(|entry| entry.kind == asked)
        };
        assert!(asked(Action::Restart) && asked(Action::ClearErrors));
        assert_eq!(side.monitor.told(), []);

        side.done(Action::Shutdown).await;
        side.monitor
            .until("gone", |now| now.link.state != LinkState::Connected)
            .await;
        // Nobody misses what the user shut down: not past every patience, not after a restart of syncwatch either.
        let is_calm = |now: &InstanceStatus| {
            let failure = now.link.failure.as_ref();
            let tried = failure.is_some_and(|failure| failure.attempts > 8);
            tried && now.link.is_shut_down() && now.overall() == Overall::Paused
        };
        side.monitor.until("shut down", is_calm).await;
        side.monitor.start_again().await;
        side.monitor.until("still shut down", is_calm).await;
        assert_eq!(side.monitor.told(), []);
        side.refused(Action::ClearErrors, "not connected").await;
        let unknown = Ask::Control {
            instance: "nas".into(),
            action: Action::Restart,
        };
        let answer = side.monitor.engine().ask(unknown).await;
        assert!(matches!(answer, Answer::Refused { message, .. } if message.contains("'nas'")));
    })
    .await;
}
