//! What belongs to no instance: the journal, the config file, the tray itself.

use super::Desk;
use super::Item;
use super::item::Scope;
use super::text::{WIDTH, line, moment};
use crate::core::{JournalEntry, Status};
use crate::view::Frame;
use crate::view::command::Command;
use crate::view::style::Page;
use crate::view::{journal, words};

/// So many entries of the journal are shown.
const ENTRIES: usize = 10;

/// Why the changed config is not in force.
pub(super) fn config_problem(status: &Status) -> Vec<Item> {
    let problem = status.engine.config_problem.as_deref();
    let problem = problem.map(words::unchanged_config).unwrap_or_default();
    super::item::paragraph(&Scope::app().part("config-problem"), "line", &problem, 3)
}

/// The last entries of the menu.
pub(super) fn items(status: &Status, desk: &Desk, frame: &Frame) -> Vec<Item> {
    let scope = Scope::app();
    let on = desk.autostart.unwrap_or(false);
    vec![
        Item::separator(scope.leaf("line")),
        journal_menu(desk, &scope, status.instances.len() > 1, frame),
        Item::check(
            scope.leaf("autostart"),
            "Start with the session",
            on,
            Command::Autostart { on: !on },
        )
        .shown(desk.autostart.is_some()),
        Item::button(
            scope.leaf("config"),
            "Open the config file",
            Command::OpenConfig,
        ),
        Item::button(scope.leaf("quit"), "Quit", Command::Quit),
    ]
}

fn journal_menu(desk: &Desk, scope: &Scope, names: bool, frame: &Frame) -> Item {
    let inside = scope.part("journal");
    let mut newest = desk.journal.iter().rev();
    let mut items: Vec<Item> = (0..ENTRIES)
        .map(|index| {
            let text = newest.next().map(|entry| entry_line(entry, names, frame));
            Item::text(inside.leaf(&index.to_string()), &text.unwrap_or_default())
        })
        .collect();
    if desk.journal.is_empty() {
        items.push(Item::text(inside.leaf("empty"), "Nothing happened yet"));
    } else {
        items.push(Item::text(inside.leaf("empty"), ""));
    }
    items.push(Item::separator(inside.leaf("line")));
    items.push(Item::button(
        inside.leaf("whole"),
        "Show the whole journal",
        Command::OpenJournal,
    ));
    Item::submenu(inside.id(), "Journal", items)
}

fn entry_line(entry: &JournalEntry, names: bool, frame: &Frame) -> String {
    let words = match names {
        true => journal::event(entry),
        false => journal::happened(entry),
    };
    let words = Page::from(words).render(false);
    let time = moment(entry.time, frame);
    line(&format!("{time}  {}", words.trim_end()), WIDTH)
}
