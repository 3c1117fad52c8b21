//! What is to be said of a handshake: what was served, or what was seen on the wire instead.

use super::certificate::names;
use super::{Step, day, is_syncthing};
use crate::core::failure::About;
use crate::core::{Class, Fault, Offer, Served, Sight, Timestamp};
use crate::view::units::{brief, count};

const STEP: &str = "handshake";

/// A handshake that came to its end.
pub fn finished(sight: &Sight, served: &Served, about: &About<'_>, now: Timestamp) -> Step {
    let certificate = &served.certificate;
    let address = sight.wire.address;
    let address = address.map_or_else(String::new, |address| format!(" at {address}"));
    let ends = certificate.not_after.map(day);
    let ends = ends.map_or_else(String::new, |end| format!(", valid until {end}"));
    let found = format!(
        "{}{address}: {}, {}{ends}",
        served.protocol, certificate.subject, certificate.key
    );
    if let Some(why) = &certificate.unusable {
        let hint = match is_syncthing(about.kind) {
            true => {
                "Delete it and its key on the server, and restart Syncthing: it makes new ones."
            }
            false => "Have the server use another one, such as ECDSA P-256 or RSA 2048.",
        };
        return Step::failed(STEP, format!("{found}; {why}"), hint);
    }
    match &served.complaint {
        Some(complaint) => failure(sight, complaint, &[], about).seen_by(vec![found]),
        None if certificate.not_before.is_some_and(|begin| begin > now) => Step::look(
            STEP,
            format!("{found}; it begins only in the future"),
            "Are the clocks of both computers right?",
        ),
        None => Step::ok(STEP, found),
    }
}

/// A handshake that failed with `fault`, and what came of looking again with other offers.
pub fn failed(sight: &Sight, fault: &Fault, again: &[Sight], about: &About<'_>) -> Step {
    let mut evidence: Vec<String> = wire(sight, fault).into_iter().collect();
    evidence.extend(again.iter().map(|other| comparison(other, fault)));
    failure(sight, fault, again, about).seen_by(evidence)
}

fn failure(sight: &Sight, fault: &Fault, again: &[Sight], about: &About<'_>) -> Step {
    let (message, hint) = fault.words(about);
    let found = match (fault.class, &fault.detail) {
        (Class::NotTls, Some(said)) => format!(
            "{} answered, but not with TLS: {said}. Nothing but the beginning of a handshake was sent to it.",
            about.url
        ),
        (Class::ConnectTimeout, _) if sight.wire.connected => {
            format!(
                "{} accepted the connection and then said nothing.",
                about.url
            )
        }
        _ => message,
    };
    Step::failed(
        STEP,
        found,
        advice(sight, fault, again, about.url).unwrap_or(hint),
    )
    .of(fault.class)
}

/// What passed, in numbers.
fn wire(sight: &Sight, fault: &Fault) -> Option<String> {
    let wire = &sight.wire;
    if !wire.connected {
        let silent = fault.class == Class::ConnectTimeout;
        return silent
            .then(|| "No TCP connection came about: the first packet had no answer.".into());
    }
    let to = wire
        .address
        .map_or_else(String::new, |address| format!(" to {address}"));
    let end = match fault.class {
        Class::HandshakeEof => "the other side closed it",
        Class::HandshakeReset => "the other side reset it",
        Class::ConnectTimeout => "it was given up",
        Class::TlsAlert | Class::SniRefused | Class::ClientCertificate => {
            "the other side ended it with an alert"
        }
        _ => "it was ended",
    };
    let asked = match wire.wants_certificate {
        true => " The server asked for a client certificate.",
        false => "",
    };
    Some(format!(
        "Connected by TCP{to}; a ClientHello was sent ({}), {} came back, and {end} after {}.{asked}",
        count(wire.sent, "byte"),
        count(wire.received, "byte"),
        brief(wire.lasted)
    ))
}

/// How another look went beside the first.
fn comparison(other: &Sight, fault: &Fault) -> String {
    let offer = match other.offer {
        Offer { name: false, .. } => "without the server name",
        Offer { tls13: false, .. } => "with TLS 1.2 alone",
        _ => "as before",
    };
    match &other.outcome {
        Ok(served) => format!(
            "Once more {offer}: that works ({}). {}",
            served.protocol,
            names(&served.certificate, "The certificate then is for")
        ),
        Err(same) if same.class == fault.class => format!("Once more {offer}: the same."),
        Err(otherwise) => format!(
            "Once more {offer}: it failed otherwise ({}).",
            otherwise.class.name()
        ),
    }
}

/// What to do, where more is known than the table can say.
fn advice(sight: &Sight, fault: &Fault, again: &[Sight], url: &str) -> Option<String> {
    let works = |offer: Offer| {
        let mut again = again.iter().filter(|other| other.offer == offer);
        again.find_map(|other| other.outcome.as_ref().ok())
    };
    if let Some(served) = works(Offer::NAMELESS) {
        let some = served.certificate.names.first();
        let name = some.map_or("a name that the server knows", String::as_str);
        return Some(format!(
            "The name that is asked for is what the server, or something before it, does not take. Correct the host in 'url', or set 'server-name', for example to {name}."
        ));
    }
    if works(Offer::TLS12).is_some() {
        return Some(
            "Only TLS 1.3 does not get through: look for an old firewall or proxy on the way, and at the server's TLS settings. Nothing can be set for this in syncwatch, which offers both.".into(),
        );
    }
    let words = match (fault.class, sight.wire.alert) {
        (Class::HandshakeEof | Class::HandshakeReset, _) => {
            "Something between you and the server closes TLS, or the server itself does: it may be stuck, at its limit of connections, or not speak TLS on this port. Look into its log, and try from another network."
        }
        (Class::ConnectTimeout, _) if sight.wire.connected => {
            "The server may be stuck, or something on the way swallows what is sent. It did not answer as a server without TLS does either. Look into its log, and try from another network."
        }
        (Class::TlsAlert, Some(70)) => {
            "The server speaks neither TLS 1.2 nor 1.3: turn one of them on there. Older ones are never used, because they are not safe."
        }
        (Class::TlsAlert, Some(40 | 71)) => {
            "The server allows no cipher suite or curve of today: have it offer TLS 1.3, or ECDHE with AES-GCM or ChaCha20."
        }
        (Class::TlsAlert, _) => "Look into the server's log: it says why it gave up.",
        (Class::TlsProtocol, _) => {
            "The server offers no TLS 1.2 or 1.3, or does not keep to its rules: look at its version and its TLS settings."
        }
        (Class::NotTls, _) if url.starts_with("wss:") => {
            "The server speaks without TLS there. Turn on TLS, or use ws:// in 'url', which every view will mark as insecure."
        }
        _ => return None,
    };
    Some(words.to_owned())
}
