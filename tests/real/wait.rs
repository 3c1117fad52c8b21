//! What `wait` promises and `list` names is what the other Syncthing has on its disk.

use std::fs;
use std::path::PathBuf;

use super::commands::Side;
use crate::support::syncthing::{Binary, Options, RealSyncthing, each_version, noise};
use serde_json::{Value, json};

/// Bytes of a file that takes seconds on its way.
const SLOW: usize = 3_000_000;

/// One that is watched, and another that shares a folder with it over a slow line.
struct Pair {
    one: Side,
    two: RealSyncthing,
}

impl Pair {
    async fn of(binary: &Binary) -> Self {
        let mut one = Side::of(binary, 0, 0).await;
        let two = RealSyncthing::start(binary, Options::default()).await;
        one.syncthing.connect(&two).await;
        one.syncthing.share_folder("shared", &two).await;
        let quiet = json!({ "fsWatcherEnabled": false, "label": "Photo albums" });
        let path = "/rest/config/folders/shared";
        one.syncthing.api_patch(path, quiet).await;
        let limit = json!({ "maxSendKbps": 2000, "limitBandwidthInLan": true });
        one.syncthing.api_patch("/rest/config/options", limit).await;
        let named = |now: &Value| {
            let folder = &now["service"]["folders"][0];
            folder["label"] == "Photo albums" && folder["state"] == "up-to-date"
        };
        one.watched.wait_for("a quiet folder", named).await;
        Self { one, two }
    }

    /// A new file here, and where it will be there.
    fn write(&self, name: &str, length: usize) -> PathBuf {
        let here = self.one.syncthing.folder_path("shared").join(name);
        fs::write(here, noise(length)).unwrap();
        self.two.folder_path("shared").join(name)
    }
}

#[tokio::test]
async fn a_wait_ends_when_the_other_one_has_it() {
    each_version(async |binary| {
        let pair = Pair::of(&binary).await;
        let there = |copy: &PathBuf| fs::metadata(copy).is_ok_and(|it| it.len() == SLOW as u64);
        // The first one of all: 1.x counts nothing as missing on one that never told of a file.
        let copy = pair.write("first", SLOW);
        pair.one.run("rescan").await;
        pair.one.run("wait --for synced --timeout 100s").await;
        assert!(there(&copy));
        for line in [
            "wait --for synced --rescan",
            "wait --for synced --folder photo --rescan",
            "wait --for synced --rescan --device",
            "wait --for safe --rescan",
            "wait --for safe --folder shared --rescan",
            "wait --for safe --rescan --on",
        ] {
            let line = match line.ends_with("--device") || line.ends_with("--on") {
                true => format!("{line} {}", pair.two.device()),
                false => line.to_owned(),
            };
            let copy = pair.write(&line.replace([' ', '/'], "-"), SLOW);
            pair.one.run(&format!("{line} --timeout 100s")).await;
            assert!(there(&copy), "{line}");
        }
        let nobody = pair.one.fails("wait --folder nobody", 2).await;
        assert!(nobody.contains("There are: Photo albums"), "{nobody}");
    })
    .await;
}

#[tokio::test]
async fn where_there_is_nothing_to_wait_for_it_is_said() {
    let Some(mut side) = Side::start(1, 1).await else {
        return;
    };
    side.run("pause folder-0").await;
    for line in ["wait --for synced --folder folder-0", "wait --for safe"] {
        let said = side.fails(line, 1).await;
        assert!(
            said.contains("'Folder 0' is paused at laptop"),
            "{line}: {said}"
        );
    }
    side.run("resume folder-0").await;
    side.run("pause device-0").await;
    let said = side.fails("wait --device device-0", 1).await;
    assert!(said.contains("'device-0' is paused"), "{said}");
    let alone = json!({ "devices": [] });
    side.syncthing
        .api_patch("/rest/config/folders/folder-0", alone)
        .await;
    let unshared = |now: &Value| now["service"]["folders"][0]["devices"] == json!([]);
    side.watched.wait_for("shared with nobody", unshared).await;
    let said = side.fails("wait --for safe", 1).await;
    assert!(said.contains("shares none"), "{said}");

    side.run("pause --monitoring").await;
    for line in [
        "wait",
        "wait --for synced --instance laptop",
        "wait --folder folder-0",
    ] {
        let said = side.fails(line, 1).await;
        assert!(said.contains("laptop is not watched"), "{line}: {said}");
    }
    let said = side.run("pause --monitoring").await;
    assert!(said.starts_with("Nothing to do: "), "{said}");
}

#[tokio::test]
async fn the_files_behind_each_figure_are_named() {
    each_version(async |binary| {
        let mut pair = Pair::of(&binary).await;
        let name = "a \u{1b}[2J name";
        pair.write(name, 7);
        pair.write("second", 8);
        pair.one.run("rescan").await;
        pair.one.run("wait --for safe --timeout 100s").await;
        for (which, words) in [
            ("needed", "Nothing is needed in photo."),
            ("local", "Nothing was changed here in photo."),
            ("failed", "Nothing failed in photo."),
            ("behind", "Nobody lacks anything of photo."),
            ("conflicts", "No conflict copy was seen in photo."),
        ] {
            let said = pair.one.run(&format!("list {which} photo")).await;
            assert_eq!(said, format!("{words}\n"));
            let said = pair.one.run(&format!("list {which} photo --json")).await;
            assert_eq!(said, "");
        }
        // With another away, what it lacks is known all the same.
        let device = pair.two.device().to_owned();
        pair.two.stop().await;
        pair.one.syncthing.wait_for_device(&device, false).await;
        pair.write("third", 9);
        pair.one.run("rescan").await;
        let rows = "      9 B  third\n";
        let behind = format!("list behind photo --device {device}");
        assert_eq!(pair.one.run(&behind).await, rows);
        let all = pair.one.run("list behind photo").await;
        assert!(all.ends_with(&format!(" lacks:\n{rows}")), "{all}");
        let json = pair.one.run(&format!("{behind} --json")).await;
        let row: Value = serde_json::from_str(&json).unwrap();
        assert_eq!(
            (&row["path"], &row["bytes"], &row["device"]),
            (&json!("third"), &json!(9), &json!(device))
        );

        // The same without an engine.
        pair.one.watched.stop().await;
        assert_eq!(pair.one.run(&behind).await, rows);
        let wrong = pair.one.fails("list behind nobody", 2).await;
        assert!(wrong.contains("There is no folder 'nobody'"), "{wrong}");
    })
    .await;
}

#[tokio::test]
async fn an_encrypted_folder_that_was_reverted_shows_it() {
    each_version(async |binary| {
        let mut side = Side::of(&binary, 0, 1).await;
        let place = side.syncthing.home().join("data").join("vault");
        fs::create_dir_all(&place).unwrap();
        let vault = json!({
            "id": "vault", "path": place, "type": "receiveencrypted", "fsWatcherEnabled": false,
            "devices": [{ "deviceID": side.syncthing.device() }],
        });
        side.syncthing
            .api_post("/rest/config/folders", Some(vault))
            .await;
        side.syncthing.wait_for_folder("vault", "idle").await;
        let plain = place.join("plain");
        fs::write(&plain, "not encrypted").unwrap();
        let known = |now: &Value| now["service"]["folders"][0]["id"] == "vault";
        side.watched.wait_for("the folder", known).await;
        side.run("rescan vault").await;
        // What is shown after a command is from after it.
        let status = side.watched.run(&["status", "--json"]).await;
        let status: Value = serde_json::from_slice(&status.stdout).unwrap();
        let folder = &status["instances"][0]["service"]["folders"][0];
        assert_eq!(folder["receive_only_items"], 1, "{folder:#}");
        let local = side.run("list local vault").await;
        assert_eq!(local, "     13 B  plain\n");
        side.run("revert vault --yes").await;
        assert!(!plain.exists());
        let status = side.syncthing.folder_status("vault").await;
        assert_eq!(status["receiveOnlyTotalItems"], 0);
    })
    .await;
}

#[tokio::test]
async fn what_was_left_out_of_a_scan_is_named() {
    let Some(side) = Side::start(2, 0).await else {
        return;
    };
    side.syncthing.break_folder("folder-1").await;
    let new = side.syncthing.folder_path("folder-0").join("new");
    fs::write(new, "x").unwrap();
    let said = side.fails("rescan", 1).await;
    assert!(
        said.contains("'Folder 1' was not scanned; all other folders were."),
        "{said}"
    );
    let status = side.syncthing.folder_status("folder-0").await;
    assert_eq!(status["localFiles"], 1);
}
