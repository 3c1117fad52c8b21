//! The accept loop and one connection's life, shared by the real server and everybody who takes its port over.
//!
//! A connection never outlives its listener's phase: it drains, is cut, or is killed with it.

use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use ring::rand::{SecureRandom, SystemRandom};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::StandinError;

pub(super) type Body = UnsyncBoxBody<Bytes, io::Error>;

const BACKLOG: u32 = 128;
/// Below every system's ephemeral range: while the listener is down, no outgoing connection can be given the port.
const PORTS: std::ops::Range<u16> = 16_384..32_000;
const PORT_TRIES: usize = 64;
/// A port that is taken for a moment (another test's outgoing connection) is tried again this often, this far apart.
const REBIND_TRIES: usize = 100;
const REBIND_PAUSE: Duration = Duration::from_millis(5);
/// After a failed accept (out of file descriptors) the loop breathes.
const ACCEPT_PAUSE: Duration = Duration::from_millis(10);
/// A peer that does not read must not hold up the goodbye.
const GOODBYE: Duration = Duration::from_secs(1);

/// How far the end of a listener has come; it only ever grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    Open,
    /// Not listening; idle connections close, requests under way may finish.
    Draining,
    /// Everything still open is closed: close_notify, then FIN, mid-body if need be.
    Cut,
    /// As after SIGKILL: no close_notify.
    Killed,
}

/// A running accept loop, seen from the director.
#[derive(Debug)]
pub(super) struct Live {
    phase: watch::Sender<Phase>,
    closed: oneshot::Receiver<()>,
}

impl Live {
    /// The director's end, and what [`accept`] needs.
    pub(super) fn new() -> (Self, watch::Receiver<Phase>, oneshot::Sender<()>) {
        let (phase, watching) = watch::channel(Phase::Open);
        let (announce, closed) = oneshot::channel();
        (Self { phase, closed }, watching, announce)
    }

    /// Stops listening; returns once new connections are refused. What is left ends by the phase given,
    /// or when the returned sender says more; dropping that sender cuts.
    pub(super) async fn close(self, phase: Phase) -> watch::Sender<Phase> {
        self.phase.send_replace(phase);
        // An error means that the loop is gone already.
        let _ = self.closed.await;
        self.phase
    }
}

/// The tasks of one stand-in; none outlives `abort_all`.
#[derive(Debug)]
pub(super) struct Tasks {
    runtime: Handle,
    set: Mutex<Option<JoinSet<()>>>,
}

impl Tasks {
    pub(super) fn new(runtime: Handle) -> Self {
        Self {
            runtime,
            set: Mutex::new(Some(JoinSet::new())),
        }
    }

    pub(super) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut guard = self.set.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(set) = guard.as_mut() {
            while set.try_join_next().is_some() {}
            set.spawn_on(task, &self.runtime);
        }
    }

    pub(super) fn abort_all(&self) {
        let set = self
            .set
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        // Dropping a set aborts what is in it.
        drop(set);
    }
}

/// Opens a loopback listener on `port`, or on a free one of our own choice.
pub(super) fn bind_first(port: Option<u16>) -> Result<TcpListener, StandinError> {
    if let Some(port) = port {
        let address = loopback(port);
        return bind(address).map_err(|source| StandinError::Listen { address, source });
    }
    for _ in 0..PORT_TRIES {
        let mut random = [0_u8; 2];
        SystemRandom::new()
            .fill(&mut random)
            .map_err(|_| StandinError::Random)?;
        let span = PORTS.end - PORTS.start;
        let port = PORTS.start + u16::from_le_bytes(random) % span;
        if let Ok(listener) = bind(loopback(port)) {
            return Ok(listener);
        }
    }
    let address = loopback(0);
    bind(address).map_err(|source| StandinError::Listen { address, source })
}

/// Opens the same address again.
pub(super) async fn bind_again(address: SocketAddr) -> Result<TcpListener, StandinError> {
    let mut tries = 0;
    loop {
        match bind(address) {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && tries < REBIND_TRIES => {
                tries += 1;
                sleep(REBIND_PAUSE).await;
            }
            result => return result.map_err(|source| StandinError::Listen { address, source }),
        }
    }
}

/// Accepts until the phase leaves `Open`; with `sniff` the first byte is awaited so long, one connection after
/// the other, as Syncthing's DowngradingListener does (lib/tlsutil).
pub(super) async fn accept(
    listener: TcpListener,
    permits: Arc<Semaphore>,
    mut phase: watch::Receiver<Phase>,
    closed: oneshot::Sender<()>,
    sniff: Option<Duration>,
    serve: impl Fn(TcpStream, Option<u8>, OwnedSemaphorePermit) + Send + Sync,
) {
    let accepting = async {
        while let Ok(permit) = Arc::clone(&permits).acquire_owned().await {
            let Ok((stream, _)) = listener.accept().await else {
                sleep(ACCEPT_PAUSE).await;
                continue;
            };
            // Without it a request takes 40 ms; a failure is only slow.
            let _ = stream.set_nodelay(true);
            let first = match sniff {
                Some(wait) => first_byte(&stream, wait).await,
                None => None,
            };
            serve(stream, first, permit);
        }
    };
    tokio::select! {
        () = accepting => {}
        () = reached(&mut phase, Phase::Draining) => {}
    }
    drop(listener);
    let _ = closed.send(());
}

/// Waits until the phase is at least `least`, or nobody can advance it any more.
pub(super) async fn reached(phase: &mut watch::Receiver<Phase>, least: Phase) {
    let _ = phase.wait_for(|phase| *phase >= least).await;
}

/// Serves HTTP/1.1 on one connection until it ends by itself or by the phase.
pub(super) async fn serve_http<I, F, R>(
    io: I,
    idle: Duration,
    mut phase: watch::Receiver<Phase>,
    respond: F,
) where
    I: AsyncRead + AsyncWrite + Unpin + Send,
    F: Fn(Request<Incoming>) -> R + Send,
    R: Future<Output = Result<Response<Body>, io::Error>> + Send,
{
    let mut connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(idle)
        .serve_connection(TokioIo::new(io), service_fn(respond));
    let mut draining = false;
    loop {
        let next = if draining {
            Phase::Cut
        } else {
            Phase::Draining
        };
        tokio::select! {
            _ = &mut connection => break,
            () = reached(&mut phase, next) => {}
        }
        let now = *phase.borrow();
        match now {
            Phase::Draining if !draining => {
                draining = true;
                Pin::new(&mut connection).graceful_shutdown();
            }
            Phase::Killed => return,
            // Cut, or the listener's handle is gone.
            _ => break,
        }
    }
    // Go's tls.Conn.Close says close_notify even in the middle of a body.
    let mut io = connection.into_parts().io.into_inner();
    let _ = timeout(GOODBYE, io.shutdown()).await;
}

async fn first_byte(stream: &TcpStream, wait: Duration) -> Option<u8> {
    let mut first = [0_u8; 1];
    match timeout(wait, stream.peek(&mut first)).await {
        Ok(Ok(1)) => first.first().copied(),
        _ => None,
    }
}

fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    // On Windows the option means something else: two listeners on one port.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

fn loopback(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}
