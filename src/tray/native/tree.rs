//! Which entries of a native menu are put in, taken out and changed, so that it becomes what the view wants.
//!
//! Invariant: an entry that stays is changed in place and never put in anew: an open menu does not jump.

use crate::view::command::Command;
use crate::view::menu::{Item, ItemKind};

/// A menu of the system, or one below an entry of it.
pub(super) trait Place: Sized {
    type Entry: Entry<Place = Self>;

    /// Puts in an entry without anything below; `None` when the system refuses.
    fn insert(&self, position: usize, item: &Item) -> Option<Self::Entry>;
    fn remove(&self, position: usize);
}

/// One entry of it.
pub(super) trait Entry {
    type Place: Place<Entry = Self>;

    fn set_label(&self, label: &str);
    fn set_enabled(&self, enabled: bool);
    /// For a check only.
    fn set_on(&self, on: bool);
    /// Of a submenu only.
    fn below(&self) -> Option<&Self::Place>;
}

/// What stands in one place, in its order.
pub(super) struct Tree<P: Place> {
    nodes: Vec<Node<P>>,
}

struct Node<P: Place> {
    id: String,
    shape: Shape,
    label: String,
    enabled: bool,
    on: bool,
    entry: P::Entry,
    below: Tree<P>,
}

/// What an entry cannot change into another of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    Line,
    Check,
    Separator,
    Submenu,
}

impl<P: Place> Tree<P> {
    pub(super) fn new() -> Self {
        Self { nodes: Vec::new() }
    }

    /// Makes `place`, which only this tree changes, show the visible ones of `items`.
    pub(super) fn show(&mut self, place: &P, items: &[Item]) {
        let mut position = 0;
        for item in items.iter().filter(|item| item.visible) {
            let rest = self.nodes.iter().skip(position);
            match rest.enumerate().find(|(_, node)| node.is(item)) {
                Some((gone, _)) => self.remove(place, position, gone),
                None => match place.insert(position, item) {
                    Some(entry) => self.nodes.insert(position, Node::new(item, entry)),
                    None => continue,
                },
            }
            if let Some(node) = self.nodes.get_mut(position) {
                node.change(item);
            }
            position += 1;
        }
        let gone = self.nodes.len() - position;
        self.remove(place, position, gone);
    }

    /// Has a check show again what it is: systems turn it over by themselves when it is clicked.
    pub(super) fn restore(&self, id: &str) {
        for node in &self.nodes {
            if node.id == id && node.shape == Shape::Check {
                node.entry.set_on(node.on);
            }
            node.below.restore(id);
        }
    }

    fn remove(&mut self, place: &P, position: usize, count: usize) {
        for _ in 0..count {
            place.remove(position);
            self.nodes.remove(position);
        }
    }
}

impl<P: Place> Node<P> {
    fn new(item: &Item, entry: P::Entry) -> Self {
        Self {
            id: item.id.clone(),
            shape: Shape::of(item),
            label: item.label.clone(),
            enabled: is_enabled(item),
            on: is_on(item),
            entry,
            below: Tree::new(),
        }
    }

    fn is(&self, item: &Item) -> bool {
        self.id == item.id && self.shape == Shape::of(item)
    }

    fn change(&mut self, item: &Item) {
        if self.label != item.label {
            self.label.clone_from(&item.label);
            self.entry.set_label(&self.label);
        }
        if self.enabled != is_enabled(item) {
            self.enabled = is_enabled(item);
            self.entry.set_enabled(self.enabled);
        }
        if self.on != is_on(item) {
            self.on = is_on(item);
            self.entry.set_on(self.on);
        }
        if let (ItemKind::Submenu(items), Some(place)) = (&item.kind, self.entry.below()) {
            self.below.show(place, items);
        }
    }
}

impl Shape {
    fn of(item: &Item) -> Self {
        match item.kind {
            ItemKind::Text | ItemKind::Button(_) => Self::Line,
            ItemKind::Check { .. } => Self::Check,
            ItemKind::Separator => Self::Separator,
            ItemKind::Submenu(_) => Self::Submenu,
        }
    }
}

/// What a click on an entry does, if it can be clicked.
pub(super) fn command<'a>(items: &'a [Item], id: &str) -> Option<&'a Command> {
    items
        .iter()
        .filter(|item| item.visible && item.enabled)
        .find_map(|item| match &item.kind {
            ItemKind::Button(command) | ItemKind::Check { command, .. } if item.id == id => {
                Some(command)
            }
            ItemKind::Submenu(items) => command(items, id),
            _ => None,
        })
}

pub(super) fn is_enabled(item: &Item) -> bool {
    item.enabled && item.kind != ItemKind::Text
}

pub(super) fn is_on(item: &Item) -> bool {
    matches!(item.kind, ItemKind::Check { on: true, .. })
}

#[cfg(test)]
mod tests;
