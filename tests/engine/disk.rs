//! A disk that does not answer: who has files on it waits, and nobody else.

#![cfg(target_os = "linux")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use secrecy::ExposeSecret as _;
use syncwatch::core::{InstanceStatus, LinkState, Status};
use syncwatch::engine::client::Connection;
use syncwatch::engine::protocol::{Answer, Ask};
use syncwatch::standin::{Options, Standin};
use tempfile::TempDir;

use crate::support::monitor::{DEADLINE, short_patience};

/// What each instance but the last has on the disk.
const ON_DISK: [&str; 4] = ["key", "ca", "pin", "home"];
const ELSEWHERE: &str = "elsewhere";

/// A daemon that sees a disk as the test wants it to.
struct Scene {
    directory: TempDir,
    servers: Vec<Standin>,
    daemon: Option<Child>,
}

impl Scene {
    async fn new() -> Self {
        let directory = TempDir::with_prefix("syncwatch-disk-").expect("a directory");
        let disk = directory.path().join("disk");
        std::fs::create_dir(&disk).expect("a directory");
        let mut servers = Vec::new();
        for _ in ON_DISK {
            servers.push(
                Standin::start(Options::default())
                    .await
                    .expect("a stand-in"),
            );
        }
        let home = Options {
            home: Some(disk.join("home")),
            ..Options::default()
        };
        servers.splice(3.., [Standin::start(home).await.expect("a stand-in")]);
        servers.push(
            Standin::start(Options::default())
                .await
                .expect("a stand-in"),
        );
        let scene = Self {
            directory,
            servers,
            daemon: None,
        };
        let config = scene.config();
        std::fs::write(scene.path("config.toml"), config).expect("written");
        scene
    }

    /// One has its key on the disk, one its CA file, one its pin, one all that Syncthing has; one nothing.
    fn config(&self) -> String {
        let [key, ca, pin, home, elsewhere] = &self.servers[..] else {
            panic!("five of them");
        };
        let certificate = |server: &Standin| server.home().certificate_path();
        std::fs::write(self.on_disk("key"), key.api_key().expose_secret()).expect("written");
        std::fs::copy(certificate(ca), self.on_disk("ca")).expect("copied");
        std::fs::copy(certificate(pin), self.on_disk("pin")).expect("copied");
        let quoted = |server: &Standin| format!("{:?}", server.api_key().expose_secret());
        let mut text = short_patience() + "\n";
        let mut instance = |name: &str, server: &Standin, rest: String| {
            let url = server.url();
            let _ = writeln!(text, "[[instance]]\nname = {name:?}\nurl = {url:?}\n{rest}");
        };
        let trust = |way: &str, file: PathBuf| format!("trust = {{ {way} = {file:?} }}");
        let by_file = trust("file", certificate(key));
        let file = self.on_disk("key");
        instance("key", key, format!("api-key-file = {file:?}\n{by_file}"));
        for (name, server, trust) in [
            ("ca", ca, trust("ca", self.on_disk("ca"))),
            ("pin", pin, trust("file", self.on_disk("pin"))),
            (ELSEWHERE, elsewhere, trust("file", certificate(elsewhere))),
        ] {
            instance(
                name,
                server,
                format!("api-key = {}\n{trust}", quoted(server)),
            );
        }
        instance("home", home, format!("home = {:?}", home.home().path()));
        text
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn on_disk(&self, name: &str) -> PathBuf {
        self.path("disk").join(name)
    }

    fn falls_silent(&self) {
        std::fs::write(self.path("disk.silent"), "").expect("written");
    }

    fn answers_again(&self) {
        std::fs::remove_file(self.path("disk.silent")).expect("removed");
    }

    fn start_daemon(&mut self, preloaded: &Path) {
        let daemon = Command::new(env!("CARGO_BIN_EXE_syncwatch"))
            .arg("daemon")
            .env_clear()
            .env("HOME", self.directory.path())
            .env("XDG_RUNTIME_DIR", self.directory.path())
            .env("SYNCWATCH_CONFIG", self.path("config.toml"))
            .env("SILENT_DISK", self.path("disk"))
            .env("LD_PRELOAD", preloaded)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        self.daemon = Some(daemon.expect("the daemon"));
    }

    /// Waits until the daemon says so.
    async fn until(&self, what: &str, reached: impl Fn(&Status) -> bool) {
        let socket = self.path("syncwatch/engine.sock");
        let mut seen = None;
        let waiting = async {
            let mut view = loop {
                match Connection::open(&socket).await {
                    Ok(Some(view)) => break view,
                    _ => tokio::task::yield_now().await,
                }
            };
            view.begin(Ask::Watch).await.expect("asked");
            while let Some(answer) = view.next().await.expect("an answer") {
                let Answer::Status { status } = answer else {
                    continue;
                };
                if reached(&status) {
                    return;
                }
                seen = Some(status);
            }
        };
        let done = tokio::time::timeout(DEADLINE, waiting).await;
        assert!(done.is_ok(), "{what}: {seen:#?}");
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        if let Some(daemon) = &mut self.daemon {
            let _ = daemon.kill();
            let _ = daemon.wait();
        }
    }
}

/// What stands between the daemon and its disks.
pub fn preloaded(directory: &Path) -> PathBuf {
    let library = directory.join("silent_disk.so");
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/engine/silent_disk.c");
    let built = Command::new("cc")
        .args(["-shared", "-fPIC", "-o"])
        .args([library.as_path(), Path::new(source)])
        .arg("-ldl")
        .status();
    assert!(built.expect("a C compiler").success());
    library
}

fn state_of<'a>(status: &'a Status, name: &str) -> &'a InstanceStatus {
    status.instance(name).expect("watched")
}

fn is_connected(status: &Status, name: &str) -> bool {
    let instance = state_of(status, name);
    instance.link.state == LinkState::Connected && instance.service.is_some()
}

#[tokio::test]
async fn a_disk_that_does_not_answer_delays_nobody_else() {
    let mut scene = Scene::new().await;
    let preloaded = preloaded(scene.directory.path());
    scene.falls_silent();
    scene.start_daemon(&preloaded);
    scene
        .until("the one with its files elsewhere is connected", |status| {
            let others = ON_DISK.iter();
            is_connected(status, ELSEWHERE)
                && others.clone().all(|name| !is_connected(status, name))
        })
        .await;
    scene.answers_again();
    scene
        .until("all are connected", |status| {
            ON_DISK.iter().all(|name| is_connected(status, name))
        })
        .await;

    // Everything on it changes, and cannot be read.
    scene.falls_silent();
    for name in ["key", "ca", "pin", "home/config.xml", "home/https-cert.pem"] {
        let path = scene.on_disk(name);
        let content = std::fs::read(&path).expect("read");
        std::fs::write(&path, content).expect("written");
    }
    let elsewhere = scene.servers.last().expect("a stand-in");
    elsewhere.rotate_in_process().await.expect("rotated");
    let fingerprint = elsewhere.fingerprint();
    scene
        .until("a new certificate is followed meanwhile", |status| {
            let link = &state_of(status, ELSEWHERE).link;
            let current = link.trust.current.map(|pin| pin.to_string());
            is_connected(status, ELSEWHERE) && current == Some(fingerprint.clone())
        })
        .await;
    scene
        .until("what was good before stays in force", |status| {
            ON_DISK.iter().all(|name| is_connected(status, name))
        })
        .await;

    let mut daemon = scene.daemon.take().expect("a daemon");
    kill_process(Pid::from_child(&daemon), Signal::TERM).expect("signalled");
    let ended = tokio::task::spawn_blocking(move || daemon.wait());
    let ended = tokio::time::timeout(DEADLINE, ended).await;
    let status = ended.expect("in time").expect("waits").expect("waits");
    assert_eq!(status.code(), Some(0), "nobody waits for a disk at the end");
}
