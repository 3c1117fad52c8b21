//! What happened lately: changes, conflicts, errors.

use super::Item;
use super::item::{Scope, paragraph};
use super::slots::{Entry, Place};
use super::text::{middle, moment, name_or};
use super::{Slots, Subject};
use crate::core::service::{Change, ChangeKind, Conflict, Fact, Folder, ServiceError};
use crate::core::{Action, Service};
use crate::view::command::Command;
use crate::view::units::count;

/// Older ones are not shown.
const MOST: usize = 12;

/// What else a service says of itself, as lines of the menu itself.
pub(super) fn facts(subject: &Subject<'_>, slots: &mut Slots) -> Vec<Item> {
    let facts: Vec<&Fact> = with(subject, |service| {
        let worst_first = |attention| {
            let facts = service.facts.iter();
            facts.filter(move |fact| fact.attention == attention)
        };
        worst_first(true)
            .chain(worst_first(false))
            .take(MOST)
            .collect()
    });
    let keys = facts.iter().map(|fact| fact.name.clone()).collect();
    let items = place(subject, slots, "fact", keys).into_iter();
    items
        .map(|(place, scope)| match place.entry(&facts) {
            Some(fact) => Item::text(scope.id(), &format!("{}: {}", fact.name, fact.value)),
            None => Item::text(scope.id(), "").hole(),
        })
        .collect()
}

/// What was changed on the server's disk.
pub(super) fn changes(subject: &Subject<'_>, slots: &mut Slots) -> Item {
    let changes: Vec<&Change> = with(subject, |service| {
        service.changes.iter().take(MOST).collect()
    });
    let key = |change: &&Change| {
        let (time, folder, path) = (change.time.as_millis(), &change.folder, &change.path);
        format!("{time} {folder} {path}")
    };
    let items = place(subject, slots, "change", changes.iter().map(key).collect());
    let items = items.into_iter().map(|(place, scope)| {
        let change = place.entry(&changes).copied();
        let text = change.map(|change| change_line(subject, change));
        Item::text(scope.id(), &text.unwrap_or_default())
    });
    let id = subject.scope.leaf("changes");
    Item::submenu(id, "Recent changes", items.collect()).shown(!changes.is_empty())
}

/// Files that two devices changed.
pub(super) fn conflicts(subject: &Subject<'_>, slots: &mut Slots) -> Item {
    let all: Vec<&Conflict> = with(subject, |service| service.conflicts.iter().collect());
    let number = all.len();
    let shown: Vec<&Conflict> = all.into_iter().take(MOST).collect();
    let key = |conflict: &&Conflict| format!("{} {}", conflict.folder, conflict.path);
    let items = place(subject, slots, "conflict", shown.iter().map(key).collect());
    let items = items.into_iter().map(|(place, scope)| {
        let conflict = place.entry(&shown).copied();
        conflict_button(subject, &scope, conflict)
    });
    let label = count(u64::try_from(number).unwrap_or(u64::MAX), "conflict");
    let id = subject.scope.leaf("conflicts");
    Item::submenu(id, &label, items.collect()).shown(number > 0)
}

/// The server's own list of errors.
pub(super) fn errors(subject: &Subject<'_>, slots: &mut Slots) -> Item {
    let errors: Vec<&ServiceError> = with(subject, |service| service.errors.iter().collect());
    let number = errors.len();
    let older = number.saturating_sub(MOST);
    let newest: Vec<&ServiceError> = errors.into_iter().skip(older).rev().collect();
    let key = |error: &&ServiceError| {
        let message: String = error.message.chars().take(40).collect();
        format!("{} {message}", error.time.as_millis())
    };
    let places = place(subject, slots, "error", newest.iter().map(key).collect());
    let lines = places.into_iter().flat_map(|(place, scope)| {
        let error = place.entry(&newest);
        let text = error.map(|error| {
            let time = moment(error.time, subject.frame);
            format!("{time}  {}", error.message)
        });
        paragraph(&scope, "line", &text.unwrap_or_default(), 2)
    });
    let mut items: Vec<Item> = vec![
        Item::button(
            subject.scope.leaf("errors/clear"),
            "Clear the errors",
            subject.control(Action::ClearErrors),
        )
        .usable(subject.connected),
        Item::separator(subject.scope.leaf("errors/line")),
    ];
    items.extend(lines);
    let label = count(u64::try_from(number).unwrap_or(u64::MAX), "error");
    Item::submenu(subject.scope.leaf("errors"), &label, items).shown(number > 0)
}

fn with<'a, T>(subject: &Subject<'a>, of: impl FnOnce(&'a Service) -> Vec<T>) -> Vec<T> {
    subject
        .instance
        .service
        .as_deref()
        .map(of)
        .unwrap_or_default()
}

fn place(
    subject: &Subject<'_>,
    slots: &mut Slots,
    section: &str,
    keys: Vec<String>,
) -> Vec<(Place, Scope)> {
    let entries: Vec<Entry> = keys.into_iter().map(Entry::of).collect();
    let places = slots.place(&subject.scope.leaf(section), &entries).direct;
    let scoped = |place: Place| {
        let scope = subject.thing(section, &place);
        (place, scope)
    };
    places.into_iter().map(scoped).collect()
}

fn folder<'a>(subject: &Subject<'a>, id: &str) -> Option<&'a Folder> {
    let mut folders = subject.instance.service.as_deref()?.folders.iter();
    folders.find(|folder| folder.id == id)
}

fn change_line(subject: &Subject<'_>, change: &Change) -> String {
    let verb = match change.kind {
        ChangeKind::Added => "added",
        ChangeKind::Modified => "changed",
        ChangeKind::Deleted => "deleted",
    };
    let by = change.by.as_deref().map(|by| {
        let mut devices = subject
            .instance
            .service
            .iter()
            .flat_map(|service| &service.devices);
        let device = devices.find(|device| !by.is_empty() && device.id.starts_with(by));
        let name = name_or(device.map_or("", |device| device.name.as_str()), by);
        format!(" by {}", middle(&name, 14))
    });
    let time = moment(change.time, subject.frame);
    let path = middle(&change.path, 28);
    format!("{time}  {path} {verb}{}", by.unwrap_or_default())
}

fn conflict_button(subject: &Subject<'_>, scope: &Scope, conflict: Option<&Conflict>) -> Item {
    let place = conflict.and_then(|conflict| {
        let folder = folder(subject, &conflict.folder)?;
        Some(directory(folder, &conflict.path))
    });
    let usable = subject.instance.local && place.is_some();
    let label = conflict.map(|conflict| {
        let label = folder(subject, &conflict.folder).map_or("", |folder| folder.label.as_str());
        let label = middle(&name_or(label, &conflict.folder), 16);
        format!("{label}: {}", middle(&conflict.path, 42))
    });
    let command = Command::OpenFolder {
        path: place.unwrap_or_default(),
    };
    let item = Item::button(scope.id(), &label.unwrap_or_default(), command).usable(usable);
    match conflict {
        Some(_) => item,
        None => item.hole(),
    }
}

/// Where an item of a folder lies; the folder itself where its path leads out of it.
fn directory(folder: &Folder, path: &str) -> String {
    let root = folder.path.trim_end_matches(['/', '\\']);
    let mut parts: Vec<&str> = path.split(['/', '\\']).collect();
    parts.pop();
    let odd = |part: &&str| part.is_empty() || *part == "." || *part == "..";
    if parts.is_empty() || parts.iter().any(odd) {
        return folder.path.clone();
    }
    format!("{root}/{}", parts.join("/"))
}
