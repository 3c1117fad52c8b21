//! How long a poll may wait: as long as the server holds it, or as the way there lets it.
//!
//! A proxy that cuts what waits too long does so at the same age each time; then shorter polls cost nothing, and cuts a
//! whole new picture.

use std::time::Duration;

use tokio::time::Instant;

use crate::core::{Class, Fault};

/// How long the server holds a poll at most. With the slack for the reply, and the rare other questions, an idle
/// instance costs some 70 requests an hour.
pub const LONGEST: Duration = Duration::from_secs(55);
/// Polls this short are asked for at the least.
const SHORTEST: Duration = Duration::from_secs(5);
/// Two cuts that are no further apart than this are the same one.
const ALIKE: Duration = Duration::from_secs(2);
/// So much shorter than what was cut is what is asked for.
const MARGIN: Duration = Duration::from_secs(5);
/// A longer poll is tried again after this long: the proxy may have learned.
const AGAIN: Duration = Duration::from_secs(6 * 3600);

/// What was learned of the way to one server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Polls {
    /// The age at which the last poll was cut.
    cut: Option<Duration>,
    /// The same, more than once in a row, and when that was learned.
    learned: Option<(Duration, Instant)>,
}

impl Polls {
    /// What to ask for, of whole seconds.
    pub fn hold(&self, now: Instant) -> Duration {
        match self.learned {
            Some((age, since)) if now < since + AGAIN => {
                let safe = age.saturating_sub(MARGIN).max(SHORTEST).min(LONGEST);
                Duration::from_secs(safe.as_secs())
            }
            _ => LONGEST,
        }
    }

    /// A poll of this age failed. True where that is the known cut, and no failure.
    pub fn failed(&mut self, age: Duration, fault: &Fault, now: Instant) -> bool {
        let cut = matches!(
            fault.class,
            Class::Lost | Class::Truncated | Class::UpstreamDown
        );
        if !cut || age <= SHORTEST {
            self.cut = None;
            return false;
        }
        let before = self.cut.replace(age);
        let same = |other: Duration| age.abs_diff(other) <= ALIKE;
        let known = self.learned.is_some_and(|(known, _)| same(known));
        if known || before.is_some_and(same) {
            self.learned = Some((age, now));
        }
        known
    }

    /// A poll of this age was answered.
    pub fn answered(&mut self, age: Duration) {
        if self.cut.is_some_and(|cut| age > cut + ALIKE) {
            *self = Self::default();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[tokio::test(start_paused = true)]
    async fn the_same_cut_twice_is_learned_and_tried_again_seldom() {
        let cut = Fault::new(Class::Truncated);
        let mut now = Instant::now();
        let mut polls = Polls::default();
        assert!(!polls.failed(seconds(30), &cut, now));
        assert_eq!(polls.hold(now), LONGEST, "once is chance");
        assert!(!polls.failed(seconds(31), &cut, now));
        assert_eq!(polls.hold(now), seconds(26));
        polls.answered(seconds(26));
        assert_eq!(polls.hold(now + AGAIN / 2), seconds(26));
        now += AGAIN;
        assert_eq!(polls.hold(now), LONGEST, "perhaps it learned");
        assert!(polls.failed(seconds(30), &cut, now), "no failure");
        assert_eq!(polls.hold(now), seconds(25));
        now += AGAIN;
        polls.answered(seconds(55));
        assert_eq!(polls.hold(now), LONGEST, "it did");
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_ends_now_and_then_teaches_nothing() {
        let (cut, away) = (Fault::new(Class::Lost), Fault::new(Class::Refused));
        let now = Instant::now();
        let mut polls = Polls::default();
        for age in [20, 50, 8, 30, 1, 30] {
            assert!(!polls.failed(seconds(age), &cut, now));
        }
        assert!(!polls.failed(seconds(30), &away, now));
        assert_eq!(polls.hold(now), LONGEST);
        assert!(!polls.failed(seconds(30), &cut, now));
        assert_eq!(polls.hold(now), LONGEST);
    }
}
