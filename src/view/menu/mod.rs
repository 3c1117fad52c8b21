//! The tray's menu as one plain value; what it looks like on a screen is the business of `tray`.
//!
//! Invariant: an item's `id` names what it is about for as long as that exists, and its place among its siblings
//! stays while it is visible: what a user is about to click does not move. Between two calls of [`Slots::tidy`] the
//! shape of the menu (how many items, of which kinds) only ever grows, unless the config changes.

mod about;
mod devices;
mod folders;
mod headline;
mod instance;
mod item;
mod lists;
mod pause;
mod requests;
mod server;
mod several;
mod slots;
pub(in crate::view) mod text;
mod trouble;
mod trust;

#[cfg(test)]
mod tests;

use super::Frame;
use super::command::Command;
pub use super::command::UnitStatus;
use crate::core::{InstanceStatus, JournalEntry, LinkState, Status};
use item::Scope;
pub use slots::Slots;

/// The whole menu.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Menu {
    pub items: Vec<Item>,
}

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Unique within the menu and stable, such as `laptop/folder/photos/rescan`.
    pub id: String,
    /// Plain text, cleaned; an adapter escapes what its platform gives a meaning to (`_`, `&`).
    pub label: String,
    pub enabled: bool,
    /// An invisible item keeps its place.
    pub visible: bool,
    pub kind: ItemKind,
}

/// What an entry is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ItemKind {
    /// A line to read.
    Text,
    /// A click does this.
    Button(Command),
    /// A click does this; `on` is what is shown.
    Check {
        on: bool,
        command: Command,
    },
    Separator,
    Submenu(Vec<Item>),
}

/// What the menu shows besides the status.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Desk {
    /// Whether the tray starts with the session; `None` where that cannot be set from here.
    pub autostart: Option<bool>,
    /// The unit of the local Syncthing, where it runs as one.
    pub unit: Option<UnitStatus>,
    /// The newest entries, newest last.
    pub journal: Vec<JournalEntry>,
    /// Show transfer rates.
    pub rates: bool,
}

/// The menu of a status. An only instance is the menu; each of several has a submenu.
pub fn menu(status: &Status, desk: &Desk, slots: &mut Slots, frame: &Frame) -> Menu {
    let status = headline::calm(status);
    let mut items = about::config_problem(&status);
    match status.instances.as_slice() {
        [only] => items.extend(subject(only, desk, frame).items(slots)),
        _ => items.extend(several::items(&status, desk, slots, frame)),
    }
    items.extend(about::items(&status, desk, frame));
    Menu { items }
}

/// What every part of an instance's menu is made from.
struct Subject<'a> {
    instance: &'a InstanceStatus,
    desk: &'a Desk,
    frame: &'a Frame,
    scope: Scope,
    /// It can be told to do something.
    connected: bool,
}

fn subject<'a>(instance: &'a InstanceStatus, desk: &'a Desk, frame: &'a Frame) -> Subject<'a> {
    Subject {
        instance,
        desk,
        frame,
        scope: Scope::of(&instance.name),
        connected: instance.link.state == LinkState::Connected,
    }
}
