//! What the daemon publishes about a real Syncthing is what its official page would show, all along.

use std::fs;
use std::os::unix::fs::symlink;

use crate::support::page::agree;
use crate::support::syncthing::{Options, RealSyncthing, each_version};
use crate::support::watched::Watched;
use reqwest::Method;
use serde_json::{Value, json};

fn folder<'a>(instance: &'a Value, id: &str) -> &'a Value {
    entry(instance, "folders", id)
}

fn device<'a>(instance: &'a Value, id: &str) -> &'a Value {
    entry(instance, "devices", id)
}

fn entry<'a>(instance: &'a Value, list: &str, id: &str) -> &'a Value {
    let list = instance["service"][list].as_array().unwrap();
    let found = list.iter().find(|entry| entry["id"] == id);
    found.unwrap_or(&Value::Null)
}

/// The server's list in our words.
async fn errors_of(syncthing: &RealSyncthing) -> Value {
    let errors = syncthing.api_get("/rest/system/error").await;
    let errors = errors["errors"].as_array().cloned().unwrap_or_default();
    let ours = errors.iter().map(|error| {
        let when = error["when"].as_str().unwrap();
        // Ours are to the millisecond.
        let when: syncwatch::core::Timestamp = when.parse().unwrap();
        json!({ "time": when, "message": error["message"] })
    });
    Value::Array(ours.collect())
}

#[tokio::test]
async fn the_life_of_a_folder() {
    each_version(async |binary| {
        let options = Options {
            folders: 2,
            devices: 2,
            ..Options::default()
        };
        let syncthing = RealSyncthing::start(&binary, options).await;
        let mut watched = Watched::home(syncthing.home()).await;
        let first = agree(&mut watched, &syncthing, "at the start").await;
        assert_eq!(folder(&first, "folder-0")["state"], "up-to-date");
        assert!(
            first["service"]["version"]
                .as_str()
                .unwrap()
                .contains(&binary.version)
        );
        for device in first["service"]["devices"].as_array().unwrap() {
            assert_eq!(device["state"], "disconnected", "never seen: {device}");
        }

        let path = syncthing.add_folder("docs").await;
        let now = agree(&mut watched, &syncthing, "a folder added").await;
        assert_eq!(folder(&now, "docs")["state"], "unshared");

        for number in 0..30 {
            fs::write(path.join(format!("{number}.txt")), "twelve bytes").unwrap();
        }
        symlink("0.txt", path.join("link")).unwrap();
        fs::create_dir(path.join("sub")).unwrap();
        syncthing.scan("docs").await;
        let now = agree(&mut watched, &syncthing, "30 files, a link, a directory").await;
        // Directories and links count 128 bytes each.
        assert_eq!(folder(&now, "docs")["local_bytes"], 30 * 12 + 2 * 128);
        assert!(folder(&now, "docs")["last_scan"].is_string());

        fs::write(path.join("0.txt"), "longer than it was").unwrap();
        fs::remove_file(path.join("1.txt")).unwrap();
        syncthing.scan("docs").await;
        agree(&mut watched, &syncthing, "one changed, one deleted").await;

        let shared = syncthing.folder_path("folder-0");
        fs::write(shared.join("new"), "for devices that are away").unwrap();
        syncthing.scan("folder-0").await;
        agree(&mut watched, &syncthing, "a file that devices lack").await;

        for id in ["docs", "folder-0"] {
            syncthing.pause_folder(id, true).await;
            let now = agree(&mut watched, &syncthing, "paused").await;
            assert_eq!(folder(&now, id)["state"], "paused");
            syncthing.pause_folder(id, false).await;
            syncthing.wait_for_folder(id, "idle").await;
            agree(&mut watched, &syncthing, "resumed").await;
        }

        syncthing.break_folder("docs").await;
        let now = agree(&mut watched, &syncthing, "broken").await;
        assert_eq!(folder(&now, "docs")["state"], "stopped");
        let error = folder(&now, "docs")["error"].as_str().unwrap();
        assert!(error.contains("folder marker missing"), "{error}");
        assert_eq!(now["service"]["synced"], false);
        syncthing.mend_folder("docs").await;
        let now = agree(&mut watched, &syncthing, "mended").await;
        assert_eq!(folder(&now, "docs")["error"], Value::Null);

        let path = "/rest/config/folders/docs";
        syncthing
            .api_patch(path, json!({"label": "Documents"}))
            .await;
        let now = agree(&mut watched, &syncthing, "another label").await;
        assert_eq!(folder(&now, "docs")["label"], "Documents");
        syncthing.api(Method::DELETE, path, None).await.unwrap();
        let now = agree(&mut watched, &syncthing, "deleted").await;
        assert!(folder(&now, "docs").is_null());

        let devices = syncthing.api_get("/rest/config/devices").await;
        let other = devices
            .as_array()
            .unwrap()
            .iter()
            .find(|it| it["deviceID"] != syncthing.device());
        let other = other.unwrap()["deviceID"].as_str().unwrap();
        for paused in [true, false] {
            syncthing.pause_device(other, paused).await;
            agree(&mut watched, &syncthing, "a device paused, then resumed").await;
        }
        for id in ["folder-0", "folder-1"] {
            let path = format!("/rest/config/folders/{id}");
            syncthing.api_patch(&path, json!({ "devices": [] })).await;
        }
        let now = agree(&mut watched, &syncthing, "shared with nobody").await;
        assert_eq!(device(&now, other)["state"], "unused-disconnected");
        watched.assert_never_loud();
    })
    .await;
}

#[tokio::test]
async fn errors_and_a_restart_that_is_required() {
    each_version(async |binary| {
        let mut syncthing = RealSyncthing::start(&binary, Options::default()).await;
        syncthing.add_folder("docs").await;
        let mut watched = Watched::home(syncthing.home()).await;
        let now = agree(&mut watched, &syncthing, "at the start").await;
        assert_eq!(now["service"]["errors"], errors_of(&syncthing).await);

        // A warning comes without an event; it is noticed once the next event is over.
        syncthing
            .api_post("/rest/system/error", Some(json!("disk on fire")))
            .await;
        syncthing.break_folder("docs").await;
        let errors = errors_of(&syncthing).await;
        assert!(errors.to_string().contains("disk on fire"), "{errors}");
        watched
            .wait_for("every error", |now| now["service"]["errors"] == errors)
            .await;
        syncthing.mend_folder("docs").await;
        syncthing.api_post("/rest/system/error/clear", None).await;
        watched
            .wait_for("no error", |now| now["service"]["errors"] == json!([]))
            .await;

        let change = json!({ "databaseTuning": "large" });
        syncthing.api_patch("/rest/config/options", change).await;
        let now = agree(&mut watched, &syncthing, "an option that needs a restart").await;
        assert_eq!(now["service"]["restart_required"], true);
        syncthing.restart().await;
        let now = agree(&mut watched, &syncthing, "restarted").await;
        assert_eq!(now["service"]["restart_required"], false);
        watched.assert_never_loud();
    })
    .await;
}

#[tokio::test]
async fn a_folder_that_only_receives() {
    each_version(async |binary| {
        let syncthing = RealSyncthing::start(&binary, Options::default()).await;
        let path = syncthing.add_folder("docs").await;
        let mut watched = Watched::home(syncthing.home()).await;
        let kind = json!({ "type": "receiveonly" });
        syncthing.api_patch("/rest/config/folders/docs", kind).await;
        let now = agree(&mut watched, &syncthing, "receive only").await;
        assert_eq!(folder(&now, "docs")["type"], "receiveonly");

        fs::write(path.join("mine"), "local").unwrap();
        syncthing.wait_for_folder("docs", "idle").await;
        syncthing.scan("docs").await;
        let now = agree(&mut watched, &syncthing, "a local addition").await;
        assert_eq!(folder(&now, "docs")["state"], "local-additions");
        assert_eq!(folder(&now, "docs")["receive_only_items"], 1);

        syncthing
            .api_post("/rest/db/revert?folder=docs", None)
            .await;
        let gone = path.join("mine");
        syncthing
            .wait_until("reverted", async |_| !gone.exists())
            .await;
        let now = agree(&mut watched, &syncthing, "reverted").await;
        assert_eq!(folder(&now, "docs")["state"], "unshared");
    })
    .await;
}
