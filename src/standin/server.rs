//! The stand-in itself: what it is started with, what its parts share, and the handle that ends it all.
//!
//! One address for its whole life; dropping the handle ends every task, connection and temporary file.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use tokio::sync::{Semaphore, broadcast, mpsc, watch};
use tokio::time::Instant;

use super::certificate::{Pair, VALID_DAYS, Writing};
use super::events::{Emitted, EventLog};
use super::folders::{Folder, World};
use super::home::{self, Home};
use super::knobs::{Answer, Knobs, Seen};
use super::listener::{self, Live, Tasks};
use super::moment::{Moment, Moments, Served, wall_clock};
use super::rotation::{self, Command};
use super::{StandinError, motion, replies};

const COMMANDS: usize = 8;

/// How a stand-in is set up. The defaults are what a Syncthing 1.29 does, with the waits of its restarts.
#[derive(Clone, Debug)]
pub struct Options {
    /// Its configuration directory; `None` is a temporary one.
    pub home: Option<PathBuf>,
    /// The loopback port; `None` is a free one. It stays the same over all restarts.
    pub port: Option<u16>,
    /// The API key; `None` is a random one.
    pub api_key: Option<SecretString>,
    /// CN and SAN of its certificates.
    pub host_name: String,
    /// The version that it claims.
    pub version: String,
    /// What its API shows.
    pub world: World,
    /// For how many days a new certificate is valid; with 30 or less every opening of the listener renews it.
    pub certificate_days: u32,
    /// How a new pair reaches the disk.
    pub writing: Writing,
    /// From the end of listening until open requests are cut (lib/api/api.go shutdownTimeout).
    pub grace: Duration,
    /// For how long an in-process restart refuses connections at least, before the new certificate is written.
    pub gap: Duration,
    /// For how long a restart asked for over the API takes.
    pub restart_downtime: Duration,
    /// When an idle connection is closed (ReadTimeout).
    pub idle: Duration,
    /// For how long the first byte of a connection is awaited while no other is accepted.
    pub sniff: Duration,
    /// Connections at one time; further ones wait.
    pub connections: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            home: None,
            port: None,
            api_key: None,
            host_name: "standin".to_owned(),
            version: "v1.29.5".to_owned(),
            world: World::demo(1),
            certificate_days: VALID_DAYS,
            writing: Writing::InPlace {
                pause: Duration::ZERO,
            },
            grace: Duration::from_millis(100),
            gap: Duration::from_millis(5),
            restart_downtime: Duration::from_secs(2),
            idle: Duration::from_secs(15),
            sniff: Duration::from_secs(1),
            connections: 256,
        }
    }
}

/// A running stand-in. Its actions (restarts, rotations, impostors) are in `rotation.rs`.
pub struct Standin {
    pub(super) shared: Arc<Shared>,
}

impl fmt::Debug for Standin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Standin")
            .field("address", &self.shared.address)
            .field("home", &self.shared.home)
            .finish_non_exhaustive()
    }
}

impl Drop for Standin {
    fn drop(&mut self) {
        self.shared.tasks.abort_all();
    }
}

impl Standin {
    /// Writes its home (`config.xml` and, unless a good one is there, a certificate), then listens and serves.
    pub async fn start(options: Options) -> Result<Self, StandinError> {
        let home = Home::open(options.home.clone())?;
        let key = match &options.api_key {
            Some(key) => key.clone(),
            None => home::random_key()?,
        };
        // The port is found out and given back: the certificate is written before the real bind, as always.
        let address = {
            let listener = listener::bind_first(options.port)?;
            listener
                .local_addr()
                .map_err(|source| StandinError::Listen {
                    address: SocketAddr::from(([127, 0, 0, 1], 0)),
                    source,
                })?
        };
        home.write_config(&address.to_string(), &key, &options.world)?;
        let (commands, orders) = mpsc::channel(COMMANDS);
        let now = wall_clock();
        let shared = Arc::new(Shared {
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
        });
        let standin = Self {
            shared: Arc::clone(&shared),
        };
        standin.start_process(false).await?;
        shared
            .tasks
            .spawn(rotation::obey(Arc::clone(&shared), orders));
        Ok(standin)
    }

    /// Where it listens, now and after every restart.
    pub fn address(&self) -> SocketAddr {
        self.shared.address
    }

    /// `https://127.0.0.1:<port>`.
    pub fn url(&self) -> String {
        format!("https://{}", self.shared.address)
    }

    /// Its configuration directory.
    pub fn home(&self) -> &Home {
        &self.shared.home
    }

    /// The API key now in force.
    pub fn api_key(&self) -> SecretString {
        self.shared.state().key.clone()
    }

    /// Changes the API key, in force at once, and rewrites `config.xml`.
    pub fn set_api_key(&self, key: SecretString) -> Result<(), StandinError> {
        let mut state = self.shared.state();
        let address = self.shared.address.to_string();
        self.shared
            .home
            .write_config(&address, &key, &state.world)?;
        state.key = key;
        Ok(())
    }

    /// The timeline from here on; a receiver that falls 1024 moments behind loses the oldest.
    pub fn moments(&self) -> broadcast::Receiver<Moment> {
        self.shared.moments.subscribe()
    }

    /// The certificate now served and since when; changes with every opening of the listener.
    pub fn served_at(&self) -> watch::Receiver<Option<Served>> {
        self.shared.moments.served()
    }

    /// `sha256:<64 hex>` of the certificate that is served, or was last.
    pub fn fingerprint(&self) -> String {
        self.shared
            .served()
            .map(|pair| pair.fingerprint())
            .unwrap_or_default()
    }

    /// Looks into or changes the world; emits nothing by itself.
    pub fn world<T>(&self, look: impl FnOnce(&mut World) -> T) -> T {
        look(&mut self.shared.state().world)
    }

    /// Puts a folder in place of the one with its ID, or adds it, and emits its StateChanged and FolderSummary.
    pub fn set_folder(&self, folder: Folder) {
        let events = {
            let world = &mut self.shared.state().world;
            let mut folder = folder;
            let to = folder.state.clone();
            if let Some(old) = world.folder(&folder.id) {
                folder.state.clone_from(&old.state);
                folder.state_since = old.state_since;
            }
            let mut events = Vec::new();
            if folder.state != to {
                events.push(motion::change_state(&mut folder, &to, wall_clock()));
            }
            events.push(motion::summary(&folder));
            match world.folder_mut(&folder.id) {
                Some(old) => *old = folder,
                None => world.folders.push(folder),
            }
            events
        };
        self.shared.emit(&events);
    }

    /// Emits an event of any type with any data.
    pub fn emit(&self, kind: &str, data: Value) {
        self.shared.emit(&[Emitted::new(kind, data)]);
    }

    /// Loses `count` event IDs of every mask: the next event shows a gap, as after an overflow.
    pub fn lose_events(&self, count: u64) {
        self.shared.state().log.lose(count);
    }

    /// Advances the world by one step and emits what that brings.
    pub fn tick(&self) {
        self.shared.tick();
    }

    /// Ticks by itself every `period` from now on.
    pub fn live(&self, period: Duration) {
        let shared = Arc::clone(&self.shared);
        self.shared.tasks.spawn(async move {
            loop {
                tokio::time::sleep(period).await;
                shared.tick();
            }
        });
    }

    /// Answers requests for `path` (without query, `/rest/system/status`) with `answer` instead of the truth.
    pub fn respond_with(&self, path: &str, answer: Answer) {
        self.shared.state().knobs.set(path, Some(answer));
    }

    /// Answers requests for `path` with the truth again.
    pub fn respond_normally(&self, path: &str) {
        self.shared.state().knobs.set(path, None);
    }

    /// Cuts the next long poll right after its headers.
    pub fn drop_next_long_poll(&self) {
        self.shared.state().knobs.drop_polls += 1;
    }

    /// Cuts the long polls that wait now: 200 and headers were sent, then EOF without a body.
    pub fn cut_long_polls(&self) {
        self.shared.cuts.send_replace(());
    }

    /// The requests that arrived, oldest first; the newest 4096 are kept.
    pub fn requests(&self) -> Vec<Seen> {
        self.shared.state().knobs.seen()
    }

    /// Empties the record of requests.
    pub fn forget_requests(&self) {
        self.shared.state().knobs.forget();
    }

    /// How many event masks this process was asked for: a good client uses one.
    pub fn masks(&self) -> usize {
        self.shared.state().log.masks()
    }
}

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

    fn tick(&self) {
        let events = motion::tick(&mut self.state().world, wall_clock());
        self.emit(&events);
    }
}
