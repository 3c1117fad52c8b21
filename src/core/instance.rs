//! One instance: its link, its pins and its service, moved by events.

use std::sync::Arc;
use std::time::Duration;

use super::backoff::{self, Backoff};
use super::effect::{Alert, Effect};
use super::event::{Event, InstanceSpec, Remembered, RetryCause, Target};
use super::failure::{Class, Doubt, Fault, Patience};
use super::journal::{JournalEntry, JournalKind};
use super::outage::{Circumstances, Outage};
use super::pin::{Pin, PinRead};
use super::pins::{Offered, Pins, Verified};
use super::service::Service;
use super::status::{Kind, LinkState};
use super::time::Timestamp;

/// A re-read that was asked for must have ended by then, or the failure is believed without it.
const DOUBT_LIMIT: Duration = Duration::from_secs(3);
/// A connection that lasted this long was a good one: the next backoff starts anew.
const STEADY: Duration = Duration::from_secs(5);

/// What is known of one instance.
#[derive(Debug)]
pub(super) struct Instance {
    pub(super) spec: InstanceSpec,
    pub(super) target: Option<Target>,
    pub(super) pins: Option<Pins>,
    pub(super) phase: Phase,
    /// The last request succeeded.
    pub(super) up: bool,
    /// There was an answer in this run.
    pub(super) answered: bool,
    pub(super) paused: bool,
    pub(super) outage: Option<Outage>,
    pub(super) rotation_since: Option<Timestamp>,
    pub(super) announced: Option<Timestamp>,
    pub(super) served: Option<Pin>,
    pub(super) rotations: u64,
    pub(super) hidden_failures: u64,
    pub(super) last_recovery_ms: Option<u64>,
    pub(super) service: Option<Arc<Service>>,
    /// The state that was shown last, and since when.
    pub(super) shown: (LinkState, Timestamp),
    generation: u64,
    attempt: u64,
    /// A failure that is not believed before a file was read again.
    doubt: Option<Doubted>,
    up_since: Timestamp,
    backoff_level: u32,
    primed: bool,
    /// The first sign within an outage that the server is back.
    chance: Option<Timestamp>,
    pin_file_trouble: Option<String>,
}

/// What an instance is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Its place is being looked up.
    Resolving,
    /// The first pin is awaited.
    ReadingPins,
    /// An attempt is under way or connected.
    Attempting,
    /// Nothing until then.
    Waiting(Timestamp),
    /// Nothing at all.
    Idle,
}

#[derive(Debug)]
struct Doubted {
    fault: Fault,
    generation: u64,
    reread: Doubt,
    until: Timestamp,
}

impl Instance {
    pub(super) fn new(spec: InstanceSpec, now: Timestamp) -> Self {
        Self {
            spec,
            target: None,
            pins: None,
            phase: Phase::Resolving,
            up: false,
            answered: false,
            paused: false,
            outage: None,
            rotation_since: None,
            announced: None,
            served: None,
            rotations: 0,
            hidden_failures: 0,
            last_recovery_ms: None,
            service: None,
            shown: (LinkState::Starting, now),
            generation: 0,
            attempt: 0,
            doubt: None,
            up_since: now,
            backoff_level: 0,
            primed: false,
            chance: None,
            pin_file_trouble: None,
        }
    }

    pub(super) fn kind(&self) -> Kind {
        self.spec.kind
    }

    /// The config names this instance again, perhaps with other words.
    pub(super) fn reconfigure(&mut self, spec: InstanceSpec, effects: &mut Vec<Effect>) {
        let changed = spec.revision != self.spec.revision;
        self.spec = spec;
        if changed && !self.paused {
            effects.push(Effect::Resolve {
                instance: self.name(),
            });
        }
    }

    pub(super) fn handle(
        &mut self,
        event: Event,
        patience: &Patience,
        now: Timestamp,
        effects: &mut Vec<Effect>,
    ) {
        match event {
            Event::Resolved { target, .. } => self.resolved(target, now, effects),
            Event::Unresolved { fault, .. } => self.unresolved(fault, patience, now, effects),
            Event::PinsRead { read, .. } => self.pins_read(read, patience, now, effects),
            Event::CertificateOpened { .. } => self.certificate_opened(now, effects),
            Event::PinAccepted { pin, .. } => self.pin_accepted(pin, now, effects),
            Event::PinForgotten { .. } => self.pin_forgotten(now, effects),
            Event::Answered {
                attempt,
                generation,
                served,
                ..
            } => {
                if attempt == self.attempt && generation == self.generation {
                    self.answered(served, now, effects);
                }
            }
            Event::ServiceChanged {
                attempt, service, ..
            } => {
                if attempt == self.attempt && self.up {
                    self.service = Some(service);
                }
            }
            Event::Failed {
                attempt,
                generation,
                fault,
                ..
            } => {
                if attempt == self.attempt && self.phase == Phase::Attempting {
                    self.failed(generation, fault, patience, now, effects);
                }
            }
            Event::Retry { cause, .. } => self.retry(cause, now, effects),
            Event::RestartAnnounced { .. } => {
                self.announced = Some(now);
                self.record(JournalKind::RestartAnnounced, now, effects);
            }
            Event::SetPaused { paused, .. } => self.set_paused(paused, now, effects),
            Event::Configured { .. } | Event::Tick => {}
        }
    }

    /// Does what is due, and tells the user once when something became loud.
    pub(super) fn settle(
        &mut self,
        patience: &Patience,
        now: Timestamp,
        effects: &mut Vec<Effect>,
    ) {
        if let Some(doubt) = self.doubt.take_if(|doubt| doubt.until <= now) {
            self.believe(doubt.fault, patience, now, effects);
        }
        if matches!(self.phase, Phase::Waiting(due) if due <= now) {
            self.attempt(now, effects);
        }
        self.alert_if_loud(patience, now, effects);
    }

    pub(super) fn next_deadline(&self, patience: &Patience) -> Option<Timestamp> {
        let retry = match self.phase {
            Phase::Waiting(due) => Some(due),
            _ => None,
        };
        let doubt = self.doubt.as_ref().map(|doubt| doubt.until);
        let shown = self
            .outage
            .as_ref()
            .filter(|outage| outage.alerted.is_none())
            .map(|outage| outage.shown_after(&self.circumstances(patience)));
        [retry, doubt, shown].into_iter().flatten().min()
    }

    pub(super) fn circumstances<'a>(&self, patience: &'a Patience) -> Circumstances<'a> {
        Circumstances {
            patience,
            rotation_since: self.rotation_since,
            announced: self.announced,
        }
    }

    pub(super) fn next_attempt(&self) -> Option<Timestamp> {
        match self.phase {
            Phase::Waiting(due) => Some(due),
            _ => None,
        }
    }

    fn resolved(&mut self, target: Target, now: Timestamp, effects: &mut Vec<Effect>) {
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
        if target.trust == super::pin::TrustMode::File {
            effects.push(Effect::ReadPins {
                instance: self.name(),
            });
        }
        self.attempt(now, effects);
    }

    /// The key and the address are as they were: then the refusal was meant.
    fn source_unchanged(&mut self, now: Timestamp, effects: &mut Vec<Effect>) {
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

    fn unresolved(
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

    fn pins_read(
        &mut self,
        read: PinRead,
        patience: &Patience,
        now: Timestamp,
        effects: &mut Vec<Effect>,
    ) {
        let trouble = match read {
            PinRead::Read(pin) => {
                self.offer(pin, now, effects);
                None
            }
            PinRead::Unusable { pin, why } => {
                self.offer(pin, now, effects);
                Some(Fault::with_detail(Class::UnusableCertificate, why))
            }
            PinRead::Missing => Some(Fault::new(Class::NoPin)),
            PinRead::Torn { why } | PinRead::Unreadable { why } => {
                Some(Fault::with_detail(Class::BadPinFile, why))
            }
        };
        self.note_trouble(trouble.as_ref(), now, effects);
        self.end_pin_doubt(patience, now, effects);
        let awaits = self.pins.as_ref().is_some_and(Pins::awaits_file);
        match trouble {
            Some(fault) if awaits && self.phase == Phase::ReadingPins => {
                self.believe(fault, patience, now, effects);
            }
            _ if !awaits && self.phase == Phase::ReadingPins => self.attempt(now, effects),
            _ => {}
        }
    }

    fn offer(&mut self, pin: Pin, now: Timestamp, effects: &mut Vec<Effect>) {
        let Some(pins) = self.pins.as_mut() else {
            return;
        };
        let offered = pins.offer(pin);
        let fingerprint = pin.fingerprint;
        match offered {
            Offered::Same => return,
            Offered::First => {}
            Offered::Pending => {
                self.rotation_since.get_or_insert(now);
                self.record(JournalKind::PinPending { pin: fingerprint }, now, effects);
            }
            Offered::Withdrawn => {
                self.rotation_since = None;
                self.record(JournalKind::PinWithdrawn { pin: fingerprint }, now, effects);
            }
        }
        self.renew_generation(effects);
        self.sign_of_life(now);
        if matches!(self.phase, Phase::Waiting(_)) {
            self.attempt(now, effects);
        }
    }

    /// Says once what is wrong with the pin file, and keeps the pins.
    fn note_trouble(&mut self, trouble: Option<&Fault>, now: Timestamp, effects: &mut Vec<Effect>) {
        let why = trouble.map(|fault| {
            fault
                .detail
                .clone()
                .unwrap_or_else(|| "it is not there".into())
        });
        if why != self.pin_file_trouble {
            if let Some(why) = why.clone() {
                self.record(JournalKind::PinFileTrouble { why }, now, effects);
            }
            self.pin_file_trouble = why;
        }
    }

    /// The file was read again: was the failure a rotation, or is it to be believed?
    fn end_pin_doubt(&mut self, patience: &Patience, now: Timestamp, effects: &mut Vec<Effect>) {
        let Some(doubt) = self.doubt.take_if(|doubt| doubt.reread == Doubt::Pins) else {
            return;
        };
        let pins_changed = doubt.generation < self.generation;
        let explained = match doubt.fault.served {
            Some(served) => self.pins.as_ref().is_some_and(|pins| pins.accepts(served)),
            None => true,
        };
        if pins_changed && explained {
            self.hidden_failures += 1;
            self.attempt(now, effects);
        } else {
            self.believe(doubt.fault, patience, now, effects);
        }
    }

    /// A server opens its certificate right before it listens (lib/api/api.go getListener). Not believed for TLS
    /// failures: those make us open the file ourselves.
    fn certificate_opened(&mut self, now: Timestamp, effects: &mut Vec<Effect>) {
        let away = self.outage.as_ref().is_some_and(|outage| {
            matches!(
                outage.class(),
                Class::Refused | Class::Lost | Class::Truncated
            )
        });
        if away && matches!(self.phase, Phase::Waiting(_)) {
            self.sign_of_life(now);
            self.attempt(now, effects);
        }
    }

    fn pin_accepted(&mut self, pin: Pin, now: Timestamp, effects: &mut Vec<Effect>) {
        self.spec.accepted = Some(pin);
        effects.push(Effect::KeepAccepted {
            instance: self.name(),
            pin: Some(pin),
        });
        let accepted = JournalKind::Accepted {
            pin: pin.fingerprint,
        };
        self.record(accepted, now, effects);
        if self.pins.as_mut().is_some_and(|pins| pins.accept(pin)) {
            self.renew_generation(effects);
            self.sign_of_life(now);
            self.attempt(now, effects);
        }
    }

    fn pin_forgotten(&mut self, now: Timestamp, effects: &mut Vec<Effect>) {
        self.spec.accepted = None;
        effects.push(Effect::KeepAccepted {
            instance: self.name(),
            pin: None,
        });
        self.record(JournalKind::Forgotten, now, effects);
        if self.pins.as_mut().is_some_and(Pins::forget) {
            self.renew_generation(effects);
            self.attempt(now, effects);
        }
    }

    fn answered(&mut self, served: Option<Pin>, now: Timestamp, effects: &mut Vec<Effect>) {
        self.doubt = None;
        if !self.up {
            self.up = true;
            self.up_since = now;
        }
        if !std::mem::replace(&mut self.answered, true) {
            let served = served.map(|pin| pin.fingerprint);
            self.record(JournalKind::Connected { served }, now, effects);
        }
        if let Some(served) = served {
            self.verified(served, now, effects);
        }
        self.end_outage(now, effects);
        self.announced = self
            .announced
            .filter(|announced| now < *announced + super::failure::ANNOUNCED_RESTART);
    }

    /// A verified connection showed `served`: promote it, retire the old one, remember it for the next run.
    fn verified(&mut self, served: Pin, now: Timestamp, effects: &mut Vec<Effect>) {
        let Some(pins) = self.pins.as_mut() else {
            return;
        };
        self.served = Some(served);
        let set_before = pins.set();
        let verified = pins.verified(served);
        if pins.pending().is_none() {
            self.rotation_since = None;
        }
        let set_changed = pins.set() != set_before;
        if let Verified::Rotated { from } = verified {
            self.rotations += 1;
            let rotated = JournalKind::Rotated {
                from: Some(from),
                to: served.fingerprint,
            };
            self.record(rotated, now, effects);
        }
        let remembered = Remembered {
            pin: served,
            path: self.target.as_ref().and_then(|target| target.path.clone()),
        };
        if self.spec.remembered.as_ref() != Some(&remembered) {
            self.spec.remembered = Some(remembered.clone());
            effects.push(Effect::Remember {
                instance: self.name(),
                remembered: Some(remembered),
            });
        }
        if set_changed {
            self.renew_generation(effects);
        }
    }

    fn end_outage(&mut self, now: Timestamp, effects: &mut Vec<Effect>) {
        let Some(outage) = self.outage.take() else {
            return;
        };
        let began = self
            .chance
            .take()
            .map_or(outage.since, |chance| chance.max(outage.since));
        let recovery_ms = millis(now.since(began));
        self.last_recovery_ms = Some(recovery_ms);
        let recovered = JournalKind::Recovered {
            outage_ms: millis(now.since(outage.since)),
            recovery_ms,
            attempts: outage.attempts,
            hidden: outage.alerted.is_none(),
        };
        self.record(recovered, now, effects);
        if outage.alerted.is_some() {
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

    fn failed(
        &mut self,
        generation: u64,
        fault: Fault,
        patience: &Patience,
        now: Timestamp,
        effects: &mut Vec<Effect>,
    ) {
        if std::mem::take(&mut self.up) && now.since(self.up_since) >= STEADY {
            self.ready_again();
        }
        self.phase = Phase::Idle;
        if let Some(served) = fault.served.filter(|_| is_reply(fault.class)) {
            // A refusal over a verified connection proves the certificate as well as a success does.
            let not_after = None;
            self.verified(
                Pin {
                    fingerprint: served,
                    not_after,
                },
                now,
                effects,
            );
        }
        let file_trust = self
            .target
            .as_ref()
            .is_some_and(|target| target.trust == super::pin::TrustMode::File);
        let reread = match fault.class.rule().doubt {
            Doubt::Pins if !file_trust => Doubt::None,
            // A refusal is doubted once an outage.
            Doubt::Source if self.is_failing_with(fault.class) => Doubt::None,
            reread => reread,
        };
        let instance = self.name();
        match reread {
            Doubt::None => return self.believe(fault, patience, now, effects),
            Doubt::Pins => effects.push(Effect::ReadPins { instance }),
            Doubt::Source => effects.push(Effect::Resolve { instance }),
        }
        self.doubt = Some(Doubted {
            fault,
            generation,
            reread,
            until: now + DOUBT_LIMIT,
        });
    }

    /// The failure is real: it counts, it is recorded, and the next attempt is planned.
    fn believe(
        &mut self,
        fault: Fault,
        patience: &Patience,
        now: Timestamp,
        effects: &mut Vec<Effect>,
    ) {
        self.doubt = None;
        self.up = false;
        if fault.class == Class::PinMismatch {
            self.rotation_since.get_or_insert(now);
        }
        let new_class = !self.is_failing_with(fault.class);
        match self.outage.as_mut() {
            Some(outage) => outage.again(fault.clone()),
            None => self.outage = Some(Outage::new(fault.clone(), now)),
        }
        let circumstances = self.circumstances(patience);
        let shown = |outage: &Outage| outage.is_shown(&circumstances, now);
        if !self.outage.as_ref().is_some_and(shown) {
            self.hidden_failures += 1;
        }
        if new_class {
            let failing = JournalKind::Failing {
                class: fault.class,
                message: self.words(&fault).0,
                served: fault.served,
            };
            self.record(failing, now, effects);
        }
        self.phase = Phase::Waiting(now + self.delay(now));
    }

    fn delay(&mut self, now: Timestamp) -> Duration {
        let Some(outage) = &self.outage else {
            return Duration::from_millis(1);
        };
        let rule = outage.class().rule();
        if outage.repeats <= rule.silent_retries {
            return Duration::from_millis(1);
        }
        let level = if rule.retry_seldom {
            outage.repeats.saturating_sub(rule.silent_retries + 1)
        } else {
            self.backoff_level
        };
        let backoff = Backoff {
            local: self.target.as_ref().is_none_or(|target| target.local),
            primed: self.primed,
            level,
            seldom: rule.retry_seldom,
            age: now.since(outage.since),
            seed: backoff::seed(&self.spec.name, u64::from(outage.attempts)),
        };
        self.backoff_level = self.backoff_level.saturating_add(1);
        backoff.delay()
    }

    fn retry(&mut self, cause: RetryCause, now: Timestamp, effects: &mut Vec<Effect>) {
        let local = self.target.as_ref().is_none_or(|target| target.local);
        if self.paused || (cause == RetryCause::NetworkChanged && local) {
            return;
        }
        self.ready_again();
        match self.phase {
            Phase::Waiting(_) => {
                if self.outage.is_some() {
                    self.chance = Some(now);
                }
                // The place may have changed as well, and a person who asks expects everything to be looked at.
                if cause == RetryCause::User || self.target.is_none() {
                    effects.push(Effect::Resolve {
                        instance: self.name(),
                    });
                }
                self.attempt(now, effects);
            }
            // After a sleep a connection that looks alive may be dead.
            Phase::Attempting if cause != RetryCause::User || !self.up => {
                self.attempt(now, effects)
            }
            _ => {}
        }
    }

    fn set_paused(&mut self, paused: bool, now: Timestamp, effects: &mut Vec<Effect>) {
        if paused == self.paused {
            return;
        }
        self.paused = paused;
        self.record(JournalKind::Paused { paused }, now, effects);
        self.outage = None;
        self.doubt = None;
        if paused {
            self.abandon(effects);
        } else {
            self.phase = Phase::Resolving;
            effects.push(Effect::Resolve {
                instance: self.name(),
            });
        }
    }

    /// The next step towards a connection: find the place, read the pin, or connect.
    fn attempt(&mut self, _now: Timestamp, effects: &mut Vec<Effect>) {
        if self.paused {
            return;
        }
        let instance = self.name();
        if self.target.is_none() {
            self.phase = Phase::Resolving;
            effects.push(Effect::Resolve { instance });
        } else if self.pins.as_ref().is_some_and(Pins::awaits_file) {
            self.phase = Phase::ReadingPins;
            effects.push(Effect::ReadPins { instance });
        } else {
            self.phase = Phase::Attempting;
            self.doubt = None;
            self.attempt += 1;
            effects.push(Effect::Attempt {
                instance,
                attempt: self.attempt,
            });
        }
    }

    fn abandon(&mut self, effects: &mut Vec<Effect>) {
        self.phase = Phase::Idle;
        // Whatever the attempt still says is about the past.
        self.attempt += 1;
        effects.push(Effect::Abandon {
            instance: self.name(),
        });
    }

    fn renew_generation(&mut self, effects: &mut Vec<Effect>) {
        self.generation += 1;
        effects.push(Effect::UsePins {
            instance: self.name(),
            generation: self.generation,
            pins: self.pins.as_ref().map(Pins::set).unwrap_or_default(),
        });
    }

    fn alert_if_loud(&mut self, patience: &Patience, now: Timestamp, effects: &mut Vec<Effect>) {
        let circumstances = self.circumstances(patience);
        let Some(outage) = &self.outage else {
            return;
        };
        let state = outage.class().rule().loud;
        let told = outage.alerted.map_or(0, LinkState::severity);
        if !outage.is_shown(&circumstances, now) || state.severity() <= told {
            return;
        }
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
        self.record(JournalKind::Alert { state, message }, now, effects);
        effects.push(Effect::Alert(alert));
        if let Some(outage) = &mut self.outage {
            outage.alerted = Some(state);
        }
    }

    /// The server is about to listen, or may be: try soon and often.
    fn sign_of_life(&mut self, now: Timestamp) {
        self.primed = true;
        self.backoff_level = 0;
        if self.outage.is_some() {
            self.chance = Some(now);
        }
    }

    fn ready_again(&mut self) {
        self.primed = false;
        self.backoff_level = 0;
    }

    fn is_failing_with(&self, class: Class) -> bool {
        self.outage
            .as_ref()
            .is_some_and(|outage| outage.class() == class)
    }

    fn record(&self, kind: JournalKind, now: Timestamp, effects: &mut Vec<Effect>) {
        effects.push(Effect::Record(JournalEntry {
            time: now,
            instance: self.name(),
            kind,
        }));
    }

    fn name(&self) -> String {
        self.spec.name.clone()
    }
}

/// The peer answered a request: its certificate and signature were verified.
fn is_reply(class: Class) -> bool {
    matches!(
        class,
        Class::ServerError
            | Class::Unauthorized
            | Class::Forbidden
            | Class::Csrf
            | Class::HostCheck
            | Class::Redirect
            | Class::BadPath
            | Class::BadReply
            | Class::TooLarge
    )
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
