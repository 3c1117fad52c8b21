//! Real certificate rotations of a real Syncthing, watched by the real program: nothing is ever shown.
//!
//! Each way is gone through a few times; `SYNCWATCH_ROTATIONS=20` makes the series as long as one likes.

use crate::support::syncthing::{Options, RealSyncthing, Renewal, each_version};
use crate::support::watched::Watched;
use serde_json::json;

const PLAIN: Options = Options {
    folders: 2,
    devices: 1,
    api_key: String::new(),
    tls: true,
    certificate_days: None,
};

fn options() -> Options {
    Options {
        api_key: "key-of-a-test".into(),
        ..PLAIN
    }
}

fn series() -> u64 {
    std::env::var("SYNCWATCH_ROTATIONS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(3)
}

async fn rotate(how: Renewal) {
    each_version(async |binary| {
        let mut syncthing = RealSyncthing::start(&binary, options()).await;
        let mut watched = Watched::home(syncthing.home()).await;
        watched.connected().await;
        let mut recoveries = Vec::new();
        for _ in 0..series() {
            let served = syncthing.renew(how).await.to_string();
            let instance = watched
                .wait_for("connected under the new certificate", |instance| {
                    let link = &instance["link"];
                    link["state"] == "connected"
                        && link["trust"]["current"] == *served
                        && link["trust"]["pending"].is_null()
                })
                .await;
            assert_eq!(instance["link"]["trust"]["served"], *served);
            recoveries.push(instance["link"]["last_recovery_ms"].clone());
        }
        watched.assert_never_loud();
        let last = watched.seen.last().expect("a status");
        // Renewals of the file that were never served (the expiring pair) are no rotations.
        assert_eq!(
            last["instances"][0]["link"]["rotations"],
            json!(series()),
            "{:?}",
            watched.states()
        );
        eprintln!(
            "{} by {how:?}: {} rotations, recovery ms {recoveries:?}",
            binary.version,
            series()
        );
        assert_eq!(watched.stop().await, Some(0));
        assert!(
            !watched.log().contains("key-of-a-test"),
            "the key is in the log"
        );
    })
    .await;
}

#[tokio::test]
async fn by_restart() {
    rotate(Renewal::Process).await;
}

#[tokio::test]
async fn by_listener_restart() {
    rotate(Renewal::Listener).await;
}

#[tokio::test]
async fn a_replaced_file_waits_for_the_restart_even_across_a_restart_of_ours() {
    each_version(async |binary| {
        let mut syncthing = RealSyncthing::start(&binary, options()).await;
        let old = syncthing.served_fingerprint().await.to_string();
        let mut watched = Watched::home(syncthing.home()).await;
        watched.connected().await;

        let new = syncthing.put_certificate(400).to_string();
        let pending = |instance: &serde_json::Value| {
            let link = &instance["link"];
            link["state"] == "connected"
                && link["restart_pending"] == true
                && link["trust"]["current"] == *old
                && link["trust"]["pending"] == *new
        };
        watched.wait_for("restart pending", pending).await;

        watched.stop().await;
        watched.launch().await;
        watched
            .wait_for_news("restart pending again", pending)
            .await;

        // A state file that was destroyed costs the memory, not the program; the file on disk is then all there is.
        syncthing.restart().await;
        let after = watched
            .wait_for("the switch", |instance| {
                instance["link"]["state"] == "connected"
                    && instance["link"]["trust"]["current"] == *new
                    && instance["link"]["restart_pending"] == false
            })
            .await;
        assert_eq!(after["link"]["trust"]["pending"], json!(null));
        watched.assert_never_loud();
        let journal = watched.journal().await;
        assert!(
            journal
                .iter()
                .any(|entry| entry["kind"] == "rotated" && entry["to"] == *new)
        );
    })
    .await;
}

#[tokio::test]
async fn a_corrupt_state_file_is_survived() {
    each_version(async |binary| {
        let syncthing = RealSyncthing::start(&binary, options()).await;
        let mut watched = Watched::home(syncthing.home()).await;
        watched.connected().await;
        watched.stop().await;
        let state = watched.path(".local/state/syncwatch/state.json");
        assert!(state.exists(), "{}", watched.log());
        std::fs::write(&state, "{torn").expect("written");
        watched.launch().await;
        watched
            .wait_for_news("connected", |instance| {
                instance["link"]["state"] == "connected"
            })
            .await;
        watched.assert_never_loud();
        assert!(watched.log().contains("state.json"), "it is said");
    })
    .await;
}
