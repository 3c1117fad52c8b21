//! The [`Service`] that follows from what is known.
//!
//! Invariant: pure, sorted, and `synced` is never true while anything that it depends on is unknown.

use crate::core::Timestamp;
use crate::core::service::{self, DeviceState, FolderState, PendingDevice, PendingFolder, Service};

use super::state::{Device, Folder, State, some};
use super::wire::Summary;
use super::{device, folder};

impl State {
    /// What every view shows.
    pub fn service(&self) -> Service {
        let mut folders: Vec<_> = self.folders.values().map(Folder::show).collect();
        folders.sort_by_cached_key(|folder| (folder.label.to_lowercase(), folder.id.clone()));
        let devices = self.devices.values();
        let mut devices: Vec<_> = devices.map(|device| device.show(self.now)).collect();
        devices.sort_by_cached_key(|device| (device.name.to_lowercase(), device.id.clone()));
        let synced = folders.iter().all(|folder| folder.state.is_settled())
            && devices.iter().all(|device| match device.state {
                DeviceState::Syncing => false,
                DeviceState::Unknown => !device.connected,
                _ => true,
            });
        // A folder that is gone took its items along.
        let has = |folder: &str| self.folders.contains_key(folder);
        Service {
            version: self.version.clone(),
            id: some(&self.my_id),
            synced,
            folders,
            devices,
            pending_devices: self.show_pending_devices(),
            pending_folders: self.show_pending_folders(),
            errors: self.errors.clone(),
            rates: self.rates,
            restart_required: self.restart_required,
            changes: self.disk.changes(has),
            conflicts: self.disk.conflicts(has),
            ..Service::default()
        }
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
}

impl Folder {
    fn show(&self) -> service::Folder {
        let config = &self.config;
        let unread = Summary::default();
        let summary = self.summary.as_ref().unwrap_or(&unread);
        let state = self.state();
        let error = some(&summary.error).filter(|_| state == FolderState::Stopped);
        service::Folder {
            id: config.id.clone(),
            label: some(&config.label).unwrap_or_else(|| config.id.clone()),
            path: config.path.clone(),
            kind: config.kind.clone(),
            state,
            percent: folder::percent(summary),
            global_bytes: summary.global_bytes,
            local_bytes: summary.local_bytes,
            in_sync_bytes: summary.in_sync_bytes,
            need_bytes: summary.need_bytes,
            need_items: summary.need_total_items,
            receive_only_items: summary.receive_only_total_items,
            failed_items: summary.errors,
            error,
            devices: config
                .devices
                .iter()
                .map(|member| member.id.clone())
                .collect(),
            last_file: self.last_file.clone(),
            last_scan: self.last_scan,
        }
    }
}

impl Device {
    fn show(&self, now: Option<Timestamp>) -> service::Device {
        let total = self.total();
        let connected = self.connected == Some(true);
        let config = &self.config;
        service::Device {
            id: config.id.clone(),
            name: some(&config.name).unwrap_or_else(|| config.id.chars().take(7).collect()),
            state: self.state(now),
            percent: total.as_ref().map_or(0, device::percent),
            connected,
            need_bytes: total.map_or(0, |total| total.need_bytes),
            need_items: total.map_or(0, |total| {
                total.need_items.saturating_add(total.need_deletes)
            }),
            rates: self.rates,
            last_seen: self.last_seen,
            address: some(&self.address).filter(|_| connected),
            client_version: some(&self.client_version),
        }
    }
}
