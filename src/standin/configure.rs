//! Whole folders and devices put into the config, and the answers to pending ones that this is.
//!
//! A folder is in `/srv` whatever path is asked for: the stand-in has no files.

use std::collections::BTreeSet;

use hyper::Method;
use serde_json::{Value, json};

use super::api::Reply;
use super::control::{pause_device, pause_folder};
use super::events::Emitted;
use super::folders::{Device, Folder, World};
use super::replies;
use super::shared::Shared;

/// `POST` of one entry, `PUT` of a list or of the whole config (lib/api/confighandler.go).
pub(super) fn configure(
    shared: &Shared,
    method: &Method,
    route: &str,
    body: &Value,
) -> Option<Reply> {
    let one = method == Method::POST;
    let entries = |list: &Value| list.as_array().cloned().unwrap_or_default();
    match route {
        "config/folders" if one => folder(shared, body),
        "config/devices" if one => device(shared, body),
        "config/folders" => entries(body).iter().for_each(|it| folder(shared, it)),
        "config/devices" => entries(body).iter().for_each(|it| device(shared, it)),
        "config" if !one => {
            let part = |key: &str| body.get(key).map(entries).unwrap_or_default();
            part("folders").iter().for_each(|it| folder(shared, it));
            part("devices").iter().for_each(|it| device(shared, it));
            let ignored = part("remoteIgnoredDevices");
            for id in ignored.iter().map(|it| text(it, "deviceID")) {
                shared.state().world.ignored_devices.insert(id.clone());
                answer_device(shared, &id);
            }
        }
        _ => return None,
    }
    shared.emit_config_saved();
    Some(Reply::Done)
}

/// `config/defaults/folder`.
pub(super) fn default_folder(world: &World) -> Value {
    let mut folder =
        replies::config_folder(&Folder::new("", "", vec![world.my_id().to_owned()], 0, 0));
    if let Some(path) = folder.get_mut("path") {
        *path = json!("/srv");
    }
    folder
}

/// `config/defaults/device`.
pub(super) fn default_device() -> Value {
    json!({ "deviceID": "", "name": "", "addresses": ["dynamic"], "paused": false, "ignoredFolders": [] })
}

/// A list of what is ignored.
pub(super) fn ignored(ids: &BTreeSet<String>, key: &str) -> Vec<Value> {
    ids.iter().map(|id| json!({ key: id })).collect()
}

fn folder(shared: &Shared, entry: &Value) {
    let id = text(entry, "id");
    let members: BTreeSet<String> = ids(entry, "devices", "deviceID").collect();
    {
        let world = &mut shared.state().world;
        let here = world.my_id().to_owned();
        let members = members
            .iter()
            .cloned()
            .chain([here])
            .collect::<BTreeSet<_>>();
        let members = members.into_iter().collect();
        match world.folder_mut(&id) {
            Some(known) => known.devices = members,
            None => {
                let label = text(entry, "label");
                world.folders.push(Folder::new(&id, &label, members, 0, 0));
            }
        }
    }
    pause_folder(shared, &id, is_paused(entry));
    answer_folder(shared, &id, |device| members.contains(device));
}

fn device(shared: &Shared, entry: &Value) {
    let id = text(entry, "deviceID");
    let ignored: BTreeSet<String> = ids(entry, "ignoredFolders", "id").collect();
    {
        let world = &mut shared.state().world;
        match world.device_mut(&id) {
            Some(known) => known.ignored_folders.clone_from(&ignored),
            None => world.devices.push(Device {
                id: id.clone(),
                name: text(entry, "name"),
                paused: false,
                connected: None,
                last_seen: None,
                in_bytes: 0,
                out_bytes: 0,
                ignored_folders: BTreeSet::new(),
            }),
        }
    }
    pause_device(shared, &id, is_paused(entry));
    answer_device(shared, &id);
    for folder in ignored {
        answer_folder(shared, &folder, |device| device == id);
    }
}

/// The device waits no longer.
fn answer_device(shared: &Shared, id: &str) {
    let waited = {
        let pending = &mut shared.state().world.pending_devices;
        let before = pending.len();
        pending.retain(|pending| pending.id != id);
        pending.len() < before
    };
    if !waited {
        return;
    }
    let removed = json!({ "added": null, "removed": [{ "deviceID": id }] });
    shared.emit(&[Emitted::new("PendingDevicesChanged", removed)]);
}

/// The folder waits no longer as far as these devices offer it.
fn answer_folder(shared: &Shared, id: &str, devices: impl Fn(&str) -> bool) {
    let answered = |pending: &super::PendingFolder| pending.id == id && devices(&pending.device);
    let removed: Vec<Value> = {
        let pending = &mut shared.state().world.pending_folders;
        let removed = pending.iter().filter(|it| answered(it));
        let removed = removed.map(|it| json!({ "folderID": id, "deviceID": it.device }));
        let removed = removed.collect();
        pending.retain(|it| !answered(it));
        removed
    };
    if !removed.is_empty() {
        let change = json!({ "added": null, "removed": removed });
        shared.emit(&[Emitted::new("PendingFoldersChanged", change)]);
    }
}

fn ids(entry: &Value, list: &str, key: &'static str) -> impl Iterator<Item = String> {
    let list = entry.get(list).and_then(Value::as_array).cloned();
    list.unwrap_or_default()
        .into_iter()
        .map(move |it| text(&it, key))
}

fn text(entry: &Value, key: &str) -> String {
    let text = entry.get(key).and_then(Value::as_str);
    text.unwrap_or_default().to_owned()
}

fn is_paused(entry: &Value) -> bool {
    entry
        .get("paused")
        .and_then(Value::as_bool)
        .unwrap_or_default()
}
