//! A real WeeChat without a screen, with the relay `api` over TLS on 127.0.0.1, in a directory of its own.

use std::io::Write as _;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::monitor::eventually;
use super::tls_server::Identity;

/// What the relay asks for, unless a test says otherwise.
pub const PASSWORD: &str = "correct horse";

/// A running WeeChat; it ends when it is dropped.
pub struct Weechat {
    directory: TempDir,
    child: Option<Child>,
    pub port: u16,
    pub identity: Identity,
    commands: Vec<String>,
    /// How often it was started.
    starts: usize,
}

impl Weechat {
    /// `None` where it was not set up, which is said loudly, and is a failure in CI.
    pub async fn start(commands: &[&str]) -> Option<Self> {
        if !binary().exists() {
            let words = "no WeeChat to test with: run tests/run --setup-only";
            assert!(std::env::var("CI").as_deref() != Ok("true"), "{words}");
            // Not eprintln!, which a passing test swallows.
            let _ = writeln!(std::io::stderr(), "\n  *** SKIPPED: {words}\n");
            return None;
        }
        let free = TcpListener::bind("127.0.0.1:0").expect("a port");
        let mut this = Self {
            directory: TempDir::with_prefix("syncwatch-weechat-").expect("a directory"),
            child: None,
            port: free.local_addr().expect("an address").port(),
            identity: Identity::new("127.0.0.1"),
            commands: commands.iter().map(|&command| command.to_owned()).collect(),
            starts: 0,
        };
        drop(free);
        this.write_certificate();
        this.launch().await;
        Some(this)
    }

    /// Starts it again, in the same place.
    pub async fn launch(&mut self) {
        let relay = self.path("relay.pem");
        let mut command = Command::new(binary());
        command
            .arg("-d")
            .arg(self.directory.path())
            .env_clear()
            .env("HOME", self.directory.path())
            .env("LD_LIBRARY_PATH", libraries())
            .env("WEECHAT_EXTRA_LIBDIR", libraries().join("weechat"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let port = self.port;
        let first = [
            "/set logger.file.flush_delay 0".to_owned(),
            "/set relay.network.ipv6 off".to_owned(),
            "/set relay.network.bind_address 127.0.0.1".to_owned(),
            format!("/set relay.network.tls_cert_key {}", relay.display()),
            format!("/set relay.network.password {PASSWORD}"),
        ];
        let last = [format!("/relay add tls.api {port}")];
        for line in first.iter().chain(&self.commands).chain(&last) {
            command.arg("-r").arg(line);
        }
        self.child = Some(command.spawn().expect("WeeChat"));
        self.starts += 1;
        let listening = format!("relay: listening on port {port}");
        self.said(&listening, self.starts).await;
    }

    /// Has it do something, as if it was typed.
    pub fn say(&self, command: &str) {
        let pid = self.child.as_ref().expect("running").id();
        let fifo = self.path(&format!("weechat_fifo_{pid}"));
        let mut fifo = std::fs::OpenOptions::new()
            .write(true)
            .open(fifo)
            .expect("its fifo");
        // One write, so that no two lines are mixed.
        fifo.write_all(format!("*{command}\n").as_bytes())
            .expect("written");
    }

    /// Waits until its core buffer held `words` so often.
    pub async fn said(&self, words: &str, times: usize) {
        eventually(words, || self.log().matches(words).count() >= times).await;
    }

    /// Its core buffer, as its user reads it.
    pub fn log(&self) -> String {
        let file = self.path("logs/core.weechat.weechatlog");
        std::fs::read_to_string(file).unwrap_or_default()
    }

    /// How many logins it reported as refused.
    pub fn refused(&self) -> usize {
        self.log().matches("authentication failed").count()
    }

    /// Connections that it has now.
    pub fn connections(&self) -> usize {
        let table = std::fs::read_to_string("/proc/net/tcp").expect("a table");
        let local = format!(":{:04X} ", self.port);
        let established = |line: &&str| {
            let mut columns = line.split_whitespace().skip(1);
            let here = columns.next().unwrap_or_default();
            format!("{here} ").ends_with(&local) && columns.nth(1) == Some("01")
        };
        table.lines().filter(established).count()
    }

    pub fn signal(&self, signal: Signal) {
        let child = self.child.as_ref().expect("running");
        let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        kill_process(pid.expect("a process"), signal).expect("signalled");
    }

    /// Waits for its end.
    pub async fn ended(&mut self) {
        let mut child = self.child.take().expect("running");
        let ended = tokio::task::spawn_blocking(move || child.wait());
        let ended = tokio::time::timeout(super::monitor::DEADLINE, ended).await;
        ended.expect("ends in time").expect("waits").expect("waits");
    }

    /// A new certificate and key in its files; it goes on serving the one before.
    pub fn renew_certificate(&mut self) {
        self.identity = Identity::new("127.0.0.1");
        self.write_certificate();
    }

    /// The certificate alone, as a pin file.
    pub fn certificate_file(&self) -> PathBuf {
        self.path("cert.pem")
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// An `[[instance]]` that watches it under the name `irc`.
    pub fn instance(&self, keys: &str) -> String {
        let (port, file) = (self.port, self.certificate_file());
        format!(
            "[[instance]]\nname = \"irc\"\nkind = \"weechat\"\nurl = \"https://127.0.0.1:{port}\"\ntrust = {{ file = {file:?} }}\n{keys}\n"
        )
    }

    fn write_certificate(&self) {
        let both = format!("{}{}", self.identity.pem, self.identity.key_pem());
        std::fs::write(self.path("relay.pem"), both).expect("written");
        std::fs::write(self.certificate_file(), &self.identity.pem).expect("written");
    }
}

impl Drop for Weechat {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Cargo's own target directory, wherever it is.
fn place() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("weechat")
}

fn binary() -> PathBuf {
    place().join("usr/bin/weechat-headless")
}

fn libraries() -> PathBuf {
    let mut found = std::fs::read_dir(place().join("usr/lib")).expect("libraries");
    let is_multiarch = |name: &str| name.contains("-linux-");
    let found = found.find_map(|entry| {
        let entry = entry.expect("an entry");
        is_multiarch(&entry.file_name().to_string_lossy()).then(|| entry.path())
    });
    found.expect("a directory of libraries")
}
