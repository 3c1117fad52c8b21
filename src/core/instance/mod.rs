//! One instance: its link, its pins and its service, moved by events.

mod absent;
mod asking;
mod attempts;
mod failing;
mod holding;
mod pinning;
mod place;

use std::collections::BTreeSet;
use std::sync::Arc;

use super::absence::Expected;
use super::attention::{self, Reason, Recorder, Seen};
use super::counters::Counters;
use super::effect::Effect;
use super::event::{Event, InstanceSpec, Target};
use super::failure::{Class, Doubt, Fault, Patience};
use super::holds::{Conditions, Holding};
use super::journal::{JournalEntry, JournalKind};
use super::outage::{Circumstances, Outage};
use super::pin::{Fingerprint, Pin, TrustMode};
use super::pins::Pins;
use super::service::Service;
use super::status::LinkState;
use super::time::Timestamp;
use asking::Asking;

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
    /// The absence that was announced, until it is over.
    pub(super) expected: Option<Expected>,
    /// There is reason to believe that it upgrades its database.
    migrates: bool,
    pub(super) served: Option<Pin>,
    pub(super) rotations: u64,
    pub(super) last_rotation: Option<Timestamp>,
    pub(super) hidden_failures: u64,
    pub(super) last_recovery_ms: Option<u64>,
    pub(super) counters: Arc<Counters>,
    pub(super) service: Option<Arc<Service>>,
    pub(super) holding: Holding,
    /// What needs a look, and since when.
    pub(super) attention: Vec<Arc<Reason>>,
    recorder: Recorder,
    /// The state that was shown last, and since when.
    pub(super) shown: (LinkState, Timestamp),
    generation: u64,
    /// The first generation of the pins in force: what an older one tells is of another place or trust.
    pins_since: u64,
    /// The generation under which the current pin was verified first, and which that ended: what it answered counts.
    promoted_by: Option<u64>,
    attempt: u64,
    /// A failure that is not believed before a file was read again.
    doubt: Option<Doubted>,
    up_since: Timestamp,
    backoff_level: u32,
    primed: bool,
    /// The latest sign within an outage that the server is about to listen.
    chance: Option<Timestamp>,
    /// Since when no connection has lasted, certificate changes aside.
    unsteady_since: Option<Timestamp>,
    /// What the user was told of an outage that ended, and not yet that it ended: the link is unsteady.
    untold_end: Option<LinkState>,
    /// The classes for which the source was read again since the last answer: one re-read each.
    reread_for: BTreeSet<Class>,
    /// The config changed and its new place is not known yet; the old target serves until then.
    outdated: bool,
    pub(super) pin_file_trouble: Option<String>,
    /// When the command may be run that prints the pin.
    asking: Asking,
    /// Who signed the certificate that was read last, and who signed the one that Syncthing threw away for its own.
    signed_by: Option<String>,
    pub(super) thrown_away: Option<String>,
    /// What the user took back: that it is still served is no rotation.
    forgotten: Option<Fingerprint>,
    /// What is known of the server that it proved to be was asked for and not told yet.
    recalling: bool,
    /// It took the place of an instance of the same name at another address.
    moved: bool,
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
    /// Nothing until the config changes or the user asks.
    Stopped,
    /// Nothing at all.
    Idle,
}

#[derive(Debug)]
struct Doubted {
    fault: Fault,
    since: Timestamp,
    generation: u64,
    reread: Doubt,
    until: Timestamp,
}

impl Instance {
    /// A new instance. Attempts and generations count from `serial`, beyond those of any instance before it,
    /// so that nothing that a predecessor of the same name left behind is taken for its own.
    pub(super) fn new(
        mut spec: InstanceSpec,
        serial: u64,
        conditions: Option<Conditions>,
        now: Timestamp,
    ) -> Self {
        let holding = Holding::new(std::mem::take(&mut spec.holds), conditions, serial);
        let paused = spec.paused;
        let expected = spec.expected.take();
        Self {
            spec,
            target: None,
            pins: None,
            phase: if paused {
                Phase::Idle
            } else {
                Phase::Resolving
            },
            up: false,
            answered: false,
            paused,
            holding,
            attention: Vec::new(),
            recorder: Recorder::default(),
            outage: None,
            rotation_since: None,
            expected,
            migrates: false,
            served: None,
            rotations: 0,
            last_rotation: None,
            hidden_failures: 0,
            last_recovery_ms: None,
            counters: Arc::default(),
            service: None,
            shown: (LinkState::Starting, now),
            generation: serial,
            pins_since: serial + 1,
            promoted_by: None,
            attempt: serial,
            doubt: None,
            up_since: now,
            backoff_level: 0,
            primed: false,
            chance: None,
            unsteady_since: None,
            untold_end: None,
            reread_for: BTreeSet::new(),
            outdated: false,
            pin_file_trouble: None,
            asking: Asking::new(now),
            signed_by: None,
            thrown_away: None,
            forgotten: None,
            recalling: false,
            moved: false,
        }
    }

    /// Whether `spec` names the same server, as far as the config can tell.
    pub(super) fn is_at(&self, spec: &InstanceSpec) -> bool {
        self.spec.kind == spec.kind && self.spec.address.same_peer(&spec.address)
    }

    /// Takes the place of `before`, an instance of the same name: what the user was told of it is not forgotten.
    pub(super) fn replacing(mut self, before: &Self) -> Self {
        self.moved = true;
        let told = before.outage.as_ref().and_then(|outage| outage.alerted);
        self.untold_end = told.or(before.untold_end);
        self
    }

    /// The highest number in use; see [`Self::new`].
    pub(super) fn serial(&self) -> u64 {
        let numbers = [self.attempt, self.generation, self.holding.requests()];
        numbers.into_iter().max().unwrap_or_default()
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
            Event::PinsRead { read, says, .. } => {
                self.note_signer(says.as_deref(), now, effects);
                self.pins_read(read, patience, now, effects);
            }
            Event::CertificateOpened { .. } => self.certificate_opened(now, effects),
            Event::PinAccepted { pin, .. } => self.pin_accepted(pin, now, effects),
            Event::PinForgotten { .. } => self.pin_forgotten(now, effects),
            Event::Verified {
                generation, served, ..
            } => {
                // Whichever of these generations it was: its verifier vouched, and so do the pins now.
                if (self.pins_since..=self.generation).contains(&generation) {
                    self.handshake(generation, served, now, effects);
                }
            }
            Event::Answered {
                attempt,
                generation,
                served,
                ..
            } => {
                let current = attempt == self.attempt && self.is_in_force(generation);
                if current && self.phase == Phase::Attempting && self.vouches_for(served) {
                    self.answered(served, now, effects);
                }
            }
            Event::ServiceChanged {
                attempt, service, ..
            } => {
                if attempt == self.attempt && self.up {
                    self.service = Some(service);
                    self.identify(effects);
                    self.holding.told();
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
            Event::Announced { absence, .. } => self.announced(absence, now, effects),
            Event::Migrates { migrates, .. } => self.migrates = migrates,
            Event::Asked { action, .. } => self.asked(action, now, effects),
            Event::SetPaused { paused, .. } => self.set_paused(paused, now, effects),
            Event::PauseAll { until, .. } => self.pause_all(until, now),
            Event::PauseParts { parts, until, .. } => self.pause_parts(parts, until, now),
            Event::ResumeAll { .. } => self.holding.resume_all(),
            Event::Recalled { recalled, .. } => self.recalled(recalled, now, effects),
            Event::Conditions(conditions) => self.holding.follow(conditions),
            Event::Controlled {
                number, refusal, ..
            } => self.holding.answered(number, refusal.as_ref(), now),
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
            self.believe(doubt.fault, doubt.since, patience, now, effects);
        }
        if matches!(self.phase, Phase::Waiting(due) if due <= now) {
            self.attempt(now, effects);
        }
        if self.daily_question().is_some_and(|due| due <= now) {
            self.read_pins_if_due(now, effects);
        }
        self.alert_if_loud(patience, now, effects);
        self.tell_end_if_steady(now, effects);
        self.settle_holds(now, effects);
        self.settle_absence(now, effects);
        let state = self.state(patience, now);
        if state != self.shown.0 {
            self.shown = (state, now);
        }
        self.attention = attention::reasons(&self.seen(state), &self.attention, now);
        self.record_reasons(state, now, effects);
    }

    /// What a failing link showed last is neither news nor known to be over.
    fn record_reasons(&mut self, state: LinkState, now: Timestamp, effects: &mut Vec<Effect>) {
        match state {
            LinkState::Paused => self.recorder.forget(),
            LinkState::Connected => {
                for line in self.recorder.see(&self.attention, now) {
                    self.record(line, now, effects);
                }
            }
            _ => {}
        }
    }

    fn seen(&self, state: LinkState) -> Seen<'_> {
        let target = self.target.as_ref();
        Seen {
            name: &self.spec.name,
            state,
            insecure: target.is_some_and(|target| target.trust == TrustMode::Any),
            plain: target.is_some_and(|target| target.plain),
            service: self.service.as_deref(),
            may_be_away: &self.spec.may_be_away,
        }
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
            .filter(|outage| outage.may_be_told_of())
            .map(|outage| outage.shown_after(&self.circumstances(patience)))
            // Never is no deadline.
            .filter(|shown| *shown < Timestamp::from_millis(i64::MAX));
        let told = self.untold_end.and(self.steady_at());
        let holds = self.holding.next_deadline();
        let expected = self.absence_due();
        let asks = self.daily_question();
        let connected = self.shown.0 == LinkState::Connected;
        let record = self.recorder.next_deadline().filter(|_| connected);
        [retry, doubt, shown, told, holds, asks, record, expected]
            .into_iter()
            .flatten()
            .min()
    }

    pub(super) fn circumstances<'a>(&self, patience: &'a Patience) -> Circumstances<'a> {
        Circumstances {
            patience,
            rotation_since: self.rotation_since,
            announced: self.expected.as_ref().map(Expected::end),
            unsteady_since: self.unsteady_since,
        }
    }

    pub(super) fn next_attempt(&self) -> Option<Timestamp> {
        match self.phase {
            Phase::Waiting(due) => Some(due),
            _ => None,
        }
    }

    fn counters(&mut self) -> &mut Counters {
        Arc::make_mut(&mut self.counters)
    }

    /// A failure was met: `hidden` says whether anything was shown of it.
    fn count_failure(&mut self, class: Class, hidden: bool) {
        self.hidden_failures += u64::from(hidden);
        self.counters().failed(class, hidden);
    }

    fn record(&self, kind: JournalKind, now: Timestamp, effects: &mut Vec<Effect>) {
        effects.push(Effect::Record(JournalEntry {
            time: now,
            instance: self.name(),
            kind,
        }));
    }

    fn vouches_for(&self, served: Option<Pin>) -> bool {
        served.is_none_or(|served| {
            self.pins
                .as_ref()
                .is_some_and(|pins| pins.vouches_for(served.fingerprint))
        })
    }

    fn name(&self) -> String {
        self.spec.name.clone()
    }
}
