//! An ordinary day: folders, devices, pauses, errors, what is opened, the tray's own switches, and the end.

use std::fs;

use serde_json::{Value, json};
use syncwatch::core::Status;

use super::{PAUSES, Scene, assert_ends};
use crate::support::bus::{Session, until};
use crate::support::clicks::{Kinds, clicked};
use crate::support::syncthing::{Binary, Options, RealSyncthing};

/// Folders, devices, everything, the desktop, and the end; with a status to know the menu by.
pub(super) async fn scene(binary: &Binary) -> (Kinds, Status) {
    let session = Session::start().expect("a bus");
    let options = Options {
        folders: 2,
        devices: 1,
        ..Options::default()
    };
    let mut scene = Scene::start(session, binary, options).await;
    let item = &scene.item;

    scene
        .scanned_by(&["Folder 0:", "Rescan"], &["folder-0"])
        .await;
    scene
        .scanned_by(&["Rescan all folders"], &["folder-0", "folder-1"])
        .await;

    for (word, paused, after) in [
        ("Pause", true, "Folder 0: Paused"),
        ("Resume", false, "Folder 0: Up to Date"),
    ] {
        scene.click(&["Folder 0:", word]).await;
        scene
            .until(word, async |_| {
                scene.folder("folder-0").await["paused"] == paused
            })
            .await;
        item.wait_for(after, |menu| {
            let label = &menu.at(&["Folder 0:"])?.label;
            label.eq_ignore_ascii_case(after).then_some(())
        })
        .await;
    }

    let devices = scene.syncthing.api_get("/rest/config/devices").await;
    let device = devices
        .as_array()
        .unwrap()
        .iter()
        .find(|it| it["name"] == "device-0")
        .unwrap()["deviceID"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = format!("/rest/config/devices/{device}");
    for (word, paused) in [("Pause", true), ("Resume", false)] {
        scene.click(&["Devices:", "device-0", word]).await;
        scene
            .until(word, async |it| it.api_get(&path).await["paused"] == paused)
            .await;
    }

    revert(&scene).await;
    errors(&scene).await;
    desktop(&mut scene).await;
    pause_everything(&scene, &path).await;
    let sample = scene.desk.status().await.expect("a status");
    let sample = serde_json::from_value(sample).expect("a status");
    (restart_and_end(scene).await, sample)
}

/// Everything is paused for a time, and just that goes on again. `path` is that of the device in the API.
async fn pause_everything(scene: &Scene, path: &str) {
    // What was paused before stays paused.
    scene.syncthing.pause_folder("folder-1", true).await;
    scene
        .item
        .wait_for("folder-1 paused", |menu| {
            let label = &menu.at(&["Folder 1:"])?.label;
            label.to_lowercase().contains("paused").then_some(())
        })
        .await;
    for (words, pause) in PAUSES {
        let asked = jiff::Zoned::now();
        scene.click(&["Pause", words]).await;
        scene
            .until("all paused", async |it| {
                scene.folder("folder-0").await["paused"] == true
                    && it.api_get(path).await["paused"] == true
            })
            .await;
        let held = scene
            .desk
            .wait_for_status("held", |it| it["holds"].is_array());
        assert_ends(&held.await["holds"][0], pause, &asked);
        scene.click(&["Paused until", "Resume now"]).await;
        scene
            .until("all resumed", async |it| {
                scene.folder("folder-0").await["paused"] == false
                    && it.api_get(path).await["paused"] == false
            })
            .await;
        scene
            .item
            .wait_for("the menu as before", |menu| {
                let mut entries = menu.shown();
                entries.any(|entry| entry.label == "Pause").then_some(())
            })
            .await;
    }
    assert_eq!(scene.folder("folder-1").await["paused"], true);
}

/// A local change of a receive-only folder is undone.
async fn revert(scene: &Scene) {
    let path = "/rest/config/folders/folder-0";
    let change = json!({ "type": "receiveonly" });
    scene.syncthing.api_patch(path, change).await;
    scene.syncthing.wait_for_folder("folder-0", "idle").await;
    let mine = scene.syncthing.folder_path("folder-0").join("mine");
    fs::write(&mine, "local").unwrap();
    scene.syncthing.scan("folder-0").await;
    scene
        .click(&["Folder 0:", "Revert local changes", "Yes"])
        .await;
    scene.until("reverted", async |_| !mine.exists()).await;
}

async fn errors(scene: &Scene) {
    let list = "/rest/system/error";
    let message = Value::from("an error of the test");
    scene.syncthing.api_post(list, Some(message)).await;
    // Errors come without an event: the next look at the server is the one after something else happened.
    scene.syncthing.pause_folder("folder-1", false).await;
    scene.click(&["1 error", "Clear the errors"]).await;
    scene
        .until("no errors", async |it| {
            it.api_get(list).await["errors"]
                .as_array()
                .is_none_or(Vec::is_empty)
        })
        .await;
    scene
        .item
        .wait_for("no errors", |menu| {
            menu.enabled(&["1 error"]).is_none().then_some(())
        })
        .await;
}

/// What is opened on the desktop, and the tray's own switches.
async fn desktop(scene: &mut Scene) {
    let session = &scene.desk.session;
    scene.click(&["Open the web page"]).await;
    let page = scene.syncthing.url();
    session
        .wait_for_opened("the page", |line| line.trim_end_matches('/') == page)
        .await;
    scene.click(&["Folder 0:", "Open the folder"]).await;
    let folder = scene.syncthing.folder_path("folder-0");
    let folder = folder.to_str().unwrap();
    session
        .wait_for_opened("the folder", |line| line.trim_end_matches('/') == folder)
        .await;
    scene.click(&["Open the config file"]).await;
    session
        .wait_for_opened("the config", |line| line.ends_with("config.toml"))
        .await;
    let before = session.opened().len();
    scene.click(&["Journal", "Show the whole journal"]).await;
    let journal = until("the journal", async || {
        session.opened().get(before).cloned()
    })
    .await;
    let text = fs::read_to_string(&journal).unwrap();
    assert!(text.contains("laptop"), "{journal}: {text}");

    let autostart = session.path("config/autostart");
    let entries = || fs::read_dir(&autostart).map_or(0, Iterator::count);
    for on in [true, false] {
        let was = scene.item.wait_for_entry(&["Start with the session"]).await;
        assert_eq!(was.on, Some(!on));
        scene.click(&["Start with the session"]).await;
        scene
            .item
            .wait_for("the switch", |menu| {
                let entry = menu.at(&["Start with the session"])?;
                (entry.on == Some(on)).then_some(())
            })
            .await;
        if on {
            assert_eq!(entries(), 1);
        }
    }

    for watched in [false, true] {
        // What a click does is what the entry shows at the time.
        let entry = scene
            .item
            .wait_for("the switch", |menu| {
                let entry = menu.enabled(&["Watch laptop"])?;
                (entry.on == Some(!watched)).then(|| entry.clone())
            })
            .await;
        scene.item.click_id(entry.id).await;
        scene
            .desk
            .wait_for_status("watched or not", |instance| {
                let state = &instance["link"]["state"];
                match watched {
                    true => *state == "connected",
                    false => *state == "paused",
                }
            })
            .await;
    }
}

async fn restart_and_end(scene: Scene) -> Kinds {
    let Scene {
        mut syncthing,
        mut desk,
        item,
    } = scene;
    let started =
        async |it: &RealSyncthing| it.api_get("/rest/system/status").await["startTime"].clone();
    let before = started(&syncthing).await;
    let from = syncthing.log_lines().len();
    item.click(&["Syncthing", "Restart…", "Yes"]).await;
    syncthing.wait_for_log(from, "GUI and API listening").await;
    assert_ne!(started(&syncthing).await, before);

    item.click(&["Syncthing", "Shut down…", "Yes"]).await;
    syncthing.ended().await;

    item.assert_nothing_retyped();
    item.click(&["Quit"]).await;
    assert_eq!(desk.process().ended().await, Some(0));
    assert!(
        !desk.log().contains("key-of-a-test"),
        "the key is in the log"
    );
    clicked(&desk.log())
}
