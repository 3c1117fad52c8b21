//! What a daemon started is gone with it, however it left its process group.

#![cfg(target_os = "linux")]

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

const DEADLINE: Duration = Duration::from_secs(60);

async fn until(what: &str, check: impl Fn() -> bool) {
    let seen = async {
        while !check() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(DEADLINE, seen).await.expect(what);
}

/// Whether a process is there, and no zombie.
fn lives(id: &str) -> bool {
    let stat = std::fs::read_to_string(Path::new("/proc").join(id.trim()).join("stat"));
    stat.is_ok_and(|stat| !stat.contains(") Z "))
}

#[tokio::test]
async fn a_command_that_tells_a_key_ends_with_the_daemon() {
    let home = tempfile::tempdir().expect("a directory");
    let file = |name: &str| home.path().join(name);
    let config = file("config.toml");
    let note = |name: &str| {
        let path = file(name);
        format!(
            "echo $$ > {0}.new; mv {0}.new {0}; sleep 600; sleep 600",
            path.display()
        )
    };
    let line = format!(
        "(setsid sh -c '{}' &) ; sh -c '{}' | cat",
        note("left"),
        note("piped")
    );
    let text = format!(
        "[[instance]]\nname = 'nas'\nurl = 'https://127.0.0.1:1'\ntrust = 'system'\napi-key-command = \"{line}\"\n"
    );
    std::fs::write(&config, text).expect("written");
    let mut daemon = Command::new(env!("CARGO_BIN_EXE_syncwatch"))
        .args(["--config".as_ref(), config.as_os_str(), "daemon".as_ref()])
        .env("HOME", home.path())
        .env("XDG_RUNTIME_DIR", home.path())
        .env_remove("XDG_STATE_HOME")
        .env_remove("SYNCWATCH_SOCKET")
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("a daemon");
    let names = ["left", "piped"];
    for name in names {
        until(name, || file(name).exists()).await;
    }
    let id = Pid::from_raw(i32::try_from(daemon.id()).expect("a number"));
    kill_process(id.expect("a process"), Signal::TERM).expect("signalled");
    assert!(daemon.wait().expect("ends").success());
    for name in names {
        let id = std::fs::read_to_string(file(name)).expect("a number");
        until(name, || !lives(&id)).await;
    }
}
