//! Looks at what a peer serves, before any trust: one handshake, closed properly.
//!
//! Invariant: this module never writes a byte of application data. It finishes the handshake because a Go server logs
//! an error for each one that is broken off; for the same reason it says goodbye with close_notify.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use reqwest::Url;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::certificate::{Certificate, printable};
use super::classify::{self, Stage};
use super::endpoint::{Dial, Endpoint};
use super::shared::SystemRoots;
use super::verifier::{Trust, Verifier, client_config};
use crate::core::{Class, Fault, PinSet};

/// What is kept of the first words of a peer, bytes.
const FIRST_WORDS: usize = 80;
/// How long the peer may take to say goodbye, and how much it may say until then.
const GOODBYE: Duration = Duration::from_secs(1);
const GOODBYE_BYTES: u64 = 64 * 1024;

/// What a peer served in a handshake.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Served {
    pub certificate: Certificate,
    /// Certificates in the chain, the peer's own included.
    pub chain: usize,
    /// Where it was reached; `None` over a unix socket.
    pub address: Option<SocketAddr>,
    /// Such as `TLS 1.3`.
    pub protocol: String,
    /// Such as `TLS13_AES_128_GCM_SHA256`.
    pub cipher_suite: String,
    /// The application protocol that the peer chose, when it chose one.
    pub alpn: Option<String>,
    /// What the peer complained about after the handshake, such as a client certificate that it wants.
    pub complaint: Option<Fault>,
}

/// Finishes one TLS handshake with a peer, accepting any certificate whose owner it proves to be, and closes.
///
/// # Errors
/// What kept the handshake from finishing; for `NotTls` the detail quotes what the peer said first.
pub async fn look(
    base: &Url,
    server_name: Option<&str>,
    dial: Option<&Dial>,
    timeout: Duration,
) -> Result<Served, Fault> {
    look_at(&Endpoint::new(base, server_name, dial)?, timeout).await
}

/// The same for an endpoint, which need not be one of TLS.
pub(super) async fn look_at(endpoint: &Endpoint, timeout: Duration) -> Result<Served, Fault> {
    let shaken = async {
        match &endpoint.dial {
            Dial::Tcp { host, port } => {
                let stream = connect(host, *port).await?;
                let address = stream.peer_addr().ok();
                shake_hands(endpoint, stream, address).await
            }
            Dial::Unix(path) => over_unix_socket(endpoint, path).await,
        }
    };
    tokio::time::timeout(timeout, shaken)
        .await
        .unwrap_or_else(|_| Err(Fault::new(Class::ConnectTimeout)))
}

async fn connect(host: &str, port: u16) -> Result<tokio::net::TcpStream, Fault> {
    let found = tokio::net::lookup_host((host, port)).await;
    let addresses: Vec<SocketAddr> = found.map_err(|error| classify::dns(&error))?.collect();
    tokio::net::TcpStream::connect(addresses.as_slice())
        .await
        .map_err(|error| classify::of_error(&error, Stage::Connect))
}

#[cfg(unix)]
async fn over_unix_socket(endpoint: &Endpoint, path: &Path) -> Result<Served, Fault> {
    let stream = tokio::net::UnixStream::connect(path)
        .await
        .map_err(|error| classify::of_error(&error, Stage::Connect))?;
    shake_hands(endpoint, stream, None).await
}

#[cfg(not(unix))]
async fn over_unix_socket(_: &Endpoint, _: &Path) -> Result<Served, Fault> {
    Err(super::endpoint::no_unix_sockets())
}

async fn shake_hands<S: AsyncRead + AsyncWrite + Unpin>(
    endpoint: &Endpoint,
    stream: S,
    address: Option<SocketAddr>,
) -> Result<Served, Fault> {
    let verifier = Arc::new(Verifier::new(
        &Trust::Any,
        &PinSet::default(),
        &SystemRoots::default(),
    )?);
    let connector = TlsConnector::from(Arc::new(client_config(verifier)?));
    let mut first = Vec::new();
    let heard = Overheard {
        stream,
        first: &mut first,
    };
    let shaken = connector.connect(endpoint.server_name.clone(), heard).await;
    let mut stream = match shaken {
        Ok(stream) => stream,
        Err(error) => {
            let fault = classify::of_error(&error, Stage::Connect);
            return Err(match fault.class {
                Class::NotTls => Fault::with_detail(Class::NotTls, first_words(&first)),
                _ => fault,
            });
        }
    };
    let complaint = say_goodbye(&mut stream).await;
    let (_, session) = stream.get_ref();
    let chain = session.peer_certificates().unwrap_or_default();
    let certificate = chain.first().and_then(|der| Certificate::parse(der));
    let unreadable = || Fault::with_detail(Class::UnusableCertificate, "it cannot be parsed");
    Ok(Served {
        certificate: certificate.ok_or_else(unreadable)?,
        chain: chain.len(),
        address,
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
            .map(|name| printable(&name.escape_ascii().to_string(), FIRST_WORDS)),
        complaint,
    })
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

fn first_words(bytes: &[u8]) -> String {
    let line = bytes
        .split(|byte| matches!(byte, b'\r' | b'\n'))
        .next()
        .unwrap_or_default();
    format!("it said \"{}\"", line.escape_ascii())
}

/// Passes everything through and keeps a copy of the first bytes that are read.
struct Overheard<'a, S> {
    stream: S,
    first: &'a mut Vec<u8>,
}

impl<S: AsyncRead + Unpin> AsyncRead for Overheard<'_, S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        let room = FIRST_WORDS.saturating_sub(self.first.len());
        let heard = buffer.filled().iter().skip(before).take(room);
        self.first.extend(heard);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Overheard<'_, S> {
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
