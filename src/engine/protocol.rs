//! What views and the engine say to each other over the local socket: one JSON value a line.
//!
//! Invariant: nothing here holds a secret; a key never crosses the socket.

use serde::{Deserialize, Serialize};

use crate::core::listing::{FileEntry, Listing};
use crate::core::{Action, Fingerprint, JournalEntry, Part, Status, Timestamp};

/// No line is longer: a status of thousands of folders is far below it.
pub const MAX_LINE: usize = 64 * 1024 * 1024;

/// What a view asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "kebab-case")]
pub enum Ask {
    /// The status now.
    Status,
    /// The status now and at every change, until the connection ends.
    Watch,
    /// The status with what every connected server says when it is asked now; all instances when `None`.
    Fresh { instance: Option<String> },
    /// The newest entries of the journal, oldest first.
    Journal { limit: usize },
    /// Every entry of the journal from now on, until the connection ends.
    WatchJournal,
    /// Try again at once; all instances when `None`.
    Retry { instance: Option<String> },
    /// Read the config again.
    Reload,
    /// Pin this certificate (trust `fingerprint` only).
    Accept {
        instance: String,
        fingerprint: Fingerprint,
    },
    /// Take back what was accepted.
    Forget { instance: String },
    /// Have a Syncthing do something. Answered when it did.
    Control { instance: String, action: Action },
    /// Have a Syncthing look for changes on the disk; all folders when `None`. Answered when it has.
    Scan {
        instance: String,
        folder: Option<String>,
    },
    /// A page of the files behind a figure, from 1.
    Files {
        instance: String,
        listing: Listing,
        page: u32,
    },
    /// Who lacks something now: folders, each with a device.
    Lacks {
        instance: String,
        shares: Vec<(String, String)>,
    },
    /// Where an offered folder would be placed.
    Place {
        instance: String,
        folder: String,
        device: String,
    },
    /// Pause what is not paused yet, and let just that go on at `until` or by `ResumeAll`; all instances when `None`.
    PauseAll {
        instance: Option<String>,
        until: Option<Timestamp>,
    },
    /// Pause these for a while, and let them go on at `until` or by `ResumeAll`.
    PauseParts {
        instance: String,
        parts: Vec<Part>,
        until: Option<Timestamp>,
    },
    /// Let everything go on that `PauseAll` and `PauseParts` paused.
    ResumeAll { instance: Option<String> },
    /// Switch the monitoring of an instance off or on.
    SetPaused { instance: String, paused: bool },
    /// What the computer runs on and over. The config says what is paused for it.
    Conditions { metered: bool, on_battery: bool },
    /// End the engine.
    Shutdown,
}

/// What the engine answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "kebab-case")]
pub enum Answer {
    Status {
        status: Box<Status>,
    },
    /// What every server said after the question, but for those named.
    Fresh {
        status: Box<Status>,
        unread: Vec<String>,
    },
    Journal {
        entries: Vec<JournalEntry>,
    },
    /// Files; more when there may be another page.
    Files {
        files: Vec<FileEntry>,
        more: bool,
    },
    /// Those of them where the device lacks something.
    Lacks {
        shares: Vec<(String, String)>,
    },
    /// A path as the server writes it; `None` where the folder has its place already.
    Place {
        path: Option<String>,
    },
    /// It is done, or under way.
    Done,
    /// There was nothing to do.
    Nothing,
    /// It is not done: why, and what to do instead.
    Refused {
        message: String,
        hint: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::{JournalKind, LinkState, Timestamp};

    #[test]
    fn questions_are_one_json_object_each() {
        let fingerprint = Fingerprint::from_digest([7; 32]);
        let instance = || "laptop".to_owned();
        for (ask, json) in [
            (Ask::Status, r#"{"ask":"status"}"#.to_owned()),
            (Ask::WatchJournal, r#"{"ask":"watch-journal"}"#.to_owned()),
            (
                Ask::Journal { limit: 5 },
                r#"{"ask":"journal","limit":5}"#.to_owned(),
            ),
            (
                Ask::Retry { instance: None },
                r#"{"ask":"retry","instance":null}"#.to_owned(),
            ),
            (
                Ask::Accept {
                    instance: instance(),
                    fingerprint,
                },
                format!(r#"{{"ask":"accept","instance":"laptop","fingerprint":"{fingerprint}"}}"#),
            ),
        ] {
            assert_eq!(serde_json::to_string(&ask).expect("serializes"), json);
            assert_eq!(serde_json::from_str::<Ask>(&json).expect(&json), ask);
        }
    }

    #[test]
    fn answers_survive_the_socket() {
        let entry = JournalEntry {
            time: Timestamp::from_secs(1),
            instance: "laptop".into(),
            kind: JournalKind::Alert {
                state: LinkState::Untrusted,
                message: "line\nbreak".into(),
            },
        };
        for answer in [
            Answer::Done,
            Answer::Journal {
                entries: vec![entry],
            },
            Answer::Refused {
                message: "no".into(),
                hint: "yes".into(),
            },
        ] {
            let line = serde_json::to_string(&answer).expect("serializes");
            assert!(!line.contains('\n'), "one line: {line}");
            assert_eq!(serde_json::from_str::<Answer>(&line).expect(&line), answer);
        }
    }
}
