//! What the demo counted, for its last lines.

use std::time::Duration;

/// Counts over all scenes.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    /// From served to connected, one for each certificate.
    pub(super) recoveries: Vec<Duration>,
    /// Failures that were met and not shown.
    pub(super) hidden: u64,
    /// Alerts that were shown: attacks.
    pub(super) alerts: u64,
    /// Connections and application bytes that impostors got.
    pub(super) attacks: u64,
    pub(super) handshakes: usize,
    pub(super) bytes: usize,
}

impl Tally {
    /// The middle one.
    pub(super) fn median(&self) -> Duration {
        let mut sorted = self.recoveries.clone();
        sorted.sort();
        sorted.get(sorted.len() / 2).copied().unwrap_or_default()
    }

    /// The longest.
    pub(super) fn longest(&self) -> Duration {
        self.recoveries.iter().max().copied().unwrap_or_default()
    }
}

/// `8.4 ms`, `1.53 s`.
pub(super) fn brief(duration: Duration) -> String {
    match duration.as_secs_f64() {
        seconds if seconds < 1.0 => format!("{:.1} ms", seconds * 1e3),
        seconds => format!("{seconds:.2} s"),
    }
}
