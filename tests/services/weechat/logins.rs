//! Who may log in, how, and how often it is tried.

use std::sync::Arc;

use syncwatch::core::kinds::weechat::WeechatSettings;
use syncwatch::core::{Class, Event, LinkState, Timestamp};
use syncwatch::engine::protocol::Ask;
use syncwatch::services::{self, Memory, Session};

use crate::support::monitor::{Monitor, short_patience};
use crate::support::tls_client::pinned;
use crate::support::tls_server::{ANY_TLS, Answer, Identity, Server};
use crate::support::watched::Watched;
use crate::support::weechat::{PASSWORD, Weechat};

#[tokio::test]
async fn each_way_to_send_a_password_is_taken() {
    let algorithms = "/set relay.network.password_hash_algo";
    for hash in [
        "plain",
        "sha256",
        "sha512",
        "pbkdf2+sha256",
        "pbkdf2+sha512",
    ] {
        let Some(weechat) = Weechat::start(&[&format!("{algorithms} {hash}")]).await else {
            return;
        };
        let config = weechat.instance(&format!("password = \"{PASSWORD}\""));
        let mut monitor = Monitor::start(&config).await;
        monitor.connected().await;
        assert_eq!(weechat.refused(), 0, "{hash}");
        monitor.stop().await;
    }
}

/// `GEZDGNBV` is "12345" in base32.
const TOTP: &str = "GEZDGNBVGY3TQOJQ";

/// Waits until it is told that the login is refused, and holds what it says against `words`.
async fn is_refused(monitor: &mut Monitor, words: &str) {
    let refused = monitor.until_state(LinkState::Unauthorized).await;
    let failure = refused.link.failure.as_ref().expect("a failure");
    assert_eq!(failure.class, Class::PasswordRefused);
    assert!(failure.message.contains(words), "{}", failure.message);
    // Nothing is planned.
    assert_eq!((failure.attempts, refused.link.next_attempt), (1, None));
}

#[tokio::test]
async fn a_wrong_password_is_tried_once_until_it_is_corrected() {
    let Some(weechat) = Weechat::start(&[]).await else {
        return;
    };
    let file = weechat.path("password");
    std::fs::write(&file, "wrong\n").expect("written");
    let mut monitor = Monitor::start(&weechat.instance(&format!("password-file = {file:?}"))).await;
    is_refused(&mut monitor, "the password is wrong").await;
    weechat.said("authentication failed", 1).await;
    assert_eq!(monitor.told_states(), [LinkState::Unauthorized]);

    // The user asks: that is one more.
    monitor.engine().ask(Ask::Retry { instance: None }).await;
    weechat.said("authentication failed", 2).await;
    let again = |one: &syncwatch::core::InstanceStatus| {
        one.link
            .failure
            .as_ref()
            .is_some_and(|failure| failure.attempts == 2)
    };
    monitor.until("refused again", again).await;

    std::fs::write(&file, PASSWORD).expect("written");
    monitor.connected().await;
    assert_eq!(weechat.refused(), 2);
}

#[tokio::test]
async fn no_password_is_none() {
    let Some(weechat) = Weechat::start(&[]).await else {
        return;
    };
    let mut monitor = Monitor::start(&weechat.instance("")).await;
    is_refused(&mut monitor, "none is set here").await;
    weechat.said("authentication failed", 1).await;
}

#[tokio::test]
async fn a_one_time_code_is_sent_where_it_is_asked_for() {
    let totp = format!("/set relay.network.totp_secret {TOTP}");
    let Some(weechat) = Weechat::start(&[&totp]).await else {
        return;
    };
    let password = format!("password = \"{PASSWORD}\"\n");
    let config = weechat.instance(&format!("{password}totp-secret = \"{TOTP}\""));
    let mut monitor = Monitor::start(&config).await;
    monitor.connected().await;
    assert_eq!(weechat.refused(), 0);

    monitor.write_config(&weechat.instance(&password));
    is_refused(&mut monitor, "no 'totp-secret' is set").await;
    monitor.write_config(&weechat.instance(&format!("{password}totp-secret = \"AAAABBBB\"")));
    let wrong = |one: &syncwatch::core::InstanceStatus| {
        let failure = one.link.failure.as_ref();
        failure.is_some_and(|failure| failure.message.contains("(TOTP) is wrong"))
    };
    monitor.until("a wrong code", wrong).await;
    weechat.said("authentication failed", 2).await;
    monitor.write_config(&config);
    monitor.connected().await;
    assert_eq!(weechat.refused(), 2);
}

#[tokio::test]
async fn a_clock_that_is_wrong_is_named() {
    let Some(weechat) = Weechat::start(&[]).await else {
        return;
    };
    let url = format!("https://127.0.0.1:{}", weechat.port);
    let client = pinned(&url, &[weechat.identity.pin()]);
    let (events, mut told) = tokio::sync::mpsc::unbounded_channel();
    let (_swap, clients) = tokio::sync::watch::channel(Arc::new(client));
    let session = Session {
        instance: "irc".into(),
        attempt: 1,
        clients,
        key: PASSWORD.into(),
        memory: Memory::default(),
        fresh: Default::default(),
        entry: Default::default(),
        teller: Default::default(),
        second: None,
        settings: Arc::new(WeechatSettings::default().into()),
        wall_clock: || Timestamp::from_secs(1_000_000_000),
        events,
    };
    services::run(session).await;
    let Some(Event::Failed { fault, .. }) = told.recv().await else {
        panic!("no failure");
    };
    assert_eq!(fault.class, Class::ClockSkew);
    weechat.said("authentication failed", 1).await;
}

/// Whether all is well, and what was said, on one line.
async fn check(watched: &Watched) -> (bool, String) {
    let report = watched.run(&["check"]).await;
    let text = String::from_utf8_lossy(&report.stdout).into_owned();
    let words: Vec<&str> = text.split_whitespace().collect();
    (report.status.success(), words.join(" "))
}

#[tokio::test]
async fn a_check_logs_in_once() {
    let Some(weechat) = Weechat::start(&[]).await else {
        return;
    };
    let watched = Watched::prepare(&weechat.instance(&format!("password = \"{PASSWORD}\"")));
    let (fine, text) = check(&watched).await;
    assert!(fine, "{text}");
    for words in [
        "the password goes as pbkdf2+sha512",
        "the password is accepted",
        "WeeChat 4.6",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert_eq!(weechat.refused(), 0);
    watched.write_config(&weechat.instance("password = \"wrong\""));
    let (fine, text) = check(&watched).await;
    assert!(!fine && text.contains("the password is wrong"), "{text}");
    weechat.said("authentication failed", 1).await;
}

#[tokio::test]
async fn somebody_else_at_the_port_gets_nothing() {
    let Some(weechat) = Weechat::start(&[]).await else {
        return;
    };
    let other = Identity::new("127.0.0.1");
    let impostor = Server::new(other.serves(ANY_TLS), Answer::reply("200 OK", "{}")).await;
    let config = weechat
        .instance(&format!("password = \"{PASSWORD}\""))
        .replace(
            &format!("https://127.0.0.1:{}", weechat.port),
            &impostor.url(),
        );
    let mut monitor = Monitor::start(&format!("{config}\n{}", short_patience())).await;
    let alert = monitor.until_state(LinkState::Untrusted).await;
    assert_eq!(alert.link.trust.served, Some(other.pin()));
    assert!(alert.service.is_none());
    assert_eq!(impostor.heard(), "", "not a byte of a request");
    assert_eq!(monitor.told_states(), [LinkState::Untrusted]);
}
