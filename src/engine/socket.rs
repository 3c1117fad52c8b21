//! The local socket: one engine per user owns it, every other process is a view of it.
//!
//! Invariant: only processes of the same user are answered, and what they send is bounded.

use std::fs::{File, TryLockError};
use std::io;
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{broadcast, mpsc, watch};
use tokio::task::JoinSet;
use tracing::{debug, warn};

use super::journal::Journal;
use super::protocol::{Answer, Ask};
use super::shell::{Question, put};
use super::state_file::create_private_directory;
use crate::core::Status;

/// A question is short; more is not from a view.
const LONGEST_QUESTION: u64 = 64 * 1024;
/// Views that may be connected at once.
const MOST_VIEWS: usize = 64;
/// What a view that watches is sent a second, about; bytes. A thousand instances change all the time, and each line tells
/// of all of them: then a line tells several changes.
const FLOW: u32 = 2 * 1024 * 1024;
/// A shorter rest is none: one change of a few instances is told at once.
const LEAST_REST: Duration = Duration::from_millis(20);

/// What a view may see.
#[derive(Clone, Debug)]
pub struct Sources {
    pub status: watch::Receiver<Arc<Status>>,
    pub journal: Journal,
    pub questions: mpsc::Sender<Question>,
    pub lines: Lines,
}

/// The line for the newest status, made once for all views that send it at that time.
#[derive(Clone, Debug, Default)]
pub struct Lines(Arc<Mutex<Option<(Arc<Status>, Weak<Vec<u8>>)>>>);

/// The bound socket. Dropping it ends every view and removes the file.
#[derive(Debug)]
pub struct Socket {
    path: PathBuf,
    listener: UnixListener,
    /// Held as long as the engine lives; tells a living owner from a file left behind.
    _lock: File,
}

/// Why the socket could not be had.
#[derive(Debug, thiserror::Error)]
pub enum SocketError {
    #[error("an engine is running already: it holds {0}")]
    Owned(PathBuf),
    #[error("{path}: {source}")]
    Io { path: PathBuf, source: io::Error },
}

impl Socket {
    /// Takes ownership of `path`. A socket that a dead engine left behind is replaced.
    pub fn bind(path: &Path) -> Result<Self, SocketError> {
        let failed = |source| SocketError::Io {
            path: path.to_owned(),
            source,
        };
        create_private_directory(path.parent().unwrap_or(Path::new("."))).map_err(failed)?;
        let Some(lock) = lock(&lock_path(path)).map_err(failed)? else {
            return Err(SocketError::Owned(path.to_owned()));
        };
        remove_stale(path).map_err(failed)?;
        let listener = UnixListener::bind(path).map_err(failed)?;
        // The peer's user is checked as well: between bind and chmod somebody else might connect.
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).map_err(failed)?;
        Ok(Self {
            path: path.to_owned(),
            listener,
            _lock: lock,
        })
    }

    /// Answers views until dropped.
    pub async fn serve(self, sources: Sources) {
        let mut views = JoinSet::new();
        loop {
            tokio::select! {
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, _)) if !is_ours(&stream) => warn!("a view of another user was turned away"),
                    Ok((stream, _)) if views.len() >= MOST_VIEWS => turn_away(&stream),
                    Ok((stream, _)) => {
                        views.spawn(view(stream, sources.clone()));
                    }
                    Err(error) => {
                        warn!("the local socket could not accept a view: {error}");
                        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
                    }
                },
                Some(_) = views.join_next() => {}
            }
        }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Beside the socket, under a name that no other socket's lock has.
fn lock_path(socket: &Path) -> PathBuf {
    let mut name = socket.as_os_str().to_owned();
    name.push(".lock");
    name.into()
}

fn lock(path: &Path) -> io::Result<Option<File>> {
    // Where others may write, the name could be a link to somewhere else.
    let flags = i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits()).unwrap_or(0);
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .custom_flags(flags)
        .open(path)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Removes the socket that a dead engine left, and nothing else: the path is the user's to choose.
fn remove_stale(path: &Path) -> io::Result<()> {
    match path.symlink_metadata() {
        Ok(found) if found.file_type().is_socket() => std::fs::remove_file(path),
        Ok(_) => Err(io::Error::new(
            io::ErrorKind::AlreadyExists,
            "something other than a socket is there; it is left alone",
        )),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// Says why in one line, without ever waiting for the reader.
fn turn_away(stream: &UnixStream) {
    let answer = Answer::Refused {
        message: format!("This engine serves {MOST_VIEWS} views at once, and they are all taken."),
        hint: "End one of them, such as a 'syncwatch status --watch'.".into(),
    };
    if let Ok(mut line) = serde_json::to_vec(&answer) {
        line.push(b'\n');
        let _ = stream.try_write(&line);
    }
}

fn is_ours(stream: &UnixStream) -> bool {
    let ours = rustix::process::geteuid().as_raw();
    stream
        .peer_cred()
        .is_ok_and(|peer| peer.uid() == ours || peer.uid() == 0)
}

async fn view(stream: UnixStream, sources: Sources) {
    let (reader, writer) = stream.into_split();
    if let Err(error) = answer_all(BufReader::new(reader), writer, sources).await {
        debug!("a view ended: {error}");
    }
}

async fn answer_all(
    mut reader: BufReader<OwnedReadHalf>,
    mut writer: OwnedWriteHalf,
    mut sources: Sources,
) -> io::Result<()> {
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = (&mut reader)
            .take(LONGEST_QUESTION)
            .read_until(b'\n', &mut line)
            .await?;
        if read == 0 {
            return Ok(());
        }
        let cut = !line.ends_with(b"\n") && line.len() as u64 >= LONGEST_QUESTION;
        let answer = match serde_json::from_slice::<Ask>(&line) {
            Ok(Ask::Watch) => return watch_status(&mut reader, &mut writer, sources).await,
            Ok(Ask::WatchJournal) => {
                return watch_journal(&mut reader, &mut writer, &sources.journal).await;
            }
            Ok(Ask::Status) => {
                let line = sources.newest()?;
                writer.write_all(&line).await?;
                if cut {
                    return Ok(());
                }
                continue;
            }
            Ok(Ask::Journal { limit }) => Answer::Journal {
                entries: sources.journal.newest(limit),
            },
            Ok(ask) => put(&sources.questions, ask).await,
            Err(error) => Answer::Refused {
                message: format!("that is no question this engine knows: {error}"),
                hint: "Are both programs of the same version?".into(),
            },
        };
        send(&mut writer, &answer).await?;
        if cut {
            // What follows is the rest of it, not another question.
            return Ok(());
        }
    }
}

async fn watch_status(
    reader: &mut BufReader<OwnedReadHalf>,
    writer: &mut OwnedWriteHalf,
    mut sources: Sources,
) -> io::Result<()> {
    loop {
        let line = sources.newest()?;
        writer.write_all(&line).await?;
        let rest = rest_after(line.len());
        drop(line);
        tokio::select! {
            changed = next(&mut sources.status, rest) => if changed.is_err() { return Ok(()) },
            () = gone(reader) => return Ok(()),
        }
    }
}

/// Waits until there is another status, and it is time to send one.
async fn next(
    status: &mut watch::Receiver<Arc<Status>>,
    rest: Duration,
) -> Result<(), watch::error::RecvError> {
    if rest >= LEAST_REST {
        tokio::time::sleep(rest).await;
    }
    status.changed().await
}

/// How long nothing is sent after a line of so many bytes.
fn rest_after(length: usize) -> Duration {
    Duration::from_secs(1).saturating_mul(u32::try_from(length).unwrap_or(u32::MAX)) / FLOW
}

async fn watch_journal(
    reader: &mut BufReader<OwnedReadHalf>,
    writer: &mut OwnedWriteHalf,
    journal: &Journal,
) -> io::Result<()> {
    let mut news = journal.follow();
    loop {
        let entry = tokio::select! {
            entry = news.recv() => entry,
            () = gone(reader) => return Ok(()),
        };
        match entry {
            Ok(entry) => {
                send(
                    writer,
                    &Answer::Journal {
                        entries: vec![entry],
                    },
                )
                .await?
            }
            Err(broadcast::error::RecvError::Lagged(_)) => {}
            Err(broadcast::error::RecvError::Closed) => return Ok(()),
        }
    }
}

/// A view that watches has nothing more to ask: whatever comes, it is the end.
async fn gone(reader: &mut BufReader<OwnedReadHalf>) {
    let _ = reader.read_u8().await;
}

impl Sources {
    /// The line that tells the newest status.
    fn newest(&mut self) -> io::Result<Arc<Vec<u8>>> {
        let status = Arc::clone(&self.status.borrow_and_update());
        self.lines.of(status)
    }
}

impl Lines {
    fn of(&self, status: Arc<Status>) -> io::Result<Arc<Vec<u8>>> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let same = known.as_ref().filter(|(of, _)| Arc::ptr_eq(of, &status));
        if let Some(line) = same.and_then(|(_, line)| line.upgrade()) {
            return Ok(line);
        }
        let line = Arc::new(line(&Answer::Status {
            status: Box::new(Status::clone(&status)),
        })?);
        *known = Some((status, Arc::downgrade(&line)));
        Ok(line)
    }
}

fn line(answer: &Answer) -> io::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(answer)?;
    line.push(b'\n');
    Ok(line)
}

async fn send(writer: &mut OwnedWriteHalf, answer: &Answer) -> io::Result<()> {
    writer.write_all(&line(answer)?).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_line_is_followed_by_a_rest_and_a_short_one_is_not() {
        assert!(rest_after(20_000) < LEAST_REST);
        let thousand = rest_after(1_000_000);
        assert!(thousand > Duration::from_millis(400) && thousand < Duration::from_millis(600));
        assert!(rest_after(usize::MAX) < Duration::from_secs(3600));
    }
}
