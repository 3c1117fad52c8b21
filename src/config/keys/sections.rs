//! The keys of the file itself and of its sections. Those of `[patience]` are the classes of failures.

use super::{Key, Part, Takes};

pub(in crate::config) const PAUSE: &[Key] = &[Key::new(
    "all",
    Takes::Word(&["devices", "folders", "everything"]),
    "What \"pause everything\" pauses. \"devices\": nothing is sent or received; \"folders\": nothing is scanned either; \"everything\": both.",
)
.usual("\"devices\"")];

pub(in crate::config) const NOTIFICATIONS: &[Key] = &[
    Key::new("enabled", Takes::Boolean, "Any notifications at all.").usual("true"),
    Key::new(
        "connection",
        Takes::Boolean,
        "A server cannot be reached or cannot work as configured; it is back after that was told.",
    )
    .usual("true"),
    Key::new(
        "untrusted",
        Takes::Boolean,
        "A certificate is not trusted: both fingerprints, and a button to accept it where that is yours to decide.",
    )
    .usual("true"),
    Key::new(
        "unauthorized",
        Takes::Boolean,
        "A server refuses the credentials.",
    )
    .usual("true"),
    Key::new(
        "pending",
        Takes::Boolean,
        "Both of the next two at once, where they are not set on their own.",
    )
    .usual("true"),
    Key::new(
        "new-device",
        Takes::Boolean,
        "A device wants to connect: accept or ignore it.",
    )
    .usual("true"),
    Key::new(
        "new-folder",
        Takes::Boolean,
        "A device offers a folder: accept or ignore it.",
    )
    .usual("true"),
    Key::new(
        "synced",
        Takes::Boolean,
        "Everything is up to date, after something was synced.",
    )
    .usual("false"),
    Key::new(
        "errors",
        Takes::Boolean,
        "A folder stopped or has items that could not be synced; a server reports an error.",
    )
    .usual("true"),
    Key::new(
        "conflicts",
        Takes::Boolean,
        "Two devices changed the same file.",
    )
    .usual("true"),
    Key::new(
        "restart",
        Takes::Boolean,
        "Syncthing asks to be restarted.",
    )
    .usual("true"),
    Key::new(
        "highlights",
        Takes::Boolean,
        "A WeeChat has a message that names you, or a private one.",
    )
    .usual("true"),
];

pub(in crate::config) const TRAY: &[Key] = &[
    Key::new(
        "rates",
        Takes::Boolean,
        "Transfer rates in the menu and in the text beside the pointer.",
    )
    .usual("true"),
    Key::new(
        "monochrome",
        Takes::Boolean,
        "One-coloured icons: the states differ by their shapes.",
    )
    .usual("false"),
    Key::new(
        "animate",
        Takes::Boolean,
        "The icon moves gently while something is synced.",
    )
    .usual("true"),
    Key::new(
        "theme",
        Takes::Word(&["auto", "dark", "light"]),
        "What your panel looks like; \"auto\" follows the desktop's own setting.",
    )
    .usual("\"auto\""),
];

pub(super) fn parts() -> Vec<Part> {
    let part = |title: &str, keys: &[Key], means| Part {
        title: title.to_owned(),
        means,
        keys: keys.to_vec(),
        kind: None,
    };
    vec![
        part(
            "[pause]",
            PAUSE,
            "What was paused before is left alone, now and afterwards.",
        ),
        part(
            "[notifications]",
            NOTIFICATIONS,
            "What you are notified of on the desktop, by the tray or, where there is a session bus, by the daemon. The views show everything, whatever is switched off here.",
        ),
        part("[tray]", TRAY, "The tray icon."),
    ]
}
