//! What all tasks of one stand-in share: the world, the events, who holds the port.
//!
//! The state's lock is never held over an await; the stage's lock puts the director's actions in a row.

use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::time::Instant;

use super::certificate::Pair;
use super::events::{Emitted, EventLog};
use super::folders::World;
use super::home::Home;
use super::knobs::Knobs;
use super::listener::{Live, Tasks};
use super::moment::{Moments, wall_clock};
use super::options::Options;
use super::rotation::Command;
use super::{motion, replies};

/// What the API shows and remembers.
pub(super) struct State {
    pub(super) world: World,
    pub(super) log: EventLog,
    pub(super) knobs: Knobs,
    pub(super) key: SecretString,
    pub(super) started: Timestamp,
    pub(super) started_at: Instant,
}

/// What all tasks of one stand-in share.
pub(super) struct Shared {
    state: Mutex<State>,
    served: Mutex<Option<Pair>>,
    emitted: watch::Sender<()>,
    cuts: watch::Sender<()>,
    pub(super) moments: Moments,
    pub(super) permits: Arc<Semaphore>,
    pub(super) tasks: Tasks,
    /// Who holds the port; its lock puts the director's actions in a row.
    pub(super) stage: tokio::sync::Mutex<Option<Live>>,
    commands: mpsc::Sender<Command>,
    pub(super) home: Home,
    address: SocketAddr,
    pub(super) options: Options,
}

impl fmt::Debug for Shared {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Shared").finish_non_exhaustive()
    }
}

impl Shared {
    pub(super) fn new(
        options: Options,
        home: Home,
        key: SecretString,
        address: SocketAddr,
        commands: mpsc::Sender<Command>,
    ) -> Self {
        let now = wall_clock();
        Self {
            state: Mutex::new(State {
                world: options.world.clone(),
                log: EventLog::new(),
                knobs: Knobs::default(),
                key,
                // The first start counts one second on from here.
                started: now.checked_sub(SignedDuration::from_secs(1)).unwrap_or(now),
                started_at: Instant::now(),
            }),
            served: Mutex::new(None),
            emitted: watch::Sender::new(()),
            cuts: watch::Sender::new(()),
            moments: Moments::new(),
            permits: Arc::new(Semaphore::new(options.connections)),
            tasks: Tasks::new(tokio::runtime::Handle::current()),
            stage: tokio::sync::Mutex::new(None),
            commands,
            home,
            address,
            options,
        }
    }

    /// The state; never held over an await.
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn served(&self) -> Option<Pair> {
        self.served
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(super) fn set_served(&self, pair: Pair) {
        *self.served.lock().unwrap_or_else(PoisonError::into_inner) = Some(pair);
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) fn version(&self) -> &str {
        &self.options.version
    }

    pub(super) fn emitted(&self) -> watch::Receiver<()> {
        self.emitted.subscribe()
    }

    pub(super) fn cuts(&self) -> watch::Receiver<()> {
        self.cuts.subscribe()
    }

    /// Cuts the long polls that wait now.
    pub(super) fn cut_polls(&self) {
        self.cuts.send_replace(());
    }

    /// Hands an order to the director; too many at once are dropped.
    pub(super) fn command(&self, command: Command) {
        let _ = self.commands.try_send(command);
    }

    pub(super) fn emit(&self, events: &[Emitted]) {
        let now = wall_clock();
        {
            let mut state = self.state();
            for event in events {
                state.log.emit(event, now);
            }
        }
        self.emitted.send_replace(());
    }

    /// `ConfigSaved` carries the whole config, as the real one does.
    pub(super) fn emit_config_saved(&self) {
        let config = {
            let state = self.state();
            let gui = replies::gui(
                &state.world,
                &self.address.to_string(),
                state.key.expose_secret(),
            );
            replies::config(&state.world, gui)
        };
        self.emit(&[Emitted::new("ConfigSaved", config)]);
    }

    /// A new process: event IDs from 1, a later `startTime`, devices connect anew.
    pub(super) fn begin_process(&self) {
        let now = wall_clock();
        let events = {
            let mut state = self.state();
            // startTime counts whole seconds; the real one never restarts within one.
            let next = state.started.checked_add(SignedDuration::from_secs(1));
            state.started = next.unwrap_or(now).max(now);
            state.started_at = Instant::now();
            state.log = EventLog::new();
            motion::start(&mut state.world, now)
        };
        self.emit(&events);
    }

    pub(super) fn tick(&self) {
        let events = motion::tick(&mut self.state().world, wall_clock());
        self.emit(&events);
    }
}
