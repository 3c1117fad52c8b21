//! The little world behind the stand-in's API: folders, devices, what waits, what went wrong.
//!
//! Plain data: nothing here moves by itself (`motion` moves it) and nothing here knows HTTP (`replies` shows it).

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::device_id::device_id;
use super::motion::Motion;

/// Items and bytes, as the database counts them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Files, directories and symlinks.
    pub items: u64,
    /// Deleted items.
    pub deletes: u64,
    /// Bytes of the files.
    pub bytes: u64,
}

/// One shared folder, as this device sees it.
#[derive(Clone, Debug)]
pub struct Folder {
    /// The folder ID.
    pub id: String,
    /// Its label; may be empty.
    pub label: String,
    /// `sendreceive`, `sendonly`, `receiveonly` or `receiveencrypted`.
    pub kind: String,
    /// Paused in the config: `db/status` then says nothing.
    pub paused: bool,
    /// `idle`, `scanning`, `syncing`, `error`, ...
    pub state: String,
    /// When `state` was entered.
    pub state_since: Option<Timestamp>,
    /// The IDs of the devices that it is shared with, this one included.
    pub devices: Vec<String>,
    /// What the folder holds over all devices.
    pub global: Counts,
    /// What is still missing here.
    pub need: Counts,
    /// What is still missing on each other device.
    pub remote_need: BTreeMap<String, Counts>,
    /// IDs of devices that have not accepted it.
    pub declined: BTreeSet<String>,
    /// IDs of devices that have paused it.
    pub paused_there: BTreeSet<String>,
    /// What was changed here in a folder that only receives.
    pub receive_only: Counts,
    /// Items that failed.
    pub errors: u64,
    /// Why the folder is stopped; empty when it is not.
    pub error: String,
    /// The sequence number of its index.
    pub sequence: u64,
    /// When it was scanned last.
    pub last_scan: Option<Timestamp>,
    /// The last file that arrived.
    pub last_file: String,
}

impl Folder {
    /// An idle, complete folder shared with `devices`.
    pub fn new(id: &str, label: &str, devices: Vec<String>, items: u64, bytes: u64) -> Self {
        Self {
            id: id.to_owned(),
            label: label.to_owned(),
            kind: "sendreceive".to_owned(),
            paused: false,
            state: "idle".to_owned(),
            state_since: None,
            devices,
            global: Counts {
                items,
                deletes: 0,
                bytes,
            },
            need: Counts::default(),
            remote_need: BTreeMap::new(),
            declined: BTreeSet::new(),
            paused_there: BTreeSet::new(),
            receive_only: Counts::default(),
            errors: 0,
            error: String::new(),
            sequence: items,
            last_scan: None,
            last_file: String::new(),
        }
    }
}

/// One known device; the first of the world is the stand-in itself.
#[derive(Clone, Debug)]
pub struct Device {
    /// The device ID.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Paused in the config.
    pub paused: bool,
    /// Connected now, and since when.
    pub connected: Option<Timestamp>,
    /// Seen last; `None` is never.
    pub last_seen: Option<Timestamp>,
    /// Received from it since the process started.
    pub in_bytes: u64,
    /// Sent to it since the process started.
    pub out_bytes: u64,
    /// IDs of folders that it may offer in vain.
    pub ignored_folders: BTreeSet<String>,
}

/// A device that asks to be let in.
#[derive(Clone, Debug)]
pub struct PendingDevice {
    /// Its device ID.
    pub id: String,
    /// The name that it gives itself.
    pub name: String,
    /// Where it came from.
    pub address: String,
    /// When it asked last.
    pub time: Timestamp,
}

/// A folder that a known device offers.
#[derive(Clone, Debug)]
pub struct PendingFolder {
    /// The folder ID.
    pub id: String,
    /// Its label over there.
    pub label: String,
    /// Who offers it.
    pub device: String,
    /// When it was offered last.
    pub time: Timestamp,
}

/// All that the stand-in's API shows.
#[derive(Clone, Debug)]
pub struct World {
    /// The shared folders.
    pub folders: Vec<Folder>,
    /// The devices, this one first.
    pub devices: Vec<Device>,
    /// Devices that wait for an answer.
    pub pending_devices: Vec<PendingDevice>,
    /// Folders that wait for an answer.
    pub pending_folders: Vec<PendingFolder>,
    /// IDs of devices that may ask in vain.
    pub ignored_devices: BTreeSet<String>,
    /// Messages of `system/error`.
    pub errors: Vec<(Timestamp, String)>,
    /// What `config/restart-required` says.
    pub restart_required: bool,
    /// What `config/gui` says beside address and key.
    pub theme: String,
    pub(super) motion: Motion,
}

impl World {
    /// A home set-up: four folders, a phone and a server beside this laptop.
    pub fn demo(seed: u64) -> Self {
        let mut world = Self::empty(seed, &["laptop", "phone", "nas"]);
        let ids = world.device_ids();
        let without_phone: Vec<String> = ids
            .iter()
            .enumerate()
            .filter(|(index, _)| *index != 1)
            .map(|(_, id)| id.clone())
            .collect();
        world.folders = vec![
            Folder::new("photos", "Photos", ids.clone(), 4_213, 18_734_120_960),
            Folder::new("documents", "Documents", ids.clone(), 1_187, 912_338_944),
            Folder::new("music", "Music", without_phone, 7_904, 61_203_415_040),
            Folder::new("notes", "Notes", ids, 342, 4_816_896),
        ];
        world
    }

    /// `folders` folders, each shared with all of `devices` devices (this one included, at least one).
    pub fn sized(folders: usize, devices: usize, seed: u64) -> Self {
        let names: Vec<String> = (0..devices.max(1))
            .map(|n| format!("device-{n:04}"))
            .collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let mut world = Self::empty(seed, &names);
        let ids = world.device_ids();
        world.folders = (0..folders)
            .map(|n| {
                let (id, label) = (format!("folder-{n:04}"), format!("Folder {n}"));
                Folder::new(&id, &label, ids.clone(), 1_000, 1_000_000_000)
            })
            .collect();
        world
    }

    /// No folders, and one device for each name; the first is the stand-in itself.
    pub fn empty(seed: u64, names: &[&str]) -> Self {
        let devices = names
            .iter()
            .map(|name| Device {
                id: device_id(&format!("{seed}/{name}")),
                name: (*name).to_owned(),
                paused: false,
                connected: None,
                last_seen: None,
                in_bytes: 0,
                out_bytes: 0,
                ignored_folders: BTreeSet::new(),
            })
            .collect();
        Self {
            folders: Vec::new(),
            devices,
            pending_devices: Vec::new(),
            pending_folders: Vec::new(),
            ignored_devices: BTreeSet::new(),
            errors: Vec::new(),
            restart_required: false,
            theme: "default".to_owned(),
            motion: Motion::new(seed),
        }
    }

    /// This device's own ID; empty in a world without devices.
    pub fn my_id(&self) -> &str {
        self.devices.first().map_or("", |device| &device.id)
    }

    /// The folder with this ID.
    pub fn folder(&self, id: &str) -> Option<&Folder> {
        self.folders.iter().find(|folder| folder.id == id)
    }

    /// The folder with this ID, to change it.
    pub fn folder_mut(&mut self, id: &str) -> Option<&mut Folder> {
        self.folders.iter_mut().find(|folder| folder.id == id)
    }

    /// The device with this ID or name.
    pub fn device(&self, id: &str) -> Option<&Device> {
        self.devices
            .iter()
            .find(|device| device.id == id || device.name == id)
    }

    /// The device with this ID or name, to change it.
    pub fn device_mut(&mut self, id: &str) -> Option<&mut Device> {
        self.devices
            .iter_mut()
            .find(|device| device.id == id || device.name == id)
    }

    fn device_ids(&self) -> Vec<String> {
        self.devices
            .iter()
            .map(|device| device.id.clone())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_world() {
        assert_eq!(World::demo(7).my_id(), World::demo(7).my_id());
        assert_ne!(World::demo(7).my_id(), World::demo(8).my_id());
    }

    #[test]
    fn a_sized_world_shares_every_folder_with_every_device() {
        let world = World::sized(10, 3, 1);
        assert_eq!((world.folders.len(), world.devices.len()), (10, 3));
        assert!(world.folders.iter().all(|folder| folder.devices.len() == 3));
        assert_eq!(World::sized(0, 0, 1).devices.len(), 1);
    }
}
