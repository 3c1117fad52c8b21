//! What is to be said of the file that holds the pin, and of the command that prints it.

use std::time::Duration;

use super::{Step, day, is_syncthing};
use crate::core::{Certificate, Kind, PinRead, Timestamp};

const STEP: &str = "certificate file";
/// Syncthing renews a certificate that ends sooner (lib/api/api.go shouldRegenerateCertificate).
const RENEWAL: Duration = Duration::from_secs(30 * 24 * 3600);

/// What the file at `place` holds.
pub fn pin_file(
    read: &PinRead,
    certificate: Option<&Certificate>,
    place: &str,
    kind: Kind,
    now: Timestamp,
) -> Step {
    let by_kind = |syncthing: &'static str, others: &'static str| match is_syncthing(kind) {
        true => syncthing,
        false => others,
    };
    match read {
        PinRead::Read(pin) => {
            let ends = pin.not_after;
            let until = ends.map_or_else(String::new, |end| format!(", valid until {}", day(end)));
            let found = format!("{place}{until}: {}", pin.fingerprint);
            match ends {
                Some(end) if end < now + RENEWAL && is_kept(certificate, kind) => Step::look(
                    STEP,
                    found,
                    "Syncthing does not renew this one by itself, because it is not of the kind that it makes: put a new one and its key there before the end, and restart Syncthing.",
                ),
                Some(end) if end < now + RENEWAL => Step::look(
                    STEP,
                    found,
                    by_kind(
                        "Syncthing renews it by itself when it is restarted; nothing is to be done here.",
                        "Have it renewed on the server; the file is followed, so that nothing is to be done here.",
                    ),
                ),
                _ => Step::ok(STEP, found),
            }
        }
        PinRead::Unusable { why, .. } => Step::failed(
            STEP,
            format!("{place}: {why}"),
            by_kind(
                "Delete it and its key, and restart Syncthing: it makes new ones.",
                "Have the server use another one, such as ECDSA P-256 or RSA 2048.",
            ),
        ),
        PinRead::Missing => Step::failed(
            STEP,
            format!("{place} is not there"),
            by_kind(
                "Syncthing writes it when it starts. Is this its config directory?",
                "Does 'trust' name the right place? It is read as soon as the file is there.",
            ),
        ),
        PinRead::Torn { why } => Step::failed(
            STEP,
            format!("{place}: {why}"),
            "It may be half-written: look again in a moment.",
        ),
        PinRead::Unreadable { why } => Step::failed(
            STEP,
            format!("{place}: {why}"),
            "Let this user read it: only the certificate is needed, never the key beside it.",
        ),
    }
}

/// Syncthing leaves it alone however near its end is.
fn is_kept(certificate: Option<&Certificate>, kind: Kind) -> bool {
    is_syncthing(kind) && certificate.is_some_and(|it| !it.renewed_by_syncthing)
}

/// What the command `program` printed.
pub fn pin_command(read: &PinRead, program: &str, now: Timestamp) -> Step {
    const STEP: &str = "certificate command";
    let failed = |why: &str| {
        Step::failed(
            STEP,
            format!("'{program}' told no certificate: {why}"),
            "Run it in a terminal to see what it says. It must print a PEM certificate without asking for anything: with ssh, add '-o BatchMode=yes'. What was verified before stays pinned.",
        )
    };
    match read {
        PinRead::Read(pin) => {
            let until = pin.not_after.map(|end| {
                let word = if end > now {
                    "valid until"
                } else {
                    "expired on"
                };
                format!(", {word} {}", day(end))
            });
            let until = until.unwrap_or_default();
            Step::ok(
                STEP,
                format!("'{program}' prints {}{until}", pin.fingerprint),
            )
        }
        PinRead::Missing => failed("it is not there"),
        PinRead::Unusable { why, .. } | PinRead::Torn { why } | PinRead::Unreadable { why } => {
            failed(why)
        }
    }
}
