//! What is wrong with the link, once it is to be seen, and what can be done about it.

use super::Item;
use super::Subject;
use super::item::paragraph;
use crate::core::LinkState;

/// Lines of the message, and of the hint.
const LINES: usize = 8;

/// The failure in full, another attempt, and the start of the unit where it does not run.
pub(super) fn items(subject: &Subject<'_>) -> Vec<Item> {
    let link = &subject.instance.link;
    let loud = link.state.is_loud();
    let failure = link.failure.as_ref().filter(|_| loud);
    let (message, hint) = match failure {
        Some(failure) => (failure.message.as_str(), failure.hint.as_str()),
        None => ("", ""),
    };
    let scope = subject.scope.part("failure");
    let mut why = paragraph(&scope, "message", message, LINES);
    why.push(Item::separator(scope.leaf("line")));
    why.extend(paragraph(&scope, "hint", hint, LINES));
    let away = link.state == LinkState::Disconnected;
    let start = super::server::start(subject, subject.scope.leaf("start"));
    let startable = away && start.visible;
    vec![
        Item::submenu(scope.id(), "What is wrong, and what to do", why).shown(failure.is_some()),
        start.shown(startable),
        Item::button(
            subject.scope.leaf("retry"),
            "Try again now",
            subject.retry(),
        )
        .shown(loud),
    ]
}
