//! The requests that change something: restart, GUI settings, pause and resume, pending, errors.
//!
//! Each change shows in the world and in the events at once; a restart is handed to the director.

use hyper::{Method, StatusCode};
use serde_json::{Value, json};

use super::api::{Query, Reply};
use super::configure::configure;
use super::events::Emitted;
use super::folders::Counts;
use super::moment::wall_clock;
use super::motion;
use super::rotation::Command;
use super::shared::Shared;

const PATHS: [&str; 10] = [
    "/rest/system/restart",
    "/rest/system/shutdown",
    "/rest/system/pause",
    "/rest/system/resume",
    "/rest/system/error/clear",
    "/rest/db/scan",
    "/rest/db/override",
    "/rest/db/revert",
    "/rest/events",
    "/rest/events/disk",
];

/// Whether `path` exists for some other method.
pub(super) fn known(path: &str) -> bool {
    PATHS.contains(&path)
}

/// Performs a change; `None` when there is no such route for this method.
pub(super) fn change(
    shared: &Shared,
    method: &Method,
    path: &str,
    query: &Query,
    body: &[u8],
) -> Option<Reply> {
    let route = path.strip_prefix("/rest/")?;
    let whole = matches!(route, "config" | "config/folders" | "config/devices");
    let reply = if method == Method::POST && !whole {
        post(shared, route, query)?
    } else if whole || method == Method::PATCH || method == Method::PUT {
        let Ok(body) = serde_json::from_slice::<Value>(body) else {
            return Some(Reply::Text(
                StatusCode::BAD_REQUEST,
                "invalid JSON".to_owned(),
            ));
        };
        match whole {
            true => configure(shared, method, route, &body)?,
            false => patch(shared, route, &body)?,
        }
    } else if method == Method::DELETE {
        delete(shared, route, query)?
    } else {
        return None;
    };
    Some(reply)
}

fn post(shared: &Shared, route: &str, query: &Query) -> Option<Reply> {
    let ok = |words: &str| Reply::Text(StatusCode::OK, format!("{{\"ok\": \"{words}\"}}"));
    match route {
        "system/restart" => {
            shared.command(Command::Restart);
            return Some(ok("restarting"));
        }
        "system/shutdown" => {
            shared.command(Command::Shutdown);
            return Some(ok("shutting down"));
        }
        "system/error/clear" => shared.state().world.errors.clear(),
        "system/pause" | "system/resume" => {
            let paused = route == "system/pause";
            let ids: Vec<String> = match query.get("device") {
                Some(id) => vec![id.to_owned()],
                None => shared
                    .state()
                    .world
                    .devices
                    .iter()
                    .skip(1)
                    .map(|device| device.id.clone())
                    .collect(),
            };
            for id in ids {
                if !pause_device(shared, &id, paused) {
                    return Some(Reply::missing("not found"));
                }
            }
        }
        "db/scan" | "db/override" | "db/revert" => {
            return Some(folder_action(shared, route, query));
        }
        _ => return None,
    }
    Some(Reply::Done)
}

fn patch(shared: &Shared, route: &str, body: &Value) -> Option<Reply> {
    if route == "config/gui" {
        if let Some(theme) = body.get("theme").and_then(Value::as_str) {
            theme.clone_into(&mut shared.state().world.theme);
        }
        // Any change of the GUI section restarts the listener (lib/api/api.go CommitConfiguration).
        shared.command(Command::RestartListener);
        return Some(Reply::DoneAndClose);
    }
    let paused = body.get("paused").and_then(Value::as_bool);
    let (found, id) = if let Some(id) = route.strip_prefix("config/folders/") {
        (shared.state().world.folder(id).is_some(), id)
    } else {
        let id = route.strip_prefix("config/devices/")?;
        (shared.state().world.device(id).is_some(), id)
    };
    if !found {
        return Some(Reply::missing("404 page not found"));
    }
    match paused {
        Some(paused) if route.starts_with("config/folders/") => pause_folder(shared, id, paused),
        Some(paused) => {
            pause_device(shared, id, paused);
        }
        None => {}
    }
    Some(Reply::Done)
}

fn delete(shared: &Shared, route: &str, query: &Query) -> Option<Reply> {
    let (device, folder) = (query.get("device"), query.get("folder"));
    let event = {
        let world = &mut shared.state().world;
        match route {
            "cluster/pending/devices" => {
                let id = device?;
                world.pending_devices.retain(|pending| pending.id != id);
                Emitted::new(
                    "PendingDevicesChanged",
                    json!({ "added": null, "removed": [{ "deviceID": id }] }),
                )
            }
            "cluster/pending/folders" => {
                let id = folder?;
                world.pending_folders.retain(|pending| {
                    pending.id != id || device.is_some_and(|device| pending.device != device)
                });
                Emitted::new(
                    "PendingFoldersChanged",
                    json!({ "added": null, "removed": [{ "folderID": id, "deviceID": device }] }),
                )
            }
            _ => return None,
        }
    };
    shared.emit(&[event]);
    Some(Reply::Done)
}

fn folder_action(shared: &Shared, route: &str, query: &Query) -> Reply {
    let now = wall_clock();
    let mut events = Vec::new();
    {
        let world = &mut shared.state().world;
        let wanted = query.get("folder");
        if wanted.is_some_and(|id| world.folder(id).is_none()) {
            return Reply::missing("no such folder");
        }
        let folders = world
            .folders
            .iter_mut()
            .filter(|folder| wanted.is_none_or(|id| folder.id == id) && !folder.paused);
        for folder in folders {
            match route {
                "db/scan" if folder.state == "idle" => {
                    events.push(motion::change_state(folder, "scanning", now));
                    folder.last_scan = Some(now);
                    events.push(motion::change_state(folder, "idle", now));
                }
                "db/override" => folder.need = Counts::default(),
                "db/revert" => folder.receive_only = Counts::default(),
                _ => {}
            }
            events.push(motion::summary(folder));
        }
    }
    shared.emit(&events);
    Reply::Done
}

pub(super) fn pause_folder(shared: &Shared, id: &str, paused: bool) {
    let event = {
        let world = &mut shared.state().world;
        let Some(folder) = world
            .folder_mut(id)
            .filter(|folder| folder.paused != paused)
        else {
            return;
        };
        folder.paused = paused;
        folder.state = "idle".to_owned();
        let kind = if paused {
            "FolderPaused"
        } else {
            "FolderResumed"
        };
        Emitted::new(kind, json!({ "id": folder.id, "label": folder.label }))
    };
    shared.emit(&[event]);
    shared.emit_config_saved();
}

pub(super) fn pause_device(shared: &Shared, id: &str, paused: bool) -> bool {
    let now = wall_clock();
    let mut events = Vec::new();
    {
        let world = &mut shared.state().world;
        let Some(device) = world.device_mut(id) else {
            return false;
        };
        if device.paused != paused {
            device.paused = paused;
            let kind = if paused {
                "DevicePaused"
            } else {
                "DeviceResumed"
            };
            events.push(Emitted::new(kind, json!({ "device": device.id })));
            if paused && device.connected.is_some() {
                events.push(motion::disconnect(device, "device is paused", now));
            } else if !paused {
                events.push(motion::connect(device, now));
            }
        }
    }
    shared.emit(&events);
    shared.emit_config_saved();
    true
}
