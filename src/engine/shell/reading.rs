//! Reads the files that say what is trusted, beside the loop.

use std::path::PathBuf;
use std::time::Duration;

use super::Shell;
use super::note::Note;
use super::places::in_time;
use crate::core::{Event, PinRead, Shown};
use crate::engine::errand::{Asked, Ended};
use crate::engine::stamp::Stamp;
use crate::services::disks::SILENT;
use crate::tls;

/// A file that was not read by then is on a disk that does not answer. The core waits 3 s before it believes a failure
/// without it.
pub(super) const LIMIT: Duration = Duration::from_secs(2);

/// What a trust file held.
pub(super) struct Content {
    path: PathBuf,
    /// What it looked like before it was read.
    stamp: Option<Stamp>,
    /// `None` for a CA file, which is read by each client that is built.
    pins: Option<PinRead>,
    says: Option<Box<Shown>>,
}

impl Shell {
    /// The file that says what is trusted may have changed.
    pub(super) fn trust_file_changed(&mut self, instance: String) {
        self.read_trust_file(&instance);
    }

    /// Answers with `PinsRead`.
    pub(super) fn read_pins(&mut self, instance: &str) {
        if !self.ask_command(instance)
            && !self.read_trust_file(instance)
            && self.runtimes.contains_key(instance)
        {
            self.queue_read(instance, PinRead::Missing, None);
        }
    }

    /// Whether there is such a file.
    fn read_trust_file(&mut self, instance: &str) -> bool {
        let Some(runtime) = self.runtimes.get_mut(instance) else {
            return false;
        };
        let Some(path) = runtime.trust_file() else {
            return false;
        };
        match runtime.reading.ask() {
            Asked::Go => {}
            Asked::Later => return true,
            Asked::Stuck => {
                self.no_reading(instance);
                return true;
            }
        }
        let (born, is_ca) = (runtime.born, runtime.is_ca());
        let disks = self.common.disks.clone();
        let reading = move || Content {
            stamp: Stamp::of(&path),
            pins: (!is_ca).then(|| tls::read_pin_file(&path)),
            says: tls::certificate_in(&path).map(|it| Box::new(it.shown())),
            path,
        };
        let reading = tokio::spawn(async move { disks.read(reading).await });
        let (notes, instance) = (self.notes.0.clone(), instance.to_owned());
        tokio::spawn(async move {
            let late = Note::ReadingLate(instance.clone(), born);
            if let Some(Some(content)) = in_time(reading, LIMIT, &notes, late).await {
                let _ = notes.send(Note::Read {
                    instance,
                    born,
                    content,
                });
            }
        });
        true
    }

    pub(super) fn reading_late(&mut self, instance: &str, born: u64) {
        if let Some(runtime) = self.born(instance, born) {
            runtime.reading.is_late();
            self.no_reading(instance);
        }
    }

    fn no_reading(&mut self, instance: &str) {
        let is_ca = self.runtimes.get(instance).is_some_and(|it| it.is_ca());
        if !is_ca {
            let why = SILENT.into();
            self.queue_read(instance, PinRead::Unreadable { why }, None);
        }
    }

    pub(super) fn trust_file_read(&mut self, instance: &str, born: u64, content: Content) {
        let Some(runtime) = self.born(instance, born) else {
            return;
        };
        let ended = runtime.reading.end();
        // The instance may have moved on to another file meanwhile.
        let other = runtime.trust_file().as_ref() != Some(&content.path);
        if ended != Ended::Repeat && !other {
            self.take_content(instance, content);
        }
        if ended != Ended::Take || other {
            self.read_trust_file(instance);
        }
    }

    fn take_content(&mut self, instance: &str, content: Content) {
        let revision = self.revisions + 1;
        let Some(runtime) = self.runtimes.get_mut(instance) else {
            return;
        };
        let Some(read) = content.pins else {
            // Other roots are another trust: a new revision makes the core build new clients.
            runtime.note_stamp(content.stamp);
            runtime.revision = revision;
            self.revisions = revision;
            return self.queue_resolved(instance.to_owned());
        };
        if let Some(settle) = runtime.pins_read(content.stamp, &read) {
            let (notes, name) = (self.notes.0.clone(), instance.to_owned());
            tokio::spawn(async move {
                tokio::time::sleep(settle).await;
                let _ = notes.send(Note::ReadPins(name));
            });
        }
        self.queue_read(instance, read, content.says);
    }

    pub(super) fn queue_read(&mut self, instance: &str, read: PinRead, says: Option<Box<Shown>>) {
        let instance = instance.to_owned();
        self.queue.push_back(Event::PinsRead {
            instance,
            read,
            says,
        });
    }
}
