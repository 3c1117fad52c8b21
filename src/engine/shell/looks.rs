//! The timed look at what no file event told: a lost watch, a network file system, a sleep.
//!
//! Invariant: the loop itself touches no disk; a disk that does not answer keeps a thread busy, and its own files unseen.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tracing::warn;

use super::Shell;
use super::note::Note;
use crate::core::RetryCause;
use crate::engine::stamp::Stamp;
use crate::watch::Mode;

/// Between two ticks while something is missing, or not watched.
const SOON: Duration = Duration::from_secs(10);
/// Between two when all is well. Elsewhere than on Linux nothing else tells of a sleep.
const CALM: Duration = match cfg!(target_os = "linux") {
    true => Duration::from_secs(60),
    false => SOON,
};
/// So often everything is looked at even where every file is watched.
const EVERYTHING: Duration = Duration::from_secs(60);
/// No more looks than this wait for disks at one time.
const MOST: usize = 4;

/// What the looks of one engine know of each other.
#[derive(Debug, Default)]
pub(super) struct Looks {
    /// Since everything was looked at.
    passed: Duration,
    /// Some files are not watched.
    timed: bool,
    /// No place is missing that is looked for again at every tick.
    complete: bool,
    /// What was said last about file watches that the system refused.
    trouble: Option<String>,
    under_way: Arc<Mutex<UnderWay>>,
}

/// Directories that are being looked into just now, or for ever.
#[derive(Debug, Default)]
struct UnderWay {
    looks: usize,
    directories: BTreeSet<PathBuf>,
}

/// A trust file, and what it looked like when it was read.
struct Known {
    instance: String,
    path: PathBuf,
    stamp: Option<Stamp>,
}

impl Looks {
    /// From one tick to the next.
    pub(super) fn period(&self) -> Duration {
        match self.complete && !self.timed {
            true => CALM,
            false => SOON,
        }
    }

    /// A place was not found.
    pub(super) fn misses(&mut self) {
        self.complete = false;
    }
}

impl Shell {
    pub(super) fn look_again(&mut self) {
        self.looks.passed += self.looks.period();
        self.sign(RetryCause::Resumed);
        let unresolved = self
            .runtimes
            .iter()
            .filter(|(_, runtime)| runtime.is_unresolved && !runtime.runs_a_command());
        let unresolved: Vec<String> = unresolved.map(|(name, _)| name.clone()).collect();
        self.looks.complete = unresolved.is_empty();
        for name in unresolved {
            self.resolve(name);
        }
        let due = self.looks.timed || self.looks.passed >= EVERYTHING;
        if !due || lock(&self.looks.under_way).looks >= MOST {
            return;
        }
        self.looks.passed = Duration::ZERO;
        self.common.tls.read_anew();
        let known = self.runtimes.iter().filter_map(|(name, runtime)| {
            Some(Known {
                instance: name.clone(),
                path: runtime.trust_file()?,
                stamp: runtime.stamp().cloned(),
            })
        });
        let known: Vec<Known> = known.collect();
        let (watcher, notes) = (self.watcher.clone(), self.notes.0.clone());
        let under_way = Arc::clone(&self.looks.under_way);
        lock(&under_way).looks += 1;
        tokio::task::spawn_blocking(move || {
            let moved = moved(known, &under_way);
            watcher.refresh();
            let mode = watcher.mode();
            lock(&under_way).looks -= 1;
            let _ = notes.send(Note::Looked { moved, mode });
        });
    }

    /// Reads what moved, and says once when files are not watched: changes are then noticed some seconds later.
    pub(super) fn looked(&mut self, moved: Vec<String>, mode: Mode) {
        for instance in moved {
            self.trust_file_changed(instance);
        }
        let trouble = match mode {
            Mode::Events => None,
            Mode::Timed { why } => Some(why),
        };
        self.looks.timed = trouble.is_some();
        if let Some(why) = trouble.as_ref().filter(|_| trouble != self.looks.trouble) {
            warn!("some files are not watched but looked at every few seconds: {why}");
        }
        self.looks.trouble = trouble;
    }
}

/// The instances whose trust file may have changed since it was read.
fn moved(known: Vec<Known>, under_way: &Mutex<UnderWay>) -> Vec<String> {
    let mut moved = Vec::new();
    for known in known {
        let directory = known.path.parent().unwrap_or(Path::new("")).to_owned();
        if !lock(under_way).directories.insert(directory.clone()) {
            continue;
        }
        let stamp = Stamp::of(&known.path);
        lock(under_way).directories.remove(&directory);
        if stamp != known.stamp {
            moved.push(known.instance);
        }
    }
    moved
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
