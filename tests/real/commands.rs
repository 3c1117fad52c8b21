//! Every command that has a Syncthing do something, run as a user runs it and read back over the REST API.

use std::fs;
use std::path::PathBuf;
use std::process::Output;

use crate::support::syncthing::{Binary, Options, RealSyncthing, each_version};
use crate::support::watched::Watched;
use serde_json::{Value, json};

/// A real Syncthing, and the daemon that watches it.
pub(crate) struct Side {
    pub(crate) syncthing: RealSyncthing,
    pub(crate) watched: Watched,
}

impl Side {
    pub(crate) async fn start(folders: usize, devices: usize) -> Option<Self> {
        Some(Self::of(&Binary::newest()?, folders, devices).await)
    }

    pub(crate) async fn of(binary: &Binary, folders: usize, devices: usize) -> Self {
        let options = Options {
            folders,
            devices,
            ..Options::default()
        };
        let syncthing = RealSyncthing::start(binary, options).await;
        let mut watched = Watched::home(syncthing.home()).await;
        watched.connected().await;
        Self { syncthing, watched }
    }

    /// Makes the only folder receive-only and changes something in it; the file that was added.
    pub(crate) async fn changed_here(&mut self) -> PathBuf {
        let folder = json!({ "type": "receiveonly", "fsWatcherEnabled": false });
        let path = "/rest/config/folders/folder-0";
        self.syncthing.api_patch(path, folder).await;
        self.syncthing.wait_for_folder("folder-0", "idle").await;
        let mine = self.syncthing.folder_path("folder-0").join("mine");
        fs::write(&mine, "local").unwrap();
        self.run("rescan folder-0").await;
        let changed = |now: &Value| now["service"]["folders"][0]["receive_only_items"] == 1;
        self.watched.wait_for("a local change", changed).await;
        mine
    }

    /// Runs a command that must succeed; what it said.
    pub(crate) async fn run(&self, line: &str) -> String {
        let output = self.ends_with(line, 0).await;
        text(&output.stdout)
    }

    /// Runs a command that must fail with `code`; what it said.
    pub(crate) async fn fails(&self, line: &str, code: i32) -> String {
        let output = self.ends_with(line, code).await;
        text(&output.stderr)
    }

    /// Runs it with `--dry-run`: it says what would be done, and nothing is.
    async fn only_says(&self, line: &str, words: &str) {
        let before = self.syncthing.kept().await;
        let said = self.run(&format!("{line} --dry-run")).await;
        assert_eq!(
            said.lines().next(),
            Some(format!("Nothing was done. laptop would {words}.").as_str()),
            "{line}"
        );
        assert_eq!(self.syncthing.kept().await, before, "{line}");
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
    let photo = "folder 'Photo albums'";
    for (line, words) in [
        ("rescan photo", format!("look for changes in {photo}")),
        ("rescan", "look for changes in all folders".to_owned()),
        ("pause photo", format!("pause {photo}")),
        ("pause", "pause everything".to_owned()),
        ("resume photo", format!("resume {photo}")),
        (
            "resume",
            "let everything go on that 'pause' paused".to_owned(),
        ),
    ] {
        side.only_says(line, &words).await;
    }
    let status = side.syncthing.folder_status("folder-1").await;
    assert_eq!(status["localFiles"], 0);
    assert!(side.run("rescan photo").await.contains("'Photo albums'"));
    let status = side.syncthing.folder_status("folder-1").await;
    assert_eq!(status["localFiles"], 1);
    side.run("rescan").await;

    side.run("pause photo").await;
    assert!(side.is_paused("folder-1").await);
    for nothing in [
        "pause photo",
        "pause photo --for 30m",
        "resume folder-0",
        "resume",
    ] {
        let said = side.run(nothing).await;
        assert!(said.starts_with("Nothing to do: "), "{nothing}: {said}");
    }
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

    for (wrong, words) in [
        ("pause nothing-like-it", "There are: "),
        ("pause device", "may be one of several"),
        ("pause ", "No folder or device was named."),
        ("pause folder-0 --for 0m", "longer than nothing"),
        ("pause folder-0 --for 99999h", "a year is the most"),
        ("pause folder-0 --for 30", "with its unit"),
        ("rescan \u{1b}[2Jx", "\\u{1b}[2Jx"),
    ] {
        let said = side.fails(wrong, 2).await;
        assert!(said.contains(words), "{wrong}: {said}");
    }
    assert!(!side.is_paused("folder-0").await);
}

#[tokio::test]
async fn what_would_be_lost_needs_a_yes() {
    each_version(async |binary| {
        let mut side = Side::of(&binary, 1, 0).await;
        let path = "/rest/config/folders/folder-0";
        let folder = "folder 'Folder 0'";
        for wrong in ["revert folder-0 --dry-run", "revert folder-0 --yes"] {
            let wrong = side.fails(wrong, 1).await;
            assert!(wrong.contains("is not receive-only"), "{wrong}");
        }
        let mine = side.changed_here().await;
        let refused = side.fails("revert folder-0", 2).await;
        assert!(refused.contains("--yes"), "{refused}");
        let undo = format!("undo local changes in {folder}");
        side.only_says("revert folder-0", &undo).await;
        let all = side.run("revert folder-0 --dry-run").await;
        assert!(all.ends_with("\n      5 B  mine\n"), "{all}");
        assert!(mine.exists());
        side.run("revert folder-0 --yes").await;
        assert!(!mine.exists());
        let status = side.syncthing.folder_status("folder-0").await;
        assert_eq!(status["receiveOnlyTotalItems"], 0);

        let wrong = side.fails("override folder-0 --yes", 1).await;
        assert!(wrong.contains("not send-only"), "{wrong}");
        let sendonly = json!({ "type": "sendonly" });
        side.syncthing.api_patch(path, sendonly).await;
        side.syncthing.wait_for_folder("folder-0", "idle").await;
        side.watched
            .wait_for("send-only", |now| {
                now["service"]["folders"][0]["type"] == "sendonly"
            })
            .await;
        let as_here = format!("make the others take {folder} as it is here");
        side.only_says("override folder-0", &as_here).await;
        side.run("override folder-0 --yes").await;

        side.syncthing
            .api_post("/rest/system/error", Some(json!("disk on fire")))
            .await;
        side.only_says("clear-errors", "empty its list of errors")
            .await;
        side.run("clear-errors").await;
        let nothing = side.run("clear-errors").await;
        assert!(nothing.starts_with("Nothing to do: "), "{nothing}");
        let errors = side.syncthing.api_get("/rest/system/error").await;
        assert_eq!(errors["errors"], Value::Null);

        side.only_says("restart", "restart").await;
        let started = side.syncthing.kept().await["startTime"].clone();
        side.run("restart").await;
        assert_ne!(side.syncthing.kept().await["startTime"], started);
        assert!(side.fails("shutdown", 2).await.contains("--yes"));
        side.only_says("shutdown", "shut down").await;
        side.run("shutdown --yes").await;
        side.syncthing.ended().await;
        let gone = side.fails("rescan", 4).await;
        assert!(gone.contains("not connected"), "{gone}");
    })
    .await;
}

#[tokio::test]
async fn requests_are_accepted_and_ignored_by_name() {
    each_version(async |binary| {
        let mut one = Side::of(&binary, 0, 0).await;
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
        let device = two.device().to_owned();
        let name = &one.watched.seen.last().unwrap()["instances"][0]["service"];
        let name = name["pending_devices"][0]["name"].as_str().unwrap();
        let named = format!("device '{name}'");
        one.only_says("ignore", &format!("ignore {named}")).await;
        one.run("ignore").await;
        let mut config = one.syncthing.api_get("/rest/config").await;
        assert_eq!(config["remoteIgnoredDevices"][0]["deviceID"], *device);
        assert!(one.fails("accept", 1).await.contains("waits"));
        one.watched
            .wait_for("it asks no more", pending("pending_devices", 0))
            .await;
        config["remoteIgnoredDevices"] = json!([]);
        one.syncthing.api_put("/rest/config", config).await;
        two.reconnect(&one.syncthing).await;
        one.watched
            .wait_for("it asks again", pending("pending_devices", 1))
            .await;
        one.only_says("accept", &format!("accept {named}")).await;
        one.run("accept").await;
        one.config("devices", "deviceID", &device).await;
        two.reconnect(&one.syncthing).await;
        one.syncthing.wait_for_device(&device, true).await;

        let here = one.syncthing.device().to_owned();
        for (id, label) in [("music", "MUSIC"), ("films", "\u{1b}[2JFI\u{202e}LMS\n")] {
            let shared = json!({
                "id": id, "label": label, "path": two.home().join(id),
                "devices": [{ "deviceID": device }, { "deviceID": here }],
            });
            two.api_post("/rest/config/folders", Some(shared)).await;
        }
        one.watched
            .wait_for("two offers", pending("pending_folders", 2))
            .await;
        let several = one.fails("accept", 2).await;
        assert!(several.contains("Several wait"), "{several}");
        let said = one.run("ignore films").await;
        for said in [several, said] {
            let tame = |char: char| char == '\n' || !(char.is_control() || char == '\u{202e}');
            assert!(said.chars().all(tame), "{said:?}");
            assert!(said.lines().count() <= 2, "{said:?}");
        }
        let entry = one.config("devices", "deviceID", &device).await;
        assert_eq!(entry["ignoredFolders"][0]["id"], "films");
        let place = one.syncthing.home().join("elsewhere").display().to_string();
        let accept = format!("accept mus --path {place}");
        let words = format!("accept folder 'MUSIC' of {named} at {place}");
        one.only_says(&accept, &words).await;
        one.run(&accept).await;
        let folder = one.config("folders", "id", "music").await;
        assert_eq!(folder["path"], json!(place));
    })
    .await;
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
