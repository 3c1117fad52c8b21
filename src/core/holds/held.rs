//! One hold with its parts.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Hold, HoldCause, Part, Timestamp};

/// A hold with what it takes to see it through; kept for the next run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    #[serde(flatten)]
    pub hold: Hold,
    /// What it is to pause; empty when the rules for its cause say so.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) only: Vec<Part>,
    /// Those of its parts that were not seen paused yet.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(super) unseen: BTreeSet<Part>,
    /// Those of them that were asked to be paused.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(super) asked: BTreeSet<Part>,
    /// Its parts were chosen; before, the server was not connected.
    #[serde(default)]
    pub(super) chosen: bool,
    /// It is over: its parts go on as soon as the server is connected.
    #[serde(default)]
    pub(super) ending: bool,
}

impl Held {
    pub(super) fn new(cause: HoldCause, until: Option<Timestamp>, now: Timestamp) -> Self {
        Self {
            hold: Hold {
                cause,
                since: now,
                until,
                parts: Vec::new(),
            },
            only: Vec::new(),
            unseen: BTreeSet::new(),
            asked: BTreeSet::new(),
            chosen: false,
            ending: false,
        }
    }

    /// The parts that were paused by it, as far as is known: those that go on when it is let go.
    pub fn paused(&self) -> impl Iterator<Item = &Part> {
        let parts = self.hold.parts.iter();
        parts.filter(|part| self.asked.contains(part) || !self.unseen.contains(part))
    }

    pub(super) fn has(&self, part: &Part) -> bool {
        self.hold.parts.contains(part)
    }

    pub(super) fn add(&mut self, part: Part, seen: bool) {
        if !seen {
            self.unseen.insert(part.clone());
        }
        if let Err(place) = self.hold.parts.binary_search(&part) {
            self.hold.parts.insert(place, part);
        }
    }

    pub(super) fn retain(&mut self, keep: impl Fn(&Part) -> bool) {
        self.hold.parts.retain(&keep);
        self.unseen.retain(&keep);
    }

    pub(super) fn is(&self, cause: HoldCause) -> bool {
        self.hold.cause == cause
    }
}
