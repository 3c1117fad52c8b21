//! How a server shows that something was done: nothing is taken for done because it was asked for. Pure.

use crate::core::service::{DeviceState, FolderState};
use crate::core::{Hold, HoldCause, InstanceStatus, LinkState, Part, Service, Timestamp};

/// What an instance must show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The server answered that it is done, or begun: a scan may be over before anybody looks.
    Answered,
    Paused(Vec<Part>),
    /// Paused for a while; everything that the config names when there are none.
    Held(Vec<Part>),
    Running(Vec<Part>),
    /// Nothing of this folder differs from the others any more.
    Overridden(String),
    /// This folder has no local changes.
    Reverted(String),
    /// The server knows it now.
    Known(Part),
    /// The device, or a folder of it, asks no more.
    NotAsked(String, Option<String>),
    NoErrors,
    /// Connected again, after it was asked.
    Restarted,
    Down,
    /// It is watched, or is not.
    Watched(bool),
}

impl Effect {
    /// Whether `instance` shows it. It was asked for at `asked`.
    pub fn shows(&self, instance: &InstanceStatus, asked: Timestamp) -> bool {
        let link = &instance.link;
        let connected = link.state == LinkState::Connected;
        let service = match (self, instance.service.as_deref()) {
            (Self::Down, _) => return !connected,
            (Self::Watched(on), _) => return (link.state != LinkState::Paused) == *on,
            (_, Some(service)) if connected => service,
            _ => return false,
        };
        let paused = |part: &Part| is_paused(service, part);
        match self {
            Self::Answered | Self::Down | Self::Watched(_) => true,
            Self::Paused(parts) => parts.iter().all(|part| paused(part) == Some(true)),
            Self::Held(parts) => {
                let parts = match parts.is_empty() {
                    true => &held(instance).flat_map(|hold| hold.parts.clone()).collect(),
                    false => parts,
                };
                let is_held = held(instance).next().is_some();
                // What is to be paused is not chosen yet while there is none of it.
                is_held && !parts.is_empty() && parts.iter().all(|part| paused(part) == Some(true))
            }
            Self::Running(parts) => parts.iter().all(|part| paused(part) != Some(true)),
            Self::Overridden(id) => folder_is(service, id, |folder| {
                folder.need_items == 0 && folder.state != FolderState::OutOfSync
            }),
            Self::Reverted(id) => folder_is(service, id, |folder| folder.receive_only_items == 0),
            Self::Known(part) => paused(part).is_some(),
            Self::NotAsked(device, None) => {
                !service.pending_devices.iter().any(|it| &it.id == device)
            }
            Self::NotAsked(device, Some(folder)) => !service
                .pending_folders
                .iter()
                .any(|it| &it.id == folder && &it.offered_by == device),
            Self::NoErrors => service.errors.is_empty(),
            Self::Restarted => link.since > asked,
        }
    }

    /// Nothing to be seen may be all that there is to see: where nothing is running, nothing is held.
    pub fn may_be_nothing(&self, instance: &InstanceStatus) -> bool {
        let Self::Held(parts) = self else {
            return false;
        };
        let meant = |part: &Part| parts.is_empty() || parts.contains(part);
        let mut holds = held(instance);
        let connected = instance.link.state == LinkState::Connected;
        connected && !holds.any(|hold| hold.parts.iter().any(meant))
    }
}

/// What the user had paused for a while.
fn held(instance: &InstanceStatus) -> impl Iterator<Item = &Hold> {
    let holds = instance.holds.iter();
    holds.filter(|hold| hold.cause == HoldCause::User)
}

fn folder_is(
    service: &Service,
    id: &str,
    check: impl Fn(&crate::core::service::Folder) -> bool,
) -> bool {
    let folder = service.folders.iter().find(|folder| folder.id == id);
    folder.is_some_and(check)
}

/// Whether a part is paused; `None` when the server does not know it.
fn is_paused(service: &Service, part: &Part) -> Option<bool> {
    match part {
        Part::Folder(id) => {
            let folder = service.folders.iter().find(|folder| &folder.id == id)?;
            Some(folder.state == FolderState::Paused)
        }
        Part::Device(id) => {
            let device = service.devices.iter().find(|device| &device.id == id)?;
            Some(matches!(
                device.state,
                DeviceState::Paused | DeviceState::UnusedPaused
            ))
        }
    }
}
