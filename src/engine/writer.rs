//! Writes on a thread of its own, in order: whoever has something to write never waits for a disk, a pipe or a terminal.
//!
//! Invariant: what waits is bounded. What finds no room is left out and counted, and the count follows what was taken
//! before it. The thread is there only while there is something to write, and a moment longer.

use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::Builder;
use std::time::Duration;

/// What comes within this time needs no new thread.
const LINGER: Duration = Duration::from_secs(1);

/// Where it is written to; may take its time.
pub trait Sink<T>: Send + 'static {
    /// Writes this.
    fn write(&mut self, item: T);

    /// So many found no room after the last one that was written.
    fn left_out(&mut self, count: u64);
}

/// Takes what is to be written; clones share the thread.
pub struct Writer<T>(Arc<Shared<T>>);

struct Shared<T> {
    name: &'static str,
    limit: usize,
    queue: Mutex<Queue<T>>,
    changed: Condvar,
    sink: Mutex<Box<dyn Sink<T>>>,
}

struct Queue<T> {
    items: Vec<T>,
    weight: usize,
    left_out: u64,
    /// There is a thread.
    at_work: bool,
    /// It writes what it took.
    writing: bool,
}

impl<T: Send + 'static> Writer<T> {
    /// Writes to `sink`, on a thread called `name`; what weighs more than `limit` together does not wait there.
    pub fn new(name: &'static str, limit: usize, sink: impl Sink<T>) -> Self {
        Self(Arc::new(Shared {
            name,
            limit,
            queue: Mutex::new(Queue {
                items: Vec::new(),
                weight: 0,
                left_out: 0,
                at_work: false,
                writing: false,
            }),
            changed: Condvar::new(),
            sink: Mutex::new(Box::new(sink)),
        }))
    }

    /// Has it written, where there is room for it.
    pub fn put(&self, item: T, weight: usize) {
        let shared = &self.0;
        let mut queue = shared.queue();
        // A single one that is too heavy has room all the same.
        if queue.left_out > 0 || (!queue.items.is_empty() && queue.weight + weight > shared.limit) {
            queue.left_out += 1;
        } else {
            queue.items.push(item);
            queue.weight += weight;
        }
        if queue.at_work {
            shared.changed.notify_all();
            return;
        }
        let work = Arc::clone(shared);
        let thread = Builder::new().name(shared.name.to_owned());
        // Where there is no thread now, the next one that comes tries again.
        queue.at_work = thread.spawn(move || work.work()).is_ok();
    }

    /// Waits until everything is written, but no longer than `limit`. False when something is not.
    pub fn finish(&self, limit: Duration) -> bool {
        let shared = &self.0;
        let queue = shared.queue();
        let waited = shared
            .changed
            .wait_timeout_while(queue, limit, |queue| !queue.is_done());
        let (queue, _) = waited.unwrap_or_else(PoisonError::into_inner);
        queue.is_done()
    }
}

impl<T> Queue<T> {
    fn is_empty(&self) -> bool {
        self.items.is_empty() && self.left_out == 0
    }

    fn is_done(&self) -> bool {
        self.is_empty() && !self.writing
    }
}

impl<T: 'static> Shared<T> {
    fn queue(&self) -> MutexGuard<'_, Queue<T>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self) {
        let mut sink = self.sink.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some((items, left_out)) = self.take() {
            items.into_iter().for_each(|item| sink.write(item));
            if left_out > 0 {
                sink.left_out(left_out);
            }
        }
    }

    /// All that waits; `None` when nothing has come for a while, and the thread is to end.
    fn take(&self) -> Option<(Vec<T>, u64)> {
        let mut queue = self.queue();
        queue.writing = false;
        self.changed.notify_all();
        let waited = self
            .changed
            .wait_timeout_while(queue, LINGER, |queue| queue.is_empty());
        let (mut queue, _) = waited.unwrap_or_else(PoisonError::into_inner);
        queue.at_work = !queue.is_empty();
        queue.writing = queue.at_work;
        queue.weight = 0;
        let taken = (
            std::mem::take(&mut queue.items),
            std::mem::take(&mut queue.left_out),
        );
        queue.writing.then_some(taken)
    }
}

impl<T> Clone for Writer<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> fmt::Debug for Writer<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = formatter.debug_struct("Writer");
        shown.field("name", &self.0.name).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::{Receiver, Sender, channel};

    /// Writes one number whenever it is let.
    struct Slow {
        lets: Receiver<()>,
        written: Sender<Result<u32, u64>>,
    }

    impl Sink<u32> for Slow {
        fn write(&mut self, item: u32) {
            let _ = self.lets.recv();
            let _ = self.written.send(Ok(item));
        }

        fn left_out(&mut self, count: u64) {
            let _ = self.written.send(Err(count));
        }
    }

    #[test]
    fn nobody_waits_and_what_has_no_room_is_counted_in_its_place() {
        let (lets, let_in) = channel();
        let (written, told) = channel();
        let writer = Writer::new(
            "slow",
            4,
            Slow {
                lets: let_in,
                written,
            },
        );
        writer.put(0, 1);
        lets.send(()).expect("it lives");
        assert_eq!(told.recv(), Ok(Ok(0)));
        // It takes this and hangs; of the next ones four find room.
        writer.put(1, 1);
        while !writer.0.queue().items.is_empty() {
            std::thread::yield_now();
        }
        (2..=10).for_each(|item| writer.put(item, 1));
        assert!(!writer.finish(Duration::ZERO));
        drop(lets);
        assert!(writer.finish(Duration::from_secs(60)));
        writer.put(11, 100);
        assert!(writer.finish(Duration::from_secs(60)));
        let told: Vec<_> = told.try_iter().collect();
        let rest = [Ok(1), Ok(2), Ok(3), Ok(4), Ok(5), Err(5), Ok(11)];
        assert_eq!(told, rest);
    }
}
