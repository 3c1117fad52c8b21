//! What went wrong, decided once, by the type of the innermost error and never by its text.
//!
//! Details name causes in words; they never hold a URL, a header or a value of a reply.

use std::error::Error as StdError;
use std::io::{self, ErrorKind};

use rustls::{CertificateError, InvalidMessage, PeerIncompatible};

use super::alert;
use super::certificate::printable;
use super::verifier::Refusal;
use crate::core::{Class, Fault, Timestamp};

/// How far a request had come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Name, connection, handshake: nothing of the request was sent.
    Connect,
    /// Up to the end of the reply's head.
    Head,
    /// Inside the reply's body.
    Body,
}

/// Errors nested deeper than any stack of libraries does.
const DEEPEST: usize = 32;

/// The fault behind an error of reqwest.
pub(super) fn of_reqwest(error: &reqwest::Error, stage: Stage) -> Fault {
    let stage = if error.is_connect() {
        Stage::Connect
    } else {
        stage
    };
    // These two wrap private types, so only reqwest itself can recognise them.
    if error.is_dns() {
        return dns(error);
    }
    if error.is_timeout() {
        return Fault::new(timed_out(stage));
    }
    of_error(error, stage)
}

/// The fault behind any error of the transport.
pub(super) fn of_error(error: &(dyn StdError + 'static), stage: Stage) -> Fault {
    if let Some(tls) = find::<rustls::Error>(error) {
        return of_tls(tls, stage);
    }
    if let Some(io) = innermost_io(error)
        && let Some(fault) = of_io(io, stage)
    {
        return fault;
    }
    if let Some(http) = find::<hyper::Error>(error) {
        return of_http(http, stage);
    }
    let class = match stage {
        Stage::Connect => Class::Unreachable,
        Stage::Head => Class::Lost,
        Stage::Body => Class::Truncated,
    };
    Fault::with_detail(class, words(error))
}

/// The fault behind a name that has no address.
pub(super) fn dns(error: &(dyn StdError + 'static)) -> Fault {
    Fault::with_detail(Class::Dns, words(error))
}

/// The same fault, met by who was asked for a certificate and had none: whatever the alert says, that is why.
pub(super) fn asked_for_certificate(fault: Fault) -> Fault {
    match fault.class {
        Class::TlsAlert => Fault {
            class: Class::ClientCertificate,
            ..fault
        },
        _ => fault,
    }
}

/// The number of the alert behind an error.
pub(super) fn alert_in(error: &(dyn StdError + 'static)) -> Option<u8> {
    match find::<rustls::Error>(error) {
        Some(rustls::Error::AlertReceived(alert)) => Some(u8::from(*alert)),
        _ => None,
    }
}

/// Who was too slow.
pub(super) fn timed_out(stage: Stage) -> Class {
    match stage {
        Stage::Connect => Class::ConnectTimeout,
        Stage::Head | Stage::Body => Class::RequestTimeout,
    }
}

/// Every cause, outermost first. An `io::Error` hides what it wraps from `source()`, so `get_ref()` comes first.
fn causes<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |error| cause_of(*error)).take(DEEPEST)
}

fn cause_of<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a (dyn StdError + 'static)> {
    let inside = error
        .downcast_ref::<io::Error>()
        .and_then(io::Error::get_ref);
    match inside {
        Some(inside) => Some(inside),
        None => error.source(),
    }
}

/// The innermost error that is no error of reqwest: those name the URL.
fn words(error: &(dyn StdError + 'static)) -> String {
    causes(error)
        .filter(|cause| !cause.is::<reqwest::Error>())
        .last()
        .map(ToString::to_string)
        .unwrap_or_default()
}

fn find<'a, T: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a T> {
    causes(error).find_map(|cause| cause.downcast_ref())
}

fn innermost_io<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a io::Error> {
    causes(error)
        .filter_map(|cause| cause.downcast_ref())
        .last()
}

fn of_io(error: &io::Error, stage: Stage) -> Option<Fault> {
    let ended = |eof: bool| match (stage, eof) {
        (Stage::Connect, true) => Class::HandshakeEof,
        (Stage::Connect, false) => Class::HandshakeReset,
        (Stage::Head, _) => Class::Lost,
        (Stage::Body, _) => Class::Truncated,
    };
    let class = match error.kind() {
        ErrorKind::ConnectionRefused => Class::Refused,
        // A unix socket that is not there.
        ErrorKind::NotFound if stage == Stage::Connect => Class::Refused,
        ErrorKind::ConnectionReset
        | ErrorKind::ConnectionAborted
        | ErrorKind::BrokenPipe
        | ErrorKind::NotConnected => ended(false),
        ErrorKind::UnexpectedEof => ended(true),
        ErrorKind::TimedOut => timed_out(stage),
        ErrorKind::HostUnreachable
        | ErrorKind::NetworkUnreachable
        | ErrorKind::NetworkDown
        | ErrorKind::AddrNotAvailable
        | ErrorKind::PermissionDenied => {
            return Some(Fault::with_detail(Class::Unreachable, error.to_string()));
        }
        ErrorKind::InvalidData | ErrorKind::InvalidInput if stage == Stage::Body => {
            return Some(bad_http("the framing of its reply is wrong"));
        }
        _ => return None,
    };
    Some(Fault::new(class))
}

fn of_http(error: &hyper::Error, stage: Stage) -> Fault {
    if error.is_timeout() {
        return Fault::new(timed_out(stage));
    }
    if error.is_parse_too_large() {
        return bad_http("the head of its reply is too large");
    }
    if error.is_parse() {
        return bad_http("it does not speak HTTP/1.1 inside TLS");
    }
    Fault::new(match stage {
        Stage::Body => Class::Truncated,
        Stage::Connect | Stage::Head => Class::Lost,
    })
}

fn bad_http(words: &str) -> Fault {
    Fault::with_detail(Class::BadReply, words)
}

fn of_tls(error: &rustls::Error, stage: Stage) -> Fault {
    use rustls::Error as E;
    let protocol = |words: &str| Fault::with_detail(Class::TlsProtocol, words);
    match error {
        E::InvalidCertificate(CertificateError::Other(other)) => {
            match other.0.downcast_ref::<Refusal>() {
                Some(refusal) => of_refusal(refusal),
                None => of_certificate(&CertificateError::Other(other.clone())),
            }
        }
        E::InvalidCertificate(error) => of_certificate(error),
        E::AlertReceived(alert) => Fault::with_detail(alert::class(*alert), alert::words(*alert)),
        E::InvalidMessage(
            InvalidMessage::InvalidContentType | InvalidMessage::UnknownProtocolVersion,
        ) if stage == Stage::Connect => Fault::new(Class::NotTls),
        E::NoCertificatesPresented => protocol("it shows no certificate"),
        E::PeerIncompatible(
            PeerIncompatible::ServerDoesNotSupportTls12Or13
            | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig,
        ) => protocol("it offers nothing newer than TLS 1.1"),
        other => protocol(&printable(&other.to_string(), 200)),
    }
}

fn of_refusal(refusal: &Refusal) -> Fault {
    let fault = match refusal {
        Refusal::PinMismatch { shown, first, .. } => {
            let class = match first {
                true => Class::NotPinned,
                false => Class::PinMismatch,
            };
            Fault::new(class).with_shown(shown.clone())
        }
        Refusal::BadSignature { .. } => Fault::new(Class::BadSignature),
        Refusal::Unusable { why, .. } => Fault::with_detail(Class::UnusableCertificate, why),
        Refusal::Chain { error, shown, .. } => of_certificate(error).with_shown(shown.clone()),
    };
    fault.with_served(Some(refusal.served()))
}

/// What a CA's or the platform's judgement means.
fn of_certificate(error: &CertificateError) -> Fault {
    use CertificateError as E;
    let date = |time: rustls::pki_types::UnixTime| {
        let time = Timestamp::from_secs(i64::try_from(time.as_secs()).unwrap_or(i64::MAX));
        time.to_string().chars().take(10).collect::<String>()
    };
    let (class, words) = match error {
        E::Expired => (Class::Certificate, "it has expired".into()),
        E::ExpiredContext { not_after, .. } => (
            Class::Certificate,
            format!("it expired on {}", date(*not_after)),
        ),
        E::NotValidYet => (Class::Certificate, "it is not valid yet".into()),
        E::NotValidYetContext { not_before, .. } => (
            Class::Certificate,
            format!("it is not valid before {}", date(*not_before)),
        ),
        E::UnknownIssuer => (Class::Certificate, "its issuer is not trusted here".into()),
        E::Revoked => (Class::Certificate, "it was revoked".into()),
        E::BadSignature => (
            Class::Certificate,
            "the issuer that it names did not sign it".into(),
        ),
        E::InvalidPurpose | E::InvalidPurposeContext { .. } => {
            (Class::Certificate, "it is not meant for servers".into())
        }
        E::NotValidForName => (Class::WrongName, "it names others only".into()),
        E::NotValidForNameContext {
            expected,
            presented,
        } => (Class::WrongName, other_names(&expected.to_str(), presented)),
        E::BadEncoding => (
            Class::UnusableCertificate,
            "it is not encoded as a certificate must be".into(),
        ),
        E::UnhandledCriticalExtension => (
            Class::UnusableCertificate,
            "it has a critical extension that is not known here".into(),
        ),
        other => (Class::Certificate, printable(&other.to_string(), 200)),
    };
    Fault::with_detail(class, words)
}

fn other_names(expected: &str, presented: &[String]) -> String {
    // webpki writes them as `DnsName("a.example")` and `IpAddress(192.0.2.1)`.
    let plain = |name: &String| {
        let inner = name.split_once('(').map_or(name.as_str(), |(_, rest)| rest);
        printable(inner.trim_end_matches(')').trim_matches('"'), 64)
    };
    let names: Vec<String> = presented.iter().take(4).map(plain).collect();
    match names.as_slice() {
        [] => format!("it names no host at all, {expected} was wanted"),
        names => format!("{}, not {expected}", names.join(", ")),
    }
}

#[cfg(test)]
mod tests;
