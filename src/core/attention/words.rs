//! The words of each reason: what is so and what it means; what to do.
//!
//! Names and messages of others stand in them as they came, bounded; whoever shows them cleans them.

use super::arms::called;
use crate::core::service::{Fact, Folder, PendingDevice, PendingFolder, short_id};

/// The message and the hint.
pub(super) type Said = (String, String);

pub(super) fn stopped(folder: &Folder, accepted: bool) -> Said {
    let (name, why) = (name(folder), because(folder.error.as_deref()));
    match accepted {
        true => (
            format!("{name} is stopped{why}. The config says that it may be away."),
            "It goes on by itself when it is there again.".into(),
        ),
        false => (
            format!("{name} is stopped{why}. Nothing in it is synced until that is put right."),
            "It goes on by itself then. A folder that is away from time to time, such as one on a disk that is not always there, can be named in 'may-be-away' of its [[instance]].".into(),
        ),
    }
}

pub(super) fn failed(folder: &Folder) -> Said {
    let items = count(folder.failed_items.max(1), "item");
    (
        format!(
            "{items} of {} could not be synced{}.",
            name(folder),
            because(folder.why_failed().as_deref())
        ),
        "Syncthing tries again by itself; its page names each of them, and why.".into(),
    )
}

pub(super) fn out_of_sync(folder: &Folder) -> Said {
    let items = count(folder.need_items.max(1), "item");
    (
        format!("{} is out of sync: {items} needed, and nothing is on its way.", name(folder)),
        "Perhaps no device that has them is connected, or the folder is send-only: then 'syncwatch override' makes the others take its own.".into(),
    )
}

pub(super) fn unexpected_items(folder: &Folder) -> Said {
    let items = match folder.receive_only_items {
        0 | 1 => {
            "an item that was added or changed here: it is not encrypted, and nobody else gets it"
                .to_owned()
        }
        items => format!(
            "{items} items that were added or changed here: they are not encrypted, and nobody else gets them"
        ),
    };
    (
        format!("{} holds {items}.", name(folder)),
        "Keep what you need elsewhere; 'syncwatch revert' deletes it here.".into(),
    )
}

pub(super) fn watch_error(folder: &Folder, why: &str) -> Said {
    let message = format!(
        "Changes in {} are not noticed as they happen{}. Syncthing sees them at its next full scan, and nobody gets them before.",
        name(folder),
        because(Some(why))
    );
    let hint = match why.contains("inotify") {
        true => {
            "Raise the limit on that computer: 'sudo sysctl fs.inotify.max_user_watches=1048576', and the same in a file of /etc/sysctl.d so that it lasts. Then restart Syncthing; 'syncwatch rescan' finds what is new meanwhile."
        }
        false => {
            "Syncthing tries to watch it again by itself; 'syncwatch rescan' finds what is new meanwhile."
        }
    };
    (message, hint.into())
}

pub(super) fn unsteady(device: &str, why: &str) -> Said {
    (
        format!("The connection to {device} ends as soon as it begins, again and again{}.", because(Some(why))),
        "Look at how the folders that both share are set up on either side, such as whether they are encrypted, and at the log there.".into(),
    )
}

pub(super) fn errors(number: u64, newest: &str) -> Said {
    let message = match number {
        1 => format!("It reports an error: {newest}"),
        _ => format!(
            "It reports {}; the newest: {newest}",
            count(number, "error")
        ),
    };
    (
        message,
        "'syncwatch clear-errors' empties its list once you have read it.".into(),
    )
}

pub(super) fn expectation(fact: &Fact) -> Said {
    (
        format!("{}: {}", fact.name, fact.value),
        "The service answers otherwise than the config expects.".into(),
    )
}

pub(super) fn conflicts(folder: &Folder, number: u64, newest: &str) -> Said {
    let name = name(folder);
    let message = match number {
        1 => format!("Two devices changed the same file in {name}; the conflict copy is {newest}"),
        _ => format!(
            "{} in {name}; the newest is {newest}",
            count(number, "conflict copies")
        ),
    };
    (
        message,
        "Keep what you want of the two versions, then delete the copy.".into(),
    )
}

pub(super) fn device_offer(device: &PendingDevice) -> Said {
    let id = short_id(&device.id);
    let who = match device.name.as_str() {
        "" => format!("A device ({id})"),
        name => format!("{name} ({id})"),
    };
    let from = match device.address.as_str() {
        "" => String::new(),
        address => format!(" from {address}"),
    };
    (format!("{who} wants to connect{from}."), ANSWER.into())
}

pub(super) fn folder_offer(offer: &PendingFolder, by: &str) -> Said {
    let folder = match offer.label.as_str() {
        "" => offer.id.clone(),
        label => format!("{label} ({})", offer.id),
    };
    (format!("{by} offers the folder {folder}."), ANSWER.into())
}

pub(super) fn not_accepted(folder: &Folder, by: &str) -> Said {
    (
        format!("{by} has not accepted {}.", name(folder)),
        "Nothing of it is sent there until somebody accepts it on that device; or stop sharing it with that device.".into(),
    )
}

pub(super) fn restart() -> Said {
    (
        "It asks to be restarted, for its configuration to take effect.".into(),
        "'syncwatch restart' does that; it is away for a few seconds.".into(),
    )
}

pub(super) fn insecure(plain: bool) -> Said {
    match plain {
        true => (
            "The connection is not encrypted: whoever is on the way can read and change what passes.".into(),
            "Give it a 'wss' address, if the server has one.".into(),
        ),
        false => (
            "Any certificate is accepted here: whoever can answer in its place gets what is sent to it.".into(),
            "Say in 'trust' which certificate is the right one.".into(),
        ),
    }
}

const ANSWER: &str = "'syncwatch accept' or 'syncwatch ignore' answers; accept only what you know.";

fn name(folder: &Folder) -> &str {
    called(&folder.label, &folder.id)
}

/// `: why`, without its full stop.
fn because(why: Option<&str>) -> String {
    match why.map(|why| why.trim_end_matches(['.', ' '])) {
        None | Some("") => String::new(),
        Some(why) => format!(": {why}"),
    }
}

/// `1 item`, `3 items`; a word that is plural already stays.
fn count(number: u64, one: &str) -> String {
    match number {
        1 => format!("1 {one}"),
        _ if one.ends_with('s') => format!("{number} {one}"),
        _ => format!("{number} {one}s"),
    }
}
