//! Two Syncthings: what is done to all, and to one that is away or shows another certificate.

use serde_json::Value;

use super::{EVERYTHING, PAUSES, assert_ends};
use crate::support::bus::{Session, until};
use crate::support::clicks::{Kinds, clicked};
use crate::support::dbusmenu::Item;
use crate::support::syncthing::{Binary, Options, RealSyncthing};
use crate::support::tray::{Desk, watching};

const FOLDER: &str = "/rest/config/folders/folder-0";

pub(super) async fn scene(binary: &Binary) -> Kinds {
    let session = Session::start().expect("a bus");
    let options = || Options {
        folders: 1,
        ..Options::default()
    };
    let (laptop, mut nas) = tokio::join!(
        RealSyncthing::start(binary, options()),
        RealSyncthing::start(binary, options())
    );
    let key = session.path("key");
    std::fs::write(&key, nas.api_key()).unwrap();
    let config = format!(
        "{}[[instance]]\nname = \"nas\"\nurl = \"{}\"\napi-key-file = {key:?}\ntrust = {{ fingerprint = [\"{}\"] }}\n{EVERYTHING}",
        watching(laptop.home()),
        nas.url(),
        nas.served_fingerprint().await
    );
    let connection = session.connect().await;
    let desk = Desk::start(session, &config);
    let item = desk.item(&connection).await;
    for name in ["laptop:", "nas:"] {
        item.wait_for_entry(&[name, "Folder 0:", "Rescan"]).await;
    }
    pause_everything(&desk, &item, [&laptop, &nas]).await;

    nas.stop().await;
    for path in [["Try again now"].as_slice(), &["nas:", "Try again now"]] {
        tried_at_once(&desk, &item, path).await;
    }
    let other = nas.put_certificate(400).to_string();
    nas.launch().await;
    let accept = ["The certificate is not trusted", "Accept", "Yes"];
    item.click(&[["nas:"].as_slice(), &accept].concat()).await;
    until("accepted", async || {
        let link = &instance(&desk, "nas").await?["link"];
        let accepted = link["state"] == "connected" && link["trust"]["current"] == other;
        accepted.then_some(())
    })
    .await;
    clicked(&desk.log())
}

/// Both are paused for a time, and both go on.
async fn pause_everything(desk: &Desk, item: &Item, both: [&RealSyncthing; 2]) {
    let are = async |paused: bool| {
        for syncthing in both {
            until("paused, or not", async || {
                let folder = syncthing.api_get(FOLDER).await;
                (folder["paused"] == paused).then_some(())
            })
            .await;
        }
    };
    for (words, pause) in PAUSES {
        let asked = jiff::Zoned::now();
        item.click(&["Pause everything", words]).await;
        are(true).await;
        for name in ["laptop", "nas"] {
            let hold = until("held", async || {
                let instance = instance(desk, name).await?;
                instance["holds"].get(0).cloned()
            });
            assert_ends(&hold.await, pause, &asked);
        }
        item.click(&["Resume everything"]).await;
        are(false).await;
        item.wait_for("nothing to resume", |menu| {
            menu.at(&["Resume everything"]).is_none().then_some(())
        })
        .await;
    }
}

/// Clicks, and waits for an attempt that was not due yet.
async fn tried_at_once(desk: &Desk, item: &Item, path: &[&str]) {
    let link = async || Some(instance(desk, "nas").await?["link"].clone());
    let attempts = |link: &Value| link["failure"]["attempts"].as_u64();
    until("another attempt at once", async || {
        let before = link().await?;
        let due: jiff::Timestamp = before["next_attempt"].as_str()?.parse().ok()?;
        let count = attempts(&before)?;
        // The waits grow; a short one would be over before the click is known.
        let far = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(2);
        if due < far {
            return None;
        }
        item.click(path).await;
        until("another attempt", async || {
            (attempts(&link().await?)? > count).then_some(())
        })
        .await;
        // Where it was due meanwhile, nothing is known.
        (jiff::Timestamp::now() < due).then_some(())
    })
    .await;
}

async fn instance(desk: &Desk, name: &str) -> Option<Value> {
    let status = desk.status().await?;
    let instances = status["instances"].as_array()?;
    instances.iter().find(|it| it["name"] == name).cloned()
}
