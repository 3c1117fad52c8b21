//! What happened, hidden or not. Hiding never touches this record.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::absence::Expected;
use super::attention::What;
use super::control::{Action, HoldCause};
use super::failure::Class;
use super::pin::Fingerprint;
use super::status::LinkState;
use super::time::Timestamp;

/// One line of the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct JournalEntry {
    pub time: Timestamp,
    pub instance: String,
    #[serde(flatten)]
    pub kind: JournalKind,
}

/// What a journal line tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum JournalKind {
    /// Connected for the first time in this run, or since monitoring was switched on again.
    Connected {
        served: Option<Fingerprint>,
        /// Any certificate is accepted, or there is none: whoever answers proves nothing.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        insecure: bool,
    },
    /// Attempts began to fail. One line for each class in a row within an outage.
    Failing {
        class: Class,
        message: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        served: Option<Fingerprint>,
    },
    /// An outage ended.
    Recovered {
        /// How long it lasted.
        outage_ms: u64,
        /// From the first chance to connect again to the first verified answer.
        recovery_ms: u64,
        /// How many attempts failed.
        attempts: u32,
        /// Nothing of it was shown.
        hidden: bool,
    },
    /// The pin file changed.
    PinPending { pin: Fingerprint },
    /// The pin file went back to the pin in force.
    PinWithdrawn { pin: Fingerprint },
    /// The new certificate was verified on the wire; the old one is retired.
    Rotated {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<Fingerprint>,
        to: Fingerprint,
    },
    /// The pin file could not be read; the last good pin stays.
    PinFileTrouble { why: String },
    /// Syncthing put a certificate of its own in the place of one that somebody else had signed.
    OwnCertificate { signer: String },
    /// The user accepted a pin.
    Accepted { pin: Fingerprint },
    /// The user took back what was accepted.
    Forgotten,
    /// A loud state began.
    Alert { state: LinkState, message: String },
    /// The address, the key or the trust changed.
    TargetChanged { url: String },
    /// The config calls this server otherwise than before; what was told of it until now stands under that name.
    Renamed { from: String },
    /// Monitoring was switched off or on.
    Paused { paused: bool },
    /// The server said that it will restart; in journals of before [`Self::Asked`] and [`Self::Announced`].
    RestartAnnounced,
    /// The user had the server do this, by a command or a click.
    Asked { action: Action },
    /// The server will be away for a while, by its own word.
    Announced { expected: Expected },
    /// Parts are paused for a while: so many folders and devices.
    HoldBegan {
        cause: HoldCause,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<Timestamp>,
        folders: usize,
        devices: usize,
    },
    /// What was paused for a while goes on, unless somebody else wants it paused.
    HoldEnded { cause: HoldCause },
    /// Something has needed a look for a while.
    Attention { what: What, message: String },
    /// It is over.
    Settled { what: What, subject: String },
    /// Parts could not be paused or resumed; it is tried again.
    HoldTrouble { pausing: bool, why: String },
}
