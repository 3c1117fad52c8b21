//! An outage: from the first failure that is believed to the next success.
//!
//! Whether it is shown is derived from `since`, class, patience and now. Hiding never touches trust or the record.

use std::time::Duration;

use super::failure::{Class, Fault, Patience};
use super::status::LinkState;
use super::time::Timestamp;

/// A silent retry must have ended by then.
const SILENT_RETRY: Duration = Duration::from_secs(15);
/// What silent retries can hide of an outage at most.
const LONGEST_SILENCE: Duration = Duration::from_secs(60);
/// A link that comes and goes for this long is shown, however short each outage is.
const UNSTEADY_PATIENCE: Duration = Duration::from_secs(60);

/// What is wrong with a link, and since when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outage {
    /// The first failure; kept when the class changes.
    pub since: Timestamp,
    /// From when on patience counts: its beginning, or the end of a sleep in which nobody tried.
    pub patient_since: Timestamp,
    /// When a certificate that is not trusted was first seen in it: the patience with that counts from here.
    pub stranger_since: Option<Timestamp>,
    /// A trusted one was verified since the last failure.
    vouched: bool,
    pub fault: Fault,
    /// What the last attempt met; another class than that of `fault` when that one explains it.
    pub met: Class,
    /// Failed attempts so far.
    pub attempts: u32,
    /// How many of the last ones had this class in a row.
    pub repeats: u32,
    /// When the first of those was met.
    pub repeating_since: Timestamp,
    /// How many of the last ones, of whatever class, are not to be repeated soon.
    pub refusals: u32,
    /// The worst state that the user was told of. An outage that was shown stays shown until it ends.
    pub alerted: Option<LinkState>,
}

/// What the patience with an outage depends on, besides its class.
#[derive(Clone, Copy, Debug)]
pub struct Circumstances<'a> {
    pub patience: &'a Patience,
    /// When the rotation began, if one is under way.
    pub rotation_since: Option<Timestamp>,
    /// Until when an absence was announced.
    pub announced: Option<Timestamp>,
    /// Since when no connection has lasted.
    pub unsteady_since: Option<Timestamp>,
}

impl Outage {
    /// An outage that begins with its first failure.
    pub fn new(fault: Fault, now: Timestamp) -> Self {
        let class = fault.class;
        Self {
            since: now,
            patient_since: now,
            stranger_since: class.is_about_certificate().then_some(now),
            vouched: false,
            met: class,
            fault,
            attempts: 1,
            repeats: 1,
            repeating_since: now,
            refusals: u32::from(class.is_refusal()),
            alerted: None,
        }
    }

    /// Another failed attempt, met at `since`.
    pub fn again(&mut self, fault: Fault, since: Timestamp) {
        self.attempts = self.attempts.saturating_add(1);
        if fault.class == self.met {
            self.repeats = self.repeats.saturating_add(1);
        } else {
            self.repeats = 1;
            self.repeating_since = since;
        }
        self.met = fault.class;
        self.refusals = match fault.class.is_refusal() {
            true => self.refusals.saturating_add(1),
            false => 0,
        };
        if fault.class.is_about_certificate() {
            self.stranger_since.get_or_insert(since);
        }
        self.vouched = false;
        // A service that said that it ends is not expected to answer, nor is one that has its database to upgrade.
        let explains = matches!(self.fault.class, Class::Quit | Class::UpgradingDatabase);
        if !explains || !fault.class.is_connection_level() {
            self.fault = fault;
        }
    }

    /// What is wrong.
    pub fn class(&self) -> Class {
        self.fault.class
    }

    /// A trusted certificate was verified, though nothing was answered yet: a stranger is no news any more.
    pub fn vouch(&mut self) {
        self.vouched = true;
    }

    /// Time asleep is no time of trouble: whatever is hidden gets its patience anew.
    pub fn woke(&mut self, now: Timestamp) {
        self.patient_since = now;
        self.stranger_since = self.stranger_since.map(|_| now);
        self.repeating_since = now;
    }

    /// When what is wrong now is shown, unless it ends before.
    pub fn shown_after(&self, circumstances: &Circumstances<'_>) -> Timestamp {
        let class = self.class();
        let from = match self.stranger_since {
            Some(seen) if class.is_about_certificate() => seen.max(self.patient_since),
            _ => self.patient_since,
        };
        let base = circumstances.patience.of(class, false);
        let rotating = self.rotates(base, circumstances);
        let mut until = from + circumstances.patience.of(class, rotating);
        if self.repeats <= class.rule().silent_retries {
            // Classes that take turns do not stay hidden for good.
            let last = self.patient_since + LONGEST_SILENCE;
            until = until.max((self.repeating_since.max(from) + SILENT_RETRY).min(last));
        }
        if let Some(end) = self.announced_end(circumstances) {
            until = until.max(end);
        } else if let Some(unsteady) = circumstances.unsteady_since
            && class != Class::UpgradingDatabase
        {
            until = until.min((unsteady + UNSTEADY_PATIENCE).max(from));
        }
        until
    }

    /// The state in which the user is to hear of it, if any. What was told stays shown, and becomes something worse only
    /// once the patience with that is over too.
    pub fn shown(&self, circumstances: &Circumstances<'_>, now: Timestamp) -> Option<LinkState> {
        match self.is_stale() || self.may_be_told_of() && now < self.shown_after(circumstances) {
            true => self.alerted,
            false => Some(self.class().rule().loud),
        }
    }

    /// Whether the user is to hear of it once its patience is over, not having heard of anything as bad.
    pub fn may_be_told_of(&self) -> bool {
        let told = self.alerted.map_or(0, LinkState::severity);
        !self.is_stale() && self.class().rule().loud.severity() > told
    }

    /// A stranger is what was met last, and a trusted certificate was verified since.
    fn is_stale(&self) -> bool {
        self.vouched && self.class().is_about_certificate()
    }

    /// A rotation that began while the outage was still hidden, or before it, earns the longer patience.
    fn rotates(&self, base: Duration, circumstances: &Circumstances<'_>) -> bool {
        circumstances
            .rotation_since
            .is_some_and(|began| began <= self.since + base)
    }

    /// An announced absence excuses a peer that is away, never one that shows another certificate.
    fn announced_end(&self, circumstances: &Circumstances<'_>) -> Option<Timestamp> {
        let end = circumstances.announced?;
        (self.class().is_absence() && end > self.since).then_some(end)
    }
}
