//! The open menu and its submenus: of a household, of one with much to look at, of several instances.

use serde_json::json;
use syncwatch::standin::{ImpostorKind, Options, Standin, device_id};
use syncwatch::view::icon::Icon;

use super::{DARK, IMPATIENT, Scene};
use crate::support::bus::Session;
use crate::support::panel::{Look, possible};
use crate::support::syncthing::{Binary, Options as RealOptions, RealSyncthing, noise};
use crate::support::tray::watching;

/// A household: what a user would see on an ordinary day, of a real Syncthing.
#[tokio::test]
async fn menu_of_a_real_syncthing() {
    if !possible() {
        return;
    }
    let (Some(session), Some(binary)) = (Session::start(), Binary::newest()) else {
        return;
    };
    let options = RealOptions {
        devices: 1,
        ..RealOptions::default()
    };
    let laptop = RealSyncthing::start(&binary, options).await;
    let nas = RealSyncthing::start(&binary, RealOptions::default()).await;
    laptop.connect(&nas).await;
    rename(&laptop, "device-0", "phone").await;
    rename(&laptop, &binary.to_string(), "nas").await;
    for folder in ["Documents", "Music", "Notes", "Photos"] {
        laptop.share_folder(folder, &nas).await;
    }
    for folder in ["Documents", "Music", "Notes", "Photos"] {
        // As a user writes it.
        let path = json!({ "path": format!("~/data/{folder}") });
        laptop
            .api_patch(&format!("/rest/config/folders/{folder}"), path)
            .await;
        laptop.wait_for_folder(folder, "idle").await;
    }
    for number in 2031..2043 {
        let name = laptop
            .folder_path("Photos")
            .join(format!("IMG_{number}.jpg"));
        std::fs::write(name, noise(1_300_000)).unwrap();
    }
    laptop.scan("Photos").await;
    nas.wait_for_folder("Photos", "idle").await;
    laptop
        .wait_until("all photos are there", async |_| {
            nas.folder_path("Photos").join("IMG_2042.jpg").exists()
        })
        .await;
    for (folder, name) in [
        ("Documents", "taxes 2025.ods"),
        ("Notes", "shopping list.md"),
    ] {
        std::fs::write(nas.folder_path(folder).join(name), noise(40_000)).unwrap();
        nas.scan(folder).await;
        let copy = laptop.folder_path(folder).join(name);
        laptop.wait_until("a file", async |_| copy.exists()).await;
    }
    let mut scene = Scene::start(session, DARK, &watching(laptop.home())).await;
    scene.shows(Icon::UpToDate).await;
    scene
        .panel
        .shoot_menu(&scene.item, "menu-real-up-to-date", &[])
        .await;

    let limit = json!({ "maxSendKbps": 400, "limitBandwidthInLan": true });
    nas.api_patch("/rest/config/options", limit).await;
    std::fs::write(
        nas.folder_path("Photos").join("IMG_2043.mov"),
        noise(16_000_000),
    )
    .unwrap();
    nas.scan("Photos").await;
    scene.shows(Icon::Syncing).await;
    scene
        .item
        .wait_for("rates", |menu| menu.at(&["Receiving"]).map(drop))
        .await;
    scene
        .panel
        .shoot_menu(&scene.item, "menu-real-syncing", &["Photos:"])
        .await;
    for (name, path) in [
        ("devices", ["Devices:", "nas:"].as_slice()),
        ("pause", &["Pause"]),
        ("syncthing", &["Syncthing", "Restart"]),
        ("certificate", &["Certificate"]),
        ("changes", &["Recent changes"]),
        ("journal", &["Journal"]),
    ] {
        let name = format!("menu-real-{name}");
        scene.panel.shoot_menu(&scene.item, &name, path).await;
    }
}

/// A stand-in with much to say: requests, an error, a file that failed, a local change, a conflict.
#[tokio::test]
async fn menu_with_much_to_look_at_on_a_light_panel() {
    if !possible() {
        return;
    }
    let Some(session) = Session::start() else {
        return;
    };
    let server = Standin::start(Options::default())
        .await
        .expect("a stand-in");
    server.world(|world| {
        world.pending_devices.push(syncwatch::standin::PendingDevice {
            id: device_id("tablet"),
            name: "Anna's <b>tablet</b> & co_".into(),
            address: "192.168.1.23:22000".into(),
            time: jiff::Timestamp::now(),
        });
        let offers = world.device("nas").expect("the nas").id.clone();
        world.pending_folders.push(syncwatch::standin::PendingFolder {
            id: "films".into(),
            label: "Films".into(),
            device: offers,
            time: jiff::Timestamp::now(),
        });
        world.errors.push((jiff::Timestamp::now(), "listen tcp 0.0.0.0:22000: address already in use".into()));
        let music = world.folder_mut("music").expect("a folder");
        music.kind = "receiveonly".into();
        music.receive_only.items = 3;
        let notes = world.folder_mut("notes").expect("a folder");
        notes.state = "error".into();
        notes.error = "folder marker missing (this indicates potential data loss, search docs/forum to get information about how to proceed)".into();
    });
    let look = Look {
        dark: false,
        icon: 48,
    };
    let mut scene =
        Scene::start(session, look, &(watching(server.home().path()) + IMPATIENT)).await;
    scene.shows(Icon::Attention).await;
    for (name, path) in [
        ("attention", [].as_slice()),
        ("requests", &["Requests:", "Anna"]),
        ("offer", &["Requests:", "nas offers"]),
        ("error", &["1 error"]),
        ("stopped", &["Notes:"]),
        ("revert", &["Music:", "Revert"]),
    ] {
        let name = format!("menu-light-{name}");
        scene.panel.shoot_menu(&scene.item, &name, path).await;
    }
    let takeover = server
        .impostor(ImpostorKind::OtherCertificate)
        .await
        .expect("an impostor");
    scene.shows(Icon::Error).await;
    scene
        .panel
        .shoot_menu(&scene.item, "menu-light-untrusted", &["The certificate"])
        .await;
    scene
        .panel
        .shoot_menu(&scene.item, "menu-light-what-is-wrong", &["What is wrong"])
        .await;
    takeover.stop().await.expect("it is back");
    scene.shows(Icon::Attention).await;
}

#[tokio::test]
async fn menu_of_several_instances() {
    if !possible() {
        return;
    }
    let Some(session) = Session::start() else {
        return;
    };
    let start = async || {
        let server = Standin::start(Options::default()).await;
        server.expect("a stand-in")
    };
    let (laptop, nas) = (start().await, start().await);
    let config = format!(
        "[[instance]]\nname = \"laptop\"\nhome = {:?}\n[[instance]]\nname = \"nas\"\nhome = {:?}\n{IMPATIENT}",
        laptop.home().path(),
        nas.home().path()
    );
    let mut scene = Scene::start(session, DARK, &config).await;
    scene.shows(Icon::UpToDate).await;
    nas.kill().await;
    scene.shows(Icon::Disconnected).await;
    let (panel, item) = (&scene.panel, &scene.item);
    panel.shoot_menu(item, "menu-several", &["nas:"]).await;
    panel
        .shoot_menu(item, "menu-several-one", &["laptop:", "Photos:"])
        .await;
}

async fn rename(syncthing: &RealSyncthing, from: &str, to: &str) {
    let devices = syncthing.api_get("/rest/config/devices").await;
    let devices = devices.as_array().unwrap();
    let device = devices.iter().find(|it| it["name"] == from).unwrap();
    let path = format!(
        "/rest/config/devices/{}",
        device["deviceID"].as_str().unwrap()
    );
    syncthing.api_patch(&path, json!({ "name": to })).await;
}
