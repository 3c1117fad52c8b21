//! Real Syncthings that come, change and go while the daemon runs: it follows them without a restart of its own.
//!
//! Times are printed; only a generous bound is asserted.

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use crate::support::syncthing::{Options, RealSyncthing, each_version, free_port};
use crate::support::watched::Watched;
use serde_json::{Value, json};

const BOUND: Duration = Duration::from_secs(5);

fn options(key: &str) -> Options {
    Options {
        folders: 1,
        api_key: key.into(),
        ..Options::default()
    }
}

fn config_of(home: &Path) -> String {
    format!("[[instance]]\nname = \"laptop\"\nhome = {home:?}\n")
}

/// Waits until it is connected to this very Syncthing, and says how long that took since `from`.
async fn follows(watched: &mut Watched, syncthing: &RealSyncthing, from: SystemTime, what: &str) {
    let served = syncthing.served_fingerprint().await.to_string();
    let instance = watched
        .wait_for(what, |instance| {
            instance["link"]["state"] == "connected"
                && instance["link"]["trust"]["served"] == *served
                && instance["url"]
                    .as_str()
                    .is_some_and(|url| url.contains(&syncthing.gui_port().to_string()))
                && instance["service"]["id"] == syncthing.device()
        })
        .await;
    let since: syncwatch::core::Timestamp =
        serde_json::from_value(instance["link"]["since"].clone()).unwrap();
    let from = from.duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let took = since.as_millis() - from.as_millis() as i64;
    eprintln!("    {took:>5} ms  {what}");
    assert!(took < BOUND.as_millis() as i64, "{what}: {took} ms");
}

/// Waits for the class of a failure, loud or not.
async fn fails(watched: &mut Watched, class: &str) -> Value {
    let instance = watched
        .wait_for(class, |instance| {
            instance["link"]["failure"]["class"] == class
        })
        .await;
    eprintln!(
        "             {}: {}",
        instance["link"]["state"], instance["link"]["failure"]["message"]
    );
    instance
}

#[tokio::test]
async fn before_syncthing_was_ever_installed() {
    each_version(async |binary| {
        // Where 1.19 and 1.29 look, by a variable and without.
        for (variable, place) in [
            (None, ".config/syncthing"),
            (None, ".local/state/syncthing"),
            (Some("XDG_CONFIG_HOME"), "own/syncthing"),
            (Some("XDG_STATE_HOME"), "own/deep/syncthing"),
        ] {
            let mut watched = Watched::prepare("[[instance]]\nname = \"laptop\"\n");
            let home = watched.path(place);
            if let Some(variable) = variable {
                let value = home.parent().unwrap().to_owned();
                watched.variables.push((variable, value));
            }
            watched.launch().await;
            fails(&mut watched, "not-found").await;
            let mut syncthing = RealSyncthing::install(&binary, options("first-key"), &home);
            let from = SystemTime::now();
            fails(&mut watched, "no-pin").await;
            eprintln!(
                "    {:>5} ms  config.xml",
                from.elapsed().unwrap().as_millis()
            );
            syncthing.launch().await;
            follows(&mut watched, &syncthing, SystemTime::now(), place).await;
        }
    })
    .await;
}

#[tokio::test]
async fn piece_by_piece() {
    each_version(async |binary| {
        let mut watched = Watched::prepare("");
        let (home, made) = (watched.path("home"), watched.path("made"));
        watched.write_config(&config_of(&home));
        let mut syncthing = RealSyncthing::install(&binary, options("first-key"), &home);
        syncthing.launch().await;
        syncthing.stop().await;
        fs::rename(&home, &made).unwrap();

        watched.launch().await;
        fails(&mut watched, "not-found").await;
        fs::create_dir(&home).unwrap();
        let copy = |name: &str| fs::copy(made.join(name), home.join(name)).unwrap();
        copy("config.xml");
        watched
            .wait_for("a target", |instance| instance["url"] == *syncthing.url())
            .await;
        copy("https-cert.pem");
        let pin = syncthing.file_fingerprint().to_string();
        watched
            .wait_for("a pin", |instance| {
                let trust = &instance["link"]["trust"];
                trust["current"] == *pin || trust["pending"] == *pin
            })
            .await;
        for name in ["https-key.pem", "cert.pem", "key.pem"] {
            copy(name);
        }
        syncthing.launch().await;
        follows(&mut watched, &syncthing, SystemTime::now(), "the port").await;

        // Another one in the same place: certificate, key, port and device ID are new.
        syncthing.stop().await;
        fs::remove_dir_all(&home).unwrap();
        let mut again = RealSyncthing::install(&binary, options("second-key"), &home);
        again.launch().await;
        follows(&mut watched, &again, SystemTime::now(), "a re-install").await;
        assert_ne!(again.device(), syncthing.device());
    })
    .await;
}

#[tokio::test]
async fn another_key_address_and_port() {
    each_version(async |binary| {
        let mut syncthing = RealSyncthing::start(&binary, options("first-key")).await;
        let mut watched = Watched::home(syncthing.home()).await;
        follows(&mut watched, &syncthing, SystemTime::now(), "at the start").await;

        let from = watched.seen.len();
        syncthing.set_api_key("second-key").await;
        let changed = SystemTime::now();
        // The listener restarts, so that the old connection is lost.
        watched
            .wait_for_news("lost", |instance| instance["link"]["state"] != "connected")
            .await;
        follows(&mut watched, &syncthing, changed, "another key").await;

        syncthing.set_gui_address(free_port()).await;
        follows(&mut watched, &syncthing, SystemTime::now(), "another port").await;
        eprintln!("             {:?}", watched.states());
        assert!(watched.seen.len() > from);
        watched.assert_never_loud();
        assert_eq!(watched.stop().await, Some(0));
        for key in ["first-key", "second-key"] {
            assert!(!watched.log().contains(key), "a key is in the log");
        }
    })
    .await;
}

#[tokio::test]
async fn a_wrong_key_is_said_at_once_and_does_not_hammer() {
    each_version(async |binary| {
        let syncthing = RealSyncthing::start(&binary, options("right-key")).await;
        let config = |key: &str| {
            format!(
                "[[instance]]\nname = \"laptop\"\nurl = \"{}\"\napi-key = \"{key}\"\ntrust = {{ file = {:?} }}\n",
                syncthing.url(),
                syncthing.certificate_path()
            )
        };
        let from = SystemTime::now();
        let mut watched = Watched::start(&config("wrong-key")).await;
        watched
            .wait_for("unauthorized", |instance| {
                instance["link"]["state"] == "unauthorized"
            })
            .await;
        eprintln!("    {:>5} ms  unauthorized", from.elapsed().unwrap().as_millis());
        watched.take_next_within(Duration::from_secs(4)).await;
        let last = &watched.seen.last().unwrap()["instances"][0];
        let attempts = last["link"]["failure"]["attempts"].as_u64().unwrap();
        eprintln!("             {attempts} attempts, {}", last["link"]["failure"]["hint"]);
        assert!((1..=5).contains(&attempts), "{attempts}");

        watched.write_config(&config("right-key"));
        follows(&mut watched, &syncthing, SystemTime::now(), "the right key").await;
    })
    .await;
}

#[tokio::test]
async fn killed_and_started_again_frozen_and_thawed() {
    each_version(async |binary| {
        let mut syncthing = RealSyncthing::start(&binary, options("key-of-a-test")).await;
        let mut watched = Watched::home(syncthing.home()).await;
        watched.connected().await;
        syncthing.kill().await;
        watched
            .wait_for_news("lost", |instance| {
                instance["link"]["state"] == "reconnecting"
            })
            .await;
        syncthing.launch().await;
        follows(&mut watched, &syncthing, SystemTime::now(), "after a kill").await;
        let last = &watched.seen.last().unwrap()["instances"][0]["link"];
        assert!(last["hidden_failures"].as_u64().unwrap() > 0, "{last}");
        assert_eq!(last["failure"], json!(null));
        let journal = watched.journal().await;
        let kinds: Vec<_> = journal.iter().map(|entry| entry["kind"].clone()).collect();
        eprintln!("             {kinds:?}");
        assert!(kinds.contains(&json!("failing")) && kinds.contains(&json!("recovered")));

        syncthing.freeze();
        watched.take_next_within(Duration::from_secs(2)).await;
        syncthing.thaw();
        syncthing.pause_folder("folder-0", true).await;
        watched
            .wait_for_news("an event after the thaw", |instance| {
                instance["service"]["folders"][0]["state"] == "paused"
            })
            .await;

        // One that is frozen when the daemon starts lets it connect and says nothing.
        watched.stop().await;
        syncthing.freeze();
        watched.launch().await;
        watched
            .wait_for_news("starting", |instance| {
                instance["link"]["state"] == "starting"
            })
            .await;
        watched.take_next_within(Duration::from_secs(1)).await;
        syncthing.thaw();
        follows(&mut watched, &syncthing, SystemTime::now(), "after a thaw").await;
        watched.assert_never_loud();
        eprintln!("             {:?}", watched.states());
    })
    .await;
}
