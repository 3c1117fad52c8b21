//! The record of what happened, hidden or not: the newest in memory, all of it in a bounded, owner-only file.

use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::broadcast;
use tracing::warn;

use super::state_file::create_private_directory;
use crate::core::JournalEntry;

const IN_MEMORY: usize = 2000;
/// The file is set aside as `.1` when it grows beyond this.
const LARGEST_FILE: u64 = 1024 * 1024;

/// The journal; clones share it.
#[derive(Clone, Debug)]
pub struct Journal {
    inner: Arc<Mutex<Inner>>,
    news: broadcast::Sender<JournalEntry>,
}

#[derive(Debug)]
struct Inner {
    entries: VecDeque<JournalEntry>,
    /// `None` when nothing is kept on disk, or not any more.
    path: Option<PathBuf>,
    file: Option<File>,
}

impl Journal {
    /// A journal that continues the one at `path`, or one in memory only.
    pub fn open(path: Option<PathBuf>) -> Self {
        let entries = path.as_deref().map(read_file).unwrap_or_default();
        Self {
            inner: Arc::new(Mutex::new(Inner {
                entries: entries.into(),
                path,
                file: None,
            })),
            news: broadcast::channel(256).0,
        }
    }

    /// Adds an entry. A file that cannot be written is said once; the memory goes on.
    pub fn append(&self, entry: JournalEntry) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = inner.write(&entry)
            && let Some(path) = inner.path.take()
        {
            warn!(
                "{} could not be written ({error}); the journal is kept in memory only",
                path.display()
            );
        }
        if inner.entries.len() == IN_MEMORY {
            inner.entries.pop_front();
        }
        inner.entries.push_back(entry.clone());
        // Nobody listening is fine.
        let _ = self.news.send(entry);
    }

    /// The newest `limit` entries, oldest first.
    pub fn newest(&self, limit: usize) -> Vec<JournalEntry> {
        let inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let skip = inner.entries.len().saturating_sub(limit);
        inner.entries.iter().skip(skip).cloned().collect()
    }

    /// Every entry from now on.
    pub fn follow(&self) -> broadcast::Receiver<JournalEntry> {
        self.news.subscribe()
    }
}

/// The newest entries in the journal file at `path` and in the one before it; lines that are none are passed over.
pub fn read_file(path: &Path) -> Vec<JournalEntry> {
    let mut entries: VecDeque<JournalEntry> = VecDeque::new();
    for path in [older(path), path.to_owned()] {
        let text = match std::fs::metadata(&path) {
            Ok(metadata) if metadata.is_file() && metadata.len() <= 2 * LARGEST_FILE => {
                std::fs::read_to_string(&path).unwrap_or_default()
            }
            _ => continue,
        };
        for entry in text
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok())
        {
            if entries.len() == IN_MEMORY {
                entries.pop_front();
            }
            entries.push_back(entry);
        }
    }
    entries.into()
}

impl Inner {
    fn write(&mut self, entry: &JournalEntry) -> io::Result<()> {
        let Some(path) = &self.path else {
            return Ok(());
        };
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(open(path)?),
        };
        let mut line = serde_json::to_vec(entry)?;
        line.push(b'\n');
        file.write_all(&line)?;
        if file.metadata()?.len() > LARGEST_FILE {
            std::fs::rename(path, older(path))?;
            self.file = None;
        }
        Ok(())
    }
}

fn open(path: &Path) -> io::Result<File> {
    create_private_directory(path.parent().unwrap_or(Path::new(".")))?;
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn older(path: &Path) -> PathBuf {
    path.with_extension("1.jsonl")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::{JournalKind, Timestamp};

    fn entry(second: i64) -> JournalEntry {
        JournalEntry {
            time: Timestamp::from_secs(second),
            instance: "laptop".into(),
            kind: JournalKind::RestartAnnounced,
        }
    }

    #[test]
    fn goes_on_where_the_last_run_ended_and_stays_bounded() {
        let directory = tempfile::tempdir().expect("directory");
        let path = directory.path().join("journal.jsonl");
        let journal = Journal::open(Some(path.clone()));
        for second in 0..20_000 {
            journal.append(entry(second));
        }
        assert!(std::fs::metadata(&path).expect("there").len() <= LARGEST_FILE);
        std::fs::OpenOptions::new()
            .append(true)
            .open(&path)
            .and_then(|mut file| file.write_all(b"{torn"))
            .expect("torn");
        let again = Journal::open(Some(path));
        assert_eq!(again.newest(2), [entry(19_998), entry(19_999)]);
        assert_eq!(again.newest(usize::MAX).len(), IN_MEMORY);
    }
}
