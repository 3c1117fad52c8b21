//! How a WeeChat stands in the config: the keys of an `[[instance]]` of kind `weechat`.

use secrecy::ExposeSecret as _;
use toml::Value;
use toml::de::DeValue;
use url::Url;

use super::{Form, InConfig, Own};
use crate::config::describe::Line;
use crate::config::instance::KeySource;
use crate::config::keys::{Key, Takes, secret_keys};
use crate::config::parse_secret::{Names, PASSWORD, secret};
use crate::config::problem::Findings;
use crate::config::section::{At, Section, string, strings, unknown};
use crate::core::kinds::weechat::{PasswordHash, WeechatSettings};

const PASSWORD_KEYS: [Key; 4] = secret_keys!("password", "That of relay.network.password", "");
const TOTP_KEYS: [Key; 4] = secret_keys!(
    "totp-secret",
    "That of relay.network.totp_secret, where it is set",
    ""
);
const KEYS: &[Key] = &[
    Key::new(
        "password-hash",
        Takes::Words(&["pbkdf2+sha512", "pbkdf2+sha256", "sha512", "sha256", "plain"]),
        "How the password may be sent: of those that the relay allows too, the strongest is taken. Without it, all may be.",
    )
    .example("[\"pbkdf2+sha512\", \"sha512\"]"),
];

const TOTP: Names = [
    "totp-secret",
    "totp-secret-file",
    "totp-secret-env",
    "totp-secret-command",
];

impl InConfig for WeechatSettings {
    const FORM: Form = Form {
        means: "A WeeChat with the relay \"api\" (4.6 or newer) over TLS.",
        keys: &[&PASSWORD_KEYS, &TOTP_KEYS, KEYS],
        login: "'password-file'",
        needs_url: Some("https://irc.example.org:9000"),
        ..Form::USUAL
    };

    fn read(
        section: &mut Section<'_>,
        _url: Option<&Url>,
        findings: &mut Findings<'_>,
    ) -> Own<Self> {
        let password = secret(section, &PASSWORD, findings);
        Own {
            key: password.unwrap_or(KeySource::Nothing),
            second: totp(section, findings),
            ..Own::from(settings(section, findings))
        }
    }

    fn describe(&self, line: &mut Line<'_>) {
        let hashes: Vec<Value> = self.hashes.iter().map(|hash| hash.name().into()).collect();
        line("password-hash", hashes.into());
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
