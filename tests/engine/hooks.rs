//! Hooks as the engine runs them: a real command and a real TLS listener, beside a server that rotates and an impostor.

#![cfg(unix)]

use std::path::{Path, PathBuf};

use serde_json::Value;
use syncwatch::core::LinkState;
use syncwatch::standin::{ImpostorKind, Options, Standin};

use crate::support::monitor::{DEADLINE, watching};
use crate::support::outlets::Told;
use crate::support::tls_server::{ANY_TLS, Answer, Identity, Server};

async fn standin() -> Standin {
    let started = Standin::start(Options::default()).await;
    started.expect("a stand-in")
}

/// A hook that notes what it is told, one line for each run.
fn noting(file: &Path, rest: &str) -> String {
    let line = format!("cat >> {}", file.display());
    format!("[[hook]]\nname = \"note\"\ncommand = {line:?}\npause = \"0s\"\n{rest}\n")
}

/// Every event so far, of all runs.
fn noted(file: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let runs = text
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    runs.flat_map(|run| run["events"].as_array().cloned().unwrap_or_default())
        .collect()
}

async fn until_noted(file: &Path, what: &str, check: impl Fn(&[Value]) -> bool) -> Vec<Value> {
    let seen = async {
        loop {
            let events = noted(file);
            if check(&events) {
                return events;
            }
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    match tokio::time::timeout(DEADLINE, seen).await {
        Ok(events) => events,
        Err(_) => panic!("never {what}: {:?}", noted(file)),
    }
}

fn names(events: &[Value]) -> Vec<&str> {
    let names = events.iter().map(|event| event["event"].as_str());
    names.map(Option::unwrap_or_default).collect()
}

fn place() -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("noted");
    (directory, file)
}

#[tokio::test]
async fn a_command_is_told_of_a_rotation_an_impostor_and_its_end() {
    let server = standin().await;
    let (_directory, file) = place();
    let hook = noting(
        &file,
        "on = [\"loud\", \"recovered\", \"rotation\"]\ninstances = [\"laptop\"]",
    );
    let config = format!("{}\n{hook}", watching(server.home().path()));
    let mut told = Told::start(&config).await;
    let before = told.monitor.connected().await;
    let old = before.link.trust.current.expect("a pin").to_string();
    server.rotate_in_process().await.expect("rotated");
    let events = until_noted(&file, "rotation", |events| !events.is_empty()).await;
    assert_eq!(names(&events), ["rotation"]);
    assert_eq!(events[0]["pinned"], old);
    assert_eq!(events[0]["served"], server.fingerprint());
    assert_eq!(events[0]["instance"], "laptop");

    let takeover = server.impostor(ImpostorKind::OtherCertificate).await;
    let takeover = takeover.expect("an impostor");
    let events = until_noted(&file, "loud", |events| names(events).contains(&"loud")).await;
    let loud = events.last().expect("an event");
    assert_eq!(loud["state"], "untrusted");
    assert_eq!(loud["served"].as_str(), takeover.fingerprint().as_deref());
    assert_eq!(loud["pinned"], server.fingerprint());
    for word in ["message", "hint"] {
        assert!(
            loud[word].as_str().is_some_and(|words| words.len() > 20),
            "{loud}"
        );
    }
    takeover.stop().await.expect("gone");
    let events = until_noted(&file, "recovered", |events| {
        names(events).contains(&"recovered")
    })
    .await;
    assert_eq!(
        events.last().expect("an event")["message"],
        "laptop is connected again."
    );
}

#[tokio::test]
async fn what_comes_at_once_goes_out_at_once_and_nobody_waits_for_it() {
    let server = standin().await;
    let (_directory, file) = place();
    // The first hook hangs for longer than the test runs; the second one is told all the same.
    let config = format!(
        "{}\n[[hook]]\nname = \"stuck\"\non = [\"rotation\"]\ncommand = \"sleep 600\"\ntimeout = \"10m\"\n{}",
        watching(server.home().path()),
        noting(&file, "on = [\"rotation\"]").replace("\"0s\"", "\"2s\"")
    );
    let mut told = Told::start(&config).await;
    told.monitor.connected().await;
    for number in 1..=4 {
        server.rotate_in_process().await.expect("rotated");
        let rotated = |instance: &syncwatch::core::InstanceStatus| {
            instance.link.rotations == number && instance.link.state == LinkState::Connected
        };
        told.monitor.until("rotated", rotated).await;
    }
    until_noted(&file, "four", |events| events.len() == 4).await;
    let runs = std::fs::read_to_string(&file).expect("noted");
    assert!(runs.lines().count() < 4, "{runs}");
}

#[tokio::test]
async fn a_hook_comes_changes_and_goes_with_the_config() {
    let server = standin().await;
    let (_directory, file) = place();
    let base = watching(server.home().path());
    let mut told = Told::start(&base).await;
    told.monitor.connected().await;
    server.rotate_in_process().await.expect("rotated");
    told.monitor
        .until("rotated", |it| it.link.rotations == 1)
        .await;
    let mut outlets = told.monitor.engine().outlets();
    let hook = noting(&file, "on = [\"rotation\"]");
    told.monitor.write_config(&format!("{base}\n{hook}"));
    let there = outlets.wait_for(|outlets| outlets.hooks.len() == 1);
    drop(tokio::time::timeout(DEADLINE, there).await.expect("there"));
    // The hooks are taken up a moment after the config is.
    tokio::task::yield_now().await;
    server.rotate_in_process().await.expect("rotated");
    let events = until_noted(&file, "one", |events| !events.is_empty()).await;
    // What happened before it was there is no news to it.
    assert_eq!(names(&events), ["rotation"]);
}

#[tokio::test]
async fn a_post_reaches_only_whom_the_config_trusts() {
    let server = standin().await;
    let (ours, other) = (Identity::new("127.0.0.1"), Identity::new("127.0.0.1"));
    let fine = || Answer::reply("204 No Content", "");
    let good = Server::new(ours.serves(ANY_TLS), fine()).await;
    let bad = Server::new(other.serves(ANY_TLS), fine()).await;
    let hook = |name: &str, server: &Server| {
        format!(
            "[[hook]]\nname = \"{name}\"\non = [\"rotation\"]\nurl = \"{}/hook/path-secret?a=b\"\ntrust = {{ fingerprint = [\"{}\"] }}\nheader = {{ name = \"X-Token\", value = \"header-secret\" }}\npause = \"0s\"\n",
            server.url(),
            ours.pin()
        )
    };
    let config = format!(
        "{}\n{}{}",
        watching(server.home().path()),
        hook("bad", &bad),
        hook("good", &good)
    );
    let mut told = Told::start(&config).await;
    told.monitor.connected().await;
    server.rotate_in_process().await.expect("rotated");
    good.until(0, |seen| seen.bytes.ends_with(b"}")).await;
    let heard = good.heard();
    assert!(
        heard.starts_with("POST /hook/path-secret?a=b HTTP/1.1\r\n"),
        "{heard}"
    );
    assert!(
        heard.to_lowercase().contains("x-token: header-secret\r\n"),
        "{heard}"
    );
    assert!(
        heard
            .to_lowercase()
            .contains("content-type: application/json\r\n"),
        "{heard}"
    );
    let json: Value = heard
        .split_once("\r\n\r\n")
        .map(|(_, body)| serde_json::from_str(body).expect("JSON"))
        .expect("a body");
    assert_eq!(json["hook"], "good");
    assert_eq!(json["events"][0]["event"], "rotation");
    assert_eq!(json["left_out"], 0);
    bad.until(0, |seen| seen.ended).await;
    assert_eq!(bad.heard(), "", "nothing may reach one that is not trusted");
}
