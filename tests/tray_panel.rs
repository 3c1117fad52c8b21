//! The tray on a real panel, with pixels: every state, the menu and its submenus, dark and light, small and large.
//! The screenshots stay in `target/screenshots`.

#![cfg(target_os = "linux")]
#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test ends at the first surprise"
)]

mod support;

use serde_json::json;
use support::bus::{Session, until};
use support::dbusmenu::{Item, Picture};
use support::panel::{Look, Panel, difference, possible};
use support::syncthing::{Binary, Options as RealOptions, RealSyncthing};
use support::tray::Desk;
use syncwatch::standin::{self, Folder, ImpostorKind, Options, PendingDevice, Standin, World};
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
        until(&what, async || {
            (self.item.pictures().await == pictures).then_some(())
        })
        .await;
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
        support::panel::strip(&format!("{}-states", look.name()), &names, 96 / look.icon);
    }
}

fn config(server: &Standin) -> String {
    support::tray::watching(server.home().path())
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
