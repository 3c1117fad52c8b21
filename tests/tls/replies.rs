//! Replies that are whole however their connection ended, requests that may and may not be repeated, and what a look
//! at a peer finds. Nothing that is printed shows a secret.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::support::raw_peer::{Manner, RawPeer};
use crate::support::tls_client::{
    KEY, LIMIT, PATIENT, ask, assert_discreet, get, look, pinned, spec,
};
use crate::support::tls_server::{ANY_TLS, Answer, Identity, Server, TLS12, TLS13, Then, params};
use reqwest::Method;
use secrecy::SecretString;
use syncwatch::core::Class;
use syncwatch::tls::{Client, Request, Terms, Trust};

const LOCAL: &str = "127.0.0.1";

fn cut() -> Answer {
    Answer::new("", Then::Fin)
}

#[tokio::test]
async fn whole_replies_however_the_connection_ended() {
    let me = Identity::new(LOCAL);
    let framed = [Then::Stay, Then::Goodbye, Then::Fin, Then::Reset].as_slice();
    for (bytes, endings) in [
        ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", framed),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n",
            framed,
        ),
        ("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}", framed),
        (
            "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
            framed,
        ),
        // The end of the connection is the end of the body; without close_notify the JSON has to say it.
        ("HTTP/1.1 200 OK\r\n\r\n{}", &[Then::Goodbye, Then::Fin]),
        (
            "HTTP/1.0 200 OK\r\nConnection: close\r\n\r\n{}",
            &[Then::Goodbye, Then::Fin],
        ),
    ] {
        for versions in [TLS12, TLS13] {
            for then in endings {
                let server = Server::new(me.serves(versions), Answer::new(bytes, *then)).await;
                let reply = get(&pinned(&server.url(), &[me.pin()])).await.expect(bytes);
                assert_eq!(reply.body, b"{}", "{bytes}");
                assert_eq!(reply.served.map(|pin| pin.fingerprint), Some(me.pin()));
            }
        }
    }
}

#[tokio::test]
async fn five_megabytes() {
    let me = Identity::new(LOCAL);
    let body = format!("[\"{}\"]", "x".repeat(5 * 1024 * 1024));
    for text in [
        format!(
            "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        ),
        format!(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n",
            body.len()
        ),
        format!("HTTP/1.1 200 OK\r\n\r\n{body}"),
    ] {
        let server = Server::new(me.serves(ANY_TLS), Answer::new(text, Then::Fin)).await;
        let client = pinned(&server.url(), &[me.pin()]);
        let request = || Request {
            method: Method::GET,
            path: "/rest/events",
            key: None,
            body: None,
            timeout: PATIENT,
            limit: body.len(),
            terms: Terms::default(),
        };
        let reply = client.send(request()).await.unwrap();
        assert!(reply.body == body.as_bytes());
        let limit = body.len() - 1;
        let fault = client.send(Request { limit, ..request() }).await;
        assert_eq!(fault.expect_err("one byte more").class, Class::TooLarge);
    }
}

#[tokio::test]
async fn a_get_on_a_kept_connection_is_sent_once_more() {
    for (method, sent, class) in [(Method::GET, 3, None), (Method::POST, 2, Some(Class::Lost))] {
        for then in [Then::Goodbye, Then::Fin, Then::Reset] {
            let me = Identity::new(LOCAL);
            let pin = me.pin();
            let server = Server::scripted(
                move |_| me.serves(ANY_TLS),
                move |turn| match (turn.connection, turn.request) {
                    (0, 1) => Answer::new("HTTP/1.1 2", then),
                    _ => Answer::reply("200 OK", "{}"),
                },
            )
            .await;
            let client = pinned(&server.url(), &[pin]);
            get(&client).await.unwrap();
            let result = ask(&client, method.clone(), "/rest/x", PATIENT).await;
            assert_eq!(result.err().map(|fault| fault.class), class, "{method}");
            assert_eq!(
                server.heard().matches("HTTP/1.1\r\n").count(),
                sent,
                "{method}"
            );
        }
    }
}

#[tokio::test]
async fn two_kept_connections_that_end_one_after_the_other() {
    let me = Identity::new(LOCAL);
    let pin = me.pin();
    let server = Server::scripted(
        move |_| me.serves(ANY_TLS),
        |turn| match (turn.connection, turn.request) {
            (0, 1) => cut(),
            (1, 1) => Answer::new("", Then::FinAfter(2)),
            _ => Answer::reply("200 OK", "{}"),
        },
    )
    .await;
    let client = pinned(&server.url(), &[pin]);
    // The second time both find their connection cut, and the handshake of one is none of the other's.
    for _ in 0..2 {
        let (one, other) = tokio::join!(get(&client), get(&client));
        assert!(one.is_ok() && other.is_ok(), "{one:?} {other:?}");
    }
    assert!(server.connections().len() > 2);
}

#[tokio::test]
async fn a_get_is_never_sent_a_third_time() {
    let me = Identity::new(LOCAL);
    let pin = me.pin();
    let server = Server::scripted(
        move |_| me.serves(ANY_TLS),
        |turn| match (turn.connection, turn.request) {
            (0, 0) => Answer::reply("200 OK", "{}"),
            _ => cut(),
        },
    )
    .await;
    let client = pinned(&server.url(), &[pin]);
    get(&client).await.unwrap();
    assert_eq!(get(&client).await.expect_err("cut").class, Class::Lost);
    assert_eq!(server.connections().len(), 2);
    // On a new connection there is nothing to repeat.
    assert_eq!(get(&client).await.expect_err("cut").class, Class::Lost);
    assert_eq!(server.connections().len(), 3);
}

#[tokio::test]
async fn what_is_sent() {
    let me = Identity::new("nas.lan");
    let server = Server::new(me.serves(ANY_TLS), Answer::reply("200 OK", "{}")).await;
    let mut spec = spec(
        &format!("{}/prefix/", server.url()),
        Trust::Pinned,
        &[me.pin()],
    );
    spec.server_name = Some("nas.lan".into());
    let client = Client::build(&spec).unwrap();
    let key = SecretString::from(KEY);
    let request = Request {
        method: Method::POST,
        path: "/rest/db/override?folder=a%26b",
        key: Some(&key),
        body: Some(b"{\"a\":1}".to_vec()),
        timeout: PATIENT,
        limit: LIMIT,
        terms: Terms::default(),
    };
    let shown = format!("{request:?} {client:?} {spec:?}");
    assert!(!shown.contains(KEY) && !shown.contains("{\"a\""), "{shown}");
    let reply = client.send(request).await.unwrap();
    assert!(!format!("{reply:?}").contains("{}"), "{reply:?}");
    let heard = server.heard();
    let (head, body) = heard.split_once("\r\n\r\n").unwrap();
    let mut lines: Vec<String> = head.lines().map(str::to_ascii_lowercase).collect();
    lines[1..].sort();
    let port = server.address.port();
    let version = env!("CARGO_PKG_VERSION");
    let expected = [
        "post /prefix/rest/db/override?folder=a%26b http/1.1".to_owned(),
        "accept: */*".into(),
        "content-length: 7".into(),
        "content-type: application/json".into(),
        format!("host: nas.lan:{port}"),
        format!("user-agent: syncwatch/{version}"),
        format!("x-api-key: {KEY}"),
    ];
    assert_eq!(lines, expected);
    assert_eq!(body, "{\"a\":1}");
}

#[tokio::test]
async fn a_key_that_is_said_back_is_not_repeated() {
    let me = Identity::new(LOCAL);
    for text in [
        format!(
            "HTTP/1.1 404 Not Found\r\nContent-Length: {}\r\n\r\n{KEY}",
            KEY.len()
        ),
        format!("HTTP/1.1 500 {KEY}\r\nContent-Length: 0\r\n\r\n"),
        format!("HTTP/1.1 302 Found\r\nLocation: /{KEY}?{KEY}\r\nContent-Length: 0\r\n\r\n"),
        format!("{KEY}\r\n\r\n"),
        format!("HTTP/1.1 200 OK\r\n{KEY}\r\n\r\n"),
        format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{KEY}\r\n"),
        format!("HTTP/1.1 200 OK\r\nContent-Length: {KEY}\r\n\r\n"),
        format!(
            "HTTP/1.1 404 Not Found\r\n\r\n{}{KEY}",
            "\n".repeat(4096 - 12)
        ),
    ] {
        let server =
            Server::new(me.serves(ANY_TLS), Answer::new(text.clone(), Then::Goodbye)).await;
        let result = get(&pinned(&server.url(), &[me.pin()])).await;
        let fault = result.and_then(|reply| reply.success()).expect_err(&text);
        assert_discreet(&fault);
        assert!(!format!("{fault:?}").contains(&KEY[..8]), "{fault:?}");
    }
    let server = Server::new(
        me.serves(ANY_TLS),
        Answer::reply("200 OK", &format!("\"{KEY}\"")),
    )
    .await;
    let reply = get(&pinned(&server.url(), &[me.pin()])).await.unwrap();
    assert_discreet(&reply.json::<u64>().expect_err("no number"));
}

/// What was logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn the_most_talkative_log_does_not_show_the_key() {
    let (me, log) = (Identity::new(LOCAL), Log::default());
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    tracing::trace!("the log works");
    for answer in [Answer::reply("200 OK", "{}"), cut()] {
        let server = Server::new(me.serves(ANY_TLS), answer).await;
        let _ = get(&pinned(&server.url(), &[me.pin()])).await;
        assert!(server.heard().contains(KEY));
    }
    let logged = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(
        logged.contains("the log works") && !logged.contains(KEY),
        "{logged}"
    );
}

#[tokio::test]
async fn a_password_in_the_url_is_not_shown() {
    let me = Identity::new(LOCAL);
    for manner in [
        Manner::Refuse,
        Manner::Fin,
        Manner::Say(b"what"),
        Manner::Alert(40),
    ] {
        let peer = RawPeer::new(manner).await;
        let url = format!("https://user:hunter2@{}", peer.address);
        let spec = spec(&url, Trust::Pinned, &[me.pin()]);
        let client = Client::build(&spec).unwrap();
        let fault = get(&client).await.expect_err("nobody");
        let shown = format!("{fault:?} {client:?} {spec:?}");
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}

#[tokio::test]
async fn a_look_finishes_the_handshake_and_says_goodbye() {
    let mut params = params("nas.lan");
    let names = ["nas.lan", "nas", "192.0.2.7", "2001:db8::7"];
    params.subject_alt_names = names
        .iter()
        .map(|name| match name.parse() {
            Ok(address) => rcgen::SanType::IpAddress(address),
            Err(_) => rcgen::SanType::DnsName((*name).try_into().unwrap()),
        })
        .collect();
    let me = Identity::made_of(params);
    for (versions, protocol) in [(TLS12, "TLS 1.2"), (TLS13, "TLS 1.3")] {
        let server = Server::new(me.serves(versions), Answer::reply("200 OK", "{}")).await;
        let mut spec = spec(&server.url(), Trust::Any, &[]);
        spec.server_name = Some("nas.lan".into());
        let sight = look(&spec, PATIENT).await;
        let seen = sight.outcome.unwrap();
        server.until(0, |connection| connection.orderly).await;
        assert_eq!((server.handshakes(), server.heard().as_str()), (1, ""));
        assert_eq!(seen.certificate.pin.fingerprint, me.pin());
        assert_eq!(seen.certificate.names, names);
        assert_eq!(seen.certificate.subject, "CN=nas.lan");
        assert_eq!(seen.certificate.key, "ECDSA P-256");
        assert!(seen.certificate.self_signed && seen.certificate.unusable.is_none());
        assert_eq!((seen.chain, seen.protocol.as_str()), (1, protocol));
        assert_eq!(sight.wire.address, Some(server.address));
        assert!(sight.wire.sent > 100 && sight.wire.received > 100);
        assert!(seen.cipher_suite.starts_with("TLS"), "{seen:?}");
        assert_eq!((seen.alpn, seen.complaint), (None, None));
    }
}

#[tokio::test]
async fn a_look_at_one_who_wants_a_client_certificate() {
    let me = Identity::new(LOCAL);
    let server = Server::new(me.wants_client_certificate(TLS13), cut()).await;
    let url = |server: &Server| spec(&server.url(), Trust::Any, &[]);
    let seen = look(&url(&server), PATIENT).await.outcome.unwrap();
    assert_eq!(seen.certificate.pin.fingerprint, me.pin());
    let complaint = seen.complaint.expect("a complaint");
    assert_eq!(complaint.class, Class::ClientCertificate);
    let server = Server::new(me.wants_client_certificate(TLS12), cut()).await;
    let sight = look(&url(&server), PATIENT).await;
    let fault = sight.outcome.expect_err("an alert");
    assert!(sight.wire.wants_certificate && sight.wire.alert.is_some());
    assert_eq!(
        (fault.class, fault.detail),
        (Class::ClientCertificate, complaint.detail)
    );
}

#[tokio::test]
async fn a_look_quotes_what_answers_without_tls() {
    for (manner, class, words) in [
        (
            Manner::Greet(b"SSH-2.0-\x1b[31m\"x\"\xff\r\nmore"),
            Class::NotTls,
            Some(r#"it said "SSH-2.0-\x1b[31m\"x\"\xff""#),
        ),
        (
            Manner::Say(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
            Class::NotTls,
            Some("it said \"HTTP/1.1 400 Bad Request\""),
        ),
        (Manner::Refuse, Class::Refused, None),
        (Manner::Reset, Class::HandshakeReset, None),
        (Manner::Fin, Class::HandshakeEof, None),
        (Manner::Silent, Class::ConnectTimeout, None),
        (
            Manner::Wait(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
            Class::NotTls,
            Some("it said \"HTTP/1.1 400 Bad Request\""),
        ),
        (
            Manner::Alert(112),
            Class::SniRefused,
            Some("it does not know this server name (alert 112)"),
        ),
    ] {
        let peer = RawPeer::new(manner).await;
        let limit = match manner {
            Manner::Silent | Manner::Wait(_) => Duration::from_millis(50),
            _ => PATIENT,
        };
        let sight = look(&spec(&peer.url(), Trust::Any, &[]), limit).await;
        let fault = sight.outcome.expect_err("no TLS");
        assert_eq!(
            (fault.class, fault.detail.as_deref()),
            (class, words),
            "{manner:?}"
        );
    }
    let nowhere = spec("https://nonexistent.invalid", Trust::Any, &[]);
    let sight = look(&nowhere, PATIENT).await;
    assert!(!sight.wire.connected);
    assert_eq!(sight.outcome.expect_err("no address").class, Class::Dns);
}
