//! The running monitor: events in, effects out, one loop. One process per user owns the local socket.
//!
//! Invariant: every decision is taken in `core`; this room only performs effects and reports what happened.

pub mod client;
pub mod clock;
mod errand;
pub mod journal;
pub mod known;
mod limits;
mod local;
mod meters;
pub mod pin_command;
mod place;
pub mod protocol;
mod runtime;
mod second;
mod shell;
mod signs;
mod socket;
mod stamp;
pub mod state_file;
mod supervisor;
mod ticker;
pub mod writer;

pub use meters::Meters;
pub use supervisor::{Signal, Signals};

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{broadcast, mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use self::journal::Journal;
use self::protocol::{Answer, Ask};
use self::shell::Shell;
use crate::config::{self, Connect, Outlets, Post, Resolved, ResolvedTrust, TokenPage};
use crate::core::preferences::Preferences;
use crate::core::{Alert, PinSet, Status};
use crate::tls::{ClientSpec, Dial, Trust};
use crate::watch::Watcher;

pub use crate::services::DiskReader;
pub use crate::services::disks::SILENT;
pub use second::{read_secret, second_secret};

/// How an engine is to run.
#[derive(Debug)]
pub struct Options {
    /// The config file; `None` takes the usual place, where it may be missing.
    pub config: Option<PathBuf>,
    pub environment: config::Environment,
    /// Monitor this instance only.
    pub only: Option<String>,
    /// Own the local socket. Without, the engine is private to this process.
    pub owner: bool,
    /// No failure is hidden for longer; for a single look.
    pub patience_ceiling: Option<Duration>,
    /// Write the state file and the journal.
    pub keep_state: bool,
}

impl Options {
    /// An engine that touches nothing of this user's: everything is below `directory`, the config as `config.toml`.
    pub fn apart(directory: &Path) -> Self {
        Self {
            config: Some(directory.join("config.toml")),
            environment: config::Environment::made_up(config::Platform::current(), directory, &[]),
            only: None,
            owner: false,
            patience_ceiling: None,
            keep_state: true,
        }
    }
}

/// Why an engine could not start.
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

/// A running engine. Dropping it without [`Engine::stop`] ends it at once, connections unclosed.
#[derive(Debug)]
pub struct Engine {
    status: watch::Receiver<Arc<Status>>,
    preferences: watch::Receiver<Preferences>,
    alerts: broadcast::Sender<Alert>,
    outlets: watch::Receiver<Arc<Outlets>>,
    meters: Meters,
    environment: config::Environment,
    watcher: Watcher,
    journal: Journal,
    questions: mpsc::Sender<shell::Question>,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

/// Asks a running engine of this process; may outlive it.
#[derive(Clone, Debug)]
pub struct Asker(mpsc::Sender<shell::Question>);

impl Asker {
    /// Asks the engine as a view would. `Watch` and `WatchJournal` are for the socket only.
    pub async fn ask(&self, ask: Ask) -> Answer {
        shell::put(&self.0, ask).await
    }

    /// One whose engine does not answer, for as long as the other value lives.
    #[cfg(test)]
    pub(crate) fn unanswered() -> (Self, impl Sized) {
        let (questions, engine) = mpsc::channel(8);
        (Self(questions), engine)
    }
}

/// How a client for `resolved` is built: one verifier that accepts `pins`, or what the trust says instead.
pub fn client_spec(resolved: &Resolved, pins: PinSet, generation: u64) -> ClientSpec {
    ClientSpec {
        base: resolved.base.clone(),
        server_name: resolved.server_name.clone(),
        dial: dial(resolved),
        trust: trust(&resolved.trust),
        pins,
        generation,
    }
}

/// How a page that gives a token is asked. What a file pins is read for each question.
fn page_spec(page: &TokenPage) -> ClientSpec {
    let fingerprints = match &page.trust {
        ResolvedTrust::Fingerprint(pins) => pins.clone(),
        _ => Vec::new(),
    };
    ClientSpec {
        base: page.url.clone(),
        server_name: None,
        dial: page.connect.as_ref().map(tcp),
        trust: trust(&page.trust),
        pins: fingerprints.into(),
        generation: 0,
    }
}

fn trust(trust: &ResolvedTrust) -> Trust {
    match trust {
        ResolvedTrust::File(_) | ResolvedTrust::Fingerprint(_) | ResolvedTrust::Command(_) => {
            Trust::Pinned
        }
        ResolvedTrust::Ca(path) => Trust::Ca(path.clone()),
        ResolvedTrust::System => Trust::System,
        ResolvedTrust::Any => Trust::Any,
    }
}

/// How the server of a hook is asked, and the file that holds its pin, to be read for each question.
pub fn post_spec(post: &Post, environment: &config::Environment) -> (ClientSpec, Option<PathBuf>) {
    let judged = post.trust(environment);
    let page = TokenPage {
        url: post.url.clone(),
        connect: post.connect.clone(),
        trust: judged.clone(),
    };
    let spec = ClientSpec {
        server_name: post.server_name.clone(),
        ..page_spec(&page)
    };
    let pin_file = match judged {
        ResolvedTrust::File(path) => Some(path),
        _ => None,
    };
    (spec, pin_file)
}

/// What is dialled for `resolved` in place of its URL's host and port.
pub fn dial(resolved: &Resolved) -> Option<Dial> {
    let socket = resolved.unix_socket.clone().map(Dial::Unix);
    socket.or(resolved.connect.as_ref().map(tcp))
}

fn tcp(connect: &Connect) -> Dial {
    Dial::Tcp {
        host: connect.host.clone(),
        port: connect.port,
    }
}

impl Engine {
    /// Loads the config, takes the socket (as owner) and starts to monitor.
    pub async fn start(options: Options) -> Result<Self, StartError> {
        let (stop, stopped) = oneshot::channel();
        let environment = options.environment.clone();
        let (shell, ends) = Shell::new(options)?;
        Ok(Self {
            status: ends.status,
            preferences: ends.preferences,
            alerts: ends.alerts,
            outlets: ends.outlets,
            meters: ends.meters,
            environment,
            watcher: ends.watcher,
            journal: ends.journal,
            questions: ends.questions,
            stop: Some(stop),
            task: tokio::spawn(shell.run(stopped)),
        })
    }

    /// The status, now and at every change.
    pub fn status(&self) -> watch::Receiver<Arc<Status>> {
        self.status.clone()
    }

    /// What the config in force says to views, now and at every change.
    pub fn preferences(&self) -> watch::Receiver<Preferences> {
        self.preferences.clone()
    }

    /// What the config in force says of the page for Prometheus and of hooks, now and at every change.
    pub fn outlets(&self) -> watch::Receiver<Arc<Outlets>> {
        self.outlets.clone()
    }

    /// What went to and came from each instance.
    pub fn meters(&self) -> Meters {
        self.meters.clone()
    }

    /// The surroundings that it was started in.
    pub fn environment(&self) -> &config::Environment {
        &self.environment
    }

    /// What tells of changed files, one for the whole process.
    pub fn watcher(&self) -> Watcher {
        self.watcher.clone()
    }

    /// Every notice to the user from now on.
    pub fn alerts(&self) -> broadcast::Receiver<Alert> {
        self.alerts.subscribe()
    }

    /// The record of what happened.
    pub fn journal(&self) -> &Journal {
        &self.journal
    }

    /// Asks the running engine.
    pub async fn ask(&self, ask: Ask) -> Answer {
        self.asker().ask(ask).await
    }

    /// For asking without the engine at hand.
    pub fn asker(&self) -> Asker {
        Asker(self.questions.clone())
    }

    /// Runs until SIGINT or SIGTERM, or until a view asks for the end; SIGHUP reads the config again.
    pub async fn run_until_signal(mut self) -> std::io::Result<()> {
        supervisor::run(&mut self).await?;
        self.stop().await;
        Ok(())
    }

    /// Ends it cleanly: connections are closed with close_notify, the socket is removed.
    pub async fn stop(mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
            let _ = (&mut self.task).await;
        }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.task.abort();
    }
}
