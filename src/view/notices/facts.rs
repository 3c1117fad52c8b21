//! What a service says of itself that may be worth a notice, as kinds and items with an identity.

use std::time::Duration;

use crate::core::preferences::Notifications;
use crate::core::service::{
    Conflict, DeviceState, Folder, FolderState, Mention, PendingDevice, PendingFolder, ServiceError,
};
use crate::core::{Service, Timestamp};

/// More items of one kind are not told apart.
const MOST_ITEMS: usize = 500;
/// Syncthing lists why a folder stopped as well (lib/model/folder.go setError); the folder's own notice says it.
const OF_A_FOLDER: &str = "Error on folder ";

/// The kinds of notices about a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// A device wants to connect.
    Device,
    /// A device offers a folder.
    Offer,
    /// A folder stopped.
    Stopped,
    /// Items of a folder could not be synced.
    Failed,
    /// The server lists an error.
    Error,
    /// Two devices changed the same file.
    Conflict,
    /// The server asks to be restarted.
    Restart,
    /// A message names the user, or is for the user alone.
    Mention,
    /// Something that it says of itself is not as the config expects it.
    Unexpected,
    /// Everything is up to date after there was work.
    Synced,
}

/// Something that is true.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fact {
    /// What makes it the same thing when it is seen again.
    pub(super) item: String,
    /// When it happened, for what does not wait for an answer.
    pub(super) time: Option<Timestamp>,
}

impl Kind {
    pub(super) const ALL: [Self; 10] = [
        Self::Device,
        Self::Offer,
        Self::Stopped,
        Self::Failed,
        Self::Error,
        Self::Conflict,
        Self::Restart,
        Self::Mention,
        Self::Unexpected,
        Self::Synced,
    ];

    /// Its part of a notice's key.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Device => "device",
            Self::Offer => "offer",
            Self::Stopped => "stopped",
            Self::Failed => "failed",
            Self::Error => "error",
            Self::Conflict => "conflict",
            Self::Restart => "restart",
            Self::Mention => "mention",
            Self::Unexpected => "unexpected",
            Self::Synced => "synced",
        }
    }

    pub(super) fn is_wanted(self, wanted: &Notifications) -> bool {
        wanted.enabled
            && match self {
                Self::Device => wanted.new_device,
                Self::Offer => wanted.new_folder,
                Self::Stopped | Self::Failed | Self::Error | Self::Unexpected => wanted.errors,
                Self::Conflict => wanted.conflicts,
                Self::Restart => wanted.restart,
                Self::Mention => wanted.highlights,
                Self::Synced => wanted.synced,
            }
    }

    /// Each of a few items has a notice of its own, because each has answers of its own.
    pub(super) fn is_told_singly(self) -> bool {
        matches!(self, Self::Device | Self::Offer)
    }

    /// How long it must have been true before it is told: others of its kind may join it, or it passes.
    pub(super) fn settles_in(self) -> Duration {
        Duration::from_secs(match self {
            Self::Device | Self::Offer | Self::Mention => 1,
            Self::Stopped | Self::Error | Self::Conflict | Self::Restart | Self::Unexpected => 3,
            Self::Synced => 5,
            // A file that is being written fails once and goes through when it is tried again.
            Self::Failed => 10,
        })
    }

    /// How long it must have been untrue before its notice is taken away.
    pub(super) fn lingers_for(self) -> Duration {
        Duration::from_secs(match self {
            // Syncthing tries again from time to time and forgets meanwhile what failed.
            Self::Failed => 120,
            Self::Stopped => 10,
            // Between a message and the list that it is on.
            Self::Mention => 3,
            _ => 0,
        })
    }

    /// How long the same thing is not told again; twice as long after each time.
    pub(super) fn rests_for(self, times: u32) -> Duration {
        match self {
            Self::Synced => Duration::from_secs(300),
            _ => Duration::from_secs(900) * 2_u32.pow(times.saturating_sub(1).min(6)),
        }
    }

    /// What is true of `service`. [`Self::Synced`] depends on what was before; see [`Progress`].
    pub(super) fn facts(self, service: &Service, progress: &Progress) -> Vec<Fact> {
        let folders = |is: fn(&Folder) -> bool| {
            let such = service.folders.iter().filter(move |folder| is(folder));
            collect(such.map(|folder| fact(folder.id.clone())))
        };
        match self {
            Self::Device => collect(service.pending_devices.iter().map(|one| fact(device(one)))),
            Self::Offer => collect(service.pending_folders.iter().map(|one| fact(offer(one)))),
            Self::Stopped => folders(is_stopped),
            Self::Failed => folders(is_failed),
            Self::Error => {
                let errors = service.errors.iter().rev();
                let others = errors.filter(|one| !one.message.starts_with(OF_A_FOLDER));
                collect(others.map(|one| Fact {
                    item: error(one),
                    time: Some(one.time),
                }))
            }
            Self::Conflict => collect(service.conflicts.iter().map(|one| Fact {
                item: conflict(one),
                time: Some(one.time),
            })),
            Self::Mention => collect(service.mentions.iter().map(|one| Fact {
                item: mention(one),
                time: Some(one.time),
            })),
            Self::Unexpected => {
                let facts = service.facts.iter().filter(|one| one.attention);
                collect(facts.map(|one| fact(one.name.clone())))
            }
            Self::Restart => collect(
                service
                    .restart_required
                    .then(|| fact(String::new()))
                    .into_iter(),
            ),
            Self::Synced => collect(progress.done.then(|| fact(String::new())).into_iter()),
        }
    }
}

/// Whether there was work, and whether it is done. A scan that finds nothing is none.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Progress {
    worked: bool,
    done: bool,
}

impl Progress {
    pub(super) fn see(&mut self, service: &Service) {
        if is_working(service) {
            *self = Self {
                worked: true,
                done: false,
            };
        } else if service.synced {
            self.done = self.worked;
        }
    }
}

pub(super) fn device(device: &PendingDevice) -> String {
    device.id.clone()
}

pub(super) fn offer(offer: &PendingFolder) -> String {
    format!("{}/{}", offer.offered_by, offer.id)
}

pub(super) fn error(error: &ServiceError) -> String {
    error.message.clone()
}

pub(super) fn conflict(conflict: &Conflict) -> String {
    format!("{}/{}", conflict.folder, conflict.path)
}

pub(super) fn mention(mention: &Mention) -> String {
    format!("{}/{}", mention.place, mention.time)
}

pub(super) fn is_stopped(folder: &Folder) -> bool {
    folder.state == FolderState::Stopped
}

pub(super) fn is_failed(folder: &Folder) -> bool {
    let idle = matches!(folder.state, FolderState::Stopped | FolderState::Paused);
    !idle && (folder.failed_items > 0 || folder.state == FolderState::FailedItems)
}

fn is_working(service: &Service) -> bool {
    let syncs = |state| matches!(state, FolderState::Syncing | FolderState::SyncPreparing);
    let folders = service.folders.iter().any(|folder| syncs(folder.state));
    let mut devices = service.devices.iter();
    folders || devices.any(|device| device.state == DeviceState::Syncing)
}

fn fact(item: String) -> Fact {
    Fact { item, time: None }
}

fn collect(facts: impl Iterator<Item = Fact>) -> Vec<Fact> {
    facts.take(MOST_ITEMS).collect()
}
