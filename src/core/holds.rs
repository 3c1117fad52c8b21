//! Pauses for a while: what syncwatch paused, why, and when it lets just that go on.
//!
//! Invariant: only parts that were running are paused, and only parts that were paused here are let go on. A part that
//! somebody else resumed is nobody's business any more; one that another hold still wants paused stays paused.

mod book;
mod held;
mod rules;
mod steps;

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::control::{Action, Hold, HoldCause, Part, Refusal};
use super::journal::JournalKind;
use super::service::Service;
use super::time::Timestamp;
use book::{Book, Shown};
pub use held::Held;
pub use rules::{Chosen, HoldRules, PartName, Scope};

/// After a failure nothing is asked for so long, unless the connection is a new one or the user asks.
const RETRY: Duration = Duration::from_secs(5 * 60);
/// A request has been answered by then, one way or the other.
const LONGEST_REQUEST: Duration = Duration::from_secs(60);

/// What the computer runs on and over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conditions {
    pub metered: bool,
    pub on_battery: bool,
}

/// What a settled [`Holding`] wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Want {
    /// Have the server do this, and say what came of it under this number.
    Ask { number: u64, action: Action },
    /// Write this into the journal.
    Record(JournalKind),
    /// Keep the holds for the next run.
    Keep,
}

/// The holds of one instance.
#[derive(Debug)]
pub struct Holding {
    held: Vec<Held>,
    /// Unknown until somebody tells.
    conditions: Option<Conditions>,
    book: Book,
    /// The request that was not answered yet; one at a time, so that their order is known.
    flight: Option<Flight>,
    requests: u64,
    retry_at: Option<Timestamp>,
    /// The connection is a new one: what it shows leaves no doubt.
    is_new: bool,
    /// Parts that were asked to be paused and not shown so on this connection: they may be all the same.
    asked: BTreeSet<Part>,
    wants: Vec<Want>,
    /// What was kept last for the next run, where that is known.
    saved: Option<Vec<Held>>,
}

#[derive(Debug)]
struct Flight {
    number: u64,
    paused: bool,
    parts: Vec<Part>,
    until: Timestamp,
}

impl Holding {
    /// The holds of an earlier run go on. Requests count from beyond `requests`.
    pub fn new(kept: Vec<Held>, conditions: Option<Conditions>, requests: u64) -> Self {
        let asked = kept.iter().flat_map(|held| held.asked.iter());
        Self {
            asked: asked.cloned().collect(),
            saved: Some(kept.clone()),
            held: kept,
            conditions,
            requests,
            book: Book::default(),
            flight: None,
            retry_at: None,
            is_new: false,
            wants: Vec::new(),
        }
    }

    /// The number of the last request.
    pub fn requests(&self) -> u64 {
        self.requests
    }

    /// It is another server than it was taken for: what was paused there is handed over, and nothing of it counts here.
    pub fn set_aside(&mut self) -> Vec<Held> {
        let (aside, mut rest): (Vec<Held>, Vec<Held>) = std::mem::take(&mut self.held)
            .into_iter()
            .partition(|held| !held.hold.parts.is_empty());
        // What found nothing to pause there may find something here.
        rest.retain(|held| !held.ending);
        rest.iter_mut().for_each(|held| held.chosen = false);
        *self = Self::new(rest, self.conditions, self.requests);
        self.saved = None;
        aside
    }

    /// What was paused of this server under another name, or before it was known again, goes on here.
    pub fn recall(&mut self, holds: Vec<Held>) {
        self.retry_at = None;
        for mut held in holds {
            let (cause, only) = (held.hold.cause, held.only.clone());
            let same = |it: &Held| {
                it.is(cause) && it.only == only && !it.ending && it.hold.parts.is_empty()
            };
            // What was asked for meanwhile is the newer wish.
            if !held.ending
                && let Some(at) = self.held.iter().position(same)
            {
                let wish = self.held.remove(at);
                if !wish.chosen {
                    held.hold.until = wish.hold.until;
                    held.chosen = false;
                }
            }
            self.asked.extend(held.asked.iter().cloned());
            self.held.push(held);
        }
    }

    /// The holds as every view shows them. One that found nothing to pause is none.
    pub fn shown(&self) -> Vec<Hold> {
        let shown = |held: &&Held| !held.hold.parts.is_empty() || !(held.chosen || held.ending);
        let holds = self.held.iter().filter(shown);
        holds.map(|held| held.hold.clone()).collect()
    }

    /// What is to be kept for the next run.
    pub fn kept(&self) -> Vec<Held> {
        self.held.clone()
    }

    /// Pause everything until then, or until [`Self::resume_all`].
    pub fn pause_all(&mut self, until: Option<Timestamp>, now: Timestamp) {
        self.pause_parts(Vec::new(), until, now);
    }

    /// The same for these parts alone; an empty list stands for everything.
    pub fn pause_parts(&mut self, parts: Vec<Part>, until: Option<Timestamp>, now: Timestamp) {
        self.retry_at = None;
        let mut standing = self.held.iter_mut().filter(|held| held.is(HoldCause::User));
        match standing.find(|held| held.only == parts) {
            Some(held) => {
                held.hold.until = until;
                held.chosen = false;
                held.ending = false;
            }
            None => {
                let mut held = Held::new(HoldCause::User, until, now);
                held.only = parts;
                self.held.push(held);
            }
        }
    }

    /// Let everything go on that [`Self::pause_all`] paused.
    pub fn resume_all(&mut self) {
        self.retry_at = None;
        self.end(HoldCause::User);
    }

    /// What the computer runs on and over from now on.
    pub fn follow(&mut self, conditions: Conditions) {
        self.conditions = Some(conditions);
    }

    /// The config says something else of this cause: what its hold chose is let go, and chosen anew.
    pub fn choose_anew(&mut self, before: &HoldRules, after: &HoldRules) {
        for cause in [HoldCause::Metered, HoldCause::Battery] {
            if before.of(cause) != after.of(cause) {
                self.end(cause);
            }
        }
    }

    /// The server told its state, for the first time on this connection or again.
    pub fn told(&mut self) {
        if !self.book.is_open() {
            self.retry_at = None;
            self.is_new = true;
            // What was answered on the connection before shows by now.
            for part in self.book.open() {
                self.see(&part);
            }
        }
    }

    /// The connection ended.
    pub fn lost(&mut self) {
        self.book.close();
    }

    /// What came of the request with this number.
    pub fn answered(&mut self, number: u64, refusal: Option<&Refusal>, now: Timestamp) {
        if let Some(flight) = self.flight.take_if(|flight| flight.number == number) {
            self.landed(flight, refusal, now);
        }
    }

    /// Does what is due. `service` is what the server told on this connection.
    pub fn settle(
        &mut self,
        rules: &HoldRules,
        service: Option<&Service>,
        now: Timestamp,
    ) -> Vec<Want> {
        self.end_what_is_due(now);
        self.follow_conditions(rules, now);
        if let Some(service) = service.filter(|_| self.book.is_open() && self.flight.is_none()) {
            let shown = Shown::of(service);
            self.observe(&shown);
            self.is_new = false;
            // Before the last change shows, one more would be mistaken for somebody else's.
            if self.book.is_settled() {
                self.choose(rules, service, &shown);
                self.ask(&shown, now);
            }
        }
        for held in &mut self.held {
            let asked = self.asked.iter().filter(|part| held.has(part));
            held.asked = asked.cloned().collect();
        }
        self.drop_empty();
        let mut wants = std::mem::take(&mut self.wants);
        if self.saved.as_ref() != Some(&self.held) {
            self.saved = Some(self.held.clone());
            // Before anything is asked: what is paused must not be forgotten.
            wants.insert(0, Want::Keep);
        }
        wants
    }

    /// When [`Self::settle`] is due again, unless something happens before.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        let lasting = self.held.iter().filter(|held| !held.ending);
        let end = lasting.filter_map(|held| held.hold.until).min();
        let flight = self.flight.as_ref().map(|flight| flight.until);
        [end, flight, self.retry_at, self.book.next_deadline()]
            .into_iter()
            .flatten()
            .min()
    }

    fn end_what_is_due(&mut self, now: Timestamp) {
        for held in &mut self.held {
            held.ending |= held.hold.until.is_some_and(|until| until <= now);
        }
        self.retry_at = self.retry_at.filter(|due| *due > now);
        if let Some(flight) = self.flight.take_if(|flight| flight.until <= now) {
            let silence = Refusal::new("There was no answer in time.", "");
            self.landed(flight, Some(&silence), now);
        }
        for part in self.book.expire(now) {
            self.see(&part);
        }
    }

    fn follow_conditions(&mut self, rules: &HoldRules, now: Timestamp) {
        let Some(conditions) = self.conditions else {
            return;
        };
        for (cause, holds) in [
            (HoldCause::Metered, conditions.metered),
            (HoldCause::Battery, conditions.on_battery),
        ] {
            let wanted = holds && rules.of(cause) != &Chosen::Nothing;
            let stands = self.held.iter().any(|held| held.is(cause) && !held.ending);
            if wanted && !stands {
                self.held.push(Held::new(cause, None, now));
            } else if !wanted {
                self.end(cause);
            }
        }
    }

    fn end(&mut self, cause: HoldCause) {
        let standing = self.held.iter_mut().filter(|held| held.is(cause));
        standing.for_each(|held| held.ending = true);
    }

    /// A part counts as seen paused.
    fn see(&mut self, part: &Part) {
        for held in &mut self.held {
            held.unseen.remove(part);
        }
    }
}

#[cfg(test)]
mod tests;
