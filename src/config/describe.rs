//! A config as it is in force, for `syncwatch config show`: valid TOML, without secrets.

use std::fmt::Write as _;
use std::ops::RangeInclusive;
use std::path::Path;
use std::time::Duration;

use toml::Value;

use super::Config;
use super::describe_outlets::{describe_hook, describe_metrics};
use super::instance::{InstanceConfig, KeySource, TrustConfig};
use super::kinds;
use crate::core::credential::Credential;
use crate::core::holds::Chosen;

/// Takes a key and its value.
pub(super) type Line<'a> = dyn FnMut(&str, Value) + 'a;

impl Config {
    /// Every setting with its value, defaults included. Secrets and commands are left out.
    pub fn describe(&self) -> String {
        let mut text = String::new();
        for instance in &self.instances {
            describe(instance, &mut text);
        }
        let mut section = |title: &str, lines: &[(&str, Value)]| {
            let _ = writeln!(text, "[{title}]");
            for (key, value) in lines {
                let _ = writeln!(text, "{key} = {value}");
            }
            text.push('\n');
        };
        let patience = self.patience.overrides.iter();
        let names: Vec<_> = patience
            .map(|(class, time)| (class.name(), format!("{}ms", time.as_millis())))
            .collect();
        let lines: Vec<_> = names
            .iter()
            .map(|(name, time)| (name.as_str(), Value::from(time.as_str())))
            .collect();
        section("patience", &lines);
        section("pause", &[("all", self.pause.name().into())]);
        let wanted = &self.notifications;
        section(
            "notifications",
            &[
                ("enabled", wanted.enabled.into()),
                ("connection", wanted.connection.into()),
                ("untrusted", wanted.untrusted.into()),
                ("unauthorized", wanted.unauthorized.into()),
                ("new-device", wanted.new_device.into()),
                ("new-folder", wanted.new_folder.into()),
                ("synced", wanted.synced.into()),
                ("errors", wanted.errors.into()),
                ("conflicts", wanted.conflicts.into()),
                ("restart", wanted.restart.into()),
                ("highlights", wanted.highlights.into()),
            ],
        );
        let tray = [
            ("rates", self.tray.rates.into()),
            ("monochrome", self.tray.monochrome.into()),
            ("animate", self.tray.animate.into()),
            ("theme", self.tray.theme.name().into()),
        ];
        section("tray", &tray);
        describe_metrics(&self.metrics, &mut text);
        for hook in &self.hooks {
            describe_hook(hook, &mut text);
        }
        text.truncate(text.trim_end().len());
        text.push('\n');
        text
    }
}

fn describe(instance: &InstanceConfig, text: &mut String) {
    let _ = writeln!(text, "[[instance]]");
    let mut line = |key: &str, value: Value| {
        let _ = writeln!(text, "{key} = {value}");
    };
    line("name", instance.name.as_str().into());
    line("kind", instance.kind().name().into());
    if let Some(url) = &instance.url {
        line("url", url.as_str().into());
    }
    if let Some(home) = &instance.home {
        line("home", path(home));
    }
    if let Some(name) = &instance.server_name {
        line("server-name", name.as_str().into());
    }
    if let Some(connect) = &instance.connect {
        line("connect", connect.to_string().into());
    }
    for (key, chosen) in [
        ("pause-on-metered", &instance.pause_on_metered),
        ("pause-on-battery", &instance.pause_on_battery),
        ("may-be-away", &instance.may_be_away),
    ] {
        match chosen {
            Chosen::Nothing => {}
            Chosen::All => line(key, "all".into()),
            Chosen::Parts(names) => {
                let names: Vec<Value> = names.iter().map(|name| name.to_string().into()).collect();
                line(key, names.into());
            }
        }
    }
    kinds::describe(&instance.settings, &mut line);
    let first = match instance.secret() {
        "value" => "header.value",
        other => other,
    };
    let second = instance.settings.second_secret();
    let mut comments = secret(first, &instance.key, &mut line);
    comments.push_str(&secret(second, &instance.second, &mut line));
    if let Some(page) = &instance.token_url {
        // A query may hold what is nobody's business.
        let mut shown = page.url.clone();
        shown.set_query(None);
        line("token-url", shown.as_str().into());
        trust("token-trust", &page.trust, &mut line);
    }
    match &instance.trust {
        Some(TrustConfig::Command(program)) => {
            let name = program.name();
            let _ = writeln!(
                comments,
                "# trust.command is set ({name:?}); its arguments are not shown"
            );
        }
        Some(wanted) => trust("trust", wanted, &mut line),
        None => {}
    }
    text.push_str(&comments);
    text.push('\n');
}

/// Where a secret comes from; what cannot be said of it is returned as a comment.
pub(super) fn secret(name: &str, source: &KeySource, line: &mut Line<'_>) -> String {
    match source {
        KeySource::File(file) => line(&format!("{name}-file"), path(file)),
        KeySource::Env(variable) => line(&format!("{name}-env"), variable.as_str().into()),
        KeySource::Literal(_) => return format!("# {name} is set; it is not shown\n"),
        KeySource::Shell(_) | KeySource::Command(_) => {
            return format!("# {name}-command is set; it is not shown\n");
        }
        KeySource::ConfigXml => {
            return "# the API key is read from Syncthing's config.xml\n".to_owned();
        }
        KeySource::Nothing => {}
    }
    String::new()
}

pub(super) fn trust(key: &str, trust: &TrustConfig, line: &mut Line<'_>) {
    match trust {
        TrustConfig::System => line(key, "system".into()),
        TrustConfig::Any => line(key, "any".into()),
        // Named in a comment, where it can be.
        TrustConfig::Command(_) => {}
        TrustConfig::File(file) => line(&format!("{key}.file"), path(file)),
        TrustConfig::Ca(file) => line(&format!("{key}.ca"), path(file)),
        TrustConfig::Fingerprint(pins) => {
            let pins: Vec<Value> = pins.iter().map(|pin| pin.to_string().into()).collect();
            line(&format!("{key}.fingerprint"), pins.into());
        }
    }
}

pub(super) fn path(path: &Path) -> Value {
    path.display().to_string().into()
}

pub(super) fn millis(time: Duration) -> Value {
    format!("{}ms", time.as_millis()).into()
}

/// The ranges of statuses.
pub(super) fn describe_statuses(ranges: &[RangeInclusive<u16>]) -> Value {
    let texts = ranges
        .iter()
        .map(|range| format!("{}-{}", range.start(), range.end()));
    texts.collect::<Vec<_>>().into()
}

pub(super) fn describe_credential(credential: &Credential, line: &mut Line<'_>) {
    match credential {
        Credential::Basic { user } => line("user", user.as_str().into()),
        Credential::Header { name } => line("header.name", name.as_str().into()),
        Credential::ApiKey | Credential::Nothing | Credential::Bearer => {}
    }
}
