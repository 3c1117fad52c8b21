//! Which of the eight icons a status is, and when a change of it is shown.

use crate::core::service::{DeviceState, FolderState};
use crate::core::{InstanceStatus, LinkState, Service, Status};

pub use steady::Steady;

mod steady;

#[cfg(test)]
mod tests;

/// The icons, one SVG source each in `assets/icons/`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Icon {
    /// No answer yet.
    Starting,
    UpToDate,
    Scanning,
    Syncing,
    Paused,
    /// A person should look at something.
    Attention,
    /// A security alert, refused credentials or a wrong configuration.
    Error,
    /// It cannot be reached.
    Disconnected,
}

impl Icon {
    /// Every icon, in the order of their declaration.
    pub const ALL: [Self; 8] = [
        Self::Starting,
        Self::UpToDate,
        Self::Scanning,
        Self::Syncing,
        Self::Paused,
        Self::Attention,
        Self::Error,
        Self::Disconnected,
    ];

    /// The name of its SVG source, without the ending.
    pub fn name(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::UpToDate => "up-to-date",
            Self::Scanning => "scanning",
            Self::Syncing => "syncing",
            Self::Paused => "paused",
            Self::Attention => "attention",
            Self::Error => "error",
            Self::Disconnected => "disconnected",
        }
    }

    /// The icon of a status: that of the instance which needs the user most.
    pub fn of(status: &Status) -> Self {
        let instances = status.instances.iter().map(AsRef::as_ref);
        let problem = status.engine.config_problem.as_ref();
        instances
            .map(Self::of_instance)
            .chain(problem.map(|_| Self::Attention))
            .max_by_key(|icon| icon.weight())
            .unwrap_or(Self::UpToDate)
    }

    /// The icon of one instance. While a failure is hidden, the service's last known state stays.
    pub fn of_instance(instance: &InstanceStatus) -> Self {
        match instance.link.state {
            LinkState::Starting => Self::Starting,
            LinkState::Paused => Self::Paused,
            _ if instance.link.is_shut_down() => Self::Paused,
            LinkState::Disconnected => Self::Disconnected,
            _ if instance.link.is_unpinned() => Self::Attention,
            LinkState::Untrusted | LinkState::Unauthorized | LinkState::Misconfigured => {
                Self::Error
            }
            LinkState::Connected | LinkState::Rotating | LinkState::Reconnecting => instance
                .service
                .as_deref()
                .map_or(Self::Starting, |service| {
                    Self::of_service(instance, service)
                }),
        }
    }

    /// It is shown without delay.
    pub fn is_loud(self) -> bool {
        matches!(self, Self::Attention | Self::Error | Self::Disconnected)
    }

    /// It comes and goes by itself, often within a moment.
    pub fn is_busy(self) -> bool {
        matches!(self, Self::Scanning | Self::Syncing)
    }

    /// The icon of an instance that is heard of.
    pub(super) fn of_service(instance: &InstanceStatus, service: &Service) -> Self {
        if instance.needs_attention() {
            Self::Attention
        } else if is_paused(service) {
            Self::Paused
        } else if !service.is_busy() {
            Self::UpToDate
        } else if is_moving(service) {
            Self::Syncing
        } else {
            Self::Scanning
        }
    }

    /// Of several instances the heaviest is shown. A paused one is as good as not there.
    pub(super) fn weight(self) -> u8 {
        match self {
            Self::Paused => 0,
            Self::UpToDate => 1,
            Self::Starting => 2,
            Self::Scanning => 3,
            Self::Syncing => 4,
            Self::Attention => 5,
            Self::Disconnected => 6,
            Self::Error => 7,
        }
    }
}

/// Nothing can be synced, because every folder or every device is paused.
fn is_paused(service: &Service) -> bool {
    let (folders, devices) = (&service.folders, &service.devices);
    let no_folder = folders
        .iter()
        .all(|folder| folder.state == FolderState::Paused);
    let no_device = devices.iter().all(|device| {
        matches!(
            device.state,
            DeviceState::Paused | DeviceState::UnusedPaused
        )
    });
    (no_folder && !folders.is_empty()) || (no_device && !devices.is_empty())
}

/// Data is on its way, or about to be.
fn is_moving(service: &Service) -> bool {
    let mut folders = service.folders.iter();
    let mut devices = service.devices.iter();
    folders.any(|folder| folder.state.is_syncing())
        || devices.any(|device| device.state == DeviceState::Syncing)
}
