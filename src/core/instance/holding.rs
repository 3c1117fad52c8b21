//! Pauses for a while, of one instance: see [`crate::core::holds`].

use super::Instance;
use crate::core::control::Part;
use crate::core::effect::Effect;
use crate::core::holds::Want;
use crate::core::identity::Recalled;
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

    /// The server told who it is: what was paused of another one stays that one's.
    pub(super) fn identify(&mut self, effects: &mut Vec<Effect>) {
        let told = self.service.as_ref().and_then(|service| service.id.clone());
        let Some(id) = told.filter(|id| self.spec.id.as_ref() != Some(id)) else {
            return;
        };
        let aside = match self.spec.id.replace(id.clone()) {
            Some(_) => self.holding.set_aside(),
            None => Vec::new(),
        };
        self.recalling = true;
        effects.push(Effect::Identified {
            instance: self.name(),
            id,
            aside,
        });
    }

    pub(super) fn recalled(
        &mut self,
        recalled: Recalled,
        now: Timestamp,
        effects: &mut Vec<Effect>,
    ) {
        self.recalling = false;
        self.holding.recall(recalled.holds);
        if recalled.paused {
            self.set_paused(true, now, effects);
        }
    }

    pub(super) fn settle_holds(&mut self, now: Timestamp, effects: &mut Vec<Effect>) {
        if !self.up {
            self.holding.lost();
        }
        // Before it is known what is paused of this server, nothing is chosen or judged.
        let service = self.service.as_deref().filter(|_| !self.recalling);
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
