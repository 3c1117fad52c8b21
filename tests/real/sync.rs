//! Two real Syncthings that sync with each other, each watched by a daemon: what both publish is what their pages show.

use std::fs;

use crate::support::page::agree;
use crate::support::syncthing::{Options, RealSyncthing, each_version, noise};
use crate::support::watched::Watched;
use reqwest::Method;
use serde_json::{Value, json};

/// One of the two, with its daemon.
struct Side {
    syncthing: RealSyncthing,
    watched: Watched,
}

impl Side {
    async fn start(binary: &crate::support::syncthing::Binary) -> Self {
        let syncthing = RealSyncthing::start(binary, Options::default()).await;
        let watched = Watched::home(syncthing.home()).await;
        Self { syncthing, watched }
    }

    async fn agree(&mut self, when: &str) -> Value {
        agree(&mut self.watched, &self.syncthing, when).await
    }

    async fn wait_for(&mut self, what: &str, check: impl Fn(&Value) -> bool) -> Value {
        self.watched
            .wait_for(what, |instance| {
                instance["service"].is_object() && check(&instance["service"])
            })
            .await
    }
}

#[tokio::test]
async fn a_file_travels() {
    each_version(async |binary| {
        let mut one = Side::start(&binary).await;
        let mut two = Side::start(&binary).await;
        one.syncthing.connect(&two.syncthing).await;
        let now = one.agree("connected").await;
        assert_eq!(now["service"]["devices"][0]["state"], "unused-in-sync");
        one.syncthing.share_folder("shared", &two.syncthing).await;
        for side in [&mut one, &mut two] {
            let now = side.agree("sharing a folder").await;
            assert_eq!(now["service"]["devices"][0]["state"], "in-sync");
            assert_eq!(now["service"]["synced"], true);
        }

        // 1.19 counts nothing as needed by a device that has not told of a file of its own yet.
        let small = two.syncthing.folder_path("shared").join("small");
        fs::write(&small, "the first file").unwrap();
        two.syncthing.scan("shared").await;
        let copy = one.syncthing.folder_path("shared").join("small");
        one.syncthing
            .wait_until("the small file arrives", async |_| copy.exists())
            .await;
        for side in [&mut one, &mut two] {
            side.agree("a small file the other way").await;
        }

        let other = two.syncthing.device().to_owned();
        for (paused, state) in [(true, "paused"), (false, "in-sync")] {
            one.syncthing.pause_device(&other, paused).await;
            one.syncthing.wait_for_device(&other, !paused).await;
            let now = one.agree(state).await;
            assert_eq!(now["service"]["devices"][0]["state"], state);
        }

        // About eight seconds of traffic, so that rates are sampled twice.
        let limit = json!({ "maxSendKbps": 500, "limitBandwidthInLan": true });
        one.syncthing.api_patch("/rest/config/options", limit).await;
        let source = one.syncthing.folder_path("shared").join("big");
        fs::write(&source, noise(4_000_000)).unwrap();
        one.syncthing.scan("shared").await;

        let began = std::time::Instant::now();
        two.wait_for("syncing here", |service| {
            service["synced"] == false && service["folders"][0]["state"] == "syncing"
        })
        .await;
        one.wait_for("syncing there", |service| {
            service["synced"] == false && service["devices"][0]["state"] == "syncing"
        })
        .await;
        for (side, way) in [(&mut two, "in_bps"), (&mut one, "out_bps")] {
            let seen = |rates: &Value| rates[way].as_u64().unwrap() > 100_000;
            let now = side
                .wait_for("rates", |service| {
                    seen(&service["rates"]) && seen(&service["devices"][0]["rates"])
                })
                .await;
            eprintln!(
                "    {:>5} ms  {}",
                began.elapsed().as_millis(),
                now["service"]["rates"]
            );
        }
        for side in [&mut two, &mut one] {
            side.wait_for("synced", |service| {
                service["synced"] == true && service["rates"] == json!({"in_bps": 0, "out_bps": 0})
            })
            .await;
            side.agree("the file arrived").await;
        }
        let copy = two.syncthing.folder_path("shared").join("big");
        assert_eq!(fs::read(copy).unwrap(), fs::read(source).unwrap());
        assert!(percents(&one.watched, "devices").len() > 1);
        assert!(percents(&two.watched, "folders").len() > 1);
        let now = two.agree("at the end").await;
        assert_eq!(now["service"]["folders"][0]["last_file"], "big");

        two.syncthing.kill().await;
        one.syncthing.wait_for_device(&other, false).await;
        let now = one.agree("the other is gone").await;
        let device = &now["service"]["devices"][0];
        assert_eq!(device["state"], "disconnected");
        assert!(device["last_seen"].is_string() && device["address"].is_null());
        assert_eq!(now["service"]["synced"], true, "as far as can be told");
        one.watched.assert_never_loud();
    })
    .await;
}

#[tokio::test]
async fn a_device_and_a_folder_introduce_themselves() {
    each_version(async |binary| {
        let mut one = Side::start(&binary).await;
        let mut two = RealSyncthing::start(&binary, Options::default()).await;
        let id = two.device().to_owned();
        two.add_device(&one.syncthing).await;
        let now = one
            .wait_for("a pending device", |it| it["pending_devices"] != json!([]))
            .await;
        assert_eq!(now["service"]["pending_devices"][0]["id"], *id);
        one.agree("a pending device").await;

        // It would ask again at once.
        two.stop().await;
        let path = format!("/rest/cluster/pending/devices?device={id}");
        one.syncthing
            .api(Method::DELETE, &path, None)
            .await
            .unwrap();
        let now = one.agree("dismissed").await;
        assert_eq!(now["service"]["pending_devices"], json!([]));

        two.launch().await;
        one.wait_for("again", |it| it["pending_devices"] != json!([]))
            .await;
        one.syncthing.add_device(&two).await;
        one.syncthing.wait_for_device(&id, true).await;
        let now = one.agree("accepted").await;
        assert_eq!(now["service"]["pending_devices"], json!([]));

        for name in ["dismissed", "accepted"] {
            two.put_folder(name, &[one.syncthing.device()]).await;
            let now = one
                .wait_for("a pending folder", |it| it["pending_folders"] != json!([]))
                .await;
            assert_eq!(now["service"]["pending_folders"][0]["id"], name);
            assert_eq!(now["service"]["pending_folders"][0]["offered_by"], *id);
            one.agree("a pending folder").await;
            if name == "accepted" {
                one.syncthing.put_folder(name, &[&id]).await;
                one.syncthing.wait_for_folder(name, "idle").await;
            } else {
                let path = format!("/rest/cluster/pending/folders?device={id}&folder={name}");
                one.syncthing
                    .api(Method::DELETE, &path, None)
                    .await
                    .unwrap();
                let path = format!("/rest/config/folders/{name}");
                one.agree("dismissed").await;
                two.api(Method::DELETE, &path, None).await.unwrap();
            }
            let now = one.agree(name).await;
            assert_eq!(now["service"]["pending_folders"], json!([]));
        }
        one.watched.assert_never_loud();
    })
    .await;
}

#[tokio::test]
async fn items_that_cannot_be_synced() {
    each_version(async |binary| {
        let one = RealSyncthing::start(&binary, Options::default()).await;
        let mut two = Side::start(&binary).await;
        one.connect(&two.syncthing).await;
        one.share_folder("shared", &two.syncthing).await;
        let (here, there) = (
            one.folder_path("shared"),
            two.syncthing.folder_path("shared"),
        );
        fs::create_dir(here.join("sub")).unwrap();
        one.scan("shared").await;
        let arrived = there.join("sub");
        one.wait_until("it arrives", async |_| arrived.exists())
            .await;

        // A directory with an ignored file in it cannot be deleted.
        let ignore = json!({ "ignore": ["kept"] });
        let path = "/rest/db/ignores?folder=shared";
        two.syncthing.api_post(path, Some(ignore)).await;
        fs::write(arrived.join("kept"), "ignored").unwrap();
        fs::remove_dir(here.join("sub")).unwrap();
        one.scan("shared").await;
        two.wait_for("a failed item", |service| {
            service["folders"][0]["failed_items"] == 1 && service["synced"] == false
        })
        .await;
        let now = two.agree("a failed item").await;
        // Something is still needed, which comes first on the page.
        assert_eq!(now["service"]["folders"][0]["state"], "out-of-sync");
        assert_eq!(now["service"]["folders"][0]["percent"], 95);
        // The reason stands beside the figure, and on the list of what needs a look.
        let reason = &now["service"]["folders"][0]["failures"][0]["reason"];
        assert!(reason.as_str().unwrap().contains("ignored files"), "{now}");
        let listed = now["attention"].as_array().unwrap();
        let failed = listed.iter().find(|one| one["what"] == "failed-items");
        let message = failed.unwrap()["message"].as_str().unwrap();
        assert!(message.contains("ignored files"), "{message}");

        fs::remove_file(arrived.join("kept")).unwrap();
        // It would try again after a minute; a folder that is resumed does so at once.
        for paused in [true, false] {
            two.syncthing.pause_folder("shared", paused).await;
        }
        two.wait_for("no failed item", |service| {
            service["folders"][0]["failed_items"] == 0 && service["synced"] == true
        })
        .await;
        two.agree("mended").await;
        two.watched.assert_never_loud();
    })
    .await;
}

/// The different percentages that were published of the first entry of a list.
fn percents(watched: &Watched, list: &str) -> Vec<u64> {
    let seen = watched.seen.iter();
    let mut percents: Vec<u64> = seen
        .filter_map(|status| status["instances"][0]["service"][list][0]["percent"].as_u64())
        .collect();
    percents.dedup();
    eprintln!("    percentages of {list}: {percents:?}");
    percents
}
