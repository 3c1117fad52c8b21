//! The keys of an `[[instance]]` of kind `centrifugo`.

use url::Url;

use super::address::service_url;
use super::instance::{KeySource, TokenUrl, TrustConfig};
use super::parse_http::{INTERVAL, interval};
use super::parse_instance::trust;
use super::parse_secret::{API_KEY, TOKEN, secret};
use super::problem::Findings;
use super::section::Section;
use crate::core::Kind;
use crate::core::centrifugo::CentrifugoSettings;

/// How a Centrifugo is watched, and where its secrets come from.
pub(super) struct Centrifugo {
    pub(super) settings: CentrifugoSettings,
    pub(super) key: KeySource,
    /// The client's.
    pub(super) token: KeySource,
    /// The page that gives it, in place of a source of this computer.
    pub(super) token_url: Option<TokenUrl>,
}

pub(super) fn centrifugo(
    section: &mut Section<'_>,
    has_url: bool,
    url: Option<&Url>,
    findings: &mut Findings<'_>,
) -> Centrifugo {
    if !has_url {
        let at = section.at.clone();
        findings.problem(
            &at,
            "kind \"centrifugo\" needs a 'url', such as \"https://push.example.org:8000\"",
        );
    }
    let key = secret(section, &API_KEY, findings);
    let token_at = section.at("token-url");
    let token = secret(section, &TOKEN, findings);
    let token_url = token_url(section, findings);
    if token.is_some() && token_url.is_some() {
        findings.problem(
            &token_at,
            "give one of token, token-file, token-env, token-command, token-url only",
        );
    }
    let has_token = token.is_some() || token_url.is_some();
    let path = websocket(section, findings);
    if let Some(server) = url.and_then(without_websocket) {
        let at = section.at.clone();
        findings.problem(
            &at,
            format!("'url' is the server's address, without the path of its websocket: \"{server}\". Another path goes into 'websocket'"),
        );
    }
    // With an API key alone only the figures are wanted; with nothing at all a client may connect without a token.
    let is_client = path.is_some() || has_token || key.is_none();
    let path = path.or_else(|| is_client.then(|| CentrifugoSettings::WEBSOCKET.to_owned()));
    Centrifugo {
        settings: CentrifugoSettings {
            interval: interval(section, "interval", INTERVAL, findings),
            api: key.is_some(),
            websocket: path,
        },
        key: key.unwrap_or(KeySource::Nothing),
        token: token.unwrap_or(KeySource::Nothing),
        token_url,
    }
}

/// The address of a server, where a URL is that of its websocket.
pub(super) fn without_websocket(url: &Url) -> Option<String> {
    let before = url.path().trim_end_matches('/');
    let before = before
        .strip_suffix(CentrifugoSettings::WEBSOCKET)?
        .to_owned();
    let mut server = url.clone();
    server.set_path(&before);
    server.set_query(None);
    Some(server.as_str().trim_end_matches('/').to_owned())
}

fn websocket(section: &mut Section<'_>, findings: &mut Findings<'_>) -> Option<String> {
    let path = section.string("websocket", findings)?;
    let valid = path.value.starts_with('/')
        && !path.value.contains('#')
        && path.value.bytes().all(|byte| byte.is_ascii_graphic());
    if !valid {
        findings.problem(
            &path.at,
            format!(
                "'websocket' in [[instance]] must be a path, such as \"{}\"",
                CentrifugoSettings::WEBSOCKET
            ),
        );
    }
    valid.then_some(path.value)
}

fn token_url(section: &mut Section<'_>, findings: &mut Findings<'_>) -> Option<TokenUrl> {
    let trust_at = section.at("token-trust");
    let has_trust = section.has("token-trust");
    let trust = trust(section, "token-trust", false, findings);
    let Some(url) = section.string("token-url", findings) else {
        if has_trust {
            findings.problem(&trust_at, "'token-trust' needs a 'token-url'");
        }
        return None;
    };
    match service_url(&url.value, Kind::Centrifugo) {
        Ok((url, connect)) => Some(TokenUrl {
            url,
            connect,
            trust: trust.unwrap_or(TrustConfig::System),
        }),
        Err(wrong) => {
            // The rules are those of every URL.
            let wrong = wrong
                .replace("'url'", "'token-url'")
                .replace("api-key-file", "'token-command'");
            findings.problem(&url.at, wrong);
            None
        }
    }
}
