//! What is to be said of the certificate that was served: whether it is the pinned one, and what a CA thinks of it.

use super::{Step, is_syncthing, minute};
use crate::core::failure::About;
use crate::core::failure::openssl;
use crate::core::{Certificate, Class, Fault, Fingerprint, Served, Timestamp};
use crate::view::words::list;

const STEP: &str = "trust";
/// Names that are listed.
const MOST_NAMES: usize = 12;

/// Everybody is believed.
pub fn any(served: Fingerprint, about: &About<'_>) -> Step {
    Step::look(
        STEP,
        format!(
            "INSECURE: any certificate is accepted, and whoever answers gets the {}; served is {served}",
            about.kind.login()
        ),
        "Pin it: trust = { fingerprint = [\"...\"] }.",
    )
}

/// Whether the served certificate is one of `pins`; where it is not, `again` is what another look showed.
pub fn pinned(
    served: &Served,
    again: Option<Fingerprint>,
    pins: &[Fingerprint],
    about: &About<'_>,
) -> Step {
    let shown = served.certificate.pin.fingerprint;
    if pins.contains(&shown) {
        return Step::ok(
            STEP,
            format!("the served certificate is the pinned one: {shown}"),
        );
    }
    if let Some(again) = again.filter(|again| *again != shown && !pins.contains(again)) {
        let fault = Fault::new(Class::NewCertificateEachTime);
        let seen = vec![format!("First: {shown}"), format!("Then: {again}")];
        let found = "no request was sent, for the server shows a new certificate on every connection, and none of them is pinned";
        return Step::failed(STEP, found, fault.words(about).1)
            .of(fault.class)
            .seen_by(seen);
    }
    if pins.is_empty() && !about.pinned_by_file {
        let fault = Fault::new(Class::NotPinned).with_served(Some(shown));
        return Step::fault(STEP, &fault, about);
    }
    let all: Vec<String> = pins.iter().map(ToString::to_string).collect();
    let pinned = match all.is_empty() {
        true => "nothing".into(),
        false => all.join(", "),
    };
    let hint = match (about.pinned_by_file, is_syncthing(about.kind)) {
        (true, true) => "If Syncthing was not restarted since its certificate file changed, restart it. Otherwise something else is listening on that port.".to_owned(),
        (true, false) => "If the server did not take up its new certificate yet, have it reload. Otherwise something else is answering in its place.".to_owned(),
        (false, _) => format!(
            "Compare it with the server's own: '{}' there. If it is the same: 'syncwatch trust accept --instance {}'.",
            openssl(about.kind),
            about.name
        ),
    };
    Step::failed(
        STEP,
        format!(
            "no request was sent, for the served certificate is not the pinned one. Served: {shown} Pinned: {pinned}"
        ),
        hint,
    )
    .of(Class::PinMismatch)
}

/// What a CA file or the system's certificates say, by the name `judge`.
pub fn judged(
    served: &Served,
    verdict: Result<(), Fault>,
    judge: &str,
    about: &About<'_>,
    now: Timestamp,
) -> Step {
    let certificate = &served.certificate;
    let Err(fault) = verdict else {
        let shown = certificate.pin.fingerprint;
        return Step::ok(STEP, format!("accepted by {judge}; served is {shown}"));
    };
    let by_ca = about.path.is_some();
    let why = fault.detail.as_deref().unwrap_or("no details");
    let found = match fault.class {
        Class::WrongName => format!("the certificate is for another name: {why}."),
        _ => format!("not accepted by {judge}: {why}."),
    };
    let found = format!("{found} No request was sent.");
    let step = |hint: String| Step::failed(STEP, found.clone(), hint).of(fault.class);
    match fault.class {
        Class::WrongName => {
            step(other_name(certificate, by_ca)).seen_by(vec![names(certificate, "It is for")])
        }
        Class::Certificate => match in_time(certificate, now) {
            Err(hint) => step(hint.to_owned()).seen_by(vec![dates(certificate, now)]),
            Ok(()) => match certificate.shown().is_syncthings_own() && is_syncthing(about.kind) {
                true => {
                    let shown = Some(Box::new(certificate.shown()));
                    let (message, hint) = fault.with_shown(shown).words(about);
                    Step::failed(STEP, message, hint).of(Class::Certificate)
                }
                false => step(issuer(served, by_ca)).seen_by(vec![chain(served)]),
            },
        },
        _ => Step::fault(STEP, &fault, about),
    }
}

/// `It is for a.example, b.example and 3 more.`
pub(super) fn names(certificate: &Certificate, before: &str) -> String {
    let names = &certificate.names;
    let more = names.len().saturating_sub(MOST_NAMES);
    let some: Vec<&str> = names.iter().take(MOST_NAMES).map(String::as_str).collect();
    match (some.is_empty(), more) {
        (true, _) => format!(
            "{before} no host at all; its subject is {}.",
            certificate.subject
        ),
        (false, 0) => format!("{before} {}.", some.join(", ")),
        (false, more) => format!("{before} {} and {more} more.", some.join(", ")),
    }
}

/// What is wrong with its dates, as what to do about it.
fn in_time(certificate: &Certificate, now: Timestamp) -> Result<(), &'static str> {
    if certificate.not_before.is_some_and(|begin| begin > now) {
        return Err(
            "A certificate that begins in the future means that a clock is wrong, as a rule this computer's: set it right, with NTP for good.",
        );
    }
    if certificate.not_after.is_some_and(|end| end < now) {
        return Err(
            "Renew it on the server, and have the server take it up. If the time of this computer is wrong, set that right first.",
        );
    }
    Ok(())
}

fn dates(certificate: &Certificate, now: Timestamp) -> String {
    let words = |time: Option<Timestamp>| time.map_or_else(|| "?".into(), minute);
    format!(
        "It is valid from {} to {}; the clock of this computer says {}.",
        words(certificate.not_before),
        words(certificate.not_after),
        minute(now)
    )
}

fn other_name(certificate: &Certificate, by_ca: bool) -> String {
    let names: Vec<&str> = certificate.names.iter().map(String::as_str).collect();
    match names.is_empty() {
        true if by_ca => "Have your CA sign one that names the host in 'url'.".to_owned(),
        true => {
            "Pin it: trust = { fingerprint = [\"...\"] }; then its names do not matter.".to_owned()
        }
        false => format!(
            "Use {} in 'url', or set 'server-name' to it; 'connect' then says where it is.",
            list(&names)
        ),
    }
}

fn chain(served: &Served) -> String {
    let certificate = &served.certificate;
    match &served.last {
        None => format!(
            "It came alone: {}, issued by {}.",
            certificate.subject, certificate.issuer
        ),
        Some(last) => format!(
            "{} certificates came, from {} to {}, which {} issued.",
            served.chain, certificate.subject, last.subject, last.issuer
        ),
    }
}

/// Where a CA was chosen, nothing less is advised.
fn issuer(served: &Served, by_ca: bool) -> String {
    let issuer = served.missing_issuer();
    match (served.ends_with_root(), &served.last) {
        (true, None) if by_ca => "It signed itself, so that no CA vouches for it: have the server show the one that your CA signed. If it should, something else may be answering in its place.".to_owned(),
        (true, None) => "It signed itself, so that no CA vouches for it: pin it with trust = { fingerprint = [\"...\"] }, or name its file with trust = { file = \"...\" }.".to_owned(),
        (true, Some(_)) => format!("The chain is whole, but its root, {issuer}, is not trusted here: name its file with trust = {{ ca = \"...\" }}."),
        (false, _) => format!("The certificate of {issuer} is missing. Have the server send the whole chain (often called fullchain.pem); if that is a CA of your own, name its file with trust = {{ ca = \"...\" }}."),
    }
}
