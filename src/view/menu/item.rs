//! How entries are made, and how their ids are built.

use super::text::{WIDTH, line, wrapped};
use super::{Item, ItemKind};
use crate::view::command::Command;

impl Item {
    pub(super) fn new(id: String, label: &str, kind: ItemKind) -> Self {
        Self {
            id,
            label: line(label, WIDTH),
            enabled: true,
            visible: true,
            kind,
        }
    }

    pub(super) fn text(id: String, label: &str) -> Self {
        Self::new(id, label, ItemKind::Text).shown(!label.is_empty())
    }

    pub(super) fn button(id: String, label: &str, command: Command) -> Self {
        Self::new(id, label, ItemKind::Button(command))
    }

    pub(super) fn check(id: String, label: &str, on: bool, command: Command) -> Self {
        Self::new(id, label, ItemKind::Check { on, command })
    }

    pub(super) fn submenu(id: String, label: &str, items: Vec<Self>) -> Self {
        Self::new(id, label, ItemKind::Submenu(items))
    }

    /// One that appears later is a blank entry on XFCE, which makes a separator only of what was one from the beginning.
    pub(super) fn separator(id: String) -> Self {
        Self::new(id, "", ItemKind::Separator)
    }

    /// The same, visible or not.
    pub(super) fn shown(self, visible: bool) -> Self {
        Self { visible, ..self }
    }

    /// The same, which can only be clicked if it could before and `enabled`; with all that is in it.
    pub(super) fn usable(mut self, enabled: bool) -> Self {
        if !enabled {
            self.disable();
        }
        self
    }

    /// A place that nothing has taken: the same shape, and nothing to see.
    pub(super) fn hole(mut self) -> Self {
        self.label.clear();
        self.visible = false;
        self.disable();
        self
    }

    /// Neither this nor anything in it can be clicked.
    fn disable(&mut self) {
        self.enabled = false;
        if let ItemKind::Submenu(items) = &mut self.kind {
            items.iter_mut().for_each(Self::disable);
        }
    }
}

/// A paragraph in a fixed number of lines; those that are not needed are invisible.
pub(super) fn paragraph(scope: &Scope, name: &str, text: &str, lines: usize) -> Vec<Item> {
    let mut words = wrapped(text, WIDTH, lines).into_iter();
    (0..lines)
        .map(|index| {
            let id = scope.leaf(&format!("{name}-{index}"));
            Item::text(id, &words.next().unwrap_or_default())
        })
        .collect()
}

/// The beginning of the ids of all that belongs together.
#[derive(Clone, Debug)]
pub(super) struct Scope(String);

impl Scope {
    /// Of an instance.
    pub(super) fn of(name: &str) -> Self {
        Self(escaped(name))
    }

    /// Of what belongs to no instance: no escaped name is empty.
    pub(super) fn app() -> Self {
        Self(String::new())
    }

    /// Of a thing in it, by the thing's own key.
    pub(super) fn thing(&self, section: &str, key: &str) -> Self {
        Self(format!("{}/{section}/{}", self.0, escaped(key)))
    }

    /// Of a free place in one of its lists.
    pub(super) fn free(&self, section: &str, number: usize) -> Self {
        Self(format!("{}/{section}//{number}", self.0))
    }

    /// Of a part that is always there.
    pub(super) fn part(&self, name: &str) -> Self {
        Self(self.leaf(name))
    }

    /// The id of an entry that is always there.
    pub(super) fn leaf(&self, name: &str) -> String {
        format!("{}/{name}", self.0)
    }

    /// Itself as an id.
    pub(super) fn id(&self) -> String {
        self.0.clone()
    }
}

/// Never empty, and without a `/`.
fn escaped(name: &str) -> String {
    match name {
        "" => "%".to_owned(),
        name => name.replace('%', "%25").replace('/', "%2F"),
    }
}
