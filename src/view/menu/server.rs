//! The Syncthing itself: its page, its restart, its end, and the unit that it runs as.

use super::Item;
use super::Room;
use super::item::Scope;
use super::text::line;
use crate::core::Action;
use crate::view::command::{Command, UnitVerb};

/// Its own page in the browser.
pub(super) fn page(room: &Room<'_>) -> Item {
    let url = room.instance.url.clone();
    let is_page = url.starts_with("https://") || url.starts_with("http://");
    Item::button(
        room.scope.leaf("page"),
        "Open the web page",
        Command::OpenPage { url },
    )
    .shown(is_page)
}

/// Its version, restart and shutdown.
pub(super) fn submenu(room: &Room<'_>) -> Item {
    let scope = room.scope.part("server");
    let service = room.instance.service.as_deref();
    let version = service
        .map(|service| service.version.as_str())
        .unwrap_or_default();
    let asks = service.is_some_and(|service| service.restart_required);
    let asks = if asks { "It asks to be restarted" } else { "" };
    let version_line = match version {
        "" => String::new(),
        version => format!("Version {}", line(version, 40)),
    };
    let mut items = vec![
        Item::text(scope.leaf("version"), &version_line),
        Item::text(scope.leaf("restart-required"), asks),
        confirmed(
            &scope,
            "restart",
            [
                "Restart…",
                "It is away for a few seconds",
                "Yes, restart it",
            ],
            room.control(Action::Restart),
        )
        .usable(room.connected),
        confirmed(
            &scope,
            "shutdown",
            [
                "Shut down…",
                "Nothing is synced until it is started again",
                "Yes, shut it down",
            ],
            room.control(Action::Shutdown),
        )
        .usable(room.connected),
    ];
    items.extend(unit(room, &scope));
    Item::submenu(scope.id(), "Syncthing", items).shown(room.is_syncthing())
}

fn unit(room: &Room<'_>, scope: &Scope) -> Vec<Item> {
    let here = room.instance.local && room.is_syncthing();
    let Some(status) = room.desk.unit.as_ref().filter(|_| here) else {
        return Vec::new();
    };
    let command = |verb| Command::Unit {
        unit: status.unit.clone(),
        verb,
    };
    let title = format!("Runs as {}", line(&status.unit.name, 40));
    vec![
        Item::separator(scope.leaf("unit/line")),
        Item::text(scope.leaf("unit"), &title),
        Item::button(
            scope.leaf("unit/start"),
            "Start it",
            command(UnitVerb::Start),
        )
        .shown(!status.active),
        confirmed(
            scope,
            "unit/restart",
            [
                "Restart the unit…",
                "It is away for a few seconds",
                "Yes, restart it",
            ],
            command(UnitVerb::Restart),
        )
        .shown(status.active),
        confirmed(
            scope,
            "unit/stop",
            [
                "Stop the unit…",
                "Nothing is synced until it is started again",
                "Yes, stop it",
            ],
            command(UnitVerb::Stop),
        )
        .shown(status.active),
    ]
}

/// A button that takes two clicks.
fn confirmed(scope: &Scope, name: &str, words: [&str; 3], command: Command) -> Item {
    let [title, why, yes] = words;
    let items = vec![
        Item::text(scope.leaf(&format!("{name}/why")), why),
        Item::button(scope.leaf(&format!("{name}/yes")), yes, command),
    ];
    Item::submenu(scope.leaf(name), title, items)
}
