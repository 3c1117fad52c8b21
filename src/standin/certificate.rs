//! The GUI's certificate: made, written and judged as Syncthing does it (lib/tlsutil, lib/api/api.go).
//!
//! This module never holds a half-written pair for a good one: `load` checks that key and certificate belong together.

use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use rcgen::{
    CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, PKCS_ECDSA_P384_SHA384,
};
use ring::digest;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;

use super::StandinError;

/// How long Syncthing's own certificates are valid.
pub(super) const VALID_DAYS: u32 = 820;
const DAY: i64 = 24 * 60 * 60;
/// Syncthing renews a certificate that ends within 30 days, when it opens its listener.
const RENEWED_BEFORE: i64 = 30 * DAY;
/// Go's PEM encoder and bufio give about 35 writes for one certificate.
const WRITES: usize = 35;

/// How a new pair reaches the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writing {
    /// As Syncthing does: truncated, then about 35 small writes with `pause` between them, closed; then the key.
    InPlace {
        /// How long a reader can see each partial state.
        pause: Duration,
    },
    /// As careful tools do: a temporary file renamed over the old one.
    Rename,
}

/// A certificate and its private key.
#[derive(Clone)]
pub struct Pair {
    certificate_pem: String,
    key_pem: String,
    der: CertificateDer<'static>,
    certified: Arc<CertifiedKey>,
    not_after: i64,
}

impl fmt::Debug for Pair {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Pair")
            .field("fingerprint", &self.fingerprint())
            .field("not_after", &self.not_after)
            .finish_non_exhaustive()
    }
}

impl Pair {
    /// A new self-signed pair like Syncthing's: ECDSA P-384, CN = SAN = `host_name`, CA:FALSE, valid for `days` from `now`'s midnight.
    pub fn generate(host_name: &str, days: u32, now: Timestamp) -> Result<Self, StandinError> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384).map_err(certificate_error)?;
        let midnight = now.as_second() - now.as_second().rem_euclid(DAY);
        let mut name = DistinguishedName::new();
        name.push(DnType::OrganizationName, "Syncthing");
        name.push(DnType::OrganizationalUnitName, "Automatically Generated");
        name.push(DnType::CommonName, host_name);
        let mut params =
            CertificateParams::new(vec![host_name.to_owned()]).map_err(certificate_error)?;
        params.distinguished_name = name;
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![
            KeyUsagePurpose::DigitalSignature,
            KeyUsagePurpose::KeyEncipherment,
        ];
        params.extended_key_usages = vec![
            ExtendedKeyUsagePurpose::ServerAuth,
            ExtendedKeyUsagePurpose::ClientAuth,
        ];
        params.not_before = instant(midnight)?;
        params.not_after = instant(midnight + i64::from(days) * DAY)?;
        let certificate = params.self_signed(&key).map_err(certificate_error)?;
        Self::parse(certificate.pem(), key.serialize_pem())
    }

    /// Reads a pair from two PEM files; fails when either is missing, torn, or they do not belong together.
    pub fn load(certificate: &Path, key: &Path) -> Result<Self, StandinError> {
        let read = |path: &Path| {
            fs::read_to_string(path).map_err(|source| StandinError::File {
                doing: "read",
                path: path.to_owned(),
                source,
            })
        };
        Self::parse(read(certificate)?, read(key)?)
    }

    /// `sha256:<64 hex>` of the certificate's DER.
    pub fn fingerprint(&self) -> String {
        fingerprint(&self.der)
    }

    /// The certificate in PEM.
    pub fn certificate_pem(&self) -> &str {
        &self.certificate_pem
    }

    /// The certificate's DER.
    pub fn certificate(&self) -> &CertificateDer<'static> {
        &self.der
    }

    /// Whether Syncthing would renew it when opening its listener at `now` (lib/api/api.go shouldRegenerateCertificate).
    pub fn due(&self, now: Timestamp) -> bool {
        self.not_after - now.as_second() < RENEWED_BEFORE
    }

    pub(super) fn certified(&self) -> Arc<CertifiedKey> {
        Arc::clone(&self.certified)
    }

    /// Writes the certificate; the caller then writes the key, in Syncthing's order.
    pub(super) async fn write_certificate(
        &self,
        path: &Path,
        writing: Writing,
    ) -> Result<(), StandinError> {
        write(path, self.certificate_pem.as_bytes(), writing, false).await
    }

    pub(super) async fn write_key(
        &self,
        path: &Path,
        writing: Writing,
    ) -> Result<(), StandinError> {
        write(path, self.key_pem.as_bytes(), writing, true).await
    }

    fn parse(certificate_pem: String, key_pem: String) -> Result<Self, StandinError> {
        let der = CertificateDer::from_pem_slice(certificate_pem.as_bytes())
            .map_err(certificate_error)?
            .into_owned();
        let key = PrivateKeyDer::from_pem_slice(key_pem.as_bytes()).map_err(certificate_error)?;
        let not_after = x509_parser::parse_x509_certificate(&der)
            .map_err(certificate_error)?
            .1
            .validity()
            .not_after
            .timestamp();
        let certified = CertifiedKey::from_der(
            vec![der.clone()],
            key,
            &rustls::crypto::ring::default_provider(),
        )?;
        Ok(Self {
            certificate_pem,
            key_pem,
            der,
            certified: Arc::new(certified),
            not_after,
        })
    }
}

/// `sha256:<64 hex>` of a certificate's DER.
pub(super) fn fingerprint(der: &[u8]) -> String {
    let digest = digest::digest(&digest::SHA256, der);
    digest
        .as_ref()
        .iter()
        .fold("sha256:".to_owned(), |text, byte| {
            format!("{text}{byte:02x}")
        })
}

async fn write(
    path: &Path,
    content: &[u8],
    writing: Writing,
    private: bool,
) -> Result<(), StandinError> {
    let failed = |source| StandinError::File {
        doing: "write",
        path: path.to_owned(),
        source,
    };
    match writing {
        Writing::InPlace { pause } => {
            let mut file = open_truncated(path, private).map_err(failed)?;
            for part in content.chunks(content.len().div_ceil(WRITES).max(1)) {
                if !pause.is_zero() {
                    tokio::time::sleep(pause).await;
                }
                file.write_all(part).map_err(failed)?;
            }
        }
        Writing::Rename => replace(path, content, private).map_err(failed)?,
    }
    Ok(())
}

/// Replaces `path` by renaming a finished temporary file over it.
pub(super) fn replace(path: &Path, content: &[u8], private: bool) -> std::io::Result<()> {
    let temporary = path.with_extension("tmp");
    open_truncated(&temporary, private)?.write_all(content)?;
    fs::rename(&temporary, path)
}

fn open_truncated(path: &Path, private: bool) -> std::io::Result<fs::File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    if private {
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    }
    #[cfg(not(unix))]
    let _ = private;
    options.open(path)
}

fn instant(seconds: i64) -> Result<time::OffsetDateTime, StandinError> {
    time::OffsetDateTime::from_unix_timestamp(seconds).map_err(certificate_error)
}

fn certificate_error(error: impl fmt::Display) -> StandinError {
    StandinError::Certificate(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        Timestamp::from_second(1_790_000_000).unwrap()
    }

    #[test]
    fn a_new_pair_looks_like_one_of_syncthings() {
        let pair = Pair::generate("vm", VALID_DAYS, now()).unwrap();
        let (_, parsed) = x509_parser::parse_x509_certificate(pair.certificate()).unwrap();
        assert_eq!(
            parsed.subject().to_string(),
            "O=Syncthing, OU=Automatically Generated, CN=vm"
        );
        assert_eq!(parsed.subject(), parsed.issuer());
        assert!(!parsed.basic_constraints().unwrap().unwrap().value.ca);
        let names = &parsed
            .subject_alternative_name()
            .unwrap()
            .unwrap()
            .value
            .general_names;
        assert_eq!(format!("{names:?}"), "[DNSName(\"vm\")]");
        let validity = parsed.validity();
        assert_eq!(
            validity.not_after.timestamp() - validity.not_before.timestamp(),
            820 * DAY
        );
        assert!(!pair.due(now()));
        assert!(Pair::generate("vm", 10, now()).unwrap().due(now()));
    }

    #[tokio::test]
    async fn both_ways_of_writing_can_be_loaded_again() {
        let directory = tempfile::tempdir().unwrap();
        let (certificate, key) = (
            directory.path().join("c.pem"),
            directory.path().join("k.pem"),
        );
        let in_place = Writing::InPlace {
            pause: Duration::ZERO,
        };
        for writing in [in_place, Writing::Rename] {
            let pair = Pair::generate("vm", VALID_DAYS, now()).unwrap();
            pair.write_certificate(&certificate, writing).await.unwrap();
            assert!(
                Pair::load(&certificate, &key).is_err(),
                "the key is not this certificate's"
            );
            pair.write_key(&key, writing).await.unwrap();
            assert_eq!(
                Pair::load(&certificate, &key).unwrap().fingerprint(),
                pair.fingerprint()
            );
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_lets_readers_see_the_torn_file() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("c.pem");
        let pair = Pair::generate("vm", VALID_DAYS, now()).unwrap();
        let pause = Duration::from_millis(1);
        let writing = pair.write_certificate(&path, Writing::InPlace { pause });
        tokio::pin!(writing);
        assert!(
            tokio::time::timeout(pause * 10, &mut writing)
                .await
                .is_err()
        );
        let torn = fs::read_to_string(&path).unwrap();
        assert!(!torn.is_empty() && torn.len() < pair.certificate_pem().len());
        writing.await.unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), pair.certificate_pem());
    }
}
