//! What is said of whether others have what is here, and of who is behind and why.
//!
//! Names of devices and folders stand in these texts as they came; who shows them cleans them.

use super::service::{device_name, label};
use super::units::{ago, count, size};
use super::words::{is_synced, list};
use crate::core::safety::{Amount, Behind, Why};
use crate::core::service::{Device, DeviceState, Folder, FolderState, short_id};
use crate::core::{InstanceStatus, Kind, LinkState, Overall, Service, Status, Timestamp};

/// More reasons are only counted.
const MOST: usize = 5;

/// How a Syncthing is that is in order and at rest, without a full stop: whether it may be switched off, or what is
/// only here and who could take it.
pub fn verdict(service: &Service, now: Timestamp) -> String {
    if !service.synced {
        return "In order, but not everything is synced yet".into();
    }
    match service.safe {
        Some(true) if unshared(service).next().is_none() => {
            "Everything is synced: safe to shut down".into()
        }
        Some(true) => "Everything that is shared is synced: safe to shut down".into(),
        Some(false) => format!("Up to date; {}", only_here(service, now)),
        None => format!("Up to date{}", unknown(service)),
    }
}

/// How everything is that is watched, while nothing is going on or needs a look.
pub fn in_order(status: &Status) -> String {
    let instances = status.instances.iter().map(AsRef::as_ref);
    let watched: Vec<&InstanceStatus> = instances
        .filter(|instance: &&InstanceStatus| instance.overall() != Overall::Paused)
        .collect();
    let every = |holds: fn(&InstanceStatus) -> bool| watched.iter().all(|one| holds(one));
    // Others have nothing to be synced.
    if every(|one| one.kind != Kind::Syncthing) {
        "Everything is in order.".into()
    } else if every(is_synced) {
        let syncing: Vec<&InstanceStatus> = watched
            .into_iter()
            .filter(|one| one.kind == Kind::Syncthing)
            .collect();
        of_several(&syncing, status.time)
    } else if every(|one| one.link.state == LinkState::Connected) {
        "In order, but not everything is synced yet.".into()
    } else {
        "Everything was in order when last heard of.".into()
    }
}

/// The same of several that are all synced, with a full stop.
fn of_several(instances: &[&InstanceStatus], now: Timestamp) -> String {
    let services = || {
        let services = instances.iter();
        services.filter_map(|one| Some((one.name.as_str(), one.service.as_deref()?)))
    };
    if let [(_, only)] = services().collect::<Vec<_>>().as_slice() {
        return format!("{}.", verdict(only, now));
    }
    let such = |wanted| services().filter(move |(_, service)| service.safe == wanted);
    let unsafe_ones = such(Some(false));
    let unsafe_ones: Vec<String> = unsafe_ones
        .map(|(name, service)| format!("{name}: {}.", only_here(service, now)))
        .collect();
    match unsafe_ones.is_empty() {
        false => format!("Up to date. {}", unsafe_ones.join(" ")),
        true if such(None).next().is_none() => "Everything is synced: safe to shut down.".into(),
        true => "Everything is up to date.".into(),
    }
}

/// `3 files (105 KiB) of Notes are nowhere else yet`.
pub fn nowhere_else(service: &Service) -> String {
    let labels: Vec<&str> = lonely(service).map(label).collect();
    let amount = Amount {
        items: service.only_here.items,
        bytes: service.only_here.bytes,
    };
    format!("{} of {} {}", files(amount), list(&labels), nowhere(amount))
}

/// The same, and who could take it: `: phone was here 2 days ago`.
fn only_here(service: &Service, now: Timestamp) -> String {
    let what = nowhere_else(service);
    match who_could_take_it(service, now) {
        Some(why) => format!("{what}: {why}"),
        None => what,
    }
}

/// The folders in which something is only here.
fn lonely(service: &Service) -> impl Iterator<Item = &Folder> + Clone {
    let folders = service.folders.iter();
    folders.filter(|folder| !folder.only_here.is_nothing())
}

fn nowhere(amount: Amount) -> &'static str {
    match amount.items {
        1 => "is nowhere else yet",
        _ => "are nowhere else yet",
    }
}

/// What is to be said of a folder: what is only here, and who is behind for another reason than being slow.
pub fn of_folder(folder: &Folder, service: &Service, now: Timestamp) -> Vec<String> {
    let only_here = folder.only_here;
    let mut lines = Vec::new();
    if !only_here.is_nothing() {
        lines.push(format!("{} {}", files(only_here), nowhere(only_here)));
    }
    let told = |behind: &&Behind| match behind.why {
        Why::NotAccepted => true,
        Why::Paused => !is_paused_here(service, behind),
        Why::Away | Why::Syncing => folder.safe == Some(false),
    };
    let behind = folder.behind.iter().filter(told);
    let behind: Vec<&Behind> = behind.collect();
    lines.extend(behind.iter().take(MOST).map(|one| {
        let name = name(service, &one.device);
        let lacks = files(Amount {
            items: one.items,
            bytes: one.bytes,
        });
        match one.why {
            Why::NotAccepted => format!("{name} has not accepted it"),
            Why::Paused => format!("{name} has paused it and lacks {lacks}"),
            Why::Syncing => format!("{name} is taking {lacks}"),
            Why::Away => {
                let seen = seen("it", service, &one.device, now);
                format!("{name} lacks {lacks}; {seen}")
            }
        }
    }));
    if let Some(more @ 1..) = behind.len().checked_sub(MOST) {
        lines.push(format!("and {more} more"));
    }
    lines
}

/// What is to be said of a device: what it has not accepted, and what it has paused.
pub fn of_device(device: &Device, service: &Service) -> Vec<String> {
    let with = |wanted: Why| {
        let folders = service.folders.iter().filter(move |folder| {
            let mut behind = folder.behind.iter();
            behind.any(|one| one.why == wanted && one.device == device.id)
        });
        folders.map(label).collect::<Vec<&str>>()
    };
    let mut lines = Vec::new();
    let refused = with(Why::NotAccepted);
    if !refused.is_empty() {
        lines.push(format!("has not accepted {}", list(&refused)));
    }
    let paused = with(Why::Paused);
    if !paused.is_empty() && !is_paused(device) {
        lines.push(format!("has paused {}", list(&paused)));
    }
    lines
}

/// `3 files (105 KiB)`.
fn files(amount: Amount) -> String {
    match (amount.items, amount.bytes) {
        (0, bytes) => size(bytes),
        (items, 0) => count(items, "file"),
        (items, bytes) => format!("{} ({})", count(items, "file"), size(bytes)),
    }
}

/// Why it is not known whether it is safe, as the end of a sentence.
fn unknown(service: &Service) -> String {
    let shared = || {
        let folders = service.folders.iter();
        folders.filter(|folder| !folder.devices.is_empty())
    };
    let lonely: Vec<&str> = unshared(service).map(label).collect();
    if shared().next().is_none() && lonely.is_empty() {
        return String::new();
    }
    if shared().next().is_none() {
        let verb = if lonely.len() == 1 { "is" } else { "are" };
        return format!(
            ", but only here: {} {verb} shared with nobody",
            list(&lonely)
        );
    }
    let paused = shared().filter(|folder| folder.state == FolderState::Paused);
    let paused: Vec<&str> = paused.map(label).collect();
    let others = shared().filter(|folder| folder.state != FolderState::Paused);
    match paused.is_empty() {
        false if others.clone().all(|folder| folder.safe == Some(true)) => {
            format!(", except what is paused: {}", list(&paused))
        }
        _ => "; asking whether another device has all of it".into(),
    }
}

/// The folders that no other device shares.
fn unshared(service: &Service) -> impl Iterator<Item = &Folder> {
    let folders = service.folders.iter();
    folders.filter(|folder| folder.devices.is_empty() && folder.state != FolderState::Paused)
}

/// The best hope first: who takes it now, who was here last, who could be asked.
fn who_could_take_it(service: &Service, now: Timestamp) -> Option<String> {
    let folders = lonely(service);
    let behind = folders
        .clone()
        .flat_map(|folder| folder.behind.iter().map(move |behind| (folder, behind)));
    let best = behind.min_by_key(|(_, behind)| {
        let rank = match behind.why {
            Why::Syncing => 0,
            Why::Away => 1,
            Why::Paused => 2,
            Why::NotAccepted => 3,
        };
        let seen = device(service, &behind.device).and_then(|device| device.last_seen);
        (rank, std::cmp::Reverse(seen))
    });
    let Some((folder, behind)) = best else {
        let kept = folders.clone().any(|folder| folder.receive_only_items > 0);
        return kept
            .then(|| "what is changed in a receive-only folder is not sent to others".into());
    };
    let name = name(service, &behind.device);
    Some(match behind.why {
        Why::Syncing if service.only_here.items == 1 => format!("{name} is taking it"),
        Why::Syncing => format!("{name} is taking them"),
        Why::Away => seen(name, service, &behind.device, now),
        Why::Paused if is_paused_here(service, behind) => format!("{name} is paused"),
        Why::Paused => format!("{name} has paused {}", label(folder)),
        Why::NotAccepted => format!("{name} has not accepted {}", label(folder)),
    })
}

/// `phone was here 2 days ago`.
fn seen(who: &str, service: &Service, id: &str, now: Timestamp) -> String {
    match device(service, id).and_then(|device| device.last_seen) {
        Some(time) => format!("{who} was here {}", ago(now, time)),
        None => format!("{who} was never connected"),
    }
}

fn device<'a>(service: &'a Service, id: &str) -> Option<&'a Device> {
    service.devices.iter().find(|device| device.id == id)
}

fn name<'a>(service: &'a Service, id: &'a str) -> &'a str {
    device(service, id).map_or(short_id(id), device_name)
}

fn is_paused_here(service: &Service, behind: &Behind) -> bool {
    device(service, &behind.device).is_some_and(is_paused)
}

fn is_paused(device: &Device) -> bool {
    matches!(
        device.state,
        DeviceState::Paused | DeviceState::UnusedPaused
    )
}

#[cfg(test)]
mod tests;
