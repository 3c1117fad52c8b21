//! Where an instance is: its place is looked up, found, changed.
//!
//! Invariant: a target that worked stays in force until another one is found, or the config asks for another.

use super::asking::Asking;
use super::{Instance, Phase};
use crate::core::effect::Effect;
use crate::core::event::{InstanceSpec, Target};
use crate::core::failure::{Doubt, Fault, Patience};
use crate::core::journal::JournalKind;
use crate::core::pin::TrustMode;
use crate::core::pins::Pins;
use crate::core::time::Timestamp;

impl Instance {
    /// The config names this instance again, perhaps with other words.
    pub(in crate::core) fn reconfigure(&mut self, spec: InstanceSpec, effects: &mut Vec<Effect>) {
        self.outdated |= spec.revision != self.spec.revision;
        self.holding.choose_anew(&self.spec.rules, &spec.rules);
        // What was verified and accepted in this run is newer than any state file.
        self.spec = InstanceSpec {
            remembered: self.spec.remembered.take(),
            accepted: self.spec.accepted.take(),
            id: self.spec.id.take(),
            expected: None,
            holds: Vec::new(),
            ..spec
        };
        if self.outdated && !self.paused {
            effects.push(Effect::Resolve {
                instance: self.name(),
            });
        }
    }

    pub(super) fn resolved(&mut self, target: Target, now: Timestamp, effects: &mut Vec<Effect>) {
        let changed = std::mem::take(&mut self.outdated);
        let before = self.target.replace(target.clone());
        if before.as_ref() == Some(&target) {
            match changed && self.waits_for_the_config() {
                true => self.attempt(now, effects),
                false => self.source_unchanged(now, effects),
            }
            return;
        }
        let same_trust = before.as_ref().is_some_and(|before| {
            (before.trust, &before.path, &before.command, &before.pins)
                == (target.trust, &target.path, &target.command, &target.pins)
        });
        if before.is_some() {
            self.abandon(effects);
        }
        if before.is_some() || std::mem::take(&mut self.moved) {
            let url = target.url.clone();
            self.record(JournalKind::TargetChanged { url }, now, effects);
        }
        if !same_trust {
            self.pin_file_trouble = None;
            self.pins = Some(Pins::new(
                &target,
                self.spec.remembered.as_ref(),
                self.spec.accepted,
            ));
            self.rotation_since = None;
            self.asking = Asking::new(now);
            (self.signed_by, self.thrown_away) = (None, None);
            self.pins_since = self.generation + 1;
        }
        self.renew_generation(effects);
        self.ready_again();
        if self.paused {
            return;
        }
        self.attempt(now, effects);
        if target.trust == TrustMode::File && self.phase == Phase::Attempting {
            effects.push(Effect::ReadPins {
                instance: self.name(),
            });
        }
    }

    /// The key and the address are as they were: then a refusal was meant, and anything else is worth a try.
    fn source_unchanged(&mut self, now: Timestamp, effects: &mut Vec<Effect>) {
        if self.end_source_doubt(now) {
            return;
        }
        let waiting = matches!(self.phase, Phase::Waiting(_)) && !self.was_refused();
        if waiting || self.phase == Phase::Resolving {
            self.attempt(now, effects);
        }
    }

    /// It was refused, or is about to believe so, and tries again once the config is another.
    fn waits_for_the_config(&self) -> bool {
        let doubt = self.doubt.as_ref();
        self.phase == Phase::Stopped || doubt.is_some_and(|doubt| doubt.reread == Doubt::Source)
    }

    /// The source was read again without news: the doubt ends when this event has been handled.
    fn end_source_doubt(&mut self, now: Timestamp) -> bool {
        let doubt = self.doubt.as_mut();
        let doubt = doubt.filter(|doubt| doubt.reread == Doubt::Source);
        doubt.map(|doubt| doubt.until = now).is_some()
    }

    pub(super) fn unresolved(
        &mut self,
        fault: Fault,
        patience: &Patience,
        now: Timestamp,
        effects: &mut Vec<Effect>,
    ) {
        let unknown = self.target.is_none() || self.outdated;
        match self.phase {
            Phase::Resolving | Phase::ReadingPins | Phase::Attempting if unknown => {
                self.abandon(effects);
                self.believe(fault, now, patience, now, effects);
            }
            // A target that worked stays in force: a half-written config.xml is no outage.
            Phase::Resolving => self.attempt(now, effects),
            _ => {
                self.end_source_doubt(now);
            }
        }
    }
}
