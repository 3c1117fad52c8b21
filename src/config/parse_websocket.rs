//! The keys of an `[[instance]]` of kind `websocket`.
//!
//! Invariant: no secret goes with an address without TLS, and no trust is pretended there.

use url::Url;

use super::expectation::statuses;
use super::instance::KeySource;
use super::keys::{CREDENTIAL, names};
use super::parse_credential::credential;
use super::parse_http::{interval, list, path};
use super::problem::Findings;
use super::section::Section;
use crate::core::websocket::WebsocketSettings;

/// How an endpoint is watched, and the secret that goes with it.
pub(super) fn websocket(
    section: &mut Section<'_>,
    has_url: bool,
    url: Option<&Url>,
    findings: &mut Findings<'_>,
) -> (WebsocketSettings, KeySource) {
    if !has_url {
        let at = section.at.clone();
        findings.problem(
            &at,
            "kind \"websocket\" needs a 'url', such as \"wss://vpn.example.org/_et/\"",
        );
    }
    if url.is_some_and(|url| url.scheme() == "ws") {
        unencrypted(section, findings);
    }
    let (credential, key) = credential(section, findings);
    let usual = WebsocketSettings::default();
    let settings = WebsocketSettings {
        path: url.map_or(usual.path, path),
        subprotocol: subprotocol(section, findings),
        interval: interval(section, "interval", usual.interval, findings),
        upgrade_interval: interval(
            section,
            "upgrade-interval",
            usual.upgrade_interval,
            findings,
        ),
        statuses: list(section, "expect-status", statuses, findings)
            .filter(|statuses| !statuses.is_empty())
            .unwrap_or(usual.statuses),
        credential,
    };
    (settings, key)
}

/// Says what `ws://` means, and refuses what cannot go with it.
fn unencrypted(section: &Section<'_>, findings: &mut Findings<'_>) {
    let at = section.at.clone();
    findings.warn(&at, "'url' begins with ws://: this connection is not encrypted. Anybody on the way can read and change what passes. Use wss:// where the server can");
    for key in names(CREDENTIAL).into_iter().filter(|key| section.has(key)) {
        let wrong = format!("'{key}' needs wss://: with ws:// everybody on the way could read it");
        findings.problem(&section.at(key), wrong);
    }
    if section.has("trust") {
        let wrong = "'trust' needs wss://: with ws:// there is no certificate to judge";
        findings.problem(&section.at("trust"), wrong);
    }
}

fn subprotocol(section: &mut Section<'_>, findings: &mut Findings<'_>) -> Option<String> {
    let name = section.string("subprotocol", findings)?;
    // A token of HTTP (RFC 9110, section 5.6.2).
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if name.value.is_empty() || !name.value.bytes().all(fits) {
        findings.problem(
            &name.at,
            "'subprotocol' in [[instance]] must be one name without spaces, such as \"mqtt\"",
        );
        return None;
    }
    Some(name.value)
}
