//! The local socket beside the loop: taken before anything else is touched, served until the engine ends.

use tokio::task::JoinSet;

use super::Ends;
use crate::engine::socket::{Lines, Socket, SocketError, Sources};
use crate::engine::{Options, StartError};

/// The socket, for an engine that is to own it.
pub(super) struct Views(Option<Socket>);

impl Views {
    /// Takes the socket: from here on this is the user's one engine.
    pub(super) fn bind(options: &Options) -> Result<Self, StartError> {
        if !options.owner {
            return Ok(Self(None));
        }
        match Socket::bind(&options.environment.socket()) {
            Ok(socket) => Ok(Self(Some(socket))),
            Err(SocketError::Owned(socket)) => Err(StartError::AlreadyRunning { socket }),
            Err(SocketError::Io { path, source }) => Err(StartError::Io { path, source }),
        }
    }

    /// Answers until the set is dropped, and the socket with it.
    pub(super) fn serve(self, ends: &Ends) -> JoinSet<()> {
        let mut tasks = JoinSet::new();
        if let Some(socket) = self.0 {
            tasks.spawn(socket.serve(Sources {
                status: ends.status.clone(),
                journal: ends.journal.clone(),
                questions: ends.questions.clone(),
                lines: Lines::default(),
            }));
        }
        tasks
    }
}
