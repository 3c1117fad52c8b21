//! What a user can have a Syncthing do, as plain values: menus, notices and the command line all say it this way.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::time::Timestamp;

/// Something that a Syncthing is to do, once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "do", rename_all = "kebab-case")]
pub enum Action {
    /// Look for changes on the disk. All folders when `folder` is `None`; a path within it when `sub` is there.
    Rescan {
        folder: Option<String>,
        sub: Option<String>,
    },
    /// Pause folders and devices.
    Pause {
        parts: Vec<Part>,
    },
    /// Let paused folders and devices go on.
    Resume {
        parts: Vec<Part>,
    },
    /// Make the others take this folder as it is here (send-only folders).
    Override {
        folder: String,
    },
    /// Undo local changes in this folder (receive-only folders).
    Revert {
        folder: String,
    },
    /// Share with a device that asked to connect.
    AcceptDevice {
        device: String,
    },
    /// Never ask about this device again.
    IgnoreDevice {
        device: String,
    },
    /// Take part in a folder that a device offers. `path` is where it will be; the server's default place when `None`.
    AcceptFolder {
        folder: String,
        device: String,
        path: Option<String>,
    },
    /// Never ask about this folder of this device again.
    IgnoreFolder {
        folder: String,
        device: String,
    },
    /// Empty the server's own error list.
    ClearErrors,
    Restart,
    Shutdown,
}

/// What came of an [`Action`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is done, or begun.
    Done,
    /// It was so already: there was nothing to do.
    Nothing,
}

/// What can be paused.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// A folder by its ID.
    Folder(String),
    /// A device by its ID.
    Device(String),
}

/// Why parts of an instance are paused for a while.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum HoldCause {
    /// The user paused everything, perhaps for a time.
    User,
    /// The network is metered.
    Metered,
    /// The computer runs on battery.
    Battery,
}

/// Parts that syncwatch paused and will let go on: just those, and only if nobody else did in the meantime.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Hold {
    pub cause: HoldCause,
    pub since: Timestamp,
    /// When it ends by itself; `None` until it is taken back, or until its cause is gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// What it paused, sorted.
    pub parts: Vec<Part>,
}

/// Why something was not done, or not all of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    /// What was not done, and why.
    pub message: String,
    /// What to do.
    pub hint: String,
    /// The parts that were not paused or resumed; empty when that is not what was asked.
    pub failed: Vec<Part>,
}

impl Refusal {
    /// A refusal that is not about parts.
    pub fn new(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            hint: hint.into(),
            failed: Vec::new(),
        }
    }
}
