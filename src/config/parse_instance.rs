//! The `[[instance]]` tables of a config file.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};
use url::Url;

use super::address::{Connect, connect, service_url};
use super::instance::{InstanceConfig, TrustConfig};
use super::keys::{CREDENTIAL, EVERY, TRUST, names};
use super::kinds;
use super::parse_pause::chosen;
use super::parse_secret::from_command;
use super::problem::Findings;
use super::program::Program;
use super::section::{At, Section, a, string, strings, unknown};
use crate::core::{Fingerprint, Kind};

const TRUST_FORMS: &str = r#"{ file = "..." }, { fingerprint = ["sha256:..."] }, { command = [...] }, { ca = "..." }, "system" or "any""#;
const LONGEST_NAME: usize = 64;

/// All instances; the local Syncthing when there is none.
pub(super) fn instances(top: &mut Section<'_>, findings: &mut Findings<'_>) -> Vec<InstanceConfig> {
    if !top.has("instance") {
        return vec![InstanceConfig::local()];
    }
    let clean = findings.is_clean();
    let tables = tables(top, "instance", findings);
    if tables.is_empty() && clean == findings.is_clean() {
        return vec![InstanceConfig::local()];
    }
    let mut names = BTreeSet::new();
    let mut instances = Vec::new();
    for (at, table) in tables {
        let allowed = allowed(&table);
        let section = Section::new("[[instance]]", at, table, &allowed, findings);
        let Some((name_at, instance)) = instance(section, findings) else {
            continue;
        };
        if !names.insert(instance.name.clone()) {
            let name = &instance.name;
            findings.problem(
                &name_at,
                format!("there are two instances called '{name}'; each needs a name of its own"),
            );
        }
        instances.push(instance);
    }
    instances
}

/// The tables of a key that may come more than once, each with its place.
pub(super) fn tables<'t>(
    top: &mut Section<'t>,
    key: &'static str,
    findings: &mut Findings<'_>,
) -> Vec<(Range<usize>, DeTable<'t>)> {
    let Some(value) = top.take(key) else {
        return Vec::new();
    };
    let at = value.span();
    let list = match value.into_inner() {
        DeValue::Array(list) => list,
        DeValue::Table(_) => {
            findings.problem(
                &at,
                format!(
                    "write [[{key}]], with two brackets on each side: there can be more than one"
                ),
            );
            return Vec::new();
        }
        other => {
            findings.problem(
                &at,
                format!("'{key}' must be tables, [[{key}]], not {}", a(&other)),
            );
            return Vec::new();
        }
    };
    let mut tables = Vec::new();
    for value in list {
        let at = value.span();
        match value.into_inner() {
            DeValue::Table(table) => tables.push((at, table)),
            _ => findings.problem(&at, format!("'{key}' must be tables, [[{key}]]")),
        }
    }
    tables
}

fn instance(
    mut section: Section<'_>,
    findings: &mut Findings<'_>,
) -> Option<(Range<usize>, InstanceConfig)> {
    let known_kind = kind(&mut section, findings);
    let kind = known_kind.unwrap_or_default();
    let name = name(&mut section, findings);
    let has_url = section.has("url");
    let (url, connect) = place(&mut section, kind, findings);
    let home = section.path("home", findings);
    if let Some(example) = kinds::form(kind).needs_url
        && !has_url
    {
        let name = kind.name();
        let wrong = format!("kind \"{name}\" needs a 'url', such as \"{example}\"");
        findings.problem(&section.at.clone(), wrong);
    }
    let own = kinds::read(kind, &mut section, url.as_ref(), findings);
    let trust = trust(&mut section, "trust", has_url, findings);
    let server_name = server_name(&mut section, findings);
    let pause_on_metered = chosen(&mut section, "pause-on-metered", findings);
    let pause_on_battery = chosen(&mut section, "pause-on-battery", findings);
    let may_be_away = chosen(&mut section, "may-be-away", findings);
    let (name, _) = name.zip(known_kind)?;
    let instance = InstanceConfig {
        name: name.value,
        url,
        home,
        key: own.key,
        second: own.second,
        token_url: own.token_url,
        settings: Arc::new(own.settings),
        trust,
        server_name,
        connect,
        pause_on_metered,
        pause_on_battery,
        may_be_away,
    };
    Some((name.at, instance))
}

/// The name that is asked for and checked.
pub(super) fn server_name(
    section: &mut Section<'_>,
    findings: &mut Findings<'_>,
) -> Option<String> {
    let called = section.called("server-name");
    let name = section.string("server-name", findings)?;
    let valid = url::Host::parse(&name.value).is_ok();
    if !valid {
        let message =
            format!("{called} must be a host name or an IP address, without scheme and port");
        findings.problem(&name.at, message);
    }
    valid.then_some(name.value)
}

fn place(
    section: &mut Section<'_>,
    kind: Kind,
    findings: &mut Findings<'_>,
) -> (Option<Url>, Option<Connect>) {
    let has_url = section.has("url");
    let found = section.string("url", findings).and_then(|url| {
        let checked = service_url(&url.value, kind);
        checked
            .map_err(|wrong| findings.problem(&url.at, wrong))
            .ok()
    });
    let (url, zone) = found.unzip();
    let connect = section.string("connect", findings).and_then(|text| {
        let checked = match &url {
            Some(url) => connect(&text.value, url),
            None if has_url => return None,
            None => {
                Err("'connect' needs a 'url': the name that is asked for there and checked".into())
            }
        };
        checked
            .map_err(|wrong| findings.problem(&text.at, wrong))
            .ok()
    });
    (url, connect.or(zone.flatten()))
}

/// The keys of the kind that a table names; of all kinds where it names none that there is.
fn allowed(table: &DeTable<'_>) -> Vec<&'static str> {
    let named = match table.get("kind").map(Spanned::get_ref) {
        None => Some(Kind::default()),
        Some(DeValue::String(kind)) => Kind::named(kind),
        Some(_) => None,
    };
    let kinds = named.map_or(Kind::ALL.to_vec(), |kind| vec![kind]);
    let mut keys = EVERY.to_vec();
    for form in kinds.into_iter().map(kinds::form) {
        keys.extend(form.keys.concat());
        keys.extend_from_slice(if form.who_asks { CREDENTIAL } else { &[] });
    }
    names(&keys)
}

fn kind(section: &mut Section<'_>, findings: &mut Findings<'_>) -> Option<Kind> {
    if !section.has("kind") {
        return Some(Kind::default());
    }
    let kind = section.string("kind", findings)?;
    let found = Kind::named(&kind.value);
    if found.is_none() {
        let wrong = unknown("kind", &kind.value, "[[instance]]", Kind::NAMES);
        findings.problem(&kind.at, wrong);
    }
    found
}

/// The `name` that everything calls it by.
pub(super) fn name(section: &mut Section<'_>, findings: &mut Findings<'_>) -> Option<At<String>> {
    if !section.has("name") {
        let message = format!(
            "this {} needs a 'name', such as name = \"laptop\"",
            section.title
        );
        findings.problem(&section.at, message);
        return None;
    }
    let called = section.called("name");
    let name = section.string("name", findings)?;
    let text = name.value.as_str();
    let wrong = if text.trim().is_empty() {
        "must not be empty".to_owned()
    } else if text.chars().count() > LONGEST_NAME {
        format!("must have {LONGEST_NAME} characters at most")
    } else if text.starts_with('-') {
        "must not begin with '-': it could be taken for an option".to_owned()
    } else if text.trim() != text || text.chars().any(char::is_control) {
        "must not hold control characters, nor begin or end with a space".to_owned()
    } else {
        return Some(name);
    };
    findings.problem(&name.at, format!("{called} {wrong}"));
    None
}

/// The trust that `key` names. `any` is for an address that a 'url' names.
pub(super) fn trust(
    section: &mut Section<'_>,
    key: &'static str,
    has_url: bool,
    findings: &mut Findings<'_>,
) -> Option<TrustConfig> {
    let may_ask = section.title == "[[instance]]" && key == "trust";
    let value = section.take(key)?;
    let at = value.span();
    let table = match value.into_inner() {
        DeValue::Table(table) => table,
        DeValue::String(word) => match word.as_ref() {
            "system" => return Some(TrustConfig::System),
            "any" if has_url => {
                findings.warn(&at, "trust = \"any\" accepts every certificate: whoever answers at this address gets the secret. Pin the certificate instead: trust = { fingerprint = [...] }");
                return Some(TrustConfig::Any);
            }
            "any" => {
                findings.problem(
                    &at,
                    match key {
                        "trust" => {
                            "trust = \"any\" needs a 'url': it is for one named address only"
                        }
                        _ => "'token-trust' cannot be \"any\": whoever answers would be asked for the token",
                    },
                );
                return None;
            }
            other if other.parse::<Fingerprint>().is_ok() => {
                findings.problem(
                    &at,
                    format!("write {key} = {{ fingerprint = [\"{other}\"] }}"),
                );
                return None;
            }
            _ => {
                findings.problem(&at, format!("'{key}' must be one of {TRUST_FORMS}"));
                return None;
            }
        },
        other => {
            findings.problem(
                &at,
                format!("'{key}' must be one of {TRUST_FORMS}, not {}", a(&other)),
            );
            return None;
        }
    };
    let known = table
        .keys()
        .filter(|key| {
            TRUST
                .iter()
                .any(|known| known.name == key.get_ref().as_ref())
        })
        .count();
    let whole = known == table.len();
    let title = match key {
        "trust" => "'trust'",
        _ => "'token-trust'",
    };
    let mut trust = Section::new(title, at.clone(), table, &names(TRUST), findings);
    if known != 1 {
        // An unknown key was reported already.
        if whole {
            findings.problem(&at, format!("'{key}' must be one of {TRUST_FORMS}"));
        }
        return None;
    }
    let file = trust.path("file", findings).map(TrustConfig::File);
    let ca = trust.path("ca", findings).map(TrustConfig::Ca);
    let command_at = trust.at("command");
    let command = from_command(&mut trust, "command", findings)
        .and_then(Program::of)
        .map(TrustConfig::Command);
    if command.is_some() && !may_ask {
        findings.problem(
            &command_at,
            format!("'command' in {title} is for the instances; here it can be a file, a fingerprint, a CA or \"system\""),
        );
        return None;
    }
    file.or(ca)
        .or(command)
        .or_else(|| fingerprints(&mut trust, findings))
}

fn fingerprints(trust: &mut Section<'_>, findings: &mut Findings<'_>) -> Option<TrustConfig> {
    let called = "'fingerprint' in 'trust'";
    let value = trust.take("fingerprint")?;
    let texts = match value.get_ref() {
        DeValue::Array(list) => strings(called, list.clone(), findings),
        DeValue::String(_) => string(called, value, findings).into_iter().collect(),
        other => {
            let message = format!(
                "{called} must be a list of texts, [\"sha256:...\"], not {}",
                a(other)
            );
            findings.problem(&value.span(), message);
            return None;
        }
    };
    let mut pins = Vec::new();
    for text in texts {
        match text.value.parse() {
            Ok(pin) if !pins.contains(&pin) => pins.push(pin),
            Ok(_) => {}
            Err(error) => findings.problem(&text.at, format!("{called}: {error}")),
        }
    }
    Some(TrustConfig::Fingerprint(pins))
}
