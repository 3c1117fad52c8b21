//! One bound for all replies that are being read: each server may send much, but many together do not fill the memory.
//!
//! Invariant: who holds the most gives way, so that an honest reply is read while others send without end.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// Bytes of all bodies together: twice the largest that one may have.
const MOST: usize = 128 * 1024 * 1024;
/// A reply of so many bytes is never in the way of others.
const SMALL: usize = 256 * 1024;

/// Shared by the clients of one engine.
#[derive(Clone)]
pub(super) struct Budget {
    most: usize,
    readers: Arc<Mutex<Readers>>,
}

#[derive(Default)]
struct Readers {
    all: BTreeMap<u64, Reader>,
    next: u64,
    total: usize,
}

struct Reader {
    size: usize,
    gives_way: Arc<Notify>,
}

/// What one reply takes of it, until this is dropped.
pub(super) struct Share {
    budget: Budget,
    number: u64,
    gives_way: Arc<Notify>,
}

impl Default for Budget {
    fn default() -> Self {
        Self::of(MOST)
    }
}

impl Budget {
    fn of(most: usize) -> Self {
        let readers = Arc::default();
        Self { most, readers }
    }

    /// For a reply of which nothing was read yet.
    pub(super) fn share(&self) -> Share {
        let gives_way: Arc<Notify> = Arc::default();
        let mut readers = self.readers();
        let number = readers.next;
        readers.next += 1;
        let reader = Reader {
            size: 0,
            gives_way: Arc::clone(&gives_way),
        };
        readers.all.insert(number, reader);
        Share {
            budget: self.clone(),
            number,
            gives_way,
        }
    }

    fn readers(&self) -> MutexGuard<'_, Readers> {
        self.readers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Share {
    /// Takes so many bytes more. `false` when this reply is the one that must give way.
    pub(super) fn grow(&self, more: usize) -> bool {
        let mut readers = self.budget.readers();
        if let Some(reader) = readers.all.get_mut(&self.number) {
            reader.size += more;
            readers.total += more;
        }
        while readers.total > self.budget.most {
            let largest = readers.all.iter().max_by_key(|(_, reader)| reader.size);
            let Some((&number, reader)) = largest.filter(|(_, reader)| reader.size > SMALL) else {
                return true;
            };
            if number == self.number {
                return false;
            }
            reader.gives_way.notify_one();
            readers.forget(number);
        }
        true
    }

    /// Ends when another reply needs the room.
    pub(super) async fn gives_way(&self) {
        self.gives_way.notified().await;
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.budget.readers().forget(self.number);
    }
}

impl Readers {
    fn forget(&mut self, number: u64) {
        if let Some(reader) = self.all.remove(&number) {
            self.total -= reader.size;
        }
    }
}

impl fmt::Debug for Budget {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Budget(..)")
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    const MIB: usize = 1024 * 1024;

    #[test]
    fn many_that_send_without_end_leave_room_for_one_that_does_not() {
        let budget = Budget::of(64 * MIB);
        let rude: Vec<_> = (0..16).map(|_| budget.share()).collect();
        let honest = budget.share();
        let mut gone = vec![false; rude.len()];
        for round in 0..60 {
            for (share, gone) in rude.iter().zip(&mut gone) {
                *gone |= share.gives_way().now_or_never().is_some();
                *gone = *gone || !share.grow(MIB);
                if *gone {
                    budget.readers().forget(share.number);
                }
            }
            if round < 3 {
                assert!(honest.grow(MIB));
            }
            assert!(budget.readers().total <= 64 * MIB);
            assert!(honest.gives_way().now_or_never().is_none());
        }
        assert!(gone.iter().filter(|gone| **gone).count() >= 15);
        drop((rude, honest));
        let readers = budget.readers();
        assert!(readers.total == 0 && readers.all.is_empty());
    }

    #[test]
    fn small_replies_are_never_in_the_way() {
        let budget = Budget::of(MIB);
        let many: Vec<_> = (0..100).map(|_| budget.share()).collect();
        for share in &many {
            assert!(share.grow(SMALL));
        }
        let large = budget.share();
        assert!(!large.grow(2 * SMALL));
    }
}
