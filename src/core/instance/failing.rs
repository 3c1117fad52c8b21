//! What an instance makes of answers and failures: doubt, outage, alerts.
//!
//! Invariant: an outage begins with the first failure that is believed and ends only with a verified answer.

use std::borrow::Cow;
use std::time::Duration;

use super::{Doubted, Instance, Phase};
use crate::core::effect::{Alert, Effect};
use crate::core::failure::{Class, Doubt, Fault, Patience};
use crate::core::journal::JournalKind;
use crate::core::outage::Outage;
use crate::core::pin::{Fingerprint, Pin, TrustMode};
use crate::core::pins::Pins;
use crate::core::status::LinkState;
use crate::core::time::Timestamp;

/// A re-read that was asked for must have ended by then, or the failure is believed without it.
const DOUBT_LIMIT: Duration = Duration::from_secs(3);
/// A command that prints a pin has 10 s (engine/shell/asking.rs), and some time to be ended.
const COMMAND_LIMIT: Duration = Duration::from_secs(12);
/// A connection that lasted this long was a good one: the next backoff starts anew.
const STEADY: Duration = Duration::from_secs(5);

impl Instance {
    pub(super) fn failed(
        &mut self,
        generation: u64,
        fault: Fault,
        patience: &Patience,
        now: Timestamp,
        effects: &mut Vec<Effect>,
    ) {
        self.phase = Phase::Idle;
        if std::mem::take(&mut self.up) {
            self.came_down(now);
        }
        if !fault.class.is_about_certificate() {
            // What was refused or broke off over a verified connection proves the certificate as well as a success does.
            if let Some(pin) = fault.served.map(|served| self.known(served)) {
                self.verified(pin, now, effects);
            }
        }
        let reread = match fault.class.rule().doubt {
            Doubt::Pins if !self.reads_pins() => Doubt::None,
            // A command is asked when an unknown certificate was served, and when it may be.
            Doubt::Pins if self.runs_a_command() && !self.asks_about(&fault, now) => Doubt::None,
            // Once; a source that gives another key each time would have us knock forever.
            Doubt::Source if !self.reread_for.insert(fault.class) => Doubt::None,
            reread => reread,
        };
        let instance = self.name();
        let limit = match reread == Doubt::Pins && self.runs_a_command() {
            true => COMMAND_LIMIT,
            false => DOUBT_LIMIT,
        };
        match reread {
            Doubt::None => return self.believe(fault, now, patience, now, effects),
            Doubt::Pins => {
                self.read_pins_if_due(now, effects);
            }
            Doubt::Source => effects.push(Effect::Resolve { instance }),
        }
        self.doubt = Some(Doubted {
            fault,
            since: now,
            generation,
            reread,
            until: now + limit,
        });
    }

    /// Whether the command that prints the pin is run because of `fault`. It takes its time, in which a rotation is to
    /// be expected.
    fn asks_about(&mut self, fault: &Fault, now: Timestamp) -> bool {
        let unknown = fault.class == Class::PinMismatch;
        if unknown {
            self.rotation_since.get_or_insert(now);
        }
        unknown && self.asking.due() <= Some(now)
    }

    /// The file was read again: was the failure a rotation, or is it to be believed?
    pub(super) fn end_pin_doubt(
        &mut self,
        patience: &Patience,
        now: Timestamp,
        effects: &mut Vec<Effect>,
    ) {
        let Some(doubt) = &self.doubt else {
            return;
        };
        if doubt.reread != Doubt::Pins {
            return;
        }
        let pins_changed = doubt.generation < self.generation;
        let explained = match doubt.fault.served {
            Some(served) => self.pins.as_ref().is_some_and(|pins| pins.accepts(served)),
            None => true,
        };
        if pins_changed && explained {
            self.attempt(now, effects);
        } else if let Some(doubt) = self.doubt.take() {
            self.believe(doubt.fault, doubt.since, patience, now, effects);
        }
    }

    /// The failure has an explanation: it is not shown, but it stays on record.
    pub(super) fn dismiss_doubt(&mut self, now: Timestamp, effects: &mut Vec<Effect>) {
        if let Some(doubt) = self.doubt.take() {
            self.count_failure(doubt.fault.class, true);
            self.record_failing(&doubt.fault, now, effects);
        }
    }

    /// The failure, met at `since`, is real: it counts, it is recorded, and the next attempt is planned.
    pub(super) fn believe(
        &mut self,
        fault: Fault,
        since: Timestamp,
        patience: &Patience,
        now: Timestamp,
        effects: &mut Vec<Effect>,
    ) {
        self.doubt = None;
        self.up = false;
        let forgotten = fault.served.is_some() && fault.served == self.forgotten;
        if fault.class == Class::PinMismatch && !forgotten {
            self.rotation_since.get_or_insert(since);
        }
        let fault = self.explained(self.seen_in_a_row(fault));
        let new_class = !self.is_failing_with(fault.class);
        match self.outage.as_mut() {
            Some(outage) => outage.again(fault.clone(), since),
            None => {
                let mut outage = Outage::new(fault.clone(), since);
                outage.alerted = self.untold_end.take();
                self.outage = Some(outage);
            }
        }
        let circumstances = self.circumstances(patience);
        let shown = |outage: &Outage| outage.shown(&circumstances, now).is_some();
        let hidden = !self.outage.as_ref().is_some_and(shown);
        self.count_failure(fault.class, hidden);
        if new_class {
            self.record_failing(&fault, now, effects);
        }
        self.phase = match self.stops() {
            true => Phase::Stopped,
            false => Phase::Waiting(now + self.delay(patience, now)),
        };
    }

    /// A certificate that is not pinned, after another one that was not: then none of them will come again.
    fn seen_in_a_row(&self, fault: Fault) -> Fault {
        let before = self.outage.as_ref().map(|outage| &outage.fault);
        let another = before.is_some_and(|before| {
            let kin = matches!(
                before.class,
                Class::PinMismatch | Class::NewCertificateEachTime
            );
            kin && before.served.is_some() && before.served != fault.served
        });
        match fault.class {
            Class::PinMismatch if another => Fault {
                class: Class::NewCertificateEachTime,
                ..fault
            },
            _ => fault,
        }
    }

    pub(super) fn answered(
        &mut self,
        served: Option<Pin>,
        now: Timestamp,
        effects: &mut Vec<Effect>,
    ) {
        if !self.up {
            self.up = true;
            self.up_since = now;
        }
        if !std::mem::replace(&mut self.answered, true) {
            let served = served.map(|pin| pin.fingerprint);
            let target = self.target.as_ref();
            let insecure = target.is_some_and(|it| it.plain || it.trust == TrustMode::Any);
            self.record(JournalKind::Connected { served, insecure }, now, effects);
        }
        if let Some(served) = served {
            self.verified(served, now, effects);
        }
        self.end_outage(now, effects);
    }

    pub(super) fn end_outage(&mut self, now: Timestamp, effects: &mut Vec<Effect>) {
        let Some(outage) = self.outage.take() else {
            return;
        };
        self.came_back(outage.since, effects);
        let began = self
            .chance
            .take()
            .map_or(outage.since, |chance| chance.max(outage.since));
        let recovery_ms = millis(now.since(began));
        self.last_recovery_ms = Some(recovery_ms);
        self.counters().recovered(recovery_ms);
        let recovered = JournalKind::Recovered {
            outage_ms: millis(now.since(outage.since)),
            recovery_ms,
            attempts: outage.attempts,
            hidden: outage.alerted.is_none(),
        };
        self.record(recovered, now, effects);
        // A link that comes and goes would tell of its end again and again.
        self.untold_end = outage.alerted;
        if self.unsteady_since.is_none() {
            self.tell_end(now, effects);
        }
    }

    /// The end of an unsteady link's outage is told when a connection has lasted.
    pub(super) fn tell_end_if_steady(&mut self, now: Timestamp, effects: &mut Vec<Effect>) {
        if self.steady_at().is_some_and(|steady| steady <= now) {
            self.tell_end(now, effects);
        }
    }

    /// When the connection will have lasted.
    pub(super) fn steady_at(&self) -> Option<Timestamp> {
        self.up.then_some(self.up_since + STEADY)
    }

    fn tell_end(&mut self, now: Timestamp, effects: &mut Vec<Effect>) {
        if self.untold_end.take().is_some() {
            self.counters().alerted(LinkState::Connected);
            effects.push(Effect::Alert(Alert {
                instance: self.name(),
                time: now,
                state: LinkState::Connected,
                message: String::new(),
                hint: String::new(),
                served: self.served.map(|pin| pin.fingerprint),
                pinned: None,
            }));
        }
    }

    /// What is wrong, and until when it may still prove to be nothing.
    pub(in crate::core) fn trouble(&self) -> Option<(Cow<'_, Outage>, Timestamp)> {
        match (&self.outage, &self.doubt) {
            (Some(outage), _) => Some((Cow::Borrowed(outage), outage.since)),
            (None, Some(doubt)) => {
                let outage = Outage::new(doubt.fault.clone(), doubt.since);
                Some((Cow::Owned(outage), doubt.until))
            }
            (None, None) => None,
        }
    }

    /// A connection ended: a good one, or one that did not last?
    fn came_down(&mut self, now: Timestamp) {
        if now.since(self.up_since) >= STEADY {
            self.unsteady_since = None;
            self.reread_for.clear();
            self.ready_again();
        } else {
            self.unsteady_since.get_or_insert(self.up_since);
        }
    }

    /// All that is known of a certificate of which only the fingerprint was told.
    fn known(&self, fingerprint: Fingerprint) -> Pin {
        let pinned = self.pins.as_ref().and_then(|pins| pins.find(fingerprint));
        pinned.unwrap_or(Pin {
            fingerprint,
            not_after: None,
        })
    }

    fn record_failing(&self, fault: &Fault, now: Timestamp, effects: &mut Vec<Effect>) {
        let failing = JournalKind::Failing {
            class: fault.class,
            message: self.words(fault).0,
            served: fault.served,
        };
        self.record(failing, now, effects);
    }

    pub(super) fn alert_if_loud(
        &mut self,
        patience: &Patience,
        now: Timestamp,
        effects: &mut Vec<Effect>,
    ) {
        let circumstances = self.circumstances(patience);
        let Some(outage) = &self.outage else {
            return;
        };
        let told = outage.alerted.map_or(0, LinkState::severity);
        let state = outage.shown(&circumstances, now);
        let Some(state) = state.filter(|state| state.severity() > told) else {
            return;
        };
        let (message, hint) = self.words(&outage.fault);
        let alert = Alert {
            instance: self.name(),
            time: now,
            state,
            message: message.clone(),
            hint,
            served: outage.fault.served,
            pinned: self
                .pins
                .as_ref()
                .and_then(Pins::current)
                .map(|pin| pin.fingerprint),
        };
        self.counters().alerted(state);
        self.record(JournalKind::Alert { state, message }, now, effects);
        effects.push(Effect::Alert(alert));
        if let Some(outage) = &mut self.outage {
            outage.alerted = Some(state);
        }
    }

    pub(super) fn is_failing_with(&self, class: Class) -> bool {
        self.outage
            .as_ref()
            .is_some_and(|outage| outage.met == class)
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
