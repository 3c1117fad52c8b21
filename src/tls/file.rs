//! Reads small files that others write. Never blocks on a FIFO or a device and never reads more than [`LIMIT`].

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read};
use std::path::Path;

/// No certificate file comes near this; bytes.
pub(super) const LIMIT: u64 = 1024 * 1024;

/// In words.
pub(super) const LOCKED: &str = "another program is writing it just now";

/// Why a file could not be read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Problem {
    Missing,
    /// Somebody is writing it, and lets nobody else look meanwhile (Windows).
    Locked,
    /// In words, without the path.
    Unreadable(String),
}

/// The content of a regular file.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, Problem> {
    // Looked at before opening as well: opening a device or a FIFO can have effects of its own.
    check_kind(&std::fs::metadata(path).map_err(problem)?)?;
    let file = open(path).map_err(problem)?;
    check_kind(&file.metadata().map_err(problem)?)?;
    let mut content = Vec::new();
    file.take(LIMIT + 1)
        .read_to_end(&mut content)
        .map_err(problem)?;
    if content.len() as u64 > LIMIT {
        return Err(too_large());
    }
    Ok(content)
}

/// The content of a regular file of at most a mebibyte.
///
/// # Errors
/// What is wrong, in words, without the path.
pub fn read_small_file(path: &Path) -> Result<Vec<u8>, String> {
    read(path).map_err(|problem| match problem {
        Problem::Missing => "it is not there".to_owned(),
        Problem::Locked => LOCKED.to_owned(),
        Problem::Unreadable(why) => why,
    })
}

#[cfg(unix)]
fn open(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    // The file may have been swapped for a FIFO since it was looked at; without a writer that would block for ever.
    let flags = i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).unwrap_or(0);
    OpenOptions::new().read(true).custom_flags(flags).open(path)
}

#[cfg(not(unix))]
fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).open(path)
}

fn check_kind(metadata: &std::fs::Metadata) -> Result<(), Problem> {
    if metadata.is_dir() {
        return Err(Problem::Unreadable("it is a directory".into()));
    }
    if !metadata.is_file() {
        return Err(Problem::Unreadable("it is not a regular file".into()));
    }
    if metadata.len() > LIMIT {
        return Err(too_large());
    }
    Ok(())
}

fn too_large() -> Problem {
    Problem::Unreadable("it is larger than 1 MiB, which no certificate is".into())
}

fn problem(error: io::Error) -> Problem {
    if is_locked(&error) {
        return Problem::Locked;
    }
    match error.kind() {
        ErrorKind::NotFound => Problem::Missing,
        ErrorKind::PermissionDenied => {
            Problem::Unreadable("this user is not permitted to read it".into())
        }
        ErrorKind::NotADirectory => {
            Problem::Unreadable("a part of its path is a file, not a directory".into())
        }
        _ => Problem::Unreadable(format!("reading failed ({error})")),
    }
}

/// ERROR_SHARING_VIOLATION, ERROR_LOCK_VIOLATION: numbers that mean other things elsewhere.
fn is_locked(error: &io::Error) -> bool {
    cfg!(windows) && matches!(error.raw_os_error(), Some(32 | 33))
}
