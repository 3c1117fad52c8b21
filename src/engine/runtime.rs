//! What runs for one instance: its resolved place and key, its clients, its session, its file watches.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::AbortHandle;

use crate::config::{self, InstanceConfig, KeySource, Program, Resolved, ResolvedTrust};
use crate::core::event::PinSet;
use crate::core::{Class, Event, Fault, PinRead, backoff};
use crate::services::disks::SILENT;
use crate::services::{self, Din, DiskReader, Disks, Fresh, Gate, Memory, Remote, Session};
use crate::tls::{Meter, Shared};

use super::clock::Clock;
use super::errand::Errand;
use super::pin_command::Commands;
use super::place::{Build, Built, Place, Running};
use super::second::second_secret;
use super::stamp::Stamp;
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
    /// Looking for its place.
    pub(super) search: Errand,
    /// Reading its pin file.
    pub(super) reading: Errand,
    /// The command that prints its pin, while it runs.
    pub(super) asking: Option<(Program, AbortHandle)>,
    /// Building a client that takes files.
    pub(super) building: Errand,
    /// The attempt that waits for that client.
    waiting: Option<u64>,
    /// Refusals that are to be judged once the search has ended.
    pub(super) refusals: Vec<Event>,
    pub(super) is_unresolved: bool,
    /// What its place and key are read from.
    pub(super) sources: Option<Watched>,
    /// The file whose change changes what is trusted.
    pub(super) trust_watch: Option<Watched>,
    place: Option<Place>,
    common: Common,
    /// Has the session read the state again.
    pub(super) fresh: Fresh,
    /// Where its second secret is read from.
    disk: DiskReader,
    memory: Memory,
    meter: Arc<Meter>,
    settles: u32,
    /// Of the file that holds the second secret.
    second_stamp: Option<Stamp>,
}

/// What all instances of an engine share.
#[derive(Clone, Debug, Default)]
pub(super) struct Common {
    /// To the servers.
    pub(super) gate: Gate,
    /// To the disks: each that is waited for keeps a thread.
    pub(super) disks: Disks,
    /// What they all tell.
    pub(super) din: Din,
    pub(super) tls: Shared,
    pub(super) commands: Commands,
}

/// Files that are watched, and by what.
#[derive(Debug)]
pub(super) struct Watched {
    pub(super) paths: Vec<PathBuf>,
    pub(super) _by: Subscription,
}

impl Runtime {
    pub(super) fn new(
        config: InstanceConfig,
        revision: u64,
        common: Common,
        meter: Arc<Meter>,
    ) -> Self {
        Self {
            config,
            born: revision,
            revision,
            config_revision: revision,
            resolving: None,
            search: Errand::default(),
            reading: Errand::default(),
            asking: None,
            building: Errand::default(),
            waiting: None,
            refusals: Vec::new(),
            is_unresolved: true,
            sources: None,
            trust_watch: None,
            place: None,
            disk: DiskReader::on(&common.disks),
            common,
            fresh: Fresh::default(),
            memory: Memory::default(),
            meter,
            settles: 0,
            second_stamp: None,
        }
    }

    /// Takes over a resolved place. False when it is what it was.
    pub(super) fn settle_in(&mut self, resolved: Resolved) -> bool {
        let same = |place: &Place| place.resolved.same_as(&resolved);
        if !self.place.as_ref().is_some_and(same) {
            self.abandon();
            self.memory.moved();
            self.place = Some(Place::new(resolved));
            return true;
        }
        false
    }

    /// The trust file is watched by this from now on; without, as it was.
    pub(super) fn watch_trust_file(&mut self, watched: Option<Watched>) {
        let before = self.trust_watch.take();
        self.trust_watch = self.trust_file().and(watched.or(before));
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

    /// What prints the pin.
    pub(super) fn pin_command(&self) -> Option<&Program> {
        match &self.resolved()?.trust {
            ResolvedTrust::Command(program) => Some(program),
            _ => None,
        }
    }

    pub(super) fn is_ca(&self) -> bool {
        self.resolved()
            .is_some_and(|resolved| matches!(resolved.trust, ResolvedTrust::Ca(_)))
    }

    /// Takes in what the pin file held when it looked like `stamp`, and says after which time a torn one is worth another
    /// look.
    pub(super) fn pins_read(&mut self, stamp: Option<Stamp>, read: &PinRead) -> Option<Duration> {
        self.note_stamp(stamp);
        self.settles = match read {
            PinRead::Torn { .. } => self.settles + 1,
            _ => 0,
        };
        (1..=MOST_SETTLES)
            .contains(&self.settles)
            .then(|| FIRST_SETTLE * 2_u32.saturating_pow(self.settles - 1))
    }

    /// The file that holds the second secret: nobody reads it until it is needed.
    pub(super) fn second_file(&self, environment: &config::Environment) -> Option<PathBuf> {
        match &self.config.second {
            KeySource::File(path) => Some(environment.expand(path)),
            _ => None,
        }
    }

    /// Whether that file is another one than the last time.
    pub(super) fn second_moved(&mut self, stamp: Option<Stamp>) -> bool {
        let moved = stamp != self.second_stamp;
        self.second_stamp = stamp;
        moved
    }

    /// Whether looking for the key may bother somebody: a password manager that asks.
    pub(super) fn runs_a_command(&self) -> bool {
        matches!(self.config.key, KeySource::Shell(_) | KeySource::Command(_))
    }

    /// What the trust file looked like when it was read, for the timed look.
    pub(super) fn stamp(&self) -> Option<&Stamp> {
        self.place.as_ref()?.stamp.as_ref()
    }

    /// The trust file looks like this now.
    pub(super) fn note_stamp(&mut self, stamp: Option<Stamp>) {
        if let Some(place) = &mut self.place {
            place.stamp = stamp;
        }
    }

    /// Takes a generation of pins into force: its client is built and handed to the session; the older one is dropped
    /// with its connections. What is to be built beside the loop is returned.
    ///
    /// Where no client can be built, the attempt under way has failed.
    pub(super) fn use_pins(
        &mut self,
        generation: u64,
        pins: PinSet,
        events: &mpsc::UnboundedSender<Event>,
    ) -> Option<Build> {
        let place = self.place.as_mut()?;
        place.generation = generation;
        place.pins = Some(pins);
        self.build(events)
    }

    /// Builds the client of the newest generation. One that takes files is returned, to be built beside the loop.
    pub(super) fn build(&mut self, events: &mpsc::UnboundedSender<Event>) -> Option<Build> {
        let place = self.place.as_ref()?;
        let (instance, told) = (self.config.name.clone(), events.clone());
        let tell = move |generation, served| {
            // Nobody listens only while the engine stops.
            let _ = told.send(Event::Verified {
                instance: instance.clone(),
                generation,
                served,
            });
        };
        let build = place.to_build(self.revision, &self.common.tls, &self.meter, tell)?;
        if build.reads_files() {
            return Some(build);
        }
        self.built(build.build(), events);
        None
    }

    /// Hands a client to the session and to the attempt that waits for it. One that could not be built is their
    /// failure; one for a place or for pins that no longer count is dropped: another is asked for by then.
    pub(super) fn built(&mut self, built: Built, events: &mpsc::UnboundedSender<Event>) {
        let Some(place) = &mut self.place else { return };
        if built.counts_for != (self.revision, place.generation) {
            return;
        }
        let failed = place.take(built);
        let waiting = self.waiting.take();
        match (failed, waiting) {
            (None, Some(attempt)) => self.start(attempt, events),
            (None, None) => {}
            (Some(fault), waiting) => {
                let running = place.session.take();
                if let Some(running) = &running {
                    running.task.abort();
                }
                let attempt = waiting.or(running.map(|running| running.attempt));
                if let Some(attempt) = attempt {
                    self.fail(attempt, fault, events);
                }
            }
        }
    }

    /// The attempt that waits for a client waits in vain: its files cannot be had.
    pub(super) fn no_client(&mut self, events: &mpsc::UnboundedSender<Event>) {
        if let Some(attempt) = self.waiting.take() {
            let fault = Fault::with_detail(Class::BadPinFile, SILENT);
            self.fail(attempt, fault, events);
        }
    }

    /// Starts an attempt in place of the one under way. A client that could not be built is the attempt's failure; one
    /// that is to be built first is returned.
    pub(super) fn attempt(
        &mut self,
        attempt: u64,
        events: &mpsc::UnboundedSender<Event>,
    ) -> Option<Build> {
        self.abandon();
        let place = self.place.as_ref()?;
        let fault = match &place.clients {
            Ok(_) if place.is_served_as((self.revision, place.generation)) => {
                self.start(attempt, events);
                return None;
            }
            // What was trusted before is trusted no more.
            Ok(_) => Fault::new(Class::NoPin),
            // What stood in the way may be gone: a CA file that is whole again, a certificate store that can be read.
            Err(fault) => fault.clone(),
        };
        self.waiting = Some(attempt);
        let build = self.build(events);
        if build.is_none() && self.waiting.take().is_some() {
            self.fail(attempt, fault, events);
        }
        build
    }

    fn start(&mut self, attempt: u64, events: &mpsc::UnboundedSender<Event>) {
        let Some(place) = &mut self.place else { return };
        let Ok(clients) = &place.clients else { return };
        let clients = clients.subscribe();
        let mut session = Session {
            instance: self.config.name.clone(),
            attempt,
            clients,
            key: place.resolved.key.clone(),
            memory: self.memory.clone(),
            fresh: self.fresh.clone(),
            entry: Default::default(),
            teller: self.common.din.teller(),
            second: second_secret(&place.resolved, &self.disk),
            settings: Arc::clone(&place.resolved.settings),
            wall_clock: Clock::wall,
            events: events.clone(),
        };
        let gate = self.common.gate.clone();
        let seed = backoff::seed(&session.instance, attempt);
        let task = tokio::spawn(async move {
            let attempt = |entry| {
                session.entry = entry;
                services::run(session)
            };
            gate.pass(seed, attempt).await;
        });
        let task = task.abort_handle();
        place.session = Some(Running { attempt, task });
    }

    /// Ends the attempt under way.
    pub(super) fn abandon(&mut self) {
        self.waiting = None;
        if let Some(running) = self.place.as_mut().and_then(|place| place.session.take()) {
            running.task.abort();
        }
    }

    /// What it takes to ask the server for something; `None` while nobody is trusted or its place is not known.
    pub(super) fn remote(&self) -> Option<Remote> {
        let place = self.place.as_ref()?;
        let standing = (self.revision, place.generation);
        let clients = place.clients.as_ref().ok()?;
        if !place.is_served_as(standing) {
            return None;
        }
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
        let asking = self.asking.as_ref().map(|(_, task)| task);
        for task in self.resolving.iter().chain(asking) {
            task.abort();
        }
    }
}
