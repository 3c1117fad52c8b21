//! The pure heart: events in, effects and a [`Status`] out.
//!
//! Invariant: this module never reads a clock, a file, the environment or a socket, and never
//! holds a secret. The same events at the same times give the same status, byte for byte.

mod agenda;
pub mod backoff;
pub mod centrifugo;
pub mod control;
pub mod counters;
pub mod effect;
pub mod event;
pub mod failure;
pub mod happening;
pub mod holds;
pub mod http;
mod instance;
pub mod journal;
mod kebab;
pub mod model;
pub mod occasion;
pub mod outage;
pub mod pin;
pub mod pins;
pub mod preferences;
mod report;
pub mod service;
pub mod settings;
pub mod sight;
pub mod status;
pub mod time;
pub mod usage;
pub mod websocket;
pub mod weechat;

pub use control::{Action, Hold, HoldCause, Part, Refusal};
pub use counters::Counters;
pub use effect::{Alert, Effect};
pub use event::{Event, InstanceSpec, PinSet, Remembered, RetryCause, Target};
pub use failure::{Class, Fault, Patience};
pub use holds::{Conditions, Held, HoldRules};
pub use journal::{JournalEntry, JournalKind};
pub use model::Model;
pub use pin::{Fingerprint, Pin, PinRead, TrustMode};
pub use service::Service;
pub use settings::Settings;
pub use sight::{Certificate, Offer, Served, Sight};
pub use status::{InstanceStatus, Kind, LinkState, Overall, Status};
pub use time::Timestamp;
