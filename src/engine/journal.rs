//! The record of what happened, hidden or not: the newest in memory, all of it in a bounded, owner-only file.
//!
//! Invariant: nobody waits for the file; it is written on a thread of its own.

use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use tracing::warn;

use super::state_file::create_private_directory;
use super::writer::{Sink, Writer};
use crate::core::JournalEntry;

const IN_MEMORY: usize = 2000;
/// The file is set aside as `.1` when it grows beyond this.
const LARGEST_FILE: u64 = 1024 * 1024;
/// What is read of a file, from its end: more than is kept in memory.
const TAIL: u64 = LARGEST_FILE / 2;

/// The journal; clones share it.
#[derive(Clone, Debug)]
pub struct Journal {
    memory: Arc<Mutex<Memory>>,
    news: broadcast::Sender<JournalEntry>,
    /// `None` when nothing is kept on disk.
    disk: Option<Writer<JournalEntry>>,
}

/// Tells every entry from a certain one on, in order, to whoever takes his time.
#[derive(Debug)]
pub struct Follower {
    memory: Arc<Mutex<Memory>>,
    news: broadcast::Receiver<JournalEntry>,
    /// The number of the entry that is told next.
    next: u64,
}

/// What a follower is told.
#[derive(Debug, PartialEq)]
pub struct News {
    /// Oldest first.
    pub entries: Vec<JournalEntry>,
    /// So many before them are not in memory any more.
    pub missed: u64,
}

#[derive(Debug, Default)]
struct Memory {
    entries: VecDeque<JournalEntry>,
    /// The number of the next entry.
    next: u64,
}

/// The file.
struct OnDisk {
    path: PathBuf,
    file: Option<File>,
    /// The last write failed, which was said.
    failing: bool,
}

impl Journal {
    /// A journal that continues the one at `path`, or one in memory only.
    pub fn open(path: Option<PathBuf>) -> Self {
        let entries: VecDeque<_> = path.as_deref().map(read_file).unwrap_or_default().into();
        let disk = path.map(|path| OnDisk {
            path,
            file: None,
            failing: false,
        });
        Self {
            memory: Arc::new(Mutex::new(Memory {
                next: entries.len() as u64,
                entries,
            })),
            news: broadcast::channel(256).0,
            disk: disk.map(|disk| Writer::new("journal", IN_MEMORY, disk)),
        }
    }

    /// Adds an entry. A file that cannot be written is said once and tried again; the memory goes on.
    pub fn append(&self, entry: JournalEntry) {
        if let Some(disk) = &self.disk {
            disk.put(entry.clone(), 1);
        }
        lock(&self.memory).push(entry.clone());
        // Nobody listening is fine.
        let _ = self.news.send(entry);
    }

    /// The newest `limit` entries, oldest first.
    pub fn newest(&self, limit: usize) -> Vec<JournalEntry> {
        let memory = lock(&self.memory);
        let skip = memory.entries.len().saturating_sub(limit);
        memory.entries.iter().skip(skip).cloned().collect()
    }

    /// Every entry from now on.
    pub fn follow(&self) -> broadcast::Receiver<JournalEntry> {
        self.news.subscribe()
    }

    /// The newest `limit` entries and every one from then on, without a gap between them.
    pub fn follow_from(&self, limit: usize) -> Follower {
        let news = self.news.subscribe();
        let memory = lock(&self.memory);
        let limit = limit.min(memory.entries.len()) as u64;
        Follower {
            memory: Arc::clone(&self.memory),
            news,
            next: memory.next - limit,
        }
    }

    /// Waits until the file has everything, but no longer than `limit`. False when it has not.
    pub fn finish(&self, limit: Duration) -> bool {
        self.disk.as_ref().is_none_or(|disk| disk.finish(limit))
    }
}

impl Follower {
    /// What was not told yet, without waiting for more.
    pub fn caught_up(&mut self) -> News {
        let memory = lock(&self.memory);
        let first = memory.next - memory.entries.len() as u64;
        let missed = first.saturating_sub(self.next);
        let skip = (self.next + missed) - first;
        let skip = usize::try_from(skip).unwrap_or(usize::MAX);
        self.next = memory.next;
        News {
            entries: memory.entries.iter().skip(skip).cloned().collect(),
            missed,
        }
    }

    /// Waits for more; `None` when the journal has ended.
    pub async fn next(&mut self) -> Option<News> {
        loop {
            match self.news.recv().await {
                Ok(_) | Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return None,
            }
            let news = self.caught_up();
            if !news.entries.is_empty() {
                return Some(news);
            }
        }
    }
}

impl Memory {
    fn push(&mut self, entry: JournalEntry) {
        if self.entries.len() == IN_MEMORY {
            self.entries.pop_front();
        }
        self.entries.push_back(entry);
        self.next += 1;
    }
}

fn lock(memory: &Mutex<Memory>) -> MutexGuard<'_, Memory> {
    memory.lock().unwrap_or_else(PoisonError::into_inner)
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

impl Sink<JournalEntry> for OnDisk {
    fn write(&mut self, entry: JournalEntry) {
        let written = self.append(&entry);
        let failed_before = std::mem::replace(&mut self.failing, written.is_err());
        if let Err(error) = written {
            self.file = None;
            if !failed_before {
                warn!(
                    "{} cannot be written ({error}); meanwhile the journal is kept in memory only",
                    self.path.display()
                );
            }
        }
    }

    fn left_out(&mut self, count: u64) {
        warn!(
            "{} lacks {count} entries: its disk did not take them in time",
            self.path.display()
        );
    }
}

impl OnDisk {
    fn append(&mut self, entry: &JournalEntry) -> io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(open(&self.path)?),
        };
        let mut line = serde_json::to_vec(entry)?;
        line.push(b'\n');
        file.write_all(&line)?;
        if file.metadata()?.len() > LARGEST_FILE {
            std::fs::rename(&self.path, older(&self.path))?;
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

    fn settle(journal: &Journal) {
        assert!(journal.finish(Duration::from_secs(60)));
    }

    #[tokio::test]
    async fn who_follows_slowly_misses_nothing_that_is_still_known() {
        let journal = Journal::open(None);
        (0..5).for_each(|second| journal.append(entry(second)));
        let mut follower = journal.follow_from(2);
        // Far more than the channel holds.
        (5..1000).for_each(|second| journal.append(entry(second)));
        let all = |from, missed| News {
            entries: (from..1000).map(entry).collect(),
            missed,
        };
        assert_eq!(follower.caught_up(), all(3, 0));
        let mut late = journal.follow_from(usize::MAX);
        assert_eq!(late.caught_up(), all(0, 0));
        (1000..4000).for_each(|second| journal.append(entry(second)));
        let news = late.next().await.expect("it lives");
        assert_eq!((news.entries.len(), news.missed), (IN_MEMORY, 1000));
        journal.append(entry(4000));
        let entries = vec![entry(4000)];
        assert_eq!(late.next().await, Some(News { entries, missed: 0 }));
    }

    #[test]
    fn goes_on_where_the_last_run_ended_and_stays_bounded() {
        let directory = tempfile::tempdir().expect("directory");
        let path = directory.path().join("journal.jsonl");
        let journal = Journal::open(Some(path.clone()));
        for second in 0..20_000 {
            journal.append(entry(second));
            if second % 1000 == 999 {
                settle(&journal);
            }
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
        settle(&again);
        assert_eq!(read_file(&path).last(), Some(&entry(20_000)));
    }

    #[test]
    fn a_line_that_is_no_text_costs_only_itself() {
        let directory = tempfile::tempdir().expect("directory");
        let path = directory.path().join("journal.jsonl");
        let journal = Journal::open(Some(path.clone()));
        journal.append(entry(1));
        settle(&journal);
        let mut file = OpenOptions::new().append(true).open(&path).expect("opens");
        file.write_all(b"\xff\xfe\0\n{\"time\":1}\n\n[]\n")
            .expect("written");
        journal.append(entry(2));
        settle(&journal);
        assert_eq!(read_file(&path), [entry(1), entry(2)]);
    }

    #[test]
    fn a_file_that_cannot_be_written_is_taken_up_again() {
        let directory = tempfile::tempdir().expect("directory");
        let path = directory.path().join("state/journal.jsonl");
        std::fs::write(directory.path().join("state"), "a file in the way").expect("written");
        let journal = Journal::open(Some(path.clone()));
        journal.append(entry(1));
        settle(&journal);
        std::fs::remove_file(directory.path().join("state")).expect("removed");
        journal.append(entry(2));
        settle(&journal);
        assert_eq!(journal.newest(9), [entry(1), entry(2)]);
        assert_eq!(read_file(&path), [entry(2)]);
    }
}
