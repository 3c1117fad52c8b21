//! Writes the state file beside the loop: waiting for a disk must not delay what is shown.
//!
//! Invariant: one write at a time, and the newest state is written last. At the end it is waited for, but not for ever.

use std::path::Path;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::timeout;
use tracing::warn;

use crate::core::Effect;
use crate::engine::known::{Kept, Known};
use crate::engine::state_file::StateFile;

/// How long the end of the engine waits for a disk.
pub(super) const LONGEST: Duration = Duration::from_secs(3);

pub(super) struct Saving {
    state: StateFile,
    writing: Option<JoinHandle<()>>,
}

impl Saving {
    /// Reads the state file. With `keep` false it is never written.
    pub(super) fn open(path: &Path, keep: bool) -> Self {
        Self {
            state: StateFile::open(path, keep),
            writing: None,
        }
    }

    pub(super) fn known(&self) -> &Known {
        self.state.known()
    }

    /// What is changed is written with the next [`Self::save`].
    pub(super) fn known_mut(&mut self) -> &mut Known {
        self.state.known_mut()
    }

    /// The same, where it may well be that nothing changes.
    pub(super) fn revise<T>(&mut self, change: impl FnOnce(&mut Known) -> T) -> T {
        let mut known = self.known().clone();
        let told = change(&mut known);
        if known != *self.known() {
            *self.known_mut() = known;
        }
        told
    }

    /// Keeps what the core wants kept for the next run.
    pub(super) fn keep(&mut self, effect: Effect) {
        match effect {
            Effect::Remember {
                instance,
                remembered,
            } => self.change(&instance, |kept| kept.remembered = remembered),
            Effect::KeepAccepted { instance, pin } => {
                self.change(&instance, |kept| kept.accepted = pin);
            }
            Effect::KeepHolds { instance, holds } => {
                self.change(&instance, |kept| kept.holds = holds);
            }
            Effect::KeepExpected { instance, expected } => {
                self.change(&instance, |kept| kept.expected = expected);
            }
            Effect::KeepPaused { instance, paused } => {
                self.change(&instance, |kept| kept.paused = paused);
            }
            _ => {}
        }
    }

    fn change(&mut self, instance: &str, change: impl FnOnce(&mut Kept)) {
        self.known_mut().change(instance, change);
    }

    /// Starts to write what changed, unless a write is under way; then it follows.
    pub(super) fn save(&mut self) {
        if self.writing.is_some() {
            return;
        }
        if let Some(save) = self.state.to_save() {
            self.writing = Some(tokio::task::spawn_blocking(|| save.write()));
        }
    }

    /// Ends when a write did; never when there is none. May be cancelled.
    pub(super) async fn saved(&mut self) {
        match &mut self.writing {
            // A write that panicked has said so itself.
            Some(writing) => drop(writing.await),
            None => std::future::pending().await,
        }
        self.writing = None;
    }

    /// Writes what is left.
    pub(super) async fn finish(&mut self) {
        let written = timeout(LONGEST, async {
            while self.writing.is_some() {
                self.saved().await;
                self.save();
            }
        });
        if written.await.is_err() {
            warn!("what is remembered could not be written in time; the last changes may be lost");
        }
    }
}
