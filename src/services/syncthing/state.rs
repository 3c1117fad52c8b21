//! What is known of a Syncthing instance, from a snapshot and the answers since.
//!
//! Invariant: pure. The same snapshot, answers and events in the same order give the same state.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::core::Timestamp;
use crate::core::service::{DeviceState, FolderState, Rates, ServiceError};

use super::completion::{Completion, Share};
use super::disk::DiskLog;
use super::faults::{Failures, FolderErrors};
use super::flapping::Flapping;
use super::folder;
use super::rates::rates;
use super::wire::{
    Config, Connections, DeviceConfig, DeviceStats, Errors, Event, FolderConfig, FolderStats,
    Offer, PendingDeviceInfo, PendingDevices, PendingFolders, Summary, SystemStatus, Traffic,
};

/// A device that is connected tells within this what it shares.
const TELLS_WITHIN: Duration = Duration::from_secs(10);

/// The replies that a state begins with.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    pub status: SystemStatus,
    pub version: String,
    pub config: Config,
    pub connections: Connections,
    pub device_stats: DeviceStats,
    pub folder_stats: FolderStats,
    pub pending_devices: PendingDevices,
    pub pending_folders: PendingFolders,
    pub errors: Errors,
    pub restart_required: bool,
}

/// What must be asked for, most telling first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// Everything again.
    Snapshot,
    Connections,
    /// The status of a folder.
    Folder(String),
    /// The completion of a device.
    Completion(String),
    /// The completion of a device in a folder.
    Share(String, String),
    /// Why items of a folder could not be synced.
    Failures(String),
    FolderStats,
    /// What changed on the server's disk.
    Changes,
    Pending,
    Errors,
    RestartRequired,
}

/// The answer to a [`Need`]; `None` where the server has none.
#[derive(Clone, Debug)]
pub enum Answer {
    /// With the time since the last one, when there was one lately.
    Connections(Connections, Option<Duration>),
    Folder(String, Option<Summary>),
    /// By folder; in those that are missing the device needs nothing, by the server's own sum.
    Completion(String, BTreeMap<String, Completion>),
    Share(String, String, Option<Completion>),
    Failures(String, FolderErrors),
    FolderStats(FolderStats),
    /// What follows on the last one, or everything.
    Changes(Vec<Event>),
    Pending(PendingDevices, PendingFolders),
    Errors(Errors),
    RestartRequired(bool),
}

/// Everything that is known of an instance.
#[derive(Clone, Debug, Default)]
pub struct State {
    pub(super) my_id: String,
    pub(super) version: String,
    /// The server's own time, as of its last word.
    pub(super) now: Option<Timestamp>,
    pub(super) folders: BTreeMap<String, Folder>,
    /// The other devices.
    pub(super) devices: BTreeMap<String, Device>,
    pub(super) pending_devices: BTreeMap<String, PendingDeviceInfo>,
    /// By folder and the device that offers it.
    pub(super) pending_folders: BTreeMap<(String, String), Offer>,
    pub(super) errors: Vec<ServiceError>,
    pub(super) restart_required: bool,
    /// Something happened of which the server told only a part; see [`Self::once_quiet`].
    pub(super) stale: BTreeSet<Need>,
    /// The last folder that was asked for only because it is not up to date.
    pub(super) doubted: String,
    traffic: Traffic,
    pub(super) rates: Rates,
    pub(super) disk: DiskLog,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Folder {
    /// Without this device among its members.
    pub config: FolderConfig,
    pub summary: Option<Summary>,
    /// Why items of it could not be synced.
    pub failures: Option<Failures>,
    /// What is known of devices that share it, by their IDs; see [`super::shares`].
    pub shares: BTreeMap<String, Share>,
    /// Of its index here; goes up with every change.
    pub sequence: Option<u64>,
    /// The same as of the last `FolderSummary`, after which the completions of connected devices are told.
    pub told: u64,
    pub last_file: Option<String>,
    pub last_scan: Option<Timestamp>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Device {
    pub config: DeviceConfig,
    /// How many folders it shares.
    pub folders: usize,
    pub connected: Option<bool>,
    /// What it shares, since it is connected.
    pub has_told: bool,
    pub address: String,
    pub client_version: String,
    pub traffic: Traffic,
    pub rates: Rates,
    /// Its completion was read.
    pub is_read: bool,
    pub flapping: Flapping,
    pub last_seen: Option<Timestamp>,
}

impl State {
    /// A state without folder statuses and completions; [`Self::wanted`] names them.
    pub fn from_snapshot(snapshot: Snapshot) -> Self {
        let uptime = Duration::from_secs(snapshot.status.uptime);
        let mut state = Self {
            my_id: snapshot.status.my_id,
            version: snapshot.version,
            now: snapshot.status.start_time.map(|start| start + uptime),
            ..Self::default()
        };
        state.configure(snapshot.config);
        state.learn(Answer::Connections(snapshot.connections, None));
        for (id, stat) in snapshot.device_stats.0 {
            if let Some(device) = state.devices.get_mut(&id) {
                device.last_seen = stat.last_seen;
            }
        }
        state.learn(Answer::FolderStats(snapshot.folder_stats));
        state.learn(Answer::Pending(
            snapshot.pending_devices,
            snapshot.pending_folders,
        ));
        state.learn(Answer::Errors(snapshot.errors));
        state.learn(Answer::RestartRequired(snapshot.restart_required));
        state
    }

    /// Goes on with what was told of changes on disk before the snapshot.
    pub fn with(mut self, disk: DiskLog) -> Self {
        self.disk = disk.of(&self.my_id);
        self
    }

    /// What a whole picture still takes, right after a snapshot.
    pub fn wanted(&self) -> BTreeSet<Need> {
        let folders = self.folders.values();
        let folders = folders.filter(|folder| !folder.config.paused);
        folders
            .map(|folder| Need::Folder(folder.config.id.clone()))
            .chain(self.devices.keys().cloned().map(Need::Completion))
            .chain([Need::Changes])
            .collect()
    }

    /// Takes in what was asked for.
    pub fn learn(&mut self, answer: Answer) {
        match answer {
            Answer::Connections(connections, elapsed) => self.sample(&connections, elapsed),
            Answer::Folder(id, summary) => {
                if let Some(folder) = self.folders.get_mut(&id) {
                    if let Some(summary) = &summary {
                        folder.index(summary.sequence);
                    }
                    folder.summary = summary;
                }
            }
            Answer::Completion(device, known) => self.learn_completion(&device, known),
            Answer::Share(device, folder, known) => self.learn_share(&device, &folder, known),
            Answer::Failures(folder, errors) => self.learn_failures(&folder, &errors.errors),
            Answer::FolderStats(stats) => {
                for (id, stat) in stats.0 {
                    if let Some(folder) = self.folders.get_mut(&id) {
                        folder.last_file = some(&stat.last_file.name);
                        folder.last_scan = stat.last_scan;
                    }
                }
            }
            Answer::Changes(events) => self.disk.take(&events),
            Answer::Pending(devices, folders) => {
                self.pending_devices = devices.0;
                let offers = folders.0.into_iter().flat_map(|(folder, offers)| {
                    let by_device = offers.offered_by.into_iter();
                    by_device.map(move |(device, offer)| ((folder.clone(), device), offer))
                });
                self.pending_folders = offers.collect();
            }
            Answer::Errors(errors) => {
                let entries = errors.errors.into_iter().map(|entry| ServiceError {
                    time: entry.when.unwrap_or_default(),
                    message: entry.message,
                });
                self.errors = entries.collect();
            }
            Answer::RestartRequired(required) => self.restart_required = required,
        }
    }

    /// Work is going on.
    pub fn is_busy(&self) -> bool {
        self.folders.values().any(|folder| folder.state().is_busy()) || {
            let lacking = self.lacking();
            let mut devices = self.devices.values();
            devices.any(|device| self.device_state(device, &lacking).0 == DeviceState::Syncing)
        }
    }

    /// What should be asked for once nothing happens any more, and is asked for then.
    pub fn once_quiet(&mut self) -> BTreeSet<Need> {
        let long = self.stale.is_empty();
        for device in self.devices.values_mut() {
            device.flapping.quiet(device.connected == Some(true), long);
        }
        let mut needs = std::mem::take(&mut self.stale);
        needs.retain(|need| match need {
            Need::Completion(id) => self.devices.contains_key(id),
            _ => true,
        });
        needs
    }

    /// Whether [`Self::once_quiet`] has something.
    pub fn is_stale(&self) -> bool {
        !self.stale.is_empty()
    }

    /// Whether anything flows.
    pub fn has_traffic(&self) -> bool {
        self.rates != Rates::default()
    }

    /// Rates are no longer known: nothing is going on.
    pub fn still(&mut self) {
        self.rates = Rates::default();
        for device in self.devices.values_mut() {
            device.rates = Rates::default();
        }
    }

    /// Puts a config in force and says what is no longer known because of it.
    pub(super) fn configure(&mut self, config: Config) -> BTreeSet<Need> {
        let mut needs = BTreeSet::new();
        let mut old = std::mem::take(&mut self.folders);
        for mut config in config.folders {
            if config.id.is_empty() {
                continue;
            }
            config
                .devices
                .retain(|member| member.id != self.my_id && !member.id.is_empty());
            let before = old.remove(&config.id);
            let mut folder = before.clone().unwrap_or_default();
            let changed = folder.config.paused != config.paused
                || folder.config.kind != config.kind
                || folder.config.path != config.path
                || folder.config.devices != config.devices;
            if before.is_none() || changed {
                let members = folder.config.devices.iter().chain(&config.devices);
                needs.extend(members.map(|member| Need::Completion(member.id.clone())));
                if config.paused {
                    folder.forget();
                } else {
                    needs.insert(Need::Folder(config.id.clone()));
                }
            }
            folder.config = config;
            if changed {
                folder.keep_members();
            }
            self.folders.insert(folder.config.id.clone(), folder);
        }
        for gone in old.values() {
            let members = gone.config.devices.iter();
            needs.extend(members.map(|member| Need::Completion(member.id.clone())));
        }
        let mut old = std::mem::take(&mut self.devices);
        for config in config.devices {
            if config.id.is_empty() || config.id == self.my_id {
                continue;
            }
            let mut device = old.remove(&config.id).unwrap_or_else(|| {
                needs.insert(Need::Connections);
                needs.insert(Need::Completion(config.id.clone()));
                Device::default()
            });
            device.config = config;
            self.devices.insert(device.config.id.clone(), device);
        }
        self.count_shares();
        needs.retain(|need| match need {
            Need::Completion(id) => self.devices.contains_key(id),
            _ => true,
        });
        needs
    }

    fn count_shares(&mut self) {
        for device in self.devices.values_mut() {
            device.folders = 0;
        }
        for folder in self.folders.values() {
            for member in &folder.config.devices {
                if let Some(device) = self.devices.get_mut(&member.id) {
                    device.folders += 1;
                }
            }
        }
    }

    fn sample(&mut self, connections: &Connections, elapsed: Option<Duration>) {
        let rates = rates(self.traffic, connections.total, elapsed);
        self.rates = rates.unwrap_or(self.rates);
        self.traffic = connections.total;
        for (id, device) in &mut self.devices {
            let Some(connection) = connections.connections.get(id) else {
                device.connected = None;
                device.rates = Rates::default();
                continue;
            };
            let traffic = Traffic {
                in_bytes: connection.in_bytes,
                out_bytes: connection.out_bytes,
            };
            let rates = rates_of(device, traffic, connection.connected, elapsed);
            device.rates = rates;
            device.traffic = traffic;
            device.connected = Some(connection.connected);
            let since = connection.started_at.zip(self.now);
            device.has_told |= since.is_some_and(|(since, now)| now.since(since) >= TELLS_WITHIN);
            device.address.clone_from(&connection.address);
            device.client_version.clone_from(&connection.client_version);
        }
    }
}

impl Folder {
    pub fn is_shared_with(&self, device: &str) -> bool {
        self.config.devices.iter().any(|member| member.id == device)
    }

    pub fn state(&self) -> FolderState {
        let shared = !self.config.devices.is_empty();
        let config = &self.config;
        folder::state(config.paused, self.summary.as_ref(), &config.kind, shared)
    }
}

/// The text, unless it is empty.
pub(super) fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

fn rates_of(device: &Device, now: Traffic, connected: bool, elapsed: Option<Duration>) -> Rates {
    if !connected || device.connected != Some(true) {
        return Rates::default();
    }
    rates(device.traffic, now, elapsed).unwrap_or(device.rates)
}
