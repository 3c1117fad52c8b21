//! How a websocket stands in the config: the keys of an `[[instance]]` of kind `websocket`.
//!
//! Invariant: no secret goes with an address without TLS, and no trust is pretended there.

use url::Url;

use super::{Form, InConfig, Own, path};
use crate::config::describe::{Line, describe_credential, describe_statuses, millis};
use crate::config::expectation::statuses;
use crate::config::keys::{CREDENTIAL, Key, Takes, names};
use crate::config::parse_credential::credential;
use crate::config::problem::Findings;
use crate::config::section::{Section, interval, list};
use crate::core::kinds::websocket::WebsocketSettings;

const KEYS: &[Key] = &[
    Key::new(
        "subprotocol",
        Takes::Text,
        "Asked for when a websocket is opened; a server that does not choose it is shown as something to look at.",
    )
    .example("\"mqtt\""),
    Key::new(
        "interval",
        Takes::Time,
        "From one plain GET to the next. It costs the endpoint nothing, and tells whether it is alive.",
    )
    .usual("\"60s\""),
    Key::new(
        "upgrade-interval",
        Takes::Time,
        "From one real upgrade to the next; there is one at the start. Each costs a tunnel two lines in its log.",
    )
    .usual("\"15m\""),
    Key::new(
        "expect-status",
        Takes::Statuses,
        "What a plain GET is answered with by an endpoint that is alive. As long as this is not set, an upgrade that opens is believed as well.",
    )
    .usual("[400, 426]"),
];

impl InConfig for WebsocketSettings {
    const FORM: Form = Form {
        means: "Any websocket endpoint, such as a tunnel behind a reverse proxy. With ws:// nothing is encrypted: it takes no secret and no trust, and every view says so. The keys for who asks go with wss://.",
        keys: &[KEYS],
        who_asks: true,
        login: "'user' and 'password-file'",
        needs_url: Some("wss://vpn.example.org/_et/"),
        schemes: &["wss", "ws"],
        ..Form::USUAL
    };

    fn read(
        section: &mut Section<'_>,
        url: Option<&Url>,
        findings: &mut Findings<'_>,
    ) -> Own<Self> {
        if url.is_some_and(|url| url.scheme() == "ws") {
            unencrypted(section, findings);
        }
        let (credential, key) = credential(section, findings);
        let usual = Self::default();
        let settings = Self {
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
        Own {
            key,
            ..Own::from(settings)
        }
    }

    fn describe(&self, line: &mut Line<'_>) {
        if let Some(subprotocol) = &self.subprotocol {
            line("subprotocol", subprotocol.as_str().into());
        }
        for (key, interval) in [
            ("interval", self.interval),
            ("upgrade-interval", self.upgrade_interval),
        ] {
            line(key, millis(interval));
        }
        line("expect-status", describe_statuses(&self.statuses));
        describe_credential(&self.credential, line);
    }
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
