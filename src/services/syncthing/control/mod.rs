//! What Syncthing can be made to do: each [`Action`] to its REST calls, the same for 1.19 and 2.x.
//!
//! Invariant: an ID becomes part of a path only if it holds nothing but letters, digits and dashes, else of a query or a
//! body: it comes from another machine and may hold anything. A change of the config sends back what the server sent, changed in the one place.

mod call;
mod edit;
mod files;
mod pending;
pub mod refusal;
mod scan;

use reqwest::Method;
use serde_json::{Value, json};

pub use call::Remote;
pub use files::{lacking, page};
pub use pending::place;
pub use scan::scan;

use crate::core::service::Remedy;
use crate::core::{Action, Outcome, Part, Refusal};
use call::with_query;
use edit::{find, flag, text, with};

const FOLDERS: &str = "/rest/config/folders";
/// There is no smaller page for some things. What else is in it, secrets too, goes back as it came.
const CONFIG: &str = "/rest/config";
const DEVICES: &str = "/rest/config/devices";

/// Has `action` done.
///
/// # Errors
/// What was not done, why, and what to do about it.
pub async fn perform(remote: &Remote, action: &Action) -> Result<Outcome, Refusal> {
    let done = match action {
        Action::Rescan { folder, sub } => {
            return scan::rescan(remote, folder.as_deref(), sub.as_deref()).await;
        }
        Action::Pause { parts } => return set_paused(remote, parts, true).await,
        Action::Resume { parts } => return set_paused(remote, parts, false).await,
        Action::Override { folder } => {
            running_folder(remote, folder, Some(Remedy::Override)).await?;
            let path = with_query("/rest/db/override", &[("folder", folder)]);
            remote.post(&path).await
        }
        Action::Revert { folder } => scan::revert(remote, folder).await,
        Action::AcceptDevice { device } => return pending::accept_device(remote, device).await,
        Action::IgnoreDevice { device } => return pending::ignore_device(remote, device).await,
        Action::AcceptFolder {
            folder,
            device,
            path,
        } => return pending::accept_folder(remote, folder, device, path.as_deref()).await,
        Action::IgnoreFolder { folder, device } => {
            return pending::ignore_folder(remote, folder, device).await;
        }
        Action::ClearErrors => return clear_errors(remote).await,
        Action::Restart => remote.post_once("/rest/system/restart").await,
        Action::Shutdown => remote.post_once("/rest/system/shutdown").await,
    };
    done.map(|()| Outcome::Done)
}

async fn clear_errors(remote: &Remote) -> Result<Outcome, Refusal> {
    let known: Value = remote.get("/rest/system/error").await?;
    remote.post("/rest/system/error/clear").await?;
    let errors = known.get("errors").and_then(Value::as_array);
    Ok(outcome(errors.is_some_and(|errors| !errors.is_empty())))
}

/// What came of it, if it `changed` anything.
fn outcome(changed: bool) -> Outcome {
    match changed {
        true => Outcome::Done,
        false => Outcome::Nothing,
    }
}

/// The folder, which is there, not paused, and of a type that allows this remedy.
async fn running_folder(
    remote: &Remote,
    id: &str,
    needed: Option<Remedy>,
) -> Result<Value, Refusal> {
    let folders = remote.get(FOLDERS).await?;
    let folder = find(&folders, "id", id).ok_or_else(|| refusal::unknown_folder(id))?;
    if let Some(needed) = needed
        && Remedy::of(text(folder, "type")) != Some(needed)
    {
        return Err(refusal::wrong_kind(id, needed));
    }
    match flag(folder, "paused") {
        true => Err(refusal::paused_folder(id)),
        false => Ok(folder.clone()),
    }
}

/// One change of the config for all devices, and one for each folder.
async fn set_paused(remote: &Remote, parts: &[Part], paused: bool) -> Result<Outcome, Refusal> {
    let (mut failed, mut changed) = (Vec::new(), 0);
    let ids = |folders: bool| {
        let id = move |part: &Part| match part {
            Part::Folder(id) => folders.then(|| id.clone()),
            Part::Device(id) => (!folders).then(|| id.clone()),
        };
        parts.iter().filter_map(id).collect::<Vec<_>>()
    };
    let (devices, folders) = (ids(false), ids(true));
    let (devices, others) = (
        set_paused_at(remote, DEVICES, "deviceID", &devices, paused, &mut changed).await,
        set_paused_at(remote, FOLDERS, "id", &folders, paused, &mut changed).await,
    );
    failed.extend(devices.into_iter().map(|(id, why)| (Part::Device(id), why)));
    failed.extend(others.into_iter().map(|(id, why)| (Part::Folder(id), why)));
    match failed.is_empty() {
        true => Ok(outcome(changed > 0)),
        false => Err(refusal::of_parts(paused, parts.len(), failed)),
    }
}

/// Which of `ids` were not paused or resumed, and why. Those that were are counted.
async fn set_paused_at(
    remote: &Remote,
    path: &str,
    key: &str,
    ids: &[String],
    paused: bool,
    count: &mut usize,
) -> Vec<(String, Refusal)> {
    if ids.is_empty() {
        return Vec::new();
    }
    let list = match remote.get(path).await {
        Ok(list) => list,
        Err(why) => return ids.iter().map(|id| (id.clone(), why.clone())).collect(),
    };
    let mut failed = Vec::new();
    let mut changed = Vec::new();
    let list: Value = list;
    for id in ids {
        match find(&list, key, id) {
            Some(entry) if flag(entry, "paused") == paused => {}
            Some(entry) => changed.push((id, with(entry.clone(), "paused", paused.into()))),
            None if path == FOLDERS => failed.push((id.clone(), refusal::unknown_folder(id))),
            None => failed.push((id.clone(), refusal::unknown_device(id))),
        }
    }
    *count += changed.len();
    if path == FOLDERS {
        for (id, _) in changed {
            let paused = with(json!({}), "paused", paused.into());
            if let Err(why) = change_folder(remote, id, paused).await {
                failed.push((id.clone(), why));
            }
        }
    } else if !changed.is_empty() {
        let (ids, entries): (Vec<&String>, Vec<Value>) = changed.into_iter().unzip();
        // A list replaces the entries that are in it and leaves the others (lib/config SetDevices).
        let written = remote
            .write(Method::PUT, path, &Value::Array(entries))
            .await;
        if let Err(why) = written {
            failed.extend(ids.into_iter().map(|id| (id.clone(), why.clone())));
        }
    }
    failed
}

/// Changes fields of a folder, and nothing else: put as a whole, it would take over whatever parameters of versioning
/// the defaults have and it has not (lib/api/confighandler.go registerFolders), such as when old versions are deleted.
async fn change_folder(remote: &Remote, id: &str, change: Value) -> Result<(), Refusal> {
    if is_plain(id) {
        let path = format!("{FOLDERS}/{id}");
        return remote.write(Method::PATCH, &path, &change).await;
    }
    let mut config: Value = remote.get(CONFIG).await?;
    let folders = config.get_mut("folders").and_then(Value::as_array_mut);
    let mut entries = folders.into_iter().flatten();
    let Some(entry) = entries.find(|entry| text(entry, "id") == id) else {
        return Err(refusal::unknown_folder(id));
    };
    for (key, value) in change.as_object().into_iter().flatten() {
        *entry = with(entry.take(), key, value.clone());
    }
    remote.write(Method::PUT, CONFIG, &config).await
}

/// An ID that is one step of a path, whoever reads it.
fn is_plain(id: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    !id.is_empty() && id.bytes().all(plain)
}
