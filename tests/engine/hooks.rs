//! Hooks as the engine runs them: a real command and a real TLS listener, beside a server that rotates and an impostor.

#![cfg(unix)]

use std::path::{Path, PathBuf};

use serde_json::Value;
use syncwatch::core::LinkState;
use syncwatch::standin::{ImpostorKind, Options, Standin};

use crate::support::monitor::{DEADLINE, eventually, watching};
use crate::support::outlets::Told;
use crate::support::tls_server::{ANY_TLS, Answer, Identity, Server, Then, params};
use crate::support::watched::Watched;

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
    let mut keys: Vec<_> = loud.as_object().expect("an object").keys().collect();
    keys.sort();
    let all = "event hint instance kind message pinned served state time url";
    assert_eq!(keys, all.split(' ').collect::<Vec<_>>());
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

/// An edit of a hook while its command runs: the run comes to its end, and what waits goes to the new command.
#[tokio::test]
async fn an_edited_hook_loses_nothing() {
    let server = standin().await;
    let (directory, file) = place();
    let (begun, go_on) = (directory.path().join("begun"), directory.path().join("go"));
    let line = format!(
        "touch {}; while [ ! -e {} ]; do sleep 0.02; done; cat >> {}",
        begun.display(),
        go_on.display(),
        file.display()
    );
    let old = format!(
        "[[hook]]\nname = \"note\"\non = [\"rotation\"]\ncommand = {line:?}\npause = \"0s\"\n"
    );
    let watched = watching(server.home().path());
    let mut told = Told::start(&format!("{watched}\n{old}")).await;
    told.monitor.connected().await;
    server.rotate_in_process().await.expect("rotated");
    eventually("the command runs", || begun.exists()).await;
    told.monitor.write_config(&format!(
        "{watched}\n{}",
        noting(&file, "on = [\"rotation\"]")
    ));
    server.rotate_in_process().await.expect("rotated");
    let rotated = |instance: &syncwatch::core::InstanceStatus| {
        instance.link.rotations == 2 && instance.link.state == LinkState::Connected
    };
    told.monitor.until("rotated", rotated).await;
    std::fs::write(&go_on, "").expect("written");
    until_noted(&file, "both", |events| events.len() == 2).await;
}

/// A POST by each way to trust, told by the program itself: to the server that is meant, and to who stands in its place.
#[tokio::test]
async fn a_post_reaches_only_whom_the_config_trusts() {
    let home = tempfile::tempdir().expect("a directory");
    let (authority, unknown) = (Identity::ca("ours.test"), Identity::ca("theirs.test"));
    let known = authority.issues(params("127.0.0.1"));
    let stranger = unknown.issues(params("127.0.0.1"));
    let file = |name: &str, text: &str| {
        let path = home.path().join(name);
        std::fs::write(&path, text).expect("written");
        path
    };
    let (own, ca) = (file("own.pem", &known.pem), file("ca.pem", &authority.pem));
    let server = standin().await;
    let mut config = watching(server.home().path());
    let mut met = Vec::new();
    for (mode, trust) in [
        ("file", format!("{{ file = {own:?} }}")),
        (
            "fingerprint",
            format!("{{ fingerprint = [\"{}\"] }}", known.pin()),
        ),
        ("ca", format!("{{ ca = {ca:?} }}")),
        ("system", "\"system\"".to_owned()),
    ] {
        let fine = || Answer::reply("204 No Content", "");
        let good = Server::new(known.serves(ANY_TLS), fine()).await;
        let other = Server::new(stranger.serves(ANY_TLS), fine()).await;
        // With the right certificate, without its key.
        let replaying = Server::new(stranger.poses_as(&known, ANY_TLS), fine()).await;
        for (who, server) in [
            ("good", &good),
            ("other", &other),
            ("replaying", &replaying),
        ] {
            config.push_str(&format!(
                "[[hook]]\nname = \"{mode}-{who}\"\non = [\"rotation\"]\nurl = \"{}/hook/path-secret?a=b\"\ntrust = {trust}\nheader = {{ name = \"X-Token\", value = \"header-secret\" }}\npause = \"0s\"\n",
                server.url()
            ));
        }
        met.push((mode, good, [other, replaying]));
    }
    // Both repeat the URL to whoever asks.
    let moved = "HTTP/1.1 302 Found\r\nLocation: https://127.0.0.1/hook/path-secret\r\nContent-Length: 0\r\n\r\n";
    let mut repeating = Vec::new();
    for (name, answer) in [
        ("moved", Answer::new(moved, Then::Goodbye)),
        (
            "gone",
            Answer::reply("404 Not Found", "no /hook/path-secret"),
        ),
    ] {
        let server = Server::new(known.serves(ANY_TLS), answer).await;
        config.push_str(&format!(
            "[[hook]]\nname = \"{name}\"\non = [\"rotation\"]\nurl = \"{}/hook/path-secret\"\ntrust = {{ file = {own:?} }}\npause = \"0s\"\n",
            server.url()
        ));
        repeating.push((name, server));
    }
    let mut watched = Watched::prepare(&config);
    // The certificates of the system are this CA alone.
    watched.variables = vec![("SSL_CERT_FILE", ca)];
    watched.launch().await;
    watched.connected().await;
    server.rotate_in_process().await.expect("rotated");
    for (mode, good, others) in &met {
        good.until(0, |seen| seen.bytes.ends_with(b"}")).await;
        let heard = good.heard();
        let (head, body) = heard.split_once("\r\n\r\n").expect("a body");
        assert!(
            head.starts_with("POST /hook/path-secret?a=b HTTP/1.1\r\n"),
            "{head}"
        );
        let head = head.to_lowercase();
        assert!(head.contains("x-token: header-secret\r\n"), "{head}");
        assert!(
            head.contains("content-type: application/json\r\n"),
            "{head}"
        );
        let json: Value = serde_json::from_str(body).expect("JSON");
        assert_eq!(json["hook"], format!("{mode}-good"));
        assert_eq!(json["events"][0]["event"], "rotation");
        assert_eq!(json["left_out"], 0);
        for other in others {
            other.until(0, |seen| seen.ended).await;
            assert_eq!(
                other.heard(),
                "",
                "{mode}: nothing may reach one that is not trusted"
            );
        }
    }
    for (mode, ..) in met {
        for who in ["other", "replaying"] {
            let name = format!("hook '{mode}-{who}': ");
            eventually(&name, || watched.log().contains(&name)).await;
        }
    }
    for (name, _server) in repeating {
        let name = format!("hook '{name}': ");
        eventually(&name, || watched.log().contains(&name)).await;
    }
    let log = watched.log();
    for secret in ["path-secret", "header-secret"] {
        assert!(!log.contains(secret), "{log}");
    }
}
