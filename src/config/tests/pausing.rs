//! What is paused for which cause: `[pause]`, `pause-on-metered`, `pause-on-battery`.

use std::path::Path;

use super::super::*;
use crate::core::holds::{Chosen, PartName, Scope};

fn read(text: &str) -> Result<Config, String> {
    let parsed = parse(text, Path::new("/etc/config.toml"));
    parsed
        .map(|(config, _)| config)
        .map_err(|error| error.to_string())
}

#[test]
fn nothing_is_paused_unless_it_is_said() {
    let config = read("[[instance]]\nname = 'a'").expect("valid");
    let rules = config.instances[0].hold_rules(config.pause);
    assert_eq!(rules, crate::core::HoldRules::default());
    assert_eq!(rules.all, Scope::Devices);
}

#[test]
fn parts_are_named_once() {
    let config = read(
        "[pause]\nall = 'everything'\n[[instance]]\nname = 'a'\npause-on-metered = 'all'\n\
         pause-on-battery = ['folder: My photos', 'device:nas', 'device:nas', 'folder:a:b']",
    )
    .expect("valid");
    let rules = config.instances[0].hold_rules(config.pause);
    assert_eq!(rules.all, Scope::Everything);
    assert_eq!(rules.metered, Chosen::All);
    let parts = [
        PartName::Folder("My photos".into()),
        PartName::Device("nas".into()),
        PartName::Folder("a:b".into()),
    ];
    assert_eq!(rules.battery, Chosen::Parts(parts.to_vec()));
    let none = read("[[instance]]\nname = 'a'\npause-on-metered = []").expect("valid");
    assert_eq!(none.instances[0].pause_on_metered, Chosen::Nothing);
}

#[test]
fn mistakes_are_explained() {
    let forms = "must be \"all\", or a list such as [\"folder:photos\", \"device:nas\"]";
    let part = "write \"folder:\" and its ID or label, or \"device:\" and its ID or name";
    for (text, expected) in [
        (
            "[pause]\nal = 'devices'",
            "2:1: unknown key 'al' in [pause]. Did you mean 'all'? Allowed: all.".to_owned(),
        ),
        (
            "[pause]\nall = 'device'",
            "2:7: unknown value 'device' in 'all' of [pause]. Did you mean 'devices'? Allowed: devices, folders, everything.".to_owned(),
        ),
        (
            "[[instance]]\nname = 'a'\npause-on-metred = 'all'",
            "3:1: unknown key 'pause-on-metred' in [[instance]]. Did you mean 'pause-on-metered'?".to_owned(),
        ),
        (
            "[[instance]]\nname = 'a'\npause-on-metered = 'folder:a'",
            format!("3:20: 'pause-on-metered' in [[instance]] {forms}"),
        ),
        (
            "[[instance]]\nname = 'a'\npause-on-battery = true",
            format!("3:20: 'pause-on-battery' in [[instance]] {forms}, not "),
        ),
        (
            "[[instance]]\nname = 'a'\npause-on-battery = ['photos', 'folder:']",
            format!("3:21: 'pause-on-battery' in [[instance]]: {part}"),
        ),
        (
            "[[instance]]\nname = 'a'\npause-on-battery = ['file:x']",
            part.to_owned(),
        ),
    ] {
        let found = read(text).expect_err(text);
        assert!(found.contains(&expected), "{text}\n{found}");
    }
}
