//! Websockets over real TLS listeners that are rude, change their certificate, or are somebody else; and without TLS.

use std::sync::{Arc, Mutex};

use crate::support::monitor::{Monitor, short_patience};
use crate::support::raw_peer::{Manner as Raw, RawPeer};
use crate::support::tls_client::{KEY, PATIENT, assert_discreet, pinned, spec};
use crate::support::tls_server::{ANY_TLS, Identity, TLS12, TLS13};
use crate::support::websocket_server::{Manner, WebsocketServer};
use reqwest::Method;
use secrecy::SecretString;
use syncwatch::core::credential::Credential;
use syncwatch::core::{Class, Fault, InstanceStatus, LinkState};
use syncwatch::tls::{Client, Incoming, Request, Terms, Trust, Upgraded, WebSocket};

const LOCAL: &str = "127.0.0.1";
const LIMIT: usize = 1024;

fn asking<'a>(key: Option<&'a SecretString>, credential: &'a Credential) -> Request<'a> {
    Request {
        method: Method::GET,
        path: "/_et/",
        key,
        body: None,
        timeout: PATIENT,
        limit: LIMIT,
        terms: Terms {
            credential,
            statuses: &[],
            repeatable: true,
            ..Terms::default()
        },
    }
}

async fn open(client: &Client, subprotocol: Option<&str>) -> Result<WebSocket, Fault> {
    let key = SecretString::from(KEY);
    let request = asking(Some(&key), &Credential::Bearer);
    match client.upgrade(&request, subprotocol).await? {
        Upgraded::Open(socket) => Ok(socket),
        Upgraded::Declined(reply) => panic!("declined: {reply:?}"),
    }
}

/// A server with this manner, and a client that trusts it.
async fn meeting(manner: Manner) -> (WebsocketServer, Client) {
    let me = Identity::new(LOCAL);
    let pin = me.pin();
    let server = WebsocketServer::tls(move |_| me.serves(ANY_TLS), manner).await;
    let client = pinned(&format!("https://{}", server.address), &[pin]);
    (server, client)
}

#[tokio::test]
async fn opened_and_closed_in_order() {
    let (server, client) = meeting(Manner::Polite).await;
    let socket = open(&client, Some("mqtt")).await.expect("open");
    assert!(socket.served.is_some());
    assert_eq!(socket.subprotocol.as_deref(), Some("mqtt"));
    socket.close().await;
    let met = server.until("closed", |met| met.ended).await;
    assert_eq!((met.closed, met.orderly), (Some(1000), true), "{met:?}");
    let host = format!("\r\nhost: {}\r\n", server.address);
    let head = met.head.to_lowercase();
    assert!(head.contains(&host), "{head}");
    assert!(head.contains(&format!("\r\nauthorization: bearer {KEY}\r\n")));
}

#[tokio::test]
async fn rude_ends() {
    // A text of 5 bytes of which 1 comes; one of 2000 bytes, beyond the limit; a reserved kind of frame; a masked one.
    let torn = b"\x81\x05h";
    for (manner, means) in [
        (Manner::Fin(b""), Ok(Incoming::Ended)),
        (Manner::Reset(b""), Ok(Incoming::Ended)),
        (Manner::Fin(torn), Ok(Incoming::Ended)),
        (Manner::Reset(torn), Ok(Incoming::Ended)),
        (Manner::Say(b"\x81\x7e\x07\xd0"), Err(Class::TooLarge)),
        (Manner::Say(b"\x8b\x00"), Err(Class::BadReply)),
        (
            Manner::Say(b"\x81\x81\x00\x00\x00\x00h"),
            Err(Class::BadReply),
        ),
        (
            Manner::Fin(b"\x88\x02\x03\xe9"),
            Ok(Incoming::Closed {
                code: Some(1001),
                reason: String::new(),
            }),
        ),
    ] {
        let (server, client) = meeting(manner).await;
        let mut socket = open(&client, None).await.expect("open");
        let pin = socket.served.map(|pin| pin.fingerprint);
        let came = socket.next().await;
        let came = came.map_err(|fault| {
            assert_discreet(&fault);
            assert_eq!(fault.served, pin, "{manner:?}");
            fault.class
        });
        assert_eq!(came, means, "{manner:?}");
        // A goodbye to whoever is gone takes no time and no harm.
        socket.close().await;
        drop(server);
    }
}

#[tokio::test]
async fn what_only_pretends_to_be_a_websocket() {
    for (manner, wanted, words) in [
        (Manner::WrongKey, None, "its answer does not fit"),
        (Manner::Chooses("mqtt"), None, "it chose the subprotocol"),
        (
            Manner::Chooses("amqp"),
            Some("mqtt"),
            "it chose the subprotocol 'amqp'",
        ),
    ] {
        let (_server, client) = meeting(manner).await;
        let fault = open(&client, wanted).await.expect_err("no websocket");
        assert_discreet(&fault);
        assert_eq!(fault.class, Class::NotWebsocket, "{manner:?}");
        let detail = fault.detail.unwrap_or_default();
        assert!(detail.contains(words), "{detail}");
        assert!(fault.served.is_some());
    }
}

#[tokio::test]
async fn a_plain_get_that_is_answered_with_101() {
    let (server, client) = meeting(Manner::Eager).await;
    let reply = client.send(asking(None, &Credential::Nothing)).await;
    let reply = reply.expect("an answer");
    assert_eq!((reply.status, reply.body.len()), (101, 0));
    assert!(!server.meetings()[0].upgrade);
}

fn instance(address: impl std::fmt::Display, keys: &str) -> String {
    format!(
        "[[instance]]\nname = \"tunnel\"\nkind = \"websocket\"\nurl = \"{address}/_et/\"\ninterval = \"100ms\"\n{keys}\n"
    )
}

/// A polite server whose certificate can be changed under a running engine, and the file that holds its pin.
struct Changing {
    server: WebsocketServer,
    identity: Arc<Mutex<Identity>>,
    home: tempfile::TempDir,
}

impl Changing {
    async fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let identity = Arc::new(Mutex::new(Identity::new(LOCAL)));
        let shown = identity.clone();
        let configs = move |_| shown.lock().unwrap().serves(ANY_TLS);
        let server = WebsocketServer::tls(configs, Manner::Polite).await;
        let this = Self {
            server,
            identity,
            home,
        };
        this.write_pin();
        this
    }

    fn pin_file(&self) -> std::path::PathBuf {
        self.home.path().join("cert.pem")
    }

    fn write_pin(&self) {
        std::fs::write(self.pin_file(), &self.identity.lock().unwrap().pem).unwrap();
    }

    fn config(&self, keys: &str) -> String {
        instance(format!("wss://{}", self.server.address), keys)
    }
}

#[tokio::test]
async fn a_rotation_of_the_pin_file_is_not_seen() {
    let changing = Changing::new().await;
    let file = changing.pin_file();
    let keys = format!("trust = {{ file = {file:?} }}\ntoken = 'open-sesame'");
    let mut monitor = Monitor::start(&changing.config(&keys)).await;
    let service = monitor.connected().await.service.clone();
    assert!(service.expect("a service").synced);
    for number in 1..=5 {
        let next = Identity::new(LOCAL);
        let pin = next.pin();
        // Both orders occur: what is known first, the file or the server, does not matter.
        if number % 2 == 0 {
            std::fs::write(&file, &next.pem).unwrap();
        }
        *changing.identity.lock().unwrap() = next;
        changing.write_pin();
        let instance = monitor
            .until("the new certificate is in use", |instance| {
                let trust = &instance.link.trust;
                trust.current == Some(pin)
                    && trust.served == Some(pin)
                    && instance.link.rotations == number
                    && instance.link.state == LinkState::Connected
            })
            .await;
        assert!(instance.service.as_ref().expect("a service").synced);
    }
    assert!(monitor.told().is_empty(), "{:?}", monitor.told());
    // The upgrade of the start was enough for all of that.
    let meetings = changing.server.meetings();
    let upgrades = meetings.iter().filter(|met| met.upgrade);
    assert_eq!(upgrades.count(), 1);
}

#[tokio::test]
async fn an_impostor_is_told_of_and_is_told_nothing() {
    let changing = Changing::new().await;
    let file = changing.pin_file();
    let keys = format!(
        "trust = {{ file = {file:?} }}\nuser = 'me'\npassword = 'open-sesame'\n{}",
        short_patience()
    );
    let mut monitor = Monitor::start(&changing.config(&keys)).await;
    monitor.connected().await;
    let before = {
        let mut identity = changing.identity.lock().unwrap();
        *identity = Identity::new(LOCAL);
        changing.server.meetings().len()
    };
    let instance = monitor.until_state(LinkState::Untrusted).await;
    let failure = instance.link.failure.as_ref().expect("a failure");
    assert_eq!(failure.class, Class::PinMismatch);
    assert_eq!(monitor.told_states(), [LinkState::Untrusted]);
    let meetings = changing.server.meetings();
    assert!(meetings.len() > before + 1);
    for met in &meetings[before..] {
        assert_eq!(met.head, "", "the impostor was told something");
    }
    let told = &meetings[0].head.to_lowercase();
    assert!(
        told.contains("\r\nauthorization: basic bwu6b3blbi1zzxnhbwu=\r\n"),
        "{told}"
    );
    assert!(!monitor.journal_text().contains("sesame"));
}

#[tokio::test]
async fn five_ways_to_trust() {
    for versions in [TLS12, TLS13] {
        let authority = Identity::ca("authority.test");
        let me = authority.issues(crate::support::tls_server::params(LOCAL));
        let (pin, pem) = (me.pin(), me.pem.clone());
        let server = WebsocketServer::tls(move |_| me.serves(versions), Manner::Polite).await;
        let home = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = home.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        let other = Identity::new(LOCAL);
        let (own, ca) = (write("own.pem", &pem), write("ca.pem", &authority.pem));
        let stranger = write("stranger.pem", &other.pem);
        use LinkState::{Connected, Untrusted};
        for (trust, state) in [
            (format!("{{ file = {own:?} }}"), Connected),
            (format!("{{ fingerprint = [\"{pin}\"] }}"), Connected),
            (format!("{{ ca = {ca:?} }}"), Connected),
            ("'any'".to_owned(), Connected),
            (format!("{{ file = {stranger:?} }}"), Untrusted),
            (
                format!("{{ fingerprint = [\"{}\"] }}", other.pin()),
                Untrusted,
            ),
            (format!("{{ ca = {stranger:?} }}"), Untrusted),
            // This computer knows nothing of the authority.
            ("'system'".to_owned(), Untrusted),
        ] {
            let keys = format!(
                "trust = {trust}\ntoken = 'open-sesame'\n{}",
                short_patience()
            );
            let config = instance(format!("wss://{}", server.address), &keys);
            let before = server.meetings().len();
            let mut monitor = Monitor::start(&config).await;
            let instance = monitor.until_state(state).await;
            assert_eq!(instance.link.insecure, trust == "'any'", "{trust}");
            monitor.stop().await;
            let heard: String = server
                .meetings()
                .drain(before..)
                .map(|met| met.head)
                .collect();
            let told = heard.contains("open-sesame");
            assert_eq!(told, state == Connected, "{trust}: {heard}");
        }
    }
}

fn fact(instance: &InstanceStatus, name: &str) -> Option<String> {
    let facts = &instance.service.as_ref()?.facts;
    let fact = facts.iter().find(|fact| fact.name == name)?;
    Some(fact.value.clone())
}

#[tokio::test]
async fn without_tls_it_is_watched_and_every_view_says_so() {
    let server = WebsocketServer::plain(Manner::Polite).await;
    let config = instance(format!("ws://{}", server.address), "subprotocol = 'mqtt'");
    let mut monitor = Monitor::start(&config).await;
    let instance = monitor.connected().await;
    assert!(instance.link.insecure && instance.link.plain);
    let json = serde_json::to_value(&*instance).unwrap();
    assert_eq!(json["link"]["insecure"], true);
    assert_eq!(json["link"]["trust"]["mode"], "any");
    assert_eq!(fact(&instance, "subprotocol").as_deref(), Some("mqtt"));
    let met = server.until("goodbye", |met| met.closed.is_some()).await;
    assert_eq!(met.closed, Some(1000));
    let heard = server.heard().to_lowercase();
    for header in ["authorization", "x-api-key", "cookie"] {
        assert!(!heard.contains(header), "{heard}");
    }
}

#[tokio::test]
async fn without_tls_no_secret_is_sent_whatever_asks() {
    let server = WebsocketServer::plain(Manner::Polite).await;
    let url = format!("ws://{}", server.address);
    let client = Client::build(&spec(&url, Trust::Any, &[])).expect("a client");
    let key = SecretString::from(KEY);
    for credential in [Credential::ApiKey, Credential::Bearer] {
        let request = asking(Some(&key), &credential);
        let fault = client.send(request.clone()).await.expect_err("refused");
        assert_discreet(&fault);
        let fault = client.upgrade(&request, None).await.expect_err("refused");
        assert_eq!(fault.class, Class::BadSource);
    }
    assert!(server.meetings().is_empty(), "{:?}", server.meetings());
    // And no other scheme goes without TLS at all.
    for scheme in ["http", "ftp", "wss"] {
        let url = format!("{scheme}://{}", server.address);
        let fault = Client::build(&spec(&url, Trust::Any, &[])).expect_err(scheme);
        assert_eq!(fault.class, Class::TlsExpected, "{scheme}");
    }
}

#[tokio::test]
async fn each_side_is_told_when_the_other_one_speaks_tls() {
    let me = Identity::new(LOCAL);
    let rustls = WebsocketServer::tls(move |_| me.serves(ANY_TLS), Manner::Polite).await;
    let says = RawPeer::new(Raw::Say(
        b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n",
    ))
    .await;
    for (url, class) in [
        (format!("ws://{}", rustls.address), Class::TlsExpected),
        (format!("wss://{}", says.address), Class::NotTls),
    ] {
        let trust = match url.starts_with("wss") {
            true => "trust = 'any'\n",
            false => "",
        };
        let config = instance(&url, &format!("{trust}{}", short_patience()));
        let mut monitor = Monitor::start(&config).await;
        let instance = monitor.until_state(LinkState::Misconfigured).await;
        let failure = instance.link.failure.as_ref().expect("a failure");
        assert_eq!(failure.class, class, "{url}");
    }
    assert_eq!(rustls.heard(), "");
}

#[tokio::test]
async fn a_server_that_hangs_up_on_plain_requests_is_watched_all_the_same() {
    let server = WebsocketServer::plain(Manner::HangsUp).await;
    let config = instance(format!("ws://{}", server.address), "");
    let mut monitor = Monitor::start(&config).await;
    let instance = monitor.connected().await;
    let status = "none to a plain request";
    assert_eq!(fact(&instance, "status").as_deref(), Some(status));
    drop(server);
    monitor
        .until("its end", |instance| instance.link.failure.is_some())
        .await;
}
