//! A device whose connection never lasts: both sides agree to talk and then do not, again and again, as where one wants
//! a folder encrypted and the other does not.
//!
//! Invariant: pure. One that lasts, or a device that is simply away, is not unsteady.

use std::time::Duration;

use crate::core::Timestamp;

use super::state::{Device, State};

/// A connection that lasts longer is one.
const LASTING: Duration = Duration::from_secs(15);
/// After so many that did not last in a row it is no chance.
const ENOUGH: u32 = 3;

/// What became of the connections of a device lately.
#[derive(Clone, Debug, Default)]
pub struct Flapping {
    since: Option<Timestamp>,
    /// How many in a row did not last.
    short: u32,
    /// Why the last one ended, as the server says.
    cause: String,
}

impl Flapping {
    /// A connection began.
    pub fn connected(&mut self, now: Option<Timestamp>) {
        self.since = now;
    }

    /// It ended.
    pub fn lost(&mut self, now: Option<Timestamp>, cause: &str) {
        let lived = self.since.take().zip(now);
        match lived.is_some_and(|(since, now)| now.since(since) < LASTING) {
            true => self.short = self.short.saturating_add(1).min(2 * ENOUGH),
            false => self.short = 0,
        }
        cause.clone_into(&mut self.cause);
    }

    /// Nothing happened for a while, or for a `long` one.
    pub fn quiet(&mut self, connected: bool, long: bool) {
        if connected {
            self.short = 0;
        } else if long {
            self.short = self.short.saturating_sub(1);
        }
    }

    fn is_unsteady(&self) -> bool {
        self.short >= ENOUGH
    }
}

impl State {
    /// Why the connection to a device never lasts, where it does not; empty where the server does not say.
    pub(super) fn unsteady(&self, device: &Device) -> Option<String> {
        let flapping = &device.flapping;
        if !flapping.is_unsteady() {
            return None;
        }
        // The list of errors tells the cause of what the events call the end of a file.
        let short = device.config.id.split('-').next().unwrap_or_default();
        let mut listed = self.errors.iter().rev();
        let listed = listed.find(|error| !short.is_empty() && error.message.contains(short));
        let cause = listed.map_or(flapping.cause.as_str(), |error| cause_in(&error.message));
        Some(self.with_names(cause))
    }
}

/// The cause within a message: 2.x gives it as an attribute, 1.x is short enough as a whole.
fn cause_in(message: &str) -> &str {
    let attribute = message.split_once("error=\"").map(|(_, rest)| rest);
    let cause = attribute.and_then(|rest| rest.split_once('"'));
    cause.map_or(message, |(cause, _)| cause)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Option<Timestamp> {
        Some(Timestamp::from_secs(seconds))
    }

    #[test]
    fn only_what_never_lasts_is_unsteady() {
        let mut flapping = Flapping::default();
        for round in 0..3 {
            assert!(!flapping.is_unsteady(), "{round}");
            flapping.connected(at(round * 60));
            flapping.lost(at(round * 60 + 1), "EOF");
            flapping.quiet(false, false);
        }
        assert!(flapping.is_unsteady());
        // Away for good, it is away.
        let mut away = flapping.clone();
        away.quiet(false, true);
        assert!(!away.is_unsteady());
        let mut well = flapping.clone();
        well.connected(at(300));
        well.quiet(true, false);
        assert!(!well.is_unsteady());
        flapping.connected(at(300));
        flapping.lost(at(400), "bye");
        assert!(!flapping.is_unsteady());
        // A loss without its beginning says nothing.
        flapping.lost(at(401), "bye");
        assert!(!flapping.is_unsteady());
    }

    #[test]
    fn the_cause_is_found_in_the_words_of_each_version() {
        let second = "Failed to verify encryption consistency (folder.label=A device=BBBBBBB error=\"remote expects to exchange plain data\" log.pkg=model)";
        assert_eq!(cause_in(second), "remote expects to exchange plain data");
        let first = "Failed to verify encryption consistency with device B: no";
        assert_eq!(cause_in(first), first);
    }
}
