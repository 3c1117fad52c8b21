//! The keys of an `[[instance]]` of kind `centrifugo`.

use super::instance::KeySource;
use super::parse_secret::{TOKEN, secret};
use super::problem::Findings;
use super::section::Section;
use crate::core::centrifugo::CentrifugoSettings;

/// What this kind has besides what every kind has.
pub(super) const CENTRIFUGO: &[&str] = &[
    "api-key",
    "api-key-file",
    "api-key-env",
    "api-key-command",
    "token",
    "token-file",
    "token-env",
    "token-command",
];

/// How a Centrifugo is watched, and where the client's token comes from.
pub(super) struct Centrifugo {
    pub(super) settings: CentrifugoSettings,
    pub(super) token: KeySource,
}

pub(super) fn centrifugo(
    section: &mut Section<'_>,
    has_url: bool,
    findings: &mut Findings<'_>,
) -> Centrifugo {
    if !has_url {
        let at = section.at.clone();
        findings.problem(
            &at,
            "kind \"centrifugo\" needs a 'url', such as \"https://push.example.org:8000\"",
        );
    }
    let token = secret(section, &TOKEN, findings);
    Centrifugo {
        settings: CentrifugoSettings::default(),
        token: token.unwrap_or(KeySource::Nothing),
    }
}
