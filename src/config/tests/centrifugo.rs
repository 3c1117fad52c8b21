//! Instances of kind `centrifugo`.

use std::path::Path;
use std::time::Duration;

use super::super::*;
use super::{read, wrong};
use crate::core::Settings;
use crate::core::kinds::centrifugo::CentrifugoSettings;

fn instance(keys: &str) -> String {
    format!(
        "[[instance]]\nname = 'a'\nkind = 'centrifugo'\nurl = 'https://push.example.org:8000'\n{keys}"
    )
}

fn settings(keys: &str) -> CentrifugoSettings {
    let (config, _) = read(&instance(keys)).expect(keys);
    match &*config.instances[0].settings {
        Settings::Centrifugo(settings) => settings.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_client_connects_unless_only_figures_are_wanted() {
    let path = Some("/connection/websocket");
    for (keys, api, websocket) in [
        ("", false, path),
        ("token = 'a.b.c'", false, path),
        ("api-key = 'k'", true, None),
        ("api-key = 'k'\ntoken-command = 'mint'", true, path),
        (
            "api-key = 'k'\ntoken-url = 'https://auth.example.org/t'",
            true,
            path,
        ),
        ("api-key = 'k'\nwebsocket = '/ws'", true, Some("/ws")),
    ] {
        let settings = settings(keys);
        assert_eq!(
            (settings.api, settings.websocket.as_deref()),
            (api, websocket),
            "{keys}"
        );
        assert_eq!(settings.interval, Duration::from_secs(60));
    }
}

#[test]
fn described_and_read_again_it_is_the_same() {
    for keys in [
        "",
        "api-key-file = '/k'\ninterval = '5s'\nwebsocket = '/ws'\ntoken-env = 'TOKEN'\ntrust = 'system'",
        "token-file = '/t'",
        "token-url = 'https://auth.example.org/t'",
        "token-url = 'https://auth.example.org/t'\ntoken-trust = { file = '/c.pem' }",
        "token-url = 'https://auth.example.org/t'\ntoken-trust = { ca = '/ca.pem' }",
    ] {
        let (config, _) = read(&instance(keys)).expect(keys);
        let described = config.describe();
        let (again, _) = read(&described).expect(&described);
        assert_eq!(config, again, "{described}");
    }
    let (config, _) = read(&instance(
        "token-url = 'https://auth.example.org/t?secret=hidden'",
    ))
    .expect("valid");
    assert!(!config.describe().contains("hidden"));
}

#[tokio::test]
async fn a_page_has_its_own_trust() {
    let environment = super::environment(Path::new("/nowhere"));
    for (keys, trust) in [
        ("", ResolvedTrust::System),
        (
            "token-trust = { ca = '/ca.pem' }",
            ResolvedTrust::Ca("/ca.pem".into()),
        ),
    ] {
        let keys = format!("token-url = 'https://auth.example.org/t?a=b'\n{keys}");
        let (config, _) = read(&instance(&keys)).expect("valid");
        let resolved = resolve(&config.instances[0], &environment)
            .await
            .outcome
            .expect("resolved");
        let page = resolved.token_page.expect("a page");
        assert_eq!(
            (page.url.as_str(), page.trust),
            ("https://auth.example.org/t?a=b", trust)
        );
        assert_eq!(resolved.trust, ResolvedTrust::Fingerprint(Vec::new()));
        assert!(resolved.second.is_none());
    }
}

#[test]
fn what_is_wrong_is_said_with_what_would_be_right() {
    for (keys, words) in [
        (
            "token-url = 'http://auth.example.org/t'",
            "'token-url' must begin with https:// for kind \"centrifugo\": \"https://auth.example.org/t\"",
        ),
        (
            "token-url = 'https://u:p@auth.example.org/t'",
            "Use 'token-command'",
        ),
        (
            "token = 'a'\ntoken-url = 'https://auth.example.org/t'",
            "give one of token, token-file, token-env, token-command, token-url only",
        ),
        (
            "token-trust = 'system'",
            "'token-trust' needs a 'token-url'",
        ),
        (
            "token-url = 'https://auth.example.org/t'\ntoken-trust = 'any'",
            "'token-trust' cannot be \"any\"",
        ),
        (
            "token-url = 'https://auth.example.org/t'\ntoken-trust = 5",
            "'token-trust' must be one of",
        ),
        (
            "websocket = 'ws'",
            "'websocket' in [[instance]] must be a path",
        ),
        ("interval = '10'", "needs a unit"),
        ("password = 'p'", "unknown key 'password'"),
    ] {
        let found = wrong(&instance(keys));
        assert!(found.contains(words), "{keys}: {found}");
    }
    for (url, words) in [
        (
            "wss://push.example.org/connection/websocket",
            "must begin with https:// for kind \"centrifugo\": \"https://push.example.org\"",
        ),
        (
            "https://push.example.org/a/connection/websocket",
            "without the path of its websocket: \"https://push.example.org/a\"",
        ),
        (
            "ws://push.example.org:8000",
            "\"https://push.example.org:8000\"",
        ),
        (
            "http://push.example.org:8000",
            "\"https://push.example.org:8000\"",
        ),
        ("https://push.example.org:0", "port 0"),
    ] {
        let text = format!("[[instance]]\nname = 'a'\nkind = 'centrifugo'\nurl = '{url}'");
        let found = wrong(&text);
        assert!(found.contains(words), "{url}: {found}");
    }
}
