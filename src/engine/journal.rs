//! The record of what happened, hidden or not: the newest in memory, all of it in a bounded, owner-only file.

use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::broadcast;
use tracing::warn;

use super::state_file::create_private_directory;
use crate::core::JournalEntry;

const IN_MEMORY: usize = 2000;
/// The file is set aside as `.1` when it grows beyond this.
const LARGEST_FILE: u64 = 1024 * 1024;
/// What is read of a file, from its end: more than is kept in memory.
const TAIL: u64 = LARGEST_FILE / 2;

/// The journal; clones share it.
#[derive(Clone, Debug)]
pub struct Journal {
    inner: Arc<Mutex<Inner>>,
    news: broadcast::Sender<JournalEntry>,
}

#[derive(Debug)]
struct Inner {
    entries: VecDeque<JournalEntry>,
    /// `None` when nothing is kept on disk.
    path: Option<PathBuf>,
    file: Option<File>,
    /// The last write failed, which was said.
    failing: bool,
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
                failing: false,
            })),
            news: broadcast::channel(256).0,
        }
    }

    /// Adds an entry. A file that cannot be written is said once and tried again; the memory goes on.
    pub fn append(&self, entry: JournalEntry) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let written = inner.write(&entry);
        let failed_before = std::mem::replace(&mut inner.failing, written.is_err());
        if let Err(error) = written {
            inner.file = None;
            if let Some(path) = inner.path.as_ref().filter(|_| !failed_before) {
                warn!(
                    "{} cannot be written ({error}); meanwhile the journal is kept in memory only",
                    path.display()
                );
            }
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
        let bytes = tail(&path).unwrap_or_default();
        // Line by line, also where one of them is no text: a crash may leave anything in the last one.
        for entry in bytes
            .split(|byte| *byte == b'\n')
            .filter_map(|line| serde_json::from_slice(line).ok())
        {
            if entries.len() == IN_MEMORY {
                entries.pop_front();
            }
            entries.push_back(entry);
        }
    }
    entries.into()
}

/// The whole lines at the end of a file. Nothing of what is no regular file: a FIFO would be waited for.
fn tail(path: &Path) -> io::Result<Vec<u8>> {
    if !path.metadata()?.is_file() {
        return Ok(Vec::new());
    }
    let mut file = File::open(path)?;
    let skipped = file.metadata()?.len().saturating_sub(TAIL);
    file.seek(SeekFrom::Start(skipped))?;
    let mut bytes = Vec::new();
    file.take(2 * TAIL).read_to_end(&mut bytes)?;
    if skipped > 0 {
        let cut = bytes.iter().position(|byte| *byte == b'\n');
        bytes.drain(..cut.map_or(bytes.len(), |cut| cut + 1));
    }
    Ok(bytes)
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
    if path.metadata().is_ok_and(|found| !found.is_file()) {
        return Err(io::Error::other("it is not a regular file"));
    }
    let mut options = OpenOptions::new();
    options.create(true).append(true).read(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    if !ends_with_newline(&mut file)? {
        file.write_all(b"\n")?;
    }
    Ok(file)
}

/// Whether the next line begins where the file ends; a crash or a full disk may have cut the last one.
fn ends_with_newline(file: &mut File) -> io::Result<bool> {
    if file.metadata()?.len() == 0 {
        return Ok(true);
    }
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
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
        let again = Journal::open(Some(path.clone()));
        assert_eq!(again.newest(2), [entry(19_998), entry(19_999)]);
        assert_eq!(again.newest(usize::MAX).len(), IN_MEMORY);
        again.append(entry(20_000));
        assert_eq!(read_file(&path).last(), Some(&entry(20_000)));
    }

    #[test]
    fn a_line_that_is_no_text_costs_only_itself() {
        let directory = tempfile::tempdir().expect("directory");
        let path = directory.path().join("journal.jsonl");
        let journal = Journal::open(Some(path.clone()));
        journal.append(entry(1));
        let mut file = OpenOptions::new().append(true).open(&path).expect("opens");
        file.write_all(b"\xff\xfe\0\n{\"time\":1}\n\n[]\n")
            .expect("written");
        journal.append(entry(2));
        assert_eq!(read_file(&path), [entry(1), entry(2)]);
    }

    #[test]
    fn a_file_that_cannot_be_written_is_taken_up_again() {
        let directory = tempfile::tempdir().expect("directory");
        let path = directory.path().join("state/journal.jsonl");
        std::fs::write(directory.path().join("state"), "a file in the way").expect("written");
        let journal = Journal::open(Some(path.clone()));
        journal.append(entry(1));
        std::fs::remove_file(directory.path().join("state")).expect("removed");
        journal.append(entry(2));
        assert_eq!(journal.newest(9), [entry(1), entry(2)]);
        assert_eq!(read_file(&path), [entry(2)]);
    }
}
