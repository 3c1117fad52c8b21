//! The tray itself under test: a `syncwatch tray` in a [`Session`] of its own.

use std::path::Path;
use std::process::{Output, Stdio};

use serde_json::Value;
use zbus::Connection;

use super::bus::{Group, Session, until};
use super::dbusmenu::{Item, Watcher};

const PROGRAM: &str = env!("CARGO_BIN_EXE_syncwatch");

/// A session with a running tray.
pub struct Desk {
    pub session: Session,
    process: Group,
}

impl Desk {
    /// Starts the tray with this `config.toml`.
    pub fn start(session: Session, config: &str) -> Self {
        std::fs::write(session.path("config.toml"), config).expect("config.toml");
        let process = launch(&session);
        Self { session, process }
    }

    /// One that watches the Syncthing in `home`, under the name `laptop`; `more` is put below that.
    pub fn home(session: Session, home: &Path, more: &str) -> Self {
        Self::start(session, &format!("{}{more}", watching(home)))
    }

    /// Starts the tray again after its end.
    pub fn launch_again(&mut self) {
        assert!(!self.process.is_running(), "it is running already");
        self.process = launch(&self.session);
    }

    pub fn process(&mut self) -> &mut Group {
        &mut self.process
    }

    /// The process ID of the tray.
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// The item of the tray on the bus, without a watcher.
    pub async fn item(&self, connection: &Connection) -> Item {
        Item::of_process(connection, self.process.id()).await
    }

    /// The item of the tray, once it registered.
    pub async fn registered(&self, watcher: &mut Watcher, connection: &Connection) -> Item {
        watcher.item(connection, self.process.id()).await
    }

    /// Runs another `syncwatch` in the same session.
    pub async fn run(&self, arguments: &[&str]) -> Output {
        let mut command = command(&self.session, arguments);
        command.stdin(Stdio::null());
        tokio::task::spawn_blocking(move || command.output())
            .await
            .expect("runs")
            .expect("runs")
    }

    /// The status that its engine publishes.
    pub async fn status(&self) -> Option<Value> {
        let output = self.run(&["status", "--json"]).await;
        serde_json::from_slice(&output.stdout).ok()
    }

    /// Waits for a status whose first instance passes `check`.
    pub async fn wait_for_status(&self, what: &str, check: impl Fn(&Value) -> bool) -> Value {
        until(what, async || {
            let status = self.status().await?;
            let instance = status["instances"][0].clone();
            check(&instance).then_some(instance)
        })
        .await
    }

    /// What it logged so far.
    pub fn log(&self) -> String {
        self.session.read("tray.log")
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = self.log();
            let skipped = log.lines().count().saturating_sub(40);
            let lines: Vec<&str> = log.lines().skip(skipped).collect();
            eprintln!("the tray's last log lines:\n  {}", lines.join("\n  "));
        }
    }
}

/// A config for the Syncthing in `home`.
pub fn watching(home: &Path) -> String {
    format!("[[instance]]\nname = \"laptop\"\nhome = {home:?}\n")
}

fn launch(session: &Session) -> Group {
    let mut command = command(session, &["tray"]);
    command
        .env("SYNCWATCH_LOG", "debug")
        .stdout(session.log("tray.log"))
        .stderr(session.log("tray.log"));
    Group::spawn(&mut command)
}

fn command(session: &Session, arguments: &[&str]) -> std::process::Command {
    let mut command = session.command(PROGRAM);
    command
        .args(arguments)
        .env("SYNCWATCH_CONFIG", session.path("config.toml"));
    command
}
