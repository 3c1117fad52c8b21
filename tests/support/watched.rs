//! The program itself under test: a `syncwatch daemon` with its own config and state, and a `status --watch --json`
//! that notes every status it ever published.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::ChildStdout;
use tokio::task::JoinHandle;

/// How long anything may take on a busy machine before the test fails.
const DEADLINE: Duration = Duration::from_secs(120);

/// The states that a user hears of.
const LOUD: [&str; 4] = ["disconnected", "untrusted", "unauthorized", "misconfigured"];

/// A running daemon and what it published so far.
pub struct Watched {
    directory: TempDir,
    /// Further variables of its environment.
    pub variables: Vec<(&'static str, PathBuf)>,
    daemon: Option<Child>,
    view: Option<tokio::process::Child>,
    lines: Option<Lines<BufReader<ChildStdout>>>,
    /// Every status since the start, oldest first.
    pub seen: Vec<Value>,
}

impl Watched {
    /// Starts a daemon with this `config.toml`.
    pub async fn start(config: &str) -> Self {
        let mut this = Self::prepare(config);
        this.launch().await;
        this
    }

    /// Starts a daemon that watches the Syncthing in `home`, under the name `laptop`.
    pub async fn home(home: &Path) -> Self {
        Self::start(&format!(
            "[[instance]]\nname = \"laptop\"\nhome = {home:?}\n"
        ))
        .await
    }

    /// The places for a daemon that is started later with [`launch`](Self::launch).
    pub fn prepare(config: &str) -> Self {
        let this = Self {
            directory: TempDir::with_prefix("syncwatch-test-").expect("a directory"),
            variables: Vec::new(),
            daemon: None,
            view: None,
            lines: None,
            seen: Vec::new(),
        };
        this.write_config(config);
        this
    }

    /// Replaces the config file.
    pub fn write_config(&self, config: &str) {
        std::fs::write(self.config_path(), config).expect("config.toml");
        let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(self.config_path(), private).expect("a mode");
    }

    /// Starts the daemon and the view that watches it.
    pub async fn launch(&mut self) {
        let log = std::fs::File::create(self.path("daemon.log")).expect("daemon.log");
        let daemon = self
            .command(&["daemon"])
            .env("SYNCWATCH_LOG", "debug")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("daemon");
        self.daemon = Some(daemon);
        self.attach().await;
    }

    /// Ends the daemon as a service manager does, and waits for its end. Returns its exit code.
    pub async fn stop(&mut self) -> Option<i32> {
        self.view = None;
        self.lines = None;
        let mut daemon = self.daemon.take()?;
        self.signal_child(&daemon, Signal::TERM);
        let ended = tokio::task::spawn_blocking(move || daemon.wait());
        let status = tokio::time::timeout(DEADLINE, ended)
            .await
            .expect("ends in time");
        status.expect("waits").expect("waits").code()
    }

    /// Sends the daemon a signal.
    pub fn signal(&self, signal: Signal) {
        self.signal_child(self.daemon.as_ref().expect("a daemon"), signal);
    }

    /// Waits for a status in which `check` holds of the only instance; every one on the way is noted.
    pub async fn wait_for(&mut self, what: &str, check: impl Fn(&Value) -> bool) -> Value {
        if let Some(status) = self
            .seen
            .last()
            .filter(|status| check(&status["instances"][0]))
        {
            return status["instances"][0].clone();
        }
        self.wait_for_news(what, check).await
    }

    /// The same for a status that was not seen yet.
    pub async fn wait_for_news(&mut self, what: &str, check: impl Fn(&Value) -> bool) -> Value {
        let status = self.wait_for_status(what, |status| check(&status["instances"][0]));
        status.await["instances"][0].clone()
    }

    /// Waits for a new status in which `check` holds of the whole of it.
    pub async fn wait_for_status(&mut self, what: &str, check: impl Fn(&Value) -> bool) -> Value {
        let found = async {
            loop {
                let status = self.next().await;
                if check(&status) {
                    return status;
                }
            }
        };
        match tokio::time::timeout(DEADLINE, found).await {
            Ok(status) => status,
            Err(_) => panic!(
                "never seen: {what}; last status: {:#}\nlog:\n{}",
                self.seen.last().unwrap_or(&Value::Null)["instances"],
                self.log()
            ),
        }
    }

    /// Takes the next status in, unless none comes for so long.
    pub async fn take_next_within(&mut self, patience: Duration) {
        let _ = tokio::time::timeout(patience, self.next()).await;
    }

    /// Waits until it is connected and knows the service.
    pub async fn connected(&mut self) -> Value {
        self.wait_for("connected", |instance| {
            instance["link"]["state"] == "connected" && instance["service"].is_object()
        })
        .await
    }

    /// Fails if any status so far was loud.
    pub fn assert_never_loud(&self) {
        for status in &self.seen {
            let link = &status["instances"][0]["link"];
            assert!(
                !LOUD.iter().any(|state| link["state"] == *state),
                "loud: {link:#}\nlog:\n{}",
                self.log()
            );
        }
    }

    /// The states so far, without repeats in a row.
    pub fn states(&self) -> Vec<String> {
        let mut states: Vec<String> = self
            .seen
            .iter()
            .map(|status| {
                status["instances"][0]["link"]["state"]
                    .as_str()
                    .unwrap_or("")
                    .to_owned()
            })
            .collect();
        states.dedup();
        states
    }

    /// Runs another `syncwatch` with the same config and state.
    pub async fn run(&self, arguments: &[&str]) -> Output {
        self.begin(arguments).await.expect("runs").expect("runs")
    }

    /// The same, already under way.
    pub fn begin(&self, arguments: &[&str]) -> JoinHandle<io::Result<Output>> {
        let mut command = self.command(arguments);
        command.stdin(Stdio::null());
        tokio::task::spawn_blocking(move || command.output())
    }

    /// What a shell is offered after these words, as bash asks it.
    pub async fn complete(&self, words: &[&str]) -> String {
        let mut command = self.command(&["--"]);
        command
            .args(words)
            .env("COMPLETE", "bash")
            .env("_CLAP_COMPLETE_INDEX", (words.len() - 1).to_string())
            .env("_CLAP_IFS", "\n");
        let output = tokio::task::spawn_blocking(move || command.output());
        let output = output.await.expect("runs").expect("runs");
        String::from_utf8(output.stdout).expect("UTF-8")
    }

    /// The journal, oldest first.
    pub async fn journal(&self) -> Vec<Value> {
        let output = self.run(&["journal", "--json"]).await;
        String::from_utf8(output.stdout)
            .expect("UTF-8")
            .lines()
            .map(|line| serde_json::from_str(line).expect("JSON"))
            .collect()
    }

    /// What the daemon logged so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.path("daemon.log")).unwrap_or_default()
    }

    pub fn config_path(&self) -> PathBuf {
        self.path("config.toml")
    }

    /// A path in the directory that holds its config, state and socket.
    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// The process ID of the daemon.
    pub fn pid(&self) -> u32 {
        self.daemon.as_ref().expect("a daemon").id()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_syncwatch"));
        command
            .args(arguments)
            .env_clear()
            .envs(self.surroundings());
        command
    }

    /// The environment of every command.
    pub fn surroundings(&self) -> Vec<(&'static str, PathBuf)> {
        let own = [
            ("PATH", "/usr/bin:/bin".into()),
            ("HOME", self.directory.path().to_owned()),
            ("XDG_RUNTIME_DIR", self.directory.path().to_owned()),
            ("SYNCWATCH_CONFIG", self.config_path()),
        ];
        own.into_iter()
            .chain(self.variables.iter().cloned())
            .collect()
    }

    /// Starts the view; the daemon needs a moment until its socket is there.
    async fn attach(&mut self) {
        let mut view =
            tokio::process::Command::from(self.command(&["status", "--watch", "--json"]));
        // The daemon takes the socket first; a view that comes too early would start an engine of its own.
        let socket = self.path("syncwatch/engine.sock");
        let bound = async {
            while tokio::net::UnixStream::connect(&socket).await.is_err() {
                tokio::task::yield_now().await;
            }
        };
        if tokio::time::timeout(DEADLINE, bound).await.is_err() {
            panic!("the daemon does not listen:\n{}", self.log());
        }
        let mut child = view
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("a view");
        let output = child.stdout.take().expect("piped");
        self.lines = Some(BufReader::new(output).lines());
        self.view = Some(child);
    }

    async fn next(&mut self) -> Value {
        let lines = self.lines.as_mut().expect("a view");
        let line = lines.next_line().await.expect("reads");
        let line = line.unwrap_or_else(|| panic!("the view ended; log:\n{}", self.log()));
        let status: Value = serde_json::from_str(&line).expect("JSON");
        self.seen.push(status.clone());
        status
    }

    fn signal_child(&self, child: &Child, signal: Signal) {
        let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        let _ = pid.map(|pid| kill_process(pid, signal));
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        if let Some(daemon) = &mut self.daemon {
            let _ = daemon.kill();
            let _ = daemon.wait();
        }
    }
}
