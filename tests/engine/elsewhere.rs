//! A server whose certificate only a command can read: rotations, impostors, and commands that are of no use.

#![cfg(unix)]

use std::path::{Path, PathBuf};

use crate::support::monitor::{DEADLINE, Monitor, short_patience};
use secrecy::ExposeSecret;
use syncwatch::core::{Class, LinkState};
use syncwatch::standin::{ImpostorKind, Options, Standin};

async fn standin() -> Standin {
    Standin::start(Options::default())
        .await
        .expect("a stand-in")
}

/// The config, with a command that runs what is in `script`.
fn config(server: &Standin, script: &Path, patience: &str) -> String {
    format!(
        "[[instance]]\nname = \"nas\"\nurl = {:?}\napi-key = {:?}\ntrust = {{ command = [\"sh\", {script:?}] }}\n{patience}",
        server.url(),
        server.api_key().expose_secret(),
    )
}

fn prints(server: &Standin) -> String {
    format!("cat {:?}", server.home().certificate_path())
}

#[tokio::test]
async fn an_impostor_gets_nothing_and_is_loud() {
    let directory = tempfile::tempdir().expect("a directory");
    let script = directory.path().join("script");
    let server = standin().await;
    std::fs::write(&script, prints(&server)).expect("written");
    let mut monitor = Monitor::start(&config(&server, &script, &short_patience())).await;
    monitor.connected().await;
    for kind in [
        ImpostorKind::OtherCertificate,
        ImpostorKind::ReplayedCertificate,
    ] {
        let takeover = server.impostor(kind).await.expect("an impostor");
        let instance = monitor.until_state(LinkState::Untrusted).await;
        let failure = instance.link.failure.clone().expect("a failure");
        if kind == ImpostorKind::OtherCertificate {
            assert_eq!(failure.class, Class::PinMismatch);
            assert!(
                failure.hint.contains("prints another certificate"),
                "{failure:?}"
            );
        }
        let report = takeover.stop().await.expect("the real one is back");
        assert_eq!((report.bytes, report.handshakes), (0, 0), "{report:?}");
        assert!(!report.contains(server.api_key().expose_secret().as_bytes()));
        monitor.connected().await;
    }
    server.rotate_in_process().await.expect("rotated");
    let new = server.fingerprint();
    monitor
        .until("rotated", |instance| {
            let current = instance.link.trust.current.map(|pin| pin.to_string());
            instance.link.state == LinkState::Connected && current == Some(new.clone())
        })
        .await;
}

/// Whether a process is there, and no zombie.
fn lives(pid: &str) -> bool {
    let stat = std::fs::read_to_string(PathBuf::from("/proc").join(pid.trim()).join("stat"));
    stat.is_ok_and(|stat| !stat.contains(") Z "))
}

#[tokio::test]
async fn one_that_hangs_is_ended_whole_with_the_engine() {
    let directory = tempfile::tempdir().expect("a directory");
    let (script, pids) = (
        directory.path().join("script"),
        directory.path().join("pids"),
    );
    let server = standin().await;
    let hangs = format!("sleep 600 & echo $! > {pids:?}.new; mv {pids:?}.new {pids:?}; wait");
    std::fs::write(&script, hangs).expect("written");
    let mut monitor = Monitor::start(&config(&server, &script, "")).await;
    let started = async {
        while !pids.exists() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(DEADLINE, started)
        .await
        .expect("started");
    let pid = std::fs::read_to_string(&pids).expect("a number");
    assert!(lives(&pid));
    monitor.stop().await;
    let gone = async {
        while lives(&pid) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(DEADLINE, gone).await.expect("gone");
}

#[tokio::test]
async fn it_is_not_given_the_secrets_of_others_and_reads_nothing() {
    let directory = tempfile::tempdir().expect("a directory");
    let (script, seen) = (
        directory.path().join("script"),
        directory.path().join("seen"),
    );
    let server = standin().await;
    let line = format!("cat; env > {seen:?}; {}", prints(&server));
    std::fs::write(&script, line).expect("written");
    // A variable that the tests have anyway stands for a secret.
    let other = "[[instance]]\nname = \"other\"\nurl = \"https://127.0.0.1:1\"\napi-key-env = \"CARGO_MANIFEST_DIR\"\n";
    let config = config(&server, &script, other);
    let mut monitor = Monitor::start(&config).await;
    monitor.connected().await;
    let seen = std::fs::read_to_string(seen).expect("an environment");
    assert!(
        seen.contains("PATH=") && !seen.contains("CARGO_MANIFEST_DIR="),
        "{seen}"
    );
}
