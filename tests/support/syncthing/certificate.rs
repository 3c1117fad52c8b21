//! GUI certificates like Syncthing's own, with an end of our choice.

use std::fs::{self, OpenOptions, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rcgen::{CertificateParams, DnType, KeyPair, PKCS_ECDSA_P256_SHA256};
use rustls::pki_types::{CertificateDer, pem::PemObject};
use syncwatch::core::Fingerprint;
use time::{Duration, OffsetDateTime};

/// One name, as CN and as the only SAN: Syncthing leaves any other pair alone (lib/api/api.go shouldRegenerateCertificate).
const NAME: &str = "syncthing-under-test";

/// Writes a self-signed pair into `home`, in place, as Syncthing does.
pub(super) fn put(home: &Path, days: i64) -> Fingerprint {
    let mut params = CertificateParams::new([NAME.to_owned()]).expect("a name");
    params.distinguished_name.push(DnType::CommonName, NAME);
    let now = OffsetDateTime::now_utc();
    params.not_before = now - Duration::days(800);
    params.not_after = now + Duration::days(days);
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).expect("a key");
    let certificate = params.self_signed(&key).expect("a certificate");

    let path = home.join("https-key.pem");
    let _ = OpenOptions::new().create(true).append(true).open(&path);
    fs::set_permissions(&path, Permissions::from_mode(0o600)).expect("permissions");
    fs::write(home.join("https-cert.pem"), certificate.pem()).expect("https-cert.pem");
    fs::write(&path, key.serialize_pem()).expect("https-key.pem");
    fingerprint(certificate.der())
}

/// The fingerprint of the first certificate in a PEM file.
pub(super) fn read(path: &Path) -> Fingerprint {
    fingerprint(&CertificateDer::from_pem_file(path).expect("a certificate"))
}

/// Computed here and not by the library, which is under test.
pub(super) fn fingerprint(der: &[u8]) -> Fingerprint {
    let digest = ring::digest::digest(&ring::digest::SHA256, der);
    Fingerprint::from_digest(digest.as_ref().try_into().expect("32 bytes"))
}
