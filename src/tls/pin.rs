//! Pins from certificates and from the files that hold them.
//!
//! A pin is always the exact DER of the first certificate; a file that is being written is `Torn`, never half a pin.

use std::path::Path;

use ring::digest::{SHA256, digest};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::{self, PemObject, SectionKind};

use super::certificate;
use super::file::{self, Problem};
use crate::core::{Certificate, Fingerprint, Pin, PinRead, PinSet};

/// The SHA-256 of a certificate's exact DER.
pub fn fingerprint(der: &[u8]) -> Fingerprint {
    let mut bytes = [0; 32];
    for (to, from) in bytes.iter_mut().zip(digest(&SHA256, der).as_ref()) {
        *to = *from;
    }
    Fingerprint::from_digest(bytes)
}

/// The pin for a certificate; without an end when its dates cannot be parsed.
pub fn pin_of(der: &[u8]) -> Pin {
    Pin {
        fingerprint: fingerprint(der),
        not_after: Certificate::parse(der).and_then(|parsed| parsed.not_after),
    }
}

/// The pin for the first certificate of a PEM text, or of a bare DER file.
pub fn parse_pin(text: &[u8]) -> PinRead {
    let der = match first_certificate(text) {
        Ok(der) => der,
        Err(why) => return PinRead::Torn { why },
    };
    if !certificate::is_whole(&der) {
        let why = "the certificate in it is not complete".into();
        return PinRead::Torn { why };
    }
    let pin = pin_of(&der);
    match certificate::unusable(&der) {
        Some(why) => PinRead::Unusable { pin, why },
        None => PinRead::Read(pin),
    }
}

/// The pin in a file. Regular files only and bounded, so that it never blocks for long.
pub fn read_pin_file(path: &Path) -> PinRead {
    match file::read(path) {
        Ok(content) => parse_pin(&content),
        Err(Problem::Missing) => PinRead::Missing,
        Err(Problem::Locked) => PinRead::Torn {
            why: file::LOCKED.into(),
        },
        Err(Problem::Unreadable(why)) => PinRead::Unreadable { why },
    }
}

/// The first certificate in a file, where there is one.
pub fn certificate_in(path: &Path) -> Option<Certificate> {
    let content = file::read(path).ok()?;
    Certificate::parse(&first_certificate(&content).ok()?)
}

/// The pin in a file, as a client takes it.
///
/// # Errors
/// Why there is none, in words.
pub fn pins_in(path: &Path) -> Result<PinSet, String> {
    match read_pin_file(path) {
        PinRead::Read(pin) => Ok(vec![pin.fingerprint].into()),
        PinRead::Missing => Err("it is not there".to_owned()),
        PinRead::Unusable { why, .. } | PinRead::Torn { why } | PinRead::Unreadable { why } => {
            Err(why)
        }
    }
}

/// All certificates of a PEM text, for a CA file. Broken ones are an error: half a CA file would refuse good peers.
pub(super) fn certificates(text: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    if let Some(der) = bare_der(text) {
        return Ok(vec![der]);
    }
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(without_mark(text)).collect();
    match found {
        Ok(found) if found.is_empty() => Err(nothing_in(text)),
        Ok(found) => Ok(found),
        Err(error) => Err(broken(&error)),
    }
}

fn first_certificate(text: &[u8]) -> Result<CertificateDer<'static>, String> {
    if let Some(der) = bare_der(text) {
        return Ok(der);
    }
    match CertificateDer::pem_slice_iter(without_mark(text)).next() {
        Some(Ok(der)) => Ok(der),
        Some(Err(error)) => Err(broken(&error)),
        None => Err(nothing_in(text)),
    }
}

/// DER begins with a SEQUENCE of a long length; no text does.
fn bare_der(content: &[u8]) -> Option<CertificateDer<'static>> {
    let looks_like_der = matches!(content, [0x30, length, ..] if *length >= 0x80);
    looks_like_der.then(|| CertificateDer::from(content.to_vec()))
}

/// Windows editors put a byte order mark before the text, which would hide the first line.
fn without_mark(text: &[u8]) -> &[u8] {
    text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text)
}

fn nothing_in(text: &[u8]) -> String {
    if text.trim_ascii().is_empty() {
        return "it is empty".into();
    }
    if matches!(text, [0xff, 0xfe, ..] | [0xfe, 0xff, ..]) {
        return "it is UTF-16 text; save it as plain text".into();
    }
    let has = |wanted: fn(&SectionKind) -> bool| {
        <(SectionKind, Vec<u8>)>::pem_slice_iter(without_mark(text))
            .flatten()
            .any(|(kind, _)| wanted(&kind))
    };
    if has(|kind| {
        matches!(
            kind,
            SectionKind::PrivateKey | SectionKind::RsaPrivateKey | SectionKind::EcPrivateKey
        )
    }) {
        return "it holds a private key but no certificate".into();
    }
    if has(|_| true) {
        return "it holds PEM, but no certificate".into();
    }
    "it holds no certificate".into()
}

fn broken(error: &pem::Error) -> String {
    match error {
        pem::Error::MissingSectionEnd { .. } => {
            "the certificate in it has no end; it may still be being written".into()
        }
        pem::Error::Base64Decode(_) => "the certificate in it is not valid base64".into(),
        _ => "the certificate in it is not valid PEM".into(),
    }
}

#[cfg(test)]
mod tests;
