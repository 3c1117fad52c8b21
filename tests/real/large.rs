//! A thousand folders and twenty devices on a real Syncthing: the whole status, right, and soon enough.
//!
//! Time and memory are printed; what is asserted is correctness and a generous bound.

#![cfg(target_os = "linux")]

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use crate::support::syncthing::{Binary, Options, RealSyncthing, each_version};
use crate::support::watched::Watched;
use serde_json::Value;

const FOLDERS: usize = 1000;
const DEVICES: usize = 20;

#[tokio::test]
async fn a_thousand_folders() {
    each_version(large).await;
}

async fn large(binary: Binary) {
    let began = Instant::now();
    let options = Options {
        folders: FOLDERS,
        devices: DEVICES,
        ..Options::default()
    };
    let mut syncthing = RealSyncthing::start(&binary, options).await;
    scanned(&syncthing, FOLDERS).await;
    said(began, "Syncthing has started and scanned everything");

    let began = Instant::now();
    let mut watched = Watched::home(syncthing.home()).await;
    let instance = watched.wait_for("everything", is_whole).await;
    said(began, "the first full status, read by a view");
    report(&watched);
    right(&instance, &syncthing).await;
    assert!(began.elapsed() < Duration::from_secs(30));

    // One folder changes: that is told, and nothing else is asked.
    let began = Instant::now();
    syncthing.pause_folder("folder-500", true).await;
    watched
        .wait_for_news("a pause", |instance| {
            folder(instance, "folder-500")["state"] == "paused"
        })
        .await;
    said(began, "a folder paused, published");
    syncthing.pause_folder("folder-500", false).await;
    watched.wait_for_news("resumed", is_whole).await;

    // The storm of a start: more events than the server keeps.
    let seen = watched.seen.len();
    let lines = syncthing.log_lines().len();
    syncthing.stop().await;
    watched
        .wait_for_news("lost", |instance| {
            instance["link"]["state"] == "reconnecting"
        })
        .await;
    let began = Instant::now();
    syncthing.launch().await;
    said(began, "Syncthing listens again");
    scanned_since(&syncthing, lines, FOLDERS).await;
    said(began, "and has scanned everything");
    let instance = watched
        .wait_for("everything again", |instance| {
            instance["link"]["state"] == "connected" && is_whole(instance)
        })
        .await;
    said(began, "everything is published again");
    right(&instance, &syncthing).await;
    eprintln!(
        "             {} statuses meanwhile",
        watched.seen.len() - seen
    );
    report(&watched);
    watched.assert_never_loud();
}

fn is_whole(instance: &Value) -> bool {
    let Some(folders) = instance["service"]["folders"].as_array() else {
        return false;
    };
    folders.len() == FOLDERS && folders.iter().all(|it| it["state"] == "up-to-date")
}

fn folder<'a>(instance: &'a Value, id: &str) -> &'a Value {
    let folders = instance["service"]["folders"].as_array();
    let found = folders.and_then(|all| all.iter().find(|it| it["id"] == id));
    found.unwrap_or(&Value::Null)
}

/// Compares every folder's identity and the counters of a sample with what the server says.
async fn right(instance: &Value, syncthing: &RealSyncthing) {
    let folders = instance["service"]["folders"].as_array().unwrap();
    let ids: BTreeSet<&str> = folders
        .iter()
        .map(|it| it["id"].as_str().unwrap())
        .collect();
    assert_eq!(ids.len(), FOLDERS);
    assert_eq!(
        instance["service"]["devices"].as_array().unwrap().len(),
        DEVICES
    );
    assert_eq!(instance["service"]["synced"], true);
    for number in (0..FOLDERS).step_by(20) {
        let id = format!("folder-{number}");
        let ours = folder(instance, &id);
        let status = syncthing.folder_status(&id).await;
        assert_eq!(status["state"], "idle");
        for (our, its) in [
            ("global_bytes", "globalBytes"),
            ("local_bytes", "localBytes"),
            ("need_items", "needTotalItems"),
            ("failed_items", "errors"),
        ] {
            assert_eq!(ours[our], status[its], "{id}");
        }
        assert_eq!(ours["label"], format!("Folder {number}"));
        assert_eq!(ours["devices"].as_array().unwrap().len(), DEVICES);
    }
}

async fn scanned(syncthing: &RealSyncthing, folders: usize) {
    scanned_since(syncthing, 0, folders).await;
}

async fn scanned_since(syncthing: &RealSyncthing, lines: usize, folders: usize) {
    syncthing
        .wait_until("every folder is scanned", async |this| {
            let log = this.log_lines();
            let done = log.iter().skip(lines);
            done.filter(|line| line.contains("Completed initial scan"))
                .count()
                >= folders
        })
        .await;
}

fn said(began: Instant, what: &str) {
    eprintln!("    {:>5} ms  {what}", began.elapsed().as_millis());
}

/// What the daemon takes now, and took at most.
fn report(watched: &Watched) {
    let status = std::fs::read_to_string(format!("/proc/{}/status", watched.pid())).unwrap();
    let lines = status
        .lines()
        .filter(|line| line.starts_with("VmRSS") || line.starts_with("VmHWM"));
    let lines: Vec<_> = lines
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect();
    eprintln!("             {}", lines.join(", "));
}
