//! How a Centrifugo stands in the config: the keys of an `[[instance]]` of kind `centrifugo`.

use url::Url;

use super::{Form, InConfig, Own};
use crate::config::address::service_url;
use crate::config::describe::{Line, millis};
use crate::config::instance::{KeySource, TokenUrl, TrustConfig};
use crate::config::keys::{API_KEY, Key, TRUST, Takes, secret_keys};
use crate::config::parse_instance::trust;
use crate::config::parse_secret::{self, TOKEN, secret};
use crate::config::problem::Findings;
use crate::config::section::{Section, interval};
use crate::core::Kind;
use crate::core::kinds::centrifugo::CentrifugoSettings;

const TOKEN_KEYS: [Key; 4] = secret_keys!("token", "The token of a client", "");
const KEYS: &[Key] = &[
    Key::new(
        "token-url",
        Takes::Text,
        "A page that gives the token, asked whenever a new one is needed, in place of the four keys for it.",
    )
    .example("\"https://app.example.org/centrifugo/token\""),
    Key::new(
        "token-trust",
        Takes::Trust(TRUST),
        "Whose certificate is accepted there; never \"any\".",
    )
    .usual("\"system\"")
    .with("token-url = \"https://app.example.org/centrifugo/token\""),
    Key::new(
        "websocket",
        Takes::Text,
        "The path of its websocket for clients. With an API key alone no client connects, unless this is set.",
    )
    .usual("\"/connection/websocket\""),
    Key::new(
        "interval",
        Takes::Time,
        "From one look at its figures to the next.",
    )
    .usual("\"60s\""),
];

impl InConfig for CentrifugoSettings {
    const FORM: Form = Form {
        means: "A Centrifugo: its figures with an API key, and a client of its own that stays connected.",
        keys: &[&API_KEY, &TOKEN_KEYS, KEYS],
        needs_url: Some("https://push.example.org:8000"),
        server: without_websocket,
        ..Form::USUAL
    };

    fn read(
        section: &mut Section<'_>,
        url: Option<&Url>,
        findings: &mut Findings<'_>,
    ) -> Own<Self> {
        let key = secret(section, &parse_secret::API_KEY, findings);
        let token_at = section.at("token-url");
        let token = secret(section, &TOKEN, findings);
        let token_url = token_url(section, findings);
        if token.is_some() && token_url.is_some() {
            let wrong = "give one of token, token-file, token-env, token-command, token-url only";
            findings.problem(&token_at, wrong);
        }
        let has_token = token.is_some() || token_url.is_some();
        let path = websocket(section, findings);
        if let Some(server) = url.and_then(without_websocket) {
            let wrong = format!(
                "'url' is the server's address, without the path of its websocket: \"{server}\". Another path goes into 'websocket'"
            );
            findings.problem(&section.at.clone(), wrong);
        }
        // With an API key alone only the figures are wanted; with nothing at all a client may connect without a token.
        let is_client = path.is_some() || has_token || key.is_none();
        let path = path.or_else(|| is_client.then(|| Self::WEBSOCKET.to_owned()));
        let settings = Self {
            interval: interval(section, "interval", Self::INTERVAL, findings),
            api: key.is_some(),
            websocket: path,
        };
        Own {
            settings,
            key: key.unwrap_or(KeySource::Nothing),
            second: token.unwrap_or(KeySource::Nothing),
            token_url,
        }
    }

    fn describe(&self, line: &mut Line<'_>) {
        line("interval", millis(self.interval));
        if let Some(path) = &self.websocket {
            line("websocket", path.as_str().into());
        }
    }
}

/// The address of a server, where a URL is that of its websocket.
fn without_websocket(url: &Url) -> Option<String> {
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
                .replace("'api-key-file'", "'token-command'");
            findings.problem(&url.at, wrong);
            None
        }
    }
}
