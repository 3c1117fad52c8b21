//! The one certificate verifier: immutable, made once for each generation of pins.
//!
//! Invariant: in every kind of trust, even `any`, the handshake signature is checked; who cannot prove that they own
//! the certificate never sees a request. A verified handshake is told, and may retire a pin: it never adds one.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ResolvesClientCert, Resumption, WebPkiServerVerifier};
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::sign::CertifiedKey;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, OtherError, RootCertStore,
    SignatureScheme, SupportedProtocolVersion,
};

use super::certificate::unusable;
use super::file::{self, Problem};
use super::pin::{self, fingerprint, pin_of};
use super::provider;
use super::shared::SystemRoots;
use crate::core::event::Succession;
use crate::core::{Certificate, Class, Fault, Fingerprint, Pin, PinSet, Shown};

/// How a peer's certificate is judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trust {
    /// Only a certificate in the pin set; its dates and names do not matter.
    Pinned,
    /// The CAs in this file decide; a certificate that stands in the file itself is accepted like a pin.
    Ca(PathBuf),
    /// The platform's verifier decides.
    System,
    /// Any certificate is accepted.
    Any,
}

/// Why a handshake was ended; it reaches the classification through rustls and reqwest as a downcast.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Refusal {
    /// The certificate is not in the pin set.
    #[error("{served} is not pinned")]
    PinMismatch {
        served: Fingerprint,
        shown: Option<Box<Shown>>,
        /// Nothing is pinned at all.
        first: bool,
    },
    /// TLS cannot work with the certificate, pinned or not.
    #[error("{why}")]
    Unusable { served: Fingerprint, why: String },
    /// The peer does not own the certificate that it shows.
    #[error("the handshake signature does not fit {served}")]
    BadSignature { served: Fingerprint },
    /// A CA or the platform does not accept it.
    #[error("{error}")]
    Chain {
        served: Fingerprint,
        error: CertificateError,
        shown: Option<Box<Shown>>,
    },
}

impl Refusal {
    /// The certificate that the peer showed.
    pub fn served(&self) -> Fingerprint {
        match self {
            Self::PinMismatch { served, .. }
            | Self::Unusable { served, .. }
            | Self::BadSignature { served }
            | Self::Chain { served, .. } => *served,
        }
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(refusal))))
    }
}

/// Is told of every certificate that was verified, signature included, before anything is sent to its owner.
pub type Witness = Arc<dyn Fn(Pin) + Send + Sync>;

tokio::task_local! {
    /// Whether a handshake was verified within this request. hyper connects inside the request that asks for it, so
    /// this tells a new connection from a kept one even while other requests connect; it decides nothing else.
    static MET: Cell<bool>;
}

/// Does `request`, and tells whether a handshake was verified for it.
pub(super) async fn noticing_handshakes<T>(request: impl Future<Output = T>) -> (T, bool) {
    let noticing = async { (request.await, MET.with(Cell::get)) };
    MET.scope(Cell::new(false), noticing).await
}

/// Judges certificates by one [`Trust`] and one [`PinSet`], for its whole life.
pub(super) struct Verifier {
    judge: Judge,
    /// Checked in place of the name that the connection was opened under.
    name: Option<ServerName<'static>>,
    algorithms: WebPkiSupportedAlgorithms,
    handshakes: AtomicU64,
    asked: AtomicBool,
    succession: Option<Succession>,
    /// The heir was met: the other one is refused from now on.
    succeeded: AtomicBool,
    witness: Option<Witness>,
    /// What the witness was told last.
    told: Mutex<Option<Fingerprint>>,
}

enum Judge {
    Pins(BTreeSet<Fingerprint>),
    Roots {
        chain: Arc<dyn ServerCertVerifier>,
        listed: BTreeSet<Fingerprint>,
    },
    Any,
}

impl Verifier {
    /// The verifier for one generation. The pins count for [`Trust::Pinned`] alone.
    ///
    /// # Errors
    /// The CA file or the platform's certificates could not be read.
    pub(super) fn new(trust: &Trust, pins: &PinSet, system: &SystemRoots) -> Result<Self, Fault> {
        let judge = match trust {
            Trust::Pinned => Judge::Pins(pins.fingerprints.iter().copied().collect()),
            Trust::Ca(path) => roots_in(path)?,
            Trust::System => Judge::Roots {
                chain: system.verifier()?,
                listed: BTreeSet::new(),
            },
            Trust::Any => Judge::Any,
        };
        Ok(Self {
            judge,
            name: None,
            algorithms: provider().signature_verification_algorithms,
            handshakes: AtomicU64::new(0),
            asked: AtomicBool::new(false),
            succession: pins.succession,
            succeeded: AtomicBool::new(false),
            witness: None,
            told: Mutex::default(),
        })
    }

    /// The same, which tells `witness` whom it verified.
    pub(super) fn telling(self, witness: Option<Witness>) -> Self {
        Self { witness, ..self }
    }

    /// The same, which checks certificates for `name` whatever name a connection is opened under.
    pub(super) fn checking(self, name: ServerName<'static>) -> Self {
        Self {
            name: Some(name),
            ..self
        }
    }

    /// How many handshakes were verified so far.
    pub(super) fn handshakes(&self) -> u64 {
        self.handshakes.load(Ordering::Acquire)
    }

    /// Whether a peer asked for a certificate of ours. There is none.
    pub(super) fn was_asked(&self) -> bool {
        self.asked.load(Ordering::Acquire)
    }

    fn signature(
        &self,
        certificate: &CertificateDer<'_>,
        checked: Result<HandshakeSignatureValid, Error>,
    ) -> Result<HandshakeSignatureValid, Error> {
        match checked {
            Ok(valid) => {
                self.owned(certificate)?;
                self.handshakes.fetch_add(1, Ordering::AcqRel);
                // Fails outside of a request: in a look, and when hyper finishes a connection for a later request.
                let _ = MET.try_with(|met| met.set(true));
                Ok(valid)
            }
            // Whatever is wrong with it: the certificate itself was found usable before, so it is the signature.
            Err(_) => Err(Refusal::BadSignature {
                served: fingerprint(certificate),
            }
            .into()),
        }
    }
}

impl Verifier {
    /// The peer proved that it owns this certificate.
    fn owned(&self, certificate: &CertificateDer<'_>) -> Result<(), Error> {
        let served = fingerprint(certificate);
        // The heir may have been met since this certificate was looked at.
        if self.is_retired(served) {
            return Err(Refusal::PinMismatch {
                served,
                shown: shown(certificate),
                first: false,
            }
            .into());
        }
        if self.succession.is_some_and(|pins| pins.heir == served) {
            self.succeeded.store(true, Ordering::Release);
        }
        if let Some(witness) = &self.witness {
            let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
            if told.replace(served) != Some(served) {
                witness(pin_of(certificate));
            }
        }
        Ok(())
    }

    fn is_retired(&self, served: Fingerprint) -> bool {
        self.succession.is_some_and(|pins| pins.retired == served)
            && self.succeeded.load(Ordering::Acquire)
    }
}

/// The TLS settings that every connection uses: this verifier, HTTP/1.1, and no resumption.
pub(super) fn client_config(verifier: Arc<Verifier>) -> Result<ClientConfig, Fault> {
    client_config_of(verifier, rustls::DEFAULT_VERSIONS)
}

/// The same with these versions of TLS alone.
pub(super) fn client_config_of(
    verifier: Arc<Verifier>,
    versions: &[&'static SupportedProtocolVersion],
) -> Result<ClientConfig, Fault> {
    let builder = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(versions)
        .map_err(|error| Fault::with_detail(Class::TlsProtocol, error.to_string()))?;
    let mut config = builder
        .dangerous()
        .with_custom_certificate_verifier(verifier.clone())
        .with_client_cert_resolver(verifier);
    // A resumed session is not verified again (rustls client/tls13.rs), so it would outlive its pin.
    config.resumption = Resumption::disabled();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let served = fingerprint(end_entity);
        let server_name = self.name.as_ref().unwrap_or(server_name);
        if let Judge::Pins(pins) = &self.judge
            && (!pins.contains(&served) || self.is_retired(served))
        {
            return Err(Refusal::PinMismatch {
                served,
                shown: shown(end_entity),
                first: pins.is_empty(),
            }
            .into());
        }
        if let Some(why) = unusable(end_entity) {
            return Err(Refusal::Unusable { served, why }.into());
        }
        match &self.judge {
            Judge::Pins(_) | Judge::Any => Ok(ServerCertVerified::assertion()),
            Judge::Roots { listed, .. } if listed.contains(&served) => {
                Ok(ServerCertVerified::assertion())
            }
            Judge::Roots { chain, .. } => chain
                .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
                .map_err(|error| match error {
                    Error::InvalidCertificate(error) => Refusal::Chain {
                        served,
                        error,
                        shown: shown(end_entity),
                    }
                    .into(),
                    other => other,
                }),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let checked = verify_tls12_signature(message, cert, dss, &self.algorithms);
        self.signature(cert, checked)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let checked = verify_tls13_signature(message, cert, dss, &self.algorithms);
        self.signature(cert, checked)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

/// A certificate is never shown; that one was asked for explains why a peer hangs up.
impl ResolvesClientCert for Verifier {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.asked.store(true, Ordering::Release);
        None
    }

    fn has_certs(&self) -> bool {
        false
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let judge: &dyn fmt::Debug = match &self.judge {
            Judge::Pins(pins) => pins,
            Judge::Roots { .. } => &"roots",
            Judge::Any => &"any",
        };
        formatter
            .debug_struct("Verifier")
            .field("judge", judge)
            .finish_non_exhaustive()
    }
}

fn shown(certificate: &CertificateDer<'_>) -> Option<Box<Shown>> {
    Certificate::parse(certificate).map(|parsed| Box::new(parsed.shown()))
}

fn roots_in(path: &Path) -> Result<Judge, Fault> {
    let bad = |why: &str| Fault::with_detail(Class::BadPinFile, why);
    let text = file::read(path).map_err(|problem| match problem {
        Problem::Missing => Fault::new(Class::NoPin),
        Problem::Locked => bad(file::LOCKED),
        Problem::Unreadable(why) => bad(&why),
    })?;
    let certificates = pin::certificates(&text).map_err(|why| bad(&why))?;
    let listed = certificates.iter().map(|der| fingerprint(der)).collect();
    let mut roots = RootCertStore::empty();
    // Not every certificate can be a root (X.509 v1, say), yet each still counts as a pin.
    let (added, _) = roots.add_parsable_certificates(certificates);
    if added == 0 {
        return Err(bad("no certificate in it can be used"));
    }
    let chain = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider())
        .build()
        .map_err(|error| bad(&error.to_string()))?;
    Ok(Judge::Roots { chain, listed })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_connection_offers_http_1_1_and_neither_early_data_nor_a_certificate() {
        let verifier = Verifier::new(&Trust::Pinned, &PinSet::default(), &SystemRoots::default())
            .expect("a verifier");
        let config = client_config(Arc::new(verifier)).expect("settings");
        // A server that speaks another protocol on this certificate must not take our request for its own.
        assert_eq!(config.alpn_protocols, [b"http/1.1"]);
        assert!(config.enable_sni && !config.enable_early_data);
        assert!(!config.client_auth_cert_resolver.has_certs());
    }
}
