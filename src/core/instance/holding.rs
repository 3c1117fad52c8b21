//! Pauses for a while, of one instance: see [`crate::core::holds`].

use super::Instance;
use crate::core::control::Part;
use crate::core::effect::Effect;
use crate::core::holds::Want;
use crate::core::kinds::Kind;
use crate::core::time::Timestamp;

impl Instance {
    pub(super) fn pause_all(&mut self, until: Option<Timestamp>, now: Timestamp) {
        if self.spec.kind == Kind::Syncthing {
            self.holding.pause_all(until, now);
        }
    }

    pub(super) fn pause_parts(
        &mut self,
        parts: Vec<Part>,
        until: Option<Timestamp>,
        now: Timestamp,
    ) {
        if self.spec.kind == Kind::Syncthing {
            self.holding.pause_parts(parts, until, now);
        }
    }

    pub(super) fn settle_holds(&mut self, now: Timestamp, effects: &mut Vec<Effect>) {
        if !self.up {
            self.holding.lost();
        }
        let service = self.service.as_deref();
        for want in self.holding.settle(&self.spec.rules, service, now) {
            let instance = self.name();
            match want {
                Want::Ask { number, action } => effects.push(Effect::Control {
                    instance,
                    number,
                    action,
                }),
                Want::Record(kind) => self.record(kind, now, effects),
                Want::Keep => effects.push(Effect::KeepHolds {
                    instance,
                    holds: self.holding.kept(),
                }),
            }
        }
    }
}
