//! The page for Prometheus: where it listens, to whom it opens, when its files are read again.
//!
//! Invariant: connections, their time and what they may send are bounded; with no `listen` there is no task but one
//! that waits for the config.

mod answer;
mod gate;
mod seats;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tracing::{debug, info, warn};

use super::Sources;
use crate::config::{Metrics, Outlets};
use crate::engine::DiskReader;
use crate::engine::clock::Clock;
use crate::watch::{Subscription, Touch};
use gate::Gate;
use seats::{Asked, Seats};

/// From the first byte to the last: each connection is good for one request.
const LONGEST: Duration = Duration::from_secs(30);
const LONGEST_HEAD: Duration = Duration::from_secs(10);
/// The largest head of a request that is read, bytes.
const LARGEST_HEAD: usize = 16 * 1024;
/// A port that is taken, or a file that is not there, is tried again after this.
const RETRY: Duration = Duration::from_secs(10);
/// A certificate and its key are written one after the other.
const SETTLES: Duration = Duration::from_millis(50);
/// After a failed accept (out of file descriptors) the loop breathes.
const BREATH: Duration = Duration::from_secs(1);

/// Serves the page as the config says, at every change of it anew, until the engine is gone.
pub(super) async fn run(mut outlets: watch::Receiver<Arc<Outlets>>, sources: Sources) {
    loop {
        let metrics = outlets.borrow_and_update().metrics.clone();
        let changed = outlets.wait_for(|now| now.metrics != metrics);
        tokio::select! {
            () = serve(&metrics, &sources) => {}
            changed = changed => if changed.is_err() {
                return;
            }
        }
    }
}

/// Never ends by itself.
async fn serve(metrics: &Metrics, sources: &Sources) {
    let Some(listen) = metrics.listen else {
        return std::future::pending().await;
    };
    let listener = bind(listen).await;
    let scheme = if metrics.tls.is_some() {
        "https"
    } else {
        "http"
    };
    info!("metrics for Prometheus are at {scheme}://{listen}/metrics");
    let (_watch, mut touches) = watch_files(metrics, sources);
    let mut gate = Keeper::default();
    gate.look(metrics, sources).await;
    let (mut connections, mut seats) = (JoinSet::new(), Seats::default());
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    if let Some(gate) = gate.open() && seats.make_room(peer.ip()) {
                        let asked = Asked::default();
                        let answered = connection(stream, gate, sources.clone(), asked.clone());
                        let task = connections.spawn(timeout(LONGEST, answered));
                        seats.take(peer.ip(), asked, task);
                    }
                }
                Err(error) => {
                    warn!("the metrics page could not accept a connection: {error}");
                    sleep(BREATH).await;
                }
            },
            Some(()) = touches.recv() => {
                sleep(SETTLES).await;
                gate.look(metrics, sources).await;
            }
            () = gate.retry() => gate.look(metrics, sources).await,
            Some(_) = connections.join_next() => {}
        }
    }
}

/// The port, as soon as it is free.
async fn bind(listen: SocketAddr) -> TcpListener {
    let mut said = false;
    loop {
        match TcpListener::bind(listen).await {
            Ok(listener) => return listener,
            Err(error) => {
                if !std::mem::replace(&mut said, true) {
                    let why = match error.kind() {
                        io::ErrorKind::AddrInUse => "another program listens there".to_owned(),
                        _ => error.to_string(),
                    };
                    warn!(
                        "the metrics page cannot listen at {listen}: {why}. It is tried again every {} s; watching goes on",
                        RETRY.as_secs()
                    );
                }
                sleep(RETRY).await;
            }
        }
    }
}

/// Rings when a file changes that the page depends on.
fn watch_files(metrics: &Metrics, sources: &Sources) -> (Subscription, mpsc::Receiver<()>) {
    let (bell, touches) = mpsc::channel(1);
    let files = gate::files(metrics, &sources.environment);
    let subscription = sources.watcher.subscribe(files, move |touch| {
        if matches!(touch, Touch::Changed(_)) {
            // One that waits to be heard is enough.
            let _ = bell.try_send(());
        }
    });
    (subscription, touches)
}

/// The newest good gate, and what is wrong with what is newer.
#[derive(Default)]
struct Keeper {
    gate: Option<Arc<Gate>>,
    disk: DiskReader,
    trouble: Option<Trouble>,
}

struct Trouble {
    why: String,
    /// When it is looked at again, unless a file changes before.
    again: Instant,
    /// It was said. A certificate and its key do not fit while they are renewed: that is no trouble for a while.
    said: bool,
}

impl Keeper {
    fn open(&self) -> Option<Arc<Gate>> {
        self.gate.clone()
    }

    /// Reads certificate, key and token. What cannot be read now changes nothing that was read before.
    async fn look(&mut self, metrics: &Metrics, sources: &Sources) {
        match Gate::read(metrics, &sources.environment, &self.disk).await {
            Ok(gate) => {
                if self.trouble.take().is_some_and(|trouble| trouble.said) {
                    info!("the metrics page has its certificate and its token");
                }
                self.gate = Some(Arc::new(gate));
            }
            Err(why) => {
                let now = Clock::instant_now();
                let before = self.trouble.take();
                let again = before.as_ref().map(|before| before.again);
                let due = again.is_some_and(|again| again <= now);
                let told = before.filter(|before| before.said);
                let same = told.as_ref().is_some_and(|told| told.why == why);
                let say = !same && (due || told.is_some() || self.gate.is_none());
                if say {
                    let meanwhile = match self.gate {
                        Some(_) => "What was read before stays in force",
                        None => "Until then the page answers nobody",
                    };
                    warn!("the metrics page: {why}. {meanwhile}; it is tried again by itself");
                }
                self.trouble = Some(Trouble {
                    why,
                    again: again.filter(|_| !due).unwrap_or(now + RETRY),
                    said: say || told.is_some(),
                });
            }
        }
    }

    /// When it is time to look again.
    async fn retry(&self) {
        match &self.trouble {
            Some(trouble) => sleep_until(trouble.again).await,
            None => std::future::pending().await,
        }
    }
}

async fn connection(stream: TcpStream, gate: Arc<Gate>, sources: Sources, asked: Asked) {
    // Without it a reply in several writes takes 40 ms; a failure is only slow.
    let _ = stream.set_nodelay(true);
    match &gate.tls {
        None => exchange(stream, &gate, &sources, &asked).await,
        Some(tls) => match tls.accept(stream).await {
            Ok(stream) => exchange(stream, &gate, &sources, &asked).await,
            Err(error) => debug!("the metrics page: a TLS handshake failed: {error}"),
        },
    }
}

/// One request, one reply.
async fn exchange<S>(stream: S, gate: &Gate, sources: &Sources, asked: &Asked)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let respond = |request| async move {
        asked.yes();
        let reply = answer::answer(&request, gate, sources).await;
        sources.tally.replied(reply.status().as_u16());
        Ok::<_, std::convert::Infallible>(reply)
    };
    let ended = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(LONGEST_HEAD)
        .max_buf_size(LARGEST_HEAD)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service_fn(respond))
        .await;
    if let Err(error) = ended {
        debug!("the metrics page: {error}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_port_that_is_taken_is_had_once_it_is_free() {
        let taken = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let listen = taken.local_addr().expect("an address");
        let waiting = tokio::spawn(bind(listen));
        sleep(RETRY * 3).await;
        assert!(!waiting.is_finished());
        drop(taken);
        let listener = waiting.await.expect("it is had");
        assert_eq!(listener.local_addr().expect("an address"), listen);
    }
}
