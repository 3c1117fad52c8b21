//! Every action of the menu, clicked over the bus, and its effect read back over Syncthing's own API.

use std::fs;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::bus::{Session, until};
use crate::support::dbusmenu::Item;
use crate::support::syncthing::{Binary, Options, RealSyncthing};
use crate::support::tray::Desk;

/// A Syncthing, the tray that watches it, and the tray's item.
struct Scene {
    syncthing: RealSyncthing,
    desk: Desk,
    item: Item,
}

impl Scene {
    async fn start(session: Session, binary: &Binary, options: Options) -> Self {
        let syncthing = RealSyncthing::start(binary, options).await;
        let connection = session.connect().await;
        let desk = Desk::home(session, syncthing.home(), "[pause]\nall = \"everything\"\n");
        let item = desk.item(&connection).await;
        Self {
            syncthing,
            desk,
            item,
        }
    }

    async fn click(&self, path: &[&str]) {
        self.item.click(path).await;
    }

    /// Waits until Syncthing's API says so.
    async fn until(&self, what: &str, check: impl AsyncFn(&RealSyncthing) -> bool) {
        until(what, async || check(&self.syncthing).await.then_some(())).await;
    }

    async fn folder(&self, id: &str) -> Value {
        let path = format!("/rest/config/folders/{id}");
        self.syncthing.api_get(&path).await
    }

    async fn last_scan(&self, id: &str) -> Value {
        let stats = self.syncthing.api_get("/rest/stats/folder").await;
        stats[id]["lastScan"].clone()
    }

    /// Clicks, and waits until these folders were scanned again.
    async fn scanned_by(&self, path: &[&str], folders: &[&str]) {
        let mut before = Vec::new();
        for id in folders {
            before.push(self.last_scan(id).await);
        }
        // Syncthing tells the time of a scan in whole seconds.
        tokio::time::sleep(Duration::from_millis(1100)).await;
        self.click(path).await;
        for (id, before) in folders.iter().zip(before) {
            self.until("a new scan", async |_| self.last_scan(id).await != before)
                .await;
        }
    }
}

#[tokio::test]
async fn folders_devices_and_everything() {
    let (Some(session), Some(binary)) = (Session::start(), Binary::newest()) else {
        return;
    };
    let options = Options {
        folders: 2,
        devices: 1,
        ..Options::default()
    };
    let mut scene = Scene::start(session, &binary, options).await;
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
    restart_and_end(scene).await;
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
    scene.click(&["Pause", "For 30 minutes"]).await;
    scene
        .until("all paused", async |it| {
            scene.folder("folder-0").await["paused"] == true
                && it.api_get(path).await["paused"] == true
        })
        .await;
    scene.click(&["Paused until", "Resume now"]).await;
    scene
        .until("all resumed", async |it| {
            scene.folder("folder-0").await["paused"] == false
                && it.api_get(path).await["paused"] == false
        })
        .await;
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

async fn restart_and_end(scene: Scene) {
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
}

#[tokio::test]
async fn requests_and_override() {
    let (Some(session), Some(binary)) = (Session::start(), Binary::newest()) else {
        return;
    };
    let scene = Scene::start(session, &binary, Options::default()).await;
    let friend = RealSyncthing::start(&binary, Options::default()).await;
    let config = async || scene.syncthing.api_get("/rest/config").await;
    let ask = format!("{} wants to connect", friend_name(&friend).await);

    friend.add_device(&scene.syncthing).await;
    scene.click(&["Requests: 1", &ask, "Accept"]).await;
    scene.syncthing.wait_for_device(friend.device(), true).await;
    let entry = |config: &Value| {
        let devices = config["devices"].as_array().unwrap().clone();
        let mut devices = devices.into_iter();
        devices.find(|it| it["deviceID"] == friend.device())
    };
    assert!(entry(&config().await).is_some());

    for id in ["wanted", "unwanted"] {
        friend.put_folder(id, &[scene.syncthing.device()]).await;
    }
    let offer = async |id: &str| {
        let words = format!("offers {id}");
        scene
            .item
            .wait_for(&words, |menu| {
                let requests = menu.at(&["Requests:"])?;
                let entry = requests.shown().find(|it| it.label.ends_with(&words))?;
                Some(entry.label.clone())
            })
            .await
    };
    let label = offer("wanted").await;
    scene.click(&["Requests:", &label, "Accept"]).await;
    scene.syncthing.wait_for_folder("wanted", "idle").await;
    let label = offer("unwanted").await;
    scene
        .click(&["Requests:", &label, "Ignore from now on"])
        .await;
    scene
        .until("ignored", async |_| {
            entry(&config().await).unwrap()["ignoredFolders"][0]["id"] == "unwanted"
        })
        .await;

    // Syncthing gives the default place as `~/wanted`, of the same user's home.
    let session = &scene.desk.session;
    fs::create_dir(session.path("wanted")).unwrap();
    scene.click(&["wanted:", "Open the folder"]).await;
    session
        .wait_for_opened("the folder", |line| line.ends_with("/wanted"))
        .await;

    override_changes(&scene, &friend).await;

    let stranger = RealSyncthing::start(&binary, Options::default()).await;
    stranger.add_device(&scene.syncthing).await;
    let ask = format!("{} wants to connect", friend_name(&stranger).await);
    scene
        .click(&["Requests: 1", &ask, "Ignore from now on"])
        .await;
    scene
        .until("ignored", async |_| {
            config().await["remoteIgnoredDevices"][0]["deviceID"] == stranger.device()
        })
        .await;
    scene
        .item
        .wait_for("no requests", |menu| {
            menu.at(&["Requests:"]).is_none().then_some(())
        })
        .await;
}

/// What others changed in a send-only folder is made as it is here.
async fn override_changes(scene: &Scene, friend: &RealSyncthing) {
    let file = friend.folder_path("wanted").join("file");
    fs::write(&file, "as it was").unwrap();
    friend.scan("wanted").await;
    let folder = scene.folder("wanted").await;
    let place = folder["path"].as_str().unwrap();
    let place = place.replacen('~', scene.syncthing.home().to_str().unwrap(), 1);
    let copy = std::path::Path::new(&place).join("file");
    scene.until("the file", async |_| copy.exists()).await;
    scene.syncthing.wait_for_folder("wanted", "idle").await;
    let path = "/rest/config/folders/wanted";
    scene
        .syncthing
        .api_patch(path, json!({ "type": "sendonly" }))
        .await;
    scene.syncthing.wait_for_folder("wanted", "idle").await;
    fs::write(&file, "changed by somebody else").unwrap();
    friend.scan("wanted").await;
    scene
        .click(&["wanted:", "Override changes of others", "Yes"])
        .await;
    scene
        .until("it is as it was", async |_| {
            fs::read_to_string(&file).is_ok_and(|text| text == "as it was")
        })
        .await;
}

/// What a Syncthing calls itself.
async fn friend_name(syncthing: &RealSyncthing) -> String {
    let devices = syncthing.api_get("/rest/config/devices").await;
    let devices = devices.as_array().unwrap();
    let own = devices
        .iter()
        .find(|it| it["deviceID"] == syncthing.device())
        .unwrap();
    own["name"].as_str().unwrap().to_owned()
}
