//! The pure heart: events in, effects and a [`Status`] out.
//!
//! Invariant: this module never reads a clock, a file, the environment or a socket, and never
//! holds a secret. The same events at the same times give the same status, byte for byte.

pub mod absence;
mod agenda;
pub mod attention;
pub mod backoff;
pub mod control;
pub mod counters;
pub mod credential;
pub mod effect;
pub mod event;
pub mod failure;
pub mod happening;
pub mod holds;
pub mod identity;
mod instance;
pub mod journal;
mod kebab;
pub mod kinds;
pub mod listing;
pub mod model;
pub mod occasion;
pub mod outage;
pub mod pin;
pub mod pins;
pub mod preferences;
mod report;
pub mod safety;
pub mod service;
pub mod sight;
pub mod status;
pub mod time;
pub mod usage;

pub use absence::{Absence, Expected, Why};
pub use attention::{Reason, What};
pub use control::{Action, Hold, HoldCause, Outcome, Part, Refusal};
pub use counters::Counters;
pub use effect::{Alert, Effect};
pub use event::{Event, InstanceSpec, PinSet, Remembered, RetryCause, Target};
pub use failure::{Class, Fault, Patience};
pub use holds::{Conditions, Held, HoldRules};
pub use identity::{Address, Recalled};
pub use journal::{JournalEntry, JournalKind};
pub use kinds::{Kind, Settings};
pub use model::Model;
pub use pin::{Fingerprint, Pin, PinCommand, PinRead, TrustMode};
pub use service::Service;
pub use sight::{Certificate, Offer, PairTrouble, Served, Shown, Sight};
pub use status::{InstanceStatus, LinkState, Overall, Status};
pub use time::Timestamp;
