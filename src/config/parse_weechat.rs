//! The keys of an `[[instance]]` of kind `weechat`.

use super::instance::KeySource;
use super::parse_secret::{Names, PASSWORD, secret};
use super::problem::Findings;
use super::section::Section;
use crate::core::weechat::WeechatSettings;

/// What this kind has besides what every kind has.
pub(super) const WEECHAT: &[&str] = &[
    "password",
    "password-file",
    "password-env",
    "password-command",
    "totp-secret",
    "totp-secret-file",
    "totp-secret-env",
    "totp-secret-command",
];
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
    let totp = secret(section, &TOTP, findings);
    Weechat {
        settings: WeechatSettings::default(),
        password: password.unwrap_or(KeySource::Nothing),
        totp: totp.unwrap_or(KeySource::Nothing),
    }
}
