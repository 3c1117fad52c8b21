//! How the engine and its views reach each other: a unix socket, or a loopback port with a proof where there is none.
//!
//! Invariant: either end knows that the other is this user's before it says or believes a word of the protocol.

use std::io;
use std::path::Path;

use futures_util::future::BoxFuture;
use tokio::io::{AsyncRead, AsyncWrite};

mod lock;
#[cfg(any(not(unix), test))]
mod loopback;
#[cfg(any(not(unix), test))]
mod proof;
#[cfg(test)]
mod tests;
#[cfg(unix)]
mod unix;

pub(super) use lock::Lock;
#[cfg(not(unix))]
pub(super) use loopback::{Loopback as Platform, connect};
#[cfg(unix)]
pub(super) use unix::{Unix as Platform, connect};

/// A connection on this platform.
pub type Stream = <Platform as Listen>::Stream;

/// The engine's end, which somebody may connect to.
pub trait Listen: Sized + Send + 'static {
    type Stream: AsyncRead + AsyncWrite + std::fmt::Debug + Send + Unpin + 'static;

    /// Begins to listen at `path`, whose lock the caller holds. What a dead engine left there is replaced.
    ///
    /// # Errors
    /// The path cannot be used, or something is there that no engine left.
    fn bind(path: &Path) -> io::Result<Self>;

    /// Waits for somebody.
    ///
    /// # Errors
    /// The system has no more of what a connection takes.
    fn accept(&self) -> impl Future<Output = io::Result<Self::Stream>> + Send;

    /// Makes sure that whoever connected is this user's. Takes its time when the other does.
    ///
    /// # Errors
    /// It is somebody else's, or is gone.
    fn admit(&self, stream: Self::Stream) -> BoxFuture<'static, io::Result<Self::Stream>>;
}

/// Something is at `path` that no engine left.
fn foreign(what: &str) -> io::Error {
    io::Error::new(
        io::ErrorKind::AlreadyExists,
        format!("something other than {what} is there; it is left alone"),
    )
}

/// Whoever answers is not this user's engine.
fn impostor() -> io::Error {
    io::Error::new(
        io::ErrorKind::PermissionDenied,
        "another user's program answers there",
    )
}
