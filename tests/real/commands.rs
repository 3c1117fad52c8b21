//! Every command that has a Syncthing do something, run as a user runs it and read back over the REST API.

use std::fs;
use std::process::Output;

use crate::support::syncthing::{Binary, Options, RealSyncthing};
use crate::support::watched::Watched;
use serde_json::{Value, json};

/// A real Syncthing, and the daemon that watches it.
pub(crate) struct Side {
    pub(crate) syncthing: RealSyncthing,
    pub(crate) watched: Watched,
}

impl Side {
    pub(crate) async fn start(folders: usize, devices: usize) -> Option<Self> {
        let binary = Binary::newest()?;
        let options = Options {
            folders,
            devices,
            ..Options::default()
        };
        let syncthing = RealSyncthing::start(&binary, options).await;
        let mut watched = Watched::home(syncthing.home()).await;
        watched.connected().await;
        Some(Self { syncthing, watched })
    }

    /// Runs a command that must succeed; what it said.
    pub(crate) async fn run(&self, line: &str) -> String {
        let output = self.ends_with(line, 0).await;
        text(&output.stdout)
    }

    /// Runs a command that must fail with `code`; what it said.
    async fn fails(&self, line: &str, code: i32) -> String {
        let output = self.ends_with(line, code).await;
        text(&output.stderr)
    }

    async fn ends_with(&self, line: &str, code: i32) -> Output {
        let words: Vec<&str> = line.split(' ').collect();
        let output = self.watched.run(&words).await;
        assert_eq!(output.status.code(), Some(code), "{line}: {output:?}");
        output
    }

    async fn config(&self, list: &str, key: &str, id: &str) -> Value {
        let entries = self
            .syncthing
            .api_get(&format!("/rest/config/{list}"))
            .await;
        let found = entries.as_array().unwrap().iter();
        found
            .clone()
            .find(|entry| entry[key] == id)
            .unwrap()
            .clone()
    }

    pub(crate) async fn is_paused(&self, folder: &str) -> bool {
        self.config("folders", "id", folder).await["paused"] == true
    }

    async fn paused_devices(&self) -> usize {
        let devices = self.syncthing.api_get("/rest/config/devices").await;
        let devices = devices.as_array().unwrap().iter();
        devices.filter(|device| device["paused"] == true).count()
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[tokio::test]
async fn folders_and_devices_are_scanned_paused_and_resumed() {
    let Some(mut side) = Side::start(2, 2).await else {
        return;
    };
    let path = "/rest/config/folders/folder-1";
    let quiet = json!({ "label": "Photo albums", "fsWatcherEnabled": false });
    side.syncthing.api_patch(path, quiet).await;
    side.watched
        .wait_for("a new label", |instance| {
            instance["service"]["folders"][1]["label"] == "Photo albums"
        })
        .await;
    let file = side.syncthing.folder_path("folder-1").join("new");
    fs::write(file, "x").unwrap();
    assert!(
        side.run("rescan -n photo")
            .await
            .contains("Nothing was done")
    );
    let status = side.syncthing.folder_status("folder-1").await;
    assert_eq!(status["localFiles"], 0);
    assert!(side.run("rescan photo").await.contains("'Photo albums'"));
    let status = side.syncthing.folder_status("folder-1").await;
    assert_eq!(status["localFiles"], 1);
    side.run("rescan").await;

    side.run("pause photo").await;
    assert!(side.is_paused("folder-1").await);
    assert!(!side.is_paused("folder-0").await);
    assert!(side.fails("rescan photo", 1).await.contains("paused"));
    let done = side.run("resume --json folder:folder-1").await;
    let done: Value = serde_json::from_str(&done).unwrap();
    assert_eq!(done["done"], true);
    assert!(!side.is_paused("folder-1").await);

    // Everything, and back: what was paused before stays so.
    side.run("pause folder-0").await;
    side.run("pause").await;
    assert_eq!(side.paused_devices().await, 2);
    side.run("resume").await;
    assert_eq!(side.paused_devices().await, 0);
    assert!(side.is_paused("folder-0").await);
    side.run("resume folder-0").await;

    // For a time, which the engine keeps.
    let said = side.run("pause photo --for 30m").await;
    assert!(said.contains(" until "), "{said}");
    assert!(side.is_paused("folder-1").await);
    let status = side.run("status --json").await;
    let status: Value = serde_json::from_str(&status).unwrap();
    let hold = &status["instances"][0]["holds"][0];
    assert_eq!(hold["parts"], json!([{ "folder": "folder-1" }]));
    assert!(hold["until"].is_string());
    side.run("pause photo --for 1s").await;
    let goes_on = async |syncthing: &RealSyncthing| {
        let folders = syncthing.api_get("/rest/config/folders").await;
        let mut folders = folders.as_array().unwrap().iter();
        folders.all(|folder| folder["paused"] == false)
    };
    side.syncthing.wait_until("it goes on", goes_on).await;

    let unknown = side.fails("pause nothing-like-it", 2).await;
    assert!(unknown.contains("There are: "), "{unknown}");
    let unclear = side.fails("pause folder", 2).await;
    assert!(!unclear.is_empty());
    assert!(!side.is_paused("folder-0").await);
}

#[tokio::test]
async fn what_would_be_lost_needs_a_yes() {
    let Some(side) = Side::start(1, 0).await else {
        return;
    };
    let path = "/rest/config/folders/folder-0";
    let quiet = json!({ "type": "receiveonly", "fsWatcherEnabled": false });
    side.syncthing.api_patch(path, quiet).await;
    side.syncthing.wait_for_folder("folder-0", "idle").await;
    let mine = side.syncthing.folder_path("folder-0").join("mine");
    fs::write(&mine, "local").unwrap();
    side.run("rescan folder-0").await;
    let refused = side.fails("revert folder-0", 2).await;
    assert!(refused.contains("--yes"), "{refused}");
    assert!(mine.exists());
    side.run("revert folder-0 --dry-run").await;
    assert!(mine.exists());
    side.run("revert folder-0 --yes").await;
    assert!(!mine.exists());
    let wrong = side.fails("override folder-0 --yes", 1).await;
    assert!(wrong.contains("not send-only"), "{wrong}");
    let sendonly = json!({ "type": "sendonly" });
    side.syncthing.api_patch(path, sendonly).await;
    side.syncthing.wait_for_folder("folder-0", "idle").await;
    side.run("override folder-0 --yes").await;

    side.syncthing
        .api_post("/rest/system/error", Some(json!("disk on fire")))
        .await;
    side.run("clear-errors").await;
    let errors = side.syncthing.api_get("/rest/system/error").await;
    assert_eq!(errors["errors"], Value::Null);

    let from = side.syncthing.log_lines().len();
    side.run("restart").await;
    side.syncthing
        .wait_for_log(from, "GUI and API listening")
        .await;
    assert!(side.fails("shutdown", 2).await.contains("--yes"));
    side.run("clear-errors").await;
    side.run("shutdown --yes").await;
    let gone = side.fails("rescan", 4).await;
    assert!(gone.contains("not connected"), "{gone}");
}

#[tokio::test]
async fn requests_are_accepted_and_ignored_by_name() {
    let Some(mut one) = Side::start(0, 0).await else {
        return;
    };
    let Some(binary) = Binary::newest() else {
        return;
    };
    let two = RealSyncthing::start(&binary, Options::default()).await;
    assert!(one.fails("accept", 1).await.contains("waits"));
    two.add_device(&one.syncthing).await;
    let pending = |list: &'static str, count: usize| {
        move |instance: &Value| {
            let waiting = instance["service"][list].as_array();
            waiting.map(Vec::len) == Some(count)
        }
    };
    one.watched
        .wait_for("it asks", pending("pending_devices", 1))
        .await;
    one.run("accept").await;
    let device = two.device().to_owned();
    one.config("devices", "deviceID", &device).await;
    one.syncthing.wait_for_device(&device, true).await;
    let here = one.syncthing.device().to_owned();
    for id in ["music", "films"] {
        let shared = json!({
            "id": id, "label": id.to_uppercase(), "path": two.home().join(id),
            "devices": [{ "deviceID": device }, { "deviceID": here }],
        });
        two.api_post("/rest/config/folders", Some(shared)).await;
    }
    one.watched
        .wait_for("two offers", pending("pending_folders", 2))
        .await;
    assert!(one.fails("accept", 2).await.contains("Several wait"));
    one.run("ignore films").await;
    let entry = one.config("devices", "deviceID", &device).await;
    assert_eq!(entry["ignoredFolders"][0]["id"], "films");
    let place = one.syncthing.home().join("elsewhere");
    one.run(&format!("accept mus --path {}", place.display()))
        .await;
    let folder = one.config("folders", "id", "music").await;
    assert_eq!(folder["path"], json!(place));
}

#[tokio::test]
async fn without_an_engine_a_time_cannot_be_kept() {
    let Some(mut side) = Side::start(1, 1).await else {
        return;
    };
    side.watched.stop().await;
    let refused = side.fails("pause --for 30m", 4).await;
    assert!(refused.contains("No engine"), "{refused}");
    assert_eq!(side.paused_devices().await, 0);
    side.run("pause folder-0").await;
    assert!(side.is_paused("folder-0").await);
    side.run("resume folder-0").await;
    assert!(!side.is_paused("folder-0").await);
    // What is paused until it is resumed is remembered from one run to the next.
    side.run("pause").await;
    assert_eq!(side.paused_devices().await, 1);
    side.run("resume").await;
    assert_eq!(side.paused_devices().await, 0);
}

#[tokio::test]
async fn watching_is_switched_off_and_on_and_everything_paused_at_once() {
    let Some(mut side) = Side::start(1, 1).await else {
        return;
    };
    let state = |state: &'static str| move |now: &Value| now["link"]["state"] == state;
    let dry = side.run("pause --monitoring --dry-run").await;
    assert!(dry.contains("laptop would not be watched"), "{dry}");
    let done = side.run("pause --monitoring").await;
    assert!(done.contains("resume --monitoring"), "{done}");
    side.watched.wait_for("switched off", state("paused")).await;
    assert!(!side.is_paused("folder-0").await, "Syncthing goes on");
    let refused = side.fails("rescan", 4).await;
    assert!(refused.contains("resume --monitoring"), "{refused}");
    side.run("resume --monitoring --all").await;
    side.watched
        .wait_for_news("on again", state("connected"))
        .await;

    side.run("pause --all").await;
    assert_eq!(side.paused_devices().await, 1);
    side.run("resume --all").await;
    assert_eq!(side.paused_devices().await, 0);
    for wrong in [
        "pause --all folder-0",
        "pause --monitoring --for 5m",
        "resume --monitoring folder-0",
        "pause --all --instance laptop",
    ] {
        side.fails(wrong, 2).await;
    }
    assert!(!side.is_paused("folder-0").await);
}

#[tokio::test]
async fn a_shell_completes_what_there_is() {
    let Some(side) = Side::start(2, 0).await else {
        return;
    };
    let complete = side.watched.complete(&["syncwatch", "rescan", ""]).await;
    assert!(complete.contains("Folder 0"), "{complete}");
    assert!(complete.contains("Folder 1"), "{complete}");
    let complete = side.watched.complete(&["syncwatch", "resc"]).await;
    assert!(complete.contains("rescan"), "{complete}");
}
