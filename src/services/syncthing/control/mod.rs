//! What Syncthing can be made to do: each [`Action`] to its REST calls, the same for 1.19 and 2.x.
//!
//! Invariant: an ID never becomes part of a path, only of a query or a body: it comes from another machine and may hold
//! anything. A change of the config sends back what the server sent, changed in the one place.

mod call;
mod edit;
mod pending;
mod refusal;

use std::time::Duration;

use reqwest::Method;
use serde_json::Value;

pub use call::Remote;

use crate::core::{Action, Part, Refusal};
use call::with_query;
use edit::{find, flag, text, with};

const FOLDERS: &str = "/rest/config/folders";
const DEVICES: &str = "/rest/config/devices";
/// A scan is answered at its end (lib/api/api.go postDBScan), which may be hours away; a mistake is told at once.
const SCAN_PATIENCE: Duration = Duration::from_secs(5);

/// Has `action` done.
///
/// # Errors
/// What was not done, why, and what to do about it.
pub async fn perform(remote: &Remote, action: &Action) -> Result<(), Refusal> {
    match action {
        Action::Rescan { folder, sub } => rescan(remote, folder.as_deref(), sub.as_deref()).await,
        Action::Pause { parts } => set_paused(remote, parts, true).await,
        Action::Resume { parts } => set_paused(remote, parts, false).await,
        Action::Override { folder } => {
            running_folder(remote, folder, &["sendonly"], "send-only").await?;
            let path = with_query("/rest/db/override", &[("folder", folder)]);
            remote.post(&path).await
        }
        Action::Revert { folder } => {
            let kinds = ["receiveonly", "receiveencrypted"];
            running_folder(remote, folder, &kinds, "receive-only").await?;
            let path = with_query("/rest/db/revert", &[("folder", folder)]);
            remote.post(&path).await
        }
        Action::AcceptDevice { device } => pending::accept_device(remote, device).await,
        Action::IgnoreDevice { device } => pending::ignore_device(remote, device).await,
        Action::AcceptFolder {
            folder,
            device,
            path,
        } => pending::accept_folder(remote, folder, device, path.as_deref()).await,
        Action::IgnoreFolder { folder, device } => {
            pending::ignore_folder(remote, folder, device).await
        }
        Action::ClearErrors => remote.post("/rest/system/error/clear").await,
        Action::Restart => remote.post_once("/rest/system/restart").await,
        Action::Shutdown => remote.post_once("/rest/system/shutdown").await,
    }
}

async fn rescan(remote: &Remote, folder: Option<&str>, sub: Option<&str>) -> Result<(), Refusal> {
    let mut query = Vec::new();
    match folder {
        Some(folder) => {
            running_folder(remote, folder, &[], "").await?;
            query.push(("folder", folder));
            query.extend(sub.map(|sub| ("sub", sub)));
        }
        // Whoever does not answer this would not have begun.
        None => drop(remote.get(super::PROBE).await?),
    }
    let path = with_query("/rest/db/scan", &query);
    remote.begin(&path, SCAN_PATIENCE).await
}

/// The config of a folder that is not paused and, where `kinds` says so, of one of these kinds.
async fn running_folder(
    remote: &Remote,
    id: &str,
    kinds: &[&str],
    needed: &str,
) -> Result<(), Refusal> {
    let folders = remote.get(FOLDERS).await?;
    let folder = find(&folders, "id", id).ok_or_else(|| refusal::unknown_folder(id))?;
    if !kinds.is_empty() && !kinds.contains(&text(folder, "type")) {
        return Err(refusal::wrong_kind(id, needed));
    }
    match flag(folder, "paused") {
        true => Err(refusal::paused_folder(id)),
        false => Ok(()),
    }
}

/// One change of the config for all devices, and one for all folders.
async fn set_paused(remote: &Remote, parts: &[Part], paused: bool) -> Result<(), Refusal> {
    let mut failed = Vec::new();
    let ids = |folders: bool| {
        let id = move |part: &Part| match part {
            Part::Folder(id) => folders.then(|| id.clone()),
            Part::Device(id) => (!folders).then(|| id.clone()),
        };
        parts.iter().filter_map(id).collect::<Vec<_>>()
    };
    let (devices, folders) = (ids(false), ids(true));
    for (id, why) in set_paused_at(remote, DEVICES, "deviceID", &devices, paused).await {
        failed.push((Part::Device(id), why));
    }
    for (id, why) in set_paused_at(remote, FOLDERS, "id", &folders, paused).await {
        failed.push((Part::Folder(id), why));
    }
    match failed.is_empty() {
        true => Ok(()),
        false => Err(refusal::of_parts(paused, parts.len(), failed)),
    }
}

/// Which of `ids` were not paused or resumed, and why.
async fn set_paused_at(
    remote: &Remote,
    path: &str,
    key: &str,
    ids: &[String],
    paused: bool,
) -> Vec<(String, Refusal)> {
    if ids.is_empty() {
        return Vec::new();
    }
    let all_failed = |why: Refusal| {
        let each = |id: &String| (id.clone(), why.clone());
        ids.iter().map(each).collect()
    };
    let list = match remote.get(path).await {
        Ok(list) => list,
        Err(why) => return all_failed(why),
    };
    let entries = list.as_array().map(Vec::as_slice).unwrap_or_default();
    let wanted = |entry: &&Value| ids.iter().any(|id| text(entry, key) == id);
    let changed: Vec<Value> = entries
        .iter()
        .filter(|entry| flag(entry, "paused") != paused)
        .filter(wanted)
        .map(|entry| with(entry.clone(), "paused", paused.into()))
        .collect();
    if !changed.is_empty() {
        // A list replaces the entries that are in it and leaves the others (lib/config SetFolders, SetDevices).
        let written = remote
            .write(Method::PUT, path, &Value::Array(changed))
            .await;
        if let Err(why) = written {
            return all_failed(why);
        }
    }
    let unknown = |id: &String| match path {
        FOLDERS => refusal::unknown_folder(id),
        _ => refusal::unknown_device(id),
    };
    let missing = ids.iter().filter(|id| find(&list, key, id).is_none());
    missing.map(|id| (id.clone(), unknown(id))).collect()
}
