//! Counts what goes to and comes from one server, over however many clients.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::core::usage::Traffic;

/// Numbers that only grow; shared by the clients of all generations of pins.
#[derive(Debug, Default)]
pub struct Meter {
    requests: AtomicU64,
    sent: AtomicU64,
    received: AtomicU64,
}

impl Meter {
    /// What was counted so far.
    pub fn read(&self) -> Traffic {
        Traffic {
            requests: self.requests.load(Relaxed),
            sent_bytes: self.sent.load(Relaxed),
            received_bytes: self.received.load(Relaxed),
        }
    }

    /// A request goes out, with a body of so many bytes.
    pub(super) fn asked(&self, body: usize) {
        self.requests.fetch_add(1, Relaxed);
        self.sent(body);
    }

    pub(super) fn sent(&self, bytes: usize) {
        self.sent.fetch_add(bytes as u64, Relaxed);
    }

    pub(super) fn received(&self, bytes: usize) {
        self.received.fetch_add(bytes as u64, Relaxed);
    }
}
