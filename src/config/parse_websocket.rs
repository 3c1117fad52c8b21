//! The keys of an `[[instance]]` of kind `websocket`.

use url::Url;

use super::instance::KeySource;
use super::problem::Findings;
use super::section::Section;
use crate::core::http::Credential;
use crate::core::websocket::WebsocketSettings;

/// What this kind has besides what every kind has.
pub(super) const WEBSOCKET: &[&str] = &[];

/// How an endpoint is watched, and the secret that goes with it.
pub(super) fn websocket(
    section: &mut Section<'_>,
    url: Option<&Url>,
    findings: &mut Findings<'_>,
) -> (WebsocketSettings, KeySource) {
    if url.is_none() && !section.has("url") {
        let at = section.at.clone();
        findings.problem(
            &at,
            "kind \"websocket\" needs a 'url', such as \"wss://vpn.example.org/_et/\"",
        );
    }
    let settings = WebsocketSettings {
        credential: Credential::Nothing,
    };
    (settings, KeySource::Nothing)
}
