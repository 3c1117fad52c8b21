//! The text of a config file -> a [`Config`], or everything that is wrong with it.

use std::path::Path;

use toml::de::DeTable;

use super::keys::{NOTIFICATIONS, TRAY, names};
use super::parse_hook::hooks;
use super::parse_instance::instances;
use super::parse_metrics::metrics;
use super::parse_pause::pause;
use super::problem::{ConfigError, Findings, Warning};
use super::section::{Section, duration, unknown};
use super::{Config, Notifications, Tray};
use crate::core::failure::TABLE;
use crate::core::preferences::Theme;
use crate::core::{Class, Patience};

const TOP: &[&str] = &[
    "instance",
    "patience",
    "pause",
    "notifications",
    "tray",
    "metrics",
    "hook",
];

/// Reads the text of a config file. `file` is for messages, and relative paths start from its directory.
///
/// # Errors
/// Everything that is wrong, each with its line and column.
pub fn parse(text: &str, file: &Path) -> Result<(Config, Vec<Warning>), ConfigError> {
    let mut findings = Findings::new(text, file);
    let (document, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        let at = error.span().unwrap_or(0..0);
        let hint = escape_hint(text, at.start);
        findings.problem(&at, format!("this is not TOML: {}{hint}", error.message()));
    }
    if !findings.is_clean() {
        // What the parser made of the rest would only give false alarms.
        return findings.finish(Config::default());
    }
    let at = document.span();
    let mut top = Section::new("the file", at, document.into_inner(), TOP, &mut findings);
    let instances = instances(&mut top, &mut findings);
    let names: Vec<&str> = instances
        .iter()
        .map(|instance| instance.name.as_str())
        .collect();
    let hooks = hooks(&mut top, &names, &mut findings);
    let config = Config {
        hooks,
        instances,
        patience: patience(&mut top, &mut findings),
        pause: pause(&mut top, &mut findings),
        notifications: notifications(&mut top, &mut findings),
        tray: tray(&mut top, &mut findings),
        metrics: metrics(&mut top, &mut findings),
    };
    findings.finish(config)
}

/// What to do about a backslash that begins no escape: most likely it stands in a path of Windows.
fn escape_hint(text: &str, at: usize) -> &'static str {
    let before = text.get(..at).unwrap_or_default();
    let after = text.get(at..).unwrap_or_default();
    // As in C:\Users: what begins a character's number, and then no number.
    let number = before.trim_end_matches(|char: char| char.is_ascii_hexdigit());
    let mut begins = ["\\", "\\u", "\\U", "\\x"].iter();
    match begins.any(|start| number.ends_with(start)) || after.starts_with('\\') {
        true => {
            ". Write a path with backslashes in single quotes, 'C:\\Users\\me', or with / instead"
        }
        false => "",
    }
}

fn patience(top: &mut Section<'_>, findings: &mut Findings<'_>) -> Patience {
    let names: Vec<String> = TABLE.iter().map(|rule| rule.class.name()).collect();
    let allowed: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut patience = Patience::default();
    let Some(section) = top.section("[patience]", "patience", &allowed, findings) else {
        return patience;
    };
    for (key, value) in section.into_entries() {
        let class = TABLE
            .iter()
            .map(|rule| rule.class)
            .find(|class| class.name() == key.value);
        let called = format!("'{}' in [patience]", key.value.escape_debug());
        let time =
            class.and_then(|class: Class| Some((class, duration(&called, value, findings)?)));
        patience.overrides.extend(time);
    }
    patience
}

fn notifications(top: &mut Section<'_>, findings: &mut Findings<'_>) -> Notifications {
    let mut wanted = Notifications::default();
    let allowed = names(NOTIFICATIONS);
    if let Some(mut section) = top.section("[notifications]", "notifications", &allowed, findings) {
        section.boolean("enabled", &mut wanted.enabled, findings);
        section.boolean("connection", &mut wanted.connection, findings);
        section.boolean("untrusted", &mut wanted.untrusted, findings);
        section.boolean("unauthorized", &mut wanted.unauthorized, findings);
        // Both at once; either may still be said on its own.
        section.boolean("pending", &mut wanted.new_device, findings);
        wanted.new_folder = wanted.new_device;
        section.boolean("new-device", &mut wanted.new_device, findings);
        section.boolean("new-folder", &mut wanted.new_folder, findings);
        section.boolean("synced", &mut wanted.synced, findings);
        section.boolean("errors", &mut wanted.errors, findings);
        section.boolean("conflicts", &mut wanted.conflicts, findings);
        section.boolean("restart", &mut wanted.restart, findings);
        section.boolean("highlights", &mut wanted.highlights, findings);
    }
    wanted
}

fn tray(top: &mut Section<'_>, findings: &mut Findings<'_>) -> Tray {
    let mut wanted = Tray::default();
    let allowed = names(TRAY);
    if let Some(mut section) = top.section("[tray]", "tray", &allowed, findings) {
        section.boolean("rates", &mut wanted.rates, findings);
        section.boolean("monochrome", &mut wanted.monochrome, findings);
        section.boolean("animate", &mut wanted.animate, findings);
        if let Some(theme) = section.string("theme", findings) {
            match theme.value.as_str() {
                "auto" => wanted.theme = Theme::Auto,
                "dark" => wanted.theme = Theme::Dark,
                "light" => wanted.theme = Theme::Light,
                other => findings.problem(
                    &theme.at,
                    unknown(
                        "value",
                        other,
                        "'theme' of [tray]",
                        &["auto", "dark", "light"],
                    ),
                ),
            }
        }
    }
    wanted
}
