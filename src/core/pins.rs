//! The life of an instance's pins: read, pending, verified on the wire, retired.
//!
//! Invariant: a pin enters only through [`Pins::new`] (config, state file), [`Pins::offer`] (pin file or command)
//! or [`Pins::accept`] (user); what a server shows never adds one.

use super::event::{PinSet, Remembered, Succession, Target};
use super::pin::{Fingerprint, Pin, TrustMode};

/// The pins of one instance under one trust.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pins {
    mode: TrustMode,
    /// Last verified on the wire, or the one to expect.
    current: Option<Pin>,
    /// Will replace `current` when it is verified on the wire. Both are accepted until then.
    pending: Option<Pin>,
    /// From the config; accepted as long as they stand there.
    configured: Vec<Pin>,
    /// By the user, verified on the wire or not; one at a time.
    accepted: Option<Pin>,
}

/// What a newly read pin changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offered {
    /// It was known.
    Same,
    /// The first pin.
    First,
    /// It waits for the server to serve it.
    Pending,
    /// The file went back to the pin in force; what was pending is gone.
    Withdrawn,
}

/// What a verified connection changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verified {
    /// As before.
    Same,
    /// The first one under this trust.
    First,
    /// Another certificate than last time; the old pin is retired.
    Rotated { from: Fingerprint },
}

impl Pins {
    /// The pins at the start: what the config and the state file hold.
    pub fn new(target: &Target, remembered: Option<&Remembered>, accepted: Option<Pin>) -> Self {
        let remembered = remembered
            .filter(|memory| memory.counts_for(target))
            .map(|memory| memory.pin);
        let mode = target.trust;
        let mut pins = Self {
            mode,
            current: None,
            pending: None,
            configured: Vec::new(),
            accepted: None,
        };
        match mode {
            TrustMode::File | TrustMode::Command => pins.current = remembered,
            TrustMode::Fingerprint => {
                pins.configured.clone_from(&target.pins);
                pins.accepted = accepted;
                pins.current = remembered.filter(|pin| pins.knows(pin.fingerprint));
                pins.pending = accepted.filter(|pin| {
                    pins.current
                        .is_some_and(|now| now.fingerprint != pin.fingerprint)
                });
            }
            // What a CA or nobody vouched for is never carried into another run, where the trust may be another.
            TrustMode::Ca | TrustMode::System | TrustMode::Any => {}
        }
        pins
    }

    /// The certificates that a client may accept. Empty for the trusts that do not pin.
    pub fn set(&self) -> PinSet {
        let mut fingerprints: Vec<Fingerprint> = match self.mode {
            TrustMode::File | TrustMode::Command => {
                self.current.iter().chain(&self.pending).collect::<Vec<_>>()
            }
            TrustMode::Fingerprint => self
                .configured
                .iter()
                .chain(&self.accepted)
                .chain(self.pending.as_ref().and(self.current.as_ref()))
                .collect(),
            TrustMode::Ca | TrustMode::System | TrustMode::Any => Vec::new(),
        }
        .into_iter()
        .map(|pin| pin.fingerprint)
        .collect();
        fingerprints.sort();
        fingerprints.dedup();
        PinSet {
            fingerprints,
            succession: self.succession(),
        }
    }

    /// Whether a client that accepts [`Self::set`] would accept `fingerprint`.
    pub fn accepts(&self, fingerprint: Fingerprint) -> bool {
        self.set().fingerprints.contains(&fingerprint)
    }

    /// Nothing is pinned yet although this trust needs a pin from a file or a command.
    pub fn awaits_first(&self) -> bool {
        self.mode.reads_pins() && self.current.is_none()
    }

    /// The pin file held `pin`, or the command printed it.
    pub fn offer(&mut self, pin: Pin) -> Offered {
        let same =
            |known: Option<Pin>| known.is_some_and(|known| known.fingerprint == pin.fingerprint);
        if !self.mode.reads_pins() || same(self.pending) {
            return Offered::Same;
        }
        if self.current.is_none() {
            self.current = Some(pin);
            return Offered::First;
        }
        if same(self.current) {
            self.current = Some(pin);
            return match self.pending.take() {
                Some(_) => Offered::Withdrawn,
                None => Offered::Same,
            };
        }
        self.pending = Some(pin);
        Offered::Pending
    }

    /// The user accepted `pin` in place of what was accepted before. Returns whether that changed anything.
    pub fn accept(&mut self, pin: Pin) -> bool {
        let same =
            |known: Option<Pin>| known.is_some_and(|known| known.fingerprint == pin.fingerprint);
        if self.mode != TrustMode::Fingerprint || same(self.accepted) {
            return false;
        }
        self.accepted = Some(pin);
        self.pending = (self.current.is_some() && !same(self.current)).then_some(pin);
        true
    }

    /// The user took back what was accepted. Returns whether there was anything.
    pub fn forget(&mut self) -> bool {
        if self.mode != TrustMode::Fingerprint || self.accepted.take().is_none() {
            return false;
        }
        self.pending = None;
        self.current = self.current.filter(|pin| self.knows(pin.fingerprint));
        true
    }

    /// What is known of the certificate with `fingerprint`.
    pub fn find(&self, fingerprint: Fingerprint) -> Option<Pin> {
        self.current
            .iter()
            .chain(&self.pending)
            .chain(&self.accepted)
            .chain(&self.configured)
            .find(|pin| pin.fingerprint == fingerprint)
            .copied()
    }

    /// Whether a peer that showed `fingerprint` passes this trust; without a pin that is for the CA to say.
    pub fn vouches_for(&self, fingerprint: Fingerprint) -> bool {
        !self.mode.is_pinned() || self.accepts(fingerprint)
    }

    /// A connection whose certificate and signature were verified showed `served`.
    pub fn verified(&mut self, served: Pin) -> Verified {
        if !self.vouches_for(served.fingerprint) {
            return Verified::Same;
        }
        let before = self.current;
        if self.is_pending(served.fingerprint) {
            self.pending = None;
        }
        self.current = Some(served);
        match before {
            None => Verified::First,
            // Nobody vouched for either of them: some servers make one for every connection.
            Some(_) if self.mode == TrustMode::Any => Verified::Same,
            Some(before) if before.fingerprint == served.fingerprint => Verified::Same,
            Some(before) => Verified::Rotated {
                from: before.fingerprint,
            },
        }
    }

    /// Whether `fingerprint` waits to be served.
    pub fn is_pending(&self, fingerprint: Fingerprint) -> bool {
        self.pending
            .is_some_and(|pending| pending.fingerprint == fingerprint)
    }

    /// Last verified on the wire, or the one to expect.
    pub fn current(&self) -> Option<Pin> {
        let only = || (self.configured.len() == 1).then(|| self.configured.first().copied());
        self.current.or(self.accepted).or_else(|| only().flatten())
    }

    /// Waits to be served.
    pub fn pending(&self) -> Option<Pin> {
        self.pending
    }

    /// What a handshake with the pending pin would retire.
    fn succession(&self) -> Option<Succession> {
        let (heir, retired) = (self.pending?.fingerprint, self.current?.fingerprint);
        let stays = self.mode == TrustMode::Fingerprint && self.knows(retired);
        (!stays).then_some(Succession { heir, retired })
    }

    fn knows(&self, fingerprint: Fingerprint) -> bool {
        self.configured
            .iter()
            .chain(&self.accepted)
            .any(|pin| pin.fingerprint == fingerprint)
    }
}
