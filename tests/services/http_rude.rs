//! Servers of kind `http` with the manners of real ones: they leave without close_notify, by FIN or RST, and send head
//! and body apart. Nothing is lost of what was whole, and nothing that broke off counts.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use crate::support::monitor::{Monitor, short_patience};
use crate::support::tls_client::{pinned, send};
use crate::support::tls_server::{ANY_TLS, Answer, Identity, Server, Then};
use reqwest::Method;
use syncwatch::core::{Class, InstanceStatus, LinkState, Overall};
use syncwatch::tls::Reply;

const LOCAL: &str = "127.0.0.1";
const REQUESTS: usize = 2000;

/// Different for every number, in content and in length.
fn body(number: usize) -> String {
    let filler = "x".repeat(number * 7 % 5000);
    format!("{{\"number\":{number},\"filler\":\"{filler}\"}}")
}

fn framed(body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{body}")
}

/// The body is what goes with its number. A request that met its kept connection closed was repeated, so that the
/// numbers may have gaps.
fn assert_intact(reply: &Reply, what: &str) {
    let text = std::str::from_utf8(&reply.body).expect("UTF-8");
    let number = text
        .strip_prefix("{\"number\":")
        .and_then(|rest| rest.split(',').next());
    let number = number
        .and_then(|number| number.parse().ok())
        .expect("a number");
    assert!(text == body(number), "{what}");
}

/// Every reply is whole, one connection each, whatever the end of the connection before it.
async fn all_are_whole(method: Method, then: Then) {
    let me = Identity::new(LOCAL);
    let pin = me.pin();
    let server = Server::scripted(
        move |_| me.serves(ANY_TLS),
        move |turn| Answer::new(framed(&body(turn.connection)), then).apart(),
    )
    .await;
    let client = pinned(&server.url(), &[pin]);
    for number in 0..REQUESTS {
        let reply = send(&client, method.clone(), "/health").await;
        let reply = reply.unwrap_or_else(|fault| panic!("{method} {number}: {fault:?}"));
        assert_intact(&reply, &format!("{method} {number}"));
    }
    assert!(server.handshakes() >= REQUESTS);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn gets_from_a_server_that_ends_without_close_notify() {
    all_are_whole(Method::GET, Then::Fin).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn posts_to_a_server_that_ends_without_close_notify() {
    all_are_whole(Method::POST, Then::Fin).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn gets_from_a_server_that_resets() {
    all_are_whole(Method::GET, Then::Reset).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn posts_to_a_server_that_resets() {
    all_are_whole(Method::POST, Then::Reset).await;
}

#[tokio::test]
async fn what_broke_off_is_never_whole() {
    let broken = [
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n{}",
        // Ended by the connection alone: JSON that does not come to its end.
        "HTTP/1.1 200 OK\r\n\r\n{\"a\":1",
        "HTTP/1.1 200 OK\r\n\r\n12",
        "HTTP/1.1 200 OK\r\n\r\n<html></html>",
    ];
    for text in broken {
        for then in [Then::Fin, Then::Reset] {
            for method in [Method::GET, Method::POST] {
                let me = Identity::new(LOCAL);
                let answer = Answer::new(text, then).apart();
                let server = Server::new(me.serves(ANY_TLS), answer).await;
                let client = pinned(&server.url(), &[me.pin()]);
                let result = send(&client, method.clone(), "/").await;
                let fault = result.expect_err(text);
                assert_eq!(fault.class, Class::Truncated, "{method} {text}");
            }
        }
    }
}

/// A server whose certificate can be changed under a running engine; it ends every connection without close_notify.
struct Rude {
    server: Server,
    identity: Arc<Mutex<Arc<Identity>>>,
    impostor: Arc<AtomicBool>,
    /// The connections that the impostor took.
    taken: Arc<Mutex<Vec<usize>>>,
    answer: Arc<Mutex<String>>,
    _home: tempfile::TempDir,
    pin_file: std::path::PathBuf,
}

impl Rude {
    async fn new(answer: &str) -> Self {
        let home = tempfile::tempdir().unwrap();
        let pin_file = home.path().join("cert.pem");
        let first = Arc::new(Identity::new(LOCAL));
        std::fs::write(&pin_file, &first.pem).unwrap();
        let identity = Arc::new(Mutex::new(first));
        let impostor = Arc::new(AtomicBool::new(false));
        let taken = Arc::new(Mutex::new(Vec::new()));
        let answer = Arc::new(Mutex::new(answer.to_owned()));
        let (shown, is_taken, takes) = (identity.clone(), impostor.clone(), taken.clone());
        let said = answer.clone();
        let server = Server::scripted(
            move |number| {
                let shown = shown.lock().unwrap();
                if is_taken.load(Ordering::SeqCst) {
                    takes.lock().unwrap().push(number);
                }
                shown.serves(ANY_TLS)
            },
            move |_| Answer::new(said.lock().unwrap().clone(), Then::Fin).apart(),
        )
        .await;
        Self {
            server,
            identity,
            impostor,
            taken,
            answer,
            _home: home,
            pin_file,
        }
    }

    /// Watches it with these further keys.
    async fn watched(&self, keys: &str, patience: &str) -> Monitor {
        Monitor::start(&self.config(keys, patience)).await
    }

    fn config(&self, keys: &str, patience: &str) -> String {
        let (url, file) = (self.server.url(), &self.pin_file);
        format!(
            "[[instance]]\nname = \"shop\"\nkind = \"http\"\nurl = \"{url}/health?deep=1\"\ninterval = \"100ms\"\ntrust = {{ file = {file:?} }}\n{keys}\n{patience}\n"
        )
    }

    fn shows(&self, identity: Identity) {
        *self.identity.lock().unwrap() = Arc::new(identity);
    }

    fn says(&self, answer: &str) {
        answer.clone_into(&mut self.answer.lock().unwrap());
    }
}

fn ok(body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 200 OK\r\nServer: rude/1.0\r\nX-Ready: yes\r\nContent-Length: {length}\r\n\r\n{body}"
    )
}

fn fact(instance: &InstanceStatus, name: &str) -> Option<String> {
    let facts = &instance.service.as_ref()?.facts;
    let fact = facts.iter().find(|fact| fact.name == name)?;
    Some(fact.value.clone())
}

#[tokio::test]
async fn healthy_then_not_as_expected_then_healthy() {
    let server = Rude::new(&ok(r#"{"status":"ok","jobs":3}"#)).await;
    let keys = "expect = ['/status == \"ok\"', '/jobs < 10']\nexpect-header = 'X-Ready: yes'\ntoken = 'open-sesame'";
    let mut monitor = server.watched(keys, "").await;
    let instance = monitor.connected().await;
    let service = instance.service.as_ref().unwrap();
    assert!(service.synced, "{service:?}");
    assert_eq!(
        (service.version.as_str(), instance.overall()),
        ("rude/1.0", Overall::Ok)
    );
    assert_eq!(instance.url, format!("{}/health", server.server.url()));
    for name in ["/status == \"ok\"", "/jobs < 10", "X-Ready: yes"] {
        assert_eq!(fact(&instance, name).as_deref(), Some("holds"), "{name}");
    }
    server.says(&ok(r#"{"status":"Bearer open-sesame","jobs":3}"#));
    let instance = monitor
        .until("attention", |instance| {
            instance.overall() == Overall::Attention
        })
        .await;
    assert_eq!(instance.link.state, LinkState::Connected);
    assert_eq!(
        fact(&instance, "/status == \"ok\"").as_deref(),
        Some("found \"Bearer [key]\"")
    );
    assert!(!instance.service.as_ref().unwrap().synced);
    server.says(&ok(r#"{"status":"ok","jobs":3}"#));
    monitor
        .until("fine again", |instance| instance.overall() == Overall::Ok)
        .await;
    // A change of the config alone takes effect at once.
    monitor.write_config(&server.config("expect = '/jobs > 10'\ntoken = 'open-sesame'", ""));
    monitor
        .until("the changed expectation", |instance| {
            instance.link.state == LinkState::Connected
                && fact(instance, "/jobs > 10").as_deref() == Some("found 3")
        })
        .await;
    assert!(monitor.told().is_empty());
    let heard = server.server.heard();
    let first = heard.lines().next().unwrap_or_default();
    assert_eq!(first, "GET /health?deep=1 HTTP/1.1");
    assert!(
        heard.contains("\r\nauthorization: Bearer open-sesame\r\n"),
        "{heard}"
    );
    assert!(!heard.contains("x-api-key") && !monitor.journal_text().contains("sesame"));
}

#[tokio::test]
async fn a_reply_that_broke_off_is_no_answer() {
    let server = Rude::new("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}").await;
    let mut monitor = server
        .watched("method = 'POST'\nbody = 'a question'", &short_patience())
        .await;
    let instance = monitor.until_state(LinkState::Disconnected).await;
    let failure = instance.link.failure.as_ref().expect("a failure");
    assert_eq!(failure.class, Class::Truncated);
    assert!(instance.service.is_none());
    assert!(server.server.heard().contains("\r\n\r\na question"));
}

#[tokio::test]
async fn a_wrong_password() {
    let server = Rude::new("HTTP/1.1 401 Unauthorized\r\nContent-Length: 37\r\n\r\nno: Basic bWU6b3Blbi1zZXNhbWU= is bad").await;
    let mut monitor = server
        .watched("user = 'me'\npassword = 'open-sesame'", "")
        .await;
    let instance = monitor.until_state(LinkState::Unauthorized).await;
    let failure = instance.link.failure.as_ref().expect("a failure");
    assert_eq!(failure.class, Class::Unauthorized);
    let shown = format!("{failure:?} {}", monitor.journal_text());
    assert!(
        !shown.contains("sesame") && !shown.contains("bWU6b3"),
        "{shown}"
    );
    let heard = server.server.heard();
    assert!(
        heard.contains("\r\nauthorization: Basic bWU6b3Blbi1zZXNhbWU=\r\n"),
        "{heard}"
    );
}

#[tokio::test]
async fn a_rotation_of_the_pin_file_is_not_seen() {
    let server = Rude::new(&ok("{}")).await;
    let mut monitor = server.watched("token = 'open-sesame'", "").await;
    monitor.connected().await;
    for number in 1..=5 {
        let next = Identity::new(LOCAL);
        let pin = next.pin();
        std::fs::write(&server.pin_file, &next.pem).unwrap();
        server.shows(next);
        monitor
            .until("the new certificate is in use", |instance| {
                let trust = &instance.link.trust;
                trust.current == Some(pin)
                    && trust.served == Some(pin)
                    && instance.link.rotations == number
                    && instance.link.state == LinkState::Connected
            })
            .await;
    }
    assert!(monitor.told().is_empty(), "{:?}", monitor.told());
}

#[tokio::test]
async fn an_impostor_is_told_of_and_is_told_nothing() {
    let server = Rude::new(&ok("{}")).await;
    let mut monitor = server
        .watched(
            "header = { name = 'X-Token', value = 'open-sesame' }",
            &short_patience(),
        )
        .await;
    monitor.connected().await;
    {
        let mut shown = server.identity.lock().unwrap();
        server.impostor.store(true, Ordering::SeqCst);
        *shown = Arc::new(Identity::new(LOCAL));
    }
    let instance = monitor.until_state(LinkState::Untrusted).await;
    let failure = instance.link.failure.as_ref().expect("a failure");
    assert_eq!(failure.class, Class::PinMismatch);
    assert_eq!(monitor.told_states(), [LinkState::Untrusted]);
    let connections = server.server.connections();
    let taken = server.taken.lock().unwrap().clone();
    let after: Vec<_> = taken.iter().map(|number| &connections[*number]).collect();
    assert!(after.len() > 1);
    for connection in after {
        assert!(
            connection.bytes.is_empty(),
            "the impostor was told something"
        );
    }
    assert!(
        server
            .server
            .heard()
            .contains("\r\nx-token: open-sesame\r\n")
    );
}
