//! One tray per user where there is no session bus: who holds the lock on a file is it.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;

/// The system lets go of the lock when the process ends, however it does.
#[derive(Debug)]
pub(super) struct Alone {
    _locked: File,
}

impl Alone {
    /// `None` when another tray holds `file`.
    pub(super) fn take(file: &Path) -> io::Result<Option<Self>> {
        if let Some(directory) = file.parent() {
            std::fs::create_dir_all(directory)?;
        }
        let mut options = OpenOptions::new();
        let locked = options
            .create(true)
            .truncate(false)
            .write(true)
            .open(file)?;
        match locked.try_lock() {
            Ok(()) => Ok(Some(Self { _locked: locked })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_one_at_a_time() {
        let directory = tempfile::tempdir().expect("directory");
        let file = directory.path().join("deep/tray.lock");
        let first = Alone::take(&file).expect("taken").expect("nobody else");
        assert!(Alone::take(&file).expect("looked").is_none());
        drop(first);
        assert!(Alone::take(&file).expect("taken").is_some());
    }
}
