//! Tells cheaply whether a file may have changed. May wait for a disk: never on the loop.

use std::path::Path;
use std::time::SystemTime;

/// What a file looked like from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    length: u64,
    modified: Option<SystemTime>,
    identity: u64,
}

impl Stamp {
    /// `None` for a file that is not there or cannot be looked at.
    pub(super) fn of(path: &Path) -> Option<Self> {
        let metadata = std::fs::metadata(path).ok()?;
        Some(Self {
            length: metadata.len(),
            modified: metadata.modified().ok(),
            identity: identity(&metadata),
        })
    }
}

/// Another inode or status change under the same name is another file, even when size and time are the same.
#[cfg(unix)]
fn identity(metadata: &std::fs::Metadata) -> u64 {
    use std::os::unix::fs::MetadataExt;
    let changed = metadata
        .ctime()
        .wrapping_mul(1_000_000_000)
        .wrapping_add(metadata.ctime_nsec());
    metadata.ino().rotate_left(32) ^ changed.unsigned_abs()
}

/// Where there is no number of an inode to be had, when it was made.
#[cfg(not(unix))]
fn identity(metadata: &std::fs::Metadata) -> u64 {
    let made = metadata.created().ok();
    let since = made.and_then(|made| made.duration_since(std::time::UNIX_EPOCH).ok());
    since.map_or(0, |since| {
        since.as_secs().rotate_left(32) ^ u64::from(since.subsec_nanos())
    })
}
