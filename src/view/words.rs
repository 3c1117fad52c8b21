//! The sentences: states, headlines, alerts. Folder and device states are named as Syncthing's own page does
//! (gui/default/index.html).
//!
//! Names of servers, folders and devices stand in these texts as they came; [`super::style`] cleans them.

use super::absence;
use super::link::{link_words, lost, lost_link};
use super::safety;
use super::style::Role;
use super::units::{count, rate, size, span};
use crate::core::service::{Device, DeviceState, Folder, FolderState, Unread};
use crate::core::{InstanceStatus, Kind, LinkState, Overall, Service, Status};

use std::time::Duration;

pub use reasons::{accepted, matter, reasons};

mod reasons;

/// What a folder's state is called.
pub fn folder_state(state: FolderState) -> (Role, &'static str) {
    match state {
        FolderState::Unknown => (Role::Dim, "Unknown"),
        FolderState::Paused => (Role::Dim, "Paused"),
        FolderState::Stopped => (Role::Bad, "Stopped"),
        FolderState::Scanning => (Role::Busy, "Scanning"),
        FolderState::ScanWaiting => (Role::Busy, "Waiting to Scan"),
        FolderState::SyncWaiting => (Role::Busy, "Waiting to Sync"),
        FolderState::SyncPreparing => (Role::Busy, "Preparing to Sync"),
        FolderState::Syncing => (Role::Busy, "Syncing"),
        FolderState::Cleaning => (Role::Busy, "Cleaning Versions"),
        FolderState::CleanWaiting => (Role::Busy, "Waiting to Clean"),
        FolderState::Starting => (Role::Busy, "Starting"),
        FolderState::OutOfSync => (Role::Bad, "Out of Sync"),
        FolderState::FailedItems => (Role::Bad, "Failed Items"),
        FolderState::LocalAdditions => (Role::Ok, "Local Additions"),
        FolderState::UnexpectedItems => (Role::Warn, "Unexpected Items"),
        FolderState::Unshared => (Role::Dim, "Unshared"),
        FolderState::UpToDate => (Role::Ok, "Up to Date"),
    }
}

/// What a device's state is called.
pub fn device_state(state: DeviceState) -> (Role, &'static str) {
    match state {
        DeviceState::Unknown => (Role::Dim, "Unknown"),
        DeviceState::Paused => (Role::Dim, "Paused"),
        DeviceState::UnusedPaused => (Role::Dim, "Paused (Unused)"),
        DeviceState::InSync => (Role::Ok, "Up to Date"),
        DeviceState::UnusedInSync => (Role::Ok, "Connected (Unused)"),
        DeviceState::Syncing => (Role::Busy, "Syncing"),
        DeviceState::Disconnected => (Role::Plain, "Disconnected"),
        DeviceState::UnusedDisconnected => (Role::Dim, "Disconnected (Unused)"),
        DeviceState::Inactive => (Role::Dim, "Disconnected (Inactive)"),
    }
}

/// What a config that was changed and is not valid means.
pub fn unchanged_config(problem: &str) -> String {
    format!("The changed config is not in force; the one before is. {problem}")
}

/// Said in the log when there is no desktop session.
pub fn no_session() -> &'static str {
    "There is no desktop session here, so there is no icon. Watching goes on; the other commands show how things are."
}

/// The title and the text of what is said once when no panel shows the icon. `desktop` is what it calls itself.
pub fn no_panel(desktop: &str) -> (String, String) {
    let is_gnome = desktop
        .split(':')
        .any(|name| name.eq_ignore_ascii_case("gnome"));
    let what = match is_gnome {
        true => {
            "GNOME shows no tray icons by itself. Install the extension 'AppIndicator and KStatusNotifierItem Support' (package gnome-shell-extension-appindicator), then log in again."
        }
        false => {
            "No panel of this desktop shows tray icons. Add a 'status tray' or 'system tray' to your panel; the icon appears by itself."
        }
    };
    let title = "The icon of syncwatch cannot be shown".to_owned();
    (
        title,
        format!("{what} Watching goes on, and notices are shown all the same."),
    )
}

/// How a link's state looks and what it is called at the beginning of a sentence.
pub fn link_state(state: LinkState) -> (Role, &'static str) {
    match state {
        LinkState::Starting => (Role::Busy, "Starting"),
        LinkState::Connected => (Role::Ok, "Connected"),
        LinkState::Rotating => (Role::Busy, "Rotating"),
        LinkState::Reconnecting => (Role::Busy, "Reconnecting"),
        LinkState::Disconnected => (Role::Bad, "Disconnected"),
        LinkState::Untrusted => (Role::Bad, "Untrusted"),
        LinkState::Unauthorized => (Role::Bad, "Unauthorized"),
        LinkState::Misconfigured => (Role::Bad, "Misconfigured"),
        LinkState::Paused => (Role::Dim, "Paused"),
    }
}

/// The one sentence above everything.
pub fn headline(status: &Status) -> (Role, String) {
    let instances = || status.instances.iter().map(AsRef::as_ref);
    let names = |wanted: Overall| {
        let all: Vec<&str> = instances()
            .filter(|instance| instance.overall() == wanted)
            .map(|instance| instance.name.as_str())
            .collect();
        list(&all)
    };
    let watched = || instances().filter(|instance| instance.overall() != Overall::Paused);
    match status.overall {
        Overall::Alert => (
            Role::Bad,
            format!(
                "Security alert: the certificate of {} is not trusted.",
                names(Overall::Alert)
            ),
        ),
        Overall::Offline => (
            Role::Bad,
            format!(
                "{}.",
                lost(
                    &names(Overall::Offline),
                    LinkState::Disconnected,
                    Kind::default()
                )
            ),
        ),
        Overall::Attention => (Role::Warn, attention(instances())),
        Overall::Busy => (Role::Busy, busy(instances())),
        Overall::Paused => (Role::Dim, absence::nobody_watched(instances())),
        Overall::Ok if status.instances.is_empty() => (
            Role::Dim,
            "Nothing is watched: the config names no instance.".into(),
        ),
        Overall::Ok => {
            let sentence = safety::in_order(status);
            let known = all_accepted(watched());
            let waiting = all_waiting(watched());
            (Role::Ok, format!("{sentence}{known}{waiting}"))
        }
    }
}

/// Connected, and nothing is left to be synced.
pub fn is_synced(instance: &InstanceStatus) -> bool {
    let synced = instance
        .service
        .as_ref()
        .is_some_and(|service| service.synced);
    instance.link.state == LinkState::Connected && synced
}

/// What an instance is waiting for or doing, in few words: `syncing 3 folders`, `reconnecting`.
pub fn doing(instance: &InstanceStatus) -> String {
    let (_, state) = link_words(&instance.link);
    match &instance.service {
        _ if instance.link.state != LinkState::Connected => {
            absence::in_short(&instance.link).unwrap_or_else(|| state.to_lowercase())
        }
        None => "waiting for the first answer".into(),
        Some(service) => match work(service) {
            Some(work) => work,
            None if service.synced && instance.kind != Kind::Syncthing => "in order".into(),
            None if service.synced => "synced".into(),
            None => match reasons(instance).first() {
                Some(reason) => reason.clone(),
                None => "not synced yet".into(),
            },
        },
    }
}

/// `3 highlights, 1 private message, 12 unread`; `None` when nothing waits to be read.
pub fn waiting(unread: &Unread) -> Option<String> {
    let some = |number: u64, one: &str| (number > 0).then(|| count(number, one));
    let parts = [
        some(unread.highlights, "highlight"),
        some(unread.private, "private message"),
        (unread.messages > 0).then(|| format!("{} unread", unread.messages)),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// The same of every instance that has something.
fn all_accepted<'a>(instances: impl Iterator<Item = &'a InstanceStatus>) -> String {
    let accepted = instances.filter_map(|one| Some(format!(" {}: {}.", one.name, accepted(one)?)));
    accepted.collect()
}

/// The same for every instance in which something waits.
fn all_waiting<'a>(instances: impl Iterator<Item = &'a InstanceStatus>) -> String {
    let waiting = instances.filter_map(|instance| {
        let unread = instance.service.as_ref()?.unread?;
        Some(format!(" {}: {}.", instance.name, waiting(&unread)?))
    });
    waiting.collect()
}

/// `a`, `a and b`, `a, b and 3 more`.
pub fn list(names: &[&str]) -> String {
    match names {
        [] => "nothing".into(),
        [one] => (*one).to_owned(),
        [one, two] => format!("{one} and {two}"),
        [one, two, three] => format!("{one}, {two} and {three}"),
        [one, two, rest @ ..] => format!("{one}, {two} and {} more", rest.len()),
    }
}

fn attention<'a>(instances: impl Iterator<Item = &'a InstanceStatus>) -> String {
    let all: Vec<_> = instances
        .filter(|instance| instance.overall() == Overall::Attention)
        .collect();
    let (unpinned, others): (Vec<_>, Vec<_>) = all
        .into_iter()
        .partition(|instance| instance.link.is_unpinned());
    let names: Vec<&str> = unpinned.iter().map(|it| it.name.as_str()).collect();
    let unpinned = unpinned
        .first()
        .map(|first| format!("{}.", lost_link(&list(&names), first)));
    let sentences: Vec<String> = others
        .into_iter()
        .map(|instance| match instance.link.state {
            state if state.is_loud() => {
                format!("{}.", lost(&instance.name, state, instance.kind))
            }
            _ => format!(
                "{} needs a look: {}.",
                instance.name,
                reasons(instance).join("; ")
            ),
        })
        .chain(unpinned)
        .collect();
    sentences.join(" ")
}

fn busy<'a>(instances: impl Iterator<Item = &'a InstanceStatus>) -> String {
    let busy: Vec<&InstanceStatus> = instances
        .filter(|instance| instance.overall() == Overall::Busy)
        .collect();
    let works: Vec<(&str, String)> = busy
        .iter()
        .filter_map(|instance| Some((instance.name.as_str(), work(instance.service.as_deref()?)?)))
        .collect();
    match works.as_slice() {
        [] => {
            let names: Vec<&str> = busy.iter().map(|instance| instance.name.as_str()).collect();
            format!("Waiting for the first answer from {}.", list(&names))
        }
        [(name, work)] => format!("{name} is {work}."),
        several => {
            let names: Vec<&str> = several.iter().map(|(name, _)| *name).collect();
            format!("{} are busy.", list(&names))
        }
    }
}

/// What is going on; `None` when nothing is.
fn work(service: &Service) -> Option<String> {
    let folders: Vec<&Folder> = service
        .folders
        .iter()
        .filter(|folder| folder.state.is_busy())
        .collect();
    let labels = |wanted: &[FolderState]| {
        let labels: Vec<&str> = folders
            .iter()
            .filter(|folder| wanted.contains(&folder.state))
            .map(|folder| folder.label.as_str())
            .collect();
        (!labels.is_empty()).then(|| list(&labels))
    };
    let syncing = [
        FolderState::Syncing,
        FolderState::SyncPreparing,
        FolderState::SyncWaiting,
    ];
    if let Some(labels) = labels(&syncing) {
        let left: u64 = folders
            .iter()
            .fold(0, |sum, folder| sum.saturating_add(folder.need_bytes));
        return Some(format!(
            "syncing {labels}{}",
            left_to_go(left, service.rates.in_bps)
        ));
    }
    if let Some(labels) = labels(&[FolderState::Scanning, FolderState::ScanWaiting]) {
        return Some(format!("scanning {labels}"));
    }
    if let Some(folder) = folders.first() {
        return Some(format!(
            "{} {}",
            folder_state(folder.state).1.to_lowercase(),
            folder.label
        ));
    }
    let devices: Vec<&Device> = service
        .devices
        .iter()
        .filter(|device| device.state == DeviceState::Syncing)
        .collect();
    let names: Vec<&str> = devices.iter().map(|device| device.name.as_str()).collect();
    let left: u64 = devices
        .iter()
        .fold(0, |sum, device| sum.saturating_add(device.need_bytes));
    (!names.is_empty()).then(|| {
        format!(
            "syncing to {}{}",
            list(&names),
            left_to_go(left, service.rates.out_bps)
        )
    })
}

/// `: 1.2 GiB to go at 2.1 MiB/s, about 10 min`. A rate of a few bytes would promise nonsense.
fn left_to_go(bytes: u64, bytes_per_second: u64) -> String {
    match bytes_per_second {
        _ if bytes == 0 => String::new(),
        0..1024 => format!(": {} to go", size(bytes)),
        rate_now => format!(
            ": {} to go at {}, about {}",
            size(bytes),
            rate(rate_now),
            span(Duration::from_secs(bytes / rate_now + 1))
        ),
    }
}

#[cfg(test)]
mod tests;
