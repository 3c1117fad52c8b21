//! When an instance is away because that was announced.

use super::Instance;
use crate::core::absence::{Absence, Expected, RESTART, Why};
use crate::core::control::Action;
use crate::core::effect::Effect;
use crate::core::failure::{Class, Fault};
use crate::core::journal::JournalKind;
use crate::core::kinds::Kind;
use crate::core::time::Timestamp;

impl Instance {
    pub(super) fn announced(
        &mut self,
        absence: Absence,
        now: Timestamp,
        effects: &mut Vec<Effect>,
    ) {
        let expected = absence.expected(now);
        self.expect(Some(expected.clone()), effects);
        self.record(JournalKind::Announced { expected }, now, effects);
    }

    /// The user had it do something: a restart or a shutdown is an absence too.
    pub(super) fn asked(&mut self, action: Action, now: Timestamp, effects: &mut Vec<Effect>) {
        if let Some(absence) = Absence::by(&action) {
            self.expect(Some(absence.expected(now)), effects);
        }
        self.record(JournalKind::Asked { action }, now, effects);
    }

    /// What was announced lasts no longer than it was announced for.
    pub(super) fn settle_absence(&mut self, now: Timestamp, effects: &mut Vec<Effect>) {
        if self.absence_due().is_some_and(|due| due <= now) {
            self.expect(None, effects);
        }
    }

    /// When what was announced is over, or did not happen.
    pub(super) fn absence_due(&self) -> Option<Timestamp> {
        let expected = self.expected.as_ref()?;
        let stayed = (self.up && self.outage.is_none()).then(|| expected.since + RESTART);
        expected.until.or(stayed)
    }

    /// An outage that began at `began` is over, and with it the absence that it was.
    pub(super) fn came_back(&mut self, began: Timestamp, effects: &mut Vec<Effect>) {
        if self.expected.as_ref().is_some_and(|it| it.was(began)) {
            self.expect(None, effects);
        }
    }

    /// The user wants it back.
    pub(super) fn wanted_back(&mut self, now: Timestamp, effects: &mut Vec<Effect>) {
        if !self.is_shut_down() || self.up {
            return;
        }
        self.expect(None, effects);
        if let Some(outage) = &mut self.outage {
            outage.patient_since = now;
            self.unsteady_since = None;
        }
    }

    /// The user had it shut down, and it is not back.
    pub(in crate::core) fn is_shut_down(&self) -> bool {
        let why = self.expected.as_ref().map(|expected| expected.why);
        why == Some(Why::Shutdown)
    }

    /// What a fault is, where something is known of the server that the wire does not tell.
    pub(super) fn explained(&self, fault: Fault) -> Fault {
        let migrates = self.migrates && self.spec.kind == Kind::Syncthing;
        match fault.class {
            Class::NotTls if migrates => Fault {
                class: Class::UpgradingDatabase,
                ..fault
            },
            _ => fault,
        }
    }

    /// What every view shows of it.
    pub(in crate::core) fn shown_absence(
        &self,
        shown_after: Option<Timestamp>,
    ) -> Option<Expected> {
        let outage = self.outage.as_ref();
        let upgrades = outage.filter(|outage| outage.class() == Class::UpgradingDatabase);
        match upgrades {
            Some(outage) => Some(Expected {
                why: Why::Database,
                since: outage.since,
                until: shown_after,
                version: None,
            }),
            None => self.expected.clone(),
        }
    }

    fn expect(&mut self, expected: Option<Expected>, effects: &mut Vec<Effect>) {
        self.expected.clone_from(&expected);
        effects.push(Effect::KeepExpected {
            instance: self.name(),
            expected,
        });
    }
}
