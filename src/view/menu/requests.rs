//! What other devices ask for: to connect, or to share a folder. Their names are whatever they call themselves.

use super::Item;
use super::item::{Scope, paragraph};
use super::slots::Entry;
use super::text::{middle, moment, name_or};
use super::{Slots, Subject};
use crate::core::service::{PendingDevice, PendingFolder, short_id};
use crate::core::{Action, Service, Timestamp};

/// More are only counted; the web page has them all.
const MOST: usize = 12;

/// The submenu of all requests.
pub(super) fn submenu(subject: &Subject<'_>, slots: &mut Slots) -> Item {
    let none = Service::default();
    let service = subject.instance.service.as_deref().unwrap_or(&none);
    let mut items = devices(subject, service, slots);
    items.extend(folders(subject, service, slots));
    let number = service.pending_devices.len() + service.pending_folders.len();
    let shown = service.pending_devices.len().min(MOST) + service.pending_folders.len().min(MOST);
    let rest = match number.saturating_sub(shown) {
        0 => String::new(),
        rest => format!("And {rest} more: see the web page"),
    };
    items.push(Item::text(subject.scope.leaf("requests/rest"), &rest));
    let label = format!("Requests: {number}");
    Item::submenu(subject.scope.leaf("requests"), &label, items).shown(number > 0)
}

fn devices(subject: &Subject<'_>, service: &Service, slots: &mut Slots) -> Vec<Item> {
    let asking: Vec<&PendingDevice> = service.pending_devices.iter().take(MOST).collect();
    let entries: Vec<Entry> = asking
        .iter()
        .map(|device| Entry::of(device.id.clone()))
        .collect();
    let places = slots.place(&subject.scope.leaf("new-devices"), &entries);
    let places = places.direct.iter();
    places
        .map(|place| {
            let device = place.entry(&asking).copied();
            new_device(subject, &subject.thing("new-device", place), device)
        })
        .collect()
}

fn folders(subject: &Subject<'_>, service: &Service, slots: &mut Slots) -> Vec<Item> {
    let offered: Vec<&PendingFolder> = service.pending_folders.iter().take(MOST).collect();
    let entries: Vec<Entry> = offered
        .iter()
        .map(|folder| Entry::of(format!("{}@{}", folder.id, folder.offered_by)))
        .collect();
    let places = slots.place(&subject.scope.leaf("new-folders"), &entries);
    let places = places.direct.iter();
    places
        .map(|place| {
            let folder = place.entry(&offered).copied();
            new_folder(
                subject,
                service,
                &subject.thing("new-folder", place),
                folder,
            )
        })
        .collect()
}

fn new_device(subject: &Subject<'_>, scope: &Scope, device: Option<&PendingDevice>) -> Item {
    let none = PendingDevice::default();
    let shown = device.unwrap_or(&none);
    let id = || shown.id.clone();
    let name = name_or(&shown.name, short_id(&shown.id));
    let mut items = paragraph(scope, "id", &format!("ID: {}", broken(&shown.id)), 2);
    items.extend([
        Item::text(scope.leaf("address"), &said("From", &shown.address)),
        asked(subject, scope, shown.time),
        Item::separator(scope.leaf("line")),
        answer(
            subject,
            scope,
            "accept",
            Action::AcceptDevice { device: id() },
        ),
        answer(
            subject,
            scope,
            "ignore",
            Action::IgnoreDevice { device: id() },
        ),
    ]);
    let item = Item::submenu(scope.id(), &format!("{name} wants to connect"), items);
    match device {
        Some(_) => item,
        None => item.hole(),
    }
}

fn new_folder(
    subject: &Subject<'_>,
    service: &Service,
    scope: &Scope,
    folder: Option<&PendingFolder>,
) -> Item {
    let none = PendingFolder::default();
    let shown = folder.unwrap_or(&none);
    let known = service.devices.iter();
    let by = known
        .clone()
        .find(|device| device.id == shown.offered_by)
        .map_or("", |device| device.name.as_str());
    let by = middle(&name_or(by, short_id(&shown.offered_by)), 24);
    let label = middle(&name_or(&shown.label, &shown.id), 24);
    let accept = Action::AcceptFolder {
        folder: shown.id.clone(),
        device: shown.offered_by.clone(),
        path: None,
    };
    let ignore = Action::IgnoreFolder {
        folder: shown.id.clone(),
        device: shown.offered_by.clone(),
    };
    let items = vec![
        Item::text(scope.leaf("id"), &said("ID", &shown.id)),
        Item::text(
            scope.leaf("by"),
            &format!(
                "Offered by {by} ({})",
                middle(short_id(&shown.offered_by), 24)
            ),
        ),
        asked(subject, scope, shown.time),
        Item::text(
            scope.leaf("place"),
            "It will be put into the server's default place",
        ),
        Item::separator(scope.leaf("line")),
        answer(subject, scope, "accept", accept),
        answer(subject, scope, "ignore", ignore),
    ];
    let item = Item::submenu(scope.id(), &format!("{by} offers {label}"), items);
    match folder {
        Some(_) => item,
        None => item.hole(),
    }
}

fn answer(subject: &Subject<'_>, scope: &Scope, word: &str, action: Action) -> Item {
    let label = match word {
        "accept" => "Accept",
        _ => "Ignore from now on",
    };
    Item::button(scope.leaf(word), label, subject.control(action)).usable(subject.connected)
}

fn asked(subject: &Subject<'_>, scope: &Scope, time: Option<Timestamp>) -> Item {
    let time = time.map(|time| format!("Asked: {}", moment(time, subject.frame)));
    Item::text(scope.leaf("time"), &time.unwrap_or_default())
}

fn said(title: &str, text: &str) -> String {
    match text {
        "" => String::new(),
        text => format!("{title}: {}", middle(text, 48)),
    }
}

/// A device ID is a little wider than a label: half of its groups on each line.
fn broken(id: &str) -> String {
    let groups: Vec<&str> = id.split('-').collect();
    match groups.split_at_checked(4) {
        Some((first, rest)) if !rest.is_empty() => {
            format!("{}- {}", first.join("-"), rest.join("-"))
        }
        _ => id.to_owned(),
    }
}
