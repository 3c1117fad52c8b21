//! When to try again: a jittered backoff that starts small, because a rotation takes milliseconds.

use std::time::Duration;

use super::failure::Retry;

/// The longest wait between two attempts.
pub const LONGEST: Duration = Duration::from_secs(30);
/// After refusals the wait doubles from the first of these to the second.
const GROWING: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(5 * 60));
const SELDOM: (Duration, Duration) = (Duration::from_secs(30), Duration::from_secs(15 * 60));

/// What the next wait depends on.
#[derive(Clone, Copy, Debug)]
pub struct Backoff {
    /// On this computer: an attempt costs microseconds.
    pub local: bool,
    /// There is a fresh sign that the server is about to listen.
    pub primed: bool,
    /// Attempts since the last sign or steady connection.
    pub level: u32,
    pub retry: Retry,
    /// How long the outage has lasted.
    pub age: Duration,
    /// Spreads many instances; same seed, same wait.
    pub seed: u64,
}

impl Backoff {
    /// The wait before the next attempt; at least a millisecond, at most [`LONGEST`], or 5 or 15 min after refusals.
    pub fn delay(&self) -> Duration {
        let (first, cap, longest) = match self.retry {
            Retry::Soon => (self.first(), self.cap(), LONGEST),
            Retry::Growing => (GROWING.0, GROWING.1, GROWING.1),
            Retry::Seldom | Retry::Never => (SELDOM.0, SELDOM.1, SELDOM.1),
        };
        let doubled = first.saturating_mul(2_u32.saturating_pow(self.level.min(20)));
        let wait = jitter(doubled.min(cap), self.seed).min(longest);
        wait.max(Duration::from_millis(1))
    }

    fn first(&self) -> Duration {
        match (self.primed, self.local) {
            (true, true) => Duration::from_millis(1),
            (_, true) => Duration::from_millis(25),
            (_, false) => Duration::from_millis(250),
        }
    }

    /// A tenth of the outage's age: prompt while it is young, cheap when it is old.
    fn cap(&self) -> Duration {
        let floor = Duration::from_millis(if self.local { 100 } else { 1000 });
        (self.age / 10).clamp(floor, LONGEST)
    }
}

/// Between three quarters and five quarters of `wait`.
fn jitter(wait: Duration, seed: u64) -> Duration {
    let spread = split_mix(seed) % 512;
    let factor = 768 + u32::try_from(spread).unwrap_or(256);
    wait.saturating_mul(factor) / 1024
}

/// SplitMix64's output function: Steele, Lea, Flood, "Fast Splittable Pseudorandom Number Generators".
fn split_mix(seed: u64) -> u64 {
    let mut mixed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// A seed from an instance's name and a counter (FNV-1a).
pub fn seed(name: &str, counter: u64) -> u64 {
    name.bytes()
        .chain(counter.to_le_bytes())
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn backoff(local: bool, level: u32, age: u64) -> Backoff {
        Backoff {
            local,
            primed: false,
            level,
            retry: Retry::Soon,
            age: Duration::from_secs(age),
            seed: 1,
        }
    }

    #[test]
    fn starts_small_and_ends_at_thirty_seconds() {
        assert!(backoff(true, 0, 0).delay() <= Duration::from_millis(32));
        assert!(backoff(false, 0, 0).delay() <= Duration::from_millis(320));
        assert!(backoff(true, 20, 3600).delay() >= Duration::from_secs(22));
        assert!(
            Backoff {
                primed: true,
                ..backoff(true, 0, 0)
            }
            .delay()
                <= Duration::from_millis(2)
        );
    }

    proptest! {
        #[test]
        fn stays_within_its_bounds(local: bool, primed: bool, retry in 0..3_usize, level: u32, age in 0..10_000_000_u64, seed: u64) {
            let (retry, longest) = [
                (Retry::Soon, LONGEST),
                (Retry::Growing, GROWING.1),
                (Retry::Seldom, SELDOM.1),
            ][retry];
            let wait = Backoff { local, primed, level, retry, age: Duration::from_secs(age), seed }.delay();
            prop_assert!(wait >= Duration::from_millis(1));
            prop_assert!(wait <= longest);
        }
    }
}
