//! A server that is asked too often at once, as in a first look at everything, is asked more slowly.

use std::time::Duration;

use crate::core::{Class, Fault};

/// The first pause, where the server names none; the next ones are twice as long each.
const FIRST: Duration = Duration::from_secs(1);
/// One that it names is waited for within a request up to this; a longer one ends the session.
const LONGEST: Duration = Duration::from_secs(10);
/// In all for one request.
const ALL: Duration = Duration::from_secs(20);

/// The pauses of one request so far.
#[derive(Debug, Default)]
pub(super) struct Pauses {
    waited: Duration,
    number: u32,
}

impl Pauses {
    /// How long to wait before the request is made again; `None` where the fault counts.
    pub(super) fn after(&mut self, fault: &Fault) -> Option<Duration> {
        if fault.class != Class::TooManyRequests {
            return None;
        }
        let pause = match fault.retry_after {
            Some(seconds) => Duration::from_secs(seconds.into()).max(FIRST),
            None => FIRST * 2_u32.saturating_pow(self.number),
        };
        self.number += 1;
        self.waited += pause;
        (pause <= LONGEST && self.waited <= ALL).then_some(pause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_a_while_and_then_gives_up() {
        let busy = |retry_after| Fault {
            retry_after,
            ..Fault::new(Class::TooManyRequests)
        };
        let mut pauses = Pauses::default();
        let mut pause = |wanted| pauses.after(&busy(wanted)).map(|pause| pause.as_secs());
        assert_eq!([pause(None), pause(None), pause(None)], [1, 2, 4].map(Some));
        assert_eq!([pause(Some(0)), pause(Some(9))], [Some(1), Some(9)]);
        assert_eq!(pause(None), None);
        assert_eq!(Pauses::default().after(&busy(Some(60))), None);
        assert_eq!(Pauses::default().after(&Fault::new(Class::Lost)), None);
    }
}
