//! The tray on a real panel, with pixels: every state, the menu and its submenus, dark and light, small and large.
//! The screenshots stay in `target/screenshots`.

use crate::support::bus::{DEADLINE, Session, until};
use crate::support::dbusmenu::{Item, Picture};
use crate::support::panel::{Look, Panel, difference, possible};
use crate::support::syncthing::{Binary, Options as RealOptions, RealSyncthing};
use crate::support::tray::{Desk, watching};
use serde_json::json;
use syncwatch::standin::{Folder, ImpostorKind, Options, Standin, device_id};
use syncwatch::tray::icons::{self, frames, pixmaps};
use syncwatch::view::icon::Icon;

const DARK: Look = Look {
    dark: true,
    icon: 24,
};

/// A panel with the tray's icon on it.
struct Scene {
    // In the order of their end.
    panel: Panel,
    item: Item,
    desk: Desk,
    /// The pixels of each state so far.
    seen: Vec<(Icon, Vec<u8>)>,
}

impl Scene {
    async fn start(session: Session, look: Look, config: &str) -> Self {
        let panel = Panel::start(&session, look);
        let theme = if look.dark { "dark" } else { "light" };
        let connection = session.connect().await;
        let config = format!(
            "{config}[patience]\nrefused = \"1s\"\npin-mismatch = \"1s\"\nlost = \"1s\"\nhandshake-eof = \"1s\"\nhandshake-reset = \"1s\"\n[tray]\ntheme = \"{theme}\"\nanimate = false\n"
        );
        let desk = Desk::start(session, &config);
        let item = desk.item(&connection).await;
        Self {
            panel,
            item,
            desk,
            seen: Vec::new(),
        }
    }

    /// Waits until the panel shows this icon, and keeps a picture of it.
    async fn shows(&mut self, icon: Icon) {
        let look = icons::Look {
            dark_panel: self.panel.look().dark,
            monochrome: false,
        };
        let pictures: Vec<Picture> = pixmaps(icon, look, 0)
            .into_iter()
            .map(|it| (it.size as i32, it.size as i32, it.argb))
            .collect();
        assert!(!pictures.is_empty() && frames(icon) > 0);
        let what = format!("the icon {}", icon.name());
        let shown = until(&what, async || {
            (self.item.pictures().await == pictures).then_some(())
        });
        if tokio::time::timeout(DEADLINE / 2, shown).await.is_err() {
            let (title, text) = self.item.tooltip().await;
            panic!(
                "never seen: {what}; now: {title}: {text}\n{}",
                self.item.menu().await
            );
        }
        let before = self.seen.last().map(|(_, pixels)| pixels.clone());
        let now = self
            .panel
            .wait_for_other_icon(&before.unwrap_or_default())
            .await;
        let name = format!("{}-{}", self.panel.look().name(), icon.name());
        self.panel.screenshot(&name, Some(self.panel.icon_area()));
        for (other, pixels) in self.seen.iter().filter(|(other, _)| *other != icon) {
            let different = difference(pixels, &now);
            assert!(
                different >= 12,
                "{} and {} differ in {different} pixels only",
                icon.name(),
                other.name()
            );
        }
        self.seen.push((icon, now));
    }

    /// One picture of all states.
    fn overview(&self) {
        for icon in Icon::ALL {
            assert!(
                self.seen.iter().any(|(seen, _)| *seen == icon),
                "no {}",
                icon.name()
            );
        }
        let look = self.panel.look();
        let names = Icon::ALL.map(|icon| format!("{}-{}", look.name(), icon.name()));
        crate::support::panel::strip(&format!("{}-states", look.name()), &names, 96 / look.icon);
    }
}

fn config(server: &Standin) -> String {
    crate::support::tray::watching(server.home().path())
}

/// A folder of the stand-in, changed.
fn change(server: &Standin, id: &str, change: impl FnOnce(&mut Folder)) {
    let mut folder = server
        .world(|world| world.folder(id).cloned())
        .expect("a folder");
    change(&mut folder);
    server.set_folder(folder);
}

fn pause_all(server: &Standin, paused: bool) {
    let ids: Vec<String> =
        server.world(|world| world.folders.iter().map(|it| it.id.clone()).collect());
    for id in ids {
        server.world(|world| world.folder_mut(&id).expect("a folder").paused = paused);
        let kind = if paused {
            "FolderPaused"
        } else {
            "FolderResumed"
        };
        server.emit(kind, json!({ "id": id, "label": id }));
    }
    let config = json!({});
    server.emit("ConfigSaved", config);
}

/// All eight states, one after the other, of a stand-in.
async fn every_state(look: Look) {
    if !possible() {
        return;
    }
    let Some(session) = Session::start() else {
        return;
    };
    let server = Standin::start(Options::default())
        .await
        .expect("a stand-in");
    let silent = server.silent().await.expect("silence");
    let mut scene = Scene::start(session, look, &config(&server)).await;
    scene.shows(Icon::Starting).await;
    silent.stop().await.expect("it is back");
    scene.desk.run(&["status"]).await;
    scene.shows(Icon::UpToDate).await;

    change(&server, "photos", |it| it.state = "scanning".into());
    scene.shows(Icon::Scanning).await;
    change(&server, "photos", |it| {
        it.state = "syncing".into();
        it.need.items = 700;
        it.need.bytes = 3_100_000_000;
    });
    scene.shows(Icon::Syncing).await;
    change(&server, "photos", |it| {
        it.state = "idle".into();
        it.need = Default::default();
    });
    pause_all(&server, true);
    scene.shows(Icon::Paused).await;
    pause_all(&server, false);
    change(&server, "music", |it| {
        it.state = "error".into();
        it.error = "folder marker missing".into();
    });
    scene.shows(Icon::Attention).await;
    change(&server, "music", |it| {
        it.state = "idle".into();
        it.error.clear();
    });
    scene.shows(Icon::UpToDate).await;

    let takeover = server
        .impostor(ImpostorKind::OtherCertificate)
        .await
        .expect("an impostor");
    scene.shows(Icon::Error).await;
    takeover.stop().await.expect("it is back");
    scene.shows(Icon::UpToDate).await;
    server.kill().await;
    scene.shows(Icon::Disconnected).await;
    scene.overview();
}

#[tokio::test]
async fn states_dark_24() {
    every_state(DARK).await;
}

#[tokio::test]
async fn states_dark_48() {
    every_state(Look { icon: 48, ..DARK }).await;
}

#[tokio::test]
async fn states_light_24() {
    every_state(Look {
        dark: false,
        ..DARK
    })
    .await;
}

#[tokio::test]
async fn states_light_48() {
    every_state(Look {
        dark: false,
        icon: 48,
    })
    .await;
}

/// The same of a real Syncthing, by what makes it so.
#[tokio::test]
async fn states_of_a_real_syncthing() {
    if !possible() {
        return;
    }
    let (Some(session), Some(binary)) = (Session::start(), Binary::newest()) else {
        return;
    };
    let mut syncthing = RealSyncthing::start(&binary, RealOptions::default()).await;
    let friend = RealSyncthing::start(&binary, RealOptions::default()).await;
    friend.connect(&syncthing).await;
    friend.share_folder("shared", &syncthing).await;
    // 1.19 counts nothing as needed by a device that has not told of a file of its own yet.
    std::fs::write(syncthing.folder_path("shared").join("small"), "small").unwrap();
    syncthing.scan("shared").await;
    syncthing.add_folder("own").await;

    let config = format!(
        "[[instance]]\nname = \"laptop\"\nurl = \"{}\"\napi-key-env = \"KEY\"\ntrust = {{ fingerprint = [\"{}\"] }}\n",
        syncthing.url(),
        syncthing.served_fingerprint().await
    );
    let mut session = session;
    session
        .variables
        .push(("KEY", syncthing.api_key().to_owned()));
    syncthing.freeze();
    let mut scene = Scene::start(session, Look { icon: 32, ..DARK }, &config).await;
    scene.shows(Icon::Starting).await;
    syncthing.thaw();
    scene.shows(Icon::UpToDate).await;

    // Some seconds of reading, without a byte on the disk.
    let big = syncthing.folder_path("own").join("big");
    std::fs::File::create(&big)
        .unwrap()
        .set_len(1 << 30)
        .unwrap();
    let scan = syncthing.scan("own");
    let shown = scene.shows(Icon::Scanning);
    tokio::join!(scan, shown);
    std::fs::remove_file(&big).unwrap();
    syncthing.scan("own").await;
    scene.shows(Icon::UpToDate).await;

    let limit = json!({ "maxSendKbps": 500, "limitBandwidthInLan": true });
    friend.api_patch("/rest/config/options", limit).await;
    std::fs::write(friend.folder_path("shared").join("film"), noise(4_000_000)).unwrap();
    friend.scan("shared").await;
    scene.shows(Icon::Syncing).await;
    scene.shows(Icon::UpToDate).await;

    for paused in [true, false] {
        for folder in ["shared", "own"] {
            syncthing.pause_folder(folder, paused).await;
        }
        let icon = if paused { Icon::Paused } else { Icon::UpToDate };
        scene.shows(icon).await;
    }
    syncthing.break_folder("own").await;
    scene.shows(Icon::Attention).await;
    syncthing.mend_folder("own").await;
    // It stays in Syncthing's list of errors until somebody takes note.
    scene.item.click(&["1 error", "Clear the errors"]).await;
    scene.shows(Icon::UpToDate).await;

    syncthing.stop().await;
    scene.shows(Icon::Disconnected).await;
    syncthing.put_certificate(400);
    syncthing.launch().await;
    scene.shows(Icon::Error).await;
    scene.overview();
}

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
    let mut scene = Scene::start(session, look, &config(&server)).await;
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
        "[[instance]]\nname = \"laptop\"\nhome = {:?}\n[[instance]]\nname = \"nas\"\nhome = {:?}\n",
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

/// An open menu outlives rotations and changes, and does what is chosen in it then; a panel that was killed gets its
/// icon back.
#[tokio::test]
async fn an_open_menu_outlives_what_happens() {
    if !possible() {
        return;
    }
    let Some(session) = Session::start() else {
        return;
    };
    let server = Standin::start(Options::default())
        .await
        .expect("a stand-in");
    let mut scene = Scene::start(session, DARK, &config(&server)).await;
    scene.shows(Icon::UpToDate).await;
    scene.panel.open_menu().await;
    let menu = scene.item.menu().await;
    scene.panel.select(&menu, "Rescan all folders");
    let open = scene.panel.menus();
    for _ in 0..3 {
        server.rotate_in_process().await.expect("a rotation");
        let served = server.fingerprint();
        scene
            .desk
            .wait_for_status("connected again", |it| {
                it["link"]["state"] == "connected" && it["link"]["trust"]["current"] == *served
            })
            .await;
    }
    change(&server, "photos", |it| {
        it.state = "syncing".into();
        it.need.items = 5;
        it.need.bytes = 5_000_000;
    });
    scene
        .item
        .wait_for("the change", |menu| {
            menu.at(&["Photos:"])
                .filter(|it| it.label.contains("Syncing"))
                .map(drop)
        })
        .await;
    assert_eq!(scene.panel.menus().len(), open.len(), "the menu closed");
    let scans = || {
        let requests = server.requests();
        let scans = requests
            .iter()
            .filter(|it| it.path.starts_with("/rest/db/scan"));
        scans.count()
    };
    assert_eq!(scans(), 0);
    scene.panel.press("Return");
    until("the choice", async || (scans() > 0).then_some(())).await;

    scene.panel.kill();
    scene.panel.launch(&scene.desk.session);
    scene.panel.wait_for_icon().await;
    scene.panel.open_menu().await;
    scene.panel.close_menu().await;
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

/// Bytes that no compression makes smaller.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 1_u64;
    std::iter::repeat_with(|| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    })
    .take(length)
    .collect()
}
