//! The daemon under a service manager: what it tells systemd, and how it takes signals (sd_notify(3)).

#![cfg(unix)]
#![allow(clippy::expect_used, reason = "a test ends at the first surprise")]

mod support;

use std::os::unix::net::UnixDatagram;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use syncwatch::standin::{Options, Standin};
use tempfile::TempDir;

/// A service manager that only listens.
struct Manager {
    directory: TempDir,
    socket: UnixDatagram,
    daemon: Child,
}

impl Manager {
    fn start(home: &std::path::Path) -> Self {
        let directory = TempDir::with_prefix("syncwatch-test-").expect("a directory");
        let socket = UnixDatagram::bind(directory.path().join("notify")).expect("a socket");
        socket
            .set_read_timeout(Some(Duration::from_secs(60)))
            .expect("a limit");
        let config = directory.path().join("config.toml");
        std::fs::write(
            &config,
            format!("[[instance]]\nname = \"one\"\nhome = {home:?}\n"),
        )
        .expect("written");
        let daemon = Command::new(env!("CARGO_BIN_EXE_syncwatch"))
            .arg("--config")
            .arg(&config)
            .arg("daemon")
            .env_clear()
            .env("HOME", directory.path())
            .env("XDG_RUNTIME_DIR", directory.path())
            .env("NOTIFY_SOCKET", directory.path().join("notify"))
            .env("WATCHDOG_USEC", "200000")
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the daemon");
        Self {
            directory,
            socket,
            daemon,
        }
    }

    /// Reads notices until one has `words`.
    fn hears(&self, words: &str) -> String {
        let mut buffer = [0; 4096];
        loop {
            let length = self.socket.recv(&mut buffer).expect("a notice in time");
            let notice =
                String::from_utf8_lossy(buffer.get(..length).unwrap_or_default()).into_owned();
            if notice.contains(words) {
                return notice;
            }
        }
    }

    fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.daemon.id()).ok().and_then(Pid::from_raw);
        kill_process(pid.expect("a process"), signal).expect("signalled");
    }
}

impl Drop for Manager {
    fn drop(&mut self) {
        let _ = self.daemon.kill();
        let _ = self.daemon.wait();
    }
}

#[tokio::test]
async fn tells_the_service_manager_what_it_does() {
    let server = Standin::start(Options::default())
        .await
        .expect("a stand-in");
    let home = server.home().path().to_owned();
    tokio::task::spawn_blocking(move || {
        let mut manager = Manager::start(&home);
        manager.hears("READY=1");
        manager.hears("STATUS=ok: 1 of 1 instances in order");
        manager.hears("WATCHDOG=1");

        manager.signal(Signal::HUP);
        let reloading = manager.hears("RELOADING=1");
        assert!(reloading.contains("MONOTONIC_USEC="), "{reloading}");
        manager.hears("READY=1");

        let socket = manager.directory.path().join("syncwatch/engine.sock");
        assert!(socket.exists());
        manager.signal(Signal::TERM);
        manager.hears("STOPPING=1");
        assert_eq!(manager.daemon.wait().expect("ends").code(), Some(0));
        assert!(!socket.exists(), "the socket is removed");
    })
    .await
    .expect("no panic");
}
