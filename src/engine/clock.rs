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
        let jumped = wall_now() > self.now() + JUMP;
        if jumped {
            *self = Self::start();
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
