//! What the config wants paused, and why.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{HoldCause, Part, Service};

/// What is paused for which cause.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoldRules {
    /// What "everything" is.
    pub all: Scope,
    pub metered: Chosen,
    pub battery: Chosen,
}

/// What is paused to pause everything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// Nothing is sent or received; folders are still scanned.
    #[default]
    Devices,
    Folders,
    Everything,
}

/// What the user chose to be paused.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Chosen {
    #[default]
    Nothing,
    All,
    Parts(Vec<PartName>),
}

/// A part as the user calls it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PartName {
    /// By its ID or label.
    Folder(String),
    /// By its ID or name.
    Device(String),
}

/// As the config has it.
impl fmt::Display for PartName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(name) => write!(formatter, "folder:{name}"),
            Self::Device(name) => write!(formatter, "device:{name}"),
        }
    }
}

impl FromStr for PartName {
    type Err = ParsePartError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once(':').map(|(kind, name)| (kind, name.trim())) {
            Some((_, "")) | None => Err(ParsePartError),
            Some(("folder", name)) => Ok(Self::Folder(name.to_owned())),
            Some(("device", name)) => Ok(Self::Device(name.to_owned())),
            Some(_) => Err(ParsePartError),
        }
    }
}

/// A text that names no part.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write \"folder:\" and its ID or label, or \"device:\" and its ID or name")]
pub struct ParsePartError;

impl Scope {
    /// The word used in the config.
    pub fn name(self) -> &'static str {
        match self {
            Self::Devices => "devices",
            Self::Folders => "folders",
            Self::Everything => "everything",
        }
    }
}

impl Chosen {
    /// The folder with this ID and label is among them.
    pub fn has_folder(&self, id: &str, label: &str) -> bool {
        self.has(|name| matches!(name, PartName::Folder(name) if name == id || name == label))
    }

    /// The device with this ID and name is among them.
    pub fn has_device(&self, id: &str, called: &str) -> bool {
        self.has(|name| matches!(name, PartName::Device(name) if name == id || name == called))
    }

    fn has(&self, is: impl Fn(&PartName) -> bool) -> bool {
        match self {
            Self::Nothing => false,
            Self::All => true,
            Self::Parts(names) => names.iter().any(is),
        }
    }
}

impl HoldRules {
    /// What is paused for this cause.
    pub fn of(&self, cause: HoldCause) -> &Chosen {
        match cause {
            HoldCause::User => &Chosen::All,
            HoldCause::Metered => &self.metered,
            HoldCause::Battery => &self.battery,
        }
    }

    /// The parts that are wanted paused for this cause, of those that there are.
    pub fn parts(&self, cause: HoldCause, service: &Service) -> Vec<Part> {
        let chosen = self.of(cause);
        // "Everything" is what the config says that it is.
        let all_but = |scope| *chosen != Chosen::All || self.all != scope;
        let folders = service.folders.iter().filter(|folder| {
            chosen.has_folder(&folder.id, &folder.label) && all_but(Scope::Devices)
        });
        let devices = service.devices.iter().filter(|device| {
            chosen.has_device(&device.id, &device.name) && all_but(Scope::Folders)
        });
        let folders = folders.map(|folder| Part::Folder(folder.id.clone()));
        folders
            .chain(devices.map(|device| Part::Device(device.id.clone())))
            .collect()
    }
}
