//! Why Syncthing was not made to do something, in calm words: what, why, what to do.

use serde_json::Value;

use super::call::Remote;
use super::edit::{find, text};
use crate::core::failure::About;
use crate::core::service::Remedy;
use crate::core::{Class, Fault, Kind, Part, Refusal};

/// A name or ID of somebody else is cut to this many characters.
const LONGEST: usize = 80;
/// So many folders are named, at most.
const MOST: usize = 5;

/// Syncthing could not be asked, or said no.
pub(super) fn of_fault(remote: &Remote, fault: &Fault) -> Refusal {
    let detail = fault.detail.as_deref().unwrap_or("no details");
    let (message, hint) = fault.words(&About {
        pinned: "see 'syncwatch trust list'".into(),
        ..About::new(&remote.name, Kind::Syncthing, &remote.url)
    });
    match fault.class {
        Class::ServerError | Class::BadPath => Refusal::new(
            format!("Syncthing did not do that. It answered: {detail}."),
            "Look at it on Syncthing's own page, or in its log.",
        ),
        Class::Lost | Class::Truncated | Class::RequestTimeout => Refusal::new(
            message,
            "It may have been done all the same: look at the status before you try again.",
        ),
        class if class.is_connection_level() || class == Class::ConnectTimeout => Refusal::new(
            message,
            "Nothing was changed. Try again once it is connected.",
        ),
        _ => Refusal::new(message, hint),
    }
}

pub(super) fn unknown_folder(folder: &str) -> Refusal {
    Refusal::new(
        format!("Syncthing has no folder with the ID {}.", quoted(folder)),
        "'syncwatch status' lists the folders.",
    )
}

pub(super) fn unknown_device(device: &str) -> Refusal {
    Refusal::new(
        format!("Syncthing knows no device {}.", quoted(device)),
        "'syncwatch status' lists the devices.",
    )
}

/// Nothing is done in a folder that is paused.
pub fn paused_folder(folder: &str) -> Refusal {
    Refusal::new(
        format!("The folder {} is paused.", quoted(folder)),
        "Resume it first.",
    )
}

/// The folder is of a type for which this makes no sense.
pub fn wrong_kind(folder: &str, needed: Remedy) -> Refusal {
    let needed = match needed {
        Remedy::Override => "send-only",
        Remedy::Revert => "receive-only",
    };
    Refusal::new(
        format!("The folder {} is not {needed}.", quoted(folder)),
        "Its type can be changed on Syncthing's own page.",
    )
}

pub(super) fn not_waiting(what: &str, id: &str) -> Refusal {
    Refusal::new(
        format!("The {what} {} does not wait for an answer.", quoted(id)),
        "It may have been answered elsewhere, or have gone away. When it asks again, it is shown again.",
    )
}

/// The server's own list leaves out such a folder (lib/api/api.go getPendingFolders of 2.x).
pub(super) fn unanswerable(folder: &str) -> Refusal {
    Refusal::new(
        format!(
            "Syncthing tells of the folder {}, but cannot be given an answer: its ID has a '/'.",
            quoted(folder)
        ),
        "Have it shared under another ID, or add it with this ID on Syncthing's own page.",
    )
}

/// A scan of all folders left these out. `folders` is how they are configured.
pub(super) fn not_scanned(folders: &Value, ids: &[String]) -> Refusal {
    let name = |id: &String| {
        let label = find(folders, "id", id).map_or("", |folder| text(folder, "label"));
        quoted(if label.is_empty() { id } else { label })
    };
    let mut names: Vec<String> = ids.iter().take(MOST).map(name).collect();
    if let Some(more) = ids.len().checked_sub(MOST).filter(|more| *more > 0) {
        names.push(format!("{more} more"));
    }
    let verb = if ids.len() == 1 { "was" } else { "were" };
    Refusal::new(
        format!(
            "{} {verb} not scanned; all other folders were.",
            names.join(", ")
        ),
        "'syncwatch status' says what stopped it.",
    )
}

pub(super) fn known_device(device: &str) -> Refusal {
    Refusal::new(
        format!("{} is one of Syncthing's devices already.", quoted(device)),
        "Remove it on Syncthing's own page first, or pause it.",
    )
}

pub(super) fn encrypted(folder: &str) -> Refusal {
    Refusal::new(
        format!(
            "The folder {} is offered encrypted, which needs a decision or a password of yours.",
            quoted(folder)
        ),
        "Accept it on Syncthing's own page.",
    )
}

pub(super) fn path_taken(path: &str) -> Refusal {
    Refusal::new(
        format!(
            "{} is there already; its content would be shared.",
            quoted(path)
        ),
        "Name the directory yourself, or accept the folder on Syncthing's own page.",
    )
}

pub(super) fn no_path() -> Refusal {
    Refusal::new(
        "No directory was named for the folder.",
        "Name one, or leave it out for Syncthing's usual place.",
    )
}

/// Some parts were not paused or resumed, each for its reason.
pub(super) fn of_parts(paused: bool, asked: usize, failed: Vec<(Part, Refusal)>) -> Refusal {
    let verb = if paused { "paused" } else { "resumed" };
    let (message, hint) = match failed.as_slice() {
        [(_, only)] if asked == 1 => (only.message.clone(), only.hint.clone()),
        [(_, first), ..] => (
            format!(
                "{} of {asked} were not {verb}. {}",
                failed.len(),
                first.message
            ),
            first.hint.clone(),
        ),
        [] => (format!("Nothing was {verb}."), String::new()),
    };
    Refusal {
        message,
        hint,
        failed: failed.into_iter().map(|(part, _)| part).collect(),
    }
}

fn quoted(text: &str) -> String {
    let cut: String = text.chars().take(LONGEST).collect();
    // The views clean what else a name may hold.
    format!("'{}'", cut.replace(char::is_control, " "))
}
