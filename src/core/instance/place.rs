//! Where an instance is: its place is looked up, found, changed.
//!
//! Invariant: a target that worked stays in force until another one is found.

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
        let changed = spec.revision != self.spec.revision;
        self.spec = spec;
        if changed && !self.paused {
            effects.push(Effect::Resolve {
                instance: self.name(),
            });
        }
    }

    pub(super) fn resolved(&mut self, target: Target, now: Timestamp, effects: &mut Vec<Effect>) {
        let before = self.target.replace(target.clone());
        if before.as_ref() == Some(&target) {
            self.source_unchanged(now, effects);
            return;
        }
        let same_trust = before.as_ref().is_some_and(|before| {
            (before.trust, &before.path, &before.pins) == (target.trust, &target.path, &target.pins)
        });
        if before.is_some() {
            self.abandon(effects);
            let url = target.url.clone();
            self.record(JournalKind::TargetChanged { url }, now, effects);
        }
        self.doubt = None;
        if !same_trust {
            self.pins = Some(Pins::new(
                &target,
                self.spec.remembered.as_ref(),
                self.spec.accepted,
            ));
            self.rotation_since = None;
        }
        self.renew_generation(effects);
        self.ready_again();
        if self.paused {
            return;
        }
        if target.trust == TrustMode::File {
            effects.push(Effect::ReadPins {
                instance: self.name(),
            });
        }
        self.attempt(now, effects);
    }

    /// The key and the address are as they were: then the refusal was meant.
    pub(super) fn source_unchanged(&mut self, now: Timestamp, effects: &mut Vec<Effect>) {
        if let Some(doubt) = self
            .doubt
            .as_mut()
            .filter(|doubt| doubt.reread == Doubt::Source)
        {
            doubt.until = now;
        } else if self.phase == Phase::Resolving {
            self.attempt(now, effects);
        }
    }

    pub(super) fn unresolved(
        &mut self,
        fault: Fault,
        patience: &Patience,
        now: Timestamp,
        effects: &mut Vec<Effect>,
    ) {
        if let Some(doubt) = self
            .doubt
            .as_mut()
            .filter(|doubt| doubt.reread == Doubt::Source)
        {
            doubt.until = now;
            return;
        }
        // A target that worked stays in force: a half-written config.xml is no outage.
        if self.target.is_none() && !self.paused {
            self.believe(fault, patience, now, effects);
        }
    }
}
