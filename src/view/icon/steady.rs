//! When a change of the icon is shown: a folder that is scanned for a moment is not worth one.

use std::time::Duration;

use super::Icon;
use crate::core::Timestamp;

/// How long work lasts, or its absence, before the icon follows; and how long the icon says that something is wrong
/// after it was set right.
const LASTS: Duration = Duration::from_millis(600);
/// No quiet icon follows another sooner.
const STAYS: Duration = Duration::from_millis(1000);

/// Holds back changes of the icon that are over in a moment. Bad news is never held back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Steady {
    shown: Option<Shown>,
    waiting: Option<Waiting>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Shown {
    icon: Icon,
    since: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Waiting {
    icon: Icon,
    since: Timestamp,
    due: Timestamp,
}

impl Steady {
    /// The icon to show while the status is worth `icon`. To be asked at every change, and at [`Self::next_deadline`].
    pub fn show(&mut self, icon: Icon, now: Timestamp) -> Icon {
        let Some(shown) = &mut self.shown else {
            return self.change(icon, now);
        };
        // A clock that was set back holds nothing up.
        shown.since = shown.since.min(now);
        let shown = *shown;
        if icon == shown.icon {
            self.waiting = None;
            return icon;
        }
        let waiting = self.wait(shown, icon, now);
        if waiting.due <= now {
            return self.change(icon, now);
        }
        self.waiting = Some(waiting);
        shown.icon
    }

    /// When the icon may change although nothing happens.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        self.waiting.map(|waiting| waiting.due)
    }

    fn change(&mut self, icon: Icon, now: Timestamp) -> Icon {
        let since = now;
        self.shown = Some(Shown { icon, since });
        self.waiting = None;
        icon
    }

    /// From when on `icon` was wanted, and when it is shown. Scanning that turns into syncing goes on waiting.
    fn wait(&self, shown: Shown, icon: Icon, now: Timestamp) -> Waiting {
        let same =
            |waiting: &Waiting| waiting.icon == icon || (waiting.icon.is_busy() && icon.is_busy());
        let since = self
            .waiting
            .filter(same)
            .map_or(now, |waiting| waiting.since.min(now));
        let due = if icon.is_loud() {
            now
        } else {
            let brief = shown.icon.is_loud() || shown.icon.is_busy() || icon.is_busy();
            let lasted = if brief { since + LASTS } else { since };
            lasted.max(shown.since + STAYS)
        };
        Waiting { icon, since, due }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(1_800_000_000_000 + millis)
    }

    /// What is shown at each of these times, when asked at them and at every deadline between.
    fn run(asked: &[(i64, Icon)]) -> Vec<(i64, Icon)> {
        let mut steady = Steady::default();
        let mut shown: Vec<(i64, Icon)> = Vec::new();
        let mut last = Icon::Starting;
        let mut note = |millis: i64, icon: Icon| {
            if shown.last().is_none_or(|(_, last)| *last != icon) {
                shown.push((millis, icon));
            }
        };
        for (millis, icon) in asked {
            while let Some(due) = steady.next_deadline().filter(|due| *due < at(*millis)) {
                note(due.as_millis() - at(0).as_millis(), steady.show(last, due));
            }
            last = *icon;
            note(*millis, steady.show(last, at(*millis)));
        }
        while let Some(due) = steady.next_deadline() {
            note(due.as_millis() - at(0).as_millis(), steady.show(last, due));
        }
        shown
    }

    #[test]
    fn moments_are_not_shown_and_bad_news_is() {
        use Icon::{Attention, Disconnected, Error, Paused, Scanning, Starting, Syncing, UpToDate};
        for (what, asked, shown) in [
            (
                "a scan of 200 ms",
                &[(0, UpToDate), (5000, Scanning), (5200, UpToDate)][..],
                &[(0, UpToDate)][..],
            ),
            (
                "a scan of two seconds",
                &[(0, UpToDate), (5000, Scanning), (7000, UpToDate)],
                &[(0, UpToDate), (5600, Scanning), (7600, UpToDate)],
            ),
            (
                "a pause in syncing",
                &[(0, Syncing), (5000, UpToDate), (5300, Syncing)],
                &[(0, Syncing)],
            ),
            (
                "scanning that turns into syncing",
                &[(0, UpToDate), (5000, Scanning), (5400, Syncing)],
                &[(0, UpToDate), (5600, Syncing)],
            ),
            (
                "bad news at once, and gone when it stays gone",
                &[
                    (0, UpToDate),
                    (10, Disconnected),
                    (20, Error),
                    (5000, UpToDate),
                    (5500, Attention),
                    (9000, UpToDate),
                ],
                &[
                    (0, UpToDate),
                    (10, Disconnected),
                    (20, Error),
                    (5500, Attention),
                    (9600, UpToDate),
                ],
            ),
            (
                "pausing answers the click",
                &[(0, Starting), (3000, UpToDate), (6000, Paused)],
                &[(0, Starting), (3000, UpToDate), (6000, Paused)],
            ),
            (
                "a first answer that comes at once",
                &[(0, Starting), (40, UpToDate)],
                &[(0, Starting), (1000, UpToDate)],
            ),
        ] {
            assert_eq!(run(asked), shown, "{what}");
        }
    }

    #[test]
    fn a_clock_that_is_set_back_holds_nothing_up() {
        let mut steady = Steady::default();
        steady.show(Icon::UpToDate, at(0));
        steady.show(Icon::Syncing, at(5000));
        steady.show(Icon::Syncing, at(-3_600_000));
        let due = steady.next_deadline().expect("a deadline");
        assert!(due <= at(-3_600_000) + STAYS, "{due}");
        assert_eq!(steady.show(Icon::Syncing, due), Icon::Syncing);
    }

    proptest! {
        #[test]
        fn quiet_changes_are_few_and_loud_ones_at_once(
            steps in prop::collection::vec((1i64..400, 0usize..Icon::ALL.len()), 1..200)
        ) {
            let mut millis = 0;
            let mut asked = Vec::new();
            for (later, icon) in steps {
                millis += later;
                asked.push((millis, Icon::ALL[icon]));
            }
            let shown = run(&asked);
            let into_quiet: Vec<i64> = shown
                .iter()
                .filter(|(_, icon)| !icon.is_loud())
                .map(|(millis, _)| *millis)
                .collect();
            prop_assert!(into_quiet.windows(2).all(|two| two[1] - two[0] >= 1000), "{shown:?}");
            let (_, last) = asked[asked.len() - 1];
            prop_assert_eq!(shown[shown.len() - 1].1, last, "what stays is shown in the end");
            for (millis, icon) in asked.iter().filter(|(_, icon)| icon.is_loud()) {
                let then = shown.iter().rfind(|(time, _)| time <= millis);
                let same_moment = shown.iter().any(|(time, shown)| time == millis && shown == icon);
                prop_assert!(same_moment || then.is_some_and(|(_, shown)| shown == icon));
            }
        }
    }
}
