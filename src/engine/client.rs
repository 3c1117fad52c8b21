//! The view's side of the local socket.
//!
//! Invariant: a missing, dead or foreign engine is an answer or an error, never a hang of its own making and
//! never more than [`MAX_LINE`] in memory.

use std::io;
use std::path::{Path, PathBuf};

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};

use super::local::{self, Stream};
use super::protocol::{Answer, Ask, MAX_LINE};

/// Why the engine could not be talked to.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    #[error("{}: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
    /// An engine is running and says nothing.
    #[error("the engine does not answer")]
    Silent,
    /// The engine ended in the middle of the conversation.
    #[error("the engine ended")]
    Ended,
    /// Something else holds the socket, or an engine of another version.
    #[error("the engine said something that is not understood: {0}")]
    NotUnderstood(String),
}

/// A conversation with a running engine.
#[derive(Debug)]
pub struct Connection<S = Stream> {
    path: PathBuf,
    stream: BufReader<S>,
    /// The beginning of an answer. Kept between calls: one that was cancelled loses nothing.
    line: Vec<u8>,
}

impl Connection {
    /// Connects to the engine that owns `path`; `None` when no engine is running.
    ///
    /// # Errors
    /// The socket is there but may not be used.
    pub async fn open(path: &Path) -> Result<Option<Self>, ClientError> {
        match local::connect(path).await {
            Ok(stream) => Ok(stream.map(|stream| Self::over(stream, path))),
            Err(error) if error.kind() == io::ErrorKind::TimedOut => Err(ClientError::Silent),
            Err(source) => Err(ClientError::Io {
                path: path.to_owned(),
                source,
            }),
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    /// Over what leads to the engine that owns `path`.
    pub(super) fn over(stream: S, path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            stream: BufReader::new(stream),
            line: Vec::new(),
        }
    }

    /// Asks and waits for the (first) answer.
    ///
    /// # Errors
    /// The engine ended, or is none.
    pub async fn ask(&mut self, ask: Ask) -> Result<Answer, ClientError> {
        self.begin(ask).await?;
        self.next().await?.ok_or(ClientError::Ended)
    }

    /// Asks without waiting: for `WatchJournal`, whose first answer comes when something happens.
    ///
    /// # Errors
    /// The engine ended.
    pub async fn begin(&mut self, ask: Ask) -> Result<(), ClientError> {
        let mut line = serde_json::to_vec(&ask)
            .map_err(|error| ClientError::NotUnderstood(error.to_string()))?;
        line.push(b'\n');
        let written = self.stream.get_mut().write_all(&line).await;
        written.map_err(|source| self.broken(source))
    }

    /// The next answer of a watch; `None` when the engine ended. May be cancelled and called again.
    ///
    /// # Errors
    /// The connection broke, or what came is no answer.
    pub async fn next(&mut self) -> Result<Option<Answer>, ClientError> {
        let room = (MAX_LINE + 1).saturating_sub(self.line.len());
        let room = u64::try_from(room).unwrap_or(u64::MAX);
        let read = (&mut self.stream)
            .take(room)
            .read_until(b'\n', &mut self.line)
            .await;
        if let Err(error) = read {
            return match error.kind() {
                // Windows calls it aborted when the engine's process is ended.
                io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted => Ok(None),
                _ => Err(self.broken(error)),
            };
        }
        let line = std::mem::take(&mut self.line);
        match line.strip_suffix(b"\n") {
            Some(whole) => serde_json::from_slice(whole)
                .map(Some)
                .map_err(|error| ClientError::NotUnderstood(error.to_string())),
            None if line.len() > MAX_LINE => Err(ClientError::NotUnderstood(format!(
                "a line of more than {MAX_LINE} bytes"
            ))),
            None => Ok(None),
        }
    }

    fn broken(&self, source: io::Error) -> ClientError {
        use io::ErrorKind as K;
        match source.kind() {
            K::BrokenPipe | K::ConnectionReset | K::ConnectionAborted => ClientError::Ended,
            _ => ClientError::Io {
                path: self.path.clone(),
                source,
            },
        }
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::UnixListener;

    async fn against(reply: &'static [u8]) -> Result<Answer, ClientError> {
        let directory = tempfile::tempdir().expect("directory");
        let path = directory.path().join("engine.sock");
        let listener = UnixListener::bind(&path).expect("bound");
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.expect("accepted");
            let mut asked = [0; 64];
            let read = stream.read(&mut asked).await.expect("asked");
            stream.write_all(reply).await.expect("answered");
            asked[..read].to_vec()
        });
        let mut connection = Connection::open(&path)
            .await
            .expect("open")
            .expect("an engine");
        let answer = connection.ask(Ask::Status).await;
        assert_eq!(server.await.expect("served"), b"{\"ask\":\"status\"}\n");
        answer
    }

    #[tokio::test]
    async fn reads_an_answer() {
        let answer = against(b"{\"answer\":\"done\"}\n")
            .await
            .expect("an answer");
        assert_eq!(answer, Answer::Done);
    }

    #[tokio::test]
    async fn an_engine_that_ends_or_is_none_is_an_error_in_words() {
        assert!(matches!(against(b"").await, Err(ClientError::Ended)));
        assert!(matches!(
            against(b"{\"answer\":").await,
            Err(ClientError::Ended)
        ));
        let error = against(b"SSH-2.0-OpenSSH\n").await.expect_err("no engine");
        assert!(matches!(error, ClientError::NotUnderstood(_)), "{error}");
    }

    #[tokio::test]
    async fn no_engine_is_no_error() {
        let directory = tempfile::tempdir().expect("directory");
        let path = directory.path().join("deep/engine.sock");
        assert!(Connection::open(&path).await.expect("no error").is_none());
        let dead = directory.path().join("engine.sock");
        drop(std::os::unix::net::UnixListener::bind(&dead).expect("bound"));
        assert!(Connection::open(&dead).await.expect("no error").is_none());
    }

    #[tokio::test]
    async fn a_cancelled_read_loses_nothing() {
        let directory = tempfile::tempdir().expect("directory");
        let path = directory.path().join("engine.sock");
        let listener = UnixListener::bind(&path).expect("bound");
        let mut connection = Connection::open(&path)
            .await
            .expect("open")
            .expect("an engine");
        let (mut stream, _) = listener.accept().await.expect("accepted");
        stream.write_all(b"{\"answer\":").await.expect("half");
        tokio::select! {
            biased;
            answer = connection.next() => panic!("too early: {answer:?}"),
            () = tokio::task::yield_now() => {}
        }
        stream.write_all(b"\"done\"}\n").await.expect("the rest");
        assert_eq!(connection.next().await.expect("read"), Some(Answer::Done));
    }
}
