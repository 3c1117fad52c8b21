//! The files behind a figure: what is asked for, and one of them.

use serde::{Deserialize, Serialize};

use super::time::Timestamp;

/// A list of files that a Syncthing keeps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "list", rename_all = "kebab-case")]
pub enum Listing {
    /// What is needed here.
    Needed { folder: String },
    /// What was changed here in a folder that only receives.
    Local { folder: String },
    /// What could not be synced.
    Failed { folder: String },
    /// What a device lacks.
    Behind { folder: String, device: String },
}

/// One of the files.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileEntry {
    /// Path within the folder.
    pub path: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<FileKind>,
    /// Bytes of a file that is there; directories and links take none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub modified: Option<Timestamp>,
    /// It is the deletion that is missing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deleted: bool,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// What an item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileKind {
    File,
    Directory,
    Symlink,
}
