//! Real Syncthing processes for tests: loopback only, in temporary homes, gone with the test.
//!
//! Nothing here sleeps: it waits for log lines and events, each with a deadline. Restarts are paced by starting a new
//! process where one more would make Syncthing hold back (see [`pace`]).

mod binary;
mod certificate;
mod client;
mod config;
mod folders;
mod log;
mod pace;

use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::Duration;

use reqwest::Method;
use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::{Value, json};
use syncwatch::core::Fingerprint;
use tempfile::TempDir;

pub use binary::{Binary, each_version};
pub use client::{Answer, serves};
pub use config::{Options, free_port};
pub use folders::noise;
pub use pace::Restarted;

use client::ApiClient;
use log::Log;
use pace::Pace;

/// How long anything may take on a busy machine before the test fails.
pub const DEADLINE: Duration = Duration::from_secs(120);

/// What Syncthing logs once its GUI port is bound, in every version.
const LISTENING: &str = "GUI and API listening";

/// One running Syncthing; its whole process group is killed when this is dropped.
pub struct RealSyncthing {
    binary: Binary,
    home: PathBuf,
    /// What is removed with it.
    _directory: Option<TempDir>,
    process: Option<Child>,
    log: Log,
    pace: Pace,
    client: ApiClient,
    gui_port: u16,
    sync_port: u16,
    key: String,
    device: String,
    theme: u32,
}

/// How a certificate is made to be renewed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renewal {
    /// A change of a GUI setting: the listener restarts inside the running process.
    Listener,
    /// `POST /rest/system/restart`: a new process.
    Process,
}

impl RealSyncthing {
    /// Starts `binary` in a new home, and returns once its API answers.
    pub async fn start(binary: &Binary, options: Options) -> Self {
        let directory = TempDir::with_prefix("syncwatch-test-").expect("a temporary home");
        let home = directory.path().to_owned();
        let mut this = Self::install(binary, options, &home);
        this._directory = Some(directory);
        this.launch().await;
        this
    }

    /// Writes its config into `home`, which is made if need be and outlives it; [`launch`](Self::launch) starts it.
    pub fn install(binary: &Binary, options: Options, home: &Path) -> Self {
        std::fs::create_dir_all(home).expect("a home");
        let this = Self {
            binary: binary.clone(),
            process: None,
            log: Log::default(),
            pace: Pace::default(),
            client: ApiClient::new(),
            gui_port: free_port(),
            sync_port: free_port(),
            key: options.api_key.clone(),
            device: String::new(),
            theme: 0,
            home: home.to_owned(),
            _directory: None,
        };
        config::write(this.home(), &options, this.gui_port, this.sync_port);
        if let Some(days) = options.certificate_days {
            certificate::put(this.home(), days);
        }
        this
    }

    /// Starts the process again after [`stop`](Self::stop) or [`kill`](Self::kill): same home, same port.
    pub async fn launch(&mut self) {
        assert!(self.process.is_none(), "it is running already");
        let from = self.log.len();
        let mut command = self.command();
        command
            // Nothing of the machine's own: STNORESTART, STGUIADDRESS, proxies.
            .env_clear()
            .env("HOME", &self.home)
            .env("PATH", "/usr/bin:/bin")
            .env("STNOUPGRADE", "1")
            .current_dir(&self.home);
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        self.process = Some(self.log.spawn(command));
        self.pace = Pace::default();
        self.log.wait_for(from, LISTENING).await;
        let status = self.api_get("/rest/system/status").await;
        self.device = status["myID"].as_str().expect("myID").to_owned();
    }

    /// The file of a unit that runs it, in place of [`launch`](Self::launch).
    pub fn unit(&self) -> String {
        let command = self.command();
        let words = std::iter::once(command.get_program()).chain(command.get_args());
        let words: Vec<&str> = words.map(|word| word.to_str().expect("UTF-8")).collect();
        let home = self.home.display();
        format!(
            "[Service]\nEnvironment=HOME={home} STNOUPGRADE=1\nExecStart={}\n",
            words.join(" ")
        )
    }

    /// Ends it as a user would (SIGTERM), and waits until every process of it is gone.
    pub async fn stop(&mut self) {
        self.end(Signal::TERM).await;
    }

    /// Ends it without a goodbye (SIGKILL).
    pub async fn kill(&mut self) {
        self.end(Signal::KILL).await;
    }

    /// Waits for the end of every process of it, after it was told to end.
    pub async fn ended(&mut self) {
        self.log.wait_for_end().await;
        if let Some(mut process) = self.process.take() {
            process.wait().expect("the process ends");
        }
    }

    /// Stops answering but keeps its sockets, until [`thaw`](Self::thaw).
    pub fn freeze(&self) {
        self.signal(Signal::STOP);
    }

    /// Goes on after [`freeze`](Self::freeze).
    pub fn thaw(&self) {
        self.signal(Signal::CONT);
    }

    /// Restarts as the official page does, and returns once the new process listens.
    pub async fn restart(&mut self) -> Restarted {
        if !self.pace.may_restart_process() {
            return self.refresh().await;
        }
        let from = self.log.len();
        self.api_post("/rest/system/restart", None).await;
        self.log.wait_for(from, LISTENING).await;
        Restarted::Process
    }

    /// Changes the theme, so that the GUI listener restarts inside the process; returns once it listens again.
    pub async fn restart_listener(&mut self) -> Restarted {
        if !self.pace.may_restart_listener() {
            return self.refresh().await;
        }
        self.theme += 1;
        let theme = if self.theme % 2 == 1 { "dark" } else { "light" };
        self.patch_gui(json!({ "theme": theme })).await;
        Restarted::Listener
    }

    /// Stops it and starts it again: a new process that has no restarts behind it.
    pub async fn refresh(&mut self) -> Restarted {
        self.stop().await;
        self.launch().await;
        Restarted::Fresh
    }

    /// Has the certificate renewed in the way asked for, and returns what is served then.
    ///
    /// The pair on disk is replaced first by one that ends soon, so a watcher sees two changes of the file.
    pub async fn renew(&mut self, how: Renewal) -> Fingerprint {
        let in_time = match how {
            Renewal::Listener => self.pace.has_listener_restart(),
            Renewal::Process => self.pace.has_process_restart(),
        };
        if !in_time {
            self.refresh().await;
        }
        self.put_expiring_certificate();
        match how {
            Renewal::Listener => self.restart_listener().await,
            Renewal::Process => self.restart().await,
        };
        self.served_fingerprint().await
    }

    /// Replaces the pair on disk by one that Syncthing renews at the next start of its listener. Returns its fingerprint.
    pub fn put_expiring_certificate(&self) -> Fingerprint {
        self.put_certificate(10)
    }

    /// Replaces the pair on disk, in place, by a new one that ends in `days`.
    pub fn put_certificate(&self, days: i64) -> Fingerprint {
        certificate::put(self.home(), days)
    }

    /// The certificate that the GUI port serves now.
    pub async fn served_fingerprint(&self) -> Fingerprint {
        serves(self.gui_port).await.expect("a TLS handshake")
    }

    /// The certificate in the file, which need not be the one that is served.
    pub fn file_fingerprint(&self) -> Fingerprint {
        certificate::read(&self.certificate_path())
    }

    /// `https-cert.pem`.
    pub fn certificate_path(&self) -> PathBuf {
        self.home().join("https-cert.pem")
    }

    /// The directory with `config.xml` and the certificates.
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// `https://127.0.0.1:<port>`.
    pub fn url(&self) -> String {
        format!("https://127.0.0.1:{}", self.gui_port)
    }

    /// The port of the GUI and API.
    pub fn gui_port(&self) -> u16 {
        self.gui_port
    }

    /// The API key in force.
    pub fn api_key(&self) -> &str {
        &self.key
    }

    /// Its own device ID.
    pub fn device(&self) -> &str {
        &self.device
    }

    /// The version under test.
    pub fn binary(&self) -> &Binary {
        &self.binary
    }

    /// Every line that it logged.
    pub fn log_lines(&self) -> Vec<String> {
        self.log.lines()
    }

    /// Waits for a log line after the first `from` ([`log_lines`](Self::log_lines) counts them), and returns it.
    pub async fn wait_for_log(&self, from: usize, words: &str) -> String {
        self.log.wait_for(from, words).await
    }

    /// Changes the API key; the listener restarts.
    pub async fn set_api_key(&mut self, key: &str) {
        self.spare_a_listener_restart().await;
        self.patch_gui(json!({ "apiKey": key })).await;
        key.clone_into(&mut self.key);
    }

    /// Moves the GUI to another port of 127.0.0.1; the listener restarts. Returns the new URL.
    pub async fn set_gui_address(&mut self, port: u16) -> String {
        self.spare_a_listener_restart().await;
        self.patch_gui(json!({ "address": format!("127.0.0.1:{port}") }))
            .await;
        self.gui_port = port;
        self.url()
    }

    /// A reply to any request, whatever its status; `Err` when none came.
    pub async fn api(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        let url = format!("{}{path}", self.url());
        self.client.request(method, &url, &self.key, body).await
    }

    /// `GET path`, which must succeed.
    pub async fn api_get(&self, path: &str) -> Value {
        self.must(Method::GET, path, None).await
    }

    /// `POST path`, which must succeed.
    pub async fn api_post(&self, path: &str, body: Option<Value>) -> Value {
        self.must(Method::POST, path, body).await
    }

    /// `PUT path`, which must succeed.
    pub async fn api_put(&self, path: &str, body: Value) -> Value {
        self.must(Method::PUT, path, Some(body)).await
    }

    /// `PATCH path`, which must succeed.
    pub async fn api_patch(&self, path: &str, body: Value) -> Value {
        self.must(Method::PATCH, path, Some(body)).await
    }

    /// Everything that lasts: its config, its errors, what waits for an answer, and since when it has been running.
    pub async fn kept(&self) -> Value {
        let mut kept = self.api_get("/rest/config").await;
        for (name, path) in [
            ("errors", "/rest/system/error"),
            ("devices-that-ask", "/rest/cluster/pending/devices"),
            ("folders-that-are-offered", "/rest/cluster/pending/folders"),
        ] {
            kept[name] = self.api_get(path).await;
        }
        kept["startTime"] = self.api_get("/rest/system/status").await["startTime"].clone();
        kept
    }

    /// Returns once `check` says yes; asks it after every event that Syncthing reports.
    pub async fn wait_until(&self, what: &str, check: impl AsyncFn(&Self) -> bool) {
        let waiting = async {
            let mut since = last_id(&self.api_get("/rest/events?limit=1&timeout=0").await, 0);
            while !check(self).await {
                let path = format!("/rest/events?since={since}&timeout=2");
                since = last_id(&self.api_get(&path).await, since);
            }
        };
        if tokio::time::timeout(DEADLINE, waiting).await.is_err() {
            panic!("not within {DEADLINE:?}: {what}\n{}", self.log.tail());
        }
    }

    fn command(&self) -> Command {
        let mut command = binary::as_a_user(&self.binary.path);
        command.args(["serve", "--no-browser", "--home"]);
        command.arg(&self.home);
        command
    }

    async fn must(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        match self.api(method.clone(), path, body).await {
            Ok((200, value)) => value,
            other => panic!("{method} {path}: {other:?}\n{}", self.log.tail()),
        }
    }

    async fn patch_gui(&self, change: Value) {
        let from = self.log.len();
        self.api_patch("/rest/config/gui", change).await;
        self.log.wait_for(from, LISTENING).await;
    }

    async fn spare_a_listener_restart(&mut self) {
        if !self.pace.may_restart_listener() {
            self.refresh().await;
        }
    }

    async fn end(&mut self, signal: Signal) {
        assert!(self.process.is_some(), "it is not running");
        self.signal(signal);
        self.ended().await;
    }

    fn signal(&self, signal: Signal) {
        if let Some(process) = &self.process {
            kill_process_group(Pid::from_child(process), signal).expect("a signal to our own");
        }
    }
}

impl Drop for RealSyncthing {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}: {}", self.binary, self.log.tail());
        }
        if let Some(mut process) = self.process.take() {
            // Syncthing is a monitor and its child: both are of the group.
            let _ = kill_process_group(Pid::from_child(&process), Signal::KILL);
            let _ = process.wait();
        }
    }
}

fn last_id(events: &Value, before: u64) -> u64 {
    let last = events.as_array().and_then(|events| events.last());
    last.and_then(|event| event["id"].as_u64())
        .unwrap_or(before)
}
