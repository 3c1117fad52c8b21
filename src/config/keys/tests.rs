//! The declarations fit the parser, and everything made of them is complete.

use std::path::Path;

use super::*;
use crate::config::{Config, kinds, parse};

const EXAMPLE: &str = include_str!("../../../config/syncwatch.toml");

/// A whole config with this key in it.
pub(crate) fn config(part: &Part, key: &Key) -> String {
    let line = format!("{} = {}\n", key.name, key.example);
    let has = |name: &str| key.name == name || key.with.starts_with(name);
    let mut text = match part.title.starts_with("[[instance]]") || part.kind.is_some() {
        true => "[[instance]]\n".to_owned(),
        false => format!("{}\n", part.title),
    };
    if part.title.starts_with("[[hook]]") {
        text = "[[hook]]\n".to_owned();
        if key.name != "name" {
            text += "name = \"example\"\n";
        }
        if key.name != "on" {
            text += "on = [\"loud\"]\n";
        }
        if !["command", "url"].contains(&key.name) && key.with.is_empty() {
            text += "command = \"true\"\n";
        }
    }
    if text.starts_with("[[instance]]") {
        if key.name != "name" {
            text += "name = \"example\"\n";
        }
        if let Some(kind) = part.kind {
            text += &format!("kind = \"{}\"\n", kind.name());
        }
        let url = part.kind.and_then(|kind| kinds::form(kind).needs_url);
        if let Some(url) = url.filter(|_| !has("url")) {
            text += &format!("url = \"{url}\"\n");
        }
        if part.kind == Some(Kind::Weechat)
            && !key.name.starts_with("password-")
            && key.name != "password"
        {
            text += "password = \"secret\"\n";
        }
    }
    text + key.with + "\n" + &line
}

#[test]
fn every_example_and_every_default_is_taken() {
    for part in parts() {
        for key in &part.keys {
            let text = config(&part, key);
            let parsed = parse(&text, Path::new("/etc/syncwatch/config.toml"));
            assert!(parsed.is_ok(), "{text}\n{:?}", parsed.err());
            if let Some(usual) = key.usual {
                let usual = format!("{} = {usual}", key.name);
                assert!(usual.parse::<toml::Table>().is_ok(), "{usual}");
            }
        }
    }
}

#[test]
fn a_default_is_what_holds_without_the_key() {
    let base = |text: &str| parse(text, Path::new("config.toml")).expect(text).0;
    let nothing: Config = base("");
    for part in parts()
        .iter()
        .filter(|part| !part.title.starts_with("[[") && part.kind.is_none())
    {
        for (key, usual) in part.keys.iter().filter_map(|key| Some((key, key.usual?))) {
            let text = format!("{}\n{} = {usual}\n", part.title, key.name);
            assert_eq!(base(&text).describe(), nothing.describe(), "{text}");
        }
    }
    for part in parts().iter().filter(|part| part.kind.is_some()) {
        for (key, usual) in part.keys.iter().filter_map(|key| Some((key, key.usual?))) {
            // Whether these are set counts as well.
            if ["expect-status", "websocket"].contains(&key.name) {
                continue;
            }
            let with = config(
                part,
                &Key {
                    example: usual,
                    ..*key
                },
            );
            let without = with.replace(&format!("{} = {usual}\n", key.name), "");
            assert_ne!(with, without);
            assert_eq!(base(&with).describe(), base(&without).describe(), "{with}");
        }
    }
}

#[test]
fn the_example_file_names_every_key() {
    let mut missing = Vec::new();
    for part in parts() {
        for key in &part.keys {
            let named = EXAMPLE.lines().any(|line| {
                let line = line.trim_start_matches(['#', ' ']);
                line.strip_prefix(key.name)
                    .is_some_and(|rest| rest.trim_start().starts_with('='))
            });
            // Of the four ways to give a secret one or more is shown.
            let way = ["-file", "-env", "-command"]
                .iter()
                .find_map(|way| key.name.strip_suffix(way));
            let secret = part
                .keys
                .iter()
                .any(|other| way == Some(other.name) || other.name == format!("{}-file", key.name));
            if !named && !secret {
                missing.push(format!("{} of {}", key.name, part.title));
            }
        }
    }
    assert!(
        missing.is_empty(),
        "config/syncwatch.toml says nothing of {missing:?}"
    );
}

#[test]
fn the_files_are_what_is_generated() {
    let schema = serde_json::to_string_pretty(&schema()).expect("JSON") + "\n";
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    // As for snapshots.
    let update = std::env::var_os("INSTA_UPDATE").is_some_and(|word| word == "always");
    for (file, made) in [
        ("docs/config.md", markdown()),
        ("assets/config.schema.json", schema),
    ] {
        let file = root.join(file);
        if update {
            std::fs::write(&file, &made).expect("written");
        }
        assert!(
            std::fs::read_to_string(&file).is_ok_and(|known| known == made),
            "{} is not up to date.\n    What to do: INSTA_UPDATE=always cargo test --lib config::keys, or see syncwatch generate config-reference --help",
            file.display()
        );
    }
}
