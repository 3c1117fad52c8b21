//! The services that can be watched, one folder per kind: a pure reducer, a poller that asks, and what asks once.
//!
//! Invariant: this module never opens a connection itself and never judges a certificate; every
//! request goes through a client of the newest generation of pins.

pub mod centrifugo;
pub mod din;
pub mod disks;
pub mod examine;
pub mod fresh;
pub mod gate;
pub mod http;
pub mod link;
pub mod syncthing;
pub mod websocket;
pub mod weechat;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::future::BoxFuture;
use secrecy::SecretString;
use tokio::sync::{mpsc, watch};

use crate::core::kinds::each_kind;
use crate::core::{Action, Event, Fault, Kind, Outcome, Refusal, Settings, Timestamp};
use crate::tls::Client;

pub use din::Din;
use din::Teller;
pub use disks::{DiskReader, Disks};
use examine::{Examined, Finding};
pub use fresh::Fresh;
use gate::Entry;
pub use gate::Gate;
use link::{Ask, Link};
pub use syncthing::control::Remote;

/// One attempt to reach an instance and follow it.
pub struct Session<A = Client> {
    /// The instance's name in the config.
    pub instance: String,
    /// The number of the attempt; it goes into every event.
    pub attempt: u64,
    /// The client of the newest generation of pins; a change cancels and repeats what is in flight.
    pub clients: watch::Receiver<Arc<A>>,
    /// The API key or password.
    pub key: SecretString,
    /// What the sessions before it left, and what it leaves to the next.
    pub memory: Memory,
    /// Questions for a state that is read after them.
    pub fresh: Fresh,
    /// Its place at the gate, which it leaves when the service's state is known.
    pub entry: Entry,
    /// What it tells counts among what all tell.
    pub teller: Teller,
    /// The second secret, where there is one.
    pub second: Option<Arc<dyn ReadSecret>>,
    /// What the instance is set to do.
    pub settings: Arc<Settings>,
    /// Tells the wall clock's time, for logins that depend on it.
    pub wall_clock: fn() -> Timestamp,
    /// Where everything that happens is told.
    pub events: mpsc::UnboundedSender<Event>,
}

/// A secret that is read when it is needed, and anew when the one before is of no use any more.
pub trait ReadSecret: Send + Sync {
    /// Reads it. May take seconds, where a command makes it.
    ///
    /// # Errors
    /// `NoKey`, with why there is none.
    fn read(&self) -> BoxFuture<'_, Result<SecretString, Fault>>;
}

/// What outlives a session: kept for as long as the instance is watched.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    /// What a Syncthing tells once and forgets with its process.
    disk: Arc<Mutex<syncthing::DiskLog>>,
    upgrades: Arc<Mutex<websocket::Upgrades>>,
    ailing: Arc<Mutex<link::Ailing>>,
    /// How long the way to a Syncthing lets a poll wait.
    polls: Arc<Mutex<syncthing::Polls>>,
}

impl Memory {
    /// The same for another address or another secret, where everything is to be tried anew.
    pub fn moved(&self) {
        self.keep_upgrades(&websocket::Upgrades::default());
        *self.ailing() = link::Ailing::default();
        *self.polls() = syncthing::Polls::default();
    }

    fn ailing(&self) -> MutexGuard<'_, link::Ailing> {
        self.ailing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn polls(&self) -> MutexGuard<'_, syncthing::Polls> {
        self.polls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn recall(&self) -> syncthing::DiskLog {
        self.disk
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn keep(&self, log: &syncthing::DiskLog) {
        log.clone_into(&mut self.disk.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn upgrades(&self) -> websocket::Upgrades {
        self.upgrades
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn keep_upgrades(&self, upgrades: &websocket::Upgrades) {
        let mut kept = self.upgrades.lock().unwrap_or_else(PoisonError::into_inner);
        upgrades.clone_into(&mut kept);
    }
}

impl<A> fmt::Debug for Session<A> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Session")
            .field("instance", &self.instance)
            .field("attempt", &self.attempt)
            .finish_non_exhaustive()
    }
}

macro_rules! table {
    ($($(#[$default:meta])? $Kind:ident($module:ident::$Settings:ident),)+) => {
        /// One attempt: takes a snapshot, then follows the service until something fails, and ends by
        /// sending [`Event::Failed`]. Dropping it cancels it, without a word.
        pub async fn run<A: Ask>(session: Session<A>) {
            let settings = Arc::clone(&session.settings);
            let link = Link::new(session, probe(&settings));
            let fault = match &*settings {
                $(Settings::$Kind(own) => $module::follow(&link, own).await,)+
            };
            link.failed(fault);
        }

        /// Asks a server as the engine would, once.
        pub async fn examine(settings: &Settings, examined: &Examined<'_>) -> Vec<Finding> {
            match settings {
                $(Settings::$Kind(own) => $module::examine(own, examined).await,)+
            }
        }
    };
}

each_kind!(table);

/// The path that proves a new generation of pins, for a kind whose questions may wait for long.
fn probe(settings: &Settings) -> Option<&'static str> {
    match settings {
        Settings::Syncthing(_) => Some(syncthing::PROBE),
        _ => None,
    }
}

/// Has a server do something.
///
/// # Errors
/// What was not done, why, and what to do about it.
pub async fn control(kind: Kind, remote: &Remote, action: &Action) -> Result<Outcome, Refusal> {
    match kind {
        Kind::Syncthing => syncthing::control::perform(remote, action).await,
        _ => Err(Refusal::new(
            format!("'{}' is no Syncthing.", remote.name),
            "Only a Syncthing can be told what to do.",
        )),
    }
}
