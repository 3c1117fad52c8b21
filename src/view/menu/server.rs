//! The Syncthing itself: its page, its restart, its end, and the unit that it runs as.

use super::Item;
use super::Subject;
use super::item::Scope;
use super::text::line;
use crate::core::Action;
use crate::view::command::{Command, UnitVerb};

/// Its own page in the browser.
pub(super) fn page(subject: &Subject<'_>) -> Item {
    let url = subject.instance.url.clone();
    let is_page = url.starts_with("https://") || url.starts_with("http://");
    Item::button(
        subject.scope.leaf("page"),
        "Open the web page",
        Command::OpenPage { url },
    )
    .shown(is_page)
}

/// Its version, restart and shutdown.
pub(super) fn submenu(subject: &Subject<'_>) -> Item {
    let scope = subject.scope.part("server");
    let service = subject.instance.service.as_deref();
    let version = service
        .map(|service| service.version.as_str())
        .unwrap_or_default();
    let asks = service.is_some_and(|service| service.restart_required);
    let (label, asks) = match asks {
        true => (
            "Syncthing: asks to be restarted",
            "For its configuration to take effect",
        ),
        false => ("Syncthing", ""),
    };
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
            subject.control(Action::Restart),
        )
        .usable(subject.connected),
        confirmed(
            &scope,
            "shutdown",
            [
                "Shut down…",
                "Nothing is synced until it is started again",
                "Yes, shut it down",
            ],
            subject.control(Action::Shutdown),
        )
        .usable(subject.connected),
    ];
    items.extend(unit(subject, &scope));
    Item::submenu(scope.id(), label, items).shown(subject.is_syncthing())
}

fn unit(subject: &Subject<'_>, scope: &Scope) -> Vec<Item> {
    let here = subject.instance.local && subject.is_syncthing();
    let status = subject.desk.unit.as_ref().filter(|_| here);
    let active = status.is_some_and(|status| status.active);
    let title = status.map(|status| format!("Runs as {}", line(&status.unit.name, 40)));
    let restart = [
        "Restart the unit…",
        "It is away for a few seconds",
        "Yes, restart it",
    ];
    let stop = [
        "Stop the unit…",
        "Nothing is synced until it is started again",
        "Yes, stop it",
    ];
    vec![
        Item::text(scope.leaf("unit"), &title.unwrap_or_default()),
        start(subject, scope.leaf("unit/start")),
        confirmed(
            scope,
            "unit/restart",
            restart,
            unit_command(subject, UnitVerb::Restart),
        )
        .shown(active),
        confirmed(
            scope,
            "unit/stop",
            stop,
            unit_command(subject, UnitVerb::Stop),
        )
        .shown(active),
    ]
}

/// Starts the unit of this instance; visible where it has one that does not run.
pub(super) fn start(subject: &Subject<'_>, id: String) -> Item {
    let here = subject.instance.local && subject.is_syncthing();
    let stopped = subject.desk.unit.as_ref().is_some_and(|unit| !unit.active);
    let command = unit_command(subject, UnitVerb::Start);
    Item::button(id, "Start Syncthing", command).shown(here && stopped)
}

/// Where there is no unit, the button is invisible, and its place does no more than to try again.
fn unit_command(subject: &Subject<'_>, verb: UnitVerb) -> Command {
    match &subject.desk.unit {
        Some(status) => Command::Unit {
            unit: status.unit.clone(),
            verb,
        },
        None => subject.retry(),
    }
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
