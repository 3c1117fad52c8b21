//! Notices that no change of the status brings: what came of a click, how things are when somebody asks.

use super::text::{SENTENCE, short};
use super::{Notice, Urgency};
use crate::core::Status;
use crate::view::words::headline;

/// A sentence and what it means.
pub fn plain(title: &str, body: &str) -> Notice {
    notice("said", title, body)
}

/// What was asked for was not done: why, and what to do instead.
pub fn not_done(why: &str, hint: &str) -> Notice {
    let lines: Vec<&str> = [why, hint]
        .into_iter()
        .filter(|it| !it.is_empty())
        .collect();
    notice("not-done", "That was not done", &lines.join("\n"))
}

/// syncwatch is there, and this is how things are. `seen`: a panel shows its icon.
pub fn running(status: &Status, seen: bool) -> Notice {
    let (_, headline) = headline(status);
    let place = match seen {
        true => "Its icon is in the panel.",
        false => "No panel shows its icon for now.",
    };
    notice(
        "running",
        "syncwatch is running",
        &format!("{headline}\n{place}"),
    )
}

fn notice(key: &str, title: &str, body: &str) -> Notice {
    let body: Vec<String> = body.lines().map(|line| short(line, SENTENCE)).collect();
    Notice {
        // No instance's key begins with a slash.
        key: format!("/{key}"),
        urgency: Urgency::Normal,
        category: "device",
        title: short(title, SENTENCE),
        body: body.join("\n"),
        actions: Vec::new(),
        answer: true,
    }
}
