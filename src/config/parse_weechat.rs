//! The keys of an `[[instance]]` of kind `weechat`.

use secrecy::ExposeSecret as _;
use toml::de::DeValue;

use super::instance::KeySource;
use super::parse_secret::{Names, PASSWORD, secret};
use super::problem::Findings;
use super::section::{At, Section, string, strings, unknown};
use crate::core::weechat::{PasswordHash, WeechatSettings};

const TOTP: Names = [
    "totp-secret",
    "totp-secret-file",
    "totp-secret-env",
    "totp-secret-command",
];

/// How a WeeChat is watched, and how to log in.
pub(super) struct Weechat {
    pub(super) settings: WeechatSettings,
    pub(super) password: KeySource,
    /// The secret of the one-time passwords.
    pub(super) totp: KeySource,
}

pub(super) fn weechat(
    section: &mut Section<'_>,
    has_url: bool,
    findings: &mut Findings<'_>,
) -> Weechat {
    if !has_url {
        let at = section.at.clone();
        findings.problem(
            &at,
            "kind \"weechat\" needs a 'url', such as \"https://irc.example.org:9000\"",
        );
    }
    let password = secret(section, &PASSWORD, findings);
    Weechat {
        settings: settings(section, findings),
        password: password.unwrap_or(KeySource::Nothing),
        totp: totp(section, findings),
    }
}

fn settings(section: &mut Section<'_>, findings: &mut Findings<'_>) -> WeechatSettings {
    const KEY: &str = "password-hash";
    let called = section.called(KEY);
    let Some(value) = section.take(KEY) else {
        return WeechatSettings::default();
    };
    let at = value.span();
    let names: Vec<At<String>> = match value.get_ref() {
        DeValue::Array(list) => strings(&called, list.clone(), findings),
        _ => string(&called, value, findings).into_iter().collect(),
    };
    let allowed = PasswordHash::ALL.map(PasswordHash::name);
    let mut hashes = Vec::new();
    for name in &names {
        match PasswordHash::named(&name.value) {
            Some(hash) => hashes.push(hash),
            None => findings.problem(&name.at, unknown("value", &name.value, &called, &allowed)),
        }
    }
    if names.is_empty() {
        let allowed = allowed.join(", ");
        findings.problem(&at, format!("{called} must name one of {allowed} at least"));
    }
    hashes.sort_unstable();
    hashes.dedup();
    WeechatSettings { hashes }
}

fn totp(section: &mut Section<'_>, findings: &mut Findings<'_>) -> KeySource {
    let [literal, ..] = TOTP;
    let (at, called) = (section.at(literal), section.called(literal));
    let found = secret(section, &TOTP, findings).unwrap_or(KeySource::Nothing);
    if let KeySource::Literal(secret) = &found
        && !is_base32(secret.expose_secret())
    {
        let wrong = "must be what WeeChat has in relay.network.totp_secret: letters and the digits 2 to 7 (base32)";
        findings.problem(&at, format!("{called} {wrong}"));
    }
    found
}

/// Blanks and padding may stand in it, as in what apps show.
fn is_base32(text: &str) -> bool {
    let mut digits = text.bytes().filter(|byte| !matches!(byte, b' ' | b'='));
    digits.all(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'2'..=b'7'))
}
