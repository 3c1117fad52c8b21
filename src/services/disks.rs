//! Reading beside the loop from disks that may not answer.
//!
//! Invariant: a reader waits for its disk with one thread at most, and all readers of one engine with so many; none
//! counts as free before its disk answered.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::Gate;

/// Readings that may be young at one time.
const AT_ONCE: usize = 8;
/// Those that may wait for a disk at one time before they are in the way. tokio has 512 threads.
const OVERDUE: usize = 256;
/// What is to be said of it.
pub const SILENT: &str = "its disk does not answer";
/// A disk that did not answer by then does not answer.
const LIMIT: Duration = Duration::from_secs(5);

/// The disks of one engine; clones share the bound.
#[derive(Clone, Debug)]
pub struct Disks(Gate);

impl Default for Disks {
    fn default() -> Self {
        Self(Gate::new(AT_ONCE, OVERDUE))
    }
}

impl Disks {
    /// What `work` comes to on a thread of its own, once it is its turn. Goes on when nobody waits for it any more;
    /// `None` when it panicked.
    pub async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        let gate = self.0.clone();
        let reading =
            tokio::spawn(async move { gate.outcome(async { spawn_blocking(work).await }).await });
        reading.await.ok()??.ok()
    }
}

/// Reads again and again, one thing at a time.
#[derive(Clone, Debug)]
pub struct DiskReader {
    disks: Disks,
    mine: Arc<Semaphore>,
}

impl Default for DiskReader {
    fn default() -> Self {
        Self::on(&Disks::default())
    }
}

impl DiskReader {
    /// One whose readings count among those of `disks`.
    pub fn on(disks: &Disks) -> Self {
        Self {
            disks: disks.clone(),
            mine: Arc::new(Semaphore::new(1)),
        }
    }

    /// What `work` comes to; `None` when its disk, or that of the reading before, did not answer for 5 s.
    pub async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        let reading = async {
            let mine = Arc::clone(&self.mine).acquire_owned().await.ok()?;
            let work = move || {
                let done = work();
                drop(mine);
                done
            };
            self.disks.read(work).await
        };
        timeout(LIMIT, reading).await.ok()?
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    #[tokio::test]
    async fn a_reading_that_hangs_keeps_one_thread_and_nobody_else() {
        let disks = Disks::default();
        let (stuck, fine) = (DiskReader::on(&disks), DiskReader::on(&disks));
        let (answer, disk) = mpsc::channel::<()>();
        let hanging = tokio::spawn({
            let stuck = stuck.clone();
            async move { stuck.read(move || disk.recv().is_ok()).await }
        });
        tokio::task::yield_now().await;
        assert_eq!(fine.read(|| 1).await, Some(1));
        let (begun, began) = mpsc::channel();
        let next = tokio::spawn(async move { stuck.read(move || begun.send(())).await });
        assert_eq!(fine.read(|| 2).await, Some(2));
        assert!(began.try_recv().is_err(), "one at a time");
        assert!(answer.send(()).is_ok());
        assert_eq!(hanging.await.expect("ends"), Some(true));
        assert_eq!(next.await.expect("ends"), Some(Ok(())));
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_too_long_is_told_and_its_thread_still_counts() {
        let reader = DiskReader::default();
        let (answer, disk) = mpsc::channel::<()>();
        let waiting = tokio::spawn({
            let reader = reader.clone();
            async move { reader.read(move || disk.recv().is_ok()).await }
        });
        tokio::task::yield_now().await;
        // A thread at work keeps a paused clock from going on by itself.
        tokio::time::advance(LIMIT).await;
        assert_eq!(waiting.await.expect("ends"), None);
        assert_eq!(reader.mine.available_permits(), 0);
        drop(answer);
        assert_eq!(reader.read(|| 3).await, Some(3));
    }
}
