//! An engine in the test's own process, with a config, state and socket of its own below a temporary directory.
//!
//! Tests wait on the status it publishes, with a deadline; nothing sleeps.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use syncwatch::config::{Environment, Platform};
use syncwatch::core::{Alert, InstanceStatus, JournalEntry, LinkState, Status};
use syncwatch::engine::{Engine, Options};
use syncwatch::standin::Standin;
use tempfile::TempDir;
use tokio::sync::{broadcast, watch};

/// How long anything may take on a busy machine before the test fails.
pub const DEADLINE: Duration = Duration::from_secs(60);

/// How long failures stay hidden in these tests.
pub const PATIENCE: Duration = Duration::from_millis(400);

/// Failures of somebody who is not there.
const AWAY: [&str; 5] = [
    "refused",
    "handshake-reset",
    "handshake-eof",
    "lost",
    "request-timeout",
];

/// Failures of somebody who is.
const THERE: [&str; 12] = [
    "not-found",
    "no-pin",
    "bad-pin-file",
    "no-key",
    "connect-timeout",
    "not-tls",
    "tls-alert",
    "tls-protocol",
    "pin-mismatch",
    "certificate",
    "server-error",
    "upstream-down",
];

/// A `[patience]` section that makes loud states come soon.
pub fn short_patience() -> String {
    patience(PATIENCE)
}

/// The same, but for whoever is not there, who gets so much.
fn patience(away: Duration) -> String {
    let line = |classes: &[&str], patience: Duration| {
        let line = |class| format!("{class} = \"{}ms\"", patience.as_millis());
        classes.iter().map(line).collect::<Vec<_>>().join("\n")
    };
    format!(
        "[patience]\n{}\n{}",
        line(&AWAY, away),
        line(&THERE, PATIENCE)
    )
}

/// A running engine and what it told so far.
pub struct Monitor {
    directory: TempDir,
    engine: Option<Engine>,
    status: watch::Receiver<Arc<Status>>,
    alerts: broadcast::Receiver<Alert>,
    /// Every alert so far, oldest first; filled by [`Self::told`].
    told: Vec<Alert>,
}

impl Monitor {
    /// An engine with this `config.toml`, private to the test.
    pub async fn start(config: &str) -> Self {
        let directory = TempDir::with_prefix("syncwatch-engine-").expect("a directory");
        std::fs::write(directory.path().join("config.toml"), config).expect("config.toml");
        let engine = Engine::start(Options::apart(directory.path()))
            .await
            .expect("an engine");
        Self {
            status: engine.status(),
            alerts: engine.alerts(),
            engine: Some(engine),
            directory,
            told: Vec::new(),
        }
    }

    /// One that watches the Syncthing in `home` under the name `laptop`, with short patience.
    pub async fn home(home: &Path) -> Self {
        Self::start(&watching(home)).await
    }

    /// The same with the patience that users have, for what must stay quiet on a busy machine too.
    pub async fn patient(home: &Path) -> Self {
        Self::start(&format!(
            "[[instance]]\nname = \"laptop\"\nhome = {home:?}\n"
        ))
        .await
    }

    /// Waits for a status of the only (or first) instance that passes `check`.
    pub async fn until(
        &mut self,
        what: &str,
        check: impl Fn(&InstanceStatus) -> bool,
    ) -> Arc<InstanceStatus> {
        let status = self
            .until_status(what, |status| {
                status.instances.first().is_some_and(|first| check(first))
            })
            .await;
        Arc::clone(status.instances.first().expect("an instance"))
    }

    /// The same for a link state.
    pub async fn until_state(&mut self, state: LinkState) -> Arc<InstanceStatus> {
        self.until(state.name(), |instance| instance.link.state == state)
            .await
    }

    /// Connected, and the service is known.
    pub async fn connected(&mut self) -> Arc<InstanceStatus> {
        self.until("connected", |instance| {
            instance.link.state == LinkState::Connected && instance.service.is_some()
        })
        .await
    }

    /// Waits for a whole status that passes `check`.
    pub async fn until_status(
        &mut self,
        what: &str,
        check: impl Fn(&Status) -> bool,
    ) -> Arc<Status> {
        let mut status = self.status.clone();
        let found = tokio::time::timeout(DEADLINE, status.wait_for(|status| check(status))).await;
        match found {
            Ok(found) => Arc::clone(&found.expect("the engine lives")),
            Err(_) => panic!(
                "never seen: {what}; now: {:#?}\njournal: {:#?}",
                self.now()
                    .instances
                    .iter()
                    .map(|instance| &instance.link)
                    .collect::<Vec<_>>(),
                self.journal()
            ),
        }
    }

    /// The status now.
    pub fn now(&self) -> Arc<Status> {
        Arc::clone(&self.status.borrow())
    }

    /// Every alert so far.
    pub fn told(&mut self) -> Vec<Alert> {
        while let Ok(alert) = self.alerts.try_recv() {
            self.told.push(alert);
        }
        self.told.clone()
    }

    /// The states of every alert so far.
    pub fn told_states(&mut self) -> Vec<LinkState> {
        self.told().iter().map(|alert| alert.state).collect()
    }

    /// Waits for the next alert.
    pub async fn next_alert(&mut self) -> Alert {
        let alert = tokio::time::timeout(DEADLINE, self.alerts.recv()).await;
        let alert = alert.expect("an alert in time").expect("an alert");
        self.told.push(alert.clone());
        alert
    }

    /// The journal, oldest first.
    pub fn journal(&self) -> Vec<JournalEntry> {
        self.engine().journal().newest(usize::MAX)
    }

    /// The journal as JSON, to look for words in.
    pub fn journal_text(&self) -> String {
        serde_json::to_string(&self.journal()).expect("serializes")
    }

    pub fn engine(&self) -> &Engine {
        self.engine.as_ref().expect("running")
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub fn state_file(&self) -> PathBuf {
        environment(self.directory.path()).state_file()
    }

    /// Replaces the config by a rename, as careful editors do.
    pub fn write_config(&self, config: &str) {
        let new = self.path("config.toml.new");
        std::fs::write(&new, config).expect("written");
        std::fs::rename(new, self.path("config.toml")).expect("renamed");
    }

    /// Ends the engine in order.
    pub async fn stop(&mut self) {
        if let Some(engine) = self.engine.take() {
            let ended = tokio::time::timeout(DEADLINE, engine.stop()).await;
            ended.expect("ends in time");
        }
    }

    /// Starts another engine over the same config and state.
    pub async fn start_again(&mut self) {
        self.stop().await;
        let engine = Engine::start(Options::apart(self.directory.path())).await;
        let engine = engine.expect("an engine");
        self.status = engine.status();
        self.alerts = engine.alerts();
        self.engine = Some(engine);
        self.told.clear();
    }
}

/// Waits for something that no status tells.
pub async fn eventually(what: &str, check: impl Fn() -> bool) {
    let seen = async {
        while !check() {
            tokio::task::yield_now().await;
        }
    };
    let seen = tokio::time::timeout(DEADLINE, seen).await;
    assert!(seen.is_ok(), "never: {what}");
}

/// Whether the snapshot is done and the server holds a long poll.
pub fn is_polled(server: &Standin) -> bool {
    let requests = server.requests();
    let last = requests.last().map(|seen| seen.path.as_str());
    last.is_some_and(|path| path.starts_with("/rest/events?") && !path.contains("timeout=0"))
}

/// A config that watches `home` as `laptop`, with short patience.
pub fn watching(home: &Path) -> String {
    with_patience(home, &short_patience())
}

/// The same, but whoever is not there is waited for: nothing is told of the time in which one server takes the place of
/// another, however long that takes on a busy machine.
pub fn waiting(home: &Path) -> String {
    with_patience(home, &patience(DEADLINE * 10))
}

fn with_patience(home: &Path, patience: &str) -> String {
    format!("[[instance]]\nname = \"laptop\"\nhome = {home:?}\n\n{patience}\n")
}

/// Everything below `directory`.
pub fn environment(directory: &Path) -> Environment {
    Environment::made_up(Platform::current(), directory, &[])
}
