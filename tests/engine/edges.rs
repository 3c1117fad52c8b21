//! The daemon where nobody reads its log, and where its own files are on a disk that hangs: it goes on and answers.

#![cfg(target_os = "linux")]

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use syncwatch::core::{JournalKind, LinkState, Status};
use syncwatch::engine::client::Connection;
use syncwatch::engine::protocol::{Answer, Ask};
use syncwatch::standin::{Options, Standin};
use tempfile::TempDir;

use crate::disk::preloaded;
use crate::support::monitor::{DEADLINE, watching};

/// A daemon with everything of its own below one directory, and what it watches.
struct Scene {
    directory: TempDir,
    server: Standin,
    daemon: Option<Child>,
}

impl Scene {
    async fn new() -> Self {
        let server = Standin::start(Options::default()).await;
        let server = server.expect("a stand-in");
        let directory = TempDir::with_prefix("syncwatch-edges-").expect("a directory");
        std::fs::create_dir(directory.path().join("disk")).expect("a directory");
        let scene = Self {
            directory,
            server,
            daemon: None,
        };
        scene.configure("");
        scene
    }

    fn configure(&self, more: &str) {
        let text = watching(self.server.home().path()) + more;
        std::fs::write(self.path("disk/config.toml"), text).expect("written");
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Its home is on the disk, its socket is not.
    fn start(&mut self, stderr: impl Into<Stdio>, preloaded: Option<&Path>) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_syncwatch"));
        command
            .args(["-vv", "daemon"])
            .env_clear()
            .env("HOME", self.path("disk"))
            .env("XDG_RUNTIME_DIR", self.directory.path())
            .env("SYNCWATCH_CONFIG", self.path("disk/config.toml"))
            .env("SILENT_DISK", self.path("disk"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(stderr);
        if let Some(library) = preloaded {
            command.env("LD_PRELOAD", library);
        }
        self.daemon = Some(command.spawn().expect("the daemon"));
    }

    fn falls_silent(&self) {
        std::fs::write(self.path("disk.silent"), "").expect("written");
    }

    fn answers_again(&self) {
        std::fs::remove_file(self.path("disk.silent")).expect("removed");
    }

    async fn open(&self) -> Connection {
        let socket = self.path("syncwatch/engine.sock");
        in_time("an engine", async {
            loop {
                match Connection::open(&socket).await {
                    Ok(Some(view)) => return view,
                    _ => tokio::task::yield_now().await,
                }
            }
        })
        .await
    }

    async fn ask(&self, ask: Ask) -> Answer {
        let mut view = self.open().await;
        let answer = in_time("an answer", view.ask(ask)).await;
        answer.expect("an answer")
    }

    async fn until(&self, what: &str, reached: impl Fn(&Status) -> bool) {
        let mut view = self.open().await;
        view.begin(Ask::Watch).await.expect("asked");
        in_time(what, async {
            while let Some(answer) = view.next().await.expect("an answer") {
                if matches!(&answer, Answer::Status { status } if reached(status)) {
                    return;
                }
            }
            panic!("{what}: the engine ended");
        })
        .await;
    }

    async fn end(&mut self) -> Option<i32> {
        let mut daemon = self.daemon.take().expect("a daemon");
        kill_process(Pid::from_child(&daemon), Signal::TERM).expect("signalled");
        let ended = tokio::task::spawn_blocking(move || daemon.wait());
        let ended = in_time("the end", ended).await.expect("waits");
        ended.expect("waits").code()
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

async fn in_time<T>(what: &str, work: impl Future<Output = T>) -> T {
    let done = tokio::time::timeout(DEADLINE, work).await;
    done.unwrap_or_else(|_| panic!("{what}: not in time"))
}

fn is_connected(status: &Status) -> bool {
    status.instances[0].link.state == LinkState::Connected
}

#[tokio::test]
async fn a_log_that_nobody_reads_holds_up_nobody() {
    let mut scene = Scene::new().await;
    let (reader, writer) = std::io::pipe().expect("a pipe");
    scene.start(writer, None);
    scene.until("connected", is_connected).await;
    // The pipe is full when what is in it does not grow any more; then what waits overflows, too.
    let mut full = 0;
    while full < 1500 {
        let before = rustix::io::ioctl_fionread(reader.as_fd()).expect("a pipe");
        // Each reading of the config is a line.
        assert_eq!(scene.ask(Ask::Reload).await, Answer::Done);
        let now = rustix::io::ioctl_fionread(reader.as_fd()).expect("a pipe");
        full = if now == before { full + 1 } else { 0 };
    }
    scene.until("still connected", is_connected).await;
    let said = tokio::task::spawn_blocking(move || {
        let mut lines = BufReader::new(reader).lines();
        lines.find(|line| {
            let line = line.as_ref().expect("text");
            line.contains("lines of this log are missing here")
        })
    });
    let said = in_time("what is missing is said", said).await;
    assert!(said.expect("reads").is_some(), "what is missing is said");
    assert_eq!(scene.end().await, Some(0));
}

#[tokio::test]
async fn a_log_that_cannot_be_written_ends_nobody() {
    let (reader, gone) = std::io::pipe().expect("a pipe");
    drop(reader);
    let full = File::options().write(true).open("/dev/full");
    for stderr in [Stdio::from(gone), Stdio::from(full.expect("opens"))] {
        let mut scene = Scene::new().await;
        scene.start(stderr, None);
        scene.until("connected", is_connected).await;
        for _ in 0..20 {
            assert_eq!(scene.ask(Ask::Reload).await, Answer::Done);
        }
        scene.until("still connected", is_connected).await;
        assert_eq!(scene.end().await, Some(0));
    }
}

#[tokio::test]
async fn files_of_its_own_that_hang_hold_up_nobody() {
    let mut scene = Scene::new().await;
    let preloaded = preloaded(scene.directory.path());
    scene.start(Stdio::null(), Some(&preloaded));
    scene.until("connected", is_connected).await;

    scene.falls_silent();
    for rotations in 1..=3_u64 {
        scene.server.rotate_in_process().await.expect("rotated");
        scene
            .until("the new certificate", |status| {
                is_connected(status) && status.instances[0].link.rotations == rotations
            })
            .await;
    }
    let Answer::Journal { entries, .. } = scene.ask(Ask::Journal { limit: 99 }).await else {
        panic!("no journal");
    };
    let rotated = |kind: &JournalKind| matches!(kind, JournalKind::Rotated { .. });
    let rotated = entries.iter().filter(|entry| rotated(&entry.kind));
    assert_eq!(rotated.count(), 3);

    // The config is on it as well.
    scene.configure("\n[[instance]]\nname = \"second\"\n");
    let mut asking = scene.open().await;
    asking.begin(Ask::Reload).await.expect("asked");
    scene.until("the first goes on", is_connected).await;
    scene.answers_again();
    scene
        .until("the second is watched", |status| {
            status.instance("second").is_some()
        })
        .await;
    in_time("an answer", asking.next())
        .await
        .expect("an answer");

    scene.falls_silent();
    scene.server.rotate_in_process().await.expect("rotated");
    scene
        .until("a last one", |status| {
            is_connected(status) && status.instances[0].link.rotations == 4
        })
        .await;
    assert_eq!(scene.end().await, Some(0), "nobody waits for ever");
}
