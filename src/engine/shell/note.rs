//! What the shell tells itself; unlike an event it may carry a secret.
//!
//! Invariant: whoever touches a file over and over, or opens it, fills no queue: each kind of note about a file waits once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::{mpsc, oneshot};

use super::places::Found;
use super::reading::Content;
use super::reloading::Outcome;
use crate::config::Program;
use crate::core::{Held, PinRead, Refusal, Status};
use crate::engine::place::Built;
use crate::watch::{Mode, Touch};

pub(super) enum Note {
    Resolved {
        instance: String,
        /// For whom it was asked.
        born: u64,
        found: Box<Found>,
    },
    /// The place of this instance takes long to find.
    SearchLate(String, u64),
    /// The file was read that says what is trusted.
    Read {
        instance: String,
        born: u64,
        content: Content,
    },
    /// The command has ended that prints a pin.
    Printed {
        instance: String,
        born: u64,
        program: Program,
        read: PinRead,
    },
    /// That takes long.
    ReadingLate(String, u64),
    /// A client was built, or could not be.
    Built {
        instance: String,
        born: u64,
        built: Box<Built>,
    },
    /// That takes long.
    BuildingLate(String, u64),
    /// The timed look found these trust files changed, and that so much is watched.
    Looked { moved: Vec<String>, mode: Mode },
    /// The config file was read.
    Config(Box<Outcome>),
    /// A torn pin file is worth another look.
    ReadPins(String),
    /// Somebody wants the status that all that was told before makes.
    Show(oneshot::Sender<Arc<Status>>),
    /// A server that left the config has had its time to come back.
    Leaves(u64),
    /// What was paused of it was let go, or not.
    Left {
        name: String,
        holds: Vec<Held>,
        refusal: Option<Refusal>,
    },
    /// Something happened to a file.
    Touched(Touched, Bell),
}

/// What may have changed with a file.
#[derive(Clone)]
pub(super) enum Touched {
    Config,
    /// An instance's place or key comes from it.
    Source(String),
    /// The pin or CA file.
    Trust(String),
    /// Somebody opened the pin file.
    TrustOpened(String),
}

/// Rings once until it is heard.
#[derive(Clone, Debug, Default)]
pub(super) struct Bell(Arc<AtomicBool>);

impl Bell {
    /// To be called before the file is looked at: what happens later rings again.
    pub(super) fn heard(&self) {
        self.0.store(false, Ordering::SeqCst);
    }

    fn ring(&self) -> bool {
        !self.0.swap(true, Ordering::SeqCst)
    }
}

/// What a file's watch calls: notes what changed and, where wanted, that it was opened.
pub(super) fn notes_of(
    notes: &mpsc::UnboundedSender<Note>,
    changed: Touched,
    opened: Option<Touched>,
) -> impl Fn(Touch) + Send + 'static {
    let notes = notes.clone();
    let (changes, openings) = (Bell::default(), Bell::default());
    move |touch| {
        let (touched, bell) = match (touch, &opened) {
            (Touch::Changed(_), _) => (&changed, &changes),
            (Touch::Opened(_), Some(opened)) => (opened, &openings),
            (Touch::Opened(_), None) => return,
        };
        if bell.ring() {
            // Nobody listens any more only when the engine is ending.
            let _ = notes.send(Note::Touched(touched.clone(), bell.clone()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    #[test]
    fn each_kind_waits_once_and_comes_again_when_heard() {
        let (notes, mut received) = mpsc::unbounded_channel();
        let name = || "laptop".to_owned();
        let touch = notes_of(
            &notes,
            Touched::Trust(name()),
            Some(Touched::TrustOpened(name())),
        );
        for _ in 0..1000 {
            touch(Touch::Opened(PathBuf::new()));
            touch(Touch::Changed(PathBuf::new()));
        }
        let mut waiting = Vec::new();
        while let Ok(note) = received.try_recv() {
            waiting.push(note);
        }
        let [
            Note::Touched(Touched::TrustOpened(_), bell),
            Note::Touched(Touched::Trust(_), _),
        ] = &waiting[..]
        else {
            panic!("{} notes", waiting.len());
        };
        bell.heard();
        touch(Touch::Opened(PathBuf::new()));
        touch(Touch::Changed(PathBuf::new()));
        assert!(matches!(
            received.try_recv(),
            Ok(Note::Touched(Touched::TrustOpened(_), _))
        ));
        assert!(received.try_recv().is_err());
    }

    #[test]
    fn an_opened_source_is_no_change() {
        let (notes, mut received) = mpsc::unbounded_channel();
        notes_of(&notes, Touched::Config, None)(Touch::Opened(PathBuf::new()));
        assert!(received.try_recv().is_err());
    }
}
