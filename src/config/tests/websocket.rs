//! Instances of kind `websocket`, with TLS and without.

use std::time::Duration;

use super::super::*;
use super::{read, wrong};
use crate::core::credential::Credential;
use crate::core::kinds::websocket::WebsocketSettings;
use crate::core::{Settings, TrustMode};

fn instance(keys: &str) -> String {
    format!("[[instance]]\nname = 'a'\nkind = 'websocket'\n{keys}")
}

fn settings_of(instance: &InstanceConfig) -> &WebsocketSettings {
    match &*instance.settings {
        Settings::Websocket(settings) => settings,
        other => panic!("{other:?}"),
    }
}

#[test]
fn little_is_needed() {
    let (config, warnings) = read(&instance("url = 'wss://h/_et/?a=b'")).expect("valid");
    assert_eq!(warnings, []);
    let settings = settings_of(&config.instances[0]);
    assert_eq!(settings.path, "/_et/?a=b");
    assert_eq!(settings.interval, Duration::from_secs(60));
    assert_eq!(settings.upgrade_interval, Duration::from_secs(900));
    assert_eq!(settings.statuses, [101..=101, 400..=400, 426..=426]);
    assert_eq!(settings.subprotocol, None);
    assert_eq!(settings.credential, Credential::Nothing);
    assert_eq!(config.instances[0].key, KeySource::Nothing);
}

#[test]
fn described_and_read_again_it_is_the_same() {
    for keys in [
        "url = 'wss://h/_et/'",
        "url = 'ws://h:80/'\nserver-name = 'x'\nconnect = '127.0.0.1:1'",
        "url = 'wss://h'\nsubprotocol = 'mqtt'\ninterval = '5s'\nupgrade-interval = '1h'\nexpect-status = [200, '400-499']",
        "url = 'wss://h'\nuser = 'me'\npassword-file = '/p'",
        "url = 'wss://h'\ntoken-env = 'TOKEN'\ntrust = 'system'",
        "url = 'wss://h'\nheader = { name = 'X-Token', value-file = '/t' }",
    ] {
        let (config, _) = read(&instance(keys)).expect(keys);
        let described = config.describe();
        let (again, _) = read(&described).expect(&described);
        assert_eq!(config, again, "{described}");
    }
}

#[test]
fn mistakes() {
    for (keys, message) in [
        (
            "",
            "1:1: kind \"websocket\" needs a 'url', such as \"wss://vpn.example.org/_et/\"",
        ),
        (
            "url = 'wss://h:0/_et/'",
            "4:7: 'url' has port 0, which nothing can listen on. Write \"wss://h/_et/\"",
        ),
        (
            "url = 'http://h'",
            "4:7: 'url' must begin with wss:// for kind \"websocket\": \"wss://h\"",
        ),
        (
            "url = 'wss://h'\nsubprotocol = 'a, b'",
            "5:15: 'subprotocol' in [[instance]] must be one name without spaces, such as \"mqtt\"",
        ),
        (
            "url = 'wss://h'\nupgrade-interval = '1ms'",
            "5:20: 'upgrade-interval' in [[instance]] must be 100ms at least",
        ),
        (
            "url = 'wss://h'\nuser = 'me'",
            "5:1: 'user' needs a password, such as 'password-file'",
        ),
    ] {
        assert_eq!(wrong(&instance(keys)), message, "{keys}");
    }
}

#[test]
fn without_tls_there_is_a_warning_and_neither_a_secret_nor_a_trust() {
    let (config, warnings) = read(&instance("url = 'ws://h'")).expect("valid");
    assert!(config.instances[0].trust.is_none());
    let warnings: Vec<String> = warnings.iter().map(ToString::to_string).collect();
    assert_eq!(warnings.len(), 1);
    assert!(warnings[0].contains("not encrypted"), "{}", warnings[0]);
    for (keys, key) in [
        ("token = 'hidden'", "token"),
        ("token-file = '/t'", "token-file"),
        ("token-env = 'T'", "token-env"),
        ("token-command = 'echo hidden'", "token-command"),
        (
            "user = 'me'\npassword = 'hidden'",
            "user' needs wss://: with ws:// everybody on the way could read it\n/etc/syncwatch.toml:6:1: 'password",
        ),
        ("header = { name = 'X', value = 'hidden' }", "header"),
    ] {
        let found = wrong(&instance(&format!("url = 'ws://h'\n{keys}")));
        let message =
            format!("5:1: '{key}' needs wss://: with ws:// everybody on the way could read it");
        let message = message.replace("/etc/syncwatch.toml:", "");
        assert_eq!(found.replace("/etc/syncwatch.toml:", ""), message, "{keys}");
    }
    for trust in [
        "'any'",
        "'system'",
        "{ file = '/c' }",
        "{ fingerprint = [] }",
    ] {
        let found = wrong(&instance(&format!("url = 'ws://h'\ntrust = {trust}")));
        assert!(
            found.contains("'trust' needs wss://: with ws:// there is no certificate to judge"),
            "{found}"
        );
    }
}

#[test]
fn no_other_kind_goes_without_tls() {
    for kind in ["syncthing", "weechat", "centrifugo", "http"] {
        for scheme in ["http", "ws"] {
            let text =
                format!("[[instance]]\nname = 'a'\nkind = '{kind}'\nurl = '{scheme}://h:8080'");
            let found = wrong(&text);
            assert!(found.contains("https://h:8080"), "{found}");
        }
    }
}

#[tokio::test]
async fn it_is_resolved_to_what_is_dialled() {
    let temp = tempfile::tempdir().expect("temp");
    let environment = super::environment(temp.path());
    for (url, base, shown, plain) in [
        ("wss://h", "https://h/", "wss://h", false),
        ("wss://h:443/_et/", "https://h/", "wss://h/_et/", false),
        ("wss://h:80", "https://h:80/", "wss://h:80", false),
        ("wss://h:11012", "https://h:11012/", "wss://h:11012", false),
        ("ws://h", "ws://h/", "ws://h", true),
        ("ws://h:80/a?token=b", "ws://h/", "ws://h/a", true),
        ("ws://h:443", "ws://h:443/", "ws://h:443", true),
        ("ws://h:11011", "ws://h:11011/", "ws://h:11011", true),
    ] {
        let (config, _) = read(&instance(&format!("url = '{url}'"))).expect(url);
        let resolution = resolve(&config.instances[0], &environment).await;
        let resolved = resolution.outcome.expect(url);
        assert_eq!(resolved.base.as_str(), base, "{url}");
        assert_eq!(
            (resolved.target.url.as_str(), resolved.target.plain),
            (shown, plain)
        );
        let trust = match plain {
            true => TrustMode::Any,
            false => TrustMode::Fingerprint,
        };
        assert_eq!(resolved.target.trust, trust, "{url}");
    }
}
