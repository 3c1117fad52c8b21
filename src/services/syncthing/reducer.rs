//! What an event changes, and what must be asked for because of it.
//!
//! Invariant: pure, and never fails: an event that is unknown, about something unknown or without
//! its data changes nothing. Source: lib/events/events.go and what the official page does with each.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::core::{Absence, Why};

use super::faults::MAX_FAILED;
use super::state::{Device, Folder, Need, State};
use super::wire::{Config, Event, EventData, Offer, PendingDeviceInfo};

/// The one mask. Each distinct one costs the server a buffer for as long as it runs, so that it
/// never varies. Left out is what no view shows, because it would only wake both sides up
/// (`FolderScanProgress`, `ItemFinished`).
pub const MASK: &str = "StateChanged,LocalIndexUpdated,FolderSummary,FolderCompletion,FolderErrors,FolderPaused,FolderResumed,\
FolderWatchStateChanged,DeviceConnected,DeviceDisconnected,DevicePaused,DeviceResumed,PendingDevicesChanged,PendingFoldersChanged,\
ConfigSaved,StartupComplete,ClusterConfigReceived,UpgradeRestartScheduled,Failure";

impl Event {
    /// The server will restart, by its own word: 2.x says after how long, and into what.
    pub fn announces(&self) -> Option<Absence> {
        let version = &self.data.new_version;
        (self.kind == "UpgradeRestartScheduled").then(|| Absence {
            why: Why::Upgrade,
            after: Duration::from_secs(self.data.delay_s),
            version: (!version.is_empty()).then(|| version.clone()),
        })
    }
}

impl State {
    /// Takes in an event.
    pub fn apply(&mut self, event: &Event) -> BTreeSet<Need> {
        self.now = self.now.max(event.time);
        // What the server lists among its errors it tells by no event of its own.
        self.stale.insert(Need::Errors);
        let data = &event.data;
        match event.kind.as_str() {
            "StateChanged" => self.folder_state(event),
            "LocalIndexUpdated" => {
                if let Some(folder) = self.folders.get_mut(&data.folder) {
                    folder.index(data.sequence);
                }
                BTreeSet::new()
            }
            "FolderSummary" => self.folder_summary(data),
            "FolderCompletion" => self.folder_completion(data),
            "FolderErrors" => self.folder_errors(data),
            "FolderWatchStateChanged" => {
                let summary = self.folders.get_mut(&data.folder);
                if let Some(summary) = summary.and_then(|folder| folder.summary.as_mut()) {
                    summary.watch_error.clone_from(&data.to);
                }
                BTreeSet::new()
            }
            "FolderPaused" => self.pause_folder(&data.id, true),
            "FolderResumed" => self.pause_folder(&data.id, false),
            "DeviceConnected" => self.device_connected(event),
            "DeviceDisconnected" => {
                if let Some(device) = self.devices.get_mut(&data.id) {
                    device.flapping.lost(event.time, &data.error);
                    device.disconnect();
                    device.last_seen = device.last_seen.max(event.time);
                }
                BTreeSet::new()
            }
            "DevicePaused" => self.pause_device(&data.device, true),
            "DeviceResumed" => self.pause_device(&data.device, false),
            "PendingDevicesChanged" => self.pending_devices(event),
            "PendingFoldersChanged" => self.pending_folders(event),
            "ConfigSaved" => self.config_saved(data),
            "StartupComplete" => self.startup_complete(),
            "ClusterConfigReceived" => {
                self.hear(&data.device);
                self.completion_of(&data.device)
            }
            "Failure" => [Need::Errors].into(),
            _ => BTreeSet::new(),
        }
    }

    fn folder_state(&mut self, event: &Event) -> BTreeSet<Need> {
        let data = &event.data;
        let Some(folder) = self.folders.get_mut(&data.folder) else {
            return BTreeSet::new();
        };
        let mut needs = BTreeSet::new();
        if data.from == "scanning" && data.to == "idle" {
            folder.last_scan = folder.last_scan.max(event.time);
        }
        if data.from == "syncing" {
            needs.insert(Need::FolderStats);
        }
        if data.to == "idle" {
            self.stale.insert(Need::Changes);
        }
        if data.to == "error" {
            needs.insert(Need::Errors);
        }
        match &mut folder.summary {
            Some(summary) => {
                summary.state.clone_from(&data.to);
                summary.error.clone_from(&data.error);
                // Its counters are older than this: "syncing, 100 %" or "out of sync" would be shown for a moment. Nor
                // does the server tell that what was changed here is no more (lib/model/folder_recvonly.go).
                let needed = summary.need_total_items > 0;
                let counts = needed || summary.errors > 0 || summary.receive_only_total_items > 0;
                if (data.to == "syncing" && !needed) || (data.to == "idle" && counts) {
                    needs.insert(Need::Folder(data.folder.clone()));
                }
            }
            None if folder.config.paused => {}
            None => {
                needs.insert(Need::Folder(data.folder.clone()));
            }
        }
        needs
    }

    fn folder_summary(&mut self, data: &EventData) -> BTreeSet<Need> {
        let folder = self.folders.get_mut(&data.folder);
        let Some((folder, new)) = folder.zip(data.summary.as_deref()) else {
            return BTreeSet::new();
        };
        if folder.config.paused {
            return BTreeSet::new();
        }
        let mut new = new.clone();
        let mut needs = BTreeSet::new();
        if let Some(old) = &folder.summary
            && old.state != new.state
        {
            // It may have been drawn up before the last change of state and told after it.
            new.state.clone_from(&old.state);
            new.error.clone_from(&old.error);
            needs.insert(Need::Folder(data.folder.clone()));
        }
        folder.told = new.sequence;
        folder.index(new.sequence);
        folder.summary = Some(new);
        // No FolderCompletion comes for a device that is away (lib/model/folder_summary.go sendSummary).
        for member in &folder.config.devices {
            let device = self.devices.get(&member.id);
            if device.is_some_and(|device| device.connected != Some(true)) {
                self.stale.insert(Need::Completion(member.id.clone()));
            }
        }
        needs
    }

    fn folder_errors(&mut self, data: &EventData) -> BTreeSet<Need> {
        let folder = self.folders.get_mut(&data.folder);
        let summary = folder.and_then(|folder| folder.summary.as_mut());
        let Some(summary) = summary else {
            return BTreeSet::new();
        };
        if data.errors.len() >= MAX_FAILED {
            // More than are read one by one: the server has counted them.
            return [Need::Folder(data.folder.clone())].into();
        }
        summary.errors = u64::try_from(data.errors.len()).unwrap_or(u64::MAX);
        self.learn_failures(&data.folder, &data.errors);
        BTreeSet::new()
    }

    fn folder_completion(&mut self, data: &EventData) -> BTreeSet<Need> {
        let folder = self.folders.get_mut(&data.folder);
        let Some((device, folder)) = self.devices.get_mut(&data.device).zip(folder) else {
            return BTreeSet::new();
        };
        if !folder.is_shared_with(&data.device) {
            return BTreeSet::new();
        }
        // It may have been drawn up before the last change here and told after it.
        let sure = folder.sequence.is_none_or(|now| folder.told >= now);
        let known = data.completion();
        device.has_told |= device.connected == Some(true) && known.tells();
        folder
            .share(&data.device)
            .learn(Some(known), sure, device.presence());
        match device.is_read {
            true => BTreeSet::new(),
            false => self.completion_of(&data.device),
        }
    }

    fn pause_folder(&mut self, id: &str, paused: bool) -> BTreeSet<Need> {
        let Some(folder) = self.folders.get_mut(id) else {
            return BTreeSet::new();
        };
        if folder.config.paused == paused {
            return BTreeSet::new();
        }
        folder.config.paused = paused;
        folder.forget();
        let mut needs = members(folder);
        needs.retain(|need| matches!(need, Need::Completion(id) if self.devices.contains_key(id)));
        if !paused {
            needs.insert(Need::Folder(id.to_owned()));
        }
        needs
    }

    fn device_connected(&mut self, event: &Event) -> BTreeSet<Need> {
        let data = &event.data;
        let Some(device) = self.devices.get_mut(&data.id) else {
            return BTreeSet::new();
        };
        device.flapping.connected(event.time);
        device.connected = Some(true);
        device.has_told = false;
        device.address.clone_from(&data.address);
        device.client_version.clone_from(&data.client_version);
        device.last_seen = device.last_seen.max(event.time);
        [Need::Connections, Need::Completion(data.id.clone())].into()
    }

    fn pause_device(&mut self, id: &str, paused: bool) -> BTreeSet<Need> {
        if let Some(device) = self.devices.get_mut(id) {
            device.config.paused = paused;
            if paused {
                device.disconnect();
            }
        }
        BTreeSet::new()
    }

    fn pending_devices(&mut self, event: &Event) -> BTreeSet<Need> {
        let data = &event.data;
        if data.added.is_empty() && data.removed.is_empty() {
            return [Need::Pending].into();
        }
        for gone in &data.removed {
            self.pending_devices.remove(&gone.device);
        }
        for new in data.added.iter().filter(|new| !new.device.is_empty()) {
            // The same device is told again at its every attempt: the first one counts.
            let known = self.pending_devices.get(&new.device);
            if known.is_some_and(|old| old.name == new.name && old.address == new.address) {
                continue;
            }
            let info = PendingDeviceInfo {
                time: event.time,
                name: new.name.clone(),
                address: new.address.clone(),
            };
            self.pending_devices.insert(new.device.clone(), info);
        }
        bounded(self.pending_devices.len())
    }

    fn pending_folders(&mut self, event: &Event) -> BTreeSet<Need> {
        let data = &event.data;
        if data.added.is_empty() && data.removed.is_empty() {
            return [Need::Pending].into();
        }
        for gone in &data.removed {
            self.pending_folders.retain(|(folder, device), _| {
                folder != &gone.folder || !(gone.device.is_empty() || device == &gone.device)
            });
        }
        for new in data.added.iter().filter(|new| !new.folder.is_empty()) {
            let key = (new.folder.clone(), new.device.clone());
            let known = self.pending_folders.get(&key);
            if known.is_some_and(|old| old.label == new.label) {
                continue;
            }
            let offer = Offer {
                time: event.time,
                label: new.label.clone(),
            };
            self.pending_folders.insert(key, offer);
        }
        bounded(self.pending_folders.len())
    }

    fn config_saved(&mut self, data: &EventData) -> BTreeSet<Need> {
        // A config always names its own device.
        if data.devices.is_empty() {
            return [Need::Snapshot].into();
        }
        let mut needs = self.configure(Config {
            folders: data.folders.clone(),
            devices: data.devices.clone(),
        });
        needs.insert(Need::RestartRequired);
        needs
    }

    fn startup_complete(&self) -> BTreeSet<Need> {
        let unknown = self.folders.values().filter(|folder| {
            !folder.config.paused && folder.summary.as_ref().is_none_or(|it| it.state.is_empty())
        });
        unknown
            .map(|folder| Need::Folder(folder.config.id.clone()))
            .chain([Need::Connections])
            .collect()
    }

    fn completion_of(&self, device: &str) -> BTreeSet<Need> {
        let known = self.devices.contains_key(device);
        let need = known.then(|| Need::Completion(device.to_owned()));
        need.into_iter().collect()
    }
}

impl Device {
    fn disconnect(&mut self) {
        self.connected = self.connected.map(|_| false);
        self.rates = crate::core::service::Rates::default();
    }
}

fn members(folder: &Folder) -> BTreeSet<Need> {
    let members = folder.config.devices.iter();
    members
        .map(|member| Need::Completion(member.id.clone()))
        .collect()
}

/// A list that only ever grows is asked for anew, bounded, rather than kept.
fn bounded(length: usize) -> BTreeSet<Need> {
    if length > 1_000 {
        return [Need::Pending].into();
    }
    BTreeSet::new()
}

#[cfg(test)]
mod tests;
