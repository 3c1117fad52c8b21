//! Where we are in the server's events.
//!
//! Invariant: pure. IDs count up by one within a subscription, begin at 1 with the server's process,
//! and the server drops the oldest of a thousand (lib/events/events.go bufferedSubscription).

use super::wire::Event;

/// The ID of the last event that was taken in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cursor(u64);

/// What a batch says of those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Nothing was missed.
    Whole,
    /// Events were dropped, or the server counts anew: only a new snapshot is right.
    Broken,
}

impl Cursor {
    /// A cursor at the newest of some events.
    pub fn at(events: &[Event]) -> Self {
        Self(events.last().map_or(0, |event| event.id))
    }

    /// The ID to ask from.
    pub fn since(self) -> u64 {
        self.0
    }

    /// Moves past a batch.
    pub fn pass(&mut self, batch: &[Event]) -> Order {
        let mut order = Order::Whole;
        for event in batch {
            if event.id != self.0.saturating_add(1) {
                order = Order::Broken;
            }
            self.0 = event.id;
        }
        order
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(ids: &[u64]) -> Vec<Event> {
        let event = |id: &u64| Event {
            id: *id,
            ..Event::default()
        };
        ids.iter().map(event).collect()
    }

    #[test]
    fn only_an_unbroken_row_is_whole() {
        for (at, ids, order, since) in [
            (0, vec![], Order::Whole, 0),
            (0, vec![1, 2, 3], Order::Whole, 3),
            (41, vec![42], Order::Whole, 42),
            (41, vec![43], Order::Broken, 43),
            (41, vec![42, 44], Order::Broken, 44),
            (41, vec![1], Order::Broken, 1),
            (41, vec![41], Order::Broken, 41),
            (41, vec![43, 42], Order::Broken, 42),
        ] {
            let mut cursor = Cursor(at);
            assert_eq!(cursor.pass(&batch(&ids)), order, "{at} {ids:?}");
            assert_eq!(cursor.since(), since, "{at} {ids:?}");
        }
    }
}
