//! What is counted of an instance since the engine started. Each number only ever grows; a changed config keeps them.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::failure::Class;
use super::status::LinkState;

/// Upper bounds of the steps of [`Recoveries`], milliseconds: from a handshake on this computer to a night.
pub const RECOVERY_STEPS_MS: [u64; 12] = [
    5, 10, 25, 50, 100, 250, 1_000, 5_000, 15_000, 60_000, 600_000, 3_600_000,
];

/// The counters of one instance.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Counters {
    /// Every failure that was met, hidden or shown, by class.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub failures: BTreeMap<Class, u64>,
    /// Those of them that were met while nothing was shown.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub hidden: BTreeMap<Class, u64>,
    /// How often the user was told of each state; `connected` says that it was back.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub alerts: BTreeMap<LinkState, u64>,
    /// How often the pin file came to hold another certificate.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub pin_reloads: u64,
    #[serde(default, skip_serializing_if = "Recoveries::is_empty")]
    pub recoveries: Recoveries,
}

/// How long it took to be back, from the first chance to connect again to the first verified answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Recoveries {
    /// How many took no longer than each of [`RECOVERY_STEPS_MS`] and longer than the one before; slower ones are only
    /// in `count`.
    pub steps: [u64; RECOVERY_STEPS_MS.len()],
    pub count: u64,
    /// Of all of them together.
    pub sum_ms: u64,
}

impl Counters {
    /// Nothing happened yet.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    pub(super) fn failed(&mut self, class: Class, hidden: bool) {
        *self.failures.entry(class).or_default() += 1;
        if hidden {
            *self.hidden.entry(class).or_default() += 1;
        }
    }

    pub(super) fn alerted(&mut self, state: LinkState) {
        *self.alerts.entry(state).or_default() += 1;
    }

    pub(super) fn recovered(&mut self, millis: u64) {
        let recoveries = &mut self.recoveries;
        let steps = RECOVERY_STEPS_MS.iter().zip(&mut recoveries.steps);
        if let Some((_, step)) = steps.into_iter().find(|(bound, _)| millis <= **bound) {
            *step += 1;
        }
        recoveries.count += 1;
        recoveries.sum_ms = recoveries.sum_ms.saturating_add(millis);
    }
}

impl Recoveries {
    fn is_empty(&self) -> bool {
        self.count == 0
    }
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recovery_counts_in_the_first_step_that_holds_it() {
        let mut counters = Counters::default();
        for millis in [0, 5, 6, 3_600_000, 3_600_001, u64::MAX] {
            counters.recovered(millis);
        }
        let recoveries = &counters.recoveries;
        assert_eq!(recoveries.steps.first(), Some(&2));
        assert_eq!(recoveries.steps.get(1), Some(&1));
        assert_eq!(recoveries.steps.last(), Some(&1));
        assert_eq!((recoveries.count, recoveries.sum_ms), (6, u64::MAX));
    }

    #[test]
    fn what_did_not_happen_is_not_written() {
        let json = serde_json::to_string(&Counters::default()).expect("serializes");
        assert_eq!(json, "{}");
        assert_eq!(
            serde_json::from_str::<Counters>("{}").expect("reads"),
            Counters::default()
        );
        let mut counters = Counters::default();
        counters.failed(Class::PinMismatch, true);
        counters.alerted(LinkState::Untrusted);
        let json = serde_json::to_string(&counters).expect("serializes");
        assert_eq!(
            json,
            r#"{"failures":{"pin-mismatch":1},"hidden":{"pin-mismatch":1},"alerts":{"untrusted":1}}"#
        );
    }
}
