//! Instances of kind `http`.

use std::time::Duration;

use secrecy::ExposeSecret as _;

use super::super::*;
use super::{read, wrong};
use crate::core::credential::Credential;
use crate::core::kinds::http::{HttpCheck, Method};
use crate::core::{Kind, Settings, TrustMode};

fn instance(keys: &str) -> String {
    format!("[[instance]]\nname = 'a'\nkind = 'http'\n{keys}")
}

fn check_of(instance: &InstanceConfig) -> &HttpCheck {
    match &*instance.settings {
        Settings::Http(check) => check,
        other => panic!("{other:?}"),
    }
}

#[test]
fn little_is_needed() {
    let text = instance("url = 'https://example.org/a%2Fb/health?deep=1'");
    let (config, warnings) = read(&text).expect("valid");
    let [instance] = config.instances.as_slice() else {
        panic!("one instance");
    };
    assert_eq!((instance.kind(), warnings), (Kind::Http, vec![]));
    assert_eq!(instance.key, KeySource::Nothing);
    let check = check_of(instance);
    assert_eq!(check.path, "/a%2Fb/health?deep=1");
    assert_eq!(check.method, Method::Get);
    assert_eq!(check.interval, Duration::from_secs(60));
    assert_eq!(check.statuses, [200..=299]);
    assert_eq!(check.credential, Credential::Nothing);
    assert!(check.expectations.is_empty() && check.headers.is_empty());
}

#[test]
fn described_and_read_again_it_is_the_same() {
    for credential in [
        "user = 'me'\npassword-file = '/p'",
        "token-env = 'TOKEN'",
        "header = { name = 'X-Token', value-file = '/t' }",
        "",
    ] {
        let text = instance(&format!(
            r#"
            url = "https://example.org:8443/api?x=1"
            method = "POST"
            body = '{{"jsonrpc": "2.0"}}'
            interval = "5s"
            body-limit = 4096
            expect-status = ["2xx", 404, "500-503"]
            expect-header = ["Content-Type: application/json", "X-Ready"]
            expect = ['/status == "ok"', "/jobs < 10", "/up exists"]
            trust = "system"
            {credential}
            "#
        ));
        let (config, _) = read(&text).expect(&text);
        let check = check_of(&config.instances[0]);
        assert_eq!(check.statuses, [200..=299, 404..=404, 500..=503]);
        assert_eq!((check.expectations.len(), check.headers.len()), (3, 2));
        assert_eq!((check.limit, check.interval.as_secs()), (4096, 5));
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
            "1:1: kind \"http\" needs a 'url', such as \"https://example.org/health\"",
        ),
        (
            "url = 'http://h'",
            "4:7: 'url' must begin with https:// for kind \"http\": \"https://h\"",
        ),
        (
            "url = 'https://h'\nmethod = 'get'",
            "5:10: unknown method 'get' in [[instance]]. Allowed: GET, HEAD, POST.",
        ),
        (
            "url = 'https://h'\nbody = 'x'",
            "5:8: 'body' in [[instance]] needs method = \"POST\"",
        ),
        (
            "url = 'https://h'\ninterval = '1ms'",
            "5:12: 'interval' in [[instance]] must be 100ms at least",
        ),
        (
            "url = 'https://h'\nbody-limit = '1M'",
            "5:14: 'body-limit' in [[instance]] must be a number of bytes, 67108864 at most",
        ),
        (
            "url = 'https://h'\nexpect-status = 99",
            "5:17: 'expect-status' in [[instance]] must be a status such as 204, \"2xx\" or \"200-299\"",
        ),
        (
            "url = 'https://h'\nexpect = ['/a == ok']",
            "5:11: 'expect' in [[instance]] must have a text in double quotes: \"ok\"",
        ),
        (
            "url = 'https://h'\nexpect-header = 'a b'",
            "5:17: 'expect-header' in [[instance]] must be such as \"Content-Type: application/json\"",
        ),
        (
            "url = 'https://h'\nmethod = 'HEAD'\nexpect = '/a exists'",
            "6:1: the reply to a HEAD has no body: 'expect' needs method = \"GET\" or \"POST\"",
        ),
        (
            "url = 'https://h'\nuser = 'me'",
            "5:1: 'user' needs a password, such as 'password-file'",
        ),
        (
            "url = 'https://h'\npassword-env = 'P'",
            "1:1: 'password' needs a 'user'",
        ),
        (
            "url = 'https://h'\ntoken = 'a'\ntoken-env = 'P'",
            "6:1: give one of token, token-env only",
        ),
        (
            "url = 'https://h'\ntoken = 'a'\nuser = 'b'\npassword = 'c'",
            "1:1: give one of user and password, token, header only",
        ),
        (
            "url = 'https://h'\nheader = { name = 'X' }",
            "5:10: 'header' must be such as { name = \"X-Auth-Token\", value-file = \"...\" }",
        ),
        (
            "url = 'https://h'\nheader = { name = 'X Y', value = 'a' }",
            "5:19: 'name' in 'header' must be a header's name, such as \"X-Auth-Token\"",
        ),
    ] {
        assert_eq!(wrong(&instance(keys)), message, "{keys}");
    }
    let other_kind = wrong(&instance("url = 'https://h'\napi-key = 'a'"));
    assert!(
        other_kind.starts_with("5:1: unknown key 'api-key'"),
        "{other_kind}"
    );
}

#[tokio::test]
async fn it_is_resolved_without_a_syncthing() {
    let temp = tempfile::tempdir().expect("temp");
    let environment = super::environment(temp.path());
    let text =
        instance("url = 'https://localhost:8384/health?token=1'\nuser = 'me'\npassword = 'p'");
    let (config, _) = read(&text).expect("valid");
    let resolution = resolve(&config.instances[0], &environment).await;
    assert!(resolution.tried.is_empty() && resolution.watch.is_empty());
    let resolved = resolution.outcome.expect("resolved");
    assert_eq!(resolved.base.as_str(), "https://localhost:8384/");
    assert_eq!(resolved.target.url, "https://localhost:8384/health");
    assert_eq!(resolved.target.trust, TrustMode::Fingerprint);
    assert_eq!(resolved.key.expose_secret(), "p");
    let text = instance("url = 'https://h'\nuser = 'me'\npassword-command = 'exit 3'");
    let (config, _) = read(&text).expect("valid");
    let fault = resolve(&config.instances[0], &environment)
        .await
        .outcome
        .expect_err("no password");
    assert_eq!(
        fault.detail.as_deref(),
        Some("password-command ended with exit code 3")
    );
}
