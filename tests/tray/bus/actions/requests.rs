//! What other devices ask for and change: requests, a conflict, an override.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::Scene;
use crate::support::bus::Session;
use crate::support::clicks::{Kinds, clicked};
use crate::support::syncthing::{Binary, Options, RealSyncthing};

/// What others ask for, what both changed, and what only one side may change.
pub(super) async fn scene(binary: &Binary) -> Kinds {
    let session = Session::start().expect("a bus");
    let scene = Scene::start(session, binary, Options::default()).await;
    let friend = RealSyncthing::start(binary, Options::default()).await;
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

    conflict(&scene, &friend).await;
    override_changes(&scene, &friend).await;

    let stranger = RealSyncthing::start(binary, Options::default()).await;
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
    clicked(&scene.desk.log())
}

/// A file that both changed while they were apart: its place is opened.
async fn conflict(scene: &Scene, friend: &RealSyncthing) {
    let syncthing = &scene.syncthing;
    let here = here(scene).await;
    let there = friend.folder_path("wanted");
    syncthing.pause_device(friend.device(), true).await;
    friend.wait_for_device(syncthing.device(), false).await;
    for (side, place, text) in [(syncthing, &here, "mine"), (friend, &there, "theirs")] {
        fs::create_dir_all(place.join("sub")).unwrap();
        fs::write(place.join("sub/note"), text).unwrap();
        side.scan("wanted").await;
    }
    syncthing.pause_device(friend.device(), false).await;
    let session = &scene.desk.session;
    fs::create_dir(session.path("wanted/sub")).unwrap();
    scene.click(&["1 conflict", "wanted: sub/note.sync"]).await;
    session
        .wait_for_opened("the place", |line| line.ends_with("/wanted/sub"))
        .await;
}

/// What others changed in a send-only folder is made as it is here.
async fn override_changes(scene: &Scene, friend: &RealSyncthing) {
    let file = friend.folder_path("wanted").join("file");
    fs::write(&file, "as it was").unwrap();
    friend.scan("wanted").await;
    let copy = here(scene).await.join("file");
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

/// Where the accepted folder is: Syncthing's home is another than the tray's.
async fn here(scene: &Scene) -> PathBuf {
    let folder = scene.folder("wanted").await;
    let place = folder["path"].as_str().unwrap();
    let home = scene.syncthing.home().to_str().unwrap();
    PathBuf::from(place.replacen('~', home, 1))
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
