//! What waits for a hook: bounded, and it knows what did not fit.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

use crate::core::happening::Happening;

/// Of one delivery. More at once tells nobody anything.
const MOST: usize = 100;

/// Shared by who fills it and who empties it.
#[derive(Clone, Debug, Default)]
pub(super) struct Queue {
    waiting: Arc<Mutex<Batch>>,
    filled: Arc<Notify>,
}

/// What goes out at once.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Batch {
    /// Oldest first.
    pub(super) events: VecDeque<Happening>,
    /// How many older ones did not fit, or were never heard of.
    pub(super) left_out: u64,
}

impl Queue {
    pub(super) fn push(&self, event: Happening) {
        self.change(|batch| {
            batch.events.push_back(event);
            batch.cut();
        });
    }

    /// Events that nobody heard of.
    pub(super) fn missed(&self, number: u64) {
        self.change(|batch| batch.left_out += number);
    }

    /// What could not be delivered is the oldest again.
    pub(super) fn give_back(&self, mut older: Batch) {
        self.change(|batch| {
            older.events.append(&mut batch.events);
            older.left_out += batch.left_out;
            *batch = older;
            batch.cut();
        });
    }

    pub(super) fn take(&self) -> Batch {
        std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Waits until there is something to take.
    pub(super) async fn filled(&self) {
        loop {
            let rung = self.filled.notified();
            if !self.is_empty() {
                return;
            }
            rung.await;
        }
    }

    fn is_empty(&self) -> bool {
        let batch = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        batch.events.is_empty() && batch.left_out == 0
    }

    fn change(&self, change: impl FnOnce(&mut Batch)) {
        change(&mut self.waiting.lock().unwrap_or_else(PoisonError::into_inner));
        self.filled.notify_one();
    }
}

impl Batch {
    /// Those that there is no room for included.
    pub(super) fn number(&self) -> u64 {
        self.events.len() as u64 + self.left_out
    }

    fn cut(&mut self) {
        while self.events.len() > MOST {
            self.events.pop_front();
            self.left_out += 1;
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::core::occasion::Occasion;
    use crate::core::{Kind, LinkState, Timestamp};

    pub(in crate::outlets::hooks) fn event(second: i64) -> Happening {
        Happening {
            event: Occasion::Loud,
            time: Timestamp::from_secs(second),
            instance: "nas".into(),
            kind: Kind::Syncthing,
            url: String::new(),
            state: LinkState::Disconnected,
            message: String::new(),
            hint: String::new(),
            served: None,
            pinned: None,
        }
    }

    fn seconds(batch: &Batch) -> Vec<i64> {
        let times = batch
            .events
            .iter()
            .map(|event| event.time.as_millis() / 1000);
        times.collect()
    }

    #[tokio::test]
    async fn the_newest_stay_and_the_others_are_counted() {
        let queue = Queue::default();
        for second in 0..105 {
            queue.push(event(second));
        }
        queue.missed(3);
        queue.filled().await;
        let batch = queue.take();
        assert_eq!((batch.events.len(), batch.left_out), (MOST, 8));
        assert_eq!(seconds(&batch).first(), Some(&5));
        assert_eq!(queue.take(), Batch::default());
    }

    #[test]
    fn what_comes_back_goes_first() {
        let queue = Queue::default();
        queue.push(event(1));
        let mut batch = queue.take();
        batch.left_out = 2;
        queue.push(event(2));
        queue.give_back(batch);
        let batch = queue.take();
        assert_eq!((seconds(&batch), batch.left_out), (vec![1, 2], 2));
    }
}
