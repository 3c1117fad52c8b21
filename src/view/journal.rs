//! The journal: one calm line for each thing that happened.

use super::certificate::thrown_away;
use std::time::Duration;

use super::Frame;
use super::style::{Line, Role};
use super::units::{brief, count, date_time, span};
use super::words::{link_state, matter};
use crate::core::{Action, HoldCause, JournalEntry, JournalKind, Part, Timestamp};

/// The line of one entry. It is not cut: a journal is searched and copied from.
pub fn line(entry: &JournalEntry, frame: &Frame) -> Line {
    Line::of(Role::Dim, &date_time(entry.time, &frame.zone))
        .with(Role::Plain, "  ")
        .then(event(entry))
}

/// The same without the time, for a log that has its own.
pub fn event(entry: &JournalEntry) -> Line {
    Line::of(Role::Strong, &entry.instance)
        .with(Role::Plain, "  ")
        .then(happened(entry))
}

/// The same without the instance, where there is only one.
pub fn happened(entry: &JournalEntry) -> Line {
    let (role, text) = words(&entry.kind, entry.time);
    Line::of(role, &text)
}

fn words(kind: &JournalKind, now: Timestamp) -> (Role, String) {
    match kind {
        JournalKind::Connected { served, insecure } => {
            let served = served.map(|served| format!("; certificate {}", served.short()));
            let text = format!("Connected{}.", served.unwrap_or_default());
            match insecure {
                false => (Role::Ok, text),
                true => (
                    Role::Bad,
                    format!("{text} INSECURE: whoever answers there is believed."),
                ),
            }
        }
        JournalKind::Failing {
            class,
            message,
            served,
        } => {
            let served = served.map(|served| format!(" Served: {}.", served.short()));
            // The message of a mismatch names it already.
            let served = served
                .filter(|_| !message.contains("sha256:"))
                .unwrap_or_default();
            (
                Role::Plain,
                format!("Failing ({}): {message}{served}", class.name()),
            )
        }
        JournalKind::Recovered {
            outage_ms,
            recovery_ms,
            attempts,
            hidden,
        } => {
            let outage = brief(Duration::from_millis(*outage_ms));
            let recovery = brief(Duration::from_millis(*recovery_ms));
            let shown = if *hidden {
                "never shown"
            } else {
                "it was shown"
            };
            let tried = count((*attempts).into(), "failed attempt");
            let text = format!(
                "Back after {outage} and {tried}, {shown}; {recovery} from the first chance to the first answer."
            );
            (Role::Ok, text)
        }
        JournalKind::PinPending { pin } => (
            Role::Plain,
            format!(
                "A new certificate is in the file and accepted as well: {}.",
                pin.short()
            ),
        ),
        JournalKind::PinWithdrawn { pin } => (
            Role::Plain,
            format!("The new certificate was withdrawn again: {}.", pin.short()),
        ),
        JournalKind::Rotated {
            from: Some(from),
            to,
        } => (
            Role::Ok,
            format!(
                "Certificate rotated: {} took the place of {}.",
                to.short(),
                from.short()
            ),
        ),
        JournalKind::Rotated { from: None, to } => (
            Role::Ok,
            format!("Certificate rotated: now {}.", to.short()),
        ),
        JournalKind::PinFileTrouble { why } => (
            Role::Warn,
            format!("The pin could not be read ({why}); what was pinned before stays in force."),
        ),
        JournalKind::OwnCertificate { signer } => (Role::Warn, thrown_away(signer)),
        JournalKind::Accepted { pin } => {
            (Role::Plain, format!("You accepted the certificate {pin}."))
        }
        JournalKind::Forgotten => (
            Role::Plain,
            "You took back the accepted certificate.".into(),
        ),
        JournalKind::Alert { state, message } => {
            let (role, word) = link_state(*state);
            (role, format!("{word}: {message}"))
        }
        JournalKind::TargetChanged { url } => (
            Role::Plain,
            format!("The address, the key or the trust changed; now {url}."),
        ),
        JournalKind::Renamed { from } => (
            Role::Plain,
            format!("Until now the config called it {from}."),
        ),
        JournalKind::Paused { paused: true } => (Role::Plain, "Monitoring was paused.".into()),
        JournalKind::Paused { paused: false } => (Role::Plain, "Monitoring goes on.".into()),
        JournalKind::Attention { message, .. } => (Role::Warn, format!("Needs a look: {message}")),
        JournalKind::Settled { what, subject } => {
            (Role::Ok, format!("No longer: {}.", matter(*what, subject)))
        }
        JournalKind::RestartAnnounced => (Role::Plain, "The server said that it restarts.".into()),
        JournalKind::Asked { action } => (Role::Plain, format!("You asked for {}.", asked(action))),
        JournalKind::Announced { expected } => {
            let begins = span(expected.since.since(now));
            let to = expected.version.as_ref();
            let to = to
                .map(|version| format!(" to {version}"))
                .unwrap_or_default();
            let text = format!("It restarts in {begins}, upgrading{to}.");
            (Role::Plain, text)
        }
        JournalKind::HoldBegan {
            cause,
            until,
            folders,
            devices,
        } => {
            let length = until.map(|until| format!(" for {}", span(until.since(now))));
            let length = length.unwrap_or_default();
            let text = match parts(*folders, *devices) {
                Some(parts) => format!("{}: paused {parts}{length}.", because(*cause)),
                None => format!("{}: there was nothing to pause.", because(*cause)),
            };
            (Role::Plain, text)
        }
        JournalKind::HoldEnded { cause } => {
            let over = match cause {
                HoldCause::User => "Everything goes on that was paused",
                HoldCause::Metered => {
                    "No longer on a metered network: what was paused for it goes on"
                }
                HoldCause::Battery => "No longer on battery: what was paused for it goes on",
            };
            (Role::Plain, format!("{over}."))
        }
        JournalKind::HoldTrouble { pausing, why } => {
            let verb = if *pausing { "paused" } else { "resumed" };
            (
                Role::Warn,
                format!("Not everything could be {verb}; it is tried again. {why}"),
            )
        }
    }
}

/// What was asked for, by IDs: names may have changed since.
fn asked(action: &Action) -> String {
    let of = |parts: &[Part]| {
        let folders = parts.iter().filter(|part| matches!(part, Part::Folder(_)));
        let folders = folders.count();
        self::parts(folders, parts.len() - folders).unwrap_or_else(|| "nothing".into())
    };
    match action {
        Action::Rescan { folder: None, .. } => "a scan of all folders".into(),
        Action::Rescan {
            folder: Some(folder),
            ..
        } => format!("a scan of folder {folder}"),
        Action::Pause { parts } => format!("{} to be paused", of(parts)),
        Action::Resume { parts } => format!("{} to be resumed", of(parts)),
        Action::Override { folder } => format!("an override of folder {folder}"),
        Action::Revert { folder } => format!("folder {folder} to be reverted"),
        Action::AcceptDevice { device } => format!("device {device} to be accepted"),
        Action::IgnoreDevice { device } => format!("device {device} to be ignored"),
        Action::AcceptFolder { folder, .. } => format!("folder {folder} to be accepted"),
        Action::IgnoreFolder { folder, .. } => format!("folder {folder} to be ignored"),
        Action::ClearErrors => "its errors to be cleared".into(),
        Action::Restart => "a restart".into(),
        Action::Shutdown => "it to be shut down".into(),
    }
}

fn because(cause: HoldCause) -> &'static str {
    match cause {
        HoldCause::User => "You asked for a pause",
        HoldCause::Metered => "On a metered network",
        HoldCause::Battery => "On battery",
    }
}

/// `2 folders and 1 device`; `None` when there are none.
fn parts(folders: usize, devices: usize) -> Option<String> {
    let some = |number: usize, one| (number > 0).then(|| count(number as u64, one));
    match (some(folders, "folder"), some(devices, "device")) {
        (Some(folders), Some(devices)) => Some(format!("{folders} and {devices}")),
        (folders, devices) => folders.or(devices),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::{Absence, Class, LinkState, What, Why};
    use crate::view::samples;
    use crate::view::style::Page;

    #[test]
    fn everything_has_one_line() {
        let (old, new) = (samples::fingerprint(1), samples::fingerprint(2));
        let kinds = [
            JournalKind::Connected {
                served: Some(old),
                insecure: false,
            },
            JournalKind::Connected {
                served: Some(old),
                insecure: true,
            },
            JournalKind::PinPending { pin: new },
            JournalKind::Failing {
                class: Class::Refused,
                message: "Nothing is listening at https://127.0.0.1:8384.".into(),
                served: None,
            },
            JournalKind::Recovered {
                outage_ms: 2980,
                recovery_ms: 14,
                attempts: 1,
                hidden: true,
            },
            JournalKind::Rotated {
                from: Some(old),
                to: new,
            },
            JournalKind::PinWithdrawn { pin: new },
            JournalKind::OwnCertificate {
                signer: "CN=Home CA".into(),
            },
            JournalKind::PinFileTrouble {
                why: "it is empty".into(),
            },
            JournalKind::Accepted { pin: new },
            JournalKind::Forgotten,
            JournalKind::Alert {
                state: LinkState::Disconnected,
                message: "Nothing\nis listening.\u{1b}[2J".into(),
            },
            JournalKind::TargetChanged {
                url: "https://127.0.0.1:8385".into(),
            },
            JournalKind::Renamed {
                from: "syncthing".into(),
            },
            JournalKind::Paused { paused: true },
            JournalKind::Attention {
                what: What::FailedItems,
                message: "3 items of Docs could not be synced: no space left.".into(),
            },
            JournalKind::Settled {
                what: What::FailedItems,
                subject: "Docs".into(),
            },
            JournalKind::Settled {
                what: What::Errors,
                subject: String::new(),
            },
            JournalKind::RestartAnnounced,
            JournalKind::Asked {
                action: Action::Shutdown,
            },
            JournalKind::Asked {
                action: Action::Pause {
                    parts: vec![Part::Folder("docs".into()), Part::Device("NAS".into())],
                },
            },
            JournalKind::Announced {
                expected: Absence {
                    why: Why::Upgrade,
                    after: Duration::from_secs(60),
                    version: Some("v2.2.0".into()),
                }
                .expected(Timestamp::from_secs(1_795_226_400)),
            },
            JournalKind::HoldBegan {
                cause: HoldCause::User,
                until: Some(samples::now() + Duration::from_secs(5400)),
                folders: 2,
                devices: 1,
            },
            JournalKind::HoldBegan {
                cause: HoldCause::Battery,
                until: None,
                folders: 0,
                devices: 0,
            },
            JournalKind::HoldEnded {
                cause: HoldCause::Metered,
            },
            JournalKind::HoldTrouble {
                pausing: true,
                why: "Syncthing has no folder with the ID 'x'.".into(),
            },
        ];
        let page: Page = kinds
            .into_iter()
            .map(|kind| JournalEntry {
                time: samples::now(),
                instance: "laptop".into(),
                kind,
            })
            .map(|entry| line(&entry, &samples::frame(80)))
            .collect();
        insta::assert_snapshot!(page);
    }
}
