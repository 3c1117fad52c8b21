//! The page for Prometheus as its readers meet it: paths, names, tokens, TLS that is renewed, ports that are taken.

#![cfg(unix)]

use std::path::Path;

use reqwest::Method;
use secrecy::SecretString;
use serde_json::Value;
use syncwatch::core::credential::Credential;
use syncwatch::core::{Class, Fingerprint, LinkState};
use syncwatch::engine::protocol::Answer::Done;
use syncwatch::engine::protocol::Ask;
use syncwatch::standin::{Options, Standin};
use syncwatch::tls::{Request, Terms};

use crate::support::monitor::{DEADLINE, watching};
use crate::support::outlets::{Told, body, connect, exchange, free_port, get, status};
use crate::support::tls_client::{LIMIT, PATIENT, pinned};
use crate::support::tls_server::Identity;

async fn standin() -> Standin {
    let started = Standin::start(Options::default()).await;
    started.expect("a stand-in")
}

fn with_page(server: &Standin, metrics: &str) -> String {
    format!("{}\n[metrics]\n{metrics}\n", watching(server.home().path()))
}

/// The number of a series, where the page has it.
fn figure(page: &str, series: &str) -> Option<f64> {
    let line = page.lines().find_map(|line| line.strip_prefix(series));
    line.and_then(|value| value.trim().parse().ok())
}

/// The one word for everything is this one, in the figures and in the JSON, and the page is well.
async fn says_overall(port: u16, state: &str) {
    let reply = get(port, "/metrics").await;
    let words = body(&reply).lines();
    let words = words.filter(|line| line.starts_with("syncwatch_overall{") && line.ends_with(" 1"));
    let expected = format!("syncwatch_overall{{state=\"{state}\"}} 1");
    assert_eq!(words.collect::<Vec<_>>(), [expected]);
    let reply = get(port, "/status").await;
    let json: Value = serde_json::from_str(body(&reply)).expect("JSON");
    assert_eq!(json["overall"], state);
    let reply = get(port, "/healthz").await;
    assert_eq!((status(&reply), body(&reply)), ("200", "ok\n"));
}

#[tokio::test]
async fn says_what_there_is_to_whom_may_ask() {
    let server = standin().await;
    let port = free_port();
    let mut told = Told::start(&with_page(
        &server,
        &format!("listen = \"127.0.0.1:{port}\""),
    ))
    .await;
    told.monitor.connected().await;
    let reply = get(port, "/metrics").await;
    assert_eq!(status(&reply), "200", "{reply}");
    assert!(
        reply.contains("content-type: text/plain; version=0.0.4"),
        "{reply}"
    );
    let page = body(&reply);
    assert_eq!(
        figure(
            page,
            "syncwatch_link_state{name=\"laptop\",state=\"connected\"}"
        ),
        Some(1.0)
    );
    assert!(
        figure(page, "syncwatch_requests_total{name=\"laptop\"}") > Some(3.0),
        "{page}"
    );
    assert!(figure(page, "syncwatch_received_bytes_total{name=\"laptop\"}") > Some(100.0));
    assert!(
        figure(
            page,
            "syncwatch_certificate_expiry_timestamp_seconds{name=\"laptop\"}"
        ) > Some(1.7e9)
    );

    server.rotate_in_process().await.expect("rotated");
    told.monitor
        .until("rotated", |instance| instance.link.rotations == 1)
        .await;
    let reply = get(port, "/metrics?again").await;
    let page = body(&reply);
    assert_eq!(
        figure(page, "syncwatch_rotations_total{name=\"laptop\"}"),
        Some(1.0)
    );
    assert_eq!(
        figure(page, "syncwatch_pin_reloads_total{name=\"laptop\"}"),
        Some(2.0)
    );
    assert_eq!(
        figure(page, "syncwatch_page_replies_total{code=\"200\"}"),
        Some(1.0)
    );

    let reply = get(port, "/status").await;
    let json: Value = serde_json::from_str(body(&reply)).expect("JSON");
    assert_eq!(json["instances"][0]["name"], "laptop");
    assert_eq!(json["instances"][0]["counters"]["pin_reloads"], 2);
    assert_eq!(body(&get(port, "/healthz").await), "ok\n");
    assert!(body(&get(port, "/").await).contains("/metrics"));
    assert_eq!(status(&get(port, "/etc/passwd").await), "404");

    for (request, expected) in [
        (
            "POST /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\nhi",
            "405",
        ),
        ("GET /metrics HTTP/1.1\r\nHost: evil.example\r\n\r\n", "421"),
        (
            "GET /status HTTP/1.1\r\nHost: evil.example:9384\r\n\r\n",
            "421",
        ),
        (
            "GET http://evil.example/metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
            "421",
        ),
        ("GET /metrics HTTP/1.0\r\n\r\n", "421"),
        ("nonsense\r\n\r\n", "400"),
    ] {
        assert_eq!(
            status(&exchange(port, request).await),
            expected,
            "{request}"
        );
    }
    // Whatever becomes of an instance, the engine itself is well, and the figures tell.
    let pause = |paused| Ask::SetPaused {
        instance: "laptop".into(),
        paused,
    };
    assert_eq!(told.monitor.engine().ask(pause(true)).await, Done);
    told.monitor.until_state(LinkState::Paused).await;
    says_overall(port, "paused").await;
    assert_eq!(told.monitor.engine().ask(pause(false)).await, Done);
    told.monitor.connected().await;
    says_overall(port, "ok").await;
    server.kill().await;
    told.monitor.until_state(LinkState::Disconnected).await;
    says_overall(port, "offline").await;

    let head = exchange(port, "HEAD /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    assert_eq!((status(&head), body(&head)), ("200", ""));
    let large = format!(
        "GET / HTTP/1.1\r\nHost: localhost\r\nX: {}\r\n\r\n",
        "x".repeat(64 * 1024)
    );
    assert!(["", "431"].contains(&status(&exchange(port, &large).await)));
}

#[tokio::test]
async fn those_who_say_nothing_keep_nobody_out_for_long_and_cost_little() {
    let server = standin().await;
    let port = free_port();
    let _told = Told::start(&with_page(
        &server,
        &format!("listen = \"127.0.0.1:{port}\""),
    ))
    .await;
    let mut idle = std::collections::VecDeque::new();
    for _ in 0..200 {
        // Twice as many as there is room for, which come again whenever one is ended.
        idle.push_back(connect(port).await);
        if idle.len() > 64 {
            idle.pop_front();
        }
        assert_eq!(body(&get(port, "/healthz").await), "ok\n");
    }
    let two = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n";
    assert_eq!(status(&exchange(port, two).await), "400");
}

/// One question over TLS that accepts `pin`, with this token.
async fn ask(port: u16, pin: Fingerprint, token: &str) -> Result<u16, Class> {
    let client = pinned(&format!("https://127.0.0.1:{port}"), &[pin]);
    let key = SecretString::from(token);
    let request = Request {
        method: Method::GET,
        path: "/metrics",
        key: Some(&key),
        body: None,
        timeout: PATIENT,
        limit: LIMIT,
        terms: Terms {
            credential: &Credential::Bearer,
            statuses: &[100..=599],
            last: true,
            ..Terms::default()
        },
    };
    let reply = client.send(request).await;
    reply.map(|reply| reply.status).map_err(|fault| fault.class)
}

async fn until_answer(port: u16, pin: Fingerprint, token: &str, expected: Result<u16, Class>) {
    let seen = async { while ask(port, pin, token).await != expected {} };
    let seen = tokio::time::timeout(DEADLINE, seen).await;
    assert!(
        seen.is_ok(),
        "never {expected:?}: {:?}",
        ask(port, pin, token).await
    );
}

fn replace(path: &Path, content: &str) {
    let new = path.with_extension("new");
    std::fs::write(&new, content).expect("written");
    std::fs::rename(new, path).expect("renamed");
}

#[tokio::test]
async fn its_own_certificate_and_token_are_followed_when_they_change() {
    let server = standin().await;
    let directory = tempfile::tempdir().expect("a directory");
    let file = |name: &str| directory.path().join(name);
    let (first, second) = (Identity::new("127.0.0.1"), Identity::new("127.0.0.1"));
    let port = free_port();
    let metrics = format!(
        "listen = \"127.0.0.1:{port}\"\ncertificate = {:?}\nkey = {:?}\ntoken-file = {:?}",
        file("page.pem"),
        file("page.key"),
        file("token")
    );
    // Nothing of it is there yet: the page waits, and answers nobody.
    let _told = Told::start(&with_page(&server, &metrics)).await;
    assert!(ask(port, first.pin(), "one").await.is_err());
    std::fs::write(file("token"), "one\n").expect("written");
    std::fs::write(file("page.key"), first.key_pem()).expect("written");
    std::fs::write(file("page.pem"), &first.pem).expect("written");
    until_answer(port, first.pin(), "one", Ok(200)).await;
    assert_eq!(ask(port, first.pin(), "another").await, Ok(401));
    assert_eq!(
        ask(port, second.pin(), "one").await,
        Err(Class::PinMismatch)
    );

    // A key that does not fit its certificate yet changes nothing.
    replace(&file("page.key"), &second.key_pem());
    assert_eq!(ask(port, first.pin(), "one").await, Ok(200));
    replace(&file("page.pem"), &second.pem);
    until_answer(port, second.pin(), "one", Ok(200)).await;
    replace(&file("token"), "two");
    until_answer(port, second.pin(), "two", Ok(200)).await;
    assert_eq!(ask(port, second.pin(), "one").await, Ok(401));
    // Without TLS there is nothing to be had.
    assert!(!get(port, "/metrics").await.contains("syncwatch"));
}

#[tokio::test]
async fn moves_with_the_config_and_lets_a_taken_port_be() {
    let server = standin().await;
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let taken_port = taken.local_addr().expect("an address").port();
    let (one, two) = (free_port(), free_port());
    let at = |port: u16| with_page(&server, &format!("listen = \"127.0.0.1:{port}\""));
    let mut told = Told::start(&at(taken_port)).await;
    told.monitor.connected().await;
    server.rotate_in_process().await.expect("rotated");
    told.monitor
        .until("rotated", |instance| instance.link.rotations == 1)
        .await;
    let mut requests = 0.0;
    for port in [one, two] {
        told.monitor.write_config(&at(port));
        assert_eq!(body(&get(port, "/healthz").await), "ok\n");
        // What was counted stays.
        let reply = get(port, "/metrics").await;
        let figure = |series| figure(body(&reply), series).expect("a figure");
        assert_eq!(figure("syncwatch_rotations_total{name=\"laptop\"}"), 1.0);
        let now = figure("syncwatch_requests_total{name=\"laptop\"}");
        assert!(now >= requests && now > 0.0);
        requests = now;
    }
    let off = watching(server.home().path());
    told.monitor.write_config(&off);
    let closed = async {
        while tokio::net::TcpStream::connect(("127.0.0.1", two))
            .await
            .is_ok()
        {
            tokio::task::yield_now().await;
        }
    };
    let closed = tokio::time::timeout(DEADLINE, closed).await;
    closed.expect("it is off");
    assert!(
        tokio::net::TcpStream::connect(("127.0.0.1", one))
            .await
            .is_err()
    );
}
