//! STUB of `engine/mod.rs`, to compile against. Delete this file and the `#[path]` in lib.rs.

#[path = "engine/client.rs"]
pub mod client;
#[path = "engine/clock.rs"]
pub mod clock;
#[path = "engine/journal.rs"]
pub mod journal;
#[path = "engine/protocol.rs"]
pub mod protocol;
#[path = "engine/state_file.rs"]
pub mod state_file;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{broadcast, watch};

use self::protocol::{Answer, Ask};
use crate::config;
use crate::core::{Alert, Status};

#[derive(Debug)]
pub struct Options {
    pub config: Option<PathBuf>,
    pub environment: config::Environment,
    pub only: Option<String>,
    pub owner: bool,
    pub patience_ceiling: Option<Duration>,
    pub keep_state: bool,
}

#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("an engine is running already: it holds {}", socket.display())]
    AlreadyRunning { socket: PathBuf },
    #[error(transparent)]
    Config(#[from] config::ConfigError),
    #[error("there is no instance called '{name}' in the config")]
    UnknownInstance { name: String, known: Vec<String> },
    #[error("{}: {source}", path.display())]
    Io {
        path: PathBuf,
        source: std::io::Error,
    },
}

#[derive(Debug)]
pub struct Engine {
    journal: journal::Journal,
    status: watch::Sender<Arc<Status>>,
}

impl Engine {
    pub async fn start(options: Options) -> Result<Self, StartError> {
        use crate::core::{Overall, status::{EngineInfo, SCHEMA}};
        let loaded = config::load(options.config.as_deref(), &options.environment)?;
        if let Some(name) = options.only
            && !loaded.config.instances.iter().any(|instance| instance.name == name)
        {
            let known = loaded.config.instances.into_iter().map(|instance| instance.name).collect();
            return Err(StartError::UnknownInstance { name, known });
        }
        let since = clock::Clock::start().now();
        let engine = EngineInfo { version: env!("CARGO_PKG_VERSION").into(), pid: std::process::id(), since };
        let status = Status { schema: SCHEMA, time: since, overall: Overall::Ok, engine, instances: Vec::new() };
        Ok(Self { journal: journal::Journal::open(None), status: watch::channel(Arc::new(status)).0 })
    }
    pub fn status(&self) -> watch::Receiver<Arc<Status>> {
        self.status.subscribe()
    }
    pub fn alerts(&self) -> broadcast::Receiver<Alert> {
        broadcast::channel(1).1
    }
    pub fn journal(&self) -> &journal::Journal {
        &self.journal
    }
    pub async fn ask(&self, _: Ask) -> Answer {
        Answer::Done
    }
    pub async fn run_until_signal(self) -> std::io::Result<()> {
        Ok(())
    }
    pub async fn stop(self) {}
}
