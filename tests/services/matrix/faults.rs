//! The faults of the matrix, each with a real listener that every kind meets.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::support::raw_peer::{Manner, RawPeer};
use crate::support::tls_server::{ANY_TLS, Answer, Identity, Server, TLS12, TLS13, Then, params};
use syncwatch::core::Class;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use super::NAME;

/// One row of the matrix.
pub struct Fault {
    /// What the server does, as the page says it.
    pub what: &'static str,
    pub peer: Peer,
    /// The value of `trust`.
    pub trust: String,
    /// What every kind must make of it; `None` where that depends on the kind, and is held by the page alone.
    pub class: Option<Class>,
}

/// Who listens.
pub enum Peer {
    Raw(RawPeer),
    Tls(Server),
    Door(Door),
    /// The name in the URL leads nowhere.
    NoName,
}

impl Peer {
    pub fn address(&self) -> Option<SocketAddr> {
        match self {
            Self::Raw(peer) => Some(peer.address),
            Self::Tls(server) => Some(server.address),
            Self::Door(door) => Some(door.address),
            Self::NoName => None,
        }
    }

    /// Everything that was said to it inside TLS.
    pub fn heard(&self) -> String {
        match self {
            Self::Tls(server) => server.heard(),
            Self::Door(door) => door.behind.heard(),
            Self::Raw(_) | Self::NoName => String::new(),
        }
    }
}

/// A proxy that routes by the server name: it refuses the one that is asked for, and serves another site without one.
pub struct Door {
    address: SocketAddr,
    behind: Server,
    keeping: JoinHandle<()>,
}

impl Door {
    async fn new() -> Self {
        let other = Identity::new("default.test");
        let behind = Server::new(other.serves(ANY_TLS), Answer::reply("200 OK", "{}")).await;
        let inside = behind.address;
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let keeping = tokio::spawn(async move {
            let mut guests = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.expect("a connection");
                guests.spawn(let_in(stream, inside));
            }
        });
        Self {
            address,
            behind,
            keeping,
        }
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        self.keeping.abort();
    }
}

async fn let_in(mut stream: TcpStream, inside: SocketAddr) {
    let mut hello = vec![0; 4096];
    let length = stream.read(&mut hello).await.unwrap_or(0);
    let hello = &hello[..length];
    let named = hello
        .windows(NAME.len())
        .any(|part| part == NAME.as_bytes());
    if named {
        let _ = stream.write_all(&[21, 3, 3, 0, 2, 2, 112]).await;
        let _ = stream.shutdown().await;
        let _ = stream.read(&mut [0; 64]).await;
        return;
    }
    let mut behind = TcpStream::connect(inside).await.expect("the site");
    behind.write_all(hello).await.expect("passed on");
    let _ = tokio::io::copy_bidirectional(&mut stream, &mut behind).await;
}

/// Every fault; what files it takes are written into `home`.
pub async fn all(home: &Path) -> Vec<Fault> {
    let mut faults = without_tls().await;
    faults.extend(handshakes().await);
    faults.extend(certificates(home).await);
    faults.extend(replies().await);
    faults
}

async fn without_tls() -> Vec<Fault> {
    use Manner as M;
    const HTTP: &[u8] = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
    let mut faults = vec![Fault {
        what: "its name has no address",
        peer: Peer::NoName,
        trust: any_pin(),
        class: Some(Class::Dns),
    }];
    for (what, manner, class) in [
        ("nothing listens", M::Refuse, Class::Refused),
        ("accepts and says nothing", M::Silent, Class::ConnectTimeout),
        (
            "answers the handshake in plain HTTP",
            M::Say(HTTP),
            Class::NotTls,
        ),
        (
            "waits for a line of plain HTTP",
            M::Wait(HTTP),
            Class::NotTls,
        ),
        (
            "greets as SSH does",
            M::Greet(b"SSH-2.0-OpenSSH_9.9\r\n"),
            Class::NotTls,
        ),
        ("resets in the handshake", M::Reset, Class::HandshakeReset),
        ("closes in the handshake", M::Fin, Class::HandshakeEof),
    ] {
        faults.push(raw(what, manner, class).await);
    }
    faults
}

async fn handshakes() -> Vec<Fault> {
    let mut faults = Vec::new();
    for (what, number, class) in [
        ("alert 40: nothing in common", 40, Class::TlsAlert),
        ("alert 70: another version of TLS", 70, Class::TlsAlert),
        ("alert 80: an error of its own", 80, Class::TlsAlert),
        (
            "alert 116: a client certificate is wanted",
            116,
            Class::ClientCertificate,
        ),
    ] {
        faults.push(raw(what, Manner::Alert(number), class).await);
    }
    faults.push(Fault {
        what: "alert 112: no site of this name, another one without",
        peer: Peer::Door(Door::new().await),
        trust: any_pin(),
        class: Some(Class::SniRefused),
    });
    for (what, versions) in [
        ("asks for a client certificate (TLS 1.2)", TLS12),
        ("asks for a client certificate (TLS 1.3)", TLS13),
    ] {
        let me = Identity::new(NAME);
        let config = me.wants_client_certificate(versions);
        faults.push(Fault {
            what,
            trust: pin(&me),
            peer: Peer::Tls(Server::new(config, whole("200 OK", "{}")).await),
            class: Some(Class::ClientCertificate),
        });
    }
    faults
}

async fn certificates(home: &Path) -> Vec<Fault> {
    let serving = |config| async move {
        Peer::Tls(Server::scripted(config, |_| whole("200 OK", "{}")).await)
    };
    let same = |me: Identity| {
        let config = me.serves(ANY_TLS);
        Box::new(move |_| Arc::clone(&config)) as Configs
    };
    let fresh: Configs = Box::new(|_| Identity::new(NAME).serves(ANY_TLS));
    let (me, other) = (Identity::new(NAME), Identity::new(NAME));
    let posing = other.poses_as(&me, ANY_TLS);
    let mut faults = vec![
        Fault {
            what: "another certificate than the pinned one",
            peer: serving(same(Identity::new(NAME))).await,
            trust: pin(&me),
            class: Some(Class::PinMismatch),
        },
        Fault {
            what: "a certificate where none was pinned yet",
            peer: serving(same(Identity::new(NAME))).await,
            trust: "{ fingerprint = [] }".to_owned(),
            class: Some(Class::NotPinned),
        },
        Fault {
            what: "a new certificate on every connection",
            peer: serving(fresh).await,
            trust: pin(&me),
            class: Some(Class::NewCertificateEachTime),
        },
        Fault {
            what: "the pinned certificate without its key",
            peer: serving(Box::new(move |_| Arc::clone(&posing)) as Configs).await,
            trust: pin(&me),
            class: Some(Class::BadSignature),
        },
    ];
    let authority = Identity::ca("authority.test");
    let file = home.join("ca.pem");
    std::fs::write(&file, &authority.pem).expect("written");
    let between = {
        let mut between = params("between.test");
        between.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        authority.issues(between)
    };
    let dated = |from: i32, to: i32| {
        let mut dated = params(NAME);
        dated.not_before = rcgen::date_time_ymd(from, 1, 1);
        dated.not_after = rcgen::date_time_ymd(to, 1, 1);
        dated
    };
    for (what, leaf, class) in [
        (
            "a CA's certificate that has expired",
            authority.issues(dated(2020, 2021)),
            Class::Certificate,
        ),
        (
            "a CA's certificate that begins in the future",
            authority.issues(dated(2090, 2091)),
            Class::Certificate,
        ),
        (
            "a CA's certificate for another name",
            authority.issues(params("other.test")),
            Class::WrongName,
        ),
        (
            "a CA's certificate without the one between",
            between.issues(params(NAME)),
            Class::Certificate,
        ),
        (
            "a certificate that signed itself, where a CA is trusted",
            Identity::new(NAME),
            Class::Certificate,
        ),
    ] {
        faults.push(Fault {
            what,
            peer: serving(same(leaf)).await,
            trust: format!("{{ ca = {file:?} }}"),
            class: Some(class),
        });
    }
    faults
}

async fn replies() -> Vec<Fault> {
    let line = |head: &str, then| Answer::new(format!("HTTP/1.1 {head}\r\n\r\n"), then);
    let html = "<html><body>It works!</body></html>";
    let mut faults = Vec::new();
    for (what, answer) in [
        ("401", whole("401 Unauthorized", "")),
        ("403", whole("403 Forbidden", "")),
        ("404", whole("404 Not Found", "")),
        ("407", whole("407 Proxy Authentication Required", "")),
        ("429", whole("429 Too Many Requests", "")),
        (
            "400, from an nginx that was shown no client certificate",
            whole("400 Bad Request", "No required SSL certificate was sent"),
        ),
        ("421", whole("421 Misdirected Request", "")),
        ("500", whole("500 Internal Server Error", "")),
        ("502, from a proxy", whole("502 Bad Gateway", "")),
        (
            "302 to elsewhere",
            line(
                "302 Found\r\nLocation: https://elsewhere.test/?q\r\nContent-Length: 0",
                Then::Goodbye,
            ),
        ),
        ("a page where data should be", whole("200 OK", html)),
        (
            "a reply that breaks off",
            Answer::new("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}", Then::Fin),
        ),
        ("no reply: it closes", Answer::new("", Then::Goodbye)),
    ] {
        let me = Identity::new(NAME);
        faults.push(Fault {
            what,
            trust: pin(&me),
            peer: Peer::Tls(Server::new(me.serves(ANY_TLS), answer).await),
            class: None,
        });
    }
    faults
}

type Configs = Box<dyn Fn(usize) -> Arc<rustls::ServerConfig> + Send + Sync>;

async fn raw(what: &'static str, manner: Manner, class: Class) -> Fault {
    Fault {
        what,
        peer: Peer::Raw(RawPeer::new(manner).await),
        trust: any_pin(),
        class: Some(class),
    }
}

/// A whole reply, after which it leaves in order.
fn whole(status: &str, body: &str) -> Answer {
    Answer {
        then: Then::Goodbye,
        ..Answer::reply(status, body)
    }
}

fn pin(identity: &Identity) -> String {
    format!("{{ fingerprint = [\"{}\"] }}", identity.pin())
}

/// Nobody has it.
fn any_pin() -> String {
    format!("{{ fingerprint = [\"sha256:{}\"] }}", "0".repeat(64))
}

/// Longer than any of them takes.
pub const DEADLINE: Duration = Duration::from_secs(90);
