//! The JSON of each REST endpoint, in the shapes of Syncthing 1.19 and 1.29 (measured on 1.19.2).
//!
//! Pure: the world in, a value out.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::configure;
use super::folders::{Counts, Device, Folder, World};

const NEVER: &str = "0001-01-01T00:00:00Z";
const NEVER_SEEN: &str = "1970-01-01T00:00:00Z";

/// `system/status`.
pub(super) fn system_status(
    world: &World,
    address: &str,
    started: Timestamp,
    uptime: SignedDuration,
) -> Value {
    json!({
        "alloc": 38_103_488, "connectionServiceStatus": {}, "cpuPercent": 0, "discoveryEnabled": false,
        "goroutines": 64, "guiAddressOverridden": false, "guiAddressUsed": address, "lastDialStatus": {},
        "myID": world.my_id(), "pathSeparator": "/", "startTime": seconds(started), "sys": 55_948_552,
        "tilde": "/home/standin", "uptime": uptime.as_secs(), "urVersionMax": 3,
    })
}

/// `system/version`.
pub(super) fn system_version(version: &str) -> Value {
    json!({
        "arch": "amd64", "codename": "Stand-in", "container": false, "date": "2025-04-08T05:01:30Z",
        "extra": "", "isBeta": false, "isCandidate": false, "isRelease": true,
        "longVersion": format!("syncthing {version} \"Stand-in\""), "os": "linux", "stamp": "1744088490",
        "tags": [], "user": "standin", "version": version,
    })
}

/// `config`, with the GUI's part given.
pub(super) fn config(world: &World, gui: Value) -> Value {
    json!({
        "version": 37,
        "folders": world.folders.iter().map(config_folder).collect::<Vec<_>>(),
        "devices": world.devices.iter().map(config_device).collect::<Vec<_>>(),
        "gui": gui,
        "ldap": { "address": "", "bindDN": "", "transport": "plain", "insecureSkipVerify": false, "searchBaseDN": "", "searchFilter": "" },
        "options": options(),
        "remoteIgnoredDevices": configure::ignored(&world.ignored_devices, "deviceID"),
        "defaults": { "folder": configure::default_folder(world), "device": configure::default_device() },
    })
}

/// `config/gui`. The key is the caller's own: the real one shows it too.
pub(super) fn gui(world: &World, address: &str, key: &str) -> Value {
    json!({
        "enabled": true, "address": address, "unixSocketPermissions": "", "user": "", "password": "", "authMode": "static",
        "useTLS": true, "apiKey": key, "insecureAdminAccess": false, "theme": world.theme, "debugging": false,
        "insecureSkipHostcheck": false, "insecureAllowFrameLoading": false, "sendBasicAuthPrompt": false,
    })
}

/// `config/options`: no discovery, no relays, nothing that leaves the machine.
pub(super) fn options() -> Value {
    json!({
        "listenAddresses": ["default"], "globalAnnounceServers": ["default"], "globalAnnounceEnabled": false,
        "localAnnounceEnabled": false, "relaysEnabled": false, "natEnabled": false, "startBrowser": false,
        "urAccepted": -1, "autoUpgradeIntervalH": 0, "maxSendKbps": 0, "maxRecvKbps": 0,
        "reconnectionIntervalS": 60, "crashReportingEnabled": false, "unackedNotificationIDs": [],
    })
}

/// One entry of `config/folders`.
pub(super) fn config_folder(folder: &Folder) -> Value {
    let devices: Vec<Value> = folder
        .devices
        .iter()
        .map(|id| json!({ "deviceID": id, "introducedBy": "", "encryptionPassword": "" }))
        .collect();
    json!({
        "id": folder.id, "label": folder.label, "filesystemType": "basic", "path": format!("/srv/{}", folder.id),
        "type": folder.kind, "devices": devices, "rescanIntervalS": 3600, "fsWatcherEnabled": true,
        "fsWatcherDelayS": 10, "ignorePerms": false, "autoNormalize": true,
        "minDiskFree": { "value": 1, "unit": "%" },
        "versioning": { "type": "", "params": {}, "cleanupIntervalS": 3600, "fsPath": "", "fsType": "basic" },
        "copiers": 0, "pullerMaxPendingKiB": 0, "hashers": 0, "order": "random", "ignoreDelete": false,
        "scanProgressIntervalS": 0, "pullerPauseS": 0, "maxConflicts": 10, "disableSparseFiles": false,
        "disableTempIndexes": false, "paused": folder.paused, "weakHashThresholdPct": 25,
        "markerName": ".stfolder", "copyOwnershipFromParent": false, "modTimeWindowS": 0,
        "maxConcurrentWrites": 2, "disableFsync": false, "blockPullOrder": "standard",
        "copyRangeMethod": "standard", "caseSensitiveFS": false, "junctionsAsDirs": false,
        "syncOwnership": false, "sendOwnership": false, "syncXattrs": false, "sendXattrs": false,
    })
}

/// One entry of `config/devices`.
pub(super) fn config_device(device: &Device) -> Value {
    json!({
        "deviceID": device.id, "name": device.name, "addresses": ["dynamic"], "compression": "metadata",
        "certName": "", "introducer": false, "skipIntroductionRemovals": false, "introducedBy": "",
        "paused": device.paused, "allowedNetworks": [], "autoAcceptFolders": false, "maxSendKbps": 0,
        "maxRecvKbps": 0, "ignoredFolders": configure::ignored(&device.ignored_folders, "id"), "maxRequestKiB": 0, "untrusted": false, "remoteGUIPort": 0,
        "numConnections": 0,
    })
}

/// `system/connections`.
pub(super) fn connections(world: &World, now: Timestamp) -> Value {
    let connections: Map<String, Value> = world
        .devices
        .iter()
        .map(|device| (device.id.clone(), connection(device, now)))
        .collect();
    let (received, sent) = world
        .devices
        .iter()
        .fold((0, 0), |(received, sent), device| {
            (received + device.in_bytes, sent + device.out_bytes)
        });
    json!({
        "connections": connections,
        "total": { "at": seconds(now), "inBytesTotal": received, "outBytesTotal": sent },
    })
}

/// `stats/device`.
pub(super) fn device_stats(world: &World) -> Value {
    world
        .devices
        .iter()
        .map(|device| {
            let seen = device
                .last_seen
                .map_or_else(|| NEVER_SEEN.to_owned(), seconds);
            (
                device.id.clone(),
                json!({ "lastSeen": seen, "lastConnectionDurationS": 0 }),
            )
        })
        .collect::<Map<_, _>>()
        .into()
}

/// `stats/folder`: paused folders are missing.
pub(super) fn folder_stats(world: &World) -> Value {
    world
        .folders
        .iter()
        .filter(|folder| !folder.paused)
        .map(|folder| {
            let scan = time(folder.last_scan);
            let at = if folder.last_file.is_empty() {
                NEVER.to_owned()
            } else {
                time(folder.state_since)
            };
            let file = json!({ "at": at, "filename": folder.last_file, "deleted": false });
            (
                folder.id.clone(),
                json!({ "lastFile": file, "lastScan": scan }),
            )
        })
        .collect::<Map<_, _>>()
        .into()
}

/// `cluster/pending/devices`.
pub(super) fn pending_devices(world: &World) -> Value {
    world
        .pending_devices
        .iter()
        .map(|device| {
            (
                device.id.clone(),
                json!({ "time": seconds(device.time), "name": device.name, "address": device.address }),
            )
        })
        .collect::<Map<_, _>>()
        .into()
}

/// `cluster/pending/folders`: by folder, then by the device that offers it.
pub(super) fn pending_folders(world: &World) -> Value {
    let mut folders = Map::new();
    for folder in &world.pending_folders {
        let offer = json!({
            "time": seconds(folder.time), "label": folder.label, "receiveEncrypted": false, "remoteEncrypted": false,
        });
        let entry = folders
            .entry(folder.id.clone())
            .or_insert_with(|| json!({ "offeredBy": {} }));
        if let Some(offers) = entry.get_mut("offeredBy").and_then(Value::as_object_mut) {
            offers.insert(folder.device.clone(), offer);
        }
    }
    folders.into()
}

/// `system/error`: `null` when there is none, as Go encodes an empty list.
pub(super) fn errors(world: &World) -> Value {
    if world.errors.is_empty() {
        return json!({ "errors": null });
    }
    let errors: Vec<Value> = world
        .errors
        .iter()
        .map(|(when, message)| json!({ "when": when.to_string(), "message": message, "level": 3 }))
        .collect();
    json!({ "errors": errors })
}

/// `db/status`, and the summary of a `FolderSummary` event. A paused folder has no state and no counts.
pub(super) fn folder_status(folder: &Folder) -> Value {
    let zero = Counts::default();
    let (global, need, state, since) = if folder.paused {
        (zero, zero, "", NEVER.to_owned())
    } else {
        (
            folder.global,
            folder.need,
            folder.state.as_str(),
            time(folder.state_since),
        )
    };
    let local_items = global.items.saturating_sub(need.items);
    let local_bytes = global.bytes.saturating_sub(need.bytes);
    let mut status = json!({
        "error": folder.error, "errors": folder.errors, "pullErrors": folder.errors, "invalid": folder.error,
        "globalBytes": global.bytes, "globalDeleted": global.deletes, "globalDirectories": 0,
        "globalFiles": global.items, "globalSymlinks": 0, "globalTotalItems": global.items + global.deletes,
        "ignorePatterns": false, "inSyncBytes": local_bytes, "inSyncFiles": local_items,
        "localBytes": local_bytes, "localDeleted": 0, "localDirectories": 0, "localFiles": local_items,
        "localSymlinks": 0, "localTotalItems": local_items,
        "needBytes": need.bytes, "needDeletes": need.deletes, "needDirectories": 0, "needFiles": need.items,
        "needSymlinks": 0, "needTotalItems": need.items + need.deletes,
        "sequence": folder.sequence, "version": folder.sequence, "state": state, "stateChanged": since,
        "watchError": "",
    });
    // Only folders that receive have these (lib/model/folder_summary.go).
    if let Some(status) = status
        .as_object_mut()
        .filter(|_| folder.kind.starts_with("receive"))
    {
        let changed = folder.receive_only;
        for (name, count) in [
            ("receiveOnlyChangedBytes", changed.bytes),
            ("receiveOnlyChangedDeletes", changed.deletes),
            ("receiveOnlyChangedDirectories", 0),
            ("receiveOnlyChangedFiles", changed.items),
            ("receiveOnlyChangedSymlinks", 0),
            ("receiveOnlyTotalItems", changed.items + changed.deletes),
        ] {
            status.insert(name.to_owned(), json!(count));
        }
    }
    status
}

fn connection(device: &Device, now: Timestamp) -> Value {
    let connected = device.connected.is_some();
    let when_connected = |text: &str| {
        if connected {
            text.to_owned()
        } else {
            String::new()
        }
    };
    json!({
        "at": if connected { seconds(now) } else { NEVER.to_owned() },
        "inBytesTotal": device.in_bytes, "outBytesTotal": device.out_bytes,
        "startedAt": time(device.connected), "connected": connected, "paused": device.paused,
        "address": when_connected("127.0.0.1:22000"), "clientVersion": when_connected("v1.29.5"),
        "type": when_connected("tcp-client"), "isLocal": connected,
        "crypto": when_connected("TLS1.3-TLS_AES_128_GCM_SHA256"),
    })
}

fn time(time: Option<Timestamp>) -> String {
    time.map_or_else(|| NEVER.to_owned(), seconds)
}

fn seconds(time: Timestamp) -> String {
    format!("{time:.0}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_paused_folder_says_nothing() {
        let mut folder = Folder::new("f", "", vec![], 3, 300);
        folder.paused = true;
        let status = folder_status(&folder);
        assert_eq!(
            (&status["state"], &status["globalBytes"]),
            (&json!(""), &json!(0))
        );
        assert_eq!(status["stateChanged"], NEVER);
    }

    #[test]
    fn what_is_needed_is_not_in_sync() {
        let mut folder = Folder::new("f", "", vec![], 3, 300);
        folder.need = Counts {
            items: 1,
            deletes: 2,
            bytes: 100,
        };
        let status = folder_status(&folder);
        assert_eq!(status["inSyncBytes"], 200);
        assert_eq!(status["needTotalItems"], 3);
        assert!(status.get("receiveOnlyTotalItems").is_none());
        folder.kind = "receiveonly".to_owned();
        assert_eq!(folder_status(&folder)["receiveOnlyTotalItems"], 0);
    }

    #[test]
    fn never_is_written_as_go_writes_it() {
        let world = World::demo(1);
        let stats = device_stats(&world);
        assert_eq!(stats[world.my_id()]["lastSeen"], NEVER_SEEN);
        let connections = connections(&world, Timestamp::UNIX_EPOCH);
        assert_eq!(
            connections["connections"][world.my_id()]["startedAt"],
            NEVER
        );
    }
}
