//! When the command may be run that prints a pin.
//!
//! Invariant: nobody who shows certificates over and over can have it run endlessly.

use std::time::Duration;

use crate::core::time::Timestamp;

/// After it was run, for so long at least it is not run again; then for twice as long, and so on.
const FIRST_PAUSE: Duration = Duration::from_secs(5);
const LONGEST_PAUSE: Duration = Duration::from_secs(600);
/// It is run without a cause when it was not run for so long.
const DAY: Duration = Duration::from_secs(86_400);
/// Whatever came before is forgotten by then.
const CALM: Duration = Duration::from_secs(3600);

/// Paces the runs of one command.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asking {
    /// Of this trust.
    since: Timestamp,
    last: Option<Timestamp>,
    /// Runs in a row that led to nothing.
    runs: u32,
}

impl Asking {
    /// A command that was not run yet.
    pub(super) fn new(now: Timestamp) -> Self {
        Self {
            since: now,
            last: None,
            runs: 0,
        }
    }

    /// From when on it may be run; `None`: at any time.
    pub(super) fn due(&self) -> Option<Timestamp> {
        let doublings = self.runs.saturating_sub(1).min(16);
        let pause = FIRST_PAUSE.saturating_mul(1 << doublings);
        self.last.map(|last| last + pause.min(LONGEST_PAUSE))
    }

    /// When it is run without a cause.
    pub(super) fn daily(&self) -> Timestamp {
        self.last.unwrap_or(self.since) + DAY
    }

    /// It is being run.
    pub(super) fn asked(&mut self, now: Timestamp) {
        let calm = self.last.is_none_or(|last| now.since(last) >= CALM);
        self.runs = if calm { 1 } else { self.runs.saturating_add(1) };
        self.last = Some(now);
    }

    /// What it printed was verified on the wire.
    pub(super) fn was_worth_it(&mut self) {
        self.runs = 0;
    }

    /// This computer woke up or has another network, or its user wants to know: then it may be run soon, or at once.
    pub(super) fn tried_anew(&mut self, at_once: bool) {
        self.runs = 0;
        if at_once {
            self.since = self.last.take().unwrap_or(self.since);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_run_more_and_more_seldom() {
        let start = Timestamp::from_secs(0);
        let mut asking = Asking::new(start);
        assert_eq!(asking.due(), None);
        let mut now = start;
        let mut pauses = Vec::new();
        for _ in 0..9 {
            asking.asked(now);
            let due = asking.due().expect("a time");
            pauses.push(due.since(now).as_secs());
            now = due;
        }
        assert_eq!(pauses, [5, 10, 20, 40, 80, 160, 320, 600, 600]);
        asking.was_worth_it();
        assert_eq!(
            asking.due(),
            Some(asking.last.expect("asked") + FIRST_PAUSE)
        );
        asking.asked(now + CALM);
        assert_eq!(asking.due(), Some(now + CALM + FIRST_PAUSE));
        assert_eq!(asking.daily(), now + CALM + DAY);
        asking.tried_anew(true);
        assert_eq!((asking.due(), asking.daily()), (None, now + CALM + DAY));
    }
}
