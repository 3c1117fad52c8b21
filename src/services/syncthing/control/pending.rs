//! Answers to devices that asked to connect and to folders that are offered.

use reqwest::Method;
use serde_json::{Value, json};

use super::call::{Remote, with_query};
use super::edit::{
    appended, directory_name, find, flag, is_shared_with, label, new_device, new_folder,
    shared_with, text, usual_path,
};
use super::{CONFIG, DEVICES, FOLDERS, change_folder, refusal};
use crate::core::{Outcome, Refusal};

const PENDING_DEVICES: &str = "/rest/cluster/pending/devices";
const PENDING_FOLDERS: &str = "/rest/cluster/pending/folders";

pub(super) async fn accept_device(remote: &Remote, device: &str) -> Result<Outcome, Refusal> {
    if is_known(remote, device).await? {
        return Ok(Outcome::Nothing);
    }
    let pending = pending_device(remote, device).await?;
    let defaults = remote.get_optional("/rest/config/defaults/device").await?;
    let entry = new_device(defaults, device, text(&pending, "name"));
    remote.write(Method::POST, DEVICES, &entry).await?;
    Ok(Outcome::Done)
}

pub(super) async fn ignore_device(remote: &Remote, device: &str) -> Result<Outcome, Refusal> {
    const IGNORED: &str = "remoteIgnoredDevices";
    let config: Value = remote.get(CONFIG).await?;
    let part = |key: &str| config.get(key).unwrap_or(&Value::Null);
    if find(part("devices"), "deviceID", device).is_some() {
        return Err(refusal::known_device(device));
    }
    if find(part(IGNORED), "deviceID", device).is_some() {
        return Ok(Outcome::Nothing);
    }
    let pending = pending_device(remote, device).await?;
    let entry = json!({
        "deviceID": device,
        "name": label(text(&pending, "name")),
        "address": text(&pending, "address"),
        "time": text(&pending, "time"),
    });
    let config = appended(config, IGNORED, entry);
    remote.write(Method::PUT, CONFIG, &config).await?;
    Ok(Outcome::Done)
}

pub(super) async fn accept_folder(
    remote: &Remote,
    folder: &str,
    device: &str,
    path: Option<&str>,
) -> Result<Outcome, Refusal> {
    let folders = remote.get(FOLDERS).await?;
    let existing = find(&folders, "id", folder);
    if existing.is_some_and(|existing| is_shared_with(existing, device)) {
        return Ok(Outcome::Nothing);
    }
    let offer = plain_offer(remote, folder, device).await?;
    if let Some(existing) = existing {
        let shared = shared_with(existing.clone(), device);
        let members = shared.get("devices").cloned().unwrap_or_default();
        change_folder(remote, folder, json!({ "devices": members })).await?;
        return Ok(Outcome::Done);
    }
    let defaults = remote.get_optional("/rest/config/defaults/folder").await?;
    let name = text(&offer, "label");
    let path = match path.map(str::trim) {
        Some("") => return Err(refusal::no_path()),
        Some(path) => path.to_owned(),
        None => free_path(remote, defaults.as_ref(), &directory_name(name, folder)).await?,
    };
    let entry = new_folder(defaults, folder, name, &path, device);
    remote.write(Method::POST, FOLDERS, &entry).await?;
    Ok(Outcome::Done)
}

/// Where an offered folder would be placed; `None` where it is one that is here already.
///
/// # Errors
/// Why it could not be accepted.
pub async fn place(remote: &Remote, folder: &str, device: &str) -> Result<Option<String>, Refusal> {
    let folders = remote.get(FOLDERS).await?;
    if find(&folders, "id", folder).is_some() {
        return Ok(None);
    }
    let offer = plain_offer(remote, folder, device).await?;
    let defaults = remote.get_optional("/rest/config/defaults/folder").await?;
    let name = directory_name(text(&offer, "label"), folder);
    free_path(remote, defaults.as_ref(), &name).await.map(Some)
}

pub(super) async fn ignore_folder(
    remote: &Remote,
    folder: &str,
    device: &str,
) -> Result<Outcome, Refusal> {
    const IGNORED: &str = "ignoredFolders";
    let devices = remote.get(DEVICES).await?;
    let entry = find(&devices, "deviceID", device);
    let entry = entry.ok_or_else(|| refusal::unknown_device(device))?;
    let ignored = entry.get(IGNORED).unwrap_or(&Value::Null);
    if find(ignored, "id", folder).is_some() {
        return Ok(Outcome::Nothing);
    }
    let offer = offer(remote, folder, device).await?;
    let ignored = json!({
        "id": folder,
        "label": label(text(&offer, "label")),
        "time": text(&offer, "time"),
    });
    let list = Value::Array(vec![appended(entry.clone(), IGNORED, ignored)]);
    remote.write(Method::PUT, DEVICES, &list).await?;
    Ok(Outcome::Done)
}

async fn is_known(remote: &Remote, device: &str) -> Result<bool, Refusal> {
    let devices = remote.get(DEVICES).await?;
    Ok(find(&devices, "deviceID", device).is_some())
}

async fn pending_device(remote: &Remote, device: &str) -> Result<Value, Refusal> {
    let pending: Value = remote.get(PENDING_DEVICES).await?;
    let found = pending.get(device).cloned();
    found.ok_or_else(|| refusal::not_waiting("device", device))
}

/// What `device` offers as `folder`.
async fn offer(remote: &Remote, folder: &str, device: &str) -> Result<Value, Refusal> {
    let pending: Value = remote.get(PENDING_FOLDERS).await?;
    let found = pending
        .get(folder)
        .and_then(|folder| folder.get("offeredBy")?.get(device))
        .cloned();
    found.ok_or_else(|| match folder.contains('/') {
        true => refusal::unanswerable(folder),
        false => refusal::not_waiting("folder", folder),
    })
}

/// The same, unless it comes encrypted.
async fn plain_offer(remote: &Remote, folder: &str, device: &str) -> Result<Value, Refusal> {
    let offer = offer(remote, folder, device).await?;
    match flag(&offer, "receiveEncrypted") || flag(&offer, "remoteEncrypted") {
        true => Err(refusal::encrypted(folder)),
        false => Ok(offer),
    }
}

/// The usual path for a directory of this name. Who offers a folder chooses its name, so that it must not be one that is
/// there: `Documents` would be shared with them.
async fn free_path(
    remote: &Remote,
    defaults: Option<&Value>,
    name: &str,
) -> Result<String, Refusal> {
    let status: Value = remote.get("/rest/system/status").await?;
    let separator = text(&status, "pathSeparator");
    let path = usual_path(defaults, separator, name);
    // It lists the directories of that parent whose names begin so, whatever the case (lib/api/api.go browseFiles).
    let there = with_query("/rest/system/browse", &[("current", &path)]);
    let there: Value = remote.get(&there).await?;
    let last = |path: &str| {
        let path = path.trim_end_matches(['/', '\\']);
        path.rsplit(['/', '\\'])
            .next()
            .unwrap_or_default()
            .to_lowercase()
    };
    let taken = there
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .any(|there| last(there) == name.to_lowercase());
    match taken {
        true => Err(refusal::path_taken(&path)),
        false => Ok(path),
    }
}
