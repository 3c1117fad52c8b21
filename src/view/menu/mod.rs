//! The tray's menu as one plain value; what it looks like on a screen is the business of `tray`.
//!
//! Invariant: an item's `id` names what it is about for as long as that exists, and its place among its siblings
//! stays while it is visible: what a user is about to click does not move.

use super::command::Command;

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
