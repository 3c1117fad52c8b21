//! From an instance's inner state to its part of the [`super::Status`], and a fault's words.

use std::sync::Arc;

use super::failure::{About, Fault, Patience};
use super::instance::Instance;
use super::pin::{Fingerprint, TrustMode};
use super::pins::Pins;
use super::status::{Failure, InstanceStatus, Link, LinkState, TrustStatus};
use super::time::Timestamp;

impl Instance {
    /// What every view shows of this instance at `now`.
    pub(super) fn status(&self, patience: &Patience, now: Timestamp) -> InstanceStatus {
        let state = self.state(patience, now);
        let since = if state == self.shown.0 {
            self.shown.1
        } else {
            now
        };
        InstanceStatus {
            name: self.spec.name.clone(),
            kind: self.spec.kind,
            url: self
                .target
                .as_ref()
                .map(|target| target.url.clone())
                .unwrap_or_default(),
            link: self.link(state, since, patience),
            local: self.target.as_ref().is_some_and(|target| target.local),
            service: self.service.clone(),
            holds: self.holding.shown(),
            attention: self.attention.clone(),
            counters: Arc::clone(&self.counters),
        }
    }

    /// What happened and what it means; what to do.
    pub(super) fn words(&self, fault: &Fault) -> (String, String) {
        let target = self.target.as_ref();
        let pinned = self.pins.as_ref().map(Pins::set).unwrap_or_default();
        let pinned: Vec<String> = pinned
            .fingerprints
            .iter()
            .map(ToString::to_string)
            .collect();
        fault.words(&About {
            name: &self.spec.name,
            kind: self.spec.kind,
            url: target.map_or("", |target| &target.url),
            path: target.and_then(|target| target.path.as_deref()),
            pinned: match pinned.is_empty() {
                true => "none".into(),
                false => pinned.join(", "),
            },
            pinned_by_file: self.reads_pins(),
            command: target
                .and_then(|target| target.command.as_ref())
                .map(|command| command.program.as_str()),
            trouble: self.pin_file_trouble.as_deref(),
            pinned_end: self
                .pins
                .as_ref()
                .and_then(Pins::current)
                .and_then(|pin| pin.not_after),
        })
    }

    /// The link's state at `now`: derived, so that hiding is a matter of display only.
    pub(super) fn state(&self, patience: &Patience, now: Timestamp) -> LinkState {
        if self.paused {
            return LinkState::Paused;
        }
        let circumstances = self.circumstances(patience);
        let outage = self.outage.as_ref();
        if let Some(shown) = outage.and_then(|outage| outage.shown(&circumstances, now)) {
            shown
        } else if outage.is_none() && self.up {
            LinkState::Connected
        } else if !(self.answered || outage.is_some() && self.is_shut_down()) {
            LinkState::Starting
        } else if self.rotation_since.is_some() {
            LinkState::Rotating
        } else {
            LinkState::Reconnecting
        }
    }

    fn link(&self, state: LinkState, since: Timestamp, patience: &Patience) -> Link {
        let pins = self.pins.as_ref();
        let served = self.shown_served();
        let pending = pins.and_then(Pins::pending);
        let mode = self
            .target
            .as_ref()
            .map_or(TrustMode::File, |target| target.trust);
        let target = self.target.as_ref();
        let command = target.and_then(|target| target.command.as_ref());
        let failure = self.failure(patience);
        Link {
            state,
            since,
            restart_pending: state == LinkState::Connected
                && mode.reads_pins()
                && pending.is_some(),
            expected: self.shown_absence(failure.as_ref().map(|failure| failure.shown_after)),
            failure,
            trust: TrustStatus {
                mode,
                path: self.target.as_ref().and_then(|target| target.path.clone()),
                command: command.map(|command| command.program.clone()),
                current: pins.and_then(Pins::current).map(|pin| pin.fingerprint),
                pending: pending.map(|pin| pin.fingerprint),
                served,
                not_after: served.and_then(|served| self.not_after(served)),
                thrown_away: self.thrown_away.clone(),
                shown: self
                    .outage
                    .as_ref()
                    .and_then(|outage| outage.fault.shown.as_deref().cloned()),
            },
            rotations: self.rotations,
            last_rotation: self.last_rotation,
            hidden_failures: self.hidden_failures,
            last_recovery_ms: self.last_recovery_ms,
            next_attempt: self.next_attempt(),
            insecure: mode == TrustMode::Any,
            plain: self.target.as_ref().is_some_and(|target| target.plain),
        }
    }

    /// What the wire showed last: in an outage perhaps another one than the verified one.
    fn shown_served(&self) -> Option<Fingerprint> {
        self.outage
            .as_ref()
            .and_then(|outage| outage.fault.served)
            .or(self.served.map(|pin| pin.fingerprint))
    }

    fn not_after(&self, fingerprint: Fingerprint) -> Option<Timestamp> {
        let verified = self.served.filter(|pin| pin.fingerprint == fingerprint);
        let pinned = self.pins.as_ref().and_then(|pins| pins.find(fingerprint));
        verified.or(pinned)?.not_after
    }

    fn failure(&self, patience: &Patience) -> Option<Failure> {
        let (outage, believed_after) = self.trouble()?;
        let (message, hint) = self.words(&outage.fault);
        Some(Failure {
            class: outage.class(),
            since: outage.since,
            shown_after: outage
                .shown_after(&self.circumstances(patience))
                .max(believed_after),
            attempts: outage.attempts,
            message,
            hint,
        })
    }
}
