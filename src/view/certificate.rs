//! What is to be said of an instance's certificate.

use super::Frame;
use super::style::{Page, Role};
use super::units::{ago, date, span};
use crate::core::status::{InstanceStatus, Link};
use crate::core::{LinkState, Timestamp, TrustMode};

/// What every view says of a link that proves nothing about who answers; `None` of any other.
pub(super) fn insecure(link: &Link) -> Option<&'static str> {
    match (
        link.plain,
        link.insecure || link.trust.mode == TrustMode::Any,
    ) {
        (true, _) => Some("INSECURE: this connection is not encrypted"),
        (false, true) => Some("INSECURE: any certificate is accepted here"),
        (false, false) => None,
    }
}

/// Syncthing threw away a certificate that somebody else had signed.
pub(super) fn thrown_away(signer: &str) -> String {
    format!(
        "Syncthing put a certificate of its own in the place of the one that {signer} signed: it could not load that pair. If you want yours back, put it there again with a key that fits and has no passphrase, and restart Syncthing."
    )
}

/// How it is judged, what it is, until when, and what is about to change.
pub(super) fn lines(instance: &InstanceStatus, frame: &Frame, indent: usize) -> Page {
    let trust = &instance.link.trust;
    let mut page = Page::default();
    let mut say = |role, text: &str| page.paragraph(role, text, indent, frame.width);
    if instance.link.plain {
        say(
            Role::Bad,
            "INSECURE: this connection is not encrypted (ws://). Whoever is on the way can read and change what passes; no secret is ever sent.",
        );
        return page;
    }
    if instance.link.insecure || trust.mode == TrustMode::Any {
        say(
            Role::Bad,
            &format!(
                "INSECURE: any certificate is accepted here (trust = \"any\"). Whoever can answer in its place gets the {}.",
                instance.kind.login()
            ),
        );
    }
    if let Some(judged) = judged(&instance.link, frame) {
        say(Role::Plain, &judged);
    }
    if let Some(signer) = &trust.thrown_away {
        say(Role::Warn, &thrown_away(signer));
    }
    match (trust.pending, &trust.path) {
        (Some(pending), path) if instance.link.restart_pending => say(
            Role::Plain,
            &format!(
                "{} a newer certificate ({}) than the server serves: it takes it up at its next restart. Nothing is wrong.",
                match (path, trust.mode) {
                    (Some(path), _) => format!("{path} holds"),
                    (None, TrustMode::Command) => "Its command prints".into(),
                    (None, _) => "The certificate file holds".into(),
                },
                pending.short()
            ),
        ),
        (Some(pending), _) => say(
            Role::Plain,
            &format!(
                "A new certificate is ready and accepted as well: {}.",
                pending.short()
            ),
        ),
        (None, _) => {}
    }
    page
}

fn judged(link: &Link, frame: &Frame) -> Option<String> {
    let (trust, state, is_unpinned) = (&link.trust, link.state, link.is_unpinned());
    if state == LinkState::Untrusted || is_unpinned {
        // The failure's message has both in full.
        return None;
    }
    let judge = match (trust.mode, &trust.path) {
        (TrustMode::Ca, Some(path)) => format!(", judged by the CA in {path}"),
        (TrustMode::Ca, None) => ", judged by a CA file".into(),
        (TrustMode::System, _) => ", judged by the system's certificates".into(),
        (TrustMode::File | TrustMode::Fingerprint | TrustMode::Command | TrustMode::Any, _) => {
            String::new()
        }
    };
    let pinned = if trust.mode.is_pinned() {
        trust.current.or(trust.served)
    } else {
        trust.served
    };
    let Some(fingerprint) = pinned else {
        return match trust.mode {
            TrustMode::Fingerprint => Some("No certificate is pinned yet.".into()),
            TrustMode::Command => Some("Its command has not printed a certificate yet.".into()),
            TrustMode::File => trust
                .path
                .as_ref()
                .map(|path| format!("No certificate was read yet from {path}.")),
            _ => None,
        };
    };
    let expiry = trust
        .not_after
        .filter(|_| trust.served.is_none_or(|served| served == fingerprint))
        .map(|end| expiry(end, trust.mode, frame));
    Some(format!(
        "Certificate {}{judge}{}.",
        fingerprint.short(),
        expiry.unwrap_or_default()
    ))
}

fn expiry(end: Timestamp, mode: TrustMode, frame: &Frame) -> String {
    let day = date(end, &frame.zone);
    if end > frame.now {
        let left = end.since(frame.now);
        let soon = left < std::time::Duration::from_secs(60 * 86_400);
        let left = if soon {
            format!(" (in {})", span(left))
        } else {
            String::new()
        };
        format!(", valid until {day}{left}")
    } else if mode.is_pinned() {
        format!(
            ", expired on {day} ({}); it is pinned, so that does no harm",
            ago(frame.now, end)
        )
    } else {
        format!(", expired on {day} ({})", ago(frame.now, end))
    }
}
