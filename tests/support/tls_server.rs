//! Small real TLS servers on 127.0.0.1 that follow a script and record what they were given: connections, completed
//! handshakes, every decrypted byte. A server ends, with all its connections, when it is dropped.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use rcgen::{CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::crypto::ring::{default_provider, sign::any_supported_type};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert, ServerConfig, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use rustls::{HandshakeKind, RootCertStore, SupportedProtocolVersion};
use syncwatch::core::Fingerprint;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

pub type Versions = &'static [&'static SupportedProtocolVersion];
pub static TLS12: Versions = &[&rustls::version::TLS12];
pub static TLS13: Versions = &[&rustls::version::TLS13];
pub static ANY_TLS: Versions = rustls::ALL_VERSIONS;

/// A certificate and its key.
pub struct Identity {
    pub certificate: CertificateDer<'static>,
    pub pem: String,
    params: CertificateParams,
    key: KeyPair,
}

impl Identity {
    /// Self-signed for `name`, no CA.
    pub fn new(name: &str) -> Self {
        Self::made_of(params(name))
    }

    /// A self-signed CA, or a leaf that says that it is one.
    pub fn ca(name: &str) -> Self {
        let mut params = params(name);
        params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        Self::made_of(params)
    }

    pub fn made_of(params: CertificateParams) -> Self {
        let key = KeyPair::generate().expect("a key");
        let made = params.self_signed(&key).expect("a certificate");
        Self {
            certificate: made.der().clone(),
            pem: made.pem(),
            params,
            key,
        }
    }

    /// The private key, for servers that are not ours.
    pub fn key_pem(&self) -> String {
        self.key.serialize_pem()
    }

    /// A certificate that this CA issues.
    pub fn issues(&self, params: CertificateParams) -> Self {
        let key = KeyPair::generate().expect("a key");
        let issuer = Issuer::from_params(&self.params, &self.key);
        let made = params.signed_by(&key, &issuer).expect("a certificate");
        Self {
            certificate: made.der().clone(),
            pem: made.pem(),
            params,
            key,
        }
    }

    /// Computed here and not by the library, which is under test.
    pub fn pin(&self) -> Fingerprint {
        let digest = ring::digest::digest(&ring::digest::SHA256, &self.certificate);
        Fingerprint::from_digest(digest.as_ref().try_into().expect("32 bytes"))
    }

    /// A server that owns this certificate.
    pub fn serves(&self, versions: Versions) -> Arc<ServerConfig> {
        Arc::new(self.shows(self, versions))
    }

    /// A server with the key of `self` that shows the certificate of `other`.
    pub fn poses_as(&self, other: &Identity, versions: Versions) -> Arc<ServerConfig> {
        Arc::new(self.shows(other, versions))
    }

    /// The same as a value that can be changed.
    pub fn shows(&self, shown: &Identity, versions: Versions) -> ServerConfig {
        self.shows_chain(&[shown], versions)
    }

    /// A server with the key of `self` that shows these certificates.
    pub fn shows_chain(&self, shown: &[&Identity], versions: Versions) -> ServerConfig {
        let chain = shown.iter().map(|one| one.certificate.clone()).collect();
        let key = CertifiedKey::new(chain, self.signer());
        ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_protocol_versions(versions)
            .expect("versions")
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(Shown(Arc::new(key))))
    }

    /// A server that wants a client certificate from this very identity's issuer.
    pub fn wants_client_certificate(&self, versions: Versions) -> Arc<ServerConfig> {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.clone()).expect("a root");
        let provider = Arc::new(default_provider());
        let clients = WebPkiClientVerifier::builder_with_provider(roots.into(), provider.clone())
            .build()
            .expect("a client verifier");
        let key = CertifiedKey::new(vec![self.certificate.clone()], self.signer());
        let builder = ServerConfig::builder_with_provider(provider);
        let builder = builder.with_protocol_versions(versions).expect("versions");
        Arc::new(
            builder
                .with_client_cert_verifier(clients)
                .with_cert_resolver(Arc::new(Shown(Arc::new(key)))),
        )
    }

    fn signer(&self) -> Arc<dyn rustls::sign::SigningKey> {
        let der = PrivateKeyDer::Pkcs8(self.key.serialize_der().into());
        any_supported_type(&der).expect("a key")
    }
}

/// For a certificate for one name.
pub fn params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new([name.to_owned()]).expect("a name");
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

#[derive(Debug)]
struct Shown(Arc<CertifiedKey>);

impl ResolvesServerCert for Shown {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.clone())
    }
}

/// What a server says to one request, and what it does then.
#[derive(Clone)]
pub struct Answer {
    pub bytes: Vec<u8>,
    /// Head and body go into TLS records of their own.
    pub apart: bool,
    pub then: Then,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Then {
    /// Waits for the next request.
    Stay,
    /// close_notify, FIN.
    Goodbye,
    /// FIN without close_notify.
    Fin,
    /// The same once the connection with this number has finished its handshake.
    FinAfter(usize),
    /// RST.
    Reset,
    /// Sends this again and again until the client leaves.
    Again(&'static str),
}

impl Answer {
    pub fn new(bytes: impl Into<Vec<u8>>, then: Then) -> Self {
        let bytes = bytes.into();
        Self {
            bytes,
            apart: false,
            then,
        }
    }

    /// The same with head and body in TLS records of their own.
    pub fn apart(self) -> Self {
        Self {
            apart: true,
            ..self
        }
    }

    /// A whole reply with a Content-Length, after which the connection is kept.
    pub fn reply(status: &str, body: &str) -> Self {
        let length = body.len();
        let text = format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n\r\n{body}");
        Self::new(text, Then::Stay)
    }
}

/// Which request it is, both counted from 0.
#[derive(Clone, Copy, Debug)]
pub struct Turn {
    pub connection: usize,
    pub request: usize,
}

/// What one connection brought.
#[derive(Clone, Debug, Default)]
pub struct Connection {
    /// Set when the client's Finished was read and found right.
    pub handshake: Option<HandshakeKind>,
    /// Application bytes, decrypted.
    pub bytes: Vec<u8>,
    /// Every byte as it came over the wire.
    pub raw: Vec<u8>,
    /// The connection ended with the client's close_notify.
    pub orderly: bool,
    /// The connection is over: nothing more will be noted.
    pub ended: bool,
}

impl Connection {
    /// Bytes after the ClientHello: an alert and what goes with it are at most about 30.
    pub fn raw_after_hello(&self) -> usize {
        let length = match self.raw.get(..5) {
            Some([22, _, _, high, low]) => 5 + usize::from(u16::from_be_bytes([*high, *low])),
            other => panic!("no ClientHello but {other:?}"),
        };
        self.raw.len() - length
    }
}

pub struct Server {
    pub address: SocketAddr,
    record: Record,
    accepting: JoinHandle<()>,
}

type Record = Arc<Mutex<Vec<Connection>>>;
type Configs = Arc<dyn Fn(usize) -> Arc<ServerConfig> + Send + Sync>;
type Answers = Arc<dyn Fn(Turn) -> Answer + Send + Sync>;

impl Server {
    /// Says the same to every request.
    pub async fn new(config: Arc<ServerConfig>, answer: Answer) -> Self {
        Self::scripted(move |_| config.clone(), move |_| answer.clone()).await
    }

    /// Each connection has its own TLS settings, each request its own answer.
    pub async fn scripted(
        configs: impl Fn(usize) -> Arc<ServerConfig> + Send + Sync + 'static,
        answers: impl Fn(Turn) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let record = Record::default();
        let (configs, answers): (Configs, Answers) = (Arc::new(configs), Arc::new(answers));
        let theirs = record.clone();
        let accepting = tokio::spawn(async move {
            let mut talks = JoinSet::new();
            for number in 0.. {
                let (stream, _) = listener.accept().await.expect("a connection");
                theirs.lock().expect("record").push(Connection::default());
                let (config, answers) = (configs(number), answers.clone());
                let record = theirs.clone();
                talks.spawn(async move {
                    talk(stream, number, config, answers, &record).await;
                    record.lock().expect("record")[number].ended = true;
                });
            }
        });
        Self {
            address,
            record,
            accepting,
        }
    }

    pub fn url(&self) -> String {
        format!("https://{}", self.address)
    }

    /// Every connection, in order.
    pub fn connections(&self) -> Vec<Connection> {
        self.record.lock().expect("record").clone()
    }

    /// How many handshakes clients completed.
    pub fn handshakes(&self) -> usize {
        let done = |connection: &&Connection| connection.handshake.is_some();
        self.connections().iter().filter(done).count()
    }

    /// Every application byte, as text.
    pub fn heard(&self) -> String {
        let bytes = self.connections().into_iter().flat_map(|one| one.bytes);
        String::from_utf8_lossy(&bytes.collect::<Vec<_>>()).into_owned()
    }

    /// Waits until the connection with this number satisfies `done`.
    pub async fn until(&self, number: usize, done: impl Fn(&Connection) -> bool) {
        let done = async {
            while !self.connections().get(number).is_some_and(&done) {
                tokio::task::yield_now().await;
            }
        };
        let waited = tokio::time::timeout(Duration::from_secs(10), done).await;
        waited.unwrap_or_else(|_| panic!("still {:?}", self.connections().get(number)));
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn talk(
    stream: TcpStream,
    number: usize,
    config: Arc<ServerConfig>,
    answers: Answers,
    record: &Record,
) {
    let note = |change: &dyn Fn(&mut Connection)| {
        change(&mut record.lock().expect("record")[number]);
    };
    // A reset throws away what Nagle's algorithm still holds back.
    stream.set_nodelay(true).expect("an option");
    let stream = Tap {
        stream,
        record: record.clone(),
        number,
    };
    let accepted = TlsAcceptor::from(config).accept(stream).into_fallible();
    let mut stream = match accepted.await {
        Ok(stream) => stream,
        Err((_, mut stream)) => {
            // Closing at once would turn the alert into a reset.
            let _ = stream.shutdown().await;
            drain(&mut stream).await;
            return;
        }
    };
    let kind = stream.get_ref().1.handshake_kind();
    note(&|one| one.handshake = kind);
    for request in 0.. {
        let mut heard = Vec::new();
        let whole = read_request(&mut stream, &mut heard, &|bytes| {
            note(&|one| one.bytes.extend_from_slice(bytes));
        })
        .await;
        if !matches!(whole, Ok(true)) {
            // `Ok(0)` stands for a close_notify alone; without one rustls reports an error.
            let orderly = whole.is_ok();
            let _ = stream.shutdown().await;
            note(&|one| one.orderly = orderly);
            return;
        }
        let connection = number;
        let answer = answers(Turn {
            connection,
            request,
        });
        let head = answer.bytes.windows(4).position(|end| end == b"\r\n\r\n");
        let seam = head.filter(|_| answer.apart).map_or(0, |end| end + 4);
        for part in [&answer.bytes[..seam], &answer.bytes[seam..]] {
            let _ = stream.write_all(part).await;
            let _ = stream.flush().await;
        }
        match answer.then {
            Then::Stay => continue,
            Then::Goodbye => drop(stream.shutdown().await),
            Then::Fin | Then::FinAfter(_) => {
                if let Then::FinAfter(number) = answer.then {
                    let met = |one: &Connection| one.handshake.is_some();
                    while !record.lock().expect("record").get(number).is_some_and(met) {
                        tokio::task::yield_now().await;
                    }
                }
                let (mut tcp, _) = stream.into_inner();
                let _ = tcp.shutdown().await;
                drain(&mut tcp).await;
            }
            Then::Reset => reset(stream),
            Then::Again(text) => {
                let plenty = text.repeat(1000);
                while stream.write_all(plenty.as_bytes()).await.is_ok() {}
            }
        }
        return;
    }
}

fn reset(stream: TlsStream<Tap>) {
    let (tcp, _) = stream.into_inner();
    tcp.stream.set_zero_linger().expect("linger");
}

/// Notes what comes over the wire.
struct Tap {
    stream: TcpStream,
    record: Record,
    number: usize,
}

impl AsyncRead for Tap {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        let mut record = self.record.lock().expect("record");
        record[self.number]
            .raw
            .extend_from_slice(&buffer.filled()[before..]);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Tap {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// Reads until the other side has closed.
pub async fn drain(stream: &mut (impl AsyncRead + Unpin)) {
    let _ = tokio::io::copy(stream, &mut tokio::io::sink()).await;
}

/// Reads a head and the body that it announces. False when the connection ended first.
async fn read_request(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    heard: &mut Vec<u8>,
    note: &impl Fn(&[u8]),
) -> io::Result<bool> {
    let mut buffer = [0; 4096];
    loop {
        let count = stream.read(&mut buffer).await?;
        note(&buffer[..count]);
        heard.extend_from_slice(&buffer[..count]);
        if count == 0 {
            return Ok(false);
        }
        let text = String::from_utf8_lossy(heard).to_ascii_lowercase();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let length = head.split("content-length: ").nth(1);
        let length = length.and_then(|rest| rest.lines().next()?.trim().parse().ok());
        if body.len() >= length.unwrap_or(0) {
            return Ok(true);
        }
    }
}
