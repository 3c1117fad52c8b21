//! How often anything may be told at all.

use std::collections::VecDeque;
use std::time::Duration;

use super::Urgency;
use crate::core::Timestamp;

/// No more notices than this in [`WINDOW`].
const MOST: usize = 6;
/// An alarm is told even when others used that up, to this bound.
const MOST_WITH_ALARMS: usize = 12;
const WINDOW: Duration = Duration::from_secs(60);

/// Two notices on one matter are this far apart at least,
const FIRST_SPACING: Duration = Duration::from_secs(5);
/// each further one twice as far as the one before, up to this,
const LONGEST_SPACING: Duration = Duration::from_secs(600);
/// until there was nothing to tell for so long.
const CALM: Duration = Duration::from_secs(600);

/// The bound for all notices together.
#[derive(Debug, Default)]
pub(super) struct Limit {
    /// When the last ones were told, oldest first.
    told: VecDeque<Timestamp>,
}

impl Limit {
    pub(super) fn allows(&self, urgency: Urgency, now: Timestamp) -> bool {
        self.next(urgency, now) <= now
    }

    /// From when on it allows another one.
    pub(super) fn next(&self, urgency: Urgency, now: Timestamp) -> Timestamp {
        let most = match urgency {
            Urgency::Critical => MOST_WITH_ALARMS,
            Urgency::Normal | Urgency::Low => MOST,
        };
        let last_of_them = self.told.len().checked_sub(most);
        let blocking = last_of_them.and_then(|index| self.told.get(index));
        blocking.map_or(now, |told| *told + WINDOW)
    }

    pub(super) fn told(&mut self, now: Timestamp) {
        self.told.push_back(now);
        while self.told.len() > MOST_WITH_ALARMS {
            self.told.pop_front();
        }
    }
}

/// The bound for one matter: what comes and goes is told ever more seldom.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pace {
    last: Option<(Timestamp, Duration)>,
}

impl Pace {
    /// From when on it may be told again; `None` is at once.
    pub(super) fn next(&self) -> Option<Timestamp> {
        self.last.map(|(last, spacing)| last + spacing)
    }

    pub(super) fn allows(&self, now: Timestamp) -> bool {
        self.next().is_none_or(|next| next <= now)
    }

    pub(super) fn told(&mut self, now: Timestamp) {
        let spacing = match self.last {
            // Several notices at one time are one occasion.
            Some((last, spacing)) if last == now => spacing,
            Some((last, spacing)) if now.since(last) < spacing + CALM => {
                (spacing * 2).min(LONGEST_SPACING)
            }
            _ => FIRST_SPACING,
        };
        self.last = Some((now, spacing));
    }
}
