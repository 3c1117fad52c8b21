//! Lets only so many instances begin to connect at one time: at a start, after a sleep and on another network all of
//! them want to at once.
//!
//! Invariant: whoever hangs stands in nobody's way: after [`LONGEST`] its place goes to the next one, though it still
//! tries. So may many, but not all: where this computer itself is too slow, more of them would only make it slower.

use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout};

/// Connections that may be young at one time. A handshake keeps a processor busy for about a millisecond.
pub const AT_ONCE: usize = 16;
/// How long a connection counts as young unless the service's state is known before.
pub const LONGEST: Duration = Duration::from_millis(500);
/// Those that may hang at one time before they are in the way.
pub const OVERDUE: usize = 64;
/// A crowd is spread over so much time for each that waits: neighbours in the config are often one computer.
const SPREAD: Duration = Duration::from_millis(1);

/// The gate of one engine; clones share it.
#[derive(Clone, Debug)]
pub struct Gate {
    places: Arc<Semaphore>,
    overdue: Arc<Semaphore>,
    waiting: Arc<AtomicU64>,
}

impl Default for Gate {
    fn default() -> Self {
        Self::new(AT_ONCE, OVERDUE)
    }
}

impl Gate {
    /// One for something else than connections.
    pub fn new(at_once: usize, overdue: usize) -> Self {
        Self {
            places: Arc::new(Semaphore::new(at_once)),
            overdue: Arc::new(Semaphore::new(overdue)),
            waiting: Arc::default(),
        }
    }

    /// What `work` comes to, once it is its turn.
    pub async fn outcome<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let mut outcome = None;
        self.pass(0, |_| async { outcome = Some(work.await) }).await;
        outcome
    }

    /// Does `attempt` when it is its turn. `seed` decides where in a crowd that is; without a crowd it is now.
    pub async fn pass<F: Future<Output = ()>>(&self, seed: u64, attempt: impl FnOnce(Entry) -> F) {
        let entry = self.enter(seed).await;
        let mut attempt = pin!(attempt(entry.clone()));
        if timeout(LONGEST, &mut attempt).await.is_ok() {
            return;
        }
        tokio::select! {
            () = &mut attempt => {}
            seat = Arc::clone(&self.overdue).acquire_owned() => {
                entry.moves_to(seat.ok());
                attempt.await;
            }
        }
    }

    async fn enter(&self, seed: u64) -> Entry {
        if let Ok(place) = Arc::clone(&self.places).try_acquire_owned() {
            return Entry::of(place);
        }
        let crowd = Crowd::join(&self.waiting);
        let slot = seed.checked_rem(crowd.size).unwrap_or(0);
        sleep(SPREAD.saturating_mul(u32::try_from(slot).unwrap_or(0))).await;
        match Arc::clone(&self.places).acquire_owned().await {
            Ok(place) => Entry::of(place),
            // Never closed; if it were, nobody would be kept out.
            Err(_) => Entry::default(),
        }
    }
}

/// A place at the gate, until the service's state is known. The default holds none.
#[derive(Clone, Debug, Default)]
pub struct Entry(Arc<Mutex<Option<OwnedSemaphorePermit>>>);

impl Entry {
    fn of(place: OwnedSemaphorePermit) -> Self {
        Self(Arc::new(Mutex::new(Some(place))))
    }

    /// The next one may.
    pub fn leave(&self) {
        self.moves_to(None);
    }

    /// Another place is enough, unless it left before.
    fn moves_to(&self, place: Option<OwnedSemaphorePermit>) {
        let mut own = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *own = own.take().and(place);
    }
}

/// One of those that wait, as long as it lives.
struct Crowd {
    waiting: Arc<AtomicU64>,
    size: u64,
}

impl Crowd {
    fn join(waiting: &Arc<AtomicU64>) -> Self {
        Self {
            size: waiting.fetch_add(1, Ordering::Relaxed) + 1,
            waiting: Arc::clone(waiting),
        }
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        self.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::pending;
    use tokio::sync::mpsc;
    use tokio::task::JoinSet;
    use tokio::time::Instant;

    /// Starts `number` attempts; each tells its number when its turn comes, and then lasts.
    fn crowd<F>(number: u64, last: fn() -> F) -> (JoinSet<()>, mpsc::UnboundedReceiver<u64>)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let (turn, turns) = mpsc::unbounded_channel();
        let gate = Gate::default();
        let mut attempts = JoinSet::new();
        for seed in 0..number {
            let (gate, turn) = (gate.clone(), turn.clone());
            attempts.spawn(async move {
                let attempt = |entry: Entry| async move {
                    let _ = turn.send(seed);
                    last().await;
                    entry.leave();
                };
                gate.pass(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15), attempt)
                    .await;
            });
        }
        (attempts, turns)
    }

    #[tokio::test(start_paused = true)]
    async fn a_crowd_comes_in_no_more_than_so_many_at_once() {
        let (attempts, mut turns) = crowd(200, || sleep(Duration::from_millis(100)));
        let begin = Instant::now();
        let mut order = Vec::new();
        let mut at = Vec::new();
        while let Some(turn) = turns.recv().await {
            order.push(turn);
            at.push(Instant::now() - begin);
        }
        attempts.join_all().await;
        let of_one_time = |time: &Duration| at.iter().filter(|other| *other == time).count();
        assert_eq!(order.len(), 200);
        assert!(at.iter().map(of_one_time).max() <= Some(AT_ONCE));
        let in_line: Vec<u64> = (0..200).collect();
        assert_ne!(order, in_line, "neighbours are spread");
        assert_eq!(order.get(..AT_ONCE), in_line.get(..AT_ONCE));
    }

    #[tokio::test(start_paused = true)]
    async fn those_that_hang_delay_nobody_for_long() {
        let (attempts, mut turns) = crowd(50, pending);
        let begin = Instant::now();
        for _ in 0..50 {
            turns.recv().await;
        }
        // Four times sixteen of them, and the spread of a crowd of 34.
        assert!(begin.elapsed() <= LONGEST * 4);
        assert_eq!(attempts.len(), 50, "each of them still tries");
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_than_so_many_hang() {
        let (attempts, mut turns) = crowd(200, pending);
        sleep(Duration::from_secs(600)).await;
        let mut began = 0;
        while turns.try_recv().is_ok() {
            began += 1;
        }
        assert_eq!(began, AT_ONCE + OVERDUE);
        drop(attempts);
    }

    #[tokio::test(start_paused = true)]
    async fn alone_nobody_waits() {
        let gate = Gate::default();
        let begin = Instant::now();
        for seed in 0..100 {
            gate.pass(seed, |_| async {}).await;
        }
        assert_eq!(begin.elapsed(), Duration::ZERO);
    }
}
