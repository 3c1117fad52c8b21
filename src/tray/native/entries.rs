//! The entries of a menu as muda wants them.

use tracing::debug;
use tray_icon::menu::{CheckMenuItem, IsMenuItem, Menu, MenuItem, PredefinedMenuItem, Submenu};

use super::tree::{Entry, Place, is_enabled, is_on};
use crate::view::menu::{Item, ItemKind};

/// What holds entries.
pub(super) enum Holder {
    Root(Menu),
    Below(Submenu),
}

/// One entry.
pub(super) enum NativeEntry {
    Line(MenuItem),
    Check(CheckMenuItem),
    Separator(PredefinedMenuItem),
    /// And it once more, as what holds entries.
    Submenu(Submenu, Holder),
}

impl Place for Holder {
    type Entry = NativeEntry;

    fn insert(&self, position: usize, item: &Item) -> Option<NativeEntry> {
        let entry = NativeEntry::new(item);
        let put = match self {
            Self::Root(menu) => menu.insert(entry.native(), position),
            Self::Below(menu) => menu.insert(entry.native(), position),
        };
        put.inspect_err(|error| debug!("no entry {}: {error}", item.id))
            .ok()?;
        Some(entry)
    }

    fn remove(&self, position: usize) {
        match self {
            Self::Root(menu) => menu.remove_at(position),
            Self::Below(menu) => menu.remove_at(position),
        };
    }
}

impl NativeEntry {
    fn new(item: &Item) -> Self {
        let (id, label, enabled) = (item.id.as_str(), escape(&item.label), is_enabled(item));
        match item.kind {
            ItemKind::Text | ItemKind::Button(_) => {
                Self::Line(MenuItem::with_id(id, label, enabled, None))
            }
            ItemKind::Check { .. } => {
                let on = is_on(item);
                Self::Check(CheckMenuItem::with_id(id, label, enabled, on, None))
            }
            ItemKind::Separator => Self::Separator(PredefinedMenuItem::separator()),
            ItemKind::Submenu(_) => {
                let entry = Submenu::with_id(id, label, enabled);
                Self::Submenu(entry.clone(), Holder::Below(entry))
            }
        }
    }

    fn native(&self) -> &dyn IsMenuItem {
        match self {
            Self::Line(entry) => entry,
            Self::Check(entry) => entry,
            Self::Separator(entry) => entry,
            Self::Submenu(entry, _) => entry,
        }
    }
}

impl Entry for NativeEntry {
    type Place = Holder;

    fn set_label(&self, label: &str) {
        let label = escape(label);
        match self {
            Self::Line(entry) => entry.set_text(label),
            Self::Check(entry) => entry.set_text(label),
            Self::Submenu(entry, _) => entry.set_text(label),
            Self::Separator(_) => {}
        }
    }

    fn set_enabled(&self, enabled: bool) {
        match self {
            Self::Line(entry) => entry.set_enabled(enabled),
            Self::Check(entry) => entry.set_enabled(enabled),
            Self::Submenu(entry, _) => entry.set_enabled(enabled),
            Self::Separator(_) => {}
        }
    }

    fn set_on(&self, on: bool) {
        if let Self::Check(entry) = self {
            entry.set_checked(on);
        }
    }

    fn below(&self) -> Option<&Holder> {
        match self {
            Self::Submenu(_, holder) => Some(holder),
            _ => None,
        }
    }
}

/// In a label `&` marks the next character as an access key, and a tab begins the column of the shortcuts.
fn escape(label: &str) -> String {
    label.replace('&', "&&").replace('\t', " ")
}
