//! A port of the loopback interface, and a file in the user's own directory that says which, and holds the secret by
//! which both ends prove to each other that they may read that file. GnuPG does so on Windows.
//!
//! Invariant: the secret never crosses the connection, is drawn anew by each engine, and is worth nothing without one.

use std::fs::File;
use std::io::{self, Read as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use data_encoding::HEXLOWER;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use super::proof::{LENGTH, Secret, random};
use super::{Listen, Lock, foreign, impostor};
use crate::engine::state_file::replace_private;

/// The file is a hundred bytes; more is not ours.
const LARGEST: u64 = 4096;
/// The system connects at once where somebody listens. Where nobody does, Windows tries for two seconds.
const CONNECT: Duration = Duration::from_millis(800);
/// An engine answers at once; one that does not is stuck or stopped. A view that does not is none.
const PROOF: Duration = Duration::from_secs(5);

/// The port that is listened on. Dropping it removes the file.
pub struct Loopback {
    path: PathBuf,
    listener: TcpListener,
    secret: Secret,
}

/// What the file holds, as JSON.
#[derive(Serialize, Deserialize)]
struct Address {
    port: u16,
    /// In hexadecimal.
    secret: String,
}

/// Connects to the engine at `path`; `None` when there is none. Takes up to 6 s where something listens that is none.
pub async fn connect(path: &Path) -> io::Result<Option<TcpStream>> {
    let (port, secret) = match read(path) {
        Ok(address) => address,
        Err(error) if is_nobody(&error) => return Ok(None),
        Err(error) => return Err(error),
    };
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let Ok(Ok(mut stream)) = timeout(CONNECT, TcpStream::connect(address)).await else {
        return Ok(None);
    };
    let _ = stream.set_nodelay(true);
    let wrong = match timeout(PROOF, secret.prove_as_view(&mut stream)).await {
        Ok(Ok(true)) => return Ok(Some(stream)),
        Ok(Ok(false)) => impostor(),
        Ok(Err(error)) => error,
        Err(_) => io::ErrorKind::TimedOut.into(),
    };
    // Some other program has the port now of an engine that died; or an engine lives and something is wrong.
    match Lock::is_held(path) {
        true => Err(wrong),
        false => Ok(None),
    }
}

impl Listen for Loopback {
    type Stream = TcpStream;

    fn bind(path: &Path) -> io::Result<Self> {
        match read(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            // That of a dead engine is replaced, and nothing else: the path is the user's to choose.
            read => {
                read?;
            }
        }
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let listener = TcpListener::from_std(listener)?;
        let secret = random()?;
        let address = Address {
            port: listener.local_addr()?.port(),
            secret: HEXLOWER.encode(&secret),
        };
        replace_private(path, &serde_json::to_vec(&address)?)?;
        Ok(Self {
            path: path.to_owned(),
            listener,
            secret: Secret::new(&secret),
        })
    }

    async fn accept(&self) -> io::Result<TcpStream> {
        Ok(self.listener.accept().await?.0)
    }

    fn admit(&self, mut stream: TcpStream) -> BoxFuture<'static, io::Result<TcpStream>> {
        let secret = self.secret.clone();
        async move {
            // Answers are whole lines, and waited for.
            let _ = stream.set_nodelay(true);
            timeout(PROOF, secret.prove_as_engine(&mut stream)).await??;
            Ok(stream)
        }
        .boxed()
    }
}

impl Drop for Loopback {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

impl std::fmt::Debug for Loopback {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = formatter.debug_struct("Loopback");
        shown.field("path", &self.path).finish_non_exhaustive()
    }
}

/// The port and the secret that an engine left at `path`.
fn read(path: &Path) -> io::Result<(u16, Secret)> {
    // Looked at before opening: a device could have effects of its own.
    let found = path.metadata()?;
    if !found.is_file() || found.len() > LARGEST {
        return Err(foreign("an engine's address"));
    }
    let mut text = Vec::new();
    File::open(path)?.take(LARGEST).read_to_end(&mut text)?;
    let address: Option<Address> = serde_json::from_slice(&text).ok();
    address
        .and_then(|address| {
            let bytes = HEXLOWER.decode(address.secret.as_bytes()).ok()?;
            let bytes: [u8; LENGTH] = bytes.try_into().ok()?;
            Some((address.port, Secret::new(&bytes)))
        })
        .ok_or_else(|| foreign("an engine's address"))
}

/// No file, or a directory that was never made.
fn is_nobody(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}
