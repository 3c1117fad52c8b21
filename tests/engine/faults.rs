//! The table of failures from end to end: a rude server, and what the engine makes of it: the class, whether it is hidden
//! at first, what is said, how often it knocks, and how it recovers by itself.

use std::time::Duration;

use crate::support::monitor::{Monitor, PATIENCE, eventually, is_polled, short_patience, watching};
use futures_util::future::join_all;
use secrecy::{ExposeSecret, SecretString};
use syncwatch::core::failure::Retry;
use syncwatch::core::{Class, JournalKind, LinkState};
use syncwatch::engine::protocol::{Answer as Said, Ask};
use syncwatch::standin::{Answer, Ending, Options, Standin};

/// The first request of every attempt.
const FIRST: &str = "/rest/events";
/// A refusal waits at least this long before the next attempt, and longer where each may count as a wrong login.
const REFUSED: Duration = Duration::from_secs(1);
const SELDOM: Duration = Duration::from_secs(15);

async fn standin() -> Standin {
    Standin::start(Options::default())
        .await
        .expect("a stand-in")
}

/// A rude answer and what it must come to.
struct Case {
    answer: Answer,
    class: Class,
    state: LinkState,
    /// Not shown before the patience of the tests is over.
    hidden: bool,
    /// Each attempt costs somebody something.
    seldom: bool,
}

fn case(answer: Answer, class: Class, state: LinkState) -> Case {
    Case {
        answer,
        class,
        state,
        hidden: false,
        seldom: false,
    }
}

impl Case {
    fn hidden(self) -> Self {
        Self {
            hidden: true,
            ..self
        }
    }

    fn seldom(self) -> Self {
        Self {
            seldom: true,
            ..self
        }
    }
}

fn cases() -> Vec<Case> {
    use Class as C;
    use LinkState as S;
    let html = Answer {
        content_type: "text/html".into(),
        ..Answer::json("<html><body>It works!</body></html>")
    };
    let elsewhere = Answer::text(302, "").header("location", "https://elsewhere.example/login");
    vec![
        case(
            Answer::text(401, "Not Authorized"),
            C::Unauthorized,
            S::Unauthorized,
        )
        .seldom(),
        case(
            Answer::text(403, "Forbidden"),
            C::Forbidden,
            S::Unauthorized,
        )
        .seldom(),
        case(Answer::text(403, "CSRF Error"), C::Csrf, S::Unauthorized).seldom(),
        case(
            Answer::text(403, "Host check error"),
            C::HostCheck,
            S::Misconfigured,
        )
        .seldom(),
        case(Answer::text(500, "sick"), C::ServerError, S::Disconnected).hidden(),
        case(
            Answer::text(502, "Bad Gateway"),
            C::UpstreamDown,
            S::Disconnected,
        )
        .hidden(),
        case(elsewhere, C::Redirect, S::Misconfigured).seldom(),
        case(
            Answer::text(404, "404 page not found"),
            C::BadPath,
            S::Misconfigured,
        )
        .seldom(),
        case(html, C::BadReply, S::Misconfigured),
        case(
            Answer::json("[{\"id\":1,\"type\":"),
            C::BadReply,
            S::Misconfigured,
        ),
        case(
            Answer::json("[ 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 ]").ending(Ending::Truncated),
            C::Truncated,
            S::Disconnected,
        ),
        case(
            Answer::json("[]").ending(Ending::NoReply),
            C::Lost,
            S::Disconnected,
        )
        .hidden(),
        case(
            Answer::json(vec![b' '; 200_000_000]),
            C::TooLarge,
            S::Misconfigured,
        )
        .seldom(),
    ]
}

async fn endure(case: Case) {
    let what = format!("{:?} {}", case.class, case.answer.status);
    let server = standin().await;
    server.respond_with(FIRST, case.answer);
    let mut monitor = Monitor::home(server.home().path()).await;
    let instance = monitor
        .until(&what, |instance| instance.link.state == case.state)
        .await;
    let failure = instance.link.failure.clone().expect("a failure");
    assert_eq!(failure.class, case.class, "{failure:?}");
    assert!(
        !failure.message.is_empty() && !failure.hint.is_empty(),
        "{what}"
    );
    for unfilled in ["{url}", "{detail}", "{path}", "{name}"] {
        assert!(!failure.message.contains(unfilled), "{failure:?}");
        assert!(!failure.hint.contains(unfilled), "{failure:?}");
    }
    let hidden = failure.shown_after.since(failure.since);
    assert_eq!(hidden >= PATIENCE, case.hidden, "{what}: {hidden:?}");
    assert!(instance.link.since >= failure.shown_after, "{what}");
    let asked = server.requests().len();
    // Each attempt is one request here; a connection found closed is tried once more.
    assert!(
        asked <= 2 * usize::try_from(failure.attempts).expect("few") + 2,
        "{what}: {asked}"
    );
    assert!(asked < 40, "{what}: {asked} requests until it was shown");
    if case.seldom {
        assert!(asked <= 4, "{what}: {asked} requests");
        let next = instance.link.next_attempt.expect("it is tried again");
        let least = match case.class.rule().retry {
            Retry::Seldom => SELDOM,
            _ => REFUSED,
        };
        assert!(next.since(instance.link.since) >= least, "{what}: {next}");
    }
    assert_eq!(monitor.told_states(), [case.state], "{what}");
    let key = server.api_key();
    for text in [
        monitor.journal_text(),
        serde_json::to_string(&*monitor.now()).expect("serializes"),
        format!("{:?}", monitor.told()),
    ] {
        assert!(!text.contains(key.expose_secret()), "{what}: {text}");
    }
    let recorded = monitor.journal().into_iter().any(
        |entry| matches!(entry.kind, JournalKind::Failing { class, .. } if class == case.class),
    );
    assert!(recorded, "{what}: {}", monitor.journal_text());
    server.respond_normally(FIRST);
    if case.seldom {
        let said = monitor.engine().ask(Ask::Retry { instance: None }).await;
        assert_eq!(said, Said::Done);
    }
    let instance = monitor.connected().await;
    assert!(instance.link.failure.is_none());
    assert_eq!(
        monitor.told_states(),
        [case.state, LinkState::Connected],
        "{what}"
    );
    let last = monitor.journal().pop().expect("a journal");
    assert!(
        matches!(last.kind, JournalKind::Recovered { hidden: false, .. }),
        "{what}: {last:?}"
    );
}

#[tokio::test]
async fn every_rude_answer_has_its_class_its_patience_and_its_end() {
    join_all(cases().into_iter().map(endure)).await;
}

/// One rude answer of a kind that is retried silently is nobody's business.
#[tokio::test]
async fn a_single_slip_is_never_heard_of() {
    let slips = [
        Answer::json("<html>"),
        Answer::text(404, "404 page not found"),
        Answer::text(503, "starting"),
        Answer::json("[ 1, 2, 3, 4, 5, 6 ]").ending(Ending::Truncated),
        Answer::json("[]").ending(Ending::NoReply),
    ];
    join_all(slips.map(|slip| async move {
        let server = standin().await;
        server.respond_with(FIRST, slip.once());
        let mut monitor = Monitor::patient(server.home().path()).await;
        monitor.connected().await;
        assert_eq!(monitor.told(), []);
    }))
    .await;
}

/// The first request succeeds every time and a later one never: that must not look like a recovery again and again.
#[tokio::test]
async fn a_snapshot_that_never_succeeds_does_not_hammer() {
    let server = standin().await;
    server.respond_with("/rest/system/status", Answer::text(500, "sick"));
    let mut monitor = Monitor::patient(server.home().path()).await;
    monitor
        .until("many attempts", |instance| {
            instance.link.hidden_failures >= 12
        })
        .await;
    let requests = server.requests();
    let took = requests[requests.len() - 1].at - requests[0].at;
    assert!(
        took >= Duration::from_millis(500),
        "{} requests in {took:?}",
        requests.len()
    );
    assert!(requests.len() < 40, "{} requests", requests.len());
    assert_eq!(monitor.told(), []);
    server.respond_normally("/rest/system/status");
    monitor.connected().await;
}

#[tokio::test]
async fn long_polls_that_break_again_and_again_neither_alarm_nor_hammer() {
    let server = standin().await;
    let mut monitor = Monitor::patient(server.home().path()).await;
    let begun = tokio::time::Instant::now();
    for _ in 0..8 {
        monitor.connected().await;
        eventually("a long poll", || is_polled(&server)).await;
        let hidden = monitor.now().instances[0].link.hidden_failures;
        server.forget_requests();
        server.cut_long_polls();
        monitor
            .until("the cut", |instance| instance.link.hidden_failures > hidden)
            .await;
    }
    monitor.connected().await;
    assert_eq!(monitor.told(), []);
    let took = begun.elapsed();
    assert!(took >= Duration::from_millis(300), "8 sessions in {took:?}");
}

#[tokio::test]
async fn a_wrong_key_is_told_at_once_and_hardly_knocked_with() {
    let server = standin().await;
    let home = server.home().path();
    let config = format!(
        "[[instance]]\nname = \"laptop\"\nhome = {home:?}\napi-key = \"a-wrong-key\"\n{}",
        short_patience()
    );
    let mut monitor = Monitor::start(&config).await;
    let instance = monitor.until_state(LinkState::Unauthorized).await;
    let failure = instance.link.failure.clone().expect("a failure");
    assert_eq!(failure.class, Class::Csrf);
    assert!(
        failure.hint.contains("copy it from Syncthing's settings"),
        "{failure:?}"
    );
    assert!(server.requests().len() <= 2, "{:?}", server.requests());
    let shown = serde_json::to_string(&*monitor.now()).expect("serializes");
    assert!(!shown.contains("a-wrong-key") && !monitor.journal_text().contains("a-wrong-key"));
    monitor.write_config(&watching(home));
    monitor.connected().await;
    assert_eq!(
        monitor.told_states(),
        [LinkState::Unauthorized, LinkState::Connected]
    );
}

#[tokio::test]
async fn a_key_file_that_is_corrected_is_followed() {
    let server = standin().await;
    let keys = tempfile::tempdir().expect("a directory");
    let file = keys.path().join("key");
    std::fs::write(&file, "wrong\n").expect("written");
    let home = server.home().path();
    let config = format!(
        "[[instance]]\nname = \"laptop\"\nhome = {home:?}\napi-key-file = {file:?}\n{}",
        short_patience()
    );
    let mut monitor = Monitor::start(&config).await;
    monitor.until_state(LinkState::Unauthorized).await;
    std::fs::write(&file, server.api_key().expose_secret()).expect("written");
    monitor.connected().await;
    // Gone, it does not end what works.
    std::fs::remove_file(&file).expect("removed");
    server.cut_long_polls();
    monitor.connected().await;
}

#[tokio::test]
async fn a_missing_key_file_is_named() {
    let server = standin().await;
    let home = server.home().path();
    let config = format!(
        "[[instance]]\nname = \"laptop\"\nhome = {home:?}\napi-key-file = \"/nonexistent/key\"\n{}",
        short_patience()
    );
    let mut monitor = Monitor::start(&config).await;
    let instance = monitor.until_state(LinkState::Unauthorized).await;
    let failure = instance.link.failure.clone().expect("a failure");
    assert_eq!(failure.class, Class::NoKey);
    assert!(failure.message.contains("/nonexistent/key"), "{failure:?}");
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn a_new_key_in_config_xml_is_followed_silently() {
    let server = standin().await;
    let mut monitor = Monitor::patient(server.home().path()).await;
    monitor.connected().await;
    for key in [
        "the-second-key-of-this-server",
        "the-third-key-of-this-server",
    ] {
        server.forget_requests();
        server
            .set_api_key(SecretString::from(key))
            .expect("a new key");
        server.cut_long_polls();
        // Only a session with the new key gets as far as this.
        eventually("a new session", || {
            let requests = server.requests();
            requests
                .iter()
                .any(|seen| seen.path == "/rest/system/status")
        })
        .await;
        monitor.connected().await;
        assert!(server.requests().len() < 40, "{}", server.requests().len());
    }
    assert_eq!(monitor.told(), []);
    assert!(!monitor.journal_text().contains("the-second-key"));
}

#[tokio::test]
async fn a_retry_for_somebody_unknown_is_refused() {
    let server = standin().await;
    let monitor = Monitor::home(server.home().path()).await;
    let instance = Some("nobody".to_owned());
    match monitor.engine().ask(Ask::Retry { instance }).await {
        Said::Refused { message, hint } => {
            assert!(
                message.contains("nobody") && hint.contains("laptop"),
                "{message} {hint}"
            );
        }
        other => panic!("{other:?}"),
    }
}
