//! What is to be said of the file that holds the pin.

use std::time::Duration;

use super::{Step, day, is_syncthing};
use crate::core::{Kind, PinRead, Timestamp};

const STEP: &str = "certificate file";
/// Syncthing renews a certificate that ends sooner (lib/api/api.go shouldRegenerateCertificate).
const RENEWAL: Duration = Duration::from_secs(30 * 24 * 3600);

/// What the file at `place` holds.
pub fn pin_file(read: &PinRead, place: &str, kind: Kind, now: Timestamp) -> Step {
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
