//! Whether a Syncthing can load a certificate with its key (Go's crypto/tls LoadX509KeyPair), and why not.
//!
//! Invariant: nothing of a key leaves this file.

use std::path::Path;

use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject as _;
use secrecy::{ExposeSecret as _, SecretSlice};
use x509_parser::asn1_rs::FromDer as _;
use x509_parser::prelude::X509Certificate;

use super::{file, pin};
use crate::core::PairTrouble;

/// What editors of Windows put before a text. Go finds no PEM right behind it (encoding/pem Decode).
const MARK: &[u8] = b"\xef\xbb\xbf";

/// What is wrong with the pair in these files; `None` where nothing is, or where it cannot be told.
pub fn pair_trouble(certificate: &Path, key: &Path) -> Option<PairTrouble> {
    let certificate = file::read(certificate).ok()?;
    let key = SecretSlice::from(file::read(key).ok()?);
    trouble(&certificate, key.expose_secret())
}

fn trouble(certificate: &[u8], key: &[u8]) -> Option<PairTrouble> {
    let hidden = |text: &[u8]| {
        let rest = text.strip_prefix(MARK);
        rest.is_some_and(|rest| rest.starts_with(b"-----BEGIN"))
    };
    if hidden(certificate) {
        return Some(PairTrouble::MarkBeforeCertificate);
    }
    if hidden(key) {
        return Some(PairTrouble::MarkBeforeKey);
    }
    let has = |words: &[u8]| key.windows(words.len()).any(|window| window == words);
    if has(b"-----BEGIN ENCRYPTED PRIVATE KEY-----") || has(b"Proc-Type: 4,ENCRYPTED") {
        return Some(PairTrouble::KeyEncrypted);
    }
    let Ok(key) = PrivateKeyDer::from_pem_slice(key) else {
        return Some(PairTrouble::NoKey);
    };
    let certificates = pin::certificates(certificate).ok()?;
    // Kinds of keys that Go knows and this does not are left alone.
    let key = any_supported_type(&key).ok()?;
    let owned = key.public_key()?;
    let fits = |der: &[u8]| {
        let parsed = X509Certificate::from_der(der).ok();
        parsed.is_some_and(|(_, parsed)| parsed.public_key().raw == owned.as_ref())
    };
    match certificates.iter().position(|der| fits(der)) {
        Some(0) => None,
        Some(_) => Some(PairTrouble::NotFirst),
        None => Some(PairTrouble::Mismatch),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_syncthing_cannot_load_is_known() {
        let make = || rcgen::generate_simple_self_signed(["nas".to_owned()]).expect("made");
        let (one, other) = (make(), make());
        let key = one.signing_key.serialize_pem();
        let (first, second) = (one.cert.pem(), other.cert.pem());
        let mark = |text: &str| format!("\u{feff}{text}");
        for (certificate, key, expected) in [
            (first.clone(), key.clone(), None),
            (format!("{first}{second}"), key.clone(), None),
            (format!("{second}{first}"), key.clone(), Some(PairTrouble::NotFirst)),
            (second, key.clone(), Some(PairTrouble::Mismatch)),
            (mark(&first), key.clone(), Some(PairTrouble::MarkBeforeCertificate)),
            (first.clone(), mark(&key), Some(PairTrouble::MarkBeforeKey)),
            (first.clone(), first.clone(), Some(PairTrouble::NoKey)),
            (
                first.clone(),
                key.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY"),
                Some(PairTrouble::KeyEncrypted),
            ),
            (
                first,
                "-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\nAA==\n-----END EC PRIVATE KEY-----\n".to_owned(),
                Some(PairTrouble::KeyEncrypted),
            ),
        ] {
            assert_eq!(trouble(certificate.as_bytes(), key.as_bytes()), expected, "{certificate}");
        }
    }
}
