//! The REST replies and events of Syncthing 1.19 to 2.x, as far as they are shown.
//!
//! Invariant: nothing secret is ever read (a config carries the API key and password hash); what
//! is missing, `null` or of another type is the default, see [`super::lenient`].

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::core::Timestamp;

use super::completion::{Completion, Remote, remote};
use super::faults::{FileError, MAX_FAILED};
use super::lenient::{flag, id, list, map, maybe, message, number, object, path, text, time};

const MAX_FOLDERS: usize = 10_000;
const MAX_DEVICES: usize = 1_000;
const MAX_ERRORS: usize = 100;
const MAX_PENDING: usize = 1_000;
/// The server's own buffer holds 1000 events for a subscription.
const MAX_EVENTS: usize = 10_000;

/// `/rest/system/status`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct SystemStatus {
    #[serde(rename = "myID", deserialize_with = "id")]
    pub my_id: String,
    #[serde(rename = "startTime", deserialize_with = "time")]
    pub start_time: Option<Timestamp>,
    /// Seconds.
    #[serde(deserialize_with = "number")]
    pub uptime: u64,
}

/// `/rest/system/version`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct SystemVersion {
    #[serde(deserialize_with = "text")]
    pub version: String,
}

/// `/rest/config`, also the data of `ConfigSaved`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Config {
    #[serde(deserialize_with = "list::<_, _, MAX_FOLDERS>")]
    pub folders: Vec<FolderConfig>,
    #[serde(deserialize_with = "list::<_, _, MAX_DEVICES>")]
    pub devices: Vec<DeviceConfig>,
}

/// A folder as it is configured.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct FolderConfig {
    #[serde(deserialize_with = "id")]
    pub id: String,
    #[serde(deserialize_with = "text")]
    pub label: String,
    #[serde(deserialize_with = "path")]
    pub path: String,
    #[serde(rename = "type", deserialize_with = "text")]
    pub kind: String,
    #[serde(deserialize_with = "flag")]
    pub paused: bool,
    /// Everybody that shares it, this device included.
    #[serde(deserialize_with = "list::<_, _, MAX_DEVICES>")]
    pub devices: Vec<Member>,
}

/// A device that shares a folder.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Member {
    #[serde(rename = "deviceID", deserialize_with = "id")]
    pub id: String,
}

/// A device as it is configured.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct DeviceConfig {
    #[serde(rename = "deviceID", deserialize_with = "id")]
    pub id: String,
    #[serde(deserialize_with = "text")]
    pub name: String,
    #[serde(deserialize_with = "flag")]
    pub paused: bool,
}

/// `/rest/system/connections`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Connections {
    #[serde(deserialize_with = "map::<_, _, MAX_DEVICES>")]
    pub connections: BTreeMap<String, Connection>,
    #[serde(deserialize_with = "object")]
    pub total: Traffic,
}

/// One device's connection.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Connection {
    #[serde(deserialize_with = "flag")]
    pub connected: bool,
    #[serde(deserialize_with = "text")]
    pub address: String,
    #[serde(rename = "clientVersion", deserialize_with = "text")]
    pub client_version: String,
    #[serde(rename = "startedAt", deserialize_with = "time")]
    pub started_at: Option<Timestamp>,
    #[serde(rename = "inBytesTotal", deserialize_with = "number")]
    pub in_bytes: u64,
    #[serde(rename = "outBytesTotal", deserialize_with = "number")]
    pub out_bytes: u64,
}

/// Bytes since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Traffic {
    #[serde(rename = "inBytesTotal", deserialize_with = "number")]
    pub in_bytes: u64,
    #[serde(rename = "outBytesTotal", deserialize_with = "number")]
    pub out_bytes: u64,
}

/// `/rest/stats/device`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(transparent)]
pub struct DeviceStats(
    #[serde(deserialize_with = "map::<_, _, MAX_DEVICES>")] pub BTreeMap<String, DeviceStat>,
);

/// One device's statistics.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct DeviceStat {
    #[serde(rename = "lastSeen", deserialize_with = "time")]
    pub last_seen: Option<Timestamp>,
}

/// `/rest/stats/folder`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(transparent)]
pub struct FolderStats(
    #[serde(deserialize_with = "map::<_, _, MAX_FOLDERS>")] pub BTreeMap<String, FolderStat>,
);

/// One folder's statistics.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct FolderStat {
    #[serde(rename = "lastFile", deserialize_with = "object")]
    pub last_file: LastFile,
    #[serde(rename = "lastScan", deserialize_with = "time")]
    pub last_scan: Option<Timestamp>,
}

/// The last file that came from another device.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct LastFile {
    #[serde(rename = "filename", deserialize_with = "text")]
    pub name: String,
}

/// `/rest/cluster/pending/devices`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(transparent)]
pub struct PendingDevices(
    #[serde(deserialize_with = "map::<_, _, MAX_PENDING>")] pub BTreeMap<String, PendingDeviceInfo>,
);

/// A device that asked to connect.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct PendingDeviceInfo {
    #[serde(deserialize_with = "time")]
    pub time: Option<Timestamp>,
    #[serde(deserialize_with = "text")]
    pub name: String,
    #[serde(deserialize_with = "text")]
    pub address: String,
}

/// `/rest/cluster/pending/folders`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(transparent)]
pub struct PendingFolders(
    #[serde(deserialize_with = "map::<_, _, MAX_PENDING>")] pub BTreeMap<String, Offers>,
);

/// Who offers a folder.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Offers {
    #[serde(rename = "offeredBy", deserialize_with = "map::<_, _, MAX_PENDING>")]
    pub offered_by: BTreeMap<String, Offer>,
}

/// One device's offer of a folder.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Offer {
    #[serde(deserialize_with = "time")]
    pub time: Option<Timestamp>,
    #[serde(deserialize_with = "text")]
    pub label: String,
}

/// `/rest/system/error`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Errors {
    #[serde(deserialize_with = "list::<_, _, MAX_ERRORS>")]
    pub errors: Vec<ErrorEntry>,
}

/// One entry of the server's error list.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct ErrorEntry {
    #[serde(deserialize_with = "time")]
    pub when: Option<Timestamp>,
    #[serde(deserialize_with = "message")]
    pub message: String,
}

/// `/rest/config/restart-required`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct RestartRequired {
    #[serde(rename = "requiresRestart", deserialize_with = "flag")]
    pub required: bool,
}

/// `/rest/db/status`, also the summary of `FolderSummary`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Summary {
    /// Empty before the folder has started.
    #[serde(deserialize_with = "text")]
    pub state: String,
    #[serde(deserialize_with = "message")]
    pub error: String,
    /// Why changes in it are not noticed as they happen.
    #[serde(deserialize_with = "message")]
    pub watch_error: String,
    /// Items that could not be synced.
    #[serde(deserialize_with = "number")]
    pub errors: u64,
    #[serde(deserialize_with = "number")]
    pub global_bytes: u64,
    #[serde(deserialize_with = "number")]
    pub local_bytes: u64,
    #[serde(deserialize_with = "number")]
    pub in_sync_bytes: u64,
    #[serde(deserialize_with = "number")]
    pub need_bytes: u64,
    #[serde(deserialize_with = "number")]
    pub need_deletes: u64,
    /// Deletes included.
    #[serde(deserialize_with = "number")]
    pub need_total_items: u64,
    #[serde(deserialize_with = "number")]
    pub receive_only_total_items: u64,
    /// Of those, what is something on the disk; the rest was deleted.
    #[serde(deserialize_with = "number")]
    pub receive_only_changed_files: u64,
    #[serde(deserialize_with = "number")]
    pub receive_only_changed_directories: u64,
    #[serde(deserialize_with = "number")]
    pub receive_only_changed_symlinks: u64,
    #[serde(deserialize_with = "number")]
    pub receive_only_changed_bytes: u64,
    /// Goes up with every change of the server's own index.
    #[serde(deserialize_with = "number")]
    pub sequence: u64,
}

/// `/rest/events` and `/rest/events/disk`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(transparent)]
pub struct Events(#[serde(deserialize_with = "list::<_, _, MAX_EVENTS>")] pub Vec<Event>);

/// Something that happened at the server.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Event {
    /// Counts up by one within a subscription.
    #[serde(deserialize_with = "number")]
    pub id: u64,
    #[serde(deserialize_with = "time")]
    pub time: Option<Timestamp>,
    #[serde(rename = "type", deserialize_with = "text")]
    pub kind: String,
    #[serde(deserialize_with = "object")]
    pub data: EventData,
}

/// The data of every type of event in one: each type fills some of it (lib/events, lib/model).
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct EventData {
    /// A folder (`FolderPaused`) or a device (`DeviceConnected`).
    #[serde(deserialize_with = "id")]
    pub id: String,
    #[serde(deserialize_with = "id")]
    pub folder: String,
    #[serde(deserialize_with = "id")]
    pub device: String,
    #[serde(deserialize_with = "text")]
    pub from: String,
    /// The new state; in `FolderWatchStateChanged` why there is no watching.
    #[serde(deserialize_with = "message")]
    pub to: String,
    #[serde(deserialize_with = "message")]
    pub error: String,
    #[serde(rename = "addr", deserialize_with = "text")]
    pub address: String,
    #[serde(rename = "clientVersion", deserialize_with = "text")]
    pub client_version: String,
    /// In `UpgradeRestartScheduled`, with the next one.
    #[serde(rename = "delayS", deserialize_with = "number")]
    pub delay_s: u64,
    #[serde(rename = "newVersion", alias = "version", deserialize_with = "text")]
    pub new_version: String,
    #[serde(deserialize_with = "maybe")]
    pub summary: Option<Box<Summary>>,
    /// The items that failed, in `FolderErrors`.
    #[serde(deserialize_with = "list::<_, _, MAX_FAILED>")]
    pub errors: Vec<FileError>,
    #[serde(rename = "globalBytes", deserialize_with = "number")]
    pub global_bytes: u64,
    #[serde(rename = "globalItems", deserialize_with = "number")]
    pub global_items: u64,
    #[serde(rename = "needBytes", deserialize_with = "number")]
    pub need_bytes: u64,
    #[serde(rename = "needItems", deserialize_with = "number")]
    pub need_items: u64,
    #[serde(rename = "needDeletes", deserialize_with = "number")]
    pub need_deletes: u64,
    #[serde(rename = "remoteState", deserialize_with = "remote")]
    pub remote_state: Remote,
    /// Of the device's index, in `LocalIndexUpdated` of the server's own.
    #[serde(deserialize_with = "number")]
    pub sequence: u64,
    /// In `PendingDevicesChanged` and `PendingFoldersChanged`.
    #[serde(deserialize_with = "list::<_, _, MAX_PENDING>")]
    pub added: Vec<PendingChange>,
    #[serde(deserialize_with = "list::<_, _, MAX_PENDING>")]
    pub removed: Vec<PendingChange>,
    /// In `LocalChangeDetected` and `RemoteChangeDetected`, with the next two.
    #[serde(deserialize_with = "path")]
    pub path: String,
    #[serde(deserialize_with = "text")]
    pub action: String,
    #[serde(rename = "modifiedBy", deserialize_with = "text")]
    pub modified_by: String,
    /// In `ConfigSaved`.
    #[serde(deserialize_with = "list::<_, _, MAX_FOLDERS>")]
    pub folders: Vec<FolderConfig>,
    #[serde(deserialize_with = "list::<_, _, MAX_DEVICES>")]
    pub devices: Vec<DeviceConfig>,
}

impl EventData {
    /// The counters of `FolderCompletion`.
    pub fn completion(&self) -> Completion {
        Completion {
            global_bytes: self.global_bytes,
            global_items: self.global_items,
            need_bytes: self.need_bytes,
            need_items: self.need_items,
            need_deletes: self.need_deletes,
            sequence: self.sequence,
            remote_state: self.remote_state,
        }
    }
}

/// A pending device or folder that came or went.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct PendingChange {
    #[serde(rename = "deviceID", deserialize_with = "id")]
    pub device: String,
    #[serde(rename = "folderID", deserialize_with = "id")]
    pub folder: String,
    #[serde(rename = "folderLabel", deserialize_with = "text")]
    pub label: String,
    #[serde(deserialize_with = "text")]
    pub name: String,
    #[serde(deserialize_with = "text")]
    pub address: String,
}
