//! Real rotations with a notification server and an open menu: nothing is seen of them. An impostor is seen, once.
//!
//! `SYNCWATCH_ROTATIONS=20` makes the series as long as one likes.

use std::time::Duration;

use crate::support::bus::{Session, until};
use crate::support::dbusmenu::{Item, Picture, Watcher};
use crate::support::notifications::{Notifications, Notified};
use crate::support::syncthing::{Binary, Options, RealSyncthing, Renewal};
use crate::support::tray::{Desk, watching};

use syncwatch::standin::{ImpostorKind, Standin};

fn series() -> usize {
    std::env::var("SYNCWATCH_ROTATIONS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(4)
}

/// Everything is up to date, and the icon has come to rest.
async fn settled(item: &Item) -> Vec<Picture> {
    item.wait_for("everything synced", |menu| {
        menu.at(&["Everything is synced"]).map(drop)
    })
    .await;
    let mut before = Vec::new();
    until("an icon that rests", async || {
        tokio::time::sleep(Duration::from_millis(1500)).await;
        let now = item.pictures().await;
        let rests = now == before;
        before.clone_from(&now);
        rests.then_some(now)
    })
    .await
}

#[tokio::test]
async fn rotations_are_not_seen_with_the_menu_open() {
    let (Some(session), Some(binary)) = (Session::start(), Binary::newest()) else {
        return;
    };
    let options = Options {
        folders: 2,
        ..Options::default()
    };
    let mut syncthing = RealSyncthing::start(&binary, options).await;
    let notifications = Notifications::start(session.connect().await).await;
    let _panel = Watcher::start(session.connect().await).await;
    let connection = session.connect().await;
    let desk = Desk::start(session, &watching(syncthing.home()));
    let item = desk.item(&connection).await;
    let pictures = settled(&item).await;

    item.about_to_show().await;
    // What opening brings up to date (the journal) is there within a few redraws.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let (revision, menu) = (item.revision().await, item.menu().await);
    let rescan = menu.enabled(&["Folder 0:", "Rescan"]).expect("an entry").id;
    item.forget_signals();
    let seen = item.watch_pictures();

    for number in 0..series() {
        let how = match number % 3 {
            0 => Renewal::Process,
            _ => Renewal::Listener,
        };
        let served = syncthing.renew(how).await.to_string();
        desk.wait_for_status("connected under the new certificate", |instance| {
            let link = &instance["link"];
            link["state"] == "connected"
                && link["trust"]["current"] == *served
                && link["trust"]["pending"].is_null()
        })
        .await;
        // The entry that was on the screen since before the first rotation is still what it was.
        let stats = async || syncthing.api_get("/rest/stats/folder").await["folder-0"].clone();
        let before = stats().await;
        until("clickable", async || {
            item.click_id(rescan).await;
            tokio::time::sleep(Duration::from_millis(100)).await;
            (stats().await != before).then_some(())
        })
        .await;
    }
    let icons = seen.all();
    let others = icons.iter().filter(|icon| **icon != pictures).count();
    let now = item.menu().await;
    let places = |menu: &crate::support::dbusmenu::Entry| {
        let all = menu
            .all()
            .into_iter()
            .map(|entry| (entry.id, entry.separator));
        all.collect::<Vec<_>>()
    };
    eprintln!(
        "    {} rotations; redrawn: {} times, new icons: {}, entries renumbered: {}, notices: {}",
        series(),
        item.count("ItemsPropertiesUpdated"),
        others,
        item.count("LayoutUpdated"),
        notifications.shown().len()
    );
    assert_eq!(others, 0, "an icon of something else");
    assert_eq!(item.count("NewStatus"), 0);
    assert_eq!(item.count("LayoutUpdated"), 0);
    assert_eq!(item.revision().await, revision);
    assert_eq!(places(&now), places(&menu), "the open menu lost its shape");
    assert_eq!(
        notifications.shown().len(),
        0,
        "{:#?}",
        notifications.shown()
    );
    assert_eq!(item.pictures().await, pictures);
}

fn is_alert(one: &Notified) -> bool {
    one.title.to_lowercase().contains("certificate")
        || one.body.to_lowercase().contains("certificate")
}

/// One alert, and nothing else, for what is at the port now.
async fn alerted(item: &Item, notifications: &Notifications, before: &[Picture]) -> Notified {
    let alert = notifications.wait_for("an alert", is_alert).await;
    item.wait_for("the alert", |menu| menu.at(&["Security alert"]).map(drop))
        .await;
    until("another icon", async || {
        (item.pictures().await != before).then_some(())
    })
    .await;
    assert_eq!(item.status().await, "NeedsAttention");
    item.assert_nothing_retyped();
    alert
}

#[tokio::test]
async fn an_impostor_is_told_of_once_and_can_be_accepted_by_hand() {
    let (Some(session), Some(binary)) = (Session::start(), Binary::newest()) else {
        return;
    };
    let mut syncthing = RealSyncthing::start(
        &binary,
        Options {
            folders: 1,
            ..Options::default()
        },
    )
    .await;
    let notifications = Notifications::start(session.connect().await).await;
    let _panel = Watcher::start(session.connect().await).await;
    let connection = session.connect().await;
    let key = session.path("key");
    std::fs::write(&key, syncthing.api_key()).unwrap();
    let config = format!(
        "[[instance]]\nname = \"laptop\"\nurl = \"{}\"\napi-key-file = {key:?}\ntrust = {{ fingerprint = [\"{}\"] }}\n[patience]\npin-mismatch = \"1s\"\n",
        syncthing.url(),
        syncthing.served_fingerprint().await
    );
    let desk = Desk::start(session, &config);
    let item = desk.item(&connection).await;
    let calm = settled(&item).await;

    // The same Syncthing with a certificate that nobody announced is as good as a stranger.
    syncthing.stop().await;
    let other = syncthing.put_certificate(400);
    syncthing.launch().await;
    let alert = alerted(&item, &notifications, &calm).await;
    eprintln!("    {}: {} {:?}", alert.title, alert.body, alert.actions);
    item.click(&[
        "The certificate is not trusted",
        "Accept this certificate",
        "Yes",
    ])
    .await;
    desk.wait_for_status("accepted", |instance| {
        instance["link"]["state"] == "connected"
            && instance["link"]["trust"]["current"] == other.to_string()
    })
    .await;
    until("the calm icon", async || {
        (item.pictures().await == calm).then_some(())
    })
    .await;
    let alerts = || notifications.shown().into_iter().filter(is_alert);
    assert_eq!(alerts().count(), 1, "{:#?}", notifications.shown());

    // Once more, accepted with the button of the notice.
    syncthing.stop().await;
    let other = syncthing.put_certificate(400).to_string();
    syncthing.launch().await;
    let alert = notifications
        .wait_for("another alert", |one| one.body.contains(&other))
        .await;
    notifications.press(&alert, "Accept").await;
    desk.wait_for_status("accepted", |instance| {
        instance["link"]["state"] == "connected" && instance["link"]["trust"]["current"] == other
    })
    .await;
    assert_eq!(alerts().count(), 2, "{:#?}", notifications.shown());
}

#[tokio::test]
async fn an_impostor_at_a_watched_file_is_told_of_once_and_forgotten() {
    let Some(session) = Session::start() else {
        return;
    };
    let server = Standin::start(syncwatch::standin::Options::default())
        .await
        .expect("a stand-in");
    let notifications = Notifications::start(session.connect().await).await;
    let _panel = Watcher::start(session.connect().await).await;
    let connection = session.connect().await;
    let config = format!(
        "{}[patience]\npin-mismatch = \"1s\"\n",
        watching(server.home().path())
    );
    let desk = Desk::start(session, &config);
    let item = desk.item(&connection).await;
    let calm = settled(&item).await;

    let takeover = server
        .impostor(ImpostorKind::OtherCertificate)
        .await
        .expect("an impostor");
    let alert = alerted(&item, &notifications, &calm).await;
    // What a file says is not for a click to change.
    let menu = item.menu().await;
    assert!(
        menu.enabled(&["The certificate is not trusted", "Accept this certificate"])
            .is_none(),
        "{menu}"
    );
    let report = takeover.stop().await.expect("the real one is back");
    assert_eq!(report.bytes, 0, "it was given something");
    desk.wait_for_status("connected", |it| it["link"]["state"] == "connected")
        .await;
    until("the calm icon", async || {
        (item.pictures().await == calm).then_some(())
    })
    .await;
    let shown = notifications.shown();
    assert_eq!(
        shown
            .iter()
            .filter(|one| one.id == alert.id && is_alert(one))
            .count(),
        1,
        "{shown:#?}"
    );
}
