//! The lines that say how things are, short enough for a menu.

use std::sync::Arc;
use std::time::Duration;

use super::text::{moment, name_or};
use crate::core::service::{DeviceState, Folder, FolderState};
use crate::core::{
    Hold, HoldCause, InstanceStatus, Kind, LinkState, Overall, Service, Status, Why,
};
use crate::view::link::lost_link;
use crate::view::safety;
use crate::view::units::{size, span};
use crate::view::words::{self, list, reasons};
use crate::view::{Frame, absence};

/// Slower rates promise nonsense.
const LEAST_RATE: u64 = 1024;

/// The status with the last known state in place of a failure that is not shown.
pub(super) fn calm(status: &Status) -> Status {
    let mut status = status.clone();
    for instance in &mut status.instances {
        let hidden = matches!(
            instance.link.state,
            LinkState::Rotating | LinkState::Reconnecting
        );
        // Whoever was shut down or has its database to upgrade is away for longer than a moment.
        let expected = instance.link.expected.as_ref().map(|expected| expected.why);
        let long = matches!(expected, Some(Why::Shutdown | Why::Database));
        if hidden && !long {
            let link = &mut Arc::make_mut(instance).link;
            link.state = LinkState::Connected;
            (link.failure, link.next_attempt) = (None, None);
        }
    }
    status
}

/// The name of an instance and how it is, in a few words.
pub(super) fn title(instance: &InstanceStatus) -> String {
    let name = name_or(&instance.name, "");
    let state = match instance.link.state {
        LinkState::Paused => "not watched".into(),
        LinkState::Untrusted => "certificate not trusted".into(),
        _ if instance.link.is_unpinned() => "certificate not pinned yet".into(),
        LinkState::Unauthorized => format!("refuses the {}", instance.kind.login()),
        LinkState::Misconfigured => "cannot work as configured".into(),
        LinkState::Disconnected => "cannot be reached".into(),
        _ => match (
            absence::in_short(&instance.link),
            instance.service.as_deref(),
        ) {
            (Some(absence), _) => absence,
            (None, Some(service)) => in_short(instance, service),
            (None, None) => "waiting".into(),
        },
    };
    format!("{name}: {state}")
}

/// How an instance is.
pub(super) fn sentence(instance: &InstanceStatus, frame: &Frame) -> String {
    let name = name_or(&instance.name, "");
    match instance.link.state {
        LinkState::Paused => format!("{name} is not watched"),
        LinkState::Untrusted => "Security alert: the certificate is not trusted".into(),
        LinkState::Unauthorized | LinkState::Misconfigured => lost_link(&name, instance),
        LinkState::Disconnected => match &instance.link.failure {
            Some(failure) => {
                let since = moment(failure.since, frame);
                format!("{name} cannot be reached since {since}")
            }
            None => format!("{name} cannot be reached"),
        },
        _ if let Some(absence) = absence::in_short(&instance.link) => format!("{name}: {absence}"),
        _ => match instance.service.as_deref() {
            Some(service) => of_service(instance, service, frame),
            None => format!("Waiting for the first answer from {name}"),
        },
    }
}

/// What is going on, how far it is and how long it takes; `None` when nothing is.
pub(super) fn progress(service: &Service) -> Option<String> {
    let busy = || {
        let folders = service.folders.iter();
        folders.filter(|folder| folder.state.is_busy())
    };
    let syncing = |folder: &&Folder| {
        matches!(
            folder.state,
            FolderState::Syncing | FolderState::SyncPreparing | FolderState::SyncWaiting
        )
    };
    if busy().any(|folder| syncing(&folder)) {
        let left = busy().map(|folder| folder.need_bytes);
        let left = left.fold(0, u64::saturating_add);
        let to_go = to_go(left, service.rates.in_bps);
        return Some(format!("Syncing{}{to_go}", percent(service)));
    }
    if let Some(first) = busy().next() {
        let same = busy().filter(|folder| folder.state == first.state);
        let names: Vec<String> = same
            .map(|folder| name_or(&folder.label, &folder.id))
            .collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let state = words::folder_state(first.state).1;
        return Some(format!("{state}: {}", list(&names)));
    }
    let devices = service.devices.iter();
    let devices: Vec<_> = devices
        .filter(|device| device.state == DeviceState::Syncing)
        .collect();
    let least = devices.iter().map(|device| device.percent).min()?;
    let names: Vec<String> = devices
        .iter()
        .map(|device| name_or(&device.name, &device.id))
        .collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let left = devices.iter().map(|device| device.need_bytes);
    let to_go = to_go(left.fold(0, u64::saturating_add), service.rates.out_bps);
    Some(format!("Sending to {}, {least}%{to_go}", list(&names)))
}

/// Until when, or as long as what, parts are paused.
pub(super) fn hold(hold: &Hold, frame: &Frame) -> String {
    match (hold.cause, hold.until) {
        (HoldCause::User, Some(until)) => format!("Paused until {}", moment(until, frame)),
        (HoldCause::User, None) => "Paused until you resume".into(),
        (HoldCause::Metered, _) => "Paused while the network is metered".into(),
        (HoldCause::Battery, _) => "Paused while on battery".into(),
    }
}

fn in_short(instance: &InstanceStatus, service: &Service) -> String {
    let syncing = service.folders.iter().any(|folder| {
        matches!(
            folder.state,
            FolderState::Syncing | FolderState::SyncPreparing | FolderState::SyncWaiting
        )
    });
    match instance.overall() {
        Overall::Attention => "needs a look".into(),
        Overall::Busy if syncing => format!("syncing{}", percent(service)),
        Overall::Busy if service.folders.iter().any(|folder| folder.state.is_busy()) => {
            "scanning".into()
        }
        Overall::Busy => "sending".into(),
        _ if !instance.holds.is_empty() => "paused".into(),
        _ if instance.kind != Kind::Syncthing => {
            let waiting = service.unread.as_ref().and_then(words::waiting);
            waiting.unwrap_or_else(|| "connected".into())
        }
        _ if service.synced && service.safe == Some(false) => "up to date, some only here".into(),
        _ if service.synced => "up to date".into(),
        _ => "in order".into(),
    }
}

fn of_service(instance: &InstanceStatus, service: &Service, frame: &Frame) -> String {
    if instance.needs_attention() {
        return format!("Needs a look: {}", reasons(instance).join("; "));
    }
    if let Some(progress) = progress(service) {
        return progress;
    }
    if let Some(first) = instance.holds.first() {
        return hold(first, frame);
    }
    if let Some(known) = words::accepted(instance) {
        return format!("In order; {known}");
    }
    if instance.kind == Kind::Syncthing {
        return safety::verdict(service, frame.now);
    }
    let name = name_or(&instance.name, "");
    match service.unread.as_ref().and_then(words::waiting) {
        Some(waiting) => format!("{name}: {waiting}"),
        None => format!("{name} is connected"),
    }
}

/// How much of all that is to be here is here.
fn percent(service: &Service) -> String {
    let counted = || {
        service.folders.iter().filter(|folder| {
            !matches!(
                folder.state,
                FolderState::Paused | FolderState::Unknown | FolderState::Stopped
            )
        })
    };
    let sum = |bytes: fn(&Folder) -> u64| {
        let bytes = counted().map(|folder| u128::from(bytes(folder)));
        bytes.sum::<u128>()
    };
    let (here, all) = (
        sum(|folder| folder.in_sync_bytes),
        sum(|folder| folder.global_bytes),
    );
    let percent = match (here * 100).checked_div(all) {
        Some(percent) => u8::try_from(percent).unwrap_or(99).min(99),
        // Nothing but empty files.
        None => match counted().map(|folder| folder.percent).min() {
            Some(least) => least.min(99),
            None => return String::new(),
        },
    };
    format!(", {percent}%")
}

/// `: 1.2 GiB to go, about 10 min`.
fn to_go(bytes: u64, bytes_per_second: u64) -> String {
    match bytes_per_second {
        _ if bytes == 0 => String::new(),
        0..LEAST_RATE => format!(": {} to go", size(bytes)),
        rate => {
            let left = Duration::from_secs(bytes / rate + 1);
            format!(": {} to go, about {}", size(bytes), span(left))
        }
    }
}
