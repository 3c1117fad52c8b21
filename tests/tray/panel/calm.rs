//! Real rotations below an open menu, on a real panel with a real notification daemon: nothing is seen of them. An
//! impostor is seen, once, and is accepted where it is shown.
//!
//! `SYNCWATCH_ROTATIONS=20` makes the series as long as one likes.

use syncwatch::view::icon::Icon;

use super::{DARK, IMPATIENT, Scene, pinned};
use crate::support::bus::{Session, until};
use crate::support::dbusmenu::Entry;
use crate::support::notifications::Notified;
use crate::support::notifyd::NotificationDaemon;
use crate::support::panel::{colours, difference, possible};
use crate::support::syncthing::{Binary, Options, RealSyncthing, Renewal};
use crate::support::tray::watching;

fn series() -> usize {
    let number = std::env::var("SYNCWATCH_ROTATIONS").ok();
    number.and_then(|text| text.parse().ok()).unwrap_or(3)
}

#[tokio::test]
async fn rotations_are_not_seen_below_an_open_menu_and_an_impostor_is() {
    let installed = possible() && NotificationDaemon::possible();
    let Some(binary) = Binary::newest().filter(|_| installed) else {
        return;
    };
    let options = Options {
        folders: 2,
        ..Options::default()
    };
    let mut syncthing = RealSyncthing::start(&binary, options).await;
    let mut session = Session::start().expect("a bus");
    let key = syncthing.api_key().to_owned();
    session.variables.push(("KEY", key));
    let mut scene = Scene::start(session, DARK, &watching(syncthing.home())).await;
    let daemon = NotificationDaemon::start(&scene.desk.session, &scene.panel).await;
    scene.shows(Icon::UpToDate).await;

    rotate(&scene, &daemon, &mut syncthing).await;

    // From now on the user says what is trusted.
    let config = pinned(&syncthing).await + IMPATIENT + "[tray]\ntheme = \"dark\"\n";
    std::fs::write(scene.desk.session.path("config.toml"), config).unwrap();
    scene
        .desk
        .wait_for_status("pinned by hand", |it| {
            it["link"]["trust"]["mode"] == "fingerprint" && it["link"]["state"] == "connected"
        })
        .await;
    assert_eq!(daemon.asked().len(), 0, "{:#?}", daemon.asked());
    accept_in_the_menu(&mut scene, &daemon, &mut syncthing).await;
    accept_in_the_notice(&mut scene, &daemon, &mut syncthing).await;

    // A panel that is killed and comes again gets the icon and the menu back.
    scene.panel.kill();
    scene.panel.launch(&scene.desk.session);
    scene.panel.wait_for_icon().await;
    scene.panel.open_menu().await;
    scene.panel.close_menu().await;
}

/// A series of rotations below the open menu, on film; then what was on the screen all the time is clicked.
async fn rotate(scene: &Scene, daemon: &NotificationDaemon, syncthing: &mut RealSyncthing) {
    let (panel, item) = (&scene.panel, &scene.item);
    panel.open_menu().await;
    let area = panel.menus_area();
    let open = panel.menus();
    let before = panel.resting(area).await;
    assert!(colours(&before) > 16, "a blank menu");
    panel.screenshot("calm-before", Some(area));
    let (revision, menu) = (item.revision().await, item.menu().await);
    item.forget_signals();
    let icons = item.watch_pictures();
    let icon = item.pictures().await;
    let film = panel.film(area);
    for number in 0..series() {
        let how = match number % 3 {
            0 => Renewal::Process,
            _ => Renewal::Listener,
        };
        let served = syncthing.renew(how).await.to_string();
        scene
            .desk
            .wait_for_status("connected under the new certificate", |instance| {
                let link = &instance["link"];
                link["state"] == "connected"
                    && link["trust"]["current"] == *served
                    && link["trust"]["pending"].is_null()
            })
            .await;
    }
    // A folder that was scanned anew at the start of a process says so for a moment.
    until("the menu as it was", async || {
        (panel.pixels(area) == before).then_some(())
    })
    .await;
    let (taken, pictures) = film.take_out();
    panel.screenshot("calm-after", Some(area));
    let others = pictures.iter().filter(|picture| **picture != before);
    let changes: Vec<usize> = others.map(|picture| difference(&before, picture)).collect();
    eprintln!(
        "    {} rotations; {taken} pictures of the open menu, pixels that changed in some: {changes:?}; entries redrawn: {} times",
        series(),
        item.count("ItemsPropertiesUpdated"),
    );
    let seen = icons.all();
    assert!(
        seen.iter().all(|other| *other == icon),
        "an icon of something else"
    );
    for signal in ["NewStatus", "LayoutUpdated"] {
        assert_eq!(item.count(signal), 0, "{signal}");
    }
    assert_eq!(item.revision().await, revision);
    assert_eq!(
        places(&item.menu().await),
        places(&menu),
        "the open menu lost its shape"
    );
    assert_eq!(panel.menus(), open, "the open menu is another");
    let told = daemon.asked();
    assert!(
        told.is_empty() && daemon.shown(panel).is_empty(),
        "{told:#?}"
    );
    assert_eq!(
        changes,
        Vec::<usize>::new(),
        "the open menu was seen to change"
    );

    let stats = async || syncthing.api_get("/rest/stats/folder").await["folder-0"].clone();
    let scanned = stats().await;
    panel.click_entry(&menu, "Rescan all folders").await;
    until("a new scan", async || {
        (stats().await != scanned).then_some(())
    })
    .await;
    until("a closed menu", async || {
        panel.menus().is_empty().then_some(())
    })
    .await;
}

/// The same Syncthing with a certificate that nobody announced is as good as a stranger. Accepted through the menu.
async fn accept_in_the_menu(
    scene: &mut Scene,
    daemon: &NotificationDaemon,
    syncthing: &mut RealSyncthing,
) {
    let other = appear_as_a_stranger(syncthing).await;
    scene.shows(Icon::Error).await;
    let panel = &scene.panel;
    assert!(
        red(&panel.pixels(panel.icon_area())) > 12,
        "the icon is not red"
    );
    daemon.wait_for_shown(panel, 1).await;
    panel.screenshot("impostor", None);
    assert_eq!(scene.item.status().await, "NeedsAttention");
    let alerts = alerts(daemon);
    assert_eq!(alerts.len(), 1, "{alerts:#?}");
    eprintln!(
        "    {}: {} {:?}",
        alerts[0].title, alerts[0].body, alerts[0].actions
    );

    panel.open_menu().await;
    let menu = scene.item.menu().await;
    let path = ["The certificate is not trusted", "Accept this certificate"];
    panel.open_submenu(&menu, &path).await;
    panel.resting(panel.menus_area()).await;
    panel.screenshot("impostor-menu", Some(panel.menus_area()));
    // The only choice there is chosen already.
    panel.press("Return");
    accepted(scene, &other).await;
    daemon.wait_for_shown(&scene.panel, 0).await;
    scene.shows(Icon::UpToDate).await;
    let said = daemon.asked();
    assert_eq!(alerts_of(&said).len(), 1, "{said:#?}");
}

/// Once more, accepted with the button of the notice.
async fn accept_in_the_notice(
    scene: &mut Scene,
    daemon: &NotificationDaemon,
    syncthing: &mut RealSyncthing,
) {
    let other = appear_as_a_stranger(syncthing).await;
    scene.shows(Icon::Error).await;
    let notices = daemon.wait_for_shown(&scene.panel, 1).await;
    scene.panel.click(scene.panel.first_button(notices[0]));
    accepted(scene, &other).await;
    daemon.wait_for_shown(&scene.panel, 0).await;
    scene.shows(Icon::UpToDate).await;
    let said = daemon.asked();
    assert_eq!(alerts_of(&said).len(), 2, "{said:#?}");
}

async fn appear_as_a_stranger(syncthing: &mut RealSyncthing) -> String {
    syncthing.stop().await;
    let other = syncthing.put_certificate(400).to_string();
    syncthing.launch().await;
    other
}

async fn accepted(scene: &Scene, other: &str) {
    scene
        .desk
        .wait_for_status("accepted", |instance| {
            let link = &instance["link"];
            link["state"] == "connected" && link["trust"]["current"] == *other
        })
        .await;
}

fn alerts(daemon: &NotificationDaemon) -> Vec<Notified> {
    alerts_of(&daemon.asked())
}

fn alerts_of(said: &[Notified]) -> Vec<Notified> {
    let alerts = said.iter().filter(|one| one.body.contains("sha256:"));
    alerts.cloned().collect()
}

/// The number and kind of every entry, in their order.
fn places(menu: &Entry) -> Vec<(i32, bool)> {
    let all = menu.all().into_iter();
    all.map(|entry| (entry.id, entry.separator)).collect()
}

/// How many pixels are red.
fn red(pixels: &[u8]) -> usize {
    let pixels = pixels.chunks_exact(3);
    pixels
        .filter(|it| it[0] > 180 && it[1] < 130 && it[2] < 130)
        .count()
}
