//! An outage: from the first failure that is believed to the next success.
//!
//! Whether it is shown is derived from `since`, class, patience and now. Hiding never touches trust or the record.

use std::time::Duration;

use super::failure::{ANNOUNCED_RESTART, Class, Fault, Patience};
use super::status::LinkState;
use super::time::Timestamp;

/// A silent retry must have ended by then.
const SILENT_RETRY: Duration = Duration::from_secs(15);
/// A link that comes and goes for this long is shown, however short each outage is.
const UNSTEADY_PATIENCE: Duration = Duration::from_secs(60);

/// What is wrong with a link, and since when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outage {
    /// The first failure; kept when the class changes.
    pub since: Timestamp,
    /// From when on patience counts: its beginning, or the end of a sleep in which nobody tried.
    pub patient_since: Timestamp,
    pub fault: Fault,
    /// What the last attempt met; another class than that of `fault` when that one explains it.
    pub met: Class,
    /// Failed attempts so far.
    pub attempts: u32,
    /// How many of the last ones had this class in a row.
    pub repeats: u32,
    /// The worst state that the user was told of. An outage that was shown stays shown until it ends.
    pub alerted: Option<LinkState>,
}

/// What the patience with an outage depends on, besides its class.
#[derive(Clone, Copy, Debug)]
pub struct Circumstances<'a> {
    pub patience: &'a Patience,
    /// When the rotation began, if one is under way.
    pub rotation_since: Option<Timestamp>,
    /// When a restart was announced.
    pub announced: Option<Timestamp>,
    /// Since when no connection has lasted.
    pub unsteady_since: Option<Timestamp>,
}

impl Outage {
    /// An outage that begins with its first failure.
    pub fn new(fault: Fault, now: Timestamp) -> Self {
        Self {
            since: now,
            patient_since: now,
            met: fault.class,
            fault,
            attempts: 1,
            repeats: 1,
            alerted: None,
        }
    }

    /// Another failed attempt.
    pub fn again(&mut self, fault: Fault) {
        self.attempts = self.attempts.saturating_add(1);
        self.repeats = if fault.class == self.met {
            self.repeats.saturating_add(1)
        } else {
            1
        };
        self.met = fault.class;
        // A service that said that it ends is not expected to answer.
        if self.fault.class != Class::Quit || !fault.class.is_connection_level() {
            self.fault = fault;
        }
    }

    /// What is wrong.
    pub fn class(&self) -> Class {
        self.fault.class
    }

    /// When it is shown, unless it ends before.
    pub fn shown_after(&self, circumstances: &Circumstances<'_>) -> Timestamp {
        let class = self.class();
        let base = circumstances.patience.of(class, false);
        let rotating = self.rotates(base, circumstances);
        let mut patience = circumstances.patience.of(class, rotating);
        if self.repeats <= class.rule().silent_retries {
            patience = patience.max(SILENT_RETRY);
        }
        if let Some(end) = self.announced_end(circumstances) {
            patience = patience.max(end.since(self.patient_since));
        } else if let Some(unsteady) = circumstances.unsteady_since {
            patience = patience.min((unsteady + UNSTEADY_PATIENCE).since(self.patient_since));
        }
        self.patient_since + patience
    }

    /// Whether the user is to hear of it.
    pub fn is_shown(&self, circumstances: &Circumstances<'_>, now: Timestamp) -> bool {
        self.alerted.is_some() || now >= self.shown_after(circumstances)
    }

    /// A rotation that began while the outage was still hidden, or before it, earns the longer patience.
    fn rotates(&self, base: Duration, circumstances: &Circumstances<'_>) -> bool {
        circumstances
            .rotation_since
            .is_some_and(|began| began <= self.since + base)
    }

    /// An announced restart excuses a peer that is away, never one that shows another certificate.
    fn announced_end(&self, circumstances: &Circumstances<'_>) -> Option<Timestamp> {
        let excused = self.class().is_connection_level()
            || matches!(
                self.class(),
                Class::ConnectTimeout | Class::RequestTimeout | Class::ServerError
            );
        let end = circumstances.announced? + ANNOUNCED_RESTART;
        (excused && end > self.since).then_some(end)
    }
}
