//! What runs for one instance: its resolved place and key, its clients, its session, its file watches.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures_util::future::{BoxFuture, FutureExt as _, TryFutureExt as _};
use secrecy::SecretString;
use tokio::sync::{Notify, mpsc, watch as channel};
use tokio::task::AbortHandle;

use crate::config::{self, InstanceConfig, KeySource, Resolved, ResolvedTrust};
use crate::core::event::PinSet;
use crate::core::{Class, Event, Fault, PinRead};
use crate::services::{self, Memory, ReadSecret, Remote, Session, centrifugo};
use crate::tls::{self, Client, Meter};

use super::clock::Clock;
use super::{client_spec, page_spec};
use crate::watch::Subscription;

/// A torn file is read again after this, then after twice as long, and so on.
const FIRST_SETTLE: Duration = Duration::from_millis(5);
/// After so many re-reads only the timed one is left.
const MOST_SETTLES: u32 = 9;

/// One instance's side of the shell.
#[derive(Debug)]
pub(super) struct Runtime {
    pub(super) config: InstanceConfig,
    /// Tells it from an instance of the same name that was removed from the config and came back.
    pub(super) born: u64,
    /// Of the target: address, key, trust.
    pub(super) revision: u64,
    /// Of this instance's part of the config.
    pub(super) config_revision: u64,
    pub(super) resolving: Option<AbortHandle>,
    /// Something changed while it was being resolved.
    pub(super) resolve_again: bool,
    pub(super) is_unresolved: bool,
    pub(super) source_watch: Option<Subscription>,
    source_paths: Vec<PathBuf>,
    place: Option<Place>,
    /// Has the session look at what the server tells by no event.
    pub(super) nudge: Arc<Notify>,
    memory: Memory,
    meter: Arc<Meter>,
    settles: u32,
    /// Of the file that holds the second secret.
    second_stamp: Option<Stamp>,
}

/// Where the instance is, once that is known.
#[derive(Debug)]
struct Place {
    resolved: Resolved,
    pin_watch: Option<Subscription>,
    clients: Result<channel::Sender<Arc<Client>>, Fault>,
    pins: Option<PinSet>,
    session: Option<Running>,
    generation: u64,
    stamp: Option<Stamp>,
}

/// An attempt under way.
#[derive(Debug)]
struct Running {
    attempt: u64,
    task: AbortHandle,
}

/// Tells cheaply whether a file may have changed.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Stamp {
    length: u64,
    modified: Option<SystemTime>,
    identity: u64,
}

impl Runtime {
    pub(super) fn new(config: InstanceConfig, revision: u64, meter: Arc<Meter>) -> Self {
        Self {
            config,
            born: revision,
            revision,
            config_revision: revision,
            resolving: None,
            resolve_again: false,
            is_unresolved: true,
            source_watch: None,
            source_paths: Vec::new(),
            place: None,
            nudge: Arc::default(),
            memory: Memory::default(),
            meter,
            settles: 0,
            second_stamp: None,
        }
    }

    /// Whether `paths` are other files than those watched now; remembers them.
    pub(super) fn watches_other(&mut self, paths: &[PathBuf]) -> bool {
        let other = self.source_watch.is_none() || self.source_paths != paths;
        self.source_paths = paths.to_vec();
        other
    }

    /// Takes over a resolved place. `None` when it is what it was.
    pub(super) fn settle_in(&mut self, resolved: Resolved) -> Option<&Resolved> {
        let same = |place: &Place| place.resolved.same_as(&resolved);
        if !self.place.as_ref().is_some_and(same) {
            self.abandon();
            self.memory.moved();
            self.place = Some(Place {
                resolved,
                pin_watch: None,
                clients: Err(Fault::new(Class::NoPin)),
                pins: None,
                session: None,
                generation: 0,
                stamp: None,
            });
            return self.place.as_ref().map(|place| &place.resolved);
        }
        None
    }

    pub(super) fn resolved(&self) -> Option<&Resolved> {
        self.place.as_ref().map(|place| &place.resolved)
    }

    /// The file whose change changes what is trusted.
    pub(super) fn trust_file(&self) -> Option<PathBuf> {
        match &self.resolved()?.trust {
            ResolvedTrust::File(path) | ResolvedTrust::Ca(path) => Some(path.clone()),
            _ => None,
        }
    }

    pub(super) fn is_ca(&self) -> bool {
        self.resolved()
            .is_some_and(|resolved| matches!(resolved.trust, ResolvedTrust::Ca(_)))
    }

    pub(super) fn watch_trust_file(&mut self, watch: Option<Subscription>) {
        if let Some(place) = &mut self.place {
            place.pin_watch = watch;
        }
    }

    /// Reads the pin file. Also says after which time a torn one is worth another look.
    pub(super) fn read_pins(&mut self) -> (PinRead, Option<Duration>) {
        let Some(path) = self.trust_file().filter(|_| !self.is_ca()) else {
            return (PinRead::Missing, None);
        };
        let stamp = Stamp::of(&path);
        let read = tls::read_pin_file(&path);
        if let Some(place) = &mut self.place {
            place.stamp = stamp;
        }
        self.settles = match read {
            PinRead::Torn { .. } => self.settles + 1,
            _ => 0,
        };
        let settle = (1..=MOST_SETTLES)
            .contains(&self.settles)
            .then(|| FIRST_SETTLE * 2_u32.saturating_pow(self.settles - 1));
        (read, settle)
    }

    /// Whether the file that holds the second secret changed since the last time; nobody reads it until it is needed.
    pub(super) fn second_moved(&mut self, environment: &config::Environment) -> bool {
        let stamp = match &self.config.second {
            KeySource::File(path) => Stamp::of(&environment.expand(path)),
            _ => None,
        };
        let moved = stamp != self.second_stamp;
        self.second_stamp = stamp;
        moved
    }

    /// Whether looking for the key may bother somebody: a password manager that asks.
    pub(super) fn runs_a_command(&self) -> bool {
        matches!(self.config.key, KeySource::Shell(_) | KeySource::Command(_))
    }

    /// Whether the trust file may have changed since it was read, for the timed look.
    pub(super) fn trust_file_moved(&self) -> bool {
        let Some(path) = self.trust_file() else {
            return false;
        };
        self.place
            .as_ref()
            .is_some_and(|place| place.stamp != Stamp::of(&path))
    }

    /// Notes the trust file as it is now, without reading it.
    pub(super) fn note_stamp(&mut self) {
        let stamp = self.trust_file().and_then(|path| Stamp::of(&path));
        if let Some(place) = &mut self.place {
            place.stamp = stamp;
        }
    }

    /// Builds the client of a generation and hands it to the session; the older one is dropped with its connections.
    /// Where none can be built, the attempt under way has failed.
    pub(super) fn use_pins(
        &mut self,
        generation: u64,
        pins: PinSet,
        events: &mpsc::UnboundedSender<Event>,
    ) {
        let Some(place) = &mut self.place else { return };
        place.generation = generation;
        place.pins = Some(pins);
        place.build(&self.meter);
        if let (Err(fault), Some(running)) = (&place.clients, &place.session) {
            running.task.abort();
            let (attempt, fault) = (running.attempt, fault.clone());
            place.session = None;
            self.fail(attempt, fault, events);
        }
    }

    /// Starts an attempt in place of the one under way. A client that could not be built is the attempt's failure.
    pub(super) fn attempt(&mut self, attempt: u64, events: &mpsc::UnboundedSender<Event>) {
        self.abandon();
        let Some(place) = &mut self.place else { return };
        if place.clients.is_err() {
            // What stood in the way may be gone: a CA file that is whole again, a certificate store that can be read.
            place.build(&self.meter);
        }
        let clients = match &place.clients {
            Ok(clients) => clients.subscribe(),
            Err(fault) => {
                let fault = fault.clone();
                return self.fail(attempt, fault, events);
            }
        };
        let session = Session {
            instance: self.config.name.clone(),
            attempt,
            clients,
            key: place.resolved.key.clone(),
            memory: self.memory.clone(),
            nudge: Arc::clone(&self.nudge),
            second: second_secret(&place.resolved),
            settings: Arc::clone(&place.resolved.settings),
            wall_clock: Clock::wall,
            events: events.clone(),
        };
        let task = tokio::spawn(services::run(self.config.kind, session)).abort_handle();
        place.session = Some(Running { attempt, task });
    }

    /// Ends the attempt under way.
    pub(super) fn abandon(&mut self) {
        if let Some(running) = self.place.as_mut().and_then(|place| place.session.take()) {
            running.task.abort();
        }
    }

    /// What it takes to ask the server for something; `None` while nobody is trusted or its place is not known.
    pub(super) fn remote(&self) -> Option<Remote> {
        let place = self.place.as_ref()?;
        let clients = place.clients.as_ref().ok()?;
        Some(Remote {
            name: self.config.name.clone(),
            url: place.resolved.target.url.clone(),
            clients: clients.subscribe(),
            key: place.resolved.key.clone(),
        })
    }

    fn fail(&self, attempt: u64, fault: Fault, events: &mpsc::UnboundedSender<Event>) {
        // The receiver is the loop that called us.
        let _ = events.send(Event::Failed {
            instance: self.config.name.clone(),
            attempt,
            generation: self.place.as_ref().map_or(0, |place| place.generation),
            fault,
        });
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        self.abandon();
        if let Some(resolving) = &self.resolving {
            resolving.abort();
        }
    }
}

/// The second secret, read as the config says.
struct SecondSecret(config::SecretReader);

impl ReadSecret for SecondSecret {
    fn read(&self) -> BoxFuture<'_, Result<SecretString, Fault>> {
        let read = self.0.read();
        read.map_err(|why| Fault::with_detail(Class::NoKey, why))
            .boxed()
    }
}

/// What reads an instance's second secret; `None` where it has none.
pub fn second_secret(resolved: &Resolved) -> Option<Arc<dyn ReadSecret>> {
    if let Some(page) = &resolved.token_page {
        let pin_file = match &page.trust {
            ResolvedTrust::File(path) => Some(path.clone()),
            _ => None,
        };
        return Some(Arc::new(centrifugo::TokenPage::new(
            page_spec(page),
            pin_file,
        )));
    }
    let reader = resolved.second.clone()?;
    Some(Arc::new(SecondSecret(reader)))
}

impl Place {
    /// Builds the client of the newest generation and hands it to the session.
    fn build(&mut self, meter: &Arc<Meter>) {
        let Some(pins) = self.pins.clone() else {
            return;
        };
        let built = Client::build(&client_spec(&self.resolved, pins, self.generation));
        let built = built.map(|client| Arc::new(client.counting(Arc::clone(meter))));
        match (built, &self.clients) {
            (Ok(client), Ok(clients)) => {
                clients.send_replace(client);
            }
            (Ok(client), Err(_)) => self.clients = Ok(channel::channel(client).0),
            (Err(fault), _) => self.clients = Err(fault),
        }
    }
}

impl Stamp {
    fn of(path: &std::path::Path) -> Option<Self> {
        let metadata = std::fs::metadata(path).ok()?;
        Some(Self {
            length: metadata.len(),
            modified: metadata.modified().ok(),
            identity: identity(&metadata),
        })
    }
}

/// Another inode or status change under the same name is another file, even when size and time are the same.
#[cfg(unix)]
fn identity(metadata: &std::fs::Metadata) -> u64 {
    use std::os::unix::fs::MetadataExt;
    let changed = metadata
        .ctime()
        .wrapping_mul(1_000_000_000)
        .wrapping_add(metadata.ctime_nsec());
    metadata.ino().rotate_left(32) ^ changed.unsigned_abs()
}

/// Where there is no number of an inode to be had, when it was made.
#[cfg(not(unix))]
fn identity(metadata: &std::fs::Metadata) -> u64 {
    let made = metadata.created().ok();
    let since = made.and_then(|made| made.duration_since(std::time::UNIX_EPOCH).ok());
    since.map_or(0, |since| {
        since.as_secs().rotate_left(32) ^ u64::from(since.subsec_nanos())
    })
}
