//! Pauses for a while: what syncwatch paused, why, and when it lets just that go on.
//!
//! Invariant: only parts that were running are paused, and only parts that were paused here are let go on. A part that
//! somebody else resumed is nobody's business any more; one that another hold still wants paused stays paused.

mod book;
mod rules;

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::control::{Action, Hold, HoldCause, Part, Refusal};
use super::journal::JournalKind;
use super::service::Service;
use super::time::Timestamp;
use book::{Book, Shown};
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

/// A hold with what it takes to see it through; kept for the next run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    #[serde(flatten)]
    pub hold: Hold,
    /// Those of its parts that were not seen paused yet.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    unseen: BTreeSet<Part>,
    /// Its parts were chosen; before, the server was not connected.
    #[serde(default)]
    chosen: bool,
    /// It is over: its parts go on as soon as the server is connected.
    #[serde(default)]
    ending: bool,
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
#[derive(Debug, Default)]
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
    /// What was kept last for the next run.
    saved: Vec<Held>,
}

#[derive(Debug)]
struct Flight {
    number: u64,
    paused: bool,
    parts: Vec<Part>,
    until: Timestamp,
}

impl Held {
    fn new(cause: HoldCause, until: Option<Timestamp>, now: Timestamp) -> Self {
        Self {
            hold: Hold {
                cause,
                since: now,
                until,
                parts: Vec::new(),
            },
            unseen: BTreeSet::new(),
            chosen: false,
            ending: false,
        }
    }

    fn has(&self, part: &Part) -> bool {
        self.hold.parts.contains(part)
    }

    fn add(&mut self, part: Part, seen: bool) {
        if !seen {
            self.unseen.insert(part.clone());
        }
        if let Err(place) = self.hold.parts.binary_search(&part) {
            self.hold.parts.insert(place, part);
        }
    }

    fn retain(&mut self, keep: impl Fn(&Part) -> bool) {
        self.hold.parts.retain(&keep);
        self.unseen.retain(&keep);
    }

    fn is(&self, cause: HoldCause) -> bool {
        self.hold.cause == cause
    }
}

impl Holding {
    /// The holds of an earlier run go on.
    pub fn new(kept: Vec<Held>, conditions: Option<Conditions>) -> Self {
        let unseen = kept.iter().flat_map(|held| held.unseen.iter());
        Self {
            asked: unseen.cloned().collect(),
            saved: kept.clone(),
            held: kept,
            conditions,
            ..Self::default()
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
        self.retry_at = None;
        let standing = self.held.iter_mut().find(|held| held.is(HoldCause::User));
        match standing {
            Some(held) => {
                held.hold.until = until;
                held.chosen = false;
                held.ending = false;
            }
            None => self.held.push(Held::new(HoldCause::User, until, now)),
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
        self.drop_empty();
        let mut wants = std::mem::take(&mut self.wants);
        if self.held != self.saved {
            self.saved.clone_from(&self.held);
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

    /// Parts that are gone, or that somebody else resumed, leave their holds.
    fn observe(&mut self, shown: &Shown) {
        self.book.compare(shown);
        let book = &self.book;
        let ours = self.asked.clone();
        let asked = &mut self.asked;
        asked.retain(|part| shown.knows(part) && !book.is_paused(part, shown) && !self.is_new);
        for held in &mut self.held {
            // Paused before it was asked for: by somebody else.
            let others = |part: &Part| book.is_paused(part, shown) && !ours.contains(part);
            let theirs: BTreeSet<Part> = held
                .unseen
                .iter()
                .filter(|it| others(it))
                .cloned()
                .collect();
            held.retain(|part| !theirs.contains(part));
            held.unseen.retain(|part| !book.is_paused(part, shown));
            let unseen = held.unseen.clone();
            held.retain(|part| {
                let paused = shown.is_paused(part) || unseen.contains(part);
                let stays = paused || !book.is_shown(part) || asked.contains(part);
                shown.knows(part) && stays
            });
        }
    }

    fn choose(&mut self, rules: &HoldRules, service: &Service, shown: &Shown) {
        for index in 0..self.held.len() {
            let others: BTreeSet<Part> = self.parts_of_others(index);
            let Some(held) = self.held.get_mut(index) else {
                continue;
            };
            if held.chosen || held.ending {
                continue;
            }
            held.chosen = true;
            for part in rules.parts(held.hold.cause, service) {
                // What another hold paused was running before it, and stays paused when that one ends.
                if !shown.is_paused(&part) || others.contains(&part) {
                    let seen = shown.is_paused(&part);
                    held.add(part, seen);
                }
            }
            let count = |folders: bool| {
                let is_folder = |part: &&Part| matches!(part, Part::Folder(_)) == folders;
                held.hold.parts.iter().filter(is_folder).count()
            };
            self.wants.push(Want::Record(JournalKind::HoldBegan {
                cause: held.hold.cause,
                until: held.hold.until,
                folders: count(true),
                devices: count(false),
            }));
        }
    }

    fn ask(&mut self, shown: &Shown, now: Timestamp) {
        let wanted = self.wanted();
        let mut pause = BTreeSet::new();
        let mut resume = BTreeSet::new();
        for held in &mut self.held {
            if held.ending {
                let asked = &self.asked;
                held.retain(|part| {
                    let paused = shown.is_paused(part) || asked.contains(part);
                    paused && !wanted.contains(part)
                });
                resume.extend(held.hold.parts.iter().cloned());
            } else {
                let running = |part: &&Part| !shown.is_paused(part);
                pause.extend(held.unseen.iter().filter(running).cloned());
            }
        }
        if self.retry_at.is_some() {
            return;
        }
        let paused = !pause.is_empty();
        let parts: Vec<Part> = if paused { pause } else { resume }.into_iter().collect();
        if parts.is_empty() {
            return;
        }
        self.requests += 1;
        self.asked.extend(parts.iter().filter(|_| paused).cloned());
        let asked = parts.clone();
        self.wants.push(Want::Ask {
            number: self.requests,
            action: match paused {
                true => Action::Pause { parts: asked },
                false => Action::Resume { parts: asked },
            },
        });
        self.flight = Some(Flight {
            number: self.requests,
            paused,
            parts,
            until: now + LONGEST_REQUEST,
        });
    }

    fn landed(&mut self, flight: Flight, refusal: Option<&Refusal>, now: Timestamp) {
        let failed = |part: &Part| {
            refusal.is_some_and(|why| why.failed.is_empty() || why.failed.contains(part))
        };
        for part in &flight.parts {
            if failed(part) {
                continue;
            }
            self.book.expect(part.clone(), flight.paused, now);
            if flight.paused {
                continue;
            }
            self.asked.remove(part);
            for held in &mut self.held {
                if held.ending {
                    held.retain(|kept| kept != part);
                } else if held.has(part) {
                    // It was wanted again while it was let go.
                    held.unseen.insert(part.clone());
                }
            }
        }
        if let Some(refusal) = refusal {
            self.retry_at = Some(now + RETRY);
            self.wants.push(Want::Record(JournalKind::HoldTrouble {
                pausing: flight.paused,
                why: refusal.message.clone(),
            }));
        }
    }

    /// A hold without parts is over, unless its cause lasts: then it must not begin again.
    fn drop_empty(&mut self) {
        let wants = &mut self.wants;
        self.held.retain(|held| {
            let lasts = !held.ending && (!held.chosen || !held.is(HoldCause::User));
            let keep = lasts || !held.hold.parts.is_empty();
            if !keep && held.chosen {
                let cause = held.hold.cause;
                wants.push(Want::Record(JournalKind::HoldEnded { cause }));
            }
            keep
        });
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

    /// Every part of a hold that lasts.
    fn wanted(&self) -> BTreeSet<Part> {
        let lasting = self.held.iter().filter(|held| !held.ending);
        let parts = lasting.flat_map(|held| held.hold.parts.iter());
        parts.cloned().collect()
    }

    fn parts_of_others(&self, index: usize) -> BTreeSet<Part> {
        let others = self.held.iter().enumerate();
        let others = others.filter(|(other, _)| *other != index);
        let parts = others.flat_map(|(_, held)| held.hold.parts.iter());
        parts.cloned().collect()
    }
}

#[cfg(test)]
mod tests;
