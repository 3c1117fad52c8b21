//! Somebody else at the port, in every state of the link: nothing is sent, it stays quiet within patience, then there is
//! one alert, and the real server is found again without help.

use crate::support::monitor::{Monitor, PATIENCE, waiting, watching};
use futures_util::future::join_all;
use secrecy::ExposeSecret;
use syncwatch::core::{Class, InstanceStatus, LinkState};
use syncwatch::standin::{ImpostorKind, Options, Report, Standin, Takeover};

/// In which state of the link the impostor comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum When {
    Starting,
    Connected,
    RestartPending,
    Rotating,
    Reconnecting,
    Disconnected,
    Untrusted,
}

const QUIET: [When; 5] = [
    When::Starting,
    When::Connected,
    When::RestartPending,
    When::Rotating,
    When::Reconnecting,
];

async fn standin() -> Standin {
    Standin::start(Options::default())
        .await
        .expect("a stand-in")
}

/// Brings an engine into a state, and then the impostor to the port.
async fn meet(server: &Standin, when: When, kind: ImpostorKind) -> (Monitor, Takeover) {
    let home = server.home();
    let config = match when {
        When::Disconnected => watching(home.path()),
        _ => waiting(home.path()),
    };
    if when == When::Starting {
        let takeover = server.impostor(kind).await.expect("an impostor");
        return (Monitor::start(&config).await, takeover);
    }
    let mut monitor = Monitor::start(&config).await;
    monitor.connected().await;
    match when {
        When::Starting | When::Connected => {}
        When::RestartPending => {
            server.replace_file_only().await.expect("replaced");
            monitor
                .until("restart pending", |instance| instance.link.restart_pending)
                .await;
        }
        When::Rotating => {
            server.replace_file_only().await.expect("replaced");
            monitor
                .until("restart pending", |instance| instance.link.restart_pending)
                .await;
            server.kill().await;
            monitor.until_state(LinkState::Rotating).await;
        }
        When::Reconnecting => {
            server.kill().await;
            monitor.until_state(LinkState::Reconnecting).await;
        }
        When::Disconnected => {
            server.kill().await;
            monitor.until_state(LinkState::Disconnected).await;
        }
        When::Untrusted => {
            server
                .impostor(ImpostorKind::OtherCertificate)
                .await
                .expect("an impostor");
            monitor.until_state(LinkState::Untrusted).await;
        }
    }
    let takeover = server.impostor(kind).await.expect("an impostor");
    (monitor, takeover)
}

fn assert_no_key(server: &Standin, report: &Report, when: When) {
    let key = server.api_key();
    assert!(
        !report.contains(key.expose_secret().as_bytes()),
        "{when:?}: the key went out"
    );
}

fn class_of(instance: &InstanceStatus) -> Option<Class> {
    instance.link.failure.as_ref().map(|failure| failure.class)
}

/// The whole story of one impostor who speaks TLS.
async fn refused(when: When, kind: ImpostorKind) {
    let server = standin().await;
    let pinned = server.fingerprint();
    let (mut monitor, takeover) = meet(&server, when, kind).await;
    let shown = takeover.fingerprint().expect("it shows a certificate");
    let class = match kind {
        ImpostorKind::ReplayedCertificate => Class::BadSignature,
        _ => Class::PinMismatch,
    };
    let instance = monitor
        .until("untrusted", |instance| {
            let served = instance.link.trust.served.map(|served| served.to_string());
            instance.link.state == LinkState::Untrusted
                && class_of(instance) == Some(class)
                && served.as_deref() == Some(&shown)
        })
        .await;
    let failure = instance.link.failure.clone().expect("a failure");
    if QUIET.contains(&when) && class == Class::PinMismatch {
        let hidden = instance.link.since.since(failure.since);
        assert!(hidden >= PATIENCE, "{when:?}: shown after {hidden:?}");
    }
    assert!(!failure.message.is_empty() && !failure.hint.is_empty());
    let alerts = monitor.told();
    let untrusted: Vec<_> = alerts
        .iter()
        .filter(|alert| alert.state == LinkState::Untrusted)
        .collect();
    assert_eq!(untrusted.len(), 1, "{when:?}: {alerts:?}");
    let alert = untrusted[0];
    if when != When::Untrusted {
        let served = alert.served.map(|served| served.to_string());
        assert_eq!(served.as_deref(), Some(shown.as_str()), "{when:?}");
    }
    let named = alert.pinned.map(|pinned| pinned.to_string());
    let file = instance.link.trust.current.map(|pin| pin.to_string());
    assert!(
        named == Some(pinned) || named == file,
        "{when:?}: {named:?}"
    );
    // Sessions that go on failing add no second alert.
    let attempts = failure.attempts;
    monitor
        .until("more attempts", |instance| {
            let failure = instance.link.failure.as_ref();
            failure.is_some_and(|failure| failure.attempts >= attempts + 3)
        })
        .await;
    let report = takeover.stop().await.expect("the real one is back");
    assert_eq!(report.bytes, 0, "{when:?}: {report:?}");
    assert_eq!(report.handshakes, 0, "{when:?}: {report:?}");
    assert!(report.refused > 0, "{when:?}: it was never tried");
    assert_no_key(&server, &report, when);
    let instance = monitor.connected().await;
    assert_eq!(
        instance.link.trust.served.map(|served| served.to_string()),
        Some(server.fingerprint())
    );
    assert!(instance.link.failure.is_none());
    back(&mut monitor, when).await;
}

/// One notice of the end, whenever it comes (an unsteady link is told later), and nothing after it.
async fn back(monitor: &mut Monitor, when: When) {
    if monitor.told_states().last() != Some(&LinkState::Connected) {
        monitor.next_alert().await;
    }
    let states = monitor.told_states();
    let mut expected = vec![LinkState::Untrusted, LinkState::Connected];
    if when == When::Disconnected {
        expected.insert(0, LinkState::Disconnected);
    }
    assert_eq!(states, expected, "{when:?}");
}

/// All at once: most of their time is waiting.
async fn in_every_state(kind: ImpostorKind) {
    let states = QUIET
        .into_iter()
        .chain([When::Disconnected, When::Untrusted]);
    join_all(states.map(|when| refused(when, kind))).await;
}

#[tokio::test]
async fn another_certificate_is_refused_in_every_state() {
    in_every_state(ImpostorKind::OtherCertificate).await;
}

#[tokio::test]
async fn a_replayed_certificate_is_refused_in_every_state() {
    in_every_state(ImpostorKind::ReplayedCertificate).await;
}

/// Syncthing 2 upgrades its database and answers in plain text meanwhile.
async fn plain_text(when: When) {
    let server = standin().await;
    let (mut monitor, takeover) = meet(&server, when, ImpostorKind::PlainHttp).await;
    let instance = monitor
        .until("misconfigured", |instance| {
            instance.link.state == LinkState::Misconfigured
                && class_of(instance) == Some(Class::NotTls)
        })
        .await;
    let failure = instance.link.failure.clone().expect("a failure");
    assert!(failure.message.contains("Nothing was sent"), "{failure:?}");
    assert!(
        failure.hint.contains("upgrades its database"),
        "{failure:?}"
    );
    assert!(!format!("{failure:?}").contains("key"), "{failure:?}");
    if QUIET.contains(&when) {
        let hidden = instance.link.since.since(failure.since);
        assert!(hidden >= PATIENCE, "{when:?}: shown after {hidden:?}");
    }
    let report = takeover.stop().await.expect("the real one is back");
    assert_no_key(&server, &report, when);
    assert!(
        !report.contains(b"GET "),
        "{when:?}: a request in the clear"
    );
    monitor.connected().await;
}

#[tokio::test]
async fn plain_text_is_named_for_what_it_may_be_in_every_state() {
    let states = QUIET.into_iter().chain([When::Disconnected]);
    join_all(states.map(plain_text)).await;
}

/// A peer that accepts and says nothing costs a connect timeout; the key stays here.
async fn silence(when: When) {
    let server = standin().await;
    let (mut monitor, takeover) = meet(&server, when, ImpostorKind::Silent).await;
    monitor
        .until("disconnected", |instance| {
            instance.link.state == LinkState::Disconnected
                && class_of(instance) == Some(Class::ConnectTimeout)
        })
        .await;
    let report = takeover.stop().await.expect("the real one is back");
    assert_no_key(&server, &report, when);
    monitor.connected().await;
}

#[tokio::test]
async fn silence_gets_no_key_in_any_state() {
    let states = QUIET.into_iter().chain([When::Disconnected]);
    join_all(states.map(silence)).await;
}

/// The pair that was served before a rotation, key and all, in the hands of somebody else.
#[tokio::test]
async fn a_retired_certificate_is_refused_with_its_own_key() {
    let server = standin().await;
    let port = server.address().port();
    let mut monitor = Monitor::home(server.home().path()).await;
    monitor.connected().await;
    let stolen = tempfile::tempdir().expect("a directory");
    for file in ["https-cert.pem", "https-key.pem"] {
        std::fs::copy(server.home().path().join(file), stolen.path().join(file)).expect("copied");
    }
    let retired = server.fingerprint();
    server.rotate_in_process().await.expect("rotated");
    let current = server.fingerprint();
    monitor
        .until("the new certificate", |instance| {
            let current_pin = instance.link.trust.current.map(|pin| pin.to_string());
            instance.link.state == LinkState::Connected
                && current_pin.as_deref() == Some(&current)
                && instance.link.trust.pending.is_none()
        })
        .await;
    server.stop().await;
    let thief = Standin::start(Options {
        home: Some(stolen.path().to_owned()),
        port: Some(port),
        api_key: Some(server.api_key()),
        ..Options::default()
    })
    .await
    .expect("a thief");
    assert_eq!(thief.fingerprint(), retired);
    let instance = monitor.until_state(LinkState::Untrusted).await;
    let served = instance.link.trust.served.map(|served| served.to_string());
    assert_eq!(served, Some(retired));
    assert!(thief.requests().is_empty(), "{:?}", thief.requests());
    thief.stop().await;
    drop(thief);
    server.start_process(false).await.expect("back");
    monitor.connected().await;
}

/// The engine that starts while an impostor holds the port never learns its certificate, also not by a restart.
#[tokio::test]
async fn a_restart_of_the_engine_does_not_make_an_impostor_known() {
    let server = standin().await;
    let takeover = server
        .impostor(ImpostorKind::OtherCertificate)
        .await
        .expect("an impostor");
    let mut monitor = Monitor::start(&watching(server.home().path())).await;
    monitor.until_state(LinkState::Untrusted).await;
    monitor.start_again().await;
    monitor.until_state(LinkState::Untrusted).await;
    let report = takeover.stop().await.expect("the real one is back");
    assert_eq!((report.bytes, report.handshakes), (0, 0), "{report:?}");
    monitor.connected().await;
}

/// A short visit is never heard of, but it is on record.
#[tokio::test]
async fn an_impostor_within_patience_stays_in_the_journal() {
    let server = standin().await;
    let mut monitor = Monitor::patient(server.home().path()).await;
    monitor.connected().await;
    let takeover = server
        .impostor(ImpostorKind::OtherCertificate)
        .await
        .expect("an impostor");
    monitor
        .until("a mismatch", |instance| {
            class_of(instance) == Some(Class::PinMismatch)
        })
        .await;
    let shown = takeover.fingerprint().expect("it shows a certificate");
    let report = takeover.stop().await.expect("the real one is back");
    assert_eq!(report.bytes, 0);
    let instance = monitor.connected().await;
    assert!(instance.link.hidden_failures > 0);
    assert_eq!(monitor.told(), []);
    let journal = monitor.journal_text();
    assert!(
        journal.contains("pin-mismatch") && journal.contains(&shown),
        "{journal}"
    );
    assert!(instance.link.last_recovery_ms.is_some());
}
