//! How fast it goes, from two samples of the counters.
//!
//! Invariant: pure; too little time between two samples tells nothing.

use std::time::Duration;

use crate::core::service::Rates;

use super::wire::Traffic;

/// Rates between two samples; `None` when they are too close or too far apart to tell.
pub fn rates(before: Traffic, now: Traffic, elapsed: Option<Duration>) -> Option<Rates> {
    let millis = elapsed?.as_millis();
    if millis < 500 {
        return None;
    }
    // The counters begin anew with a connection.
    let rate = |before: u64, now: u64| {
        let bytes = u128::from(now.saturating_sub(before));
        u64::try_from(bytes * 1000 / millis).unwrap_or(u64::MAX)
    };
    Some(Rates {
        in_bps: rate(before.in_bytes, now.in_bytes),
        out_bps: rate(before.out_bytes, now.out_bytes),
    })
}
