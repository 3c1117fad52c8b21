//! `[[hook]]`: a command or an https POST, told of what happens.

use std::collections::BTreeSet;
use std::ops::Range;
use std::time::Duration;

use toml::de::DeValue;

use super::address::{connect, service_url};
use super::instance::TrustConfig;
use super::keys::{CREDENTIAL, HOOK, HOOK_URL, names};
use super::outlets::{Delivery, HookConfig, Post};
use super::parse_credential::credential;
use super::parse_instance::{name, server_name, tables, trust};
use super::parse_secret::from_command;
use super::problem::Findings;
use super::program::Program;
use super::section::{At, Section, a, strings, time, unknown};
use crate::core::Kind;
use crate::core::credential::Credential;
use crate::core::occasion::Occasion;

const TIMEOUT: Duration = Duration::from_secs(10);
const TIMEOUTS: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(600));
const PAUSE: Duration = Duration::from_secs(10);
const PAUSES: (Duration, Duration) = (Duration::ZERO, Duration::from_secs(86_400));

/// All hooks; `known` are the names of the instances.
pub(super) fn hooks(
    top: &mut Section<'_>,
    known: &[&str],
    findings: &mut Findings<'_>,
) -> Vec<HookConfig> {
    let allowed = names(&[HOOK, HOOK_URL, CREDENTIAL].concat());
    let mut hooks: Vec<HookConfig> = Vec::new();
    for (at, table) in tables(top, "hook", findings) {
        let section = Section::new("[[hook]]", at, table, &allowed, findings);
        let Some((name_at, hook)) = hook(section, known, findings) else {
            continue;
        };
        if hooks.iter().any(|other| other.name == hook.name) {
            let name = &hook.name;
            findings.problem(
                &name_at,
                format!("there are two hooks called '{name}'; each needs a name of its own"),
            );
        }
        hooks.push(hook);
    }
    hooks
}

fn hook(
    mut section: Section<'_>,
    known: &[&str],
    findings: &mut Findings<'_>,
) -> Option<(Range<usize>, HookConfig)> {
    let name = name(&mut section, findings);
    let on = on(&mut section, findings);
    let instances = instances(&mut section, known, findings);
    let timeout = time(&mut section, "timeout", TIMEOUT, TIMEOUTS, findings);
    let pause = time(&mut section, "pause", PAUSE, PAUSES, findings);
    let delivery = delivery(&mut section, findings)?;
    let At { value: name, at } = name?;
    let hook = HookConfig {
        name,
        on,
        instances,
        delivery,
        timeout,
        pause,
    };
    Some((at, hook))
}

fn on(section: &mut Section<'_>, findings: &mut Findings<'_>) -> BTreeSet<Occasion> {
    let allowed = Occasion::ALL.map(Occasion::name);
    let words = list(section, "on", findings);
    let missing = words.as_ref().is_none_or(Vec::is_empty);
    let mut on = BTreeSet::new();
    for word in words.into_iter().flatten() {
        match Occasion::ALL
            .into_iter()
            .find(|one| one.name() == word.value)
        {
            Some(occasion) => {
                on.insert(occasion);
            }
            None => {
                let message = unknown("event", &word.value, "'on' of [[hook]]", &allowed);
                findings.problem(&word.at, message);
            }
        }
    }
    if missing {
        let message = format!(
            "this [[hook]] needs an 'on', such as on = [\"loud\", \"recovered\"]. Allowed: {}.",
            allowed.join(", ")
        );
        findings.problem(&section.at, message);
    }
    on
}

fn instances(
    section: &mut Section<'_>,
    known: &[&str],
    findings: &mut Findings<'_>,
) -> BTreeSet<String> {
    let mut wanted = BTreeSet::new();
    for name in list(section, "instances", findings).unwrap_or_default() {
        if known.contains(&name.value.as_str()) {
            wanted.insert(name.value);
        } else {
            let message = unknown("instance", &name.value, "'instances' of [[hook]]", known);
            findings.problem(&name.at, message);
        }
    }
    wanted
}

fn list(
    section: &mut Section<'_>,
    key: &'static str,
    findings: &mut Findings<'_>,
) -> Option<Vec<At<String>>> {
    let called = section.called(key);
    let value = section.take(key)?;
    let at = value.span();
    match value.into_inner() {
        DeValue::Array(list) => Some(strings(&called, list, findings)),
        other => {
            findings.problem(
                &at,
                format!("{called} must be a list of texts, not {}", a(&other)),
            );
            None
        }
    }
}

fn delivery(section: &mut Section<'_>, findings: &mut Findings<'_>) -> Option<Delivery> {
    let at = section.at.clone();
    match (section.has("command"), section.has("url")) {
        (true, false) => {
            let only = names(&[HOOK_URL, CREDENTIAL].concat());
            if let Some(key) = only.into_iter().find(|key| section.has(key)) {
                let message = format!(
                    "'{key}' in [[hook]] needs a 'url'; a 'command' has secrets of its own"
                );
                findings.problem(&section.at(key), message);
            }
            Program::of(from_command(section, "command", findings)?).map(Delivery::Run)
        }
        (false, true) => post(section, findings).map(|post| Delivery::Post(Box::new(post))),
        (true, true) => {
            findings.problem(&at, "give one of command, url only");
            None
        }
        (false, false) => {
            findings.problem(
                &at,
                "this [[hook]] needs a 'command', such as [\"notify-me\", \"--json\"], or a 'url'",
            );
            None
        }
    }
}

fn post(section: &mut Section<'_>, findings: &mut Findings<'_>) -> Option<Post> {
    let url = section.string("url", findings)?;
    let found = service_url(&url.value, Kind::Http)
        .map_err(|wrong| findings.problem(&url.at, without_path(&url.value).unwrap_or(wrong)))
        .ok();
    let (url, zone) = found.unzip();
    let connect = section.string("connect", findings).and_then(|text| {
        let checked = connect(&text.value, url.as_ref()?);
        checked
            .map_err(|wrong| findings.problem(&text.at, wrong))
            .ok()
    });
    let trust = trust(section, "trust", true, findings);
    let server_name = server_name(section, findings);
    let (credential, key) = credential(section, findings);
    if trust == Some(TrustConfig::Any) && credential != Credential::Nothing {
        let message = "a hook with trust = \"any\" takes no secret: whoever answers would get it";
        findings.problem(&section.at, message);
    }
    Some(Post {
        url: url?,
        connect: connect.or(zone.flatten()),
        server_name,
        trust: trust.unwrap_or(TrustConfig::System),
        credential,
        key,
    })
}

/// What is wrong with a URL, said of its beginning, where that is wrong alone: the path is often the secret.
fn without_path(url: &str) -> Option<String> {
    let url = url.trim();
    let host = url.find("://").map_or(0, |at| at + 3);
    let end = url.get(host..)?.find(['/', '?', '#', '\\'])? + host;
    service_url(url.get(..end)?, Kind::Http).err()
}
