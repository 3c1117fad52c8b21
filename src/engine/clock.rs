//! The only reader of clocks besides the wire: wall time that never goes back while the engine runs.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

use crate::core::Timestamp;

/// Wall and monotonic time drift apart by more than this only when the computer slept or its clock was set.
const JUMP: Duration = Duration::from_secs(3);

const FAR: Duration = Duration::from_secs(365 * 24 * 3600);

/// Wall time at an anchor, moved on by the monotonic clock.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    wall: Timestamp,
    anchor: Instant,
}

impl Clock {
    /// Anchors to the wall clock.
    pub fn start() -> Self {
        Self {
            wall: wall_now(),
            anchor: Instant::now(),
        }
    }

    /// The time now; never earlier than any before.
    pub fn now(&self) -> Timestamp {
        self.wall + self.anchor.elapsed()
    }

    /// The wall clock as it is just now: it may go back. For what another computer compares with its own.
    pub fn wall() -> Timestamp {
        wall_now()
    }

    /// The monotonic instant now, to compare with others finer than a millisecond.
    pub fn instant_now() -> Instant {
        Instant::now()
    }

    /// The monotonic instant of `when`, for a timer.
    pub fn instant(&self, when: Timestamp) -> Instant {
        let wait = when.since(self.wall);
        // Too far for this system's clock is as good as never; the next event looks again.
        let far = || self.anchor + FAR;
        self.anchor.checked_add(wait).unwrap_or_else(far)
    }

    /// Whether the computer slept (or its clock was set forward) since the last call; anchors anew if so.
    pub fn take_jump(&mut self) -> bool {
        self.follow(wall_now())
    }

    fn follow(&mut self, wall: Timestamp) -> bool {
        let jumped = wall > self.now() + JUMP;
        if jumped {
            *self = Self {
                wall,
                anchor: Instant::now(),
            };
        }
        jumped
    }
}

fn wall_now() -> Timestamp {
    let since_epoch = wall().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
}

#[allow(clippy::disallowed_methods)]
fn wall() -> SystemTime {
    SystemTime::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    #[tokio::test(start_paused = true)]
    async fn a_sleep_is_noticed_once_and_what_was_due_is_due_now() {
        let mut clock = Clock::start();
        let due = clock.now() + Duration::from_secs(10);
        assert!(clock.instant(due) > Instant::now());
        let woke = clock.now() + HOUR;
        assert!(clock.follow(woke));
        assert!(!clock.follow(woke));
        assert_eq!(clock.now(), woke);
        assert!(clock.instant(due) <= Instant::now());
        tokio::time::advance(HOUR).await;
        assert_eq!(clock.now(), woke + HOUR);
    }

    #[tokio::test(start_paused = true)]
    async fn a_clock_that_is_set_back_or_a_little_on_changes_nothing() {
        let mut clock = Clock::start();
        let now = clock.now();
        for wall in [now - HOUR, now, now + Duration::from_secs(2)] {
            assert!(!clock.follow(wall));
        }
        assert_eq!(clock.now(), now);
    }

    #[tokio::test(start_paused = true)]
    async fn no_time_is_too_far_for_a_timer() {
        let clock = Clock::start();
        let last = Timestamp::from_millis(i64::MAX);
        assert!(clock.instant(last) > Instant::now() + HOUR);
        assert_eq!(
            clock.instant(Timestamp::from_millis(0)),
            clock.instant(clock.now())
        );
    }
}
