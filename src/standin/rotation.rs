//! The director: what the stand-in does to its certificate and its listener, in the real one's order and timing.
//!
//! Actions run one after the other; each leaves somebody at the port or nobody, never two. An action dropped
//! half-way leaves nobody, until `start_process`.

use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use rustls::server::ResolvesServerCert;
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, mpsc, watch};
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_rustls::TlsAcceptor;

use super::certificate::Pair;
use super::listener::{self, Live, Phase};
use super::moment::{What, wall_clock};
use super::server::Standin;
use super::shared::Shared;
use super::{StandinError, api};

/// A client that says nothing more in the middle of a handshake is let go.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// The first byte of a TLS record with a ClientHello.
pub(super) const TLS_HANDSHAKE: u8 = 0x16;

/// What a client can order over the API.
#[derive(Clone, Copy, Debug)]
pub(super) enum Command {
    Restart,
    RestartListener,
    Shutdown,
}

impl Standin {
    /// Restarts the process: refuses connections at once, cuts the rest after the grace, and after `downtime` serves
    /// again. `renew` makes a new certificate; without it the pair in the files is served, or replaced when it is due,
    /// missing or broken, as Syncthing does. Returns when the listener was bound.
    pub async fn restart(&self, downtime: Duration, renew: bool) -> Result<Instant, StandinError> {
        self.shared.restart(downtime, renew).await
    }

    /// Restarts the listener in the living process, as any change of the GUI settings does: refused for
    /// `Options::gap`, then the new listener; open requests are cut `Options::grace` after the trigger.
    /// Event IDs and `startTime` go on. Returns when the listener was bound.
    pub async fn restart_listener(&self, renew: bool) -> Result<Instant, StandinError> {
        self.shared.restart_listener(renew).await
    }

    /// One rotation in process; returns the instant from which the new certificate is served.
    pub async fn rotate_in_process(&self) -> Result<Instant, StandinError> {
        self.shared.restart_listener(true).await
    }

    /// Replaces the files and goes on serving the old certificate until the next restart. Returns the new fingerprint.
    pub async fn replace_file_only(&self) -> Result<String, StandinError> {
        let stage = self.shared.stage.lock().await;
        let pair = self.shared.renew().await?;
        drop(stage);
        Ok(pair.fingerprint())
    }

    /// Ends the process in order: refuses at once, close_notify everywhere, open requests cut after the grace, for
    /// which this waits. Nobody serves until [`start_process`](Self::start_process).
    pub async fn stop(&self) {
        let mut stage = self.shared.stage.lock().await;
        self.shared.end_process(&mut stage, Duration::MAX).await;
    }

    /// Ends the process as SIGKILL does: every connection ends at once, without close_notify.
    pub async fn kill(&self) {
        let mut stage = self.shared.stage.lock().await;
        self.shared.take_down(&mut stage, Phase::Killed).await;
    }

    /// Starts the process after [`stop`](Self::stop) or [`kill`](Self::kill); otherwise like [`restart`](Self::restart)
    /// with no downtime. Returns when the listener was bound.
    pub async fn start_process(&self, renew: bool) -> Result<Instant, StandinError> {
        let mut stage = self.shared.stage.lock().await;
        self.shared.take_down(&mut stage, Phase::Cut).await;
        self.shared.begin_process();
        self.shared.open(&mut stage, renew).await
    }
}

/// Carries out what clients order, one after the other.
pub(super) async fn obey(shared: Arc<Shared>, mut orders: mpsc::Receiver<Command>) {
    while let Some(order) = orders.recv().await {
        match order {
            // A failure leaves the port closed: that is what a client then sees of the real one, too.
            Command::Restart => {
                let downtime = shared.options.restart_downtime;
                let _ = shared.restart(downtime, false).await;
            }
            Command::RestartListener => {
                let _ = shared.restart_listener(false).await;
            }
            Command::Shutdown => {
                let mut stage = shared.stage.lock().await;
                shared.end_process(&mut stage, Duration::MAX).await;
            }
        }
    }
}

impl Shared {
    async fn restart(
        self: &Arc<Self>,
        downtime: Duration,
        renew: bool,
    ) -> Result<Instant, StandinError> {
        let mut stage = self.stage.lock().await;
        let back = Instant::now() + downtime;
        self.end_process(&mut stage, downtime).await;
        sleep_until(back).await;
        self.begin_process();
        self.open(&mut stage, renew).await
    }

    /// Frees the port; what is still open is cut after the grace, `longest` at most.
    async fn end_process(&self, stage: &mut Option<Live>, longest: Duration) {
        if let Some(live) = stage.take() {
            let phase = live.close(Phase::Draining).await;
            self.moments.mark(What::ListenerDown);
            sleep(self.options.grace.min(longest)).await;
            phase.send_replace(Phase::Cut);
            self.moments.mark(What::ConnectionsCut);
        }
    }

    async fn restart_listener(self: &Arc<Self>, renew: bool) -> Result<Instant, StandinError> {
        let mut stage = self.stage.lock().await;
        self.take_down(&mut stage, Phase::Draining).await;
        sleep(self.options.gap).await;
        self.open(&mut stage, renew).await
    }

    /// Frees the port. With `Draining` what is still open is cut after the grace, in the background.
    pub(super) async fn take_down(self: &Arc<Self>, stage: &mut Option<Live>, how: Phase) {
        let Some(live) = stage.take() else {
            return;
        };
        let phase = live.close(how).await;
        self.moments.mark(What::ListenerDown);
        if how > Phase::Draining {
            self.moments.mark(What::ConnectionsCut);
            return;
        }
        let shared = Arc::clone(self);
        self.tasks.spawn(async move {
            sleep(shared.options.grace).await;
            phase.send_replace(Phase::Cut);
            shared.moments.mark(What::ConnectionsCut);
        });
    }

    /// Loads or renews the pair, then binds and serves (lib/api/api.go getListener).
    pub(super) async fn open(
        self: &Arc<Self>,
        stage: &mut Option<Live>,
        renew: bool,
    ) -> Result<Instant, StandinError> {
        let kept = if renew { None } else { self.kept_pair() };
        let pair = match kept {
            Some(pair) => pair,
            None => self.renew().await?,
        };
        let acceptor = acceptor(Arc::new(Only(pair.clone())))?;
        let listener = listener::bind_again(self.address()).await?;
        let at = self.moments.serving(&pair.fingerprint());
        self.set_served(pair);
        let (live, phase, closed) = Live::new();
        let (shared, watching) = (Arc::clone(self), phase.clone());
        let serve = move |stream: TcpStream, first: Option<u8>, permit: OwnedSemaphorePermit| {
            let connection = serve(
                Arc::clone(&shared),
                stream,
                acceptor.clone(),
                first,
                watching.clone(),
                permit,
            );
            shared.tasks.spawn(connection);
        };
        let (permits, sniff) = (Arc::clone(&self.permits), Some(self.options.sniff));
        self.tasks.spawn(listener::accept(
            listener, permits, phase, closed, sniff, serve,
        ));
        *stage = Some(live);
        Ok(at)
    }

    /// Makes a pair and writes it: the certificate, closed, then the key.
    async fn renew(&self) -> Result<Pair, StandinError> {
        let pair = self.new_pair()?;
        let writing = self.options.writing;
        self.moments.mark(What::FileOpened);
        let path = self.home.certificate_path();
        pair.write_certificate(&path, writing).await?;
        self.moments.mark(What::FileWritten {
            fingerprint: pair.fingerprint(),
        });
        pair.write_key(&self.home.key_path(), writing).await?;
        Ok(pair)
    }

    pub(super) fn new_pair(&self) -> Result<Pair, StandinError> {
        let options = &self.options;
        Pair::generate(&options.host_name, options.certificate_days, wall_clock())
    }

    /// The pair in the files, unless Syncthing would replace it.
    fn kept_pair(&self) -> Option<Pair> {
        Pair::load(&self.home.certificate_path(), &self.home.key_path())
            .ok()
            .filter(|pair| !pair.due(wall_clock()))
    }
}

/// One certificate for every client.
#[derive(Debug)]
struct Only(Pair);

impl ResolvesServerCert for Only {
    fn resolve(
        &self,
        _hello: rustls::server::ClientHello<'_>,
    ) -> Option<Arc<rustls::sign::CertifiedKey>> {
        Some(self.0.certified())
    }
}

/// TLS 1.2 and 1.3, HTTP/1.1, and session resumption within one opening of the listener, as Go does it.
pub(super) fn acceptor(resolver: Arc<dyn ResolvesServerCert>) -> Result<TlsAcceptor, StandinError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_cert_resolver(resolver);
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

async fn serve(
    shared: Arc<Shared>,
    stream: TcpStream,
    acceptor: TlsAcceptor,
    first: Option<u8>,
    mut phase: watch::Receiver<Phase>,
    _permit: OwnedSemaphorePermit,
) {
    let idle = shared.options.idle;
    if first != Some(TLS_HANDSHAKE) {
        let respond = |request| api::redirect(Arc::clone(&shared), request);
        return listener::serve_http(stream, idle, phase, respond).await;
    }
    // A handshake under way is finished while draining: a client then sees the old certificate, and EOF.
    let secured = tokio::select! {
        secured = timeout(HANDSHAKE, acceptor.accept(stream)) => secured,
        () = listener::reached(&mut phase, Phase::Cut) => return,
    };
    if let Ok(Ok(secured)) = secured {
        let respond = |request| api::respond(Arc::clone(&shared), request);
        listener::serve_http(secured, idle, phase, respond).await;
    }
}
