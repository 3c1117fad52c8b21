//! The devices: a submenu for each, all within one.

use super::Item;
use super::folders::{group_of, more};
use super::item::Scope;
use super::slots::{Entry, Place};
use super::text::{middle, moment, name_or};
use super::{Slots, Subject};
use crate::core::service::{Device, DeviceState, short_id};
use crate::core::{Action, Part};
use crate::view::safety;
use crate::view::service::unsteady;
use crate::view::units::{count, rate, size};
use crate::view::words::device_state;

/// The submenu of all devices.
pub(super) fn submenu(subject: &Subject<'_>, slots: &mut Slots) -> Item {
    let mut devices: Vec<&Device> = match &subject.instance.service {
        Some(service) => service.devices.iter().collect(),
        None => Vec::new(),
    };
    devices.sort_by_cached_key(|device| (name(device).to_lowercase(), &device.id));
    let entries: Vec<Entry> = devices
        .iter()
        .map(|device| Entry {
            key: device.id.clone(),
            rank: rank(device),
        })
        .collect();
    let id = subject.scope.leaf("devices");
    let places = slots.place(&id, &entries);
    let held = |place: &Place| place.entry(&devices).copied();
    let one = |place: &Place| device_menu(subject, place, held(place));
    let mut groups = Vec::new();
    for (group, number) in places.groups.iter().zip(0..) {
        let names: Vec<String> = group.iter().filter_map(held).map(name).collect();
        let id = subject.scope.leaf(&format!("devices/{number}"));
        groups.push(group_of(id, &names, group.iter().map(one).collect()));
    }
    let behind = places.groups.iter().flatten().filter_map(held).count();
    let more = more(subject.scope.leaf("devices/more"), behind, groups);
    let items = places.direct.iter().map(one).chain([more]).collect();
    let here = devices.iter().filter(|device| device.connected).count();
    let label = match subject.connected {
        true => format!("Devices: {here} of {} connected", devices.len()),
        false => format!("Devices: {}, as last heard of", devices.len()),
    };
    Item::submenu(id, &label, items).shown(!devices.is_empty())
}

fn device_menu(subject: &Subject<'_>, place: &Place, device: Option<&Device>) -> Item {
    let none = Device::default();
    let scope = subject.thing("device", place);
    let shown = device.unwrap_or(&none);
    let mut items = details(subject, &scope, shown);
    items.push(pause(subject, &scope, shown));
    let item = Item::submenu(scope.id(), &label(shown), items);
    match device {
        Some(_) => item,
        None => item.hole(),
    }
}

fn name(device: &Device) -> String {
    name_or(&device.name, short_id(&device.id))
}

fn label(device: &Device) -> String {
    let state = device_state(device.state).1;
    match device.state {
        DeviceState::Syncing | DeviceState::Disconnected if device.percent < 100 => {
            format!("{}: {state}, {}%", name(device), device.percent)
        }
        _ => format!("{}: {state}", name(device)),
    }
}

fn details(subject: &Subject<'_>, scope: &Scope, device: &Device) -> Vec<Item> {
    let line = |name: &str, text: String| Item::text(scope.leaf(name), &text);
    let some = |text: &Option<String>, title: &str| match text {
        Some(text) if !text.is_empty() => format!("{title}: {}", middle(text, 45)),
        _ => String::new(),
    };
    let known = device.state != DeviceState::Unknown;
    let completion = match (device.need_items, device.need_bytes) {
        _ if !known => String::new(),
        (0, 0) => format!("It has {}% of what is shared with it", device.percent),
        (items, bytes) => format!(
            "It has {}%; needs {}, {}",
            device.percent,
            count(items, "item"),
            size(bytes)
        ),
    };
    let rates = format!(
        "Receiving {}, sending {}",
        rate(device.rates.in_bps),
        rate(device.rates.out_bps)
    );
    let seen = match device.last_seen {
        _ if device.connected && subject.connected => "Connected now".to_owned(),
        _ if device.connected => "Connected when last heard of".to_owned(),
        Some(time) => format!("Last seen: {}", moment(time, subject.frame)),
        None => "Never seen".to_owned(),
    };
    // It has no address then.
    let address = match unsteady(device) {
        Some(unsteady) => middle(&unsteady, 58),
        None => some(&device.address, "Address"),
    };
    vec![
        line("completion", completion),
        line("behind", behind(subject, device)),
        line("rates", rates).shown(subject.desk.rates && device.connected && subject.connected),
        line("seen", seen),
        line("address", address),
        line("version", some(&device.client_version, "Version")),
        line("id", format!("ID: {}…", short_id(&device.id))),
        Item::separator(scope.leaf("line")),
    ]
}

/// What it has not accepted or has paused.
fn behind(subject: &Subject<'_>, device: &Device) -> String {
    let service = subject.instance.service.as_deref();
    let lines = service.map(|service| safety::of_device(device, service));
    match lines.unwrap_or_default().join("; it ") {
        lines if lines.is_empty() => lines,
        lines => format!("It {lines}"),
    }
}

fn pause(subject: &Subject<'_>, scope: &Scope, device: &Device) -> Item {
    let paused = matches!(
        device.state,
        DeviceState::Paused | DeviceState::UnusedPaused
    );
    let parts = vec![Part::Device(device.id.clone())];
    let (label, action) = match paused {
        true => ("Resume", Action::Resume { parts }),
        false => ("Pause", Action::Pause { parts }),
    };
    Item::button(scope.leaf("pause"), label, subject.control(action)).usable(subject.connected)
}

/// Where there are many, those that are busy come first, then those that are connected.
fn rank(device: &Device) -> u8 {
    match device.state {
        DeviceState::Syncing => 0,
        _ if device.connected => 1,
        _ if device.need_items > 0 => 2,
        _ => 3,
    }
}
