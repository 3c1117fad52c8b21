//! Every way in which a connection or a handshake fails, met on real sockets: its class, its words, and what the user
//! comes to see of it.

use std::path::PathBuf;
use std::time::Duration;

use crate::support::raw_peer::{Manner, RawPeer};
use crate::support::tls_client::{self, ask, assert_discreet, get, pinned, spec};
use crate::support::tls_server::{
    ANY_TLS, Answer, Identity, Server, TLS12, TLS13, Then, Versions, params,
};
use reqwest::Method;
use rustls::HandshakeKind;
use syncwatch::core::{Class, Fault, LinkState};
use syncwatch::tls::{Client, Trust};
use time::{Duration as Days, OffsetDateTime};

const LOCAL: &str = "127.0.0.1";
const HTTP: &[u8] = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
/// A ServerHello of TLS 1.1.
const OLD: &[u8] =
    b"\x16\x03\x02\x00\x2a\x02\x00\x00\x26\x03\x02a server's random: 32 letters ok\x00\x00\x2f\x00";
/// A TLS record of a handshake message that nobody knows.
const ODD: &[u8] = b"\x16\x03\x03\x00\x04\x63\x00\x00\x00";
const SSH: &[u8] = b"SSH-2.0-OpenSSH_9.9\r\n";

/// What the user comes to see of each class: its loud state, its patience in seconds, whether it is hidden at first.
const MEANINGS: &[(Class, LinkState, u64, bool)] = {
    use Class::*;
    use LinkState::*;
    &[
        (Refused, Disconnected, 15, true),
        (Unreachable, Disconnected, 15, true),
        (HandshakeReset, Disconnected, 15, true),
        (HandshakeEof, Disconnected, 15, true),
        (Lost, Disconnected, 15, true),
        (ConnectTimeout, Disconnected, 15, true),
        (RequestTimeout, Disconnected, 15, true),
        (Dns, Disconnected, 15, true),
        (NotTls, Misconfigured, 5, true),
        (TlsExpected, Misconfigured, 0, true),
        (TlsAlert, Misconfigured, 5, true),
        (SniRefused, Misconfigured, 5, true),
        (ClientCertificate, Misconfigured, 5, true),
        (TlsProtocol, Misconfigured, 5, true),
        (PinMismatch, Untrusted, 10, true),
        (BadSignature, Untrusted, 0, true),
        (Certificate, Untrusted, 10, true),
        (WrongName, Misconfigured, 10, true),
        (Truncated, Disconnected, 0, true),
        (TooLarge, Misconfigured, 0, true),
        (BadReply, Misconfigured, 0, true),
        (ServerError, Disconnected, 15, true),
        (Class::Unauthorized, LinkState::Unauthorized, 0, true),
        (Forbidden, LinkState::Unauthorized, 0, true),
        (Csrf, LinkState::Unauthorized, 0, true),
        (HostCheck, Misconfigured, 0, true),
        (Redirect, Misconfigured, 0, true),
        (BadPath, Misconfigured, 0, true),
    ]
};

/// What a server does inside TLS, and the class that this must be.
const REPLIES: &[(&str, Then, Class)] = {
    use Class as C;
    use Then::*;
    &[
        ("", Goodbye, C::Lost),
        ("", Fin, C::Lost),
        ("", Reset, C::Lost),
        ("HTTP/1.1 200 OK\r\nContent-Le", Goodbye, C::Lost),
        ("HTTP/1.1 200 OK\r\nContent-Le", Fin, C::Lost),
        ("HTTP/1.1 200 OK\r\nContent-Le", Reset, C::Lost),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{\"a\"",
            Goodbye,
            C::Truncated,
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{\"a\"",
            Fin,
            C::Truncated,
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{\"a\"",
            Reset,
            C::Truncated,
        ),
        // Whole JSON, but the announced end is not there: the length decides.
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}",
            Fin,
            C::Truncated,
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n",
            Fin,
            C::Truncated,
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n",
            Reset,
            C::Truncated,
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n{",
            Goodbye,
            C::Truncated,
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{",
            Stay,
            C::BadReply,
        ),
        ("HTTP/1.1 200 OK\r\n\r\n{\"a\":", Fin, C::Truncated),
        ("HTTP/1.1 200 OK\r\n\r\n12", Fin, C::Truncated),
        ("HTTP/1.1 200 OK\r\n\r\n", Fin, C::Truncated),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\n",
            Stay,
            C::TooLarge,
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551616\r\n\r\n",
            Stay,
            C::BadReply,
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            Again("18\r\nabcdefghijklmnopqrstuvwx\r\n"),
            C::TooLarge,
        ),
        ("HTTP/1.1 200 OK\r\n\r\n", Again("spam"), C::TooLarge),
        ("HTTP/1.1 200 OK\r\n", Again("A: b\r\n"), C::BadReply),
        ("SSH-2.0-OpenSSH_9.9\r\n", Stay, C::BadReply),
        (
            "HTTP/1.1 401 Unauthorized\r\nContent-Length: 15\r\n\r\nNot Authorized\n",
            Stay,
            C::Unauthorized,
        ),
        (
            "HTTP/1.1 403 Forbidden\r\nContent-Length: 10\r\n\r\nForbidden\n",
            Stay,
            C::Forbidden,
        ),
        (
            "HTTP/1.1 403 Forbidden\r\nContent-Length: 11\r\n\r\nCSRF Error\n",
            Stay,
            C::Csrf,
        ),
        (
            "HTTP/1.1 403 Forbidden\r\nContent-Length: 17\r\n\r\nHost check error\n",
            Stay,
            C::HostCheck,
        ),
        (
            "HTTP/1.1 404 Not Found\r\nContent-Length: 10\r\n\r\nnot found\n",
            Stay,
            C::BadPath,
        ),
        // Its words are broken off; the status is what counts.
        (
            "HTTP/1.1 401 Unauthorized\r\nContent-Length: 15\r\n\r\nNot Auth",
            Reset,
            C::Unauthorized,
        ),
        (
            "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 5\r\n\r\noops\n",
            Stay,
            C::ServerError,
        ),
        (
            "HTTP/1.1 503 Service Unavailable\r\n\r\n",
            Again("spam"),
            C::ServerError,
        ),
        (
            "HTTP/1.1 302 Found\r\nLocation: /login\r\nContent-Length: 0\r\n\r\n",
            Stay,
            C::Redirect,
        ),
        ("HTTP/1.1 304 Not Modified\r\n\r\n", Stay, C::Redirect),
        (
            "HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n",
            Goodbye,
            C::TlsExpected,
        ),
    ]
};

/// The fault, after the checks that hold for each.
fn checked(result: Result<syncwatch::tls::Reply, Fault>, what: &str) -> Fault {
    let fault = result
        .and_then(syncwatch::tls::Reply::success)
        .expect_err(what);
    assert_discreet(&fault);
    fault
}

fn assert_class(fault: &Fault, class: Class, what: &str) {
    assert_eq!(fault.class, class, "{what}: {fault:?}");
    let meaning = MEANINGS.iter().find(|row| row.0 == class).expect(what);
    assert_eq!(
        tls_client::means(class),
        (meaning.1, meaning.2, meaning.3),
        "{what}"
    );
}

async fn fault_of(manner: Manner) -> Fault {
    let peer = RawPeer::new(manner).await;
    let me = Identity::new(LOCAL);
    let spec = spec(&peer.url(), Trust::Pinned, &[me.pin()]);
    let client = Client::build_with_connect_timeout(
        &spec,
        Duration::from_millis(match manner {
            Manner::Silent | Manner::Wait(_) => 50,
            _ => 10_000,
        }),
    );
    checked(
        get(&client.expect("a client")).await,
        &format!("{manner:?}"),
    )
}

#[tokio::test]
async fn what_peers_without_tls_do() {
    for (manner, class, words) in [
        (Manner::Refuse, Class::Refused, None),
        (Manner::Reset, Class::HandshakeReset, None),
        (Manner::CloseUnread, Class::HandshakeReset, None),
        (Manner::Fin, Class::HandshakeEof, None),
        (Manner::Silent, Class::ConnectTimeout, None),
        (
            Manner::Wait(HTTP),
            Class::NotTls,
            Some("it said \"HTTP/1.1 400 Bad Request\""),
        ),
        (Manner::Say(HTTP), Class::NotTls, None),
        (Manner::Greet(SSH), Class::NotTls, None),
        (Manner::Say(b"\x16\x03"), Class::HandshakeEof, None),
        (
            Manner::Say(OLD),
            Class::TlsProtocol,
            Some("it offers nothing newer than TLS 1.1"),
        ),
        (
            Manner::Say(ODD),
            Class::TlsProtocol,
            Some(
                "received unexpected handshake message: got HandshakeType(0x63) when expecting ServerHello or HelloRetryRequest",
            ),
        ),
        (
            Manner::Alert(40),
            Class::TlsAlert,
            Some("it shares no way to set up TLS with this program (alert 40)"),
        ),
        (
            Manner::Alert(70),
            Class::TlsAlert,
            Some("no common protocol version (alert 70)"),
        ),
        (
            Manner::Alert(80),
            Class::TlsAlert,
            Some("it met an internal error (alert 80)"),
        ),
        (
            Manner::Alert(112),
            Class::SniRefused,
            Some("it does not know this server name (alert 112)"),
        ),
        (
            Manner::Alert(116),
            Class::ClientCertificate,
            Some("it wants a client certificate (alert 116)"),
        ),
        (
            Manner::Alert(120),
            Class::TlsAlert,
            Some("it does not speak HTTP/1.1 (alert 120)"),
        ),
        (
            Manner::Alert(234),
            Class::TlsAlert,
            Some("it gave no reason that is known here (alert 234)"),
        ),
    ] {
        let fault = fault_of(manner).await;
        assert_class(&fault, class, &format!("{manner:?}"));
        assert_eq!(fault.detail.as_deref(), words, "{manner:?}");
        assert_eq!(fault.served, None, "{manner:?}");
    }
}

#[tokio::test]
async fn what_servers_say_inside_tls() {
    let me = Identity::new(LOCAL);
    for versions in [TLS12, TLS13] {
        for (bytes, then, class) in REPLIES {
            let server = Server::new(me.serves(versions), Answer::new(*bytes, *then)).await;
            let fault = checked(get(&pinned(&server.url(), &[me.pin()])).await, bytes);
            assert_class(&fault, *class, bytes);
            // A new connection was used: nothing is sent twice.
            assert_eq!(server.connections().len(), 1, "{bytes}");
        }
    }
}

#[tokio::test]
async fn a_name_without_an_address_and_an_address_without_a_route() {
    for (base, server_name, class) in [
        ("https://nonexistent.invalid:8384", None, Class::Dns),
        (
            "https://nonexistent.invalid:8384",
            Some("nas.lan"),
            Class::Dns,
        ),
        // No TCP connection can go to everybody; the kernel says so at once.
        ("https://255.255.255.255:8384", None, Class::Unreachable),
    ] {
        let mut spec = spec(base, Trust::Pinned, &[]);
        spec.server_name = server_name.map(str::to_owned);
        let fault = checked(get(&Client::build(&spec).expect(base)).await, base);
        assert_class(&fault, class, base);
        assert!(
            fault.detail.is_some_and(|detail| !detail.is_empty()),
            "{base}"
        );
    }
}

#[tokio::test]
async fn a_stalled_body_and_a_stalled_head() {
    let me = Identity::new(LOCAL);
    for bytes in [
        "",
        "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{",
        "HTTP/1.1 401 Unauthorized\r\nContent-Length: 9\r\n\r\n",
    ] {
        let server = Server::new(me.serves(ANY_TLS), Answer::new(bytes, Then::Stay)).await;
        let client = pinned(&server.url(), &[me.pin()]);
        let result = ask(&client, Method::GET, "/rest/x", Duration::from_millis(300)).await;
        assert_class(&checked(result, bytes), Class::RequestTimeout, bytes);
    }
}

#[tokio::test]
async fn a_wrong_pin_names_what_was_served() {
    let (me, other) = (Identity::new(LOCAL), Identity::new(LOCAL));
    for versions in [TLS12, TLS13] {
        let server = Server::new(me.serves(versions), Answer::reply("200 OK", "{}")).await;
        let fault = checked(get(&pinned(&server.url(), &[other.pin()])).await, "pin");
        assert_class(&fault, Class::PinMismatch, "pin");
        assert_eq!(fault.served, Some(me.pin()));
    }
}

#[tokio::test]
async fn a_client_certificate_is_wanted() {
    let me = Identity::new(LOCAL);
    // In TLS 1.3 the alert comes after the client's own handshake is done.
    for versions in [TLS12, TLS13] {
        let config = me.wants_client_certificate(versions);
        let server = Server::new(config, Answer::reply("200 OK", "{}")).await;
        let fault = checked(get(&pinned(&server.url(), &[me.pin()])).await, "alert");
        assert_class(&fault, Class::ClientCertificate, "alert");
        assert_eq!(
            fault.detail.as_deref(),
            Some("it wants a client certificate (alert 116)")
        );
    }
}

struct Authority {
    ca: Identity,
    directory: tempfile::TempDir,
}

impl Authority {
    fn new() -> Self {
        let (ca, directory) = (Identity::ca("an authority"), tempfile::tempdir().unwrap());
        std::fs::write(directory.path().join("ca.pem"), &ca.pem).unwrap();
        Self { ca, directory }
    }

    fn file(&self) -> PathBuf {
        self.directory.path().join("ca.pem")
    }

    /// What a client that trusts this authority makes of a server with this certificate.
    async fn judges(&self, leaf: &Identity, versions: Versions) -> Result<HandshakeKind, Fault> {
        let server = Server::new(leaf.serves(versions), Answer::reply("200 OK", "{}")).await;
        let client = Client::build(&spec(&server.url(), Trust::Ca(self.file()), &[])).unwrap();
        let result = get(&client).await;
        if let Err(fault) = &result {
            assert_discreet(fault);
            server.until(0, |connection| connection.ended).await;
            assert_eq!((server.handshakes(), server.heard().as_str()), (0, ""));
            assert_eq!(fault.served, Some(leaf.pin()));
        }
        result.map(|_| server.connections()[0].handshake.unwrap())
    }
}

#[tokio::test]
async fn what_a_ca_file_says() {
    let authority = Authority::new();
    // The second is an authority that was made anew under its old name.
    let (stranger, renewed) = (Identity::ca("a stranger"), Identity::ca("an authority"));
    let now = OffsetDateTime::now_utc();
    let mut expired = params(LOCAL);
    (expired.not_before, expired.not_after) = (now - Days::days(9), now - Days::days(2));
    let mut early = params(LOCAL);
    (early.not_before, early.not_after) = (now + Days::days(2), now + Days::days(9));
    let ca = &authority.ca;
    for versions in [TLS12, TLS13] {
        let good = authority.judges(&ca.issues(params(LOCAL)), versions).await;
        assert_eq!(good, Ok(HandshakeKind::Full));
        for (leaf, class, words) in [
            (
                ca.issues(expired.clone()),
                Class::Certificate,
                "it expired on ",
            ),
            (
                ca.issues(early.clone()),
                Class::Certificate,
                "it is not valid before ",
            ),
            (
                ca.issues(params("nas.lan")),
                Class::WrongName,
                "nas.lan, not 127.0.0.1",
            ),
            (
                stranger.issues(params(LOCAL)),
                Class::Certificate,
                "its issuer is not trusted here",
            ),
            (
                renewed.issues(params(LOCAL)),
                Class::Certificate,
                "the issuer that it names did not sign it",
            ),
            (
                Identity::new(LOCAL),
                Class::Certificate,
                "its issuer is not trusted here",
            ),
            (Identity::ca(LOCAL), Class::Certificate, ""),
        ] {
            let fault = authority.judges(&leaf, versions).await.expect_err(words);
            assert_class(&fault, class, words);
            let detail = fault.detail.unwrap_or_default();
            assert!(detail.starts_with(words) && !detail.is_empty(), "{detail}");
        }
        // A leaf that says it is a CA, and stands in the file itself: many self-made certificates are like that.
        assert_eq!(
            authority.judges(ca, versions).await,
            Ok(HandshakeKind::Full)
        );
    }
}

#[tokio::test]
async fn a_ca_file_that_cannot_be_used() {
    let authority = Authority::new();
    for (content, class) in [
        (None, Class::NoPin),
        (Some(""), Class::BadPinFile),
        (Some("garbage"), Class::BadPinFile),
    ] {
        match content {
            Some(content) => std::fs::write(authority.file(), content).unwrap(),
            None => std::fs::remove_file(authority.file()).unwrap(),
        }
        let built = Client::build(&spec("https://127.0.0.1", Trust::Ca(authority.file()), &[]));
        assert_eq!(built.expect_err("no CA").class, class, "{content:?}");
    }
}
