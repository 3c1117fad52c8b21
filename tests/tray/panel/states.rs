//! All eight states of a real Syncthing, by what makes it so, on four panels at once: dark and light, small and large.

use std::fs;

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::json;
use syncwatch::view::icon::Icon;

use super::{IMPATIENT, Scene, pinned};
use crate::support::bus::Session;
use crate::support::panel::{Look, possible};
use crate::support::syncthing::{Binary, Options, RealSyncthing, noise};

const LOOKS: [Look; 4] = [
    Look {
        dark: true,
        icon: 24,
    },
    Look {
        dark: true,
        icon: 48,
    },
    Look {
        dark: false,
        icon: 24,
    },
    Look {
        dark: false,
        icon: 48,
    },
];

#[tokio::test]
async fn states_of_a_real_syncthing() {
    let Some(binary) = Binary::newest().filter(|_| possible()) else {
        return;
    };
    let (mut syncthing, friend) = tokio::join!(
        RealSyncthing::start(&binary, Options::default()),
        RealSyncthing::start(&binary, Options::default())
    );
    friend.connect(&syncthing).await;
    friend.share_folder("shared", &syncthing).await;
    // 1.19 counts nothing as needed by a device that has not told of a file of its own yet.
    fs::write(syncthing.folder_path("shared").join("small"), "small").unwrap();
    syncthing.scan("shared").await;
    syncthing.add_folder("own").await;

    let config = pinned(&syncthing).await + IMPATIENT;
    syncthing.freeze();
    let mut panels = Panels::start(&syncthing, &config).await;
    panels.show(Icon::Starting).await;
    syncthing.thaw();
    panels.show(Icon::UpToDate).await;

    // More to read than anybody waits for, without a byte on the disk; a pause ends it.
    let big = syncthing.folder_path("own").join("big");
    fs::File::create(&big).unwrap().set_len(1 << 36).unwrap();
    let scan = syncthing.api(Method::POST, "/rest/db/scan?folder=own", None);
    let scanned = async {
        panels.show(Icon::Scanning).await;
        syncthing.pause_folder("own", true).await;
    };
    let _ended = tokio::join!(scan, scanned);
    fs::remove_file(&big).unwrap();
    syncthing.pause_folder("own", false).await;
    panels.show(Icon::UpToDate).await;

    limit(&friend, 100).await;
    let film = friend.folder_path("shared").join("film");
    fs::write(film, noise(4_000_000)).unwrap();
    friend.scan("shared").await;
    panels.show(Icon::Syncing).await;
    limit(&friend, 0).await;
    panels.show(Icon::UpToDate).await;

    for (paused, icon) in [(true, Icon::Paused), (false, Icon::UpToDate)] {
        for folder in ["shared", "own"] {
            syncthing.pause_folder(folder, paused).await;
        }
        panels.show(icon).await;
    }
    syncthing.break_folder("own").await;
    panels.show(Icon::Attention).await;
    syncthing.mend_folder("own").await;
    // It stays in Syncthing's list of errors until somebody takes note.
    panels.clear_errors().await;
    panels.show(Icon::UpToDate).await;

    syncthing.stop().await;
    panels.show(Icon::Disconnected).await;
    syncthing.put_certificate(400);
    syncthing.launch().await;
    panels.show(Icon::Error).await;
    panels.overview();
}

/// How fast it sends, kilobytes a second; 0 for no limit.
async fn limit(syncthing: &RealSyncthing, rate: u32) {
    let limit = json!({ "maxSendKbps": rate, "limitBandwidthInLan": true });
    syncthing.api_patch("/rest/config/options", limit).await;
}

/// A panel and a tray for each look; all watch the same Syncthing.
struct Panels(Vec<Scene>);

impl Panels {
    async fn start(syncthing: &RealSyncthing, config: &str) -> Self {
        let scenes = LOOKS.map(async |look| {
            let mut session = Session::start().expect("a bus");
            let key = syncthing.api_key().to_owned();
            session.variables.push(("KEY", key));
            Scene::start(session, look, config).await
        });
        Self(join_all(scenes).await)
    }

    /// See [`Scene::shows`].
    async fn show(&mut self, icon: Icon) {
        join_all(self.0.iter_mut().map(|scene| scene.shows(icon))).await;
    }

    async fn clear_errors(&self) {
        let item = &self.0[0].item;
        item.click(&["1 error", "Clear the errors"]).await;
    }

    fn overview(&self) {
        self.0.iter().for_each(Scene::overview);
    }
}
