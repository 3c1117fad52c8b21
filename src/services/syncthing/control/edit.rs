//! Changes of Syncthing's config as plain JSON: what is not named here stays as the server sent it.

use serde_json::{Map, Value, json};

/// Names of directories are cut to this many characters.
const LONGEST_NAME: usize = 80;
const LONGEST_LABEL: usize = 200;
/// What some system does not want in a name, besides control characters.
const UNFIT: &[char] = &['/', '\\', ':', '*', '?', '"', '<', '>', '|'];

/// The text at `key`; empty when there is none.
pub(super) fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// Whether `key` is true.
pub(super) fn flag(value: &Value, key: &str) -> bool {
    value.get(key).and_then(Value::as_bool).unwrap_or_default()
}

/// The entry of `list` whose `key` is `id`.
pub(super) fn find<'v>(list: &'v Value, key: &str, id: &str) -> Option<&'v Value> {
    list.as_array()?.iter().find(|entry| text(entry, key) == id)
}

/// `object` with `key` set.
pub(super) fn with(mut object: Value, key: &str, value: Value) -> Value {
    if let Some(fields) = object.as_object_mut() {
        fields.insert(key.to_owned(), value);
    }
    object
}

/// `object` with `entry` at the end of its list `key`.
pub(super) fn appended(mut object: Value, key: &str, entry: Value) -> Value {
    if let Some(fields) = object.as_object_mut() {
        let list = fields.entry(key).or_insert(Value::Null);
        match list.as_array_mut() {
            Some(list) => list.push(entry),
            None => *list = json!([entry]),
        }
    }
    object
}

/// A new device as the server's defaults have it.
pub(super) fn new_device(defaults: Option<Value>, id: &str, name: &str) -> Value {
    let device = with(object(defaults), "deviceID", id.into());
    with(device, "name", label(name).into())
}

/// A new folder as the server's defaults have it, shared with `device`.
pub(super) fn new_folder(
    defaults: Option<Value>,
    id: &str,
    name: &str,
    path: &str,
    device: &str,
) -> Value {
    let folder = with(object(defaults), "id", id.into());
    let folder = with(folder, "label", label(name).into());
    let folder = with(folder, "path", path.into());
    shared_with(folder, device)
}

/// `folder` with `device` among its members.
pub(super) fn shared_with(folder: Value, device: &str) -> Value {
    match is_shared_with(&folder, device) {
        true => folder,
        false => appended(folder, "devices", json!({ "deviceID": device })),
    }
}

pub(super) fn is_shared_with(folder: &Value, device: &str) -> bool {
    let members = folder.get("devices").unwrap_or(&Value::Null);
    find(members, "deviceID", device).is_some()
}

/// The directory for a folder that is called `name`: directly in the server's usual place, whatever the name holds.
pub(super) fn usual_path(defaults: Option<&Value>, separator: &str, name: &str) -> String {
    let parent = defaults.map_or("", |defaults| text(defaults, "path"));
    let parent = if parent.is_empty() { "~" } else { parent };
    let separator = if separator.is_empty() { "/" } else { separator };
    let parent = parent.strip_suffix(separator).unwrap_or(parent);
    format!("{parent}{separator}{name}")
}

/// The name of a directory for a folder: visible, without a way out of its parent, at home on every system.
pub(super) fn directory_name(label: &str, id: &str) -> String {
    let made = [label, id].map(safe).into_iter().find(|it| !it.is_empty());
    made.unwrap_or_else(|| "folder".to_owned())
}

/// Somebody else's name for something, fit to be shown.
pub(super) fn label(text: &str) -> String {
    let clean = |char: char| if is_unprintable(char) { ' ' } else { char };
    let cut = text.chars().take(LONGEST_LABEL).map(clean);
    cut.collect::<String>().trim().to_owned()
}

fn safe(text: &str) -> String {
    let fit = |char: char| match char {
        char if is_unprintable(char) || UNFIT.contains(&char) => '_',
        char => char,
    };
    let name: String = text.trim().chars().take(LONGEST_NAME).map(fit).collect();
    // Hidden directories hold settings and keys; an option is no name; some systems drop dots and spaces at the end.
    let name = name.trim_start_matches(['.', ' ', '-', '~', '_']);
    let name = name.trim_end_matches(['.', ' ']);
    match is_reserved(name) {
        true => format!("{name}_"),
        false => name.to_owned(),
    }
}

/// The names of devices on Windows, with or without a suffix.
fn is_reserved(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default();
    let stem = stem.trim_end().to_ascii_uppercase();
    let numbered = |prefix: &str| {
        let rest = stem.strip_prefix(prefix);
        rest.is_some_and(|rest| rest.len() == 1 && rest.bytes().all(|it| it.is_ascii_digit()))
    };
    matches!(stem.as_str(), "CON" | "PRN" | "AUX" | "NUL") || numbered("COM") || numbered("LPT")
}

fn is_unprintable(char: char) -> bool {
    char.is_control()
        || matches!(char, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

fn object(value: Option<Value>) -> Value {
    match value {
        Some(value) if value.is_object() => value,
        _ => Value::Object(Map::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_becomes_a_name_that_stays_in_its_parent() {
        for (label, id, name) in [
            ("Photos", "x", "Photos"),
            ("Bilder & Töne", "x", "Bilder & Töne"),
            ("", "abcd-efgh", "abcd-efgh"),
            ("../../etc", "x", "etc"),
            ("..\\..\\etc", "x", "etc"),
            ("a/../../b", "x", "a_.._.._b"),
            (".ssh", "x", "ssh"),
            ("...", "..", "folder"),
            ("~root", "x", "root"),
            ("-rf", "x", "rf"),
            ("C:\\Windows", "x", "C__Windows"),
            ("a\0b\nc", "x", "a_b_c"),
            ("\u{202e}gpj.exe", "x", "gpj.exe"),
            ("ends. . ", "x", "ends"),
            ("con.txt", "x", "con.txt_"),
            ("COM1", "x", "COM1_"),
            ("comic", "x", "comic"),
        ] {
            assert_eq!(directory_name(label, id), name, "{label:?}");
        }
        assert_eq!(directory_name(&"ü".repeat(500), "x").chars().count(), 80);
    }

    #[test]
    fn the_usual_path_is_in_the_servers_usual_place() {
        let path = |defaults: Value, separator| usual_path(Some(&defaults), separator, "docs");
        assert_eq!(path(json!({ "path": "~" }), "/"), "~/docs");
        assert_eq!(path(json!({ "path": "/srv/sync/" }), "/"), "/srv/sync/docs");
        assert_eq!(path(json!({ "path": "C:\\sync" }), "\\"), "C:\\sync\\docs");
        assert_eq!(path(json!({ "path": 3 }), ""), "~/docs");
        assert_eq!(usual_path(None, "/", "docs"), "~/docs");
    }

    #[test]
    fn what_is_not_named_stays() {
        let defaults = json!({ "order": "oldestFirst", "devices": [{ "deviceID": "ME" }] });
        let folder = new_folder(Some(defaults), "id", "Docs\u{7}", "~/Docs", "THEM");
        assert_eq!(
            folder,
            json!({
                "id": "id", "label": "Docs", "path": "~/Docs", "order": "oldestFirst",
                "devices": [{ "deviceID": "ME" }, { "deviceID": "THEM" }],
            })
        );
        assert_eq!(shared_with(folder.clone(), "THEM"), folder);
        assert_eq!(
            new_device(None, "THEM", "their laptop"),
            json!({ "deviceID": "THEM", "name": "their laptop" })
        );
        let config = json!({ "remoteIgnoredDevices": null, "version": 36 });
        assert_eq!(
            appended(config, "remoteIgnoredDevices", json!({ "deviceID": "X" })),
            json!({ "remoteIgnoredDevices": [{ "deviceID": "X" }], "version": 36 })
        );
    }
}
