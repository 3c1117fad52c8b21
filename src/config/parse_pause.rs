//! What is paused, and for what: `[pause]` and the keys of an `[[instance]]`.

use toml::de::DeValue;

use super::keys::{PAUSE, names};
use super::problem::Findings;
use super::section::{Section, a, strings, unknown};
use crate::core::holds::{Chosen, PartName, Scope};

const FORMS: &str = r#""all", or a list such as ["folder:photos", "device:nas"]"#;

/// `[pause]`.
pub(super) fn pause(top: &mut Section<'_>, findings: &mut Findings<'_>) -> Scope {
    let section = top.section("[pause]", "pause", &names(PAUSE), findings);
    let Some(all) = section.and_then(|mut section| section.string("all", findings)) else {
        return Scope::default();
    };
    let scopes = [Scope::Devices, Scope::Folders, Scope::Everything];
    let found = scopes.into_iter().find(|scope| scope.name() == all.value);
    found.unwrap_or_else(|| {
        let names = scopes.map(Scope::name);
        let message = unknown("value", &all.value, "'all' of [pause]", &names);
        findings.problem(&all.at, message);
        Scope::default()
    })
}

/// `pause-on-metered` or `pause-on-battery`.
pub(super) fn chosen(
    section: &mut Section<'_>,
    key: &'static str,
    findings: &mut Findings<'_>,
) -> Chosen {
    let called = format!("'{key}' in [[instance]]");
    let Some(value) = section.take(key) else {
        return Chosen::Nothing;
    };
    let at = value.span();
    let names = match value.into_inner() {
        DeValue::String(word) if word == "all" => return Chosen::All,
        DeValue::Array(list) => strings(&called, list, findings),
        DeValue::String(_) => {
            findings.problem(&at, format!("{called} must be {FORMS}"));
            return Chosen::Nothing;
        }
        other => {
            findings.problem(&at, format!("{called} must be {FORMS}, not {}", a(&other)));
            return Chosen::Nothing;
        }
    };
    let mut parts: Vec<PartName> = Vec::new();
    for name in names {
        match name.value.parse() {
            Ok(part) if !parts.contains(&part) => parts.push(part),
            Ok(_) => {}
            Err(error) => findings.problem(&name.at, format!("{called}: {error}")),
        }
    }
    match parts.is_empty() {
        true => Chosen::Nothing,
        false => Chosen::Parts(parts),
    }
}
