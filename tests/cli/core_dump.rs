//! A daemon that is ended by force leaves no core dump: it would hold the API key.

#![cfg(target_os = "linux")]

use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

#[tokio::test]
async fn none_is_left() {
    let directory = tempfile::tempdir().expect("a directory");
    let socket = directory.path().join("syncwatch/engine.sock");
    let mut daemon = Command::new("/bin/sh")
        .args(["-c", "ulimit -c unlimited 2>/dev/null; exec \"$0\" daemon"])
        .arg(env!("CARGO_BIN_EXE_syncwatch"))
        .current_dir(directory.path())
        .env_clear()
        .env("HOME", directory.path())
        .env("XDG_RUNTIME_DIR", directory.path())
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("a daemon");
    let listens = async {
        while tokio::net::UnixStream::connect(&socket).await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    let listens = tokio::time::timeout(Duration::from_secs(60), listens).await;
    let pid = i32::try_from(daemon.id()).ok().and_then(Pid::from_raw);
    kill_process(pid.expect("a process"), Signal::ABORT).expect("signalled");
    let ended = daemon.wait().expect("ends");
    listens.expect("it listened");
    assert_eq!(ended.signal(), Some(Signal::ABORT.as_raw()));
    assert!(!ended.core_dumped(), "a core was dumped");
}
