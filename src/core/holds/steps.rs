//! What a [`Holding`] does with what the server shows: parts leave, are chosen, are asked for, and answers come in.

use std::collections::BTreeSet;

use super::book::Shown;
use super::{
    Action, Flight, HoldRules, Holding, JournalKind, LONGEST_REQUEST, Part, RETRY, Refusal,
};
use super::{HoldCause, Service, Timestamp, Want};

impl Holding {
    /// Parts that are gone, or that somebody else resumed, leave their holds.
    pub(super) fn observe(&mut self, shown: &Shown) {
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

    pub(super) fn choose(&mut self, rules: &HoldRules, service: &Service, shown: &Shown) {
        for index in 0..self.held.len() {
            let others: BTreeSet<Part> = self.parts_of_others(index);
            let Some(held) = self.held.get_mut(index) else {
                continue;
            };
            if held.chosen || held.ending {
                continue;
            }
            held.chosen = true;
            let wanted = match held.only.as_slice() {
                [] => rules.parts(held.hold.cause, service),
                only => only.iter().filter(|it| shown.knows(it)).cloned().collect(),
            };
            for part in wanted {
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

    pub(super) fn ask(&mut self, shown: &Shown, now: Timestamp) {
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

    pub(super) fn landed(&mut self, flight: Flight, refusal: Option<&Refusal>, now: Timestamp) {
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
    pub(super) fn drop_empty(&mut self) {
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
