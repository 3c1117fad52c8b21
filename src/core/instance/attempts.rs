//! When an instance tries to connect: the next step, backoff, retries, pauses.
//!
//! Invariant: an instance that is not paused has an attempt, a question to the shell or a deadline.

use std::time::Duration;

use super::{Instance, Phase};
use crate::core::backoff::{self, Backoff};
use crate::core::effect::Effect;
use crate::core::event::RetryCause;
use crate::core::failure::{Patience, Retry};
use crate::core::journal::JournalKind;
use crate::core::outage::Outage;
use crate::core::pins::Pins;
use crate::core::time::Timestamp;

/// At once, but not in an endless circle.
const SOON: Duration = Duration::from_millis(1);

impl Instance {
    /// The next step towards a connection: find the place, read the pin, or connect.
    pub(super) fn attempt(&mut self, now: Timestamp, effects: &mut Vec<Effect>) {
        if self.paused {
            return;
        }
        self.dismiss_doubt(now, effects);
        let instance = self.name();
        if self.target.is_none() || self.outdated {
            self.phase = Phase::Resolving;
            effects.push(Effect::Resolve { instance });
        } else if self.pins.as_ref().is_some_and(Pins::awaits_first) {
            self.phase = match self.read_pins_if_due(now, effects) {
                None => Phase::ReadingPins,
                Some(later) => Phase::Waiting(later),
            };
        } else {
            self.phase = Phase::Attempting;
            self.attempt += 1;
            effects.push(Effect::Attempt {
                instance,
                attempt: self.attempt,
            });
        }
    }

    pub(super) fn abandon(&mut self, effects: &mut Vec<Effect>) {
        self.phase = Phase::Idle;
        self.up = false;
        // Whatever the attempt still says is about the past.
        self.attempt += 1;
        effects.push(Effect::Abandon {
            instance: self.name(),
        });
    }

    pub(super) fn retry(&mut self, cause: RetryCause, now: Timestamp, effects: &mut Vec<Effect>) {
        match cause {
            RetryCause::Resumed => self.woke(now),
            RetryCause::User => self.wanted_back(now, effects),
            RetryCause::NetworkChanged => {}
        }
        let local = self.target.as_ref().is_none_or(|target| target.local);
        // A server that replied and refused does so again after a sleep or on another network.
        let idle = match cause {
            RetryCause::User => false,
            RetryCause::Resumed => self.was_refused() || self.stops(),
            RetryCause::NetworkChanged => local || self.was_refused() || self.stops(),
        };
        if self.paused || idle {
            return;
        }
        self.ready_again();
        self.asking.tried_anew(cause == RetryCause::User);
        match self.phase {
            Phase::Waiting(_) | Phase::Stopped => {
                if self.outage.is_some() {
                    self.chance = Some(now);
                }
                self.attempt(now, effects);
                // The place may have changed as well, and a person who asks expects everything to be looked at.
                if cause == RetryCause::User && self.phase != Phase::Resolving {
                    effects.push(Effect::Resolve {
                        instance: self.name(),
                    });
                }
            }
            // After a sleep a connection that looks alive may be dead.
            Phase::Attempting if cause != RetryCause::User || !self.up => {
                self.attempt(now, effects)
            }
            _ => {}
        }
    }

    /// Time asleep is no time of trouble: what was hidden when the computer fell asleep gets its patience anew.
    fn woke(&mut self, now: Timestamp) {
        if let Some(outage) = self.outage.as_mut().filter(|it| it.alerted.is_none()) {
            outage.woke(now);
            self.unsteady_since = self.unsteady_since.map(|_| now);
        }
        if let Some(doubt) = &mut self.doubt {
            doubt.since = now;
            doubt.until = doubt.until.max(now);
        }
    }

    pub(super) fn set_paused(&mut self, paused: bool, now: Timestamp, effects: &mut Vec<Effect>) {
        if paused == self.paused {
            return;
        }
        self.paused = paused;
        self.record(JournalKind::Paused { paused }, now, effects);
        effects.push(Effect::KeepPaused {
            instance: self.name(),
            paused,
        });
        if paused {
            self.outage = None;
            self.doubt = None;
            self.answered = false;
            self.chance = None;
            self.unsteady_since = None;
            self.untold_end = None;
            self.reread_for.clear();
            self.ready_again();
            self.abandon(effects);
        } else {
            self.phase = Phase::Resolving;
            effects.push(Effect::Resolve {
                instance: self.name(),
            });
        }
    }

    /// How long to wait before the next attempt of this outage.
    pub(super) fn delay(&mut self, patience: &Patience, now: Timestamp) -> Duration {
        let Some(outage) = &self.outage else {
            return SOON;
        };
        let asked_for = Duration::from_secs(outage.fault.retry_after.unwrap_or(0).into());
        if let Some(wait) = self.silent_wait(outage, patience) {
            return wait.max(asked_for);
        }
        let rule = outage.class().rule();
        let level = match outage.class().is_refusal() {
            true => outage.refusals.saturating_sub(rule.silent_retries + 1),
            false => self.backoff_level,
        };
        let backoff = Backoff {
            local: self.target.as_ref().is_none_or(|target| target.local),
            primed: self.primed,
            level,
            retry: rule.retry,
            age: now.since(self.unsteady_since.unwrap_or(outage.since)),
            seed: backoff::seed(&self.spec.name, u64::from(outage.attempts)),
        };
        self.backoff_level = self.backoff_level.saturating_add(1);
        backoff.delay().max(asked_for)
    }

    /// How long a silent retry waits, where the outage has one left.
    fn silent_wait(&self, outage: &Outage, patience: &Patience) -> Option<Duration> {
        let rule = outage.class().rule();
        let first = match outage.class().is_refusal() {
            // Others that refused before had theirs.
            true => outage.refusals <= rule.silent_retries,
            // One at once is for a steady link.
            false => {
                rule.silent_wait > SOON || outage.attempts == 1 && self.unsteady_since.is_none()
            }
        };
        // Who looks but once does not wait for a server to get well.
        let hasty = patience.ceiling.is_some();
        let wait = match hasty {
            true => rule.silent_wait.min(SOON),
            false => rule.silent_wait,
        };
        (first && outage.repeats <= rule.silent_retries).then_some(wait)
    }

    /// The server is about to listen, or may be: try soon and often.
    pub(super) fn sign_of_life(&mut self, now: Timestamp) {
        self.primed = true;
        self.backoff_level = 0;
        if self.outage.is_some() {
            self.chance = Some(now);
        }
    }

    /// The server replied, and refused: it will do so again.
    pub(super) fn was_refused(&self) -> bool {
        self.outage
            .as_ref()
            .is_some_and(|outage| outage.class().is_refusal())
    }

    /// Another attempt would be refused again, at somebody's cost.
    pub(super) fn stops(&self) -> bool {
        let outage = self.outage.as_ref();
        outage.is_some_and(|outage| outage.class().rule().retry == Retry::Never)
    }

    /// The next backoff starts anew.
    pub(super) fn ready_again(&mut self) {
        self.primed = false;
        self.backoff_level = 0;
    }
}
