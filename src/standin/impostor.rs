//! Others at the port: somebody with another certificate, with a replayed one, the database migration's plaintext
//! server, or nobody who answers. Each records what it was given, to prove that it was given nothing.
//!
//! The record is bounded; the counts are exact.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

use super::StandinError;
use super::certificate::fingerprint;
use super::listener::{self, Live, Phase};
use super::moment::What;
use super::rotation::{TLS_HANDSHAKE, acceptor};
use super::server::Standin;
use super::shared::Shared;

const RECORDED: usize = 64 * 1024;
const HANDSHAKE: Duration = Duration::from_secs(10);
const HEAD_END: &[u8] = b"\r\n\r\n";
/// What it says to a client that it has fooled.
const THANKS: &[u8] =
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 3\r\n\r\n{}\n";
/// The migration server's reply to every path (cmd/syncthing, 2.0).
const MIGRATING: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 40\r\nConnection: close\r\n\r\n*** Database migration in progress ***\n\n";
const NOT_HTTP: &[u8] = b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n400 Bad Request";

/// Who takes the port over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A TLS server with a certificate of its own, for the same name.
    OtherCertificate,
    /// A TLS server that shows the right certificate without having its key.
    ReplayedCertificate,
    /// The plaintext server of Syncthing 2's database migration: 200 to every path.
    PlainHttp,
    /// Accepts, reads, and never says a word.
    Silent,
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::OtherCertificate => "other certificate",
            Self::ReplayedCertificate => "replayed certificate",
            Self::PlainHttp => "plain HTTP",
            Self::Silent => "silent",
        })
    }
}

/// What somebody at the port was given.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Connections that were accepted.
    pub connections: usize,
    /// TLS handshakes that a client completed.
    pub handshakes: usize,
    /// TLS handshakes that a client refused or broke off.
    pub refused: usize,
    /// Bytes received: application bytes inside TLS; for the kinds without TLS all bytes, a ClientHello included.
    pub bytes: usize,
    /// The first 64 KiB of them.
    pub received: Vec<u8>,
}

impl Report {
    /// Whether the recorded bytes hold `needle` (an API key, say).
    pub fn contains(&self, needle: &[u8]) -> bool {
        !needle.is_empty()
            && self
                .received
                .windows(needle.len())
                .any(|window| window == needle)
    }
}

/// Somebody else at the port, until [`stop`](Self::stop) or the next action of the director.
#[derive(Debug)]
pub struct Takeover {
    shared: Arc<Shared>,
    record: Arc<Record>,
}

impl Takeover {
    /// What it was given up to now.
    pub fn report(&self) -> Report {
        self.record.report()
    }

    /// `sha256:<64 hex>` of the certificate that it shows, if any.
    pub fn fingerprint(&self) -> Option<String> {
        self.record.shown.clone()
    }

    /// Cuts its connections and lets the real one listen again, with the pair in its files and the same events.
    /// Returns what the impostor was given.
    pub async fn stop(self) -> Result<Report, StandinError> {
        let mut stage = self.shared.stage.lock().await;
        self.shared.take_down(&mut stage, Phase::Cut).await;
        self.shared.moments.mark(What::ImpostorDown);
        self.shared.open(&mut stage, false).await?;
        Ok(self.report())
    }
}

impl Standin {
    /// Ends the real server (in order, open requests cut at once) and lets `kind` listen in its place.
    pub async fn impostor(&self, kind: Kind) -> Result<Takeover, StandinError> {
        let shared = &self.shared;
        let mut stage = shared.stage.lock().await;
        shared.take_down(&mut stage, Phase::Cut).await;
        let resolver = match kind {
            Kind::OtherCertificate => Some(shared.new_pair()?.certified()),
            Kind::ReplayedCertificate => {
                let other = shared.new_pair()?.certified();
                let shown = shared.served().map(|pair| vec![pair.certificate().clone()]);
                Some(Arc::new(CertifiedKey::new(
                    shown.unwrap_or_default(),
                    Arc::clone(&other.key),
                )))
            }
            Kind::PlainHttp | Kind::Silent => None,
        };
        let shown = resolver
            .as_ref()
            .and_then(|key| key.cert.first())
            .map(|certificate| fingerprint(certificate));
        let tls = resolver
            .map(|key| acceptor(Arc::new(Shown(key))))
            .transpose()?;
        let listener = listener::bind_again(shared.address()).await?;
        shared.moments.mark(What::ImpostorUp {
            kind,
            fingerprint: shown.clone(),
        });
        let record = Arc::new(Record {
            shown,
            report: Mutex::new(Report::default()),
        });
        let (live, phase, closed) = Live::new();
        let meeting = Meeting {
            shared: Arc::clone(shared),
            record: Arc::clone(&record),
            kind,
            tls,
            phase: phase.clone(),
        };
        let serve = move |stream: TcpStream, _: Option<u8>, permit: OwnedSemaphorePermit| {
            let meeting = meeting.clone();
            let tasks = Arc::clone(&meeting.shared);
            tasks.tasks.spawn(meeting.hold(stream, permit));
        };
        let permits = Arc::clone(&shared.permits);
        shared.tasks.spawn(listener::accept(
            listener, permits, phase, closed, None, serve,
        ));
        *stage = Some(live);
        Ok(Takeover {
            shared: Arc::clone(shared),
            record,
        })
    }

    /// An impostor for `duration`, then the real one again. Returns what it was given.
    pub async fn impostor_for(
        &self,
        kind: Kind,
        duration: Duration,
    ) -> Result<Report, StandinError> {
        let takeover = self.impostor(kind).await?;
        sleep(duration).await;
        takeover.stop().await
    }

    /// The database migration's plaintext server at the port.
    pub async fn plain_http(&self) -> Result<Takeover, StandinError> {
        self.impostor(Kind::PlainHttp).await
    }

    /// Somebody at the port who accepts and never answers.
    pub async fn silent(&self) -> Result<Takeover, StandinError> {
        self.impostor(Kind::Silent).await
    }
}

#[derive(Debug)]
struct Record {
    shown: Option<String>,
    report: Mutex<Report>,
}

impl Record {
    fn note(&self, change: impl FnOnce(&mut Report)) {
        change(&mut self.report.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn report(&self) -> Report {
        self.report
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// Shows a certificate whether or not the key belongs to it.
#[derive(Debug)]
struct Shown(Arc<CertifiedKey>);

impl ResolvesServerCert for Shown {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}

/// What one connection to an impostor needs.
#[derive(Clone)]
struct Meeting {
    shared: Arc<Shared>,
    record: Arc<Record>,
    kind: Kind,
    tls: Option<TlsAcceptor>,
    phase: watch::Receiver<Phase>,
}

impl Meeting {
    async fn hold(mut self, stream: TcpStream, _permit: OwnedSemaphorePermit) {
        self.record.note(|report| report.connections += 1);
        let mut phase = self.phase.clone();
        tokio::select! {
            () = self.talk(stream) => {}
            () = listener::reached(&mut phase, Phase::Draining) => {}
        }
    }

    async fn talk(&mut self, stream: TcpStream) {
        let Some(tls) = &self.tls else {
            return self.listen(stream).await;
        };
        // In TLS 1.3 the server is done before the client has judged the certificate:
        // the handshake counts as completed only when the client's Finished was read.
        let accepted = timeout(HANDSHAKE, tls.accept(stream)).await;
        let completed = matches!(accepted, Ok(Ok(_)));
        self.record.note(|report| match completed {
            true => report.handshakes += 1,
            false => report.refused += 1,
        });
        self.shared
            .moments
            .mark(What::ImpostorHandshake { completed });
        if let Ok(Ok(secured)) = accepted {
            self.listen(secured).await;
        }
    }

    async fn listen(&self, mut io: impl AsyncRead + AsyncWrite + Unpin) {
        let mut buffer = vec![0; 4096];
        let mut head: Vec<u8> = Vec::new();
        loop {
            let count = match io.read(&mut buffer).await {
                Ok(count) if count > 0 => count,
                _ => return,
            };
            let read = buffer.get(..count).unwrap_or_default();
            self.record.note(|report| {
                report.bytes += count;
                let room = RECORDED.saturating_sub(report.received.len());
                report.received.extend(read.iter().take(room));
            });
            self.shared.moments.mark(What::ImpostorBytes { count });
            if self.kind == Kind::Silent {
                continue;
            }
            if self.kind == Kind::PlainHttp && read.first() == Some(&TLS_HANDSHAKE) {
                let _ = io.write_all(NOT_HTTP).await;
                return;
            }
            head.extend(read.iter().take(RECORDED.saturating_sub(head.len())));
            if head
                .windows(HEAD_END.len())
                .any(|window| window == HEAD_END)
            {
                head.clear();
                let reply = if self.kind == Kind::PlainHttp {
                    MIGRATING
                } else {
                    THANKS
                };
                if io.write_all(reply).await.is_err() || self.kind == Kind::PlainHttp {
                    // A failed goodbye says nothing new.
                    let _ = io.shutdown().await;
                    return;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_canned_length_is_right() {
        for reply in [THANKS, MIGRATING] {
            let text = std::str::from_utf8(reply).unwrap();
            let (head, body) = text.split_once("\r\n\r\n").unwrap();
            assert!(
                head.contains(&format!("Content-Length: {}", body.len())),
                "{text}"
            );
        }
    }
}
