//! Tells at once when a file may have changed, however it was changed: rewritten, replaced, moved,
//! reached through swapped symlinks, or created together with its directories.
//!
//! Invariant: this module never reads the content of a file, and never turns reading into a change.

mod backend;
mod happening;
mod hub;
mod plan;
mod table;
#[cfg(test)]
mod tests;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use hub::Hub;

/// Something happened to a path of a [`Subscription`]. The path is the one that was subscribed to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Touch {
    /// Its content may have changed: read it again. May come more than once for one change.
    Changed(PathBuf),
    /// Somebody opened the file, the reader of this process included (Linux only). The content did not change.
    Opened(PathBuf),
}

/// How far changes are noticed by themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Every path is watched.
    Events,
    /// Some paths are not, and only a timed re-read notices their changes; why, in words.
    Timed { why: String },
}

/// One watcher for the whole process: one descriptor and one thread, whatever the number of paths.
#[derive(Clone)]
pub struct Watcher {
    hub: Arc<Hub>,
}

/// Paths being watched, until this is dropped.
pub struct Subscription {
    hub: Arc<Hub>,
    id: u64,
}

impl Watcher {
    /// A watcher. Never fails: where the system has no watches left, [`Self::mode`] says so.
    pub fn new() -> Self {
        Self::with(Box::new(backend::system))
    }

    /// Watches `paths`, which need not exist. `touched` is called on the watcher's own thread: it must
    /// be quick, and must not subscribe. Read the files after this returns, not before.
    pub fn subscribe(
        &self,
        paths: Vec<PathBuf>,
        touched: impl Fn(Touch) + Send + 'static,
    ) -> Subscription {
        Subscription {
            id: self.hub.subscribe(paths, Box::new(touched)),
            hub: Arc::clone(&self.hub),
        }
    }

    /// Whether a timed re-read is all that is left for some path.
    pub fn mode(&self) -> Mode {
        self.hub.mode()
    }

    /// Looks again at every path: retries watches that failed, and finds directories that were
    /// replaced without a sign. To be called every ten seconds or so; reads directories, never files.
    pub fn refresh(&self) {
        self.hub.refresh();
    }

    fn with(make: backend::Make) -> Self {
        Self {
            hub: Hub::new(make),
        }
    }
}

impl Default for Watcher {
    fn default() -> Self {
        Self::new()
    }
}

impl Subscription {
    /// Every change of its paths is noticed by itself; else only a timed re-read is left.
    pub fn is_complete(&self) -> bool {
        self.hub.is_complete(self.id)
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.hub.unsubscribe(self.id);
    }
}

impl fmt::Debug for Watcher {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Watcher").finish_non_exhaustive()
    }
}

impl fmt::Debug for Subscription {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_tuple("Subscription")
            .field(&self.id)
            .finish()
    }
}
