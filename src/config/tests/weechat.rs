//! Instances of kind `weechat`.

use super::super::*;
use super::{read, wrong};
use crate::core::kinds::weechat::{PasswordHash, WeechatSettings};
use crate::core::{Kind, Settings};

fn instance(keys: &str) -> String {
    format!("[[instance]]\nname = 'irc'\nkind = 'weechat'\nurl = 'https://irc.lan:9000'\n{keys}")
}

fn hashes(keys: &str) -> Vec<PasswordHash> {
    let (config, _) = read(&instance(keys)).expect("valid");
    match &*config.instances[0].settings {
        Settings::Weechat(WeechatSettings { hashes }) => hashes.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn little_is_needed() {
    let (config, warnings) = read(&instance("")).expect("valid");
    let [instance] = config.instances.as_slice() else {
        panic!("one instance");
    };
    assert_eq!((instance.kind(), warnings), (Kind::Weechat, vec![]));
    assert_eq!(instance.key, KeySource::Nothing);
    assert_eq!(instance.second, KeySource::Nothing);
    assert_eq!(hashes(""), PasswordHash::ALL);
}

#[test]
fn the_ways_to_send_the_password_can_be_restricted() {
    assert_eq!(hashes("password-hash = 'sha256'"), [PasswordHash::Sha256]);
    assert_eq!(
        hashes("password-hash = ['pbkdf2+sha256', 'plain', 'plain']"),
        [PasswordHash::Plain, PasswordHash::Pbkdf2Sha256]
    );
}

#[test]
fn described_and_read_again_it_is_the_same() {
    let text = instance("password-file = '/p'\ntotp-secret-env = 'TOTP'\npassword-hash = 'sha512'");
    let (config, _) = read(&text).expect("valid");
    let described = config.describe();
    let (again, _) = read(&described).unwrap_or_else(|error| panic!("{described}\n{error}"));
    assert_eq!(again.instances, config.instances, "{described}");
    let text = instance("password = 'hidden'\ntotp-secret = 'GEZD GNBV'");
    let described = read(&text).expect("valid").0.describe();
    assert!(
        !described.contains("hidden") && !described.contains("GEZD"),
        "{described}"
    );
    assert!(described.contains("# totp-secret is set"), "{described}");
}

#[test]
fn mistakes() {
    for (keys, why) in [
        (
            "password-hash = 'md5'",
            "5:17: unknown value 'md5' in 'password-hash' in [[instance]]. Allowed: plain, sha256, sha512, pbkdf2+sha256, pbkdf2+sha512.",
        ),
        (
            "password-hash = []",
            "5:17: 'password-hash' in [[instance]] must name one of plain, sha256, sha512, pbkdf2+sha256, pbkdf2+sha512 at least",
        ),
        (
            "totp-secret = '123456'",
            "5:1: 'totp-secret' in [[instance]] must be what WeeChat has in relay.network.totp_secret: letters and the digits 2 to 7 (base32)",
        ),
    ] {
        assert_eq!(wrong(&instance(keys)), why, "{keys}");
    }
}
