//! The one `notify` watcher and the directories that it watches.
//!
//! Invariant: never called from notify's own thread, which would wait for itself.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use notify::{ErrorKind, Event, RecursiveMode};

/// Called with every event, on notify's thread.
pub(super) type Handler = Box<dyn FnMut(notify::Result<Event>) + Send>;
/// Makes the system's watcher; tests make others.
pub(super) type Make =
    Box<dyn Fn(Handler) -> notify::Result<Box<dyn notify::Watcher + Send>> + Send>;

/// The system's own watcher (inotify on Linux).
pub(super) fn system(handler: Handler) -> notify::Result<Box<dyn notify::Watcher + Send>> {
    Ok(Box::new(notify::recommended_watcher(handler)?))
}

pub(super) struct Backend {
    make: Make,
    watcher: Option<Box<dyn notify::Watcher + Send>>,
    /// Why there is no watcher.
    broken: Option<String>,
    watched: BTreeMap<PathBuf, Identity>,
    failed: BTreeMap<PathBuf, String>,
}

/// What became of a wish to watch a directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Watched {
    Already,
    /// From now on: what happened before was not seen.
    Newly,
    /// It is gone again: the plan is out of date.
    Gone,
    /// Not possible now; retried on the next refresh.
    Failed,
}

impl Backend {
    pub(super) fn new(make: Make) -> Self {
        Self {
            make,
            watcher: None,
            broken: None,
            watched: BTreeMap::new(),
            failed: BTreeMap::new(),
        }
    }

    /// Starts the watcher unless it runs.
    pub(super) fn start(&mut self, handler: impl FnOnce() -> Handler) {
        if self.watcher.is_some() {
            return;
        }
        match (self.make)(handler()) {
            Ok(watcher) => {
                self.watcher = Some(watcher);
                self.broken = None;
            }
            Err(error) => self.broken = Some(in_words(&error)),
        }
    }

    /// Watches a directory that was `now` a moment ago.
    pub(super) fn watch(&mut self, directory: &Path, now: Identity) -> Watched {
        match self.watched.get(directory) {
            Some(before) if *before == now => return Watched::Already,
            Some(_) => self.unwatch(directory),
            None => {}
        }
        let Some(watcher) = self.watcher.as_mut() else {
            return Watched::Failed;
        };
        match watcher.watch(directory, RecursiveMode::NonRecursive) {
            Ok(()) => {
                self.failed.remove(directory);
                self.watched.insert(directory.to_path_buf(), now);
                Watched::Newly
            }
            Err(error) => {
                self.failed
                    .insert(directory.to_path_buf(), in_words(&error));
                if is_gone(&error) {
                    Watched::Gone
                } else {
                    Watched::Failed
                }
            }
        }
    }

    pub(super) fn unwatch(&mut self, directory: &Path) {
        self.failed.remove(directory);
        if self.watched.remove(directory).is_some()
            && let Some(watcher) = self.watcher.as_mut()
        {
            // Fails when the directory is gone, and the watch with it.
            let _ = watcher.unwatch(directory);
        }
    }

    pub(super) fn is_watched(&self, directory: &Path) -> bool {
        self.watched.contains_key(directory)
    }

    /// Everything that is or ought to be watched.
    pub(super) fn directories(&self) -> Vec<PathBuf> {
        self.watched
            .keys()
            .chain(self.failed.keys())
            .cloned()
            .collect()
    }

    /// Why something is not watched.
    pub(super) fn trouble(&self) -> Option<String> {
        let failed = || {
            let (directory, why) = self.failed.first_key_value()?;
            Some(format!("{}: {why}", directory.display()))
        };
        self.broken.clone().or_else(failed)
    }
}

/// Tells a directory from another one that took its place; inode numbers are used again at once.
pub(super) type Identity = Option<(u64, u64, Option<SystemTime>)>;

#[cfg(unix)]
pub(super) fn identity(directory: &Path) -> Identity {
    use std::os::unix::fs::MetadataExt;
    let found = directory.metadata().ok()?;
    Some((found.dev(), found.ino(), found.created().ok()))
}

#[cfg(not(unix))]
pub(super) fn identity(directory: &Path) -> Identity {
    let found = directory.metadata().ok()?;
    Some((0, 0, found.created().ok()))
}

/// Removed before or, which notify says with a plain I/O error, just after the watch was set.
fn is_gone(error: &notify::Error) -> bool {
    match &error.kind {
        ErrorKind::PathNotFound => true,
        ErrorKind::Io(error) => error.kind() == io::ErrorKind::NotFound,
        _ => false,
    }
}

fn in_words(error: &notify::Error) -> String {
    match &error.kind {
        ErrorKind::MaxFilesWatch => {
            "the system has no inotify watches left (fs.inotify.max_user_watches)".to_owned()
        }
        ErrorKind::PathNotFound => "not there".to_owned(),
        ErrorKind::Io(error) if error.raw_os_error() == Some(EMFILE) => {
            "the system has no inotify instances left (fs.inotify.max_user_instances)".to_owned()
        }
        ErrorKind::Io(error) => error.to_string(),
        _ => error.to_string(),
    }
}

/// The same number on Linux, macOS and the BSDs.
const EMFILE: i32 = 24;
