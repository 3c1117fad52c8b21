//! What a certificate says, in words, and whether TLS here can work with it.
//!
//! Nothing here decides about trust. Every text is hostile: bounded, and cleaned of what could disguise it.

use std::net::{Ipv4Addr, Ipv6Addr};

use rustls::pki_types::CertificateDer;
use rustls::server::ParsedCertificate;
use x509_parser::asn1_rs::{FromDer, Sequence, Tag};
use x509_parser::extensions::GeneralName;
use x509_parser::oid_registry::Oid;
use x509_parser::prelude::{ParsedExtension, X509Certificate};
use x509_parser::public_key::PublicKey;
use x509_parser::x509::{SubjectPublicKeyInfo, X509Name, X509Version};

use super::pin::fingerprint;
use super::provider;
use crate::core::sight::Issued;
use crate::core::{Certificate, Pin, Timestamp};

const RSA: &str = "1.2.840.113549.1.1.1";
const EC: &str = "1.2.840.10045.2.1";
/// What webpki's own RSA algorithms take (`RSA_PKCS1_2048_8192_*`), bits.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;
/// Extensions that webpki understands; any other one must not be critical.
const KNOWN_EXTENSIONS: [&str; 6] = [
    "2.5.29.15",
    "2.5.29.17",
    "2.5.29.19",
    "2.5.29.30",
    "2.5.29.31",
    "2.5.29.37",
];
/// Names listed at most, and characters of each.
const MOST_NAMES: usize = 100;
const LONGEST_NAME: usize = 255;

impl Certificate {
    /// Reads a DER certificate; `None` when it is none.
    pub fn parse(der: &[u8]) -> Option<Self> {
        let (_, parsed) = X509Certificate::from_der(der).ok()?;
        let validity = parsed.validity();
        let not_after = Some(Timestamp::from_secs(validity.not_after.timestamp()));
        Some(Self {
            pin: Pin {
                fingerprint: fingerprint(der),
                not_after,
            },
            subject: name(parsed.subject()),
            issuer: name(parsed.issuer()),
            names: names(&parsed),
            not_before: Some(Timestamp::from_secs(validity.not_before.timestamp())),
            not_after,
            key: key(parsed.public_key()),
            self_signed: parsed.subject().as_raw() == parsed.issuer().as_raw(),
            renewed_by_syncthing: renewed_by_syncthing(&parsed),
            unusable: unusable(der),
        })
    }
}

fn renewed_by_syncthing(parsed: &X509Certificate<'_>) -> bool {
    let named = alternative_names(parsed);
    let addresses = named
        .clone()
        .any(|name| matches!(name, GeneralName::IPAddress(_)));
    let mut hosts = named.filter_map(|name| match name {
        GeneralName::DNSName(name) => Some(*name),
        _ => None,
    });
    let subject = parsed.subject().iter_common_name().next();
    let subject = subject.and_then(|name| name.as_str().ok());
    let (first, second) = (hosts.next(), hosts.next());
    parsed.subject().as_raw() == parsed.issuer().as_raw()
        && !addresses
        && second.is_none()
        && first.is_none_or(|host| Some(host) == subject)
}

/// Who a certificate is for and who signed it; `None` when it is none.
pub(super) fn issued(der: &[u8]) -> Option<Issued> {
    let (_, parsed) = X509Certificate::from_der(der).ok()?;
    Some(Issued {
        subject: name(parsed.subject()),
        issuer: name(parsed.issuer()),
    })
}

/// Whether these bytes are one certificate, with nothing missing and nothing after it.
pub(super) fn is_whole(der: &[u8]) -> bool {
    // Two parsers: what is served counts, and either of them may be stricter than the server that serves it.
    X509Certificate::from_der(der).is_ok_and(|(rest, _)| rest.is_empty())
        || ParsedCertificate::try_from(&CertificateDer::from(der)).is_ok()
}

/// Why no TLS handshake here can succeed with this certificate, pinned or not; `None` when one can.
pub(super) fn unusable(der: &[u8]) -> Option<String> {
    let certificate = CertificateDer::from(der);
    let webpki = ParsedCertificate::try_from(&certificate).err();
    let Ok((_, parsed)) = X509Certificate::from_der(der) else {
        return webpki.map(|error| format!("it cannot be parsed ({error})"));
    };
    if let Some(error) = webpki {
        return Some(structure_problem(&parsed, &error));
    }
    key_problem(parsed.public_key())
}

/// Text from a peer, safe to show: bounded, without control characters and without marks that reorder text.
pub fn printable(text: &str, limit: usize) -> String {
    let reorders = |char: char| matches!(char, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}');
    text.chars()
        .take(limit)
        .map(|char| {
            if char.is_control() || reorders(char) {
                '\u{fffd}'
            } else {
                char
            }
        })
        .collect()
}

fn structure_problem(parsed: &X509Certificate<'_>, error: &rustls::Error) -> String {
    if parsed.version() != X509Version::V3 {
        let version = parsed.version().0.saturating_add(1);
        return format!("it is an X.509 version {version} certificate; TLS here needs version 3");
    }
    let unknown = parsed
        .extensions()
        .iter()
        .filter(|extension| extension.critical)
        .map(|extension| extension.oid.to_id_string())
        .find(|oid| !KNOWN_EXTENSIONS.contains(&oid.as_str()));
    match unknown {
        Some(oid) => {
            let oid = printable(&oid, 60);
            format!("it has a critical extension that is not known here ({oid})")
        }
        None => format!("it cannot be parsed ({error})"),
    }
}

fn key_problem(key: &SubjectPublicKeyInfo<'_>) -> Option<String> {
    let words = self::key(key);
    // The provider's own list decides, so that this can never disagree with the handshake.
    let known = algorithm_identifier(key).is_some_and(|wanted| {
        provider()
            .signature_verification_algorithms
            .all
            .iter()
            .any(|algorithm| algorithm.public_key_alg_id().as_ref() == wanted)
    });
    if !known {
        return Some(format!("its key ({words}) is of a kind not supported here"));
    }
    match rsa_bits(key) {
        Some(bits) if bits < *RSA_BITS.start() => Some(format!(
            "its RSA key has {bits} bits; at least {} are needed",
            RSA_BITS.start()
        )),
        Some(bits) if bits > *RSA_BITS.end() => Some(format!(
            "its RSA key has {bits} bits; at most {} are supported",
            RSA_BITS.end()
        )),
        _ => None,
    }
}

/// The content of the AlgorithmIdentifier, parameters included: for EC keys they name the curve.
fn algorithm_identifier<'a>(key: &SubjectPublicKeyInfo<'a>) -> Option<&'a [u8]> {
    let (_, outer) = raw_sequence(key.raw)?;
    let (_, inner) = raw_sequence(outer)?;
    Some(inner)
}

fn raw_sequence(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (rest, sequence) = Sequence::from_der(der).ok()?;
    match sequence.content {
        std::borrow::Cow::Borrowed(content) => Some((rest, content)),
        std::borrow::Cow::Owned(_) => None,
    }
}

fn rsa_bits(key: &SubjectPublicKeyInfo<'_>) -> Option<usize> {
    if key.algorithm.algorithm.to_id_string() != RSA {
        return None;
    }
    match key.parsed().ok()? {
        PublicKey::RSA(rsa) => {
            let modulus = rsa.modulus.iter().skip_while(|byte| **byte == 0);
            let mut modulus = modulus.peekable();
            let unused = modulus.peek().map_or(0, |first| first.leading_zeros());
            Some((modulus.count() * 8).saturating_sub(unused as usize))
        }
        _ => None,
    }
}

fn key(key: &SubjectPublicKeyInfo<'_>) -> String {
    let oid = key.algorithm.algorithm.to_id_string();
    match oid.as_str() {
        RSA => rsa_bits(key).map_or_else(|| "RSA".into(), |bits| format!("RSA {bits}")),
        EC => format!("ECDSA {}", curve(key)),
        "1.3.101.112" => "Ed25519".into(),
        "1.3.101.113" => "Ed448".into(),
        "1.2.840.10040.4.1" => "DSA".into(),
        "1.2.840.113549.1.1.10" => "RSA-PSS".into(),
        _ => format!("algorithm {}", printable(&oid, 60)),
    }
}

fn curve(key: &SubjectPublicKeyInfo<'_>) -> String {
    let parameters = key.algorithm.parameters.as_ref();
    // The conversion takes any element for an OID, so its tag is looked at first.
    let named = parameters.filter(|any| any.tag() == Tag::Oid);
    let curve = named.and_then(|any| Oid::try_from(any.clone()).ok());
    match curve.map(|oid| oid.to_id_string()).as_deref() {
        Some("1.2.840.10045.3.1.7") => "P-256".into(),
        Some("1.3.132.0.34") => "P-384".into(),
        Some("1.3.132.0.35") => "P-521".into(),
        Some(other) => format!("curve {}", printable(other, 60)),
        None => "with explicit curve parameters".into(),
    }
}

fn name(name: &X509Name<'_>) -> String {
    printable(&name.to_string(), LONGEST_NAME)
}

fn names(parsed: &X509Certificate<'_>) -> Vec<String> {
    alternative_names(parsed)
        .filter_map(|name| match name {
            GeneralName::DNSName(name) => Some(printable(name, LONGEST_NAME)),
            GeneralName::IPAddress(bytes) => address(bytes),
            _ => None,
        })
        .take(MOST_NAMES)
        .collect()
}

fn alternative_names<'a>(
    parsed: &'a X509Certificate<'_>,
) -> impl Iterator<Item = &'a GeneralName<'a>> + Clone {
    parsed
        .extensions()
        .iter()
        .filter_map(|extension| match extension.parsed_extension() {
            ParsedExtension::SubjectAlternativeName(names) => Some(&names.general_names),
            _ => None,
        })
        .flatten()
}

fn address(bytes: &[u8]) -> Option<String> {
    let v4 = <[u8; 4]>::try_from(bytes).map(|octets| Ipv4Addr::from(octets).to_string());
    let v6 = <[u8; 16]>::try_from(bytes).map(|octets| Ipv6Addr::from(octets).to_string());
    v4.or(v6).ok()
}
