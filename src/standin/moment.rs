//! What happened on the wire and when: a timeline for the demo's drawing and the benchmarks.
//!
//! This module never blocks the sender: a listener that falls behind loses the oldest moments.

use jiff::Timestamp;
use tokio::sync::{broadcast, watch};
use tokio::time::Instant;

const KEPT: usize = 1024;

/// One thing that the wire or the certificate file did.
#[derive(Clone, Debug)]
pub struct Moment {
    /// What happened.
    pub what: What,
    /// When, taken right after it happened.
    pub at: Instant,
}

/// The kinds of moments. Fingerprints are written `sha256:<64 hex>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// New connections are refused from here on; idle ones have been told to close.
    ListenerDown,
    /// Long polls and requests still open after the grace were cut.
    ConnectionsCut,
    /// The certificate file is about to be truncated or replaced.
    FileOpened,
    /// The certificate file was closed after writing; the key follows.
    FileWritten {
        /// The certificate now in the file.
        fingerprint: String,
    },
    /// The listener is bound again and serves this certificate.
    Serving {
        /// The certificate now served.
        fingerprint: String,
        /// Whether it differs from the one served before.
        renewed: bool,
    },
    /// Somebody else holds the port.
    ImpostorUp {
        /// `other certificate`, `replayed certificate`, `plain HTTP`, `silent`.
        kind: super::ImpostorKind,
        /// The certificate it shows, if any.
        fingerprint: Option<String>,
    },
    /// A client completed (or broke off) a handshake with the impostor.
    ImpostorHandshake {
        /// `true` when it was completed.
        completed: bool,
    },
    /// The impostor received application bytes.
    ImpostorBytes {
        /// How many, in this read.
        count: usize,
    },
    /// The impostor is gone.
    ImpostorDown,
}

/// The certificate now served, and since when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Served {
    /// `sha256:<64 hex>` of its DER.
    pub fingerprint: String,
    /// When the listener was bound with it.
    pub at: Instant,
}

/// The sending side of the timeline.
#[derive(Debug)]
pub(super) struct Moments {
    timeline: broadcast::Sender<Moment>,
    served: watch::Sender<Option<Served>>,
}

impl Moments {
    pub(super) fn new() -> Self {
        Self {
            timeline: broadcast::Sender::new(KEPT),
            served: watch::Sender::new(None),
        }
    }

    pub(super) fn mark(&self, what: What) -> Instant {
        let at = Instant::now();
        // Nobody listening is fine.
        let _ = self.timeline.send(Moment { what, at });
        at
    }

    /// Marks that `fingerprint` is served from now on.
    pub(super) fn serving(&self, fingerprint: &str) -> Instant {
        let renewed = self
            .served
            .borrow()
            .as_ref()
            .is_some_and(|served| served.fingerprint != fingerprint);
        let at = self.mark(What::Serving {
            fingerprint: fingerprint.to_owned(),
            renewed,
        });
        self.served.send_replace(Some(Served {
            fingerprint: fingerprint.to_owned(),
            at,
        }));
        at
    }

    pub(super) fn subscribe(&self) -> broadcast::Receiver<Moment> {
        self.timeline.subscribe()
    }

    pub(super) fn served(&self) -> watch::Receiver<Option<Served>> {
        self.served.subscribe()
    }
}

/// The wall clock, for the times inside replies and certificates; the stand-in is a shell of its own, apart from the engine.
pub(super) fn wall_clock() -> Timestamp {
    Timestamp::now()
}
