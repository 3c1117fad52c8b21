//! What the official page would show, worked out from the raw REST replies as the page's own JavaScript does.
//!
//! Independent of the code under test. Source: gui/default/syncthing/core/syncthingController.js of 1.29.5,
//! folderStatus, syncPercentage, recalcCompletion and deviceStatus; numbers are `f64` because they are there.

#![allow(
    clippy::disallowed_methods,
    reason = "a test says how long things took"
)]

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::syncthing::{DEADLINE, RealSyncthing};
use super::watched::Watched;

/// By folder and by device: what is compared, under the names of `status --json`.
pub type Page = BTreeMap<String, Value>;

/// Waits until what the daemon published is what the page shows, and returns the instance as published.
pub async fn agree(watched: &mut Watched, syncthing: &RealSyncthing, when: &str) -> Value {
    let began = Instant::now();
    let mut expected = page(syncthing).await;
    while began.elapsed() < DEADLINE {
        let last = watched.seen.last();
        if let Some(instance) = last.map(|status| &status["instances"][0])
            && published(instance) == expected
        {
            eprintln!("    {:>5} ms  {when}", began.elapsed().as_millis());
            return instance.clone();
        }
        // What it waits for may be on the side of Syncthing too.
        watched.take_next_within(Duration::from_millis(200)).await;
        expected = page(syncthing).await;
    }
    let last = watched.seen.last().unwrap_or(&Value::Null);
    let found = published(&last["instances"][0]);
    let differs = expected
        .iter()
        .filter(|(key, value)| found.get(*key) != Some(value))
        .map(|(key, value)| format!("{key}\n  page: {value}\n  ours: {:?}\n", found.get(key)));
    panic!(
        "never as on the page: {when}\n{}ours has {} entries, the page {}; link {}\nlog:\n{}",
        differs.collect::<String>(),
        found.len(),
        expected.len(),
        last["instances"][0]["link"]["state"],
        watched.log()
    );
}

/// What the page shows now.
pub async fn page(syncthing: &RealSyncthing) -> Page {
    let config = syncthing.api_get("/rest/config").await;
    let folders = config["folders"].as_array().expect("folders");
    let mut page = Page::new();
    for folder in folders {
        let id = folder["id"].as_str().expect("an id");
        let path = format!("/rest/db/status?folder={id}");
        let model = get(syncthing, &path).await;
        page.insert(format!("folder {id}"), folder_on_page(folder, &model));
    }
    let connections = &syncthing.api_get("/rest/system/connections").await["connections"];
    let stats = syncthing.api_get("/rest/stats/device").await;
    for device in config["devices"].as_array().expect("devices") {
        let id = device["deviceID"].as_str().expect("an id");
        if id == syncthing.device() {
            continue;
        }
        let mut completions = Vec::new();
        for folder in folders.iter().filter(|folder| is_member(folder, id)) {
            let folder = folder["id"].as_str().expect("an id");
            let path = format!("/rest/db/completion?device={id}&folder={folder}");
            // The page counts what a device has not accepted or has paused; here that is said by name instead.
            let taken = |reply: &Value| {
                !matches!(reply["remoteState"].as_str(), Some("notSharing" | "paused"))
            };
            completions.extend(get(syncthing, &path).await.filter(taken));
        }
        let unused = !folders.iter().any(|folder| is_member(folder, id));
        let shown = device_on_page(device, unused, &completions, connections, &stats);
        page.insert(format!("device {id}"), shown);
    }
    let required = syncthing.api_get("/rest/config/restart-required").await;
    page.insert("restart".into(), required["requiresRestart"].clone());
    let pending = get(syncthing, "/rest/cluster/pending/devices").await;
    page.insert("pending devices".into(), keys(pending.as_ref()));
    let pending = get(syncthing, "/rest/cluster/pending/folders").await;
    page.insert("pending folders".into(), keys(pending.as_ref()));
    page
}

/// The same of one published instance.
pub fn published(instance: &Value) -> Page {
    let service = &instance["service"];
    let list = |name: &str| service[name].as_array().cloned().unwrap_or_default();
    let pick = |entry: &Value, names: &[&str]| {
        let pairs = names
            .iter()
            .map(|name| ((*name).to_owned(), entry[name].clone()));
        Value::Object(pairs.collect())
    };
    let mut page = Page::new();
    for folder in list("folders") {
        let key = format!("folder {}", folder["id"].as_str().unwrap_or_default());
        page.insert(key, pick(&folder, &FOLDER));
    }
    for device in list("devices") {
        let key = format!("device {}", device["id"].as_str().unwrap_or_default());
        page.insert(key, pick(&device, &DEVICE));
    }
    page.insert("restart".into(), service["restart_required"].clone());
    for (key, name) in [
        ("pending devices", "pending_devices"),
        ("pending folders", "pending_folders"),
    ] {
        let mut ids: Vec<Value> = list(name).iter().map(|it| it["id"].clone()).collect();
        ids.sort_by_key(Value::to_string);
        page.insert(key.into(), Value::Array(ids));
    }
    page
}

const FOLDER: [&str; 10] = [
    "state",
    "percent",
    "label",
    "global_bytes",
    "local_bytes",
    "need_bytes",
    "need_items",
    "receive_only_items",
    "failed_items",
    "error",
];
const DEVICE: [&str; 5] = ["state", "percent", "connected", "need_bytes", "need_items"];

fn folder_on_page(config: &Value, model: &Option<Value>) -> Value {
    let none = Value::Null;
    // The page keeps no model of a paused folder, and an older server's is empty.
    let paused = config["paused"] == true;
    let model = model.as_ref().filter(|_| !paused).unwrap_or(&none);
    let count = |name: &str| model[name].as_f64().unwrap_or(0.0);
    let status = folder_status(config, model);
    let error = model["error"].as_str().filter(|_| status == "stopped");
    let label = config["label"].as_str().filter(|label| !label.is_empty());
    json!({
        "state": our_folder_state(status),
        "percent": sync_percentage(model) as u64,
        "label": label.unwrap_or_else(|| config["id"].as_str().expect("an id")),
        "global_bytes": count("globalBytes") as u64,
        "local_bytes": count("localBytes") as u64,
        "need_bytes": count("needBytes") as u64,
        "need_items": count("needTotalItems") as u64,
        "receive_only_items": count("receiveOnlyTotalItems") as u64,
        "failed_items": count("errors") as u64,
        "error": error,
    })
}

fn folder_status<'a>(config: &Value, model: &'a Value) -> &'a str {
    if config["paused"] == true {
        return "paused";
    }
    let state = model["state"].as_str().unwrap_or_default();
    if state.is_empty() {
        return "unknown";
    }
    if state == "error" {
        return "stopped";
    }
    if state != "idle" {
        return state;
    }
    let count = |name: &str| model[name].as_f64().unwrap_or(0.0);
    let kind = config["type"].as_str().unwrap_or_default();
    if count("needTotalItems") > 0.0 {
        return "outofsync";
    }
    if count("errors") != 0.0 {
        return "faileditems";
    }
    if ["receiveonly", "receiveencrypted"].contains(&kind) && count("receiveOnlyTotalItems") > 0.0 {
        return match kind {
            "receiveonly" => "localadditions",
            _ => "localunencrypted",
        };
    }
    if config["devices"]
        .as_array()
        .is_none_or(|all| all.len() <= 1)
    {
        return "unshared";
    }
    state
}

fn sync_percentage(model: &Value) -> f64 {
    let count = |name: &str| model[name].as_f64().unwrap_or(0.0);
    if model.is_null() || count("needTotalItems") == 0.0 {
        return 100.0;
    }
    if (count("needBytes") == 0.0 && count("needDeletes") > 0.0) || count("globalBytes") == 0.0 {
        return 95.0;
    }
    if count("inSyncBytes") == count("globalBytes") {
        return 99.0;
    }
    (100.0 * count("inSyncBytes") / count("globalBytes")).floor()
}

fn device_on_page(
    config: &Value,
    unused: bool,
    completions: &[Value],
    connections: &Value,
    stats: &Value,
) -> Value {
    let sum = |name: &str| {
        let parts = completions.iter().map(|part| part[name].as_f64());
        parts.map(|part| part.unwrap_or(0.0)).sum::<f64>()
    };
    let (total, needed) = (sum("globalBytes"), sum("needBytes"));
    let items = sum("needItems") + sum("needDeletes");
    let mut percent = 100.0;
    if total != 0.0 {
        percent = (100.0 * (1.0 - needed / total)).floor();
    }
    if needed == 0.0 && items > 0.0 {
        percent = 95.0;
    }
    let id = config["deviceID"].as_str().expect("an id");
    let connection = connections.get(id);
    let status = device_status(config, unused, percent, connection, &stats[id]);
    json!({
        "state": our_device_state(&status),
        "percent": percent as u64,
        "connected": connection.is_some_and(|it| it["connected"] == true),
        "need_bytes": needed as u64,
        "need_items": items as u64,
    })
}

fn device_status(
    config: &Value,
    unused: bool,
    percent: f64,
    connection: Option<&Value>,
    stats: &Value,
) -> String {
    let prefix = if unused { "unused-" } else { "" };
    let Some(connection) = connection else {
        return "unknown".into();
    };
    if config["paused"] == true {
        return format!("{prefix}paused");
    }
    if connection["connected"] == true {
        return match percent == 100.0 {
            true => format!("{prefix}insync"),
            false => "syncing".into(),
        };
    }
    match last_seen_days(stats) {
        Some(days) if !unused && days >= 7.0 => "disconnected-inactive".into(),
        _ => format!("{prefix}disconnected"),
    }
}

fn last_seen_days(stats: &Value) -> Option<f64> {
    let seen = OffsetDateTime::parse(stats["lastSeen"].as_str()?, &Rfc3339).ok()?;
    let never = OffsetDateTime::UNIX_EPOCH;
    let now = OffsetDateTime::now_utc();
    (seen != never).then(|| (now - seen).as_seconds_f64() / 86_400.0)
}

fn our_folder_state(status: &str) -> &str {
    match status {
        "outofsync" => "out-of-sync",
        "faileditems" => "failed-items",
        "localadditions" => "local-additions",
        "localunencrypted" => "unexpected-items",
        "idle" => "up-to-date",
        same => same,
    }
}

fn our_device_state(status: &str) -> &str {
    match status {
        "insync" => "in-sync",
        "unused-insync" => "unused-in-sync",
        "disconnected-inactive" => "inactive",
        same => same,
    }
}

fn is_member(folder: &Value, device: &str) -> bool {
    let members = folder["devices"].as_array();
    members.is_some_and(|all| all.iter().any(|member| member["deviceID"] == device))
}

fn keys(object: Option<&Value>) -> Value {
    let keys = object.and_then(Value::as_object).map(|map| map.keys());
    let mut keys: Vec<Value> = keys.into_iter().flatten().map(|key| json!(key)).collect();
    keys.sort_by_key(Value::to_string);
    Value::Array(keys)
}

/// The reply, unless it is an error: a folder that is paused or gone has none.
async fn get(syncthing: &RealSyncthing, path: &str) -> Option<Value> {
    match syncthing.api(Method::GET, path, None).await {
        Ok((200, value)) => Some(value),
        _ => None,
    }
}
