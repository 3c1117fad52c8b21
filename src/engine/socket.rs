//! The local socket: one engine per user owns it, every other process is a view of it.
//!
//! Invariant: only processes of the same user are answered, and what they send is bounded.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::sync::{Semaphore, broadcast, mpsc, watch};
use tokio::task::JoinSet;
use tracing::{debug, warn};

use super::journal::Journal;
use super::local::{Listen, Lock, Platform};
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
/// Those beside them who are still to show that they are this user's.
const MOST_NEWCOMERS: usize = 16;

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
pub struct Lines(Arc<Mutex<Option<Made>>>);

/// A line, for as long as somebody sends it.
#[derive(Debug)]
struct Made {
    of: Arc<Status>,
    line: Weak<Vec<u8>>,
}

/// The bound socket. Dropping it ends every view and gives the socket up.
#[derive(Debug)]
pub struct Socket<L = Platform> {
    // Given up before the lock is: nobody takes it in between.
    listener: L,
    _lock: Lock,
}

/// Why the socket could not be had.
#[derive(Debug, thiserror::Error)]
pub enum SocketError {
    #[error("an engine is running already: it holds {0}")]
    Owned(PathBuf),
    #[error("{path}: {source}")]
    Io { path: PathBuf, source: io::Error },
}

impl<L: Listen> Socket<L> {
    /// Takes ownership of `path`. A socket that a dead engine left behind is replaced.
    pub fn bind(path: &Path) -> Result<Self, SocketError> {
        let failed = |source| SocketError::Io {
            path: path.to_owned(),
            source,
        };
        create_private_directory(path.parent().unwrap_or(Path::new("."))).map_err(failed)?;
        let Some(lock) = Lock::take(path).map_err(failed)? else {
            return Err(SocketError::Owned(path.to_owned()));
        };
        Ok(Self {
            listener: L::bind(path).map_err(failed)?,
            _lock: lock,
        })
    }

    /// Answers views until dropped.
    pub async fn serve(self, sources: Sources) {
        let seats = Arc::new(Semaphore::new(MOST_VIEWS));
        let mut views = JoinSet::new();
        loop {
            tokio::select! {
                accepted = self.listener.accept() => match accepted {
                    Ok(_) if views.len() >= MOST_VIEWS + MOST_NEWCOMERS => {}
                    Ok(stream) => {
                        let admitted = self.listener.admit(stream);
                        let (seats, sources) = (Arc::clone(&seats), sources.clone());
                        views.spawn(async move {
                            match admitted.await {
                                Ok(stream) => seat(stream, &seats, sources).await,
                                Err(error) => warn!("whoever is not this user's was turned away ({error})"),
                            }
                        });
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

/// Answers a view while there is a seat for it, else says why not.
async fn seat(stream: impl AsyncRead + AsyncWrite + Unpin, seats: &Semaphore, sources: Sources) {
    let mut view = BufReader::new(stream);
    let ended = match seats.try_acquire() {
        Ok(_seat) => answer_all(&mut view, sources).await,
        // One line, for which there is always room on a new connection.
        Err(_) => send(&mut view, &full()).await,
    };
    if let Err(error) = ended {
        debug!("a view ended: {error}");
    }
}

fn full() -> Answer {
    Answer::Refused {
        message: format!("This engine serves {MOST_VIEWS} views at once, and they are all taken."),
        hint: "End one of them, such as a 'syncwatch status --watch'.".into(),
    }
}

async fn answer_all(
    view: &mut BufReader<impl AsyncRead + AsyncWrite + Unpin>,
    mut sources: Sources,
) -> io::Result<()> {
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = (&mut *view)
            .take(LONGEST_QUESTION)
            .read_until(b'\n', &mut line)
            .await?;
        if read == 0 {
            return Ok(());
        }
        let cut = !line.ends_with(b"\n") && line.len() as u64 >= LONGEST_QUESTION;
        let answer = match serde_json::from_slice::<Ask>(&line) {
            Ok(Ask::Watch) => return watch_status(view, sources).await,
            Ok(Ask::WatchJournal) => return watch_journal(view, &sources.journal).await,
            Ok(Ask::Status) => {
                let line = sources.newest()?;
                view.write_all(&line).await?;
                if cut {
                    return Ok(());
                }
                continue;
            }
            Ok(Ask::Journal { limit }) => Answer::Journal {
                entries: sources.journal.newest(limit),
            },
            // It may take hours: who asked may leave before.
            Ok(ask @ Ask::Scan { .. }) => tokio::select! {
                answer = put(&sources.questions, ask) => answer,
                () = gone(view) => return Ok(()),
            },
            Ok(ask) => put(&sources.questions, ask).await,
            Err(error) => Answer::Refused {
                message: format!("that is no question this engine knows: {error}"),
                hint: "Are both programs of the same version?".into(),
            },
        };
        send(view, &answer).await?;
        if cut {
            // What follows is the rest of it, not another question.
            return Ok(());
        }
    }
}

async fn watch_status(
    view: &mut BufReader<impl AsyncRead + AsyncWrite + Unpin>,
    mut sources: Sources,
) -> io::Result<()> {
    loop {
        let line = sources.newest()?;
        view.write_all(&line).await?;
        let rest = rest_after(line.len());
        drop(line);
        tokio::select! {
            changed = next(&mut sources.status, rest) => if changed.is_err() { return Ok(()) },
            () = gone(view) => return Ok(()),
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
    view: &mut BufReader<impl AsyncRead + AsyncWrite + Unpin>,
    journal: &Journal,
) -> io::Result<()> {
    let mut news = journal.follow();
    loop {
        let entry = tokio::select! {
            entry = news.recv() => entry,
            () = gone(view) => return Ok(()),
        };
        match entry {
            Ok(entry) => {
                let entries = vec![entry];
                send(view, &Answer::Journal { entries }).await?;
            }
            Err(broadcast::error::RecvError::Lagged(_)) => {}
            Err(broadcast::error::RecvError::Closed) => return Ok(()),
        }
    }
}

/// A view that watches has nothing more to ask: whatever comes, it is the end.
async fn gone(view: &mut (impl AsyncRead + Unpin)) {
    let _ = view.read_u8().await;
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
        let same = known.as_ref().filter(|made| Arc::ptr_eq(&made.of, &status));
        if let Some(line) = same.and_then(|made| made.line.upgrade()) {
            return Ok(line);
        }
        let line = Arc::new(line(&Answer::Status {
            status: Box::new(Status::clone(&status)),
        })?);
        *known = Some(Made {
            of: status,
            line: Arc::downgrade(&line),
        });
        Ok(line)
    }
}

fn line(answer: &Answer) -> io::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(answer)?;
    line.push(b'\n');
    Ok(line)
}

async fn send(view: &mut (impl AsyncWrite + Unpin), answer: &Answer) -> io::Result<()> {
    view.write_all(&line(answer)?).await
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
