//! How long each class of failure stays hidden.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Class;

/// How long each class stays hidden: the table's figures with the config's changes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Patience {
    /// Overrides by class; one figure for both the normal and the rotating case.
    pub overrides: BTreeMap<Class, Duration>,
    /// No class gets more than this; for a single look, where nobody waits for a rotation.
    pub ceiling: Option<Duration>,
}

impl Patience {
    /// The patience of `class`, longer during a rotation.
    pub fn of(&self, class: Class, rotating: bool) -> Duration {
        let wanted = self.wanted(class, rotating);
        // Who shows another certificate each time is no better than who shows the same wrong one.
        let wanted = match class {
            Class::NewCertificateEachTime => wanted.min(self.wanted(Class::PinMismatch, rotating)),
            _ => wanted,
        };
        self.ceiling.map_or(wanted, |ceiling| wanted.min(ceiling))
    }

    fn wanted(&self, class: Class, rotating: bool) -> Duration {
        let rule = class.rule();
        let seconds = if rotating {
            rule.rotating_patience
        } else {
            rule.patience
        };
        let changed = self.overrides.get(&class).copied();
        changed.unwrap_or(Duration::from_secs(seconds))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_certificate_each_time_is_no_longer_hidden_than_the_same_wrong_one() {
        let mut patience = Patience::default();
        let of = |patience: &Patience| patience.of(Class::NewCertificateEachTime, true);
        assert_eq!(of(&patience), patience.of(Class::PinMismatch, true));
        let second = Duration::from_secs(1);
        patience.overrides.insert(Class::PinMismatch, second);
        assert_eq!(of(&patience), second);
        let longer = (Class::NewCertificateEachTime, 9 * second);
        patience.overrides.extend([longer]);
        assert_eq!(of(&patience), second);
    }
}
