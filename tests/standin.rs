//! The stand-in seen by plain clients that share no code with it: it must do what Syncthing does on the wire.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a broken expectation should end the test"
)]

use std::fs;
use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;

use ring::digest;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ClientConfig, Resumption};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, DigitallySignedStruct, Error, SignatureScheme};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use syncwatch::standin::{Answer, Ending, ImpostorKind, Options, Standin, What, World, Writing};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

const MASK: &str = "StateChanged,FolderSummary,Failure";

/// Accepts one pin or any certificate; with `careless` it does not check the handshake's signature either.
#[derive(Debug)]
struct Judge {
    pin: Option<String>,
    careless: bool,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Judge {
    fn verify_server_cert(
        &self,
        served: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match &self.pin {
            Some(pin) if *pin != fingerprint(served) => {
                Err(CertificateError::ApplicationVerificationFailure.into())
            }
            _ => Ok(ServerCertVerified::assertion()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        served: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        match self.careless {
            true => Ok(HandshakeSignatureValid::assertion()),
            false => verify_tls12_signature(message, served, signed, algorithms),
        }
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        served: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        match self.careless {
            true => Ok(HandshakeSignatureValid::assertion()),
            false => verify_tls13_signature(message, served, signed, algorithms),
        }
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

fn fingerprint(der: &[u8]) -> String {
    let hash = digest::digest(&digest::SHA256, der);
    let hex: String = hash.as_ref().iter().map(|b| format!("{b:02x}")).collect();
    format!("sha256:{hex}")
}

fn tls(pin: Option<String>, careless: bool) -> ClientConfig {
    tls_versions(pin, careless, rustls::ALL_VERSIONS)
}

fn tls_versions(
    pin: Option<String>,
    careless: bool,
    versions: &[&'static rustls::SupportedProtocolVersion],
) -> ClientConfig {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let judge = Judge {
        pin,
        careless,
        provider: Arc::clone(&provider),
    };
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(judge))
        .with_no_client_auth();
    config.resumption = Resumption::disabled();
    config
}

/// A reqwest client for one stand-in, with its key.
struct Client {
    http: reqwest::Client,
    base: String,
    key: String,
}

impl Client {
    fn new(standin: &Standin) -> Self {
        Self::with(standin, tls(None, false))
    }

    fn pinned(standin: &Standin) -> Self {
        Self::with(standin, tls(Some(standin.fingerprint()), false))
    }

    fn with(standin: &Standin, config: ClientConfig) -> Self {
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(config)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .unwrap();
        Self {
            http,
            base: standin.url(),
            key: standin.api_key().expose_secret().to_owned(),
        }
    }

    fn request(&self, method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
        self.http
            .request(method, format!("{}{path}", self.base))
            .header("X-API-Key", &self.key)
    }

    async fn send(&self, path: &str) -> reqwest::Result<reqwest::Response> {
        self.request(reqwest::Method::GET, path).send().await
    }

    async fn get(&self, path: &str) -> Value {
        let reply = self.send(path).await.unwrap();
        assert_eq!(reply.status(), 200, "{path}");
        serde_json::from_slice(&reply.bytes().await.unwrap()).unwrap()
    }

    async fn words(&self, path: &str) -> (u16, String) {
        let reply = self.send(path).await.unwrap();
        (reply.status().as_u16(), reply.text().await.unwrap())
    }

    async fn post(&self, path: &str) -> (u16, String) {
        let reply = self.request(reqwest::Method::POST, path).send().await;
        let reply = reply.unwrap();
        (reply.status().as_u16(), reply.text().await.unwrap())
    }

    async fn events(&self, since: u64) -> Value {
        self.get(&format!(
            "/rest/events?since={since}&timeout=0&events={MASK}"
        ))
        .await
    }
}

/// A connection without a library's HTTP client between us and the wire.
async fn raw(standin: &Standin, config: ClientConfig) -> std::io::Result<TlsStream<TcpStream>> {
    let stream = TcpStream::connect(standin.address()).await?;
    let name = ServerName::try_from("127.0.0.1").unwrap();
    TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await
}

/// A raw connection that has been used once and idles.
async fn idle(standin: &Standin) -> TlsStream<TcpStream> {
    let mut io = raw(standin, tls(None, false)).await.unwrap();
    let head = format!(
        "GET /rest/noauth/health HTTP/1.1\r\nHost: {}\r\n\r\n",
        standin.address()
    );
    io.write_all(head.as_bytes()).await.unwrap();
    let mut reply = Vec::new();
    while !reply.ends_with(b"\"OK\"\n}\n") {
        assert!(io.read_buf(&mut reply).await.unwrap() > 0);
    }
    io
}

async fn start(options: Options) -> Standin {
    Standin::start(options).await.unwrap()
}

async fn demo() -> Standin {
    start(Options::default()).await
}

/// Waits out no long downtime in tests.
const SOON: Duration = Duration::from_millis(20);

#[tokio::test]
async fn every_endpoint_of_a_monitor_answers() {
    let standin = demo().await;
    let client = Client::pinned(&standin);
    let my_id = standin.world(|world| world.my_id().to_owned());
    let status = client.get("/rest/system/status").await;
    assert_eq!(status["myID"], my_id.as_str());
    assert!(status["startTime"].as_str().unwrap().ends_with('Z'));
    assert_eq!(
        client.get("/rest/system/version").await["version"],
        "v1.29.5"
    );
    assert_eq!(client.get("/rest/system/ping").await["ping"], "pong");
    let config = client.get("/rest/config").await;
    assert_eq!(config["folders"].as_array().unwrap().len(), 4);
    assert_eq!(config["gui"]["apiKey"], client.key.as_str());
    assert!(config["options"].is_object());
    let required = client.get("/rest/config/restart-required").await;
    assert_eq!(required, json!({ "requiresRestart": false }));
    let connections = client.get("/rest/system/connections").await;
    assert_eq!(connections["connections"][&my_id]["connected"], false);
    assert_eq!(
        client.get("/rest/stats/device").await[&my_id]["lastSeen"],
        "1970-01-01T00:00:00Z"
    );
    assert!(client.get("/rest/stats/folder").await["photos"]["lastScan"].is_string());
    assert_eq!(client.get("/rest/cluster/pending/devices").await, json!({}));
    assert_eq!(client.get("/rest/cluster/pending/folders").await, json!({}));
    assert_eq!(
        client.get("/rest/system/error").await,
        json!({ "errors": null })
    );
    assert_eq!(
        client.get("/rest/db/status?folder=photos").await["state"],
        "idle"
    );
    let nas = standin.world(|world| world.device("nas").unwrap().id.clone());
    let path = format!("/rest/db/completion?device={nas}");
    assert_eq!(client.get(&path).await["completion"], 100.0);
    assert_eq!(
        client.get(&format!("{path}&folder=music")).await["needItems"],
        0
    );
}

#[tokio::test]
async fn faults_have_the_words_of_the_real_one() {
    let standin = demo().await;
    let mut client = Client::pinned(&standin);
    standin.world(|world| world.folder_mut("music").unwrap().paused = true);
    let nas = standin.world(|world| world.device("nas").unwrap().id.clone());
    let missing = |text: &str| (404, format!("{text}\n"));
    assert_eq!(
        client.words("/rest/nope").await,
        missing("404 page not found")
    );
    assert_eq!(
        client.words("/rest/db/status?folder=x").await,
        missing("no such folder")
    );
    let completion = format!("/rest/db/completion?device={nas}");
    assert_eq!(client.words(&completion).await, missing("folder is paused"));
    assert_eq!(client.words("/rest/db/completion?device=xx").await.0, 400);
    assert_eq!(
        client.get("/rest/db/status?folder=music").await["state"],
        ""
    );
    assert_eq!(client.words("/rest/system/restart").await.0, 405);
    assert_eq!(client.post("/rest/events").await.0, 405);

    let evil = client
        .request(reqwest::Method::GET, "/rest/system/ping")
        .header("Host", "evil.example")
        .send()
        .await
        .unwrap();
    assert_eq!(evil.status(), 403);
    assert_eq!(evil.text().await.unwrap(), "Host check error\n");
    client.key = "wrong".to_owned();
    assert_eq!(
        client.words("/rest/system/ping").await,
        (403, "CSRF Error\n".to_owned())
    );
    assert_eq!(
        client.get("/rest/noauth/health").await,
        json!({ "status": "OK" })
    );
}

#[tokio::test]
async fn a_long_poll_sends_headers_at_once_and_events_when_they_come() {
    let standin = demo().await;
    let client = Client::pinned(&standin);
    assert_eq!(client.events(0).await, json!([]), "a new mask begins empty");
    let poll = client
        .send(&format!("/rest/events?since=0&timeout=60&events={MASK}"))
        .await
        .unwrap();
    assert_eq!(poll.status(), 200);
    standin.emit("DeviceConnected", json!({}));
    standin.emit("Failure", json!("one"));
    let got: Value = serde_json::from_slice(&poll.bytes().await.unwrap()).unwrap();
    assert_eq!(
        (&got[0]["id"], &got[0]["type"]),
        (&json!(1), &json!("Failure"))
    );
    standin.emit("Failure", json!("two"));
    assert_eq!(client.events(0).await.as_array().unwrap().len(), 2);
    assert_eq!(client.events(1).await[0]["data"], "two");
    let last = client
        .get(&format!(
            "/rest/events?since=0&limit=1&timeout=0&events={MASK}"
        ))
        .await;
    assert_eq!(
        (last.as_array().unwrap().len(), &last[0]["id"]),
        (1, &json!(2))
    );
    assert_eq!(client.events(9999).await, json!([]), "stale and silent");
    assert_eq!(standin.masks(), 1);

    for _ in 0..1100 {
        standin.emit("Failure", json!(null));
    }
    let kept = client.events(2).await;
    assert_eq!(
        (kept.as_array().unwrap().len(), &kept[0]["id"]),
        (1000, &json!(103))
    );
    standin.lose_events(5);
    standin.emit("Failure", json!(null));
    assert_eq!(client.events(1102).await[0]["id"], 1108);
}

#[tokio::test]
async fn a_listener_restart_serves_a_new_certificate_and_goes_on_counting() {
    let standin = demo().await;
    let client = Client::new(&standin);
    client.events(0).await;
    standin.emit("Failure", json!(1));
    let started = client.get("/rest/system/status").await["startTime"].clone();
    let (old, port) = (standin.fingerprint(), standin.address());
    let mut moments = standin.moments();
    let at = standin.rotate_in_process().await.unwrap();

    assert_ne!(standin.fingerprint(), old);
    assert_eq!(standin.address(), port);
    assert_eq!(standin.served_at().borrow().as_ref().unwrap().at, at);
    let file = fs::read_to_string(standin.home().certificate_path()).unwrap();
    let der = rustls::pki_types::pem::PemObject::from_pem_slice(file.as_bytes());
    let der: CertificateDer<'_> = der.unwrap();
    assert_eq!(fingerprint(&der), standin.fingerprint());
    let new = standin.fingerprint();
    let mut seen = Vec::new();
    while seen.len() < 4 {
        // The cut comes by its own clock, on a slow machine in between.
        match moments.recv().await.unwrap().what {
            What::ConnectionsCut => {}
            what => seen.push(what),
        }
    }
    assert_eq!(
        seen,
        [
            What::ListenerDown,
            What::FileOpened,
            What::FileWritten {
                fingerprint: new.clone()
            },
            What::Serving {
                fingerprint: new,
                renewed: true
            },
        ]
    );
    let client = Client::pinned(&standin);
    assert_eq!(
        client.get("/rest/system/status").await["startTime"],
        started
    );
    assert_eq!(client.events(0).await[0]["id"], 1);
}

#[tokio::test]
async fn a_process_restart_counts_anew_and_starts_later() {
    let standin = demo().await;
    let client = Client::new(&standin);
    client.events(0).await;
    standin.emit("Failure", json!(1));
    let before = client.get("/rest/system/status").await["startTime"].clone();
    let old = standin.fingerprint();
    standin.restart(SOON, false).await.unwrap();
    assert_eq!(standin.fingerprint(), old, "a good pair is kept");
    let client = Client::pinned(&standin);
    let after = client.get("/rest/system/status").await["startTime"].clone();
    assert!(after.as_str() > before.as_str(), "{before} {after}");
    assert_eq!(client.events(0).await, json!([]));
    standin.restart(SOON, true).await.unwrap();
    assert_ne!(standin.fingerprint(), old);
}

#[tokio::test]
async fn a_restart_closes_idle_connections_cuts_polls_and_refuses_new_ones() {
    let standin = demo().await;
    let client = Client::new(&standin);
    let poll = client
        .send("/rest/events?since=999&timeout=60")
        .await
        .unwrap();
    let mut resting = idle(&standin).await;
    let mut fresh = raw(&standin, tls(None, false)).await.unwrap();
    standin.stop().await;
    let mut rest = Vec::new();
    assert_eq!(
        resting.read_to_end(&mut rest).await.unwrap(),
        0,
        "close_notify"
    );
    assert_eq!(
        fresh.read_to_end(&mut rest).await.unwrap(),
        0,
        "close_notify"
    );
    let cut = poll.bytes().await.unwrap_err();
    assert!(cut.is_body() || cut.is_decode(), "{cut:?}");
    let refused = TcpStream::connect(standin.address()).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    standin.start_process(false).await.unwrap();
    client.get("/rest/system/ping").await;
}

#[tokio::test]
async fn a_listener_restart_cuts_open_polls_after_the_grace() {
    let standin = demo().await;
    let client = Client::new(&standin);
    let poll = client
        .send("/rest/events?since=999&timeout=60")
        .await
        .unwrap();
    let begun = tokio::time::Instant::now();
    standin.rotate_in_process().await.unwrap();
    poll.bytes().await.unwrap_err();
    assert!(begun.elapsed() >= Options::default().grace);
}

#[tokio::test]
async fn a_killed_process_says_no_goodbye() {
    let standin = demo().await;
    let mut resting = idle(&standin).await;
    standin.kill().await;
    let end = resting.read(&mut [0]).await.unwrap_err();
    assert!(
        matches!(
            end.kind(),
            ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset
        ),
        "{end}"
    );
    standin.start_process(true).await.unwrap();
    Client::pinned(&standin).get("/rest/system/ping").await;
}

#[tokio::test]
async fn restarts_can_be_ordered_over_the_api() {
    let options = Options {
        restart_downtime: SOON,
        certificate_days: 10,
        ..Options::default()
    };
    let standin = start(options).await;
    let mut served = standin.served_at();
    served.mark_unchanged();
    let (first, client) = (standin.fingerprint(), Client::new(&standin));
    let patch = client
        .request(reqwest::Method::PATCH, "/rest/config/gui")
        .body(r#"{"theme":"dark"}"#);
    let reply = patch.send().await.unwrap();
    assert_eq!(
        (reply.status().as_u16(), &reply.headers()["connection"]),
        (200, &"close".parse().unwrap())
    );
    served.changed().await.unwrap();
    let second = served.borrow_and_update().clone().unwrap().fingerprint;
    assert_ne!(first, second, "a certificate near its end is renewed");
    assert_eq!(client.get("/rest/config/gui").await["theme"], "dark");
    let (status, words) = client.post("/rest/system/restart").await;
    assert_eq!((status, words.trim()), (200, r#"{"ok": "restarting"}"#));
    served.changed().await.unwrap();
    assert_ne!(served.borrow().clone().unwrap().fingerprint, second);
}

#[tokio::test]
async fn a_replaced_file_is_served_after_the_next_restart_only() {
    let standin = demo().await;
    let client = Client::new(&standin);
    client.events(0).await;
    let old = standin.fingerprint();
    let new = standin.replace_file_only().await.unwrap();
    assert_eq!((standin.fingerprint() == old, new == old), (true, false));
    Client::pinned(&standin).get("/rest/system/ping").await;
    standin.restart_listener(false).await.unwrap();
    assert_eq!(standin.fingerprint(), new);
}

#[tokio::test]
async fn a_broken_pair_is_renewed_when_the_listener_opens() {
    let standin = demo().await;
    let old = standin.fingerprint();
    fs::write(standin.home().certificate_path(), "garbage").unwrap();
    standin.restart_listener(false).await.unwrap();
    assert_ne!(standin.fingerprint(), old);
    let old = standin.fingerprint();
    fs::remove_file(standin.home().key_path()).unwrap();
    standin.restart(SOON, false).await.unwrap();
    assert_ne!(standin.fingerprint(), old);
    Client::pinned(&standin).get("/rest/system/ping").await;
}

#[tokio::test]
async fn an_impostor_records_all_that_a_careless_client_gives_away() {
    let standin = demo().await;
    let impostor = standin
        .impostor(ImpostorKind::OtherCertificate)
        .await
        .unwrap();
    assert_ne!(impostor.fingerprint().unwrap(), standin.fingerprint());
    let careful = Client::pinned(&standin);
    assert!(
        careful
            .send("/rest/system/status")
            .await
            .unwrap_err()
            .is_connect()
    );
    while impostor.report().refused == 0 {
        tokio::task::yield_now().await;
    }
    let report = impostor.report();
    assert_eq!((report.handshakes, report.bytes), (0, 0));
    let careless = Client::new(&standin);
    assert_eq!(careless.get("/rest/system/status").await, json!({}));
    let report = impostor.stop().await.unwrap();
    assert_eq!(
        (report.handshakes, report.refused, report.connections),
        (1, 1, 2)
    );
    assert!(report.contains(careless.key.as_bytes()));
    careful.get("/rest/system/status").await;
}

#[tokio::test]
async fn a_replayed_certificate_fails_for_a_client_that_checks_the_signature() {
    let standin = demo().await;
    let pin = || Some(standin.fingerprint());
    let impostor = standin
        .impostor(ImpostorKind::ReplayedCertificate)
        .await
        .unwrap();
    assert_eq!(impostor.fingerprint(), pin());
    for versions in [&[&rustls::version::TLS13][..], &[&rustls::version::TLS12]] {
        let config = tls_versions(pin(), false, versions);
        let error = raw(&standin, config).await.unwrap_err().to_string();
        assert!(error.contains("BadSignature"), "{error}");
    }
    while impostor.report().refused < 2 {
        tokio::task::yield_now().await;
    }
    assert_eq!(impostor.report().bytes, 0);
    let careless = Client::with(&standin, tls(pin(), true));
    careless.get("/rest/system/status").await;
    assert!(
        impostor
            .stop()
            .await
            .unwrap()
            .contains(careless.key.as_bytes())
    );
}

#[tokio::test]
async fn the_migration_server_speaks_plainly_to_everybody() {
    let standin = demo().await;
    let server = standin.plain_http().await.unwrap();
    let mut stream = TcpStream::connect(standin.address()).await.unwrap();
    stream
        .write_all(b"GET /any HTTP/1.1\r\nHost: x\r\n\r\n")
        .await
        .unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).await.unwrap();
    assert!(reply.starts_with("HTTP/1.1 200 OK") && reply.contains("Database migration"));
    let error = raw(&standin, tls(None, false))
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains("InvalidContentType"), "{error}");
    assert!(!server.stop().await.unwrap().contains(b"X-API-Key"));
    Client::pinned(&standin).get("/rest/system/ping").await;
}

#[tokio::test]
async fn a_silent_peer_takes_bytes_and_gives_none() {
    let standin = demo().await;
    let silent = standin.silent().await.unwrap();
    let heard = async {
        while silent.report().bytes == 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        biased;
        _ = raw(&standin, tls(None, false)) => panic!("it said something"),
        () = heard => {}
    }
    assert_eq!(silent.stop().await.unwrap().connections, 1);
    let report = standin
        .impostor_for(ImpostorKind::Silent, Duration::ZERO)
        .await
        .unwrap();
    assert_eq!(report.connections, 0);
    Client::pinned(&standin).get("/rest/system/ping").await;
}

#[tokio::test]
async fn plain_http_is_redirected_and_recorded() {
    let standin = demo().await;
    let mut stream = TcpStream::connect(standin.address()).await.unwrap();
    let request =
        b"GET /rest/x?y HTTP/1.1\r\nHost: localhost\r\nX-API-Key: k\r\nConnection: close\r\n\r\n";
    stream.write_all(request).await.unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).await.unwrap();
    assert!(reply.starts_with("HTTP/1.1 307"), "{reply}");
    assert!(
        reply.contains(&format!("location: {}/rest/x?y", standin.url())),
        "{reply}"
    );
    let seen = &standin.requests()[0];
    assert_eq!(
        (seen.plain, seen.with_key, seen.path.as_str()),
        (true, true, "/rest/x?y")
    );
    standin.forget_requests();
    assert!(standin.requests().is_empty());
}

#[tokio::test]
async fn idle_connections_are_closed() {
    let options = Options {
        idle: Duration::from_millis(300),
        ..Options::default()
    };
    let standin = start(options).await;
    for mut io in [
        idle(&standin).await,
        raw(&standin, tls(None, false)).await.unwrap(),
    ] {
        assert_eq!(io.read(&mut [0]).await.unwrap(), 0, "close_notify");
    }
}

#[tokio::test]
async fn a_bare_connection_holds_up_all_others() {
    let options = Options {
        sniff: Duration::from_millis(200),
        ..Options::default()
    };
    let standin = start(options).await;
    let begun = tokio::time::Instant::now();
    let bare = TcpStream::connect(standin.address()).await.unwrap();
    Client::pinned(&standin).get("/rest/system/ping").await;
    assert!(
        begun.elapsed() >= Duration::from_millis(150),
        "{:?}",
        begun.elapsed()
    );
    drop(bare);
}

#[tokio::test]
async fn a_rude_server_answers_as_told() {
    let standin = demo().await;
    let client = Client::pinned(&standin);
    let path = "/rest/system/status";
    standin.respond_with(path, Answer::text(503, "busy").once());
    assert_eq!(client.words(path).await, (503, "busy".to_owned()));
    assert_eq!(client.words(path).await.0, 200);
    let big = vec![b'x'; 5_000_000];
    standin.respond_with(path, Answer::json(big.clone()).header("X-More", "1"));
    let reply = client.send(path).await.unwrap();
    assert_eq!(reply.headers()["x-more"], "1");
    assert_eq!(reply.bytes().await.unwrap(), big);
    for ending in [Ending::Truncated, Ending::Stalled] {
        standin.respond_with(path, Answer::json("{\"a\": 1}").ending(ending));
        let reply = client.send(path).await.unwrap();
        assert_eq!(
            (reply.status().as_u16(), reply.content_length()),
            (200, Some(8))
        );
        if ending == Ending::Stalled {
            standin.restart_listener(false).await.unwrap();
        }
        reply.bytes().await.unwrap_err();
    }
    standin.respond_with(path, Answer::text(200, "").ending(Ending::NoReply));
    client.send(path).await.unwrap_err();
    standin.respond_normally(path);
    client.get(path).await;
}

#[tokio::test]
async fn long_polls_can_be_dropped() {
    let standin = demo().await;
    let client = Client::pinned(&standin);
    let path = "/rest/events?since=999&timeout=60";
    standin.drop_next_long_poll();
    let dropped = client.send(path).await.unwrap();
    assert_eq!(dropped.status(), 200);
    dropped.bytes().await.unwrap_err();
    let poll = client.send(path).await.unwrap();
    standin.cut_long_polls();
    poll.bytes().await.unwrap_err();
    client.get("/rest/system/ping").await;
}

#[tokio::test]
async fn controls_show_in_the_world_and_in_the_events() {
    let standin = demo().await;
    let client = Client::pinned(&standin);
    let mask = "/rest/events?since=0&timeout=0&events=FolderPaused,DevicePaused,DeviceDisconnected,ConfigSaved";
    client.get(mask).await;
    let patch = client.request(reqwest::Method::PATCH, "/rest/config/folders/notes");
    assert_eq!(
        patch
            .body(r#"{"paused":true}"#)
            .send()
            .await
            .unwrap()
            .status(),
        200
    );
    let nas = standin.world(|world| world.device("nas").unwrap().id.clone());
    assert_eq!(
        client
            .post(&format!("/rest/system/pause?device={nas}"))
            .await
            .0,
        200
    );
    let kinds: Vec<Value> = client
        .get(mask)
        .await
        .as_array()
        .unwrap()
        .iter()
        .map(|e| e["type"].clone())
        .collect();
    assert_eq!(
        kinds,
        [
            "FolderPaused",
            "ConfigSaved",
            "DevicePaused",
            "DeviceDisconnected",
            "ConfigSaved"
        ]
    );
    assert_eq!(
        client.get("/rest/db/status?folder=notes").await["state"],
        ""
    );
    assert_eq!(
        client.get("/rest/system/connections").await["connections"][&nas]["paused"],
        true
    );
    assert_eq!(client.post("/rest/db/scan?folder=photos").await.0, 200);
    assert_eq!(client.post("/rest/db/scan?folder=x").await.0, 404);
    let patch = client
        .request(reqwest::Method::PATCH, "/rest/config/gui")
        .body("{");
    assert_eq!(patch.send().await.unwrap().status(), 400);
}

#[tokio::test]
async fn a_folder_set_by_a_test_is_announced() {
    let standin = demo().await;
    let client = Client::pinned(&standin);
    client.events(0).await;
    let mut folder = standin.world(|world| world.folder("music").unwrap().clone());
    folder.state = "syncing".to_owned();
    folder.need.bytes = 10;
    standin.set_folder(folder);
    let events = client.events(0).await;
    assert_eq!(
        (&events[0]["data"]["from"], &events[0]["data"]["to"]),
        (&json!("idle"), &json!("syncing"))
    );
    assert_eq!(events[1]["data"]["summary"]["needBytes"], 10);
    assert_eq!(
        client.get("/rest/db/status?folder=music").await["state"],
        "syncing"
    );
    standin.tick();
    assert!(client.events(2).await.as_array().unwrap().len() >= 2);
}

#[tokio::test]
async fn a_new_key_is_in_force_at_once_and_in_the_config() {
    let standin = demo().await;
    standin.set_api_key("brand-new".to_owned().into()).unwrap();
    Client::pinned(&standin).get("/rest/system/ping").await;
    let text = fs::read_to_string(standin.home().config_path()).unwrap();
    assert!(text.contains("<apikey>brand-new</apikey>"));
    assert!(!format!("{standin:?}").contains("brand-new"));
}

#[cfg(unix)]
#[tokio::test]
async fn writing_in_place_keeps_the_link_and_renaming_replaces_it() {
    let elsewhere = tempfile::tempdir().unwrap();
    let home = tempfile::tempdir().unwrap();
    let (link, target) = (
        home.path().join("https-cert.pem"),
        elsewhere.path().join("cert.pem"),
    );
    std::os::unix::fs::symlink(&target, &link).unwrap();
    let mut options = Options {
        home: Some(home.path().to_owned()),
        ..Options::default()
    };
    let standin = start(options.clone()).await;
    assert!(link.is_symlink() && target.exists());
    let kept = standin.fingerprint();
    drop(standin);
    options.writing = Writing::Rename;
    let standin = start(options).await;
    assert_eq!(standin.fingerprint(), kept, "the pair outlives its server");
    standin.rotate_in_process().await.unwrap();
    assert!(!link.is_symlink());
}

#[tokio::test]
async fn all_ends_with_the_handle() {
    let standin = demo().await;
    let (address, home) = (standin.address(), standin.home().path().to_owned());
    let mut resting = idle(&standin).await;
    standin.live(Duration::from_millis(1));
    drop(standin);
    // Aborted tasks go when the runtime comes round to them.
    assert!(matches!(resting.read(&mut [0]).await, Ok(0) | Err(_)));
    while TcpStream::connect(address).await.is_ok() || home.exists() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_big_world_is_served() {
    let options = Options {
        world: World::sized(200, 20, 1),
        ..Options::default()
    };
    let standin = start(options).await;
    let client = Client::pinned(&standin);
    let config = client.get("/rest/config").await;
    assert_eq!(
        config["folders"][199]["devices"].as_array().unwrap().len(),
        20
    );
    assert_eq!(
        client.get("/rest/db/status?folder=folder-0199").await["state"],
        "idle"
    );
}

#[tokio::test]
async fn changes_on_disk_have_a_subscription_of_their_own() {
    let standin = demo().await;
    let client = Client::pinned(&standin);
    let disk = "/rest/events/disk?since=0&limit=1000&timeout=0";
    assert_eq!(client.get(disk).await, json!([]));
    standin.emit("Failure", json!("none of its business"));
    let change =
        json!({"folder": "photos", "path": "a.jpg", "action": "modified", "modifiedBy": "ABCDEFG"});
    for kind in ["LocalChangeDetected", "RemoteChangeDetected"] {
        standin.emit(kind, change.clone());
    }
    let told = client.get(disk).await;
    assert_eq!(told.as_array().unwrap().len(), 2);
    assert_eq!(
        (&told[0]["id"], &told[0]["type"]),
        (&json!(1), &json!("LocalChangeDetected"))
    );
    let later = client.get("/rest/events/disk?since=1&limit=1000&timeout=0");
    assert_eq!(later.await[0]["id"], 2);
    let newest = client.get("/rest/events/disk?since=0&limit=1&timeout=0");
    assert_eq!(newest.await, json!([told[1]]));
    let stale = client.get("/rest/events/disk?since=999&timeout=0");
    assert_eq!(stale.await, json!([]), "stale and silent");
    assert_eq!(standin.masks(), 0, "it costs no further buffer");
    assert_eq!(client.post("/rest/events/disk").await.0, 405);
}
