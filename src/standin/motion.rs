//! What makes the world move: scans, syncs with percentages, devices that come and go, each with its events.
//!
//! Deterministic: the same seed and the same number of ticks give the same events (their times aside).

use jiff::Timestamp;
use serde_json::json;

use super::events::Emitted;
use super::folders::{Counts, Device, Folder, World};
use super::replies;

/// In how many ticks a sync is through.
const SYNC_STEPS: u64 = 5;
/// A device comes or goes about every so many ticks.
const DEVICE_EVERY: u64 = 12;

/// Where the scripted changes stand.
#[derive(Clone, Debug)]
pub(super) struct Motion {
    random: u64,
    ticks: u64,
    /// The folder at work, by index, and its step.
    busy: Option<(usize, u64)>,
}

impl Motion {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            random: seed,
            ticks: 0,
            busy: None,
        }
    }

    /// SplitMix64: small, good enough for a script, the same on every platform.
    fn next(&mut self, below: u64) -> u64 {
        self.random = self.random.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.random;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % below.max(1)
    }
}

/// What a process says when it starts; connects all unpaused devices.
pub(super) fn start(world: &mut World, now: Timestamp) -> Vec<Emitted> {
    let my_id = world.my_id().to_owned();
    let mut events = vec![Emitted::new(
        "Starting",
        json!({ "home": "", "myID": my_id }),
    )];
    for folder in world.folders.iter_mut().filter(|folder| !folder.paused) {
        folder.last_scan = Some(now);
        folder.state_since = Some(now);
    }
    for device in world.devices.iter_mut().skip(1) {
        device.in_bytes = 0;
        device.out_bytes = 0;
        if !device.paused {
            events.push(connect(device, now));
        }
    }
    events.push(Emitted::new("StartupComplete", json!({ "myID": my_id })));
    events
}

/// Advances the world by one step.
pub(super) fn tick(world: &mut World, now: Timestamp) -> Vec<Emitted> {
    world.motion.ticks += 1;
    let mut events = match world.motion.busy {
        None => begin(world, now),
        Some((index, step)) => advance(world, index, step, now),
    };
    if world.motion.ticks.is_multiple_of(DEVICE_EVERY) {
        events.extend(toggle_device(world, now));
    }
    events
}

/// Changes a folder's state and says so, as the real one does.
pub(super) fn change_state(folder: &mut Folder, to: &str, now: Timestamp) -> Emitted {
    let from = std::mem::replace(&mut folder.state, to.to_owned());
    let since = folder.state_since.replace(now);
    let duration = since.map_or(0.0, |since| (now - since).get_seconds() as f64);
    let mut data = json!({ "folder": folder.id, "from": from, "to": to, "duration": duration });
    if let Some(data) = data.as_object_mut().filter(|_| !folder.error.is_empty()) {
        data.insert("error".to_owned(), json!(folder.error));
    }
    Emitted::new("StateChanged", data)
}

/// `FolderSummary` for a folder as it stands.
pub(super) fn summary(folder: &Folder) -> Emitted {
    Emitted::new(
        "FolderSummary",
        json!({ "folder": folder.id, "summary": replies::folder_status(folder) }),
    )
}

/// `DeviceConnected`, and the device's state with it.
pub(super) fn connect(device: &mut Device, now: Timestamp) -> Emitted {
    device.connected = Some(now);
    device.last_seen = Some(now);
    Emitted::new(
        "DeviceConnected",
        json!({
            "addr": "127.0.0.1:22000", "clientName": "syncthing", "clientVersion": "v1.29.5",
            "deviceName": device.name, "id": device.id, "type": "tcp-client",
        }),
    )
}

/// `DeviceDisconnected`, and the device's state with it.
pub(super) fn disconnect(device: &mut Device, error: &str, now: Timestamp) -> Emitted {
    device.connected = None;
    device.last_seen = Some(now);
    Emitted::new(
        "DeviceDisconnected",
        json!({ "id": device.id, "error": error }),
    )
}

fn begin(world: &mut World, now: Timestamp) -> Vec<Emitted> {
    let free: Vec<usize> = world
        .folders
        .iter()
        .enumerate()
        .filter(|(_, folder)| !folder.paused && folder.state == "idle")
        .map(|(index, _)| index)
        .collect();
    let choice = world.motion.next(free.len() as u64);
    let Some(&index) = free.get(choice as usize) else {
        return Vec::new();
    };
    world.motion.busy = Some((index, 1));
    world.folders.get_mut(index).map_or_else(Vec::new, |folder| {
        vec![
            change_state(folder, "scan-waiting", now),
            change_state(folder, "scanning", now),
            Emitted::new(
                "FolderScanProgress",
                json!({ "folder": folder.id, "current": folder.global.bytes / 3, "total": folder.global.bytes, "rate": 104_857_600 }),
            ),
        ]
    })
}

fn advance(world: &mut World, index: usize, step: u64, now: Timestamp) -> Vec<Emitted> {
    let (items, size, whose) = (
        1 + world.motion.next(40),
        1 + world.motion.next(4_000_000),
        world.motion.next(2),
    );
    let other = world
        .devices
        .iter()
        .skip(1)
        .find(|device| device.connected.is_some())
        .map(|device| device.id.clone());
    let my_id = world.my_id().to_owned();
    let Some(folder) = world.folders.get_mut(index).filter(|folder| !folder.paused) else {
        world.motion.busy = None;
        return Vec::new();
    };
    world.motion.busy = Some((index, step + 1));
    if step == 1 {
        let news = Counts {
            items,
            deletes: 0,
            bytes: items * size,
        };
        folder.last_scan = Some(now);
        folder.global.items += news.items;
        folder.global.bytes += news.bytes;
        folder.sequence += news.items;
        return match other.filter(|id| whose == 1 && folder.devices.contains(id)) {
            // Found by our own scan: the other device has to fetch it.
            Some(device) => {
                folder.remote_need.insert(device.clone(), news);
                let mut events = changes(folder, "LocalChangeDetected", &my_id, items, 0);
                events.extend([
                    Emitted::new(
                        "LocalIndexUpdated",
                        json!({ "folder": folder.id, "items": items, "filenames": [], "sequence": folder.sequence, "version": folder.sequence }),
                    ),
                    change_state(folder, "idle", now),
                    summary(folder),
                    completion(folder, &device),
                ]);
                events
            }
            // Announced by another device: we fetch it.
            None => {
                folder.need = news;
                vec![
                    change_state(folder, "idle", now),
                    change_state(folder, "sync-waiting", now),
                    change_state(folder, "sync-preparing", now),
                    change_state(folder, "syncing", now),
                    summary(folder),
                ]
            }
        };
    }
    let left = (SYNC_STEPS + 1).saturating_sub(step);
    let device = folder.remote_need.keys().next().cloned();
    let events = match device {
        Some(device) => {
            let need = folder.remote_need.entry(device.clone()).or_default();
            *need = shrunk(*need, left);
            let event = completion(folder, &device);
            if left == 0 {
                folder.remote_need.remove(&device);
            }
            vec![event]
        }
        None => {
            let before = folder.need;
            folder.need = shrunk(before, left);
            let by = other.as_deref().unwrap_or_default();
            let (from, to) = (before.items, folder.need.items);
            let mut events = changes(folder, "RemoteChangeDetected", by, from, to);
            if left == 0 {
                folder.last_file = file_name(folder.sequence);
                events.push(change_state(folder, "idle", now));
            }
            events.push(summary(folder));
            events
        }
    };
    if left == 0 {
        world.motion.busy = None;
    }
    events
}

/// One of `left + 1` equal steps towards nothing needed.
fn shrunk(need: Counts, left: u64) -> Counts {
    let part = |count: u64| count / (left + 1) * left;
    Counts {
        items: if left == 0 {
            0
        } else {
            part(need.items).max(1)
        },
        deletes: 0,
        bytes: part(need.bytes),
    }
}

/// One event for each file that is done, when `from` files were left to do and now `to` are (lib/model/folder.go
/// emitDiskChangeEvents).
fn changes(folder: &Folder, kind: &str, device: &str, from: u64, to: u64) -> Vec<Emitted> {
    let by = device.split('-').next().unwrap_or_default();
    let first = folder.sequence.saturating_sub(from) + 1;
    (first..=folder.sequence.saturating_sub(to))
        .map(|number| {
            Emitted::new(
                kind,
                json!({
                    "action": "modified", "folder": folder.id, "folderID": folder.id, "label": folder.label,
                    "modifiedBy": by, "path": file_name(number), "type": "file",
                }),
            )
        })
        .collect()
}

fn file_name(number: u64) -> String {
    format!("file-{number}")
}

fn completion(folder: &Folder, device: &str) -> Emitted {
    // Only a device that is connected fetches anything.
    let mut data = super::completion::completion(folder, device, true);
    if let Some(data) = data.as_object_mut() {
        data.insert("folder".to_owned(), json!(folder.id));
        data.insert("device".to_owned(), json!(device));
    }
    Emitted::new("FolderCompletion", data)
}

fn toggle_device(world: &mut World, now: Timestamp) -> Option<Emitted> {
    let others = world.devices.len().saturating_sub(1) as u64;
    let choice = world.motion.next(others) as usize;
    let device = world
        .devices
        .get_mut(choice + 1)
        .filter(|device| !device.paused)?;
    Some(match device.connected {
        Some(_) => disconnect(device, "reading length: EOF", now),
        None => connect(device, now),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(seed: u64, ticks: usize) -> (World, Vec<Emitted>) {
        let mut world = World::demo(seed);
        let now = Timestamp::UNIX_EPOCH;
        let mut events = start(&mut world, now);
        for _ in 0..ticks {
            events.extend(tick(&mut world, now));
        }
        (world, events)
    }

    #[test]
    fn the_same_seed_gives_the_same_events() {
        assert_eq!(run(3, 60).1, run(3, 60).1);
        assert_ne!(run(3, 60).1, run(4, 60).1);
    }

    #[test]
    fn syncs_progress_and_end_and_devices_come_and_go() {
        let (_, events) = run(3, 200);
        for kind in [
            "StateChanged",
            "FolderSummary",
            "FolderCompletion",
            "FolderScanProgress",
            "DeviceConnected",
            "DeviceDisconnected",
            "LocalIndexUpdated",
            "LocalChangeDetected",
            "RemoteChangeDetected",
        ] {
            assert!(events.iter().any(|event| event.kind == kind), "{kind}");
        }
    }

    #[test]
    fn state_changes_follow_on_from_each_other() {
        let (world, events) = run(9, 300);
        for folder in &world.folders {
            let mut state = "idle".to_owned();
            for event in &events {
                if event.kind == "StateChanged" && event.data["folder"] == folder.id.as_str() {
                    assert_eq!(event.data["from"], state.as_str());
                    state = event.data["to"].as_str().unwrap().to_owned();
                }
            }
            assert_eq!(state, folder.state);
        }
    }

    #[test]
    fn every_sync_comes_to_an_end() {
        let mut world = World::demo(5);
        let mut needed = false;
        for _ in 0..300 {
            tick(&mut world, Timestamp::UNIX_EPOCH);
            needed |= world.folders.iter().any(|folder| folder.need.bytes > 0);
            if world.motion.busy.is_none() {
                assert!(world.folders.iter().all(|folder| {
                    folder.need == Counts::default()
                        && folder.remote_need.is_empty()
                        && folder.state == "idle"
                }));
            }
        }
        assert!(needed);
    }

    #[test]
    fn an_empty_world_is_quiet() {
        let mut world = World::empty(1, &[]);
        assert!(tick(&mut world, Timestamp::UNIX_EPOCH).is_empty());
    }
}
