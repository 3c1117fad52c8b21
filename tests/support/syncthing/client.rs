//! The tests' own way to a Syncthing on loopback, independent of the code under test. It accepts any certificate.

use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;

use reqwest::Method;
use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use serde_json::Value;
use syncwatch::core::Fingerprint;
use tokio::net::TcpStream;

use super::{DEADLINE, certificate};

/// Status and body (null when it is no JSON), or why none came.
pub type Answer = Result<(u16, Value), String>;

/// The certificate that a port of 127.0.0.1 serves now.
pub async fn serves(port: u16) -> io::Result<Fingerprint> {
    let look = async {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
        let name = ServerName::from(std::net::IpAddr::from(Ipv4Addr::LOCALHOST));
        let tls = tokio_rustls::TlsConnector::from(Arc::new(accept_any()))
            .connect(name, stream)
            .await?;
        let served = tls.get_ref().1.peer_certificates().and_then(<[_]>::first);
        served
            .map(|der| certificate::fingerprint(der))
            .ok_or_else(|| io::Error::other("no certificate"))
    };
    tokio::time::timeout(DEADLINE, look)
        .await
        .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

#[derive(Debug)]
pub(super) struct ApiClient(reqwest::Client);

impl ApiClient {
    pub(super) fn new() -> Self {
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(accept_any())
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            // A kept connection may be one that a restart is about to close.
            .pool_max_idle_per_host(0)
            .timeout(DEADLINE)
            .build();
        Self(client.expect("a client"))
    }

    pub(super) async fn request(
        &self,
        method: Method,
        url: &str,
        key: &str,
        body: Option<Value>,
    ) -> Answer {
        let mut request = self.0.request(method, url).header("X-API-Key", key);
        if let Some(body) = body {
            request = request
                .header("Content-Type", "application/json")
                .body(body.to_string());
        }
        let reply = request.send().await.map_err(|error| format!("{error:?}"))?;
        let status = reply.status().as_u16();
        let text = reply.text().await.map_err(|error| format!("{error:?}"))?;
        let value = serde_json::from_str(&text).unwrap_or(match text.as_str() {
            "" => Value::Null,
            words => Value::from(words),
        });
        Ok((status, value))
    }
}

fn accept_any() -> ClientConfig {
    let provider = Arc::new(ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .expect("protocol versions")
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(AcceptAny(provider)))
        .with_no_client_auth();
    config.resumption = Resumption::disabled();
    config
}

#[derive(Debug)]
struct AcceptAny(Arc<CryptoProvider>);

impl ServerCertVerifier for AcceptAny {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
