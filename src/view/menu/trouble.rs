//! What is wrong with the link, once it is to be seen, and what can be done about it.

use super::Item;
use super::Room;
use super::item::paragraph;
use crate::core::{Kind, LinkState};
use crate::view::command::{Command, UnitVerb};

/// Lines of the message, and of the hint.
const LINES: usize = 6;

/// The failure in full, another attempt, and the start of the unit where it does not run.
pub(super) fn items(room: &Room<'_>) -> Vec<Item> {
    let link = &room.instance.link;
    let loud = link.state.is_loud();
    let failure = link.failure.as_ref().filter(|_| loud);
    let (message, hint) = match failure {
        Some(failure) => (failure.message.as_str(), failure.hint.as_str()),
        None => ("", ""),
    };
    let scope = room.scope.part("failure");
    let mut why = paragraph(&scope, "message", message, LINES);
    why.push(Item::separator(scope.leaf("line")).shown(!hint.is_empty()));
    why.extend(paragraph(&scope, "hint", hint, LINES));
    let retry = Command::Retry {
        instance: Some(room.instance.name.clone()),
    };
    vec![
        Item::submenu(scope.id(), "What is wrong, and what to do", why).shown(failure.is_some()),
        start(room).shown(link.state == LinkState::Disconnected && stopped(room)),
        Item::button(room.scope.leaf("retry"), "Try again now", retry).shown(loud),
    ]
}

fn start(room: &Room<'_>) -> Item {
    let id = room.scope.leaf("start");
    match &room.desk.unit {
        Some(status) => {
            let command = Command::Unit {
                unit: status.unit.clone(),
                verb: UnitVerb::Start,
            };
            Item::button(id, "Start Syncthing", command)
        }
        None => {
            let retry = Command::Retry {
                instance: Some(room.instance.name.clone()),
            };
            Item::button(id, "", retry).hole()
        }
    }
}

/// It runs as a unit, which does not run.
fn stopped(room: &Room<'_>) -> bool {
    let here = room.instance.local && room.instance.kind == Kind::Syncthing;
    here && room.desk.unit.as_ref().is_some_and(|unit| !unit.active)
}
