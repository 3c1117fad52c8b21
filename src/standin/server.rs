//! The stand-in's handle: how it starts, what a test or the demo can look at and turn, and how it all ends.
//!
//! One address for its whole life; dropping the handle ends every task, connection and temporary file.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use serde_json::Value;
use tokio::sync::{broadcast, mpsc, watch};

use super::events::Emitted;
use super::folders::{Folder, World};
use super::home::{self, Home};
use super::knobs::{Answer, Seen};
use super::moment::{Moment, Served, wall_clock};
use super::options::Options;
use super::shared::Shared;
use super::{StandinError, listener, motion, rotation};

const COMMANDS: usize = 8;

/// A running stand-in. Its actions (restarts, rotations, impostors) are in `rotation.rs`.
pub struct Standin {
    pub(super) shared: Arc<Shared>,
}

impl fmt::Debug for Standin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Standin")
            .field("address", &self.shared.address())
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
        let shared = Arc::new(Shared::new(options, home, key, address, commands));
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
        self.shared.address()
    }

    /// `https://127.0.0.1:<port>`.
    pub fn url(&self) -> String {
        format!("https://{}", self.shared.address())
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
        let address = self.shared.address().to_string();
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
        self.shared.cut_polls();
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
