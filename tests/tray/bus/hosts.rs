//! Desktops that lack something: no bus, no panel yet, a panel or a bus that comes back, a second tray.

use crate::support::bus::{Session, until};
use crate::support::dbusmenu::{Item, Watcher, has_owner};
use crate::support::notifications::Notifications;
use crate::support::tray::{Desk, watching};

use syncwatch::standin::{Options, Standin};

async fn standin() -> Standin {
    Standin::start(Options::default())
        .await
        .expect("a stand-in")
}

/// Whether it was asked for a scan of that folder.
fn scanned(server: &Standin, folder: &str) -> Option<()> {
    let path = format!("/rest/db/scan?folder={folder}");
    let requests = server.requests();
    requests
        .iter()
        .any(|request| request.path == path)
        .then_some(())
}

async fn synced(item: &Item) {
    item.wait_for("the folders", |menu| menu.at(&["Photos:"]).map(drop))
        .await;
}

#[tokio::test]
async fn without_a_bus_it_goes_on_as_a_daemon_and_says_so_once() {
    if Session::start().is_none() {
        return;
    }
    let server = standin().await;
    let mut desk = Desk::start(Session::without_bus(), &watching(server.home().path()));
    desk.wait_for_status("connected", |it| it["link"]["state"] == "connected")
        .await;
    let said = until("it says so", async || {
        let log = desk.log();
        let said = log.lines().filter(|line| {
            !line.contains("DEBUG") && line.to_lowercase().contains("no desktop session")
        });
        let said: Vec<String> = said.map(str::to_owned).collect();
        (!said.is_empty()).then_some(said)
    })
    .await;
    assert_eq!(said.len(), 1, "{said:#?}");
    assert!(desk.process().is_running());

    // A bus that comes later is found.
    desk.session.launch_bus();
    let connection = desk.session.connect().await;
    synced(&desk.item(&connection).await).await;
    desk.process().signal(rustix::process::Signal::TERM);
    assert_eq!(desk.process().ended().await, Some(0));
}

#[tokio::test]
async fn panels_and_buses_come_and_go() {
    let Some(session) = Session::start() else {
        return;
    };
    let server = standin().await;
    let mut desk = Desk::start(session, &watching(server.home().path()));
    let connection = desk.session.connect().await;
    // It is there before any panel is.
    let item = desk.item(&connection).await;
    synced(&item).await;

    for _ in 0..2 {
        let mut watcher = Watcher::start(desk.session.connect().await).await;
        let item = desk.registered(&mut watcher, &connection).await;
        synced(&item).await;
        assert_eq!(watcher.items().len(), 1, "{:?}", watcher.items());
        watcher.close().await;
    }

    desk.session.kill_bus();
    desk.wait_for_status("still connected", |it| it["link"]["state"] == "connected")
        .await;
    desk.session.launch_bus();
    let connection = desk.session.connect().await;
    let mut watcher = Watcher::start(desk.session.connect().await).await;
    let item = desk.registered(&mut watcher, &connection).await;
    synced(&item).await;
    item.click(&["Photos:", "Rescan"]).await;
    until("the click arrived", async || scanned(&server, "photos")).await;
    assert!(desk.process().is_running());
}

#[tokio::test]
async fn a_second_tray_tells_the_first() {
    let Some(session) = Session::start() else {
        return;
    };
    let server = standin().await;
    let desk = Desk::start(session, &watching(server.home().path()));
    let connection = desk.session.connect().await;
    let notifications = Notifications::start(desk.session.connect().await).await;
    let item = desk.item(&connection).await;
    synced(&item).await;

    let second = desk.run(&["tray"]).await;
    assert_eq!(second.status.code(), Some(0), "{second:?}");
    let seen = notifications.wait_for("it shows itself", |_| true).await;
    eprintln!("    {}: {}", seen.title, seen.body);
    assert!(has_owner(&connection, item.name()).await);
    synced(&item).await;
}

#[tokio::test]
async fn a_desktop_without_a_tray_is_told_once_what_to_install() {
    let Some(mut session) = Session::start() else {
        return;
    };
    session
        .variables
        .push(("XDG_CURRENT_DESKTOP", "GNOME".to_owned()));
    let server = standin().await;
    let notifications = Notifications::start(session.connect().await).await;
    let mut desk = Desk::start(session, &watching(server.home().path()));
    let said = notifications.wait_for("what to install", |_| true).await;
    eprintln!("    {}: {}", said.title, said.body);
    assert!(said.body.contains("AppIndicator"), "{said:?}");

    // Watching goes on, and it is said again in the log alone.
    let lines = |desk: &Desk| {
        desk.log()
            .lines()
            .filter(|line| line.contains(&said.title))
            .count()
    };
    assert_eq!(lines(&desk), 1);
    desk.process().signal(rustix::process::Signal::TERM);
    assert_eq!(desk.process().ended().await, Some(0));
    desk.launch_again();
    desk.wait_for_status("connected", |it| it["link"]["state"] == "connected")
        .await;
    until("the log again", async || (lines(&desk) == 2).then_some(())).await;
    assert_eq!(notifications.shown().len(), 1);
}
