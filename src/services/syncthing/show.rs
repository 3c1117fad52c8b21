//! The [`Service`] that follows from what is known.
//!
//! Invariant: pure, sorted, and `synced` is never true while anything that it depends on is unknown.

use crate::core::safety::{self, Amount};
use crate::core::service::{
    self, DeviceState, FailureReason, FolderState, PendingDevice, PendingFolder, Service,
    ServiceError,
};

use super::shares::Lacking;
use super::state::{Device, Folder, State, some};
use super::wire::{FolderConfig, Summary};
use super::{device, folder};

impl State {
    /// What every view shows.
    pub fn service(&self) -> Service {
        let folders = self.folders.values();
        let mut folders: Vec<_> = folders.map(|folder| self.show_folder(folder)).collect();
        folders.sort_by_cached_key(|folder| (folder.label.to_lowercase(), folder.id.clone()));
        let devices = self.devices.values();
        let lacking = self.lacking();
        let mut devices: Vec<_> = devices
            .map(|device| self.show_device(device, &lacking))
            .collect();
        devices.sort_by_cached_key(|device| (device.name.to_lowercase(), device.id.clone()));
        let synced = folders.iter().all(|folder| folder.state.is_settled())
            && devices.iter().all(|device| match device.state {
                DeviceState::Syncing => false,
                DeviceState::Unknown => !device.connected,
                _ => true,
            });
        let (safe, only_here) = safety::of_all(&folders);
        // A folder that is gone took its items along.
        let has = |folder: &str| self.folders.contains_key(folder);
        Service {
            version: self.version.clone(),
            id: some(&self.my_id),
            synced,
            safe,
            only_here,
            folders,
            devices,
            pending_devices: self.show_pending_devices(),
            pending_folders: self.show_pending_folders(),
            errors: self.show_errors(),
            rates: self.rates,
            restart_required: self.restart_required,
            changes: self.disk.changes(has),
            conflicts: self.disk.conflicts(has),
            ..Service::default()
        }
    }

    fn show_errors(&self) -> Vec<ServiceError> {
        let errors = self.errors.iter();
        errors
            .map(|error| ServiceError {
                time: error.time,
                message: self.with_names(&error.message),
            })
            .collect()
    }

    fn show_failures(&self, folder: &Folder, summary: &Summary) -> Vec<FailureReason> {
        let failures = folder.failures.iter().filter(|_| summary.errors > 0);
        let reasons = failures.flat_map(|failures| &failures.reasons);
        reasons
            .map(|one| FailureReason {
                reason: self.with_names(&one.reason),
                items: one.items,
            })
            .collect()
    }

    fn show_pending_devices(&self) -> Vec<PendingDevice> {
        let pending = self.pending_devices.iter();
        pending
            .map(|(id, info)| PendingDevice {
                id: id.clone(),
                name: info.name.clone(),
                address: info.address.clone(),
                time: info.time,
            })
            .collect()
    }

    fn show_pending_folders(&self) -> Vec<PendingFolder> {
        let pending = self.pending_folders.iter();
        pending
            .map(|((folder, device), offer)| PendingFolder {
                id: folder.clone(),
                label: offer.label.clone(),
                offered_by: device.clone(),
                time: offer.time,
            })
            .collect()
    }

    fn show_folder(&self, folder: &Folder) -> service::Folder {
        let config = &folder.config;
        let unread = Summary::default();
        let summary = folder.summary.as_ref().unwrap_or(&unread);
        let state = folder.state();
        let safety = safety::judge(&self.holders(folder), kept(config, summary));
        let error = some(&summary.error).filter(|_| state == FolderState::Stopped);
        service::Folder {
            id: config.id.clone(),
            label: some(&config.label).unwrap_or_else(|| config.id.clone()),
            path: config.path.clone(),
            kind: config.kind.clone(),
            state,
            percent: folder::percent(summary, &self.version),
            global_bytes: summary.global_bytes,
            local_bytes: summary.local_bytes,
            in_sync_bytes: summary.in_sync_bytes,
            need_bytes: summary.need_bytes,
            need_items: summary.need_total_items,
            receive_only_items: summary.receive_only_total_items,
            failed_items: summary.errors,
            failures: self.show_failures(folder, summary),
            error: error.map(|error| self.with_names(&error)),
            watch_error: some(&summary.watch_error).filter(|_| state != FolderState::Paused),
            devices: config
                .devices
                .iter()
                .map(|member| member.id.clone())
                .collect(),
            safe: safety.safe,
            only_here: safety.only_here,
            behind: safety.behind,
            last_file: folder.last_file.clone(),
            last_scan: folder.last_scan,
        }
    }

    fn show_device(&self, device: &Device, lacking: &Lacking<'_>) -> service::Device {
        let (state, total) = self.device_state(device, lacking);
        let connected = device.connected == Some(true);
        let config = &device.config;
        service::Device {
            id: config.id.clone(),
            name: some(&config.name).unwrap_or_else(|| config.id.chars().take(7).collect()),
            state,
            percent: total.as_ref().map_or(0, device::percent),
            connected,
            need_bytes: total.map_or(0, |total| total.need_bytes),
            need_items: total.map_or(0, |total| {
                total.need_items.saturating_add(total.need_deletes)
            }),
            rates: device.rates,
            last_seen: device.last_seen,
            address: some(&device.address).filter(|_| connected),
            client_version: some(&device.client_version),
            unsteady: self.unsteady(device),
        }
    }
}

/// What was changed in a folder that only receives, which no other device is sent.
fn kept(config: &FolderConfig, summary: &Summary) -> Amount {
    if !config.kind.starts_with("receive") {
        return Amount::default();
    }
    let items = summary
        .receive_only_changed_files
        .saturating_add(summary.receive_only_changed_directories)
        .saturating_add(summary.receive_only_changed_symlinks);
    Amount {
        items,
        bytes: summary.receive_only_changed_bytes,
    }
}
