//! The pins of an instance: read from the file, accepted by the user, verified on the wire.
//!
//! Invariant: what a server shows never adds a pin, and a file that cannot be read never drops one.

use std::time::Duration;

use super::{Instance, Phase};
use crate::core::effect::Effect;
use crate::core::event::Remembered;
use crate::core::failure::{Class, Fault, Patience};
use crate::core::journal::JournalKind;
use crate::core::pin::{Pin, PinRead, TrustMode};
use crate::core::pins::{Offered, Pins, Verified};
use crate::core::sight::Shown;
use crate::core::time::Timestamp;

/// A certificate file that is opened again within this time tells nothing new.
const SAME_SIGN: Duration = Duration::from_secs(1);

impl Instance {
    pub(super) fn pins_read(
        &mut self,
        read: PinRead,
        patience: &Patience,
        now: Timestamp,
        effects: &mut Vec<Effect>,
    ) {
        if !self.reads_pins() {
            return;
        }
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
        let awaits = self.pins.as_ref().is_some_and(Pins::awaits_first);
        match trouble {
            Some(fault) if awaits && self.phase == Phase::ReadingPins => {
                self.believe(fault, now, patience, now, effects);
            }
            _ if !awaits && self.phase == Phase::ReadingPins => self.attempt(now, effects),
            _ => {}
        }
    }

    /// A pair that Syncthing cannot load is overwritten with one of its own: then the certificate is of another kind, which
    /// nobody asked for.
    pub(super) fn note_signer(
        &mut self,
        says: Option<&Shown>,
        now: Timestamp,
        effects: &mut Vec<Effect>,
    ) {
        let Some(says) = says.filter(|_| self.reads_pins()) else {
            return;
        };
        if !says.self_signed {
            self.signed_by = Some(says.issuer.clone());
            self.thrown_away = None;
        } else if let Some(signer) = self.signed_by.take()
            && says.is_syncthings_own()
        {
            self.thrown_away = Some(signer.clone());
            self.record(JournalKind::OwnCertificate { signer }, now, effects);
        }
    }

    pub(super) fn offer(&mut self, pin: Pin, now: Timestamp, effects: &mut Vec<Effect>) {
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
        self.counters().pin_reloads += 1;
        self.renew_generation(effects);
        self.sign_of_life(now);
        if matches!(self.phase, Phase::Waiting(_)) {
            self.attempt(now, effects);
        }
    }

    /// Says once what is wrong with the pin file, and keeps the pins.
    pub(super) fn note_trouble(
        &mut self,
        trouble: Option<&Fault>,
        now: Timestamp,
        effects: &mut Vec<Effect>,
    ) {
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

    /// A server opens its certificate right before it listens (lib/api/api.go getListener). Not believed for TLS
    /// failures: those make us open the file ourselves.
    pub(super) fn certificate_opened(&mut self, now: Timestamp, effects: &mut Vec<Effect>) {
        let away = self.outage.as_ref().is_some_and(|outage| {
            matches!(
                outage.class(),
                Class::Refused | Class::Lost | Class::Truncated
            )
        });
        // Anybody may open the file, over and over; while retries are this frequent, one more tells nothing new.
        let heard = self.primed
            && self
                .chance
                .is_some_and(|chance| now.since(chance) < SAME_SIGN);
        if !away || heard {
            return;
        }
        self.sign_of_life(now);
        if matches!(self.phase, Phase::Waiting(_)) {
            self.attempt(now, effects);
        }
    }

    /// Only trust `fingerprint` takes pins from the user; a pin file speaks for itself.
    pub(super) fn pin_accepted(&mut self, pin: Pin, now: Timestamp, effects: &mut Vec<Effect>) {
        let target = self.target.as_ref();
        if target.is_some_and(|target| target.trust != TrustMode::Fingerprint) {
            return;
        }
        self.spec.accepted = Some(pin);
        self.forgotten = None;
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

    pub(super) fn pin_forgotten(&mut self, now: Timestamp, effects: &mut Vec<Effect>) {
        self.forgotten = self.spec.accepted.take().map(|pin| pin.fingerprint);
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

    /// A client of this generation completed a handshake with the owner of `served`.
    pub(super) fn handshake(
        &mut self,
        generation: u64,
        served: Pin,
        now: Timestamp,
        effects: &mut Vec<Effect>,
    ) {
        let before = self.generation;
        self.verified(served, now, effects);
        if self.generation != before {
            self.promoted_by = Some(generation);
        }
    }

    /// Whether what came over a client of this generation counts: of the newest, or of the one that led to it.
    pub(super) fn is_in_force(&self, generation: u64) -> bool {
        generation == self.generation || self.promoted_by == Some(generation)
    }

    /// A verified connection showed `served`: promote it, retire the old one, remember it for the next run.
    pub(super) fn verified(&mut self, served: Pin, now: Timestamp, effects: &mut Vec<Effect>) {
        let vouches = |pins: &&mut Pins| pins.vouches_for(served.fingerprint);
        let Some(pins) = self.pins.as_mut().filter(vouches) else {
            return;
        };
        self.served = Some(served);
        if let Some(outage) = &mut self.outage {
            outage.vouch();
        }
        let set_before = pins.set();
        let verified = pins.verified(served);
        if pins.pending().is_none() {
            self.rotation_since = None;
        }
        let set_changed = pins.set() != set_before;
        if let Verified::Rotated { from } = verified {
            self.rotations += 1;
            self.last_rotation = Some(now);
            self.unsteady_since = None;
            // What the command prints changed, which is not for a stranger to bring about.
            self.asking.was_worth_it();
            let rotated = JournalKind::Rotated {
                from: Some(from),
                to: served.fingerprint,
            };
            self.record(rotated, now, effects);
        }
        if set_changed {
            self.renew_generation(effects);
        }
        self.remember(served, effects);
    }

    /// Keeps a verified pin for the next run; without pinning there is none to keep.
    fn remember(&mut self, pin: Pin, effects: &mut Vec<Effect>) {
        let target = self.target.as_ref();
        let Some(target) = target.filter(|target| target.trust.is_pinned()) else {
            return;
        };
        let remembered = Some(Remembered {
            pin,
            path: target.path.clone(),
            command: target.command.clone(),
        });
        if self.spec.remembered != remembered {
            self.spec.remembered.clone_from(&remembered);
            effects.push(Effect::Remember {
                instance: self.name(),
                remembered,
            });
        }
    }

    /// The pin comes from a file or from a command.
    pub(in crate::core) fn reads_pins(&self) -> bool {
        self.target
            .as_ref()
            .is_some_and(|target| target.trust.reads_pins())
    }

    pub(super) fn runs_a_command(&self) -> bool {
        self.target
            .as_ref()
            .is_some_and(|target| target.trust == TrustMode::Command)
    }

    /// Has the pin read: at once from a file, and from a command not more often than it may be run. Returns when it may
    /// be run again.
    pub(super) fn read_pins_if_due(
        &mut self,
        now: Timestamp,
        effects: &mut Vec<Effect>,
    ) -> Option<Timestamp> {
        if self.runs_a_command() {
            let due = self.asking.due();
            if due > Some(now) {
                return due;
            }
            self.asking.asked(now);
        }
        effects.push(Effect::ReadPins {
            instance: self.name(),
        });
        None
    }

    /// Once a day the command is asked without a cause, so that a new certificate is known before it is served.
    pub(super) fn daily_question(&self) -> Option<Timestamp> {
        let asks = self.runs_a_command() && !self.paused;
        asks.then(|| self.asking.daily())
    }

    pub(super) fn renew_generation(&mut self, effects: &mut Vec<Effect>) {
        self.generation += 1;
        self.promoted_by = None;
        effects.push(Effect::UsePins {
            instance: self.name(),
            generation: self.generation,
            pins: self.pins.as_ref().map(Pins::set).unwrap_or_default(),
        });
    }
}
