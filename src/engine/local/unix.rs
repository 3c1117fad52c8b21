//! The unix socket: the system itself says who is at the other end.

use std::io;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, ready};
use tokio::net::{UnixListener, UnixStream};

use super::{Listen, foreign, impostor};

/// The bound socket. Dropping it removes the file.
#[derive(Debug)]
pub struct Unix {
    path: PathBuf,
    listener: UnixListener,
}

/// Connects to the engine at `path`; `None` when nobody listens there.
pub async fn connect(path: &Path) -> io::Result<Option<UnixStream>> {
    match UnixStream::connect(path).await {
        Ok(stream) if !may_answer(&stream) => Err(impostor()),
        Ok(stream) => Ok(Some(stream)),
        Err(error) if is_nobody(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

impl Listen for Unix {
    type Stream = UnixStream;

    fn bind(path: &Path) -> io::Result<Self> {
        remove_stale(path)?;
        let listener = UnixListener::bind(path)?;
        // The peer's user is checked as well: between bind and chmod somebody else might connect.
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
        Ok(Self {
            path: path.to_owned(),
            listener,
        })
    }

    async fn accept(&self) -> io::Result<UnixStream> {
        Ok(self.listener.accept().await?.0)
    }

    fn admit(&self, stream: UnixStream) -> BoxFuture<'static, io::Result<UnixStream>> {
        let admitted = match may_ask(&stream) {
            true => Ok(stream),
            false => Err(io::ErrorKind::PermissionDenied.into()),
        };
        ready(admitted).boxed()
    }
}

impl Drop for Unix {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Removes the socket that a dead engine left, and nothing else: the path is the user's to choose.
fn remove_stale(path: &Path) -> io::Result<()> {
    match path.symlink_metadata() {
        Ok(found) if found.file_type().is_socket() => std::fs::remove_file(path),
        Ok(_) => Err(foreign("a socket")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// A view of this user or of the system's administrator.
fn may_ask(stream: &UnixStream) -> bool {
    let ours = rustix::process::geteuid().as_raw();
    stream
        .peer_cred()
        .is_ok_and(|peer| peer.uid() == ours || peer.uid() == 0)
}

/// An engine of this user or the system's; the system's administrator may look at anybody's.
fn may_answer(stream: &UnixStream) -> bool {
    rustix::process::geteuid().is_root() || may_ask(stream)
}

/// No socket, one that nobody listens on any more, or a directory that was never made.
fn is_nobody(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused | io::ErrorKind::NotADirectory
    )
}
