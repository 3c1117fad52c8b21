//! How it goes and comes back: told to quit, ended, killed, upgraded, with another certificate.

use rustix::process::Signal;
use syncwatch::core::{Class, JournalKind, LinkState};

use super::unread::{BOB_SAYS, mentions};
use crate::support::monitor::{Monitor, eventually};
use crate::support::watched::Watched;
use crate::support::weechat::{PASSWORD, Weechat};

fn watching(weechat: &Weechat) -> String {
    weechat.instance(&format!("password = \"{PASSWORD}\""))
}

/// The classes of the failures so far, without repeats.
fn failures(monitor: &Monitor) -> Vec<Class> {
    let mut classes: Vec<Class> = monitor
        .journal()
        .into_iter()
        .filter_map(|entry| match entry.kind {
            JournalKind::Failing { class, .. } => Some(class),
            _ => None,
        })
        .collect();
    classes.dedup();
    classes
}

/// Ends a WeeChat in some way, starts it again at once, and looks at what was made of it.
async fn comes_back(end: impl Fn(&Weechat), class: Class) {
    let Some(mut weechat) = Weechat::start(&[]).await else {
        return;
    };
    let mut monitor = Monitor::start(&watching(&weechat)).await;
    monitor.connected().await;
    end(&weechat);
    weechat.ended().await;
    monitor
        .until("it is missed", |instance| instance.link.failure.is_some())
        .await;
    let missed = &monitor.now().instances[0];
    assert_eq!(missed.link.state, LinkState::Reconnecting);
    assert!(missed.service.is_some(), "the last known state stays");
    weechat.launch().await;
    monitor.until_state(LinkState::Connected).await;
    assert_eq!(failures(&monitor).first(), Some(&class));
    assert!(monitor.told().is_empty(), "{:?}", monitor.told());
    assert_eq!(weechat.refused(), 0);
}

#[tokio::test]
async fn quit_by_its_user() {
    comes_back(|weechat| weechat.say("/quit"), Class::Quit).await;
}

#[tokio::test]
async fn ended_by_a_service_manager() {
    comes_back(|weechat| weechat.signal(Signal::TERM), Class::Quit).await;
}

#[tokio::test]
async fn killed() {
    comes_back(|weechat| weechat.signal(Signal::KILL), Class::Lost).await;
}

#[tokio::test]
async fn upgraded_in_its_place_nothing_is_shown_and_nothing_lost() {
    let Some(weechat) = Weechat::start(&["/buffer add chan", "/buffer core.weechat"]).await else {
        return;
    };
    weechat.say(&format!(
        "/print -buffer core.chan -tags notify_highlight {BOB_SAYS}hi"
    ));
    let mut monitor = Monitor::start(&watching(&weechat)).await;
    let one = monitor
        .until("a highlight", |one| mentions(one).len() == 1)
        .await;
    let before = mentions(&one);
    weechat.say("/upgrade");
    weechat.said("Upgrade done", 1).await;
    let failed = |monitor: &Monitor| failures(monitor).contains(&Class::Lost);
    eventually("it was missed", || failed(&monitor)).await;
    monitor.until_state(LinkState::Connected).await;
    weechat.say(&format!(
        "/print -buffer core.chan -tags notify_highlight {BOB_SAYS}again"
    ));
    let two = monitor
        .until("another one", |one| mentions(one).len() == 2)
        .await;
    // The first one is the same as before: it is not told again.
    assert!(mentions(&two).contains(&before[0]), "{:?}", mentions(&two));
    assert!(monitor.told().is_empty());
    assert!(!failures(&monitor).contains(&Class::Quit));
    eventually("one connection only", || weechat.connections() == 1).await;
}

#[tokio::test]
async fn away_for_long_it_is_told_once_and_so_is_its_return() {
    let Some(mut weechat) = Weechat::start(&[]).await else {
        return;
    };
    let patience = "[patience]\nquit = \"500ms\"\nrefused = \"500ms\"\nlost = \"500ms\"\n";
    let config = format!("{}{patience}", watching(&weechat));
    let mut watched = Watched::start(&config).await;
    watched.connected().await;
    weechat.say("/quit");
    weechat.ended().await;
    let told = watched
        .wait_for("disconnected", |one| one["link"]["state"] == "disconnected")
        .await;
    // Why it is away is still known when nobody listens any more.
    let failure = &told["link"]["failure"];
    assert_eq!(failure["class"], "quit", "{failure:#}");
    let message = failure["message"].as_str().unwrap_or_default();
    assert!(message.contains("WeeChat was quit"), "{message}");
    weechat.launch().await;
    watched.connected().await;
    let journal = watched.journal().await;
    let alerts = journal.iter().filter(|entry| entry["kind"] == "alert");
    assert_eq!(alerts.count(), 1, "{journal:#?}");
    let log = watched.log();
    let loud = |line: &&str| line.contains(" WARN ") || line.contains(" ERROR ");
    let tls: Vec<&str> = log
        .lines()
        .filter(loud)
        .filter(|line| line.contains("tls"))
        .collect();
    assert!(tls.is_empty(), "{tls:#?}");
}

#[tokio::test]
async fn another_certificate_is_met_in_silence() {
    let Some(mut weechat) = Weechat::start(&[]).await else {
        return;
    };
    let mut monitor = Monitor::start(&watching(&weechat)).await;
    let first = monitor.connected().await;
    let old = weechat.identity.pin();
    weechat.renew_certificate();
    let new = weechat.identity.pin();
    assert_ne!(old, new);
    // The file alone changes nothing on the wire: the live connection stays.
    monitor
        .until("the new one is known", |one| {
            one.link.trust.pending == Some(new)
        })
        .await;
    weechat.say("/relay tlscertkey");
    weechat
        .said("TLS certificate and key have been set", 2)
        .await;
    weechat.say("/buffer add later");
    let buffers = |count: f64| {
        move |one: &syncwatch::core::InstanceStatus| {
            let facts = one.service.iter().flat_map(|service| &service.facts);
            facts
                .into_iter()
                .any(|fact| fact.name == "buffers" && fact.number == Some(count))
        }
    };
    let same = monitor
        .until("the live connection tells it", buffers(2.0))
        .await;
    assert_eq!(same.link.trust.served, first.link.trust.served);
    assert_eq!(weechat.connections(), 1);
    assert!(failures(&monitor).is_empty());

    // The next connection is the first that meets the new one.
    weechat.say("/upgrade");
    weechat.said("Upgrade done", 1).await;
    let after = monitor
        .until("the new certificate", |one| {
            one.link.state == LinkState::Connected && one.link.trust.served == Some(new)
        })
        .await;
    assert_eq!(after.link.trust.current, Some(new));
    assert_eq!(after.link.rotations, 1);
    assert!(monitor.told().is_empty());
    assert_eq!(weechat.refused(), 0);
}
