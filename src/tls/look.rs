//! Looks at what a peer serves, before any trust: one handshake, closed properly, and what passed over the wire.
//!
//! Invariant: this module never writes a byte of application data. It finishes the handshake because a Go server logs
//! an error for each one that is broken off; for the same reason it says goodbye with close_notify.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use reqwest::Url;
use rustls::pki_types::CertificateDer;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::certificate::{issued, printable};
use super::classify::{self, Stage};
use super::endpoint::{Dial, Endpoint};
use super::heard::Heard;
use super::shared::SystemRoots;
use super::verifier::{Trust, Verifier, client_config_of};
use crate::core::sight::Wire;
use crate::core::{Certificate, Class, Fault, Offer, PinSet, Served, Sight, Timestamp};

/// How long the peer may take to say goodbye, and how much it may say until then.
const GOODBYE: Duration = Duration::from_secs(1);
const GOODBYE_BYTES: u64 = 64 * 1024;
/// How long a silent peer may take to answer the end of a line.
const SNIFF: Duration = Duration::from_secs(1);
/// Characters of an application protocol.
const LONGEST_PROTOCOL: usize = 80;

/// What to look at, and how.
#[derive(Clone, Copy, Debug)]
pub struct Look<'a> {
    pub base: &'a Url,
    /// SNI in place of the URL's host.
    pub server_name: Option<&'a str>,
    /// What is dialled in place of the URL's host and port.
    pub dial: Option<&'a Dial>,
    pub offer: Offer,
    /// For the connection, and again for the handshake; `None` takes what a request takes.
    pub timeout: Option<Duration>,
    /// Tells how long the connection lasted.
    pub clock: fn() -> Timestamp,
}

/// What was seen, and the chain as it was sent.
#[derive(Clone, Debug)]
pub struct Looked {
    pub sight: Sight,
    /// The peer's own certificate first; empty when no handshake was finished.
    pub chain: Vec<CertificateDer<'static>>,
}

impl Look<'_> {
    /// Tries one handshake, accepting any certificate whose owner the peer proves to be, and closes. For `NotTls` the
    /// fault's detail quotes what the peer said first.
    pub async fn run(&self) -> Looked {
        match Endpoint::new(self.base, self.server_name, self.dial) {
            Ok(endpoint) => self.at(&endpoint).await,
            Err(fault) => Looked {
                sight: Sight {
                    offer: self.offer,
                    wire: Wire::default(),
                    outcome: Err(fault),
                },
                chain: Vec::new(),
            },
        }
    }

    async fn at(&self, endpoint: &Endpoint) -> Looked {
        let mut wire = Wire::default();
        let limit = self.limit(endpoint);
        let shaken = match &endpoint.dial {
            Dial::Tcp { host, port } => {
                match tokio::time::timeout(limit, connect(host, *port)).await {
                    Ok(Ok(stream)) => {
                        wire.address = stream.peer_addr().ok();
                        self.over(endpoint, stream, &mut wire).await
                    }
                    Ok(Err(fault)) => Err(fault),
                    Err(_) => Err(Fault::new(Class::ConnectTimeout)),
                }
            }
            Dial::Unix(path) => self.over_unix_socket(endpoint, path, &mut wire).await,
        };
        let (outcome, chain) = match shaken {
            Ok((served, chain)) => (Ok(served), chain),
            Err(fault) => (Err(fault), Vec::new()),
        };
        let sight = Sight {
            offer: self.offer,
            wire,
            outcome,
        };
        Looked { sight, chain }
    }

    fn limit(&self, endpoint: &Endpoint) -> Duration {
        self.timeout.unwrap_or_else(|| endpoint.connect_timeout())
    }

    #[cfg(unix)]
    async fn over_unix_socket(
        &self,
        endpoint: &Endpoint,
        path: &Path,
        wire: &mut Wire,
    ) -> Result<(Served, Vec<CertificateDer<'static>>), Fault> {
        let stream = tokio::net::UnixStream::connect(path)
            .await
            .map_err(|error| classify::of_error(&error, Stage::Connect))?;
        self.over(endpoint, stream, wire).await
    }

    #[cfg(not(unix))]
    async fn over_unix_socket(
        &self,
        _: &Endpoint,
        _: &Path,
        _: &mut Wire,
    ) -> Result<(Served, Vec<CertificateDer<'static>>), Fault> {
        Err(super::endpoint::no_unix_sockets())
    }

    async fn over<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        endpoint: &Endpoint,
        stream: S,
        wire: &mut Wire,
    ) -> Result<(Served, Vec<CertificateDer<'static>>), Fault> {
        let began = (self.clock)();
        let verifier = Arc::new(Verifier::new(
            &Trust::Any,
            &PinSet::default(),
            &SystemRoots::default(),
        )?);
        let versions: &[_] = match self.offer.tls13 {
            true => rustls::DEFAULT_VERSIONS,
            false => &[&rustls::version::TLS12],
        };
        let mut config = client_config_of(verifier.clone(), versions)?;
        config.enable_sni = self.offer.name;
        let connector = TlsConnector::from(Arc::new(config));
        let mut heard = Heard::new(stream);
        let shaking = connector.connect(endpoint.server_name.clone(), &mut heard);
        let shaken = match tokio::time::timeout(self.limit(endpoint), shaking).await {
            Ok(Ok(mut stream)) => {
                let complaint = say_goodbye(&mut stream).await;
                served(stream, complaint, &verifier)
            }
            Ok(Err(error)) => {
                wire.alert = classify::alert_in(&error);
                Err(classify::of_error(&error, Stage::Connect))
            }
            Err(_) => Err(heard.sniff(SNIFF).await),
        };
        wire.connected = true;
        (wire.sent, wire.received) = (heard.sent, heard.received);
        wire.lasted = (self.clock)().since(began);
        wire.wants_certificate = verifier.was_asked();
        shaken.map_err(|fault| match fault.class {
            Class::NotTls => Fault::with_detail(Class::NotTls, heard.first_words()),
            _ if verifier.was_asked() => classify::asked_for_certificate(fault),
            _ => fault,
        })
    }
}

/// Whether a peer finishes a handshake.
pub(super) async fn speaks_tls(endpoint: &Endpoint, timeout: Duration) -> bool {
    look_briefly(endpoint, timeout).await.outcome.is_ok()
}

/// What a peer is found to be that was too slow to finish a handshake: perhaps one that waits for a request in the clear.
pub(super) async fn look_briefly(endpoint: &Endpoint, timeout: Duration) -> Sight {
    let look = Look {
        base: &endpoint.url,
        server_name: None,
        dial: None,
        offer: Offer::WHOLE,
        timeout: Some(timeout),
        // How long it took is not of interest.
        clock: Timestamp::default,
    };
    look.at(endpoint).await.sight
}

async fn connect(host: &str, port: u16) -> Result<tokio::net::TcpStream, Fault> {
    let found = tokio::net::lookup_host((host, port)).await;
    let addresses: Vec<SocketAddr> = found.map_err(|error| classify::dns(&error))?.collect();
    tokio::net::TcpStream::connect(addresses.as_slice())
        .await
        .map_err(|error| classify::of_error(&error, Stage::Connect))
}

fn served<S>(
    stream: TlsStream<S>,
    complaint: Option<Fault>,
    verifier: &Verifier,
) -> Result<(Served, Vec<CertificateDer<'static>>), Fault> {
    let (_, session) = stream.get_ref();
    let chain: Vec<CertificateDer<'static>> = session
        .peer_certificates()
        .unwrap_or_default()
        .iter()
        .map(|der| der.clone().into_owned())
        .collect();
    let certificate = chain.first().and_then(|der| Certificate::parse(der));
    let unreadable = || Fault::with_detail(Class::UnusableCertificate, "it cannot be parsed");
    let served = Served {
        certificate: certificate.ok_or_else(unreadable)?,
        chain: chain.len(),
        last: chain.iter().skip(1).last().and_then(|der| issued(der)),
        protocol: match session.protocol_version() {
            Some(rustls::ProtocolVersion::TLSv1_3) => "TLS 1.3".into(),
            Some(rustls::ProtocolVersion::TLSv1_2) => "TLS 1.2".into(),
            other => format!("{other:?}"),
        },
        cipher_suite: session
            .negotiated_cipher_suite()
            .map(|suite| format!("{:?}", suite.suite()))
            .unwrap_or_default(),
        alpn: session
            .alpn_protocol()
            .map(|name| printable(&name.escape_ascii().to_string(), LONGEST_PROTOCOL)),
        complaint: complaint.map(|fault| match verifier.was_asked() {
            true => classify::asked_for_certificate(fault),
            false => fault,
        }),
    };
    Ok((served, chain))
}

/// Sends close_notify and waits for the peer's own end, so that it sees an orderly close and not a reset.
async fn say_goodbye<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut TlsStream<S>,
) -> Option<Fault> {
    let goodbye = async {
        stream.shutdown().await?;
        tokio::io::copy(&mut stream.take(GOODBYE_BYTES), &mut tokio::io::sink()).await
    };
    match tokio::time::timeout(GOODBYE, goodbye).await {
        Ok(Err(error)) => {
            let fault = classify::of_error(&error, Stage::Head);
            matches!(fault.class, Class::TlsAlert | Class::ClientCertificate).then_some(fault)
        }
        Ok(Ok(_)) | Err(_) => None,
    }
}
