//! How fast data was transferred lately, for a sparkline. A rate holds until the next one is told.

use std::collections::VecDeque;
use std::time::Duration;

use crate::core::Timestamp;
use crate::core::service::Rates;

/// What one column stands for: Syncthing is asked for its rates as often while data moves.
const COLUMN: Duration = Duration::from_secs(5);
/// No sparkline is wider than this many columns of time.
const LONGEST: Duration = Duration::from_secs(5 * 300);

/// The rates of one instance, oldest first.
#[derive(Clone, Debug, Default)]
pub(super) struct History {
    points: VecDeque<(Timestamp, Rates)>,
}

impl History {
    /// From `time` on it is this.
    pub(super) fn note(&mut self, time: Timestamp, rates: Rates) {
        if self.points.back().is_some_and(|(_, last)| *last == rates) {
            return;
        }
        self.points.push_back((time, rates));
        // The last one before the time that is shown still holds within it.
        while let Some((second, _)) = self.points.get(1)
            && time.since(*second) > LONGEST
        {
            self.points.pop_front();
        }
    }

    /// The highest rate within each of the last `columns` columns, the newest one last.
    pub(super) fn columns(
        &self,
        now: Timestamp,
        columns: usize,
        of: impl Fn(&Rates) -> u64,
    ) -> Vec<u64> {
        let mut heights = vec![0; columns];
        let mut end = now;
        let mut points = self.points.iter().rev().peekable();
        for height in heights.iter_mut().rev() {
            let start = end - COLUMN;
            while let Some((time, rates)) = points.peek() {
                if *time < end || end == now {
                    *height = of(rates).max(*height);
                }
                if *time <= start {
                    break;
                }
                points.next();
            }
            end = start;
        }
        heights
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_holds_until_the_next_one() {
        let mut history = History::default();
        let time = Timestamp::from_secs;
        let receiving = |in_bps| Rates { in_bps, out_bps: 0 };
        let shown = |history: &History, now| history.columns(time(now), 6, |rates| rates.in_bps);
        assert_eq!(shown(&history, 100), [0; 6]);
        history.note(time(100), receiving(7));
        assert_eq!(shown(&history, 100), [0, 0, 0, 0, 0, 7]);
        history.note(time(112), receiving(9));
        history.note(time(113), receiving(3));
        history.note(time(114), receiving(3));
        assert_eq!(shown(&history, 120), [0, 0, 7, 7, 9, 3]);
        history.note(time(121), receiving(0));
        assert_eq!(shown(&history, 200), [0; 6]);
        assert_eq!(shown(&history, 125), [0, 7, 7, 9, 3, 3]);
    }

    #[test]
    fn it_is_bounded() {
        let mut history = History::default();
        for second in 0..100_000 {
            let out_bps = u64::try_from(second).unwrap_or_default();
            history.note(Timestamp::from_secs(second), Rates { in_bps: 0, out_bps });
        }
        assert!(history.points.len() <= 1502, "{}", history.points.len());
    }
}
