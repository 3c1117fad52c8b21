//! Pausing everything for a while, and going on.

use super::Item;
use super::Subject;
use super::headline::hold;
use super::item::Scope;
use crate::core::HoldCause;
use crate::view::command::{Command, Until};

/// The times that a pause can last.
const TIMES: [(&str, &str, Until); 4] = [
    ("30-minutes", "For 30 minutes", Until::Minutes(30)),
    ("1-hour", "For 1 hour", Until::Minutes(60)),
    ("tomorrow", "Until tomorrow", Until::Tomorrow),
    ("resumed", "Until I resume", Until::Resumed),
];

/// What is paused and why, the times, and the way back.
pub(super) fn submenu(subject: &Subject<'_>) -> Item {
    let scope = subject.scope.part("pause");
    let name = || Some(subject.instance.name.clone());
    let holds = &subject.instance.holds;
    let causes = [
        ("user", HoldCause::User),
        ("metered", HoldCause::Metered),
        ("battery", HoldCause::Battery),
    ];
    let causes = causes.map(|(word, cause)| {
        let held = holds.iter().find(|hold| hold.cause == cause);
        let text = held.map(|held| hold(held, subject.frame));
        Item::text(
            scope.leaf(&format!("because-{word}")),
            &text.unwrap_or_default(),
        )
    });
    let mut items = Vec::from(causes);
    let resume = Command::ResumeAll { instance: name() };
    items.push(
        Item::button(scope.leaf("resume"), "Resume now", resume)
            .usable(subject.connected)
            .shown(!holds.is_empty()),
    );
    let times = times(&scope, |until| Command::PauseAll {
        instance: name(),
        until,
    });
    items.extend(times.into_iter().map(|item| item.usable(subject.connected)));
    let label = match holds.first() {
        Some(first) => hold(first, subject.frame),
        None => "Pause".to_owned(),
    };
    Item::submenu(scope.id(), &label, items).shown(subject.is_syncthing())
}

/// A button for each time.
pub(super) fn times(scope: &Scope, command: impl Fn(Until) -> Command) -> Vec<Item> {
    let buttons = TIMES.map(|(word, label, until)| {
        Item::button(scope.leaf(&format!("for/{word}")), label, command(until))
    });
    Vec::from(buttons)
}
