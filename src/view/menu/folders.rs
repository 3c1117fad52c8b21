//! The folders: a submenu for each; where there are many, the quiet ones stand behind "12 more…".

use super::Item;
use super::item::{Scope, paragraph};
use super::slots::{Entry, Place};
use super::text::{line, middle, moment, name_or};
use super::{Slots, Subject};
use crate::core::service::{Folder, FolderState, Remedy};
use crate::core::{Action, Part};
use crate::view::command::Command;
use crate::view::safety;
use crate::view::units::{count, size};
use crate::view::words::folder_state;

/// How many there are, and each.
pub(super) fn items(subject: &Subject<'_>, slots: &mut Slots) -> Vec<Item> {
    let mut folders: Vec<&Folder> = match &subject.instance.service {
        Some(service) => service.folders.iter().collect(),
        None => Vec::new(),
    };
    folders.sort_by_cached_key(|folder| (folder.label.to_lowercase(), &folder.id));
    let entries: Vec<Entry> = folders
        .iter()
        .map(|folder| Entry {
            key: folder.id.clone(),
            rank: rank(folder),
        })
        .collect();
    let places = slots.place(&subject.scope.leaf("folders"), &entries);
    let held = |place: &Place| place.entry(&folders).copied();
    let title = match subject.connected {
        true => format!("Folders: {}", folders.len()),
        false => format!("Folders: {}, as last heard of", folders.len()),
    };
    let header = Item::text(subject.scope.leaf("folders"), &title).shown(!folders.is_empty());
    let mut items = vec![header];
    let one = |place: &Place, size| submenu(subject, place, held(place), size);
    items.extend(places.direct.iter().map(|place| one(place, Size::Whole)));
    let mut groups = Vec::new();
    for (group, number) in places.groups.iter().zip(0..) {
        let names: Vec<String> = group.iter().filter_map(held).map(name).collect();
        let inside = group.iter().map(|place| one(place, Size::Small));
        let id = subject.scope.leaf(&format!("folders/{number}"));
        groups.push(group_of(id, &names, inside.collect()));
    }
    let behind = places.groups.iter().flatten().filter_map(held).count();
    items.push(more(subject.scope.leaf("folders/more"), behind, groups));
    items
}

/// "12 more…" with its groups.
pub(super) fn more(id: String, number: usize, groups: Vec<Item>) -> Item {
    Item::submenu(id, &format!("{number} more…"), groups).shown(number > 0)
}

/// A group of those that are behind it, named by the first and the last.
pub(super) fn group_of(id: String, names: &[String], items: Vec<Item>) -> Item {
    let short = |name: Option<&String>| line(name.map_or("", String::as_str), 20);
    let label = match names {
        [only] => short(Some(only)),
        names => format!("{} … {}", short(names.first()), short(names.last())),
    };
    Item::submenu(id, &label, items).shown(!names.is_empty())
}

/// How much a submenu tells: many of them must cost little.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Size {
    Whole,
    Small,
}

fn submenu(subject: &Subject<'_>, place: &Place, folder: Option<&Folder>, size: Size) -> Item {
    let none = Folder::default();
    let scope = subject.thing("folder", place);
    let shown = folder.unwrap_or(&none);
    let mut items = match size {
        Size::Whole => details(subject, &scope, shown),
        Size::Small => vec![Item::text(scope.leaf("details"), &in_short(subject, shown))],
    };
    items.extend(actions(subject, &scope, shown, size));
    let item = Item::submenu(scope.id(), &label(shown), items);
    match folder {
        Some(_) => item,
        None => item.hole(),
    }
}

fn name(folder: &Folder) -> String {
    name_or(&folder.label, &folder.id)
}

fn label(folder: &Folder) -> String {
    let state = folder_state(folder.state).1;
    match folder.state {
        FolderState::Unknown | FolderState::Stopped => format!("{}: {state}", name(folder)),
        settled if settled.is_settled() => format!("{}: {state}", name(folder)),
        _ => format!("{}: {state}, {}%", name(folder), folder.percent),
    }
}

fn details(subject: &Subject<'_>, scope: &Scope, folder: &Folder) -> Vec<Item> {
    let line = |name: &str, text: String| Item::text(scope.leaf(name), &text);
    let some = |text: Option<String>| text.unwrap_or_default();
    let time = folder.last_scan;
    let mut items = vec![line("need", needed(folder))];
    items.extend(paragraph(scope, "error", &some(why(folder)), 2));
    items.extend([line("failed", failed(folder))]);
    items.extend([
        line("local-changes", changed_here(folder)),
        line("elsewhere", elsewhere(subject, folder)),
        line("size", format!("{} here", size(folder.local_bytes))),
        line(
            "last-file",
            some(
                folder
                    .last_file
                    .as_ref()
                    .map(|file| format!("Last file: {}", middle(file, 48))),
            ),
        ),
        line(
            "last-scan",
            some(time.map(|time| format!("Last scan: {}", moment(time, subject.frame)))),
        ),
        line("path", middle(&folder.path, 58)),
        Item::separator(scope.leaf("line")),
    ]);
    items
}

/// What is wrong with it, in the server's words: the worst alone, since every line costs each menu.
fn why(folder: &Folder) -> Option<String> {
    let unwatched = || {
        let why = folder.watch_error.as_ref()?;
        Some(format!("Changes are not noticed: {why}"))
    };
    let error = folder.error.clone();
    error.or_else(|| folder.why_failed()).or_else(unwatched)
}

/// The most important of it on one line.
fn in_short(subject: &Subject<'_>, folder: &Folder) -> String {
    let unwatched = match folder.watch_error {
        Some(_) => "Not watched for changes".to_owned(),
        None => String::new(),
    };
    let parts = [
        needed(folder),
        failed(folder),
        unwatched,
        changed_here(folder),
        elsewhere(subject, folder),
    ];
    let parts = parts.into_iter().filter(|part| !part.is_empty());
    let parts: Vec<String> = folder.error.clone().into_iter().chain(parts).collect();
    match parts.as_slice() {
        [] => middle(&folder.path, 58),
        parts => parts.join("; "),
    }
}

fn needed(folder: &Folder) -> String {
    match (folder.need_items, folder.need_bytes) {
        (0, 0) => String::new(),
        (0, bytes) => format!("Out of sync: {}", size(bytes)),
        (items, bytes) => format!("Out of sync: {}, {}", count(items, "item"), size(bytes)),
    }
}

fn failed(folder: &Folder) -> String {
    match folder.failed_items {
        0 => String::new(),
        failed => format!("{} could not be synced", count(failed, "item")),
    }
}

fn changed_here(folder: &Folder) -> String {
    match folder.receive_only_items {
        0 => String::new(),
        changed => format!("{} changed here only", count(changed, "item")),
    }
}

/// Who lacks something of it and why, as far as that is worth a word.
fn elsewhere(subject: &Subject<'_>, folder: &Folder) -> String {
    let service = subject.instance.service.as_deref();
    let lines = service.map(|service| safety::of_folder(folder, service, subject.frame.now));
    lines.unwrap_or_default().join("; ")
}

fn actions(subject: &Subject<'_>, scope: &Scope, folder: &Folder, size: Size) -> Vec<Item> {
    let paused = folder.state == FolderState::Paused;
    let parts = vec![Part::Folder(folder.id.clone())];
    let (pause, action) = match paused {
        true => ("Resume", Action::Resume { parts }),
        false => ("Pause", Action::Pause { parts }),
    };
    let rescan = Action::Rescan {
        folder: Some(folder.id.clone()),
        sub: None,
    };
    let open = Command::OpenFolder {
        path: folder.path.clone(),
    };
    vec![
        Item::button(scope.leaf("rescan"), "Rescan", subject.control(rescan))
            .usable(subject.connected && !paused),
        Item::button(scope.leaf("pause"), pause, subject.control(action)).usable(subject.connected),
        settle(subject, scope, folder, size),
        Item::button(scope.leaf("open"), "Open the folder", open)
            .shown(subject.instance.local && !folder.path.is_empty()),
    ]
}

/// What ends a difference for good, behind a confirmation: it throws changes away.
fn settle(subject: &Subject<'_>, scope: &Scope, folder: &Folder, size: Size) -> Item {
    let id = folder.id.clone();
    let (title, why, yes, action) = match folder.remedy() {
        Some(Remedy::Override) => (
            "Override changes of others…",
            "The other devices lose what they changed in this folder",
            format!(
                "Yes, make them as it is here: {}",
                count(folder.need_items, "item")
            ),
            Action::Override { folder: id },
        ),
        _ => (
            "Revert local changes…",
            "What was changed in this folder here is lost",
            format!(
                "Yes, undo what was changed here: {}",
                count(folder.receive_only_items, "item")
            ),
            Action::Revert { folder: id },
        ),
    };
    let differs = folder.differs();
    let button = Item::button(scope.leaf("settle/yes"), &yes, subject.control(action));
    let button = button.usable(subject.connected && differs);
    let items = match size {
        Size::Whole => vec![Item::text(scope.leaf("settle/why"), why), button],
        Size::Small => vec![button],
    };
    Item::submenu(scope.leaf("settle"), title, items)
        .usable(subject.connected)
        .shown(differs)
}

/// Where there are many, those that a person should look at come first, then those that are busy.
fn rank(folder: &Folder) -> u8 {
    match folder.state {
        state if state.needs_attention() || folder.error.is_some() || folder.failed_items > 0 => 0,
        _ if folder.watch_error.is_some() => 0,
        state if state.is_busy() => 1,
        FolderState::Paused => 2,
        _ if folder.need_items > 0 || folder.receive_only_items > 0 => 2,
        _ => 3,
    }
}
