//! What a monitored service says of itself, in the words that every view uses.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::kebab::kebab;
use super::safety::{Amount, Behind, OnlyHere};
use super::time::Timestamp;

/// The last known state of a service. Kept on display while the link is failing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Service {
    /// The server's own version string, such as `v1.29.5`.
    pub version: String,
    /// The server's own device ID.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Everything is up to date here and on every connected device; for kind `http`, everything that is expected holds.
    pub synced: bool,
    /// At least one other device has all that is here now, of every folder that is shared. `null` where that is
    /// not known, or nothing is shared with anybody.
    #[serde(default)]
    pub safe: Option<bool>,
    /// What no other device has of what is shared.
    #[serde(default)]
    pub only_here: OnlyHere,
    pub folders: Vec<Folder>,
    pub devices: Vec<Device>,
    pub pending_devices: Vec<PendingDevice>,
    pub pending_folders: Vec<PendingFolder>,
    /// The server's own list of errors, oldest first.
    pub errors: Vec<ServiceError>,
    pub rates: Rates,
    /// The server asks to be restarted for its configuration to take effect.
    pub restart_required: bool,
    /// What changed lately, newest first; a few only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Change>,
    /// Conflict copies that were seen to be made and not yet to be deleted, newest first; a few only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conflicts: Vec<Conflict>,
    /// What else it says of itself, for kinds that have neither folders nor devices; in the order to be shown.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub facts: Vec<Fact>,
    /// What waits to be read, for kinds that carry messages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unread: Option<Unread>,
    /// Unread messages that name the user or are for the user alone, newest first; a few only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mentions: Vec<Mention>,
}

/// One thing that is known of a service, such as how fast it answered or whether an expectation holds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Fact {
    pub name: String,
    pub value: String,
    /// The same as a number, where it is one, in base units: seconds, bytes, or how many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<f64>,
    /// A person should look at it.
    #[serde(default)]
    pub attention: bool,
}

/// What waits to be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Unread {
    /// Messages of people, highlights and private ones apart.
    pub messages: u64,
    /// Messages to oneself alone.
    pub private: u64,
    /// Messages that name oneself.
    pub highlights: u64,
}

/// A message that names the user or is for the user alone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Mention {
    pub time: Timestamp,
    /// The channel or conversation that it is in.
    pub place: String,
    /// Who wrote it; empty where that is not known.
    pub from: String,
    /// Its beginning; empty where that is not known.
    pub text: String,
    /// It is for the user alone.
    #[serde(default)]
    pub private: bool,
}

/// One shared folder.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Folder {
    pub id: String,
    /// The name to show; the ID where the server has no label.
    pub label: String,
    pub path: String,
    /// `sendreceive`, `sendonly`, `receiveonly` or `receiveencrypted`.
    #[serde(rename = "type")]
    pub kind: String,
    pub state: FolderState,
    /// 0 to 100; 99 at most while something is needed.
    pub percent: u8,
    pub global_bytes: u64,
    pub local_bytes: u64,
    pub in_sync_bytes: u64,
    pub need_bytes: u64,
    pub need_items: u64,
    /// Items changed here in a receive-only folder.
    pub receive_only_items: u64,
    /// Items that could not be synced.
    pub failed_items: u64,
    /// Why, the commonest reason first; a few only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failures: Vec<FailureReason>,
    /// Why changes in it are not noticed before the next full scan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub watch_error: Option<String>,
    /// Why the folder stopped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// IDs of the other devices that share it.
    pub devices: Vec<String>,
    /// At least one of them has all that is here now. `null` where that is not known, or there are none.
    #[serde(default)]
    pub safe: Option<bool>,
    /// What none of them has.
    #[serde(default)]
    pub only_here: Amount,
    /// Those of them that lack something or have not accepted the folder.
    #[serde(default)]
    pub behind: Vec<Behind>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_file: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_scan: Option<Timestamp>,
}

/// Why items of a folder could not be synced.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FailureReason {
    /// In the server's own words.
    pub reason: String,
    /// How many of the items that were looked at failed so.
    pub items: u64,
}

/// What ends for good that a folder differs from what the others have, at the cost of one side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// What the other devices changed is lost.
    Override,
    /// What was changed on this one is lost.
    Revert,
}

impl Remedy {
    /// The one that a folder of this type allows; `None` where every device may change it.
    pub fn of(kind: &str) -> Option<Self> {
        match kind {
            "sendonly" => Some(Self::Override),
            "receiveonly" | "receiveencrypted" => Some(Self::Revert),
            _ => None,
        }
    }
}

impl Folder {
    /// What its type allows.
    pub fn remedy(&self) -> Option<Remedy> {
        Remedy::of(&self.kind)
    }

    /// The commonest reason why items of it could not be synced, and how many others there are.
    pub fn why_failed(&self) -> Option<String> {
        let first = &self.failures.first()?.reason;
        Some(match self.failures.len() {
            1 => first.clone(),
            2 => format!("{first} (and 1 other reason)"),
            all => format!("{first} (and {} other reasons)", all - 1),
        })
    }

    /// There is something for its remedy to end.
    pub fn differs(&self) -> bool {
        match self.remedy() {
            Some(Remedy::Override) => self.need_items > 0 || self.need_bytes > 0,
            Some(Remedy::Revert) => self.receive_only_items > 0,
            None => false,
        }
    }
}

/// A folder's state as the official page names it (gui/default/syncthing/core/syncthingController.js folderStatus).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FolderState {
    #[default]
    Unknown,
    Paused,
    Stopped,
    Scanning,
    ScanWaiting,
    SyncWaiting,
    SyncPreparing,
    Syncing,
    Cleaning,
    CleanWaiting,
    Starting,
    OutOfSync,
    FailedItems,
    LocalAdditions,
    UnexpectedItems,
    Unshared,
    UpToDate,
}

impl FolderState {
    /// The word used in JSON and metrics, such as `up-to-date`.
    pub fn name(self) -> String {
        kebab(&self)
    }

    /// Work is going on or about to.
    pub fn is_busy(self) -> bool {
        matches!(
            self,
            Self::Scanning
                | Self::ScanWaiting
                | Self::SyncWaiting
                | Self::SyncPreparing
                | Self::Syncing
                | Self::Cleaning
                | Self::CleanWaiting
                | Self::Starting
        )
    }

    /// Data is on its way to it, or about to be.
    pub fn is_syncing(self) -> bool {
        matches!(
            self,
            Self::Syncing | Self::SyncPreparing | Self::SyncWaiting
        )
    }

    /// A person should look at it.
    pub fn needs_attention(self) -> bool {
        matches!(
            self,
            Self::Stopped | Self::OutOfSync | Self::FailedItems | Self::UnexpectedItems
        )
    }

    /// Nothing is left to do in it.
    pub fn is_settled(self) -> bool {
        matches!(
            self,
            Self::UpToDate | Self::Unshared | Self::Paused | Self::LocalAdditions
        )
    }
}

/// The first group of a device ID, as Syncthing's page shows it.
pub fn short_id(id: &str) -> &str {
    id.split('-').next().unwrap_or(id)
}

/// One remote device.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Device {
    pub id: String,
    pub name: String,
    pub state: DeviceState,
    /// Completion of everything shared with it that it takes, 0 to 100: what it has not accepted or has paused does
    /// not count, here and in what it needs.
    pub percent: u8,
    pub connected: bool,
    pub need_bytes: u64,
    pub need_items: u64,
    pub rates: Rates,
    /// `None` when it was never seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_seen: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_version: Option<String>,
    /// Its connection ends at once, again and again: why, in the server's own words; empty where it does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unsteady: Option<String>,
}

/// A device's state as the official page names it (syncthingController.js deviceStatus).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DeviceState {
    #[default]
    Unknown,
    Paused,
    UnusedPaused,
    InSync,
    UnusedInSync,
    Syncing,
    Disconnected,
    UnusedDisconnected,
    Inactive,
}

impl DeviceState {
    /// The word used in JSON and metrics, such as `in-sync`.
    pub fn name(self) -> String {
        kebab(&self)
    }
}

/// A device that asked to connect.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PendingDevice {
    pub id: String,
    pub name: String,
    pub address: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<Timestamp>,
}

/// A folder that a device offers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PendingFolder {
    pub id: String,
    pub label: String,
    /// ID of the device that offers it.
    pub offered_by: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<Timestamp>,
}

/// One entry of the server's own error list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ServiceError {
    pub time: Timestamp,
    pub message: String,
}

/// An item that was changed on this server's disk, by itself or by another device.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Change {
    pub time: Timestamp,
    /// ID of the folder.
    pub folder: String,
    /// Path within the folder.
    pub path: String,
    pub kind: ChangeKind,
    /// The first group of the ID of the device that made the change; `None` when it was made here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}

/// What was done to an item.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ChangeKind {
    Added,
    #[default]
    Modified,
    Deleted,
}

/// A copy that Syncthing kept because two devices changed the same file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Conflict {
    pub time: Timestamp,
    /// ID of the folder.
    pub folder: String,
    /// Path of the conflict copy within the folder.
    pub path: String,
}

/// Transfer rates, bytes a second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Rates {
    pub in_bps: u64,
    pub out_bps: u64,
}

impl Service {
    /// Work is going on.
    pub fn is_busy(&self) -> bool {
        self.folders.iter().any(|folder| folder.state.is_busy())
            || self
                .devices
                .iter()
                .any(|device| device.state == DeviceState::Syncing)
    }
}
