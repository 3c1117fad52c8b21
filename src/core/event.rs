//! Everything that can happen, as serializable values without secrets: a journal can replay them.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::absence::{Absence, Expected};
use super::control::{Action, Part, Refusal};
use super::failure::{Fault, Patience};
use super::holds::{Chosen, Conditions, Held, HoldRules};
use super::identity::{Address, Recalled};
use super::kinds::Kind;
use super::pin::{Fingerprint, Pin, PinCommand, PinRead, TrustMode};
use super::service::Service;
use super::sight::Shown;
use super::time::Timestamp;

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Event {
    /// The config was loaded or changed: exactly these instances exist from now on.
    Configured {
        instances: Vec<InstanceSpec>,
        patience: Patience,
    },
    /// Where an instance is, resolved from the config and, for Syncthing, from its own config.xml.
    Resolved { instance: String, target: Target },
    /// An instance's place or key could not be resolved. A target that was known stays in force.
    Unresolved { instance: String, fault: Fault },
    /// The pin file was read, or the command has ended that prints the pin.
    PinsRead {
        instance: String,
        read: PinRead,
        /// What the certificate says of itself, where one was read.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        says: Option<Box<Shown>>,
    },
    /// Somebody opened the certificate file: a server does that right before it listens.
    CertificateOpened { instance: String },
    /// The user accepted a pin (trust `fingerprint`).
    PinAccepted { instance: String, pin: Pin },
    /// The user took back what was accepted.
    PinForgotten { instance: String },
    /// A handshake was verified, certificate and signature, with a client of this generation: told before anything is
    /// sent, whatever becomes of the request.
    Verified {
        instance: String,
        generation: u64,
        served: Pin,
    },
    /// The first success of an attempt, of a generation of pins, or of a newly served certificate.
    Answered {
        instance: String,
        attempt: u64,
        generation: u64,
        served: Option<Pin>,
    },
    /// The service's state changed.
    ServiceChanged {
        instance: String,
        attempt: u64,
        service: Arc<Service>,
    },
    /// An attempt ended.
    Failed {
        instance: String,
        attempt: u64,
        generation: u64,
        fault: Fault,
    },
    /// A reason to try at once.
    Retry {
        /// All of them when `None`.
        instance: Option<String>,
        cause: RetryCause,
    },
    /// The server is about to be away for a while.
    Announced { instance: String, absence: Absence },
    /// Whether whoever answers without TLS there may be a Syncthing that upgrades its database.
    Migrates { instance: String, migrates: bool },
    /// The user had the server do this, and it agreed.
    Asked { instance: String, action: Action },
    /// Monitoring of an instance is switched off or on.
    SetPaused { instance: String, paused: bool },
    /// The user wants everything paused for a while.
    PauseAll {
        /// All of them when `None`.
        instance: Option<String>,
        until: Option<Timestamp>,
    },
    /// The user wants these paused for a while.
    PauseParts {
        instance: String,
        parts: Vec<Part>,
        until: Option<Timestamp>,
    },
    /// The user wants everything to go on that was paused so.
    ResumeAll {
        /// All of them when `None`.
        instance: Option<String>,
    },
    /// The answer to [`Effect::Identified`](super::Effect::Identified), or what another instance of the same server left.
    Recalled {
        instance: String,
        recalled: Recalled,
    },
    /// What the computer runs on and over.
    Conditions(Conditions),
    /// What came of an [`Effect::Control`](super::Effect::Control).
    Controlled {
        instance: String,
        number: u64,
        refusal: Option<Refusal>,
    },
    /// A deadline was reached.
    Tick,
}

/// Why to try at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RetryCause {
    User,
    Resumed,
    NetworkChanged,
}

/// An instance as the config names it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstanceSpec {
    pub name: String,
    pub kind: Kind,
    /// Where the server is, by the config. What stands elsewhere is another one, until it says who it is.
    #[serde(default)]
    pub address: Address,
    /// Who the server said that it is (the device ID of a Syncthing), from the state file.
    #[serde(default)]
    pub id: Option<String>,
    /// Changes whenever the instance's own part of the config does.
    pub revision: u64,
    /// What was last verified on the wire, from the state file.
    pub remembered: Option<Remembered>,
    /// What the user accepted, from the state file.
    pub accepted: Option<Pin>,
    /// What is paused for a while, and why.
    #[serde(default)]
    pub rules: HoldRules,
    /// The folders and devices that may be away, by the word of the config.
    #[serde(default)]
    pub may_be_away: Chosen,
    /// What was paused so in the run before, from the state file.
    #[serde(default)]
    pub holds: Vec<Held>,
    /// Monitoring was switched off in the run before, from the state file.
    #[serde(default)]
    pub paused: bool,
    /// It was expected to be away in the run before, from the state file.
    #[serde(default)]
    pub expected: Option<Expected>,
}

/// A pin that was verified on the wire in an earlier run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remembered {
    pub pin: Pin,
    /// The pin file it stood for; the memory counts for no other.
    pub path: Option<String>,
    /// The command that printed it, likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<PinCommand>,
}

impl Remembered {
    /// Whether it counts for what `target` is trusted by.
    pub fn counts_for(&self, target: &Target) -> bool {
        (&self.path, &self.command) == (&target.path, &target.command)
    }
}

/// Where an instance is and how it is trusted. The key itself stays in the shell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// As shown to people.
    pub url: String,
    /// On this computer: failing costs little, so it is retried sooner.
    pub local: bool,
    pub trust: TrustMode,
    /// The pin or CA file.
    pub path: Option<String>,
    /// What prints the pin (trust `command`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<PinCommand>,
    /// The pins that stand in the config (trust `fingerprint`).
    pub pins: Vec<Pin>,
    /// Without TLS (`ws://`): there is no certificate to judge, and no secret is sent.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub plain: bool,
    /// Changes whenever the address, the key or the trust does.
    pub revision: u64,
}

impl Event {
    /// The instance it is about; `None` when about all or none.
    pub fn instance(&self) -> Option<&str> {
        match self {
            Self::Configured { .. } | Self::Conditions(_) | Self::Tick => None,
            Self::Retry { instance, .. }
            | Self::PauseAll { instance, .. }
            | Self::ResumeAll { instance } => instance.as_deref(),
            Self::Resolved { instance, .. }
            | Self::Unresolved { instance, .. }
            | Self::PinsRead { instance, .. }
            | Self::CertificateOpened { instance }
            | Self::PinAccepted { instance, .. }
            | Self::PinForgotten { instance }
            | Self::Verified { instance, .. }
            | Self::Answered { instance, .. }
            | Self::ServiceChanged { instance, .. }
            | Self::Failed { instance, .. }
            | Self::Announced { instance, .. }
            | Self::Asked { instance, .. }
            | Self::Migrates { instance, .. }
            | Self::PauseParts { instance, .. }
            | Self::Controlled { instance, .. }
            | Self::Recalled { instance, .. }
            | Self::SetPaused { instance, .. } => Some(instance),
        }
    }
}

/// The certificates that a generation of clients accepts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PinSet {
    /// Sorted, without repeats; empty accepts nothing (trust `file`, `fingerprint`, `command`) or leaves it to the CA.
    pub fingerprints: Vec<Fingerprint>,
    /// One of them takes the place of another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub succession: Option<Succession>,
}

/// From the first verified handshake with `heir` on, `retired` is refused: at once, before a newer generation is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Succession {
    pub heir: Fingerprint,
    pub retired: Fingerprint,
}

impl From<Vec<Fingerprint>> for PinSet {
    /// These, each for good.
    fn from(fingerprints: Vec<Fingerprint>) -> Self {
        Self {
            fingerprints,
            succession: None,
        }
    }
}
