//! Any websocket endpoint: a plain GET routinely, a real upgrade seldom.
//!
//! Invariant: a bare upgrade costs a tunnel two lines in its log, so it is made once at the start, at its own slow pace,
//! and when a plain GET cannot tell; and it is closed in order.

mod examine;
mod judge;
mod poller;
mod show;

use std::time::Duration;

use tokio::time::Instant;

pub use examine::examine;
pub use judge::{Answer, declined, plain};
pub use poller::{follow, request};
pub use show::{Seen, show};

use crate::core::kinds::websocket::WebsocketSettings;

/// What upgrades came to so far. Kept from one session to the next, so that a link that comes and goes costs none.
#[derive(Clone, Debug, Default)]
pub struct Upgrades {
    last: Option<(Instant, Outcome)>,
    /// What a plain GET was answered with right after one succeeded, where that is no answer of a websocket server.
    learned: Option<u16>,
}

/// What an upgrade came to, where the endpoint answered it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    Opened {
        latency: Duration,
        subprotocol: Option<String>,
    },
    /// It was answered with something else, and the words for that.
    Refused(String),
}

impl Upgrades {
    fn are_due(&self, settings: &WebsocketSettings, now: Instant) -> bool {
        let last = self.last.as_ref();
        last.is_none_or(|(at, _)| now.duration_since(*at) >= settings.upgrade_interval)
    }
}
