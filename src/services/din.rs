//! Has those that tell without end be heard less often while there are many of them: all others are to be heard at once.
//!
//! Invariant: whoever tells something now and then is never put off; nothing is lost, as a server keeps its events.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Tellings of all together within a [`SPAN`] that one thread takes in without a delay that anybody notices.
const BEARABLE: u32 = 20;
const SPAN: Duration = Duration::from_millis(100);
/// Who told something so often in a row, without a [`PAUSE`], tells without end.
const LOUD: u32 = 10;
const PAUSE: Duration = Duration::from_secs(1);
/// How long such a one is not listened to.
const REST: Duration = Duration::from_millis(250);

/// What all instances of one engine tell; clones share it.
#[derive(Clone, Debug, Default)]
pub struct Din(Arc<Mutex<Span>>);

/// The tellings since a time, and in the span before.
#[derive(Debug, Default)]
struct Span {
    since: Option<Instant>,
    count: u32,
    before: u32,
}

/// One of those who tell. The default is alone.
#[derive(Clone, Debug, Default)]
pub struct Teller {
    din: Din,
    last: Option<Instant>,
    in_a_row: u32,
}

impl Din {
    /// One more who tells.
    pub fn teller(&self) -> Teller {
        Teller {
            din: self.clone(),
            last: None,
            in_a_row: 0,
        }
    }

    /// Counts a telling; whether there are too many.
    fn rises(&self, now: Instant) -> bool {
        let mut span = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let spans = span
            .since
            .map(|since| (now - since).as_millis() / SPAN.as_millis());
        if spans != Some(0) {
            *span = Span {
                since: Some(now),
                count: 0,
                before: if spans == Some(1) { span.count } else { 0 },
            };
        }
        span.count += 1;
        span.count.max(span.before) > BEARABLE
    }
}

impl Teller {
    /// It told something. How long it is not to be listened to, where it tells without end among many.
    pub fn told(&mut self, now: Instant) -> Option<Duration> {
        let goes_on = self.last.is_some_and(|last| now - last < PAUSE);
        self.last = Some(now);
        self.in_a_row = match goes_on {
            true => self.in_a_row.saturating_add(1),
            false => 1,
        };
        (self.din.rises(now) && self.in_a_row > LOUD).then_some(REST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each of so many tells every so often, as long as it is listened to; how often all told, and were put off, in 10 s.
    fn tellings(tellers: u32, every: Duration) -> (u32, u32) {
        let begin = Instant::now();
        let din = Din::default();
        let mut tellers: Vec<_> = (0..tellers).map(|_| (din.teller(), begin)).collect();
        let (mut told, mut put_off) = (0, 0);
        for millisecond in 0..10_000 {
            let now = begin + Duration::from_millis(millisecond);
            for (teller, due) in &mut tellers {
                if *due <= now {
                    let rest = teller.told(now);
                    told += 1;
                    put_off += u32::from(rest.is_some());
                    *due = now + every + rest.unwrap_or_default();
                }
            }
        }
        (told, put_off)
    }

    #[tokio::test]
    async fn one_alone_is_heard_however_much_it_tells() {
        assert_eq!(tellings(1, Duration::from_millis(20)), (500, 0));
    }

    #[tokio::test]
    async fn many_that_tell_without_end_are_heard_less_often() {
        let (told, put_off) = tellings(33, Duration::from_millis(20));
        assert!(told < 3500 && put_off > 0, "{told} of 16500");
    }

    #[tokio::test]
    async fn who_tells_now_and_then_is_never_put_off() {
        let din = Din::default();
        let (mut loud, mut quiet) = (din.teller(), din.teller());
        let begin = Instant::now();
        let rests: Vec<_> = (0..1000).map(|_| loud.told(begin)).collect();
        assert!(rests.iter().any(Option::is_some));
        for second in 0..20 {
            let now = begin + PAUSE * second;
            assert_eq!(quiet.told(now), None);
        }
    }
}
