//! The daemon under a service manager: what it says over sd_notify(3), and what the signals do.

#![cfg(target_os = "linux")]

use std::process::{Child, Command, Stdio};

use crate::support::monitor::{DEADLINE, watching};
use rustix::process::{Pid, Signal, kill_process};
use syncwatch::standin::{Options, Standin};
use tempfile::TempDir;
use tokio::net::UnixDatagram;

/// A daemon with somebody who listens to it.
struct Service {
    directory: TempDir,
    manager: UnixDatagram,
    daemon: Child,
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.daemon.kill();
        let _ = self.daemon.wait();
    }
}

impl Service {
    fn start(config: &str, watchdog: Option<&str>) -> Self {
        let directory = TempDir::with_prefix("syncwatch-service-").expect("a directory");
        let socket = directory.path().join("notify.sock");
        let manager = UnixDatagram::bind(&socket).expect("bound");
        std::fs::write(directory.path().join("config.toml"), config).expect("written");
        let mut command = Command::new(env!("CARGO_BIN_EXE_syncwatch"));
        command
            .arg("daemon")
            .env_clear()
            .env("HOME", directory.path())
            .env("XDG_RUNTIME_DIR", directory.path())
            .env("SYNCWATCH_CONFIG", directory.path().join("config.toml"))
            .env("NOTIFY_SOCKET", &socket)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        if let Some(watchdog) = watchdog {
            command.env("WATCHDOG_USEC", watchdog);
        }
        let daemon = command.spawn().expect("the daemon");
        Self {
            directory,
            manager,
            daemon,
        }
    }

    fn signal(&self, signal: Signal) {
        let pid = Pid::from_child(&self.daemon);
        kill_process(pid, signal).expect("signalled");
    }

    /// Reads until a notice that begins so; returns all that came on the way.
    async fn until(&self, wanted: &str) -> Vec<String> {
        let mut heard = Vec::new();
        let found = async {
            loop {
                let mut buffer = [0; 4096];
                let length = self.manager.recv(&mut buffer).await.expect("a notice");
                let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
                let found = text.lines().any(|line| line.starts_with(wanted));
                heard.push(text);
                if found {
                    return;
                }
            }
        };
        let found = tokio::time::timeout(DEADLINE, found).await;
        assert!(found.is_ok(), "never said: {wanted}; heard: {heard:?}");
        heard
    }
}

#[tokio::test]
async fn a_service_manager_hears_of_its_life() {
    let server = Standin::start(Options::default())
        .await
        .expect("a stand-in");
    let mut service = Service::start(&watching(server.home().path()), Some("200000"));
    service.until("READY=1").await;
    service.until("STATUS=ok: 1 of 1").await;
    service.until("WATCHDOG=1").await;
    server.kill().await;
    service.until("STATUS=offline: 0 of 1").await;
    let config = service.directory.path().join("config.toml");
    std::fs::write(config, "[patience]\nrefused = \"1h\"\n").expect("written");
    service.signal(Signal::HUP);
    let heard = service.until("RELOADING=1").await;
    let reloading = heard.last().expect("heard");
    assert!(reloading.contains("MONOTONIC_USEC="), "{reloading}");
    service.until("READY=1").await;
    service.signal(Signal::TERM);
    service.until("STOPPING=1").await;
    let ended = tokio::task::spawn_blocking(move || service.daemon.wait());
    let ended = tokio::time::timeout(DEADLINE, ended).await;
    let status = ended.expect("in time").expect("waits").expect("waits");
    assert_eq!(status.code(), Some(0));
}

/// The summary is said when it changes, not with every change of a folder.
#[tokio::test]
async fn a_service_manager_is_not_told_the_same_again() {
    let server = Standin::start(Options::default())
        .await
        .expect("a stand-in");
    let service = Service::start(&watching(server.home().path()), None);
    let mut heard = service.until("STATUS=ok").await;
    for _ in 0..3 {
        server.rotate_in_process().await.expect("rotated");
    }
    service.signal(Signal::TERM);
    heard.extend(service.until("STOPPING=1").await);
    let told = heard.iter().filter(|text| text.starts_with("STATUS=ok"));
    assert!(told.count() <= 4, "{heard:?}");
    heard.dedup();
    let statuses: Vec<_> = heard
        .iter()
        .filter(|text| text.starts_with("STATUS"))
        .collect();
    assert!(
        statuses.windows(2).all(|pair| pair[0] != pair[1]),
        "{heard:?}"
    );
}
