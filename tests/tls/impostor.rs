//! Whoever stands at the port without the pinned certificate and its key gets not one byte of a request: on a new
//! connection, a kept one, a resumed session, after a change of pins, in every kind of trust.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use crate::support::tls_client::{KEY, PATIENT, ask, assert_discreet, get, look, pinned, spec};
use crate::support::tls_server::{ANY_TLS, Answer, Identity, Server, TLS12, TLS13, Then, Versions};
use reqwest::Method;
use rustls::HandshakeKind;
use rustls::pki_types::{CertificateDer, pem::PemObject};
use rustls::server::{ServerConfig, ServerSessionMemoryCache};
use syncwatch::core::{Class, Fault, PinRead};
use syncwatch::tls::{Client, Dial, Trust, read_pin_file};

const LOCAL: &str = "127.0.0.1";
const OK: &str = "200 OK";

fn ok() -> Answer {
    Answer::reply(OK, "{}")
}

/// The connection with this number was given nothing: no handshake finished, no byte inside it, and on the wire
/// nothing after the ClientHello but an alert.
async fn assert_nothing_given(server: &Server, connection: usize) {
    server
        .until(connection, |connection| connection.ended)
        .await;
    let given = &server.connections()[connection];
    assert_eq!(given.handshake, None, "a handshake was finished");
    assert!(given.bytes.is_empty(), "it heard {:?}", server.heard());
    assert!(
        given.raw_after_hello() <= 40,
        "{}",
        given.raw.escape_ascii()
    );
}

async fn refused(server: &Server, client: &Client, class: Class) -> Fault {
    let before = server.connections().len();
    let fault = get(client).await.expect_err("an impostor");
    assert_eq!(fault.class, class, "{fault:?}");
    assert_discreet(&fault);
    for connection in before..server.connections().len() {
        assert_nothing_given(server, connection).await;
    }
    assert!(server.connections().len() > before, "nobody was asked");
    fault
}

#[tokio::test]
async fn another_certificate() {
    let (me, impostor) = (Identity::new(LOCAL), Identity::new(LOCAL));
    for versions in [TLS12, TLS13] {
        let server = Server::new(impostor.serves(versions), ok()).await;
        let fault = refused(
            &server,
            &pinned(&server.url(), &[me.pin()]),
            Class::PinMismatch,
        )
        .await;
        assert_eq!(fault.served, Some(impostor.pin()));
        // What reads as a first look is no other: nothing is pinned, so nobody is told anything.
        let fault = refused(&server, &pinned(&server.url(), &[]), Class::NotPinned).await;
        assert_eq!(fault.served, Some(impostor.pin()));
    }
}

#[tokio::test]
async fn the_right_certificate_behind_another_one() {
    // Only the certificate whose key signs the handshake counts, not what else stands in the chain.
    let (me, impostor) = (Identity::new(LOCAL), Identity::new(LOCAL));
    for versions in [TLS12, TLS13] {
        let config = Arc::new(impostor.shows_chain(&[&impostor, &me], versions));
        let server = Server::new(config, ok()).await;
        refused(
            &server,
            &pinned(&server.url(), &[me.pin()]),
            Class::PinMismatch,
        )
        .await;
    }
}

#[tokio::test]
async fn the_right_certificate_without_its_key() {
    let (me, impostor) = (Identity::new(LOCAL), Identity::new(LOCAL));
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("ca.pem");
    std::fs::write(&file, &me.pem).unwrap();
    for versions in [TLS12, TLS13] {
        let server = Server::new(impostor.poses_as(&me, versions), ok()).await;
        for trust in [Trust::Pinned, Trust::Any, Trust::Ca(file.clone())] {
            let client = Client::build(&spec(&server.url(), trust, &[me.pin()])).unwrap();
            let fault = refused(&server, &client, Class::BadSignature).await;
            assert_eq!(fault.served, Some(me.pin()));
        }
        let sight = look(&spec(&server.url(), Trust::Any, &[]), PATIENT).await;
        let fault = sight.outcome.expect_err("no owner");
        assert_eq!(
            (fault.class, fault.served),
            (Class::BadSignature, Some(me.pin()))
        );
        assert_eq!((server.handshakes(), server.heard().as_str()), (0, ""));
    }
}

#[tokio::test]
async fn a_pinned_certificate_that_tls_cannot_work_with() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/certificates");
    for name in [
        "v1",
        "critical-extension",
        "rsa-1024",
        "p521",
        "explicit-curve",
    ] {
        let file = directory.join(format!("{name}.pem"));
        let mut shown = Identity::new(LOCAL);
        shown.certificate = CertificateDer::from_pem_file(&file).unwrap();
        for versions in [TLS12, TLS13] {
            let server = Server::new(shown.serves(versions), ok()).await;
            for trust in [Trust::Pinned, Trust::Any] {
                let client = Client::build(&spec(&server.url(), trust, &[shown.pin()])).unwrap();
                let fault = refused(&server, &client, Class::UnusableCertificate).await;
                let PinRead::Unusable { why, .. } = read_pin_file(&file) else {
                    panic!("{name}");
                };
                assert_eq!((fault.detail, fault.served), (Some(why), Some(shown.pin())));
            }
            refused(&server, &pinned(&server.url(), &[]), Class::NotPinned).await;
        }
    }
}

#[tokio::test]
async fn a_server_swapped_behind_a_kept_connection() {
    for versions in [TLS12, TLS13] {
        for then in [Then::Goodbye, Then::Fin, Then::Reset] {
            let (me, impostor) = (Identity::new(LOCAL), Identity::new(LOCAL));
            let pin = me.pin();
            let (mine, theirs) = (me.serves(versions), impostor.serves(versions));
            // The first connection lives for one reply, and is cut when the second request has come in over it.
            let server = Server::scripted(
                move |connection| {
                    if connection == 0 {
                        mine.clone()
                    } else {
                        theirs.clone()
                    }
                },
                move |turn| {
                    if turn.request == 0 {
                        ok()
                    } else {
                        Answer::new("", then)
                    }
                },
            )
            .await;
            let client = pinned(&server.url(), &[pin]);
            assert!(get(&client).await.is_ok());
            // The request is repeated on a new connection by itself, and the impostor learns nothing by that.
            let fault = refused(&server, &client, Class::PinMismatch).await;
            assert_eq!(fault.served, Some(impostor.pin()));
            assert_eq!(server.connections().len(), 2);
            refused(&server, &client, Class::PinMismatch).await;
        }
    }
}

#[tokio::test]
async fn a_server_swapped_behind_a_connection_that_was_closed_meanwhile() {
    let (me, impostor) = (Identity::new(LOCAL), Identity::new(LOCAL));
    let pin = me.pin();
    let server = Server::scripted(
        move |connection| {
            if connection == 0 {
                me.serves(ANY_TLS)
            } else {
                impostor.serves(ANY_TLS)
            }
        },
        |_| Answer {
            then: Then::Goodbye,
            ..ok()
        },
    )
    .await;
    let client = pinned(&server.url(), &[pin]);
    assert!(get(&client).await.is_ok());
    for method in [Method::GET, Method::POST] {
        let fault = ask(&client, method, "/rest/system/restart", PATIENT)
            .await
            .expect_err("swapped");
        assert_eq!(fault.class, Class::PinMismatch);
        assert_nothing_given(&server, server.connections().len() - 1).await;
    }
}

/// A server that would gladly resume, by session id, ticket and early data.
fn resuming(identity: &Identity, versions: Versions) -> Arc<ServerConfig> {
    let mut config = identity.shows(identity, versions);
    config.session_storage = ServerSessionMemoryCache::new(32);
    config.ticketer = rustls::crypto::ring::Ticketer::new().unwrap();
    config.send_tls13_tickets = 4;
    config.max_early_data_size = 16 * 1024;
    Arc::new(config)
}

#[tokio::test]
async fn sessions_that_could_be_resumed() {
    let (me, next) = (Identity::new(LOCAL), Identity::new(LOCAL));
    for versions in [TLS12, TLS13] {
        let config = resuming(&me, versions);
        // Each reply ends its connection, so that each request needs another handshake.
        let server = Server::new(
            config,
            Answer {
                then: Then::Goodbye,
                ..ok()
            },
        )
        .await;
        let client = pinned(&server.url(), &[me.pin()]);
        for number in 0..3 {
            assert!(get(&client).await.is_ok());
            let kind = server.connections()[number].handshake;
            assert!(matches!(kind, Some(HandshakeKind::Full)), "{kind:?}");
        }
        // The pin is retired: a new generation, to which the old server is a stranger.
        let retired = pinned(&server.url(), &[next.pin()]);
        refused(&server, &retired, Class::PinMismatch).await;
        // The old generation is not touched by that; it is dropped by whoever replaced it.
        assert!(get(&client).await.is_ok());
    }
}

#[tokio::test]
async fn a_retired_pin_and_a_kept_connection_of_the_older_generation() {
    let (me, next) = (Identity::new(LOCAL), Identity::new(LOCAL));
    let server = Server::new(resuming(&me, ANY_TLS), ok()).await;
    let both = pinned(&server.url(), &[me.pin(), next.pin()]);
    assert!(get(&both).await.is_ok());
    // The connection of `both` is open and idle, yet the next generation shares nothing with it.
    refused(
        &server,
        &pinned(&server.url(), &[next.pin()]),
        Class::PinMismatch,
    )
    .await;
    drop(both);
    server.until(0, |connection| connection.orderly).await;
}

#[tokio::test]
async fn a_redirect_never_carries_the_key_away() {
    let (me, other) = (Identity::new(LOCAL), Identity::new(LOCAL));
    let elsewhere = Server::new(other.serves(ANY_TLS), ok()).await;
    for status in ["301", "302", "303", "307", "308"] {
        for target in [
            format!("{}/?a=b", elsewhere.url()),
            format!("//{}/", elsewhere.address),
            "/here".into(),
        ] {
            let text = format!(
                "HTTP/1.1 {status} Moved\r\nLocation: {target}\r\nContent-Length: 0\r\n\r\n"
            );
            let server = Server::new(me.serves(ANY_TLS), Answer::new(text, Then::Stay)).await;
            // Both are trusted: it is not the pin that keeps the key here.
            let client = pinned(&server.url(), &[me.pin(), other.pin()]);
            for method in [Method::GET, Method::POST] {
                let fault = ask(&client, method, "/rest/x", PATIENT)
                    .await
                    .expect_err("a redirect");
                assert_eq!(fault.class, Class::Redirect);
                let plain = target.split('?').next().unwrap();
                assert_eq!(fault.detail, Some(format!("to {plain}")));
            }
            assert_eq!(server.heard().matches(KEY).count(), 2);
        }
    }
    assert!(elsewhere.connections().is_empty());
}

#[tokio::test]
async fn plain_http_is_not_even_built() {
    for base in ["http://127.0.0.1:8384", "ftp://127.0.0.1", "unix:/run/x"] {
        for trust in [Trust::Pinned, Trust::Any] {
            let fault = Client::build(&spec(base, trust, &[])).expect_err(base);
            assert_eq!(fault.class, Class::TlsExpected, "{base}");
        }
        let sight = look(&spec(base, Trust::Any, &[]), PATIENT).await;
        assert_eq!(
            sight.outcome.expect_err(base).class,
            Class::TlsExpected,
            "{base}"
        );
    }
}

#[tokio::test]
async fn a_stranger_and_the_trusts_that_ask_others() {
    let (stranger, authority) = (Identity::new(LOCAL), Identity::ca("an authority"));
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("ca.pem");
    std::fs::write(&file, &authority.pem).unwrap();
    for versions in [TLS12, TLS13] {
        let server = Server::new(stranger.serves(versions), ok()).await;
        // A pin counts for `Pinned` alone: it must not open another trust.
        let spec = |trust| spec(&server.url(), trust, &[stranger.pin()]);
        let client = Client::build(&spec(Trust::Ca(file.clone()))).unwrap();
        let fault = refused(&server, &client, Class::Certificate).await;
        assert_eq!(fault.served, Some(stranger.pin()));
        match Client::build(&spec(Trust::System)) {
            Ok(client) => drop(refused(&server, &client, Class::Certificate).await),
            // A computer without CA certificates: refused before anybody was asked.
            Err(fault) => assert_eq!(fault.class, Class::Certificate, "{fault:?}"),
        }
        assert_eq!((server.handshakes(), server.heard().as_str()), (0, ""));
        let client = Client::build(&spec(Trust::Any)).unwrap();
        assert!(get(&client).await.is_ok());
    }
}

#[cfg(unix)]
#[tokio::test]
async fn an_impostor_behind_a_unix_socket() {
    use tokio::net::{TcpStream, UnixListener};
    let (me, impostor) = (Identity::new(LOCAL), Identity::new(LOCAL));
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("gui.sock");
    for (identity, class) in [(&impostor, Some(Class::PinMismatch)), (&me, None)] {
        let _ = std::fs::remove_file(&path);
        let server = Server::new(identity.serves(ANY_TLS), ok()).await;
        let (listener, address) = (UnixListener::bind(&path).unwrap(), server.address);
        let passing_on = tokio::spawn(async move {
            let (mut local, _) = listener.accept().await.unwrap();
            let mut there = TcpStream::connect(address).await.unwrap();
            let _ = tokio::io::copy_bidirectional(&mut local, &mut there).await;
        });
        let mut spec = spec("https://localhost", Trust::Pinned, &[me.pin()]);
        spec.dial = Some(Dial::Unix(path.clone()));
        let result = get(&Client::build(&spec).unwrap()).await;
        assert_eq!(result.err().map(|fault| fault.class), class);
        assert_eq!(server.heard().contains(KEY), class.is_none());
        passing_on.abort();
    }
    let _ = std::fs::remove_file(&path);
    let mut spec = spec("https://localhost", Trust::Pinned, &[me.pin()]);
    spec.dial = Some(Dial::Unix(path));
    let fault = get(&Client::build(&spec).unwrap())
        .await
        .expect_err("no socket");
    assert_eq!(fault.class, Class::Refused);
}

/// Run again by the next test, in a process whose environment names a proxy and a place for the session's secrets.
#[tokio::test]
async fn child_with_a_proxy() {
    let Ok(proxy) = std::env::var("HTTPS_PROXY") else {
        return;
    };
    let me = Identity::new("localhost");
    let server = Server::new(me.serves(ANY_TLS), ok()).await;
    let url = format!("https://localhost:{}", server.address.port());
    for trust in [Trust::Pinned, Trust::Any] {
        let client = Client::build(&spec(&url, trust, &[me.pin()])).unwrap();
        assert!(get(&client).await.is_ok(), "went to {proxy}");
    }
}

#[tokio::test]
async fn a_proxy_in_the_environment_is_never_asked() {
    let directory = tempfile::tempdir().unwrap();
    let secrets = directory.path().join("secrets");
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = format!("http://{}", listener.local_addr().unwrap());
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "impostor::child_with_a_proxy", "--nocapture"]);
    for name in [
        "HTTPS_PROXY",
        "https_proxy",
        "HTTP_PROXY",
        "http_proxy",
        "ALL_PROXY",
        "all_proxy",
    ] {
        child.env(name, &proxy);
    }
    child.env("SSLKEYLOGFILE", &secrets);
    let ran = tokio::task::spawn_blocking(move || {
        child.env_remove("NO_PROXY").env_remove("no_proxy").output()
    });
    tokio::select! {
        ran = ran => {
            let ran = ran.unwrap().unwrap();
            let said = String::from_utf8_lossy(&ran.stdout).into_owned();
            assert!(ran.status.success() && said.contains("1 passed"), "{said}");
        }
        _ = listener.accept() => panic!("the proxy was asked"),
    }
    assert!(!secrets.exists(), "the session's secrets were written down");
}

#[tokio::test]
async fn a_request_that_is_given_up_leaves_nothing_half_said() {
    // A reply that comes too late must not be taken for the next request's.
    let me = Identity::new(LOCAL);
    let pin = me.pin();
    let server = Server::scripted(
        move |_| me.serves(ANY_TLS),
        |turn| {
            if turn.connection == 0 {
                Answer::new("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{", Then::Stay)
            } else {
                ok()
            }
        },
    )
    .await;
    let client = pinned(&server.url(), &[pin]);
    let late = ask(
        &client,
        Method::GET,
        "/rest/late",
        Duration::from_millis(200),
    )
    .await;
    assert_eq!(late.expect_err("late").class, Class::RequestTimeout);
    assert_eq!(get(&client).await.unwrap().body, b"{}");
    assert_eq!(server.connections().len(), 2);
}
