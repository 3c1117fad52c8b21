//! `[metrics]` and `[[hook]]`: what they take, what they refuse, and that their secrets are shown nowhere.

use std::path::PathBuf;
use std::time::Duration;

use super::super::*;
use super::{read, wrong};
use crate::core::credential::Credential;
use crate::core::occasion::Occasion;

const HOOK: &str = "[[hook]]\nname = 'phone'\non = ['loud']\n";

#[test]
fn a_page_for_the_network_is_guarded_or_said_to_be_open() {
    let guarded = "certificate = 'page.pem'\nkey = 'page.key'\ntoken-file = '~/token'\n";
    for text in [
        "listen = '127.0.0.1:9384'".to_owned(),
        "listen = '[::1]:9384'\ntoken-env = 'T'".to_owned(),
        format!("listen = '0.0.0.0:9384'\n{guarded}"),
        format!("listen = '[::]:9384'\n{guarded}hosts = ['Nas.LAN', '10.0.0.7']"),
        "listen = '192.168.1.7:9384'\nunprotected = true".to_owned(),
    ] {
        read(&format!("[metrics]\n{text}")).expect(&text);
    }
    let text = format!("[metrics]\nlisten = '0.0.0.0:9384'\n{guarded}hosts = ['Nas.LAN']");
    let (config, warnings) = read(&text).expect("valid");
    assert!(warnings.is_empty());
    let metrics = &config.metrics;
    let tls = metrics.tls.as_ref().expect("TLS");
    assert_eq!(tls.certificate, PathBuf::from("/etc/page.pem"));
    assert_eq!(
        metrics.token,
        Some(KeySource::File(PathBuf::from("~/token")))
    );
    assert_eq!(metrics.hosts, ["nas.lan"]);
    let text = "[metrics]\nlisten = '10.0.0.7:1'\ntoken = 't'";
    let found = wrong(text);
    assert!(
        found.starts_with("2:10: 'listen' in [metrics] opens the page to other computers: everybody who reaches 10.0.0.7:1 could")
            && found.contains("Set TLS ('certificate' and 'key'), or listen at \"127.0.0.1:1\""),
        "{found}"
    );
}

#[test]
fn mistakes_in_metrics_and_hooks() {
    let hook = |rest: &str| format!("{HOOK}{rest}");
    let table = [
        (
            "[metrics]\nlisen = 'x'".to_owned(),
            "2:1: unknown key 'lisen' in [metrics]. Did you mean 'listen'? Allowed: listen, certificate, key, token, token-file, token-env, token-command, hosts, unprotected.",
        ),
        (
            "[metrics]\nkey = 'k'".to_owned(),
            "2:1: 'key' in [metrics] needs a 'certificate'",
        ),
        (
            "[metrics]\nhosts = ['https://nas']".to_owned(),
            "2:10: 'hosts' in [metrics] must be names such as \"nas.lan\", without scheme and port",
        ),
        (
            "[hook]\nname = 'phone'".to_owned(),
            "1:1: write [[hook]], with two brackets on each side: there can be more than one",
        ),
        (
            hook("command = 'a'\n[[hook]]\nname = 'phone'\non = ['loud']\ncommand = 'b'"),
            "6:8: there are two hooks called 'phone'; each needs a name of its own",
        ),
        (
            "[[hook]]\nname = 'a'\ncommand = 'a'\non = ['lowd']".to_owned(),
            "4:7: unknown event 'lowd' in 'on' of [[hook]]. Did you mean 'loud'? Allowed: loud, recovered, synced, rotation.",
        ),
        (
            "[[hook]]\nname = 'a'\ncommand = 'a'".to_owned(),
            "1:1: this [[hook]] needs an 'on', such as on = [\"loud\", \"recovered\"]. Allowed: loud, recovered, synced, rotation.",
        ),
        (
            hook(""),
            "1:1: this [[hook]] needs a 'command', such as [\"notify-me\", \"--json\"], or a 'url'",
        ),
        (
            hook("command = 'a'\nurl = 'https://h'"),
            "1:1: give one of command, url only",
        ),
        (
            hook("command = 'a'\ntrust = 'system'"),
            "5:1: 'trust' in [[hook]] needs a 'url'; a 'command' has secrets of its own",
        ),
        (
            hook("command = ['']"),
            "4:11: 'command' in [[hook]] must name a program",
        ),
        (
            hook("command = 'a'\ntimeout = '1h'"),
            "5:11: 'timeout' in [[hook]] must be between 100ms and 600s",
        ),
        (
            hook("command = 'a'\npause = 10"),
            "5:9: 'pause' in [[hook]] needs a unit and quotes: \"10s\" for seconds",
        ),
        (
            format!("[[instance]]\nname = 'nas'\n{HOOK}command = 'a'\ninstances = ['nsa']"),
            "7:14: unknown instance 'nsa' in 'instances' of [[hook]]. Did you mean 'nas'? Allowed: nas.",
        ),
        (
            hook("url = 'https://h'\ntrust = 'any'\ntoken = 't'"),
            "1:1: a hook with trust = \"any\" takes no secret: whoever answers would get it",
        ),
    ];
    for (text, expected) in table {
        assert_eq!(wrong(&text), expected, "{text}");
    }
    assert!(wrong(&hook("url = 'http://h'")).contains("https"));
}

#[test]
fn a_hook_has_what_it_was_given() {
    let text = format!(
        "{HOOK}instances = ['syncthing']\ncommand = ['~/tell', 'me']\n[[hook]]\nname = 'web'\non = ['synced', 'rotation']\nurl = 'https://h/secret-path'\nheader = {{ name = 'X-Key', value-env = 'HOOK_KEY' }}\ntimeout = '3s'\npause = '0s'"
    );
    let (config, _) = read(&text).expect("valid");
    let [phone, web] = config.hooks.as_slice() else {
        panic!("two");
    };
    assert_eq!(
        (phone.timeout, phone.pause),
        (Duration::from_secs(10), Duration::from_secs(10))
    );
    let words = ["~/tell", "me"].map(str::to_owned).to_vec();
    assert_eq!(phone.delivery, Delivery::Run(Program::Words(words)));
    assert_eq!(web.on, [Occasion::Synced, Occasion::Rotation].into());
    let post = web.post().expect("a server");
    assert_eq!(
        post.credential,
        Credential::Header {
            name: "X-Key".into()
        }
    );
    assert_eq!(post.trust, TrustConfig::System);
    assert_eq!(config.secret_variables(), ["HOOK_KEY".to_owned()].into());
}

#[test]
fn secrets_of_hooks_and_of_the_page_are_shown_nowhere() {
    let text = "[metrics]\nlisten = '127.0.0.1:1'\ntoken = 'hidden'\n[[hook]]\nname = 'a'\non = ['loud']\ncommand = 'curl hidden'\n[[hook]]\nname = 'b'\non = ['loud']\nurl = 'https://h/hidden?hidden'\nuser = 'u'\npassword = 'hidden'";
    let (config, _) = read(text).expect("valid");
    for shown in [
        format!("{config:?}"),
        format!("{:?}", config.outlets()),
        config.describe(),
    ] {
        assert!(!shown.contains("hidden"), "{shown}");
    }
    let described = config.describe();
    for part in [
        "[metrics]\nlisten = \"127.0.0.1:1\"\n",
        "# token is set; it is not shown\n",
        "[[hook]]\nname = \"a\"\non = [\"loud\"]\ntimeout = \"10000ms\"\n",
        "# command is set; it is not shown\n",
        "# url is set, at https://h; its path is not shown\n",
    ] {
        assert!(described.contains(part), "{part}\n{described}");
    }
    let exposed = config
        .secrets()
        .filter(|source| matches!(source, KeySource::Literal(_)));
    assert_eq!(exposed.count(), 2);
}
