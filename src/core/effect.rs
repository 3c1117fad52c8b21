//! What the core wants done. The shell does it and feeds the outcome back as events.

use serde::{Deserialize, Serialize};

use super::absence::Expected;
use super::control::Action;
use super::event::{PinSet, Remembered};
use super::holds::Held;
use super::journal::JournalEntry;
use super::pin::{Fingerprint, Pin};
use super::status::LinkState;
use super::time::Timestamp;

/// Something to do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// Read the instance's place and key again and answer with `Resolved` or `Unresolved`.
    Resolve { instance: String },
    /// Read the pin file, or run the command that prints the pin, and answer with `PinsRead`.
    ReadPins { instance: String },
    /// From now on only clients of this generation may be used; requests in flight on older ones are cancelled.
    UsePins {
        instance: String,
        generation: u64,
        pins: PinSet,
    },
    /// Connect, take a snapshot and follow. Replaces an attempt that is under way.
    Attempt { instance: String, attempt: u64 },
    /// End the attempt that is under way.
    Abandon { instance: String },
    /// Keep what was verified on the wire, for the next run. `None` forgets it.
    Remember {
        instance: String,
        remembered: Option<Remembered>,
    },
    /// Keep what the user accepted, for the next run. `None` forgets it.
    KeepAccepted { instance: String, pin: Option<Pin> },
    /// Keep what is paused for a while, for the next run.
    KeepHolds { instance: String, holds: Vec<Held> },
    /// The server said who it is, for the first time or anew: keep that, and answer with `Recalled`. `aside` is what was
    /// paused of the one that it was taken for until now.
    Identified {
        instance: String,
        id: String,
        aside: Vec<Held>,
    },
    /// Keep whether the server is expected to be away, for the next run.
    KeepExpected {
        instance: String,
        expected: Option<Expected>,
    },
    /// Keep whether monitoring is switched off, for the next run.
    KeepPaused { instance: String, paused: bool },
    /// Have the server do this and answer with `Controlled`.
    Control {
        instance: String,
        number: u64,
        action: Action,
    },
    /// Write into the journal.
    Record(JournalEntry),
    /// Tell the user.
    Alert(Alert),
}

/// A notice to the user: one for each loud state in an outage, one for its end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Alert {
    pub instance: String,
    pub time: Timestamp,
    /// `Connected` means: back again.
    pub state: LinkState,
    pub message: String,
    pub hint: String,
    pub served: Option<Fingerprint>,
    pub pinned: Option<Fingerprint>,
}
