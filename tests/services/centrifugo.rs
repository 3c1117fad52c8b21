//! A Centrifugo over real TLS: its figures, its client websocket, its tokens, its certificate; and that its log stays
//! without a handshake error.

use std::path::PathBuf;
use std::time::Duration;

use crate::support::centrifugo::{Centrifugo, Manners, forged, token};
use crate::support::monitor::{Monitor, eventually, short_patience};
use crate::support::tls_server::{ANY_TLS, Answer, Identity, Server, Then};
use syncwatch::core::{Class, InstanceStatus, LinkState, Overall};

const LOCAL: &str = "127.0.0.1";

/// A stand-in with its certificate in a file.
struct World {
    server: Centrifugo,
    home: tempfile::TempDir,
}

impl World {
    async fn new(manners: Manners) -> Self {
        let home = tempfile::tempdir().unwrap();
        let identity = Identity::new(LOCAL);
        std::fs::write(home.path().join("cert.pem"), &identity.pem).unwrap();
        let server = Centrifugo::start(identity, manners).await;
        Self { server, home }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        let new = self.path("new");
        std::fs::write(&new, text).unwrap();
        std::fs::rename(new, self.path(name)).unwrap();
    }

    /// A config with these further keys, and the token in a file.
    fn config(&self, keys: &str) -> String {
        let (url, pin) = (self.server.url(), self.path("cert.pem"));
        format!(
            "[[instance]]\nname = \"push\"\nkind = \"centrifugo\"\nurl = \"{url}\"\ntrust = {{ file = {pin:?} }}\n{keys}\n"
        )
    }

    fn with_token_file(&self) -> String {
        format!("token-file = {:?}", self.path("token"))
    }
}

fn fact(instance: &InstanceStatus, name: &str) -> Option<String> {
    let facts = &instance.service.as_ref()?.facts;
    let fact = facts.iter().find(|fact| fact.name == name)?;
    Some(fact.value.clone())
}

fn class(instance: &InstanceStatus) -> Option<Class> {
    instance.link.failure.as_ref().map(|failure| failure.class)
}

#[tokio::test]
async fn figures_and_a_client() {
    let world = World::new(Manners::default()).await;
    world.write("token", &token(600));
    let keys = format!("api-key = 'the-api-key'\n{}", world.with_token_file());
    let mut monitor = Monitor::start(&world.config(&keys)).await;
    let instance = monitor.connected().await;
    for (name, value) in [
        ("nodes", "1"),
        ("clients", "3"),
        ("users", "2"),
        ("channels", "5"),
        ("subscriptions", "7"),
        ("websocket", "connected"),
    ] {
        assert_eq!(fact(&instance, name).as_deref(), Some(value), "{name}");
    }
    assert_eq!(instance.overall(), Overall::Ok);
    assert_eq!(instance.service.as_ref().unwrap().version, "6.2.0");
    monitor.stop().await;
    eventually("a goodbye", || world.server.seen().clients == 0).await;
    let seen = world.server.seen();
    assert_eq!(
        (&seen.goodbyes[..], seen.vanished),
        (&[Some(1000)][..], 0),
        "{seen:?}"
    );
    assert!(seen.handshake_errors.is_empty(), "{seen:?}");
    let keyed: Vec<_> = seen
        .requests
        .iter()
        .filter(|(_, _, key)| key.is_some())
        .collect();
    assert!(
        keyed.iter().all(|(_, path, _)| path == "/api/info"),
        "{keyed:?}"
    );
}

#[tokio::test]
async fn a_token_is_renewed_over_three_lifetimes_without_a_gap() {
    let manners = Manners {
        ttl: Some(2),
        grace: Duration::from_secs(1),
        ..Manners::default()
    };
    let world = World::new(manners).await;
    world.write("token", &token(600));
    let mut monitor = Monitor::start(&world.config(&world.with_token_file())).await;
    monitor.connected().await;
    for renewed in 1..=3 {
        // The source always has the next one in time.
        world.write("token", &token(600));
        eventually("a refresh", || {
            world.server.seen().refreshed.len() >= renewed
        })
        .await;
    }
    let seen = world.server.seen();
    assert_eq!((seen.connected.len(), seen.clients), (1, 1), "{seen:?}");
    assert!(
        seen.refused.is_empty() && seen.handshake_errors.is_empty(),
        "{seen:?}"
    );
    assert!(monitor.told().is_empty());
    let texts = monitor.journal_text();
    assert!(!texts.contains("eyJ"), "{texts}");
}

#[tokio::test]
async fn a_token_from_each_source() {
    for source in ["value", "file", "command"] {
        let world = World::new(Manners::default()).await;
        let token = token(600);
        world.write("token", &token);
        let keys = match source {
            "value" => format!("token = '{token}'"),
            "command" => format!("token-command = ['cat', {:?}]", world.path("token")),
            _ => world.with_token_file(),
        };
        let mut monitor = Monitor::start(&world.config(&keys)).await;
        monitor.connected().await;
        assert_eq!(world.server.seen().connected, [token], "{source}");
    }
}

/// A page of its own server, with a certificate of its own.
#[tokio::test]
async fn a_token_from_a_page() {
    for json in [true, false] {
        let world = World::new(Manners::default()).await;
        let token = token(600);
        let body = match json {
            true => format!(r#"{{"token":"{token}"}}"#),
            false => format!("{token}\n"),
        };
        let identity = Identity::new(LOCAL);
        world.write("page.pem", &identity.pem);
        let page = Server::new(identity.serves(ANY_TLS), Answer::reply("200 OK", &body)).await;
        let keys = format!(
            "api-key = 'the-api-key'\ntoken-url = '{}/mint?for=watcher'\ntoken-trust = {{ file = {:?} }}",
            page.url(),
            world.path("page.pem")
        );
        let mut monitor = Monitor::start(&world.config(&keys)).await;
        monitor.connected().await;
        assert_eq!(world.server.seen().connected, [token]);
        let heard = page.heard();
        assert!(
            heard.starts_with("GET /mint?for=watcher HTTP/1.1\r\n"),
            "{heard}"
        );
        assert!(!heard.contains("x-api-key"), "{heard}");
    }
}

/// Nothing is asked of a page that is not trusted, and no redirect is followed.
#[tokio::test]
async fn a_page_that_is_not_to_be_trusted() {
    let other = Server::new(
        Identity::new(LOCAL).serves(ANY_TLS),
        Answer::reply("200 OK", &token(600)),
    )
    .await;
    let world = World::new(Manners::default()).await;
    let wanted = Identity::new(LOCAL);
    world.write("page.pem", &wanted.pem);
    let moved = format!(
        "HTTP/1.1 302 Found\r\nLocation: {}/\r\nContent-Length: 0\r\n\r\n",
        other.url()
    );
    let moved = Server::new(wanted.serves(ANY_TLS), Answer::new(moved, Then::Stay)).await;
    let trust = format!("token-trust = {{ file = {:?} }}", world.path("page.pem"));
    for (page, state, wanted, words) in [
        (
            &other,
            LinkState::Untrusted,
            Class::UntrustedTokenPage,
            "shows a certificate that is not the pinned one",
        ),
        (
            &moved,
            LinkState::Unauthorized,
            Class::NoKey,
            "'token-url' redirects elsewhere",
        ),
    ] {
        let keys = format!(
            "token-url = '{}/mint'\n{trust}\n{}",
            page.url(),
            short_patience()
        );
        let mut monitor = Monitor::start(&world.config(&keys)).await;
        let instance = monitor.until_state(state).await;
        assert_eq!(class(&instance), Some(wanted));
        let message = &instance.link.failure.as_ref().expect("a failure").message;
        assert!(message.contains(words), "{message}");
    }
    assert_eq!(other.heard(), "");
    assert!(world.server.seen().requests.is_empty());
}

#[tokio::test]
async fn what_the_server_refuses() {
    let good = || format!("token = '{}'", token(600));
    let bad_key = format!("api-key = 'wrong'\n{}", good());
    let forged = format!("token = '{}'", forged(600));
    let old = format!("token = '{}'", token(-60));
    let error = |code| Manners {
        error: Some(code),
        ..Manners::default()
    };
    let keyed = format!("api-key = 'the-api-key'\n{}", good());
    for (manners, keys, state, wanted, words) in [
        (
            Manners::default(),
            &bad_key,
            LinkState::Unauthorized,
            Class::Unauthorized,
            "401",
        ),
        (
            Manners::default(),
            &forged,
            LinkState::Unauthorized,
            Class::Unauthorized,
            "3500",
        ),
        (
            Manners::default(),
            &String::new(),
            LinkState::Unauthorized,
            Class::Unauthorized,
            "none is set",
        ),
        (
            Manners::default(),
            &old,
            LinkState::Unauthorized,
            Class::TokenExpired,
            "has expired",
        ),
        (
            error(107),
            &keyed,
            LinkState::Disconnected,
            Class::ServerError,
            "error 107",
        ),
    ] {
        let world = World::new(manners).await;
        let keys = format!("{keys}\n{}", short_patience());
        let mut monitor = Monitor::start(&world.config(&keys)).await;
        let instance = monitor.until_state(state).await;
        let failure = instance.link.failure.as_ref().expect("a failure");
        assert_eq!(failure.class, wanted);
        assert!(failure.message.contains(words), "{}", failure.message);
        assert!(instance.service.is_none());
        let shown = format!("{instance:?} {}", monitor.journal_text());
        assert!(
            !shown.contains("eyJ") && !shown.contains("wrong"),
            "{shown}"
        );
        let seen = world.server.seen();
        assert!(
            seen.handshake_errors.is_empty() && seen.vanished == 0,
            "{seen:?}"
        );
    }
}

/// Each close code leads where the protocol says: quietly back, or loudly to an end.
#[tokio::test]
async fn each_close_code() {
    for code in [3000, 3001, 3004, 3005, 3008, 3012, 3499, 4000, 4499] {
        let world = World::new(Manners::default()).await;
        world.write("token", &token(600));
        let mut monitor = Monitor::start(&world.config(&world.with_token_file())).await;
        monitor.connected().await;
        // For 3005: the source has another one.
        world.write("token", &token(601));
        world.server.close(code, "why");
        eventually("connected again", || {
            world.server.seen().connected.len() == 2
        })
        .await;
        monitor.until_state(LinkState::Connected).await;
        assert!(monitor.told().is_empty(), "{code}");
        let texts = monitor.journal_text();
        let quit = texts.contains("server is shutting down");
        assert_eq!(quit, code == 3001, "{texts}");
    }
    for (code, wanted, words) in [
        (3005, Class::Unauthorized, "3005"),
        (3500, Class::Unauthorized, "3500"),
        (3501, Class::Rejected, "3501"),
        (3503, Class::Rejected, "API"),
        (3999, Class::Rejected, "3999"),
        (4500, Class::Rejected, "4500"),
        (4999, Class::Rejected, "4999"),
    ] {
        let world = World::new(Manners::default()).await;
        world.write("token", &token(600));
        let mut monitor = Monitor::start(&world.config(&world.with_token_file())).await;
        monitor.connected().await;
        world.server.close(code, "why");
        let instance = monitor
            .until("the class, once the token was read again", |instance| {
                let stops = instance.link.next_attempt.is_none();
                class(instance) == Some(wanted) && stops == (wanted == Class::Rejected)
            })
            .await;
        let failure = instance.link.failure.as_ref().expect("a failure");
        assert!(
            failure.message.contains(words),
            "{code}: {}",
            failure.message
        );
        assert_eq!(world.server.seen().connected.len(), 1, "{code}");
    }
}

#[tokio::test]
async fn a_changed_token_file_is_tried_at_once() {
    let world = World::new(Manners::default()).await;
    world.write("token", &token(-60));
    let mut monitor = Monitor::start(&world.config(&world.with_token_file())).await;
    let instance = monitor.until_state(LinkState::Unauthorized).await;
    assert_eq!(class(&instance), Some(Class::TokenExpired));
    world.write("token", &token(600));
    monitor.until_state(LinkState::Connected).await;
}

#[tokio::test]
async fn rotations_of_the_certificate_are_not_seen() {
    let mut world = World::new(Manners::default()).await;
    world.write("token", &token(600));
    let keys = format!("api-key = 'the-api-key'\n{}", world.with_token_file());
    let mut monitor = Monitor::start(&world.config(&keys)).await;
    monitor.connected().await;
    for number in 1..=3 {
        // Its certificate changes only at a restart.
        let next = Identity::new(LOCAL);
        let pin = next.pin();
        world.server.shut_down().await;
        world.write("cert.pem", &next.pem);
        world.server.restart(next).await;
        monitor
            .until("the new certificate is in use", |instance| {
                let trust = &instance.link.trust;
                trust.current == Some(pin)
                    && instance.link.rotations == number
                    && instance.link.state == LinkState::Connected
            })
            .await;
    }
    assert!(monitor.told().is_empty(), "{:?}", monitor.told());
}

#[tokio::test]
async fn an_impostor_is_told_of_and_is_told_nothing() {
    let mut world = World::new(Manners::default()).await;
    world.write("token", &token(600));
    let keys = format!(
        "api-key = 'the-api-key'\n{}\n{}",
        world.with_token_file(),
        short_patience()
    );
    let mut monitor = Monitor::start(&world.config(&keys)).await;
    monitor.connected().await;
    world.server.shut_down().await;
    let before = world.server.seen();
    world.server.restart(Identity::new(LOCAL)).await;
    let instance = monitor.until_state(LinkState::Untrusted).await;
    assert_eq!(class(&instance), Some(Class::PinMismatch));
    let after = world.server.seen();
    assert_eq!(after.requests, before.requests);
    assert_eq!(after.connected, before.connected);
    assert_eq!(after.handshakes, before.handshakes);
    assert_eq!(monitor.told_states().last(), Some(&LinkState::Untrusted));
}

/// How long the log is watched: a minute when asked for, in CI a few lifetimes of a token.
fn watched_for() -> Duration {
    match std::env::var("SYNCWATCH_LONG_TESTS") {
        Ok(_) => Duration::from_secs(60),
        Err(_) => Duration::from_secs(4),
    }
}

/// Everything that is asked of it in a minute and a clean stop leave no handshake error in its log.
#[tokio::test]
async fn its_log_stays_without_a_handshake_error() {
    let manners = Manners {
        health: true,
        ping: 1,
        ttl: Some(2),
        ..Manners::default()
    };
    let world = World::new(manners).await;
    world.write("token", &token(600));
    let keys = format!(
        "api-key = 'the-api-key'\ninterval = '200ms'\n{}",
        world.with_token_file()
    );
    let mut monitor = Monitor::start(&world.config(&keys)).await;
    monitor.connected().await;
    let end = tokio::time::Instant::now() + watched_for();
    let mut cut = 0;
    // A connection that never lasts is told as lost, and rightly.
    let mut next_cut = tokio::time::Instant::now();
    while tokio::time::Instant::now() < end {
        let before = world.server.seen();
        world.write("token", &token(600));
        eventually("a refresh", || {
            world.server.seen().refreshed.len() > before.refreshed.len()
        })
        .await;
        if tokio::time::Instant::now() < next_cut {
            continue;
        }
        next_cut += Duration::from_secs(6);
        // New connections too, not only kept ones.
        world.server.close(3011, "force reconnect");
        cut += 1;
        eventually("another client", || {
            world.server.seen().connected.len() > cut
        })
        .await;
    }
    monitor.stop().await;
    eventually("its clients left", || world.server.seen().clients == 0).await;
    let seen = world.server.seen();
    assert_eq!(seen.handshake_errors, Vec::<String>::new());
    assert_eq!(
        (seen.vanished, seen.goodbyes.last()),
        (0, Some(&Some(1000))),
        "{seen:?}"
    );
    assert!(seen.pongs > 0 && seen.handshakes > cut, "{seen:?}");
    assert!(monitor.told().is_empty(), "{:?}", monitor.told());
}
