//! An impostor where the certificate is read from a file: it is told of once, and cannot be accepted by a click.

use std::time::Duration;

use crate::support::bus::{Session, until};
use crate::support::dbusmenu::{Item, Picture, Watcher};
use crate::support::notifications::{Notifications, Notified};
use crate::support::tray::{Desk, watching};

use syncwatch::standin::{ImpostorKind, Standin};

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
