//! What a service says of itself: folders, devices, requests, errors.

use super::Frame;
use super::safety;
use super::style::{Line, Page, Role};
use super::table::{Column, Table};
use super::units::{ago, count, rate, size};
use super::words::{device_state, folder_state};
use crate::core::Service;
use crate::core::service::{Device, DeviceState, Folder, FolderState, PendingFolder, short_id};

/// With more of them, those that are up to date are only counted.
const LONG: usize = 20;
/// More requests and errors are only counted.
const MOST: usize = 5;
/// As many as a person writes into a config.
const MOST_FACTS: usize = 100;
/// Below this there is no room for the number of items and for when a device was seen.
const NARROW: usize = 60;

/// Adds what is to be said of the service of `instance` to its page.
pub(super) fn write(page: &mut Page, service: &Service, instance: &str, frame: &Frame) {
    let indent = super::status::INDENT;
    if service.rates.in_bps > 0 || service.rates.out_bps > 0 {
        let (received, sent) = (rate(service.rates.in_bps), rate(service.rates.out_bps));
        page.paragraph(
            Role::Plain,
            &format!("Receiving {received}, sending {sent}."),
            indent,
            frame.width,
        );
    }
    if service.restart_required {
        let text = "It asks to be restarted, for its configuration to take effect.";
        page.paragraph(Role::Warn, text, indent, frame.width);
    }
    facts(page, service, frame, indent);
    folders(page, service, frame, indent);
    devices(page, service, frame, indent);
    requests(page, service, instance, frame, indent);
    conflicts(page, service, frame, indent);
    errors(page, service, frame, indent);
}

fn facts(page: &mut Page, service: &Service, frame: &Frame, indent: usize) {
    for fact in service.facts.iter().take(MOST_FACTS) {
        let role = if fact.attention {
            Role::Warn
        } else {
            Role::Plain
        };
        let text = format!("{}: {}", fact.name, fact.value);
        page.paragraph(role, &text, indent, frame.width);
    }
}

fn folders(page: &mut Page, service: &Service, frame: &Frame, indent: usize) {
    let mut table = Table::new(&[
        Column::left("Folder", Some(8)),
        Column::left("State", Some(7)),
        Column::right("Done", None),
        Column::right("Needed", None),
    ]);
    let shorten = service.folders.len() > LONG && !frame.all;
    let is_quiet = |folder: &&Folder| {
        folder.state == FolderState::UpToDate
            && troubles(folder).is_empty()
            && safety::of_folder(folder, service, frame.now).is_empty()
    };
    let (mut hidden, mut bytes) = (0, 0_u64);
    for folder in &service.folders {
        if shorten && is_quiet(&folder) {
            hidden += 1;
            bytes = bytes.saturating_add(folder.local_bytes);
            continue;
        }
        let (role, state) = folder_state(folder.state);
        let percent = match folder.state {
            FolderState::Paused | FolderState::Unknown | FolderState::Stopped => String::new(),
            _ => format!("{}%", folder.percent),
        };
        let needed = needed(folder.need_items, folder.need_bytes, frame.width);
        table.row(
            vec![
                Line::of(Role::Strong, label(folder)),
                Line::of(role, state),
                Line::plain(&percent),
                Line::plain(&needed),
            ],
            folder_notes(folder, service, frame, indent + 2),
        );
    }
    page.gap();
    page.append(table.page(indent, frame.width));
    if hidden > 0 {
        let text = format!(
            "and {} up to date, {}",
            count(hidden, "more folder"),
            size(bytes)
        );
        page.push(Line::plain(&" ".repeat(indent)).with(Role::Dim, &text));
    }
}

pub(super) fn label(folder: &Folder) -> &str {
    if folder.label.is_empty() {
        &folder.id
    } else {
        &folder.label
    }
}

fn folder_notes(folder: &Folder, service: &Service, frame: &Frame, indent: usize) -> Page {
    let mut notes = Page::default();
    let mut note = |role, text: &str| notes.paragraph(role, text, indent, frame.width);
    for (role, trouble) in troubles(folder) {
        note(role, &trouble);
    }
    if folder.receive_only_items > 0 {
        let items = count(folder.receive_only_items, "item");
        note(
            Role::Plain,
            &format!("{items} changed here, which is not sent to others"),
        );
    }
    for line in safety::of_folder(folder, service, frame.now) {
        note(Role::Plain, &line);
    }
    notes
}

/// What is wrong with a folder, in full, the worst first.
pub(super) fn troubles(folder: &Folder) -> Vec<(Role, String)> {
    let error = folder.error.clone().map(|error| (Role::Bad, error));
    let failed = (folder.failed_items > 0).then(|| {
        let items = count(folder.failed_items, "item");
        let why = folder.why_failed().map(|why| format!(": {why}"));
        let why = why.unwrap_or_default();
        (Role::Bad, format!("{items} could not be synced{why}"))
    });
    let unwatched = folder.watch_error.as_ref().map(|why| {
        let text = format!("Changes are not noticed before the next full scan: {why}");
        (Role::Warn, text)
    });
    [error, failed, unwatched].into_iter().flatten().collect()
}

fn devices(page: &mut Page, service: &Service, frame: &Frame, indent: usize) {
    let mut table = Table::new(&[
        Column::left("Device", Some(8)),
        Column::left("State", Some(7)),
        Column::right("Done", None),
        Column::right("Needed", None),
        Column::left("Seen", Some(4)),
    ]);
    let shorten = service.devices.len() > LONG && !frame.all;
    let mut hidden = 0;
    for device in &service.devices {
        let told = safety::of_device(device, service);
        if shorten && device.state == DeviceState::InSync && told.is_empty() {
            hidden += 1;
            continue;
        }
        let (role, state) = device_state(device.state);
        let known = device.state != DeviceState::Unknown;
        let mut notes = device_notes(device, frame, indent + 2);
        for line in &told {
            notes.paragraph(Role::Plain, line, indent + 2, frame.width);
        }
        table.row(
            vec![
                Line::of(Role::Strong, device_name(device)),
                Line::of(role, state),
                Line::plain(&if known {
                    format!("{}%", device.percent)
                } else {
                    String::new()
                }),
                Line::plain(&needed(device.need_items, device.need_bytes, frame.width)),
                Line::of(Role::Dim, &seen(device, frame)),
            ],
            notes,
        );
    }
    page.gap();
    page.append(table.page(indent, frame.width));
    if hidden > 0 {
        let text = format!("and {} up to date", count(hidden, "more device"));
        page.push(Line::plain(&" ".repeat(indent)).with(Role::Dim, &text));
    }
}

fn device_notes(device: &Device, frame: &Frame, indent: usize) -> Page {
    let mut notes = Page::default();
    if let Some(text) = unsteady(device) {
        notes.paragraph(Role::Warn, &text, indent, frame.width);
    }
    notes
}

/// That its connection never lasts, and why.
pub(super) fn unsteady(device: &Device) -> Option<String> {
    let text = "Its connection ends as soon as it begins";
    device.unsteady.as_deref().map(|why| match why {
        "" => text.to_owned(),
        why => format!("{text}: {why}"),
    })
}

fn seen(device: &Device, frame: &Frame) -> String {
    match device.last_seen {
        _ if device.connected || frame.width < NARROW => String::new(),
        Some(time) => ago(frame.now, time),
        None => "never".into(),
    }
}

pub(super) fn device_name(device: &Device) -> &str {
    if device.name.is_empty() {
        short_id(&device.id)
    } else {
        &device.name
    }
}

pub(super) fn needed(items: u64, bytes: u64, width: usize) -> String {
    match (items, bytes) {
        (0, 0) => String::new(),
        (0, bytes) => size(bytes),
        (items, 0) => count(items, "item"),
        (_, bytes) if width < NARROW => size(bytes),
        (items, bytes) => format!("{}, {}", count(items, "item"), size(bytes)),
    }
}

fn requests(page: &mut Page, service: &Service, instance: &str, frame: &Frame, indent: usize) {
    let number = service.pending_devices.len() + service.pending_folders.len();
    if number == 0 {
        return;
    }
    page.gap();
    let mut say = |role, text: &str| page.paragraph(role, text, indent, frame.width);
    let since = |time: Option<_>| {
        time.map(|time| format!(", {}", ago(frame.now, time)))
            .unwrap_or_default()
    };
    for device in service.pending_devices.iter().take(MOST) {
        let name = if device.name.is_empty() {
            "A device"
        } else {
            &device.name
        };
        let (id, address) = (short_id(&device.id), &device.address);
        let since = since(device.time);
        say(
            Role::Warn,
            &format!("{name} ({id}) wants to connect from {address}{since}."),
        );
    }
    for folder in service.pending_folders.iter().take(MOST) {
        let PendingFolder {
            id,
            label,
            offered_by,
            time,
        } = folder;
        let by = service
            .devices
            .iter()
            .find(|device| device.id == *offered_by);
        let by = by.map_or(short_id(offered_by), device_name);
        let label = if label.is_empty() { id } else { label };
        say(
            Role::Warn,
            &format!("{by} offers the folder {label} ({id}){}.", since(*time)),
        );
    }
    let shown = service.pending_devices.len().min(MOST) + service.pending_folders.len().min(MOST);
    if number > shown {
        say(Role::Dim, &format!("And {} more.", number - shown));
    }
    say(
        Role::Dim,
        &format!(
            "Answer with 'syncwatch accept' or 'syncwatch ignore' (--instance {instance}), or on its own page: syncwatch open"
        ),
    );
}

fn conflicts(page: &mut Page, service: &Service, frame: &Frame, indent: usize) {
    if service.conflicts.is_empty() {
        return;
    }
    page.gap();
    for conflict in service.conflicts.iter().take(MOST) {
        let folder = service.folders.iter().find(|it| it.id == conflict.folder);
        let folder = folder.map_or(conflict.folder.as_str(), label);
        let (path, since) = (&conflict.path, ago(frame.now, conflict.time));
        let text = format!("Conflict copy in {folder}, {since}: {path}");
        page.paragraph(Role::Warn, &text, indent, frame.width);
    }
    let more = service.conflicts.len().saturating_sub(MOST);
    let mut text = String::from("Keep what you want of the two versions, then delete the copy.");
    if more > 0 {
        text = format!("And {more} more. {text}");
    }
    page.paragraph(Role::Dim, &text, indent, frame.width);
}

fn errors(page: &mut Page, service: &Service, frame: &Frame, indent: usize) {
    if service.errors.is_empty() {
        return;
    }
    page.gap();
    let older = service.errors.len().saturating_sub(MOST);
    for error in service.errors.iter().skip(older) {
        let text = format!("Error {}: {}", ago(frame.now, error.time), error.message);
        page.paragraph(Role::Bad, &text, indent, frame.width);
    }
    if older > 0 {
        let text = format!(
            "{} before",
            count(u64::try_from(older).unwrap_or(u64::MAX), "error")
        );
        page.paragraph(Role::Dim, &text, indent, frame.width);
    }
}
