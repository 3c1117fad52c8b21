//! Texts -> settings, or every mistake with its place and what to write instead.

use std::path::{Path, PathBuf};
use std::time::Duration;

use proptest::prelude::*;

use super::super::*;
use super::{read, wrong};
use crate::core::{Class, Kind};

#[test]
fn the_example_is_valid_and_shows_the_defaults() {
    let (config, warnings) = read(EXAMPLE).expect("valid");
    assert_eq!(warnings, []);
    let mut expected = Config::local();
    expected.instances[0].name = "laptop".to_owned();
    assert_eq!(config, expected);
}

/// Each commented line of the example is valid by itself, put in the place where it stands.
#[test]
fn what_the_example_comments_out_is_valid_too() {
    let mut section = String::new();
    let mut tried = 0;
    for line in EXAMPLE.lines() {
        if line.starts_with('[') {
            section = line.to_owned();
        }
        if line == "# [[instance]]" {
            section = "[[instance]]\nname = \"nas\"\nurl = \"https://nas\"".to_owned();
        }
        if line == "# [[hook]]" {
            section = "[[instance]]\nname = \"nas\"\n[[hook]]\nname = \"x\"\non = [\"loud\"]\nurl = \"https://h\"".to_owned();
        }
        let Some(setting) = line.strip_prefix("# ").filter(|rest| {
            let word = rest.split(' ').next().unwrap_or_default();
            rest.contains(" = ") && word.chars().all(|c| c.is_ascii_lowercase() || c == '-')
        }) else {
            continue;
        };
        let key = setting.split(' ').next().unwrap_or_default();
        if key == "kind" {
            section = format!("{section}\n{setting}");
            if setting.contains("websocket") {
                section = section.replace("https://", "wss://");
            }
        }
        // These come in pairs.
        let pair = match key {
            "certificate" => "key = \"k\"\n",
            "key" => "certificate = \"c\"\n",
            "body" => "method = \"POST\"\n",
            "token-trust" => "token-url = \"https://t\"\n",
            "user" => "password-env = \"P\"\n",
            "password-file" if !section.contains("weechat") => "user = \"u\"\n",
            _ => "",
        };
        let base: Vec<&str> = section
            .lines()
            .filter(|line| !line.starts_with(&format!("{key} ")))
            .filter(|line| !(key == "command" && line.starts_with("url ")))
            .collect();
        let name = if section == "[[instance]]" {
            "name = \"x\"\n"
        } else {
            ""
        };
        let name = if key == "name" { "" } else { name };
        let text = format!("{}\n{name}{pair}{setting}\n", base.join("\n"));
        if let Err(error) = read(&text) {
            let needs_name = key == "url" || key == "name";
            assert!(needs_name, "{text}\n{error}");
        }
        tried += 1;
    }
    assert!(tried > 15, "{tried}");
}

#[test]
fn everything_at_once() {
    let (config, warnings) = read(
        r#"
        [[instance]]
        name = "laptop"

        [[instance]]
        name = "nas"
        url = "https://nas.lan:8384"
        api-key-file = "nas.key"
        trust = { fingerprint = ["sha256:ABababababababababababababababababababababababababababababababab"] }
        server-name = "nas.example"

        [[instance]]
        name = "ca"
        url = "https://ca.lan"
        api-key-command = ["pass", "show", "ca"]
        trust = { ca = "~/ca.pem" }

        [patience]
        refused = "1m 30s"
        pin-mismatch = "0s"
        [notifications]
        pending = false
        [tray]
        monochrome = true
        [metrics]
        listen = "localhost:9384"
        "#,
    )
    .expect("valid");
    assert!(warnings.is_empty(), "{warnings:?}");
    let [laptop, nas, ca] = config.instances.as_slice() else {
        panic!("three");
    };
    assert_eq!((laptop.kind(), &laptop.url), (Kind::Syncthing, &None));
    assert_eq!(nas.key, KeySource::File(PathBuf::from("/etc/nas.key")));
    let pin = format!("sha256:{}", "ab".repeat(32)).parse().expect("pin");
    assert_eq!(nas.trust, Some(TrustConfig::Fingerprint(vec![pin])));
    assert_eq!(nas.server_name.as_deref(), Some("nas.example"));
    assert_eq!(ca.trust, Some(TrustConfig::Ca(PathBuf::from("~/ca.pem"))));
    let words = ["pass", "show", "ca"].map(str::to_owned).to_vec();
    assert_eq!(ca.key, KeySource::Command(words));
    let patience = &config.patience;
    assert_eq!(patience.of(Class::Refused, true), Duration::from_secs(90));
    assert_eq!(patience.of(Class::PinMismatch, false), Duration::ZERO);
    assert!(
        !config.notifications.new_device
            && !config.notifications.new_folder
            && config.notifications.errors
    );
    assert!(config.tray.monochrome && config.tray.rates);
    let listen = "127.0.0.1:9384".parse().ok();
    assert_eq!(config.metrics.listen, listen);
}

#[test]
fn nothing_means_the_local_syncthing() {
    for text in [
        "",
        "# only a comment",
        "[tray]\nrates = true",
        "instance = []",
    ] {
        assert_eq!(read(text).expect(text).0, Config::local(), "{text}");
    }
}

#[test]
fn mistakes() {
    let table = [
        (
            "[[instance]]\nname = 'a'\nulr = 'x'",
            "3:1: unknown key 'ulr' in [[instance]]. Did you mean 'url'? Allowed: name, kind, url, trust, server-name, connect, home, api-key, api-key-file, api-key-env, api-key-command, pause-on-metered, pause-on-battery, may-be-away.",
        ),
        (
            "[[instance]]\nname = 'a'\napi_key = 'x'",
            "3:1: unknown key 'api_key' in [[instance]]. Did you mean 'api-key'? Allowed: name, kind, url, trust, server-name, connect, home, api-key, api-key-file, api-key-env, api-key-command, pause-on-metered, pause-on-battery, may-be-away.",
        ),
        (
            "[instances]",
            "1:2: unknown key 'instances' in the file. Did you mean 'instance'? Allowed: instance, patience, pause, notifications, tray, metrics, hook.",
        ),
        (
            "[instance]\nname = 'a'",
            "1:1: write [[instance]], with two brackets on each side: there can be more than one",
        ),
        (
            "[[instance]]\nkind = 'syncthing'",
            "1:1: this [[instance]] needs a 'name', such as name = \"laptop\"",
        ),
        (
            "[[instance]]\nname = 'a'\n[[instance]]\nname = 'a'",
            "4:8: there are two instances called 'a'; each needs a name of its own",
        ),
        (
            "[[instance]]\nname = ''",
            "2:8: 'name' in [[instance]] must not be empty",
        ),
        (
            "[[instance]]\nname = 3",
            "2:8: 'name' in [[instance]] must be a text in quotes, not a number",
        ),
        (
            "[[instance]]\nname = 'a'\nkind = 'weechat'",
            "1:1: kind \"weechat\" needs a 'url', such as \"https://irc.example.org:9000\"",
        ),
        (
            "[[instance]]\nname = 'a'\nkind = 'syncting'",
            "3:8: unknown kind 'syncting' in [[instance]]. Did you mean 'syncthing'? Allowed: syncthing, weechat, centrifugo, websocket, http.",
        ),
        (
            "[[instance]]\nname = 'a'\nurl = 'h:8384'",
            "3:7: 'url' needs its scheme: \"https://h:8384\"",
        ),
        (
            "[[instance]]\nname = 'a'\napi-key = 'x'\napi-key-file = 'y'",
            "4:1: give one of api-key, api-key-file only",
        ),
        (
            "[[instance]]\nname = 'a'\napi-key = \"x\\ny\"",
            "3:11: 'api-key' in [[instance]] has more than one line",
        ),
        (
            "[[instance]]\nname = 'a'\napi-key-env = '$KEY'",
            "3:15: 'api-key-env' in [[instance]] must be the name of an environment variable, without '$'",
        ),
        (
            "[[instance]]\nname = 'a'\napi-key-command = []",
            "3:19: 'api-key-command' in [[instance]] must name a program",
        ),
        (
            "[[instance]]\nname = 'a'\nhome = '~root/x'",
            "3:8: 'home' in [[instance]] must name another user's directory in full: only '~/' for your own is understood",
        ),
        (
            "[[instance]]\nname = 'a'\nconnect = 'h:1'",
            "3:11: 'connect' needs a 'url': the name that is asked for there and checked",
        ),
        (
            "[[instance]]\nname = 'a'\nurl = 'https://nas.lan'\nconnect = 'h:0'",
            "4:11: 'connect' has port 0, which nothing can listen on. Write \"h:443\"",
        ),
        (
            "[[instance]]\nname = 'a'\nserver-name = 'h:1'",
            "3:15: 'server-name' in [[instance]] must be a host name or an IP address, without scheme and port",
        ),
        (
            "[[instance]]\nname = 'a'\ntrust = 'any'",
            "3:9: trust = \"any\" needs a 'url': it is for one named address only",
        ),
        (
            "[[instance]]\nname = 'a'\ntrust = 'pinned'",
            "3:9: 'trust' must be one of { file = \"...\" }, { fingerprint = [\"sha256:...\"] }, { command = [...] }, { ca = \"...\" }, \"system\" or \"any\"",
        ),
        (
            "[[instance]]\nname = 'a'\ntrust = { fle = 'x' }",
            "3:11: unknown key 'fle' in 'trust'. Did you mean 'file'? Allowed: file, fingerprint, command, ca.",
        ),
        (
            "[[instance]]\nname = 'a'\ntrust = { file = 'x', ca = 'y' }",
            "3:9: 'trust' must be one of { file = \"...\" }, { fingerprint = [\"sha256:...\"] }, { command = [...] }, { ca = \"...\" }, \"system\" or \"any\"",
        ),
        (
            "[[instance]]\nname = 'a'\ntrust = { fingerprint = ['sha1:ab'] }",
            "3:26: 'fingerprint' in 'trust': a fingerprint is 64 hexadecimal digits, with or without colons, after an optional 'sha256:'",
        ),
        (
            "[patience]\nrefused = 15",
            "2:11: 'refused' in [patience] needs a unit and quotes: \"15s\" for seconds",
        ),
        (
            "[patience]\nrefused = '15'",
            "2:11: 'refused' in [patience] needs a unit: \"15s\" for seconds",
        ),
        (
            "[patience]\ndns = '-1s'",
            "2:7: 'dns' in [patience] must not be negative",
        ),
        (
            "[patience]\ndns = '30h'",
            "2:7: 'dns' in [patience] must be 24h at most",
        ),
        (
            "[patience]\ndns = 'soon'",
            "2:7: 'dns' in [patience] must be a time such as \"15s\", \"500ms\" or \"1m 30s\"",
        ),
        (
            "[tray]\nrates = 'yes'",
            "2:9: 'rates' in [tray] must be true or false, not a text",
        ),
        (
            "tray = 1",
            "1:8: 'tray' must be a table, [tray], not a number",
        ),
        (
            "[metrics]\nlisten = '9384'",
            "2:10: 'listen' in [metrics] must be an IP address and a port, such as \"127.0.0.1:9384\"",
        ),
    ];
    for (text, expected) in table {
        assert_eq!(wrong(text), expected, "{text}");
    }
    let refsued = wrong("[patience]\nrefsued = '1s'");
    let begins =
        "2:1: unknown key 'refsued' in [patience]. Did you mean 'refused'? Allowed: not-found, ";
    assert!(refsued.starts_with(begins), "{refsued}");
}

#[test]
fn all_mistakes_come_at_once_in_order() {
    let found = wrong(
        "[[instance]]\nurl = 'http://h:1'\nkind = 'wechat'\n[tray]\nrate = 1\n[metrics]\nlisten = 1",
    );
    let places: Vec<&str> = found
        .lines()
        .map(|line| line.split(": ").next().unwrap_or_default())
        .collect();
    assert_eq!(places, ["1:1", "2:7", "3:8", "5:1", "7:10"], "{found}");
}

#[test]
fn paths_of_windows_are_taken_or_their_backslashes_explained() {
    let text = |path: &str| format!("[[instance]]\nname = 'a'\nhome = {path}");
    for taken in [
        r"'C:\Users\new'",
        r#""C:/Users/new""#,
        r#""C:\\Users\\new""#,
    ] {
        read(&text(taken)).expect(taken);
    }
    for (path, said) in [
        (
            r#""C:\Users\me""#,
            "in single quotes, 'C:\\Users\\me', or with / instead",
        ),
        (
            r#""C:\Users\root""#,
            "in single quotes, 'C:\\Users\\me', or with / instead",
        ),
        (
            r#""C:\temp\new""#,
            "3:8: 'home' in [[instance]] must not hold tabs or line ends.",
        ),
    ] {
        let found = wrong(&text(path));
        assert!(found.contains(said), "{found}");
    }
}

#[test]
fn what_is_no_toml() {
    for (text, begins) in [
        ("[[instance]\nname = 'a'", "1:"),
        ("a = 1\na = 2", "2:1: this is not TOML: duplicate key"),
        ("name = nas", "1:8: this is not TOML: "),
        (r#"home = "C:\Users\me""#, "1:"),
    ] {
        let found = wrong(text);
        assert!(found.starts_with(begins), "{found}");
    }
}

#[test]
fn deep_nesting_is_refused() {
    for deep in [
        "a = ".to_owned() + &"[".repeat(200_000),
        "a.".repeat(100_000) + "b = 1",
    ] {
        let error = read(&deep).expect_err("too deep").to_string();
        assert!(error.contains("recurs"));
        assert!(error.lines().count() <= 21, "a flood is cut");
    }
}

#[test]
fn a_command_may_say_what_is_pinned_of_an_instance() {
    let nas =
        |trust: &str| format!("[[instance]]\nname = 'nas'\nurl = 'https://h'\ntrust = {trust}\n");
    for (trust, expected) in [
        (
            "{ command = ['ssh', 'nas', 'hidden'] }",
            Program::Words(["ssh", "nas", "hidden"].map(str::to_owned).to_vec()),
        ),
        (
            "{ command = 'ssh nas hidden' }",
            Program::Shell("ssh nas hidden".into()),
        ),
    ] {
        let (config, warnings) = read(&nas(trust)).expect("valid");
        assert_eq!(
            config.instances[0].trust,
            Some(TrustConfig::Command(expected))
        );
        assert_eq!(warnings, []);
        let shown = format!("{config:?}{}", config.describe());
        assert!(!shown.contains("hidden"), "{shown}");
        assert!(shown.contains("# trust.command is set ("), "{shown}");
    }
    for (text, expected) in [
        (
            nas("{ command = [] }"),
            "4:21: 'command' in 'trust' must name a program",
        ),
        (
            "[[hook]]\nname = 'a'\non = ['loud']\nurl = 'https://h'\ntrust = { command = 'x' }".to_owned(),
            "5:11: 'command' in 'trust' is for the instances; here it can be a file, a fingerprint, a CA or \"system\"",
        ),
        (
            "[[instance]]\nname = 'a'\nkind = 'centrifugo'\nurl = 'https://h'\ntoken-url = 'https://t'\ntoken-trust = { command = 'x' }".to_owned(),
            "6:17: 'command' in 'token-trust' is for the instances; here it can be a file, a fingerprint, a CA or \"system\"",
        ),
    ] {
        assert_eq!(wrong(&text), expected, "{text}");
    }
}

#[test]
fn no_message_holds_a_secret() {
    for text in [
        "[[instance]]\napi-key = 'hidden'",
        "[[instance]]\nname = 'a'\napi-key = \"hidden\u{7f}\"",
        "[[instance]]\napi-key = hidden",
        "[[instance]]\napi-key = 'hidden",
        "[[instance]]\napi-key = ['hidden']",
        "[[instance]]\nname = 'a'\nurl = 'https://u:hidden@h'",
        "[[instance]]\nname = 'a'\nurl = 'u:hidden@h'",
        "[[instance]]\napi-key-command = 'echo hidden'",
        "api-key = 'hidden'",
    ] {
        let found = wrong(text);
        assert!(!found.contains("hidden"), "{found}");
    }
    let (config, _) = read("[[instance]]\nname = 'a'\napi-key = 'hidden'").expect("valid");
    assert!(!format!("{config:?}").contains("hidden"));
    assert!(!config.describe().contains("hidden"));
}

#[test]
fn an_insecure_choice_is_a_warning() {
    let text = "[[instance]]\nname = 'a'\nurl = 'https://h'\ntrust = 'any'";
    let (config, warnings) = read(text).expect("valid");
    assert_eq!(config.instances[0].trust, Some(TrustConfig::Any));
    let warnings: Vec<String> = warnings.iter().map(ToString::to_string).collect();
    assert!(
        warnings[0]
            .starts_with("/etc/syncwatch.toml:4:9: trust = \"any\" accepts every certificate")
    );
}

#[test]
fn a_changed_key_is_a_changed_instance() {
    let with = |key: &str| {
        read(&format!("[[instance]]\nname = 'a'\napi-key = '{key}'"))
            .expect("valid")
            .0
    };
    assert_eq!(with("one"), with("one"));
    assert_ne!(with("one"), with("two"));
}

#[test]
fn described_and_read_again_it_is_the_same() {
    let text = r#"
        [[instance]]
        name = "a \"quoted\" name"
        url = "https://nas.lan:8384"
        home = "/srv/syncthing"
        api-key-env = "KEY"
        trust = { file = "cert.pem" }
        server-name = "x"
        connect = "10.0.0.5:8443"
        pause-on-metered = "all"
        [[instance]]
        name = "b"
        trust = { fingerprint = [] }
        pause-on-battery = ["folder:a \"b\"", "device:nas"]
        may-be-away = ["folder:a \"b\""]
        [pause]
        all = "everything"
        [patience]
        dns = "1500ms"
        [metrics]
        listen = "127.0.0.1:1"
    "#;
    let (config, _) = read(text).expect("valid");
    let described = config.describe();
    let (again, _) = read(&described).expect(&described);
    assert_eq!(config, again);
}

#[test]
fn a_file_is_loaded() {
    let temp = tempfile::tempdir().expect("temp");
    let file = temp.path().join(".config/syncwatch/config.toml");
    let environment = super::environment(temp.path());
    let missing = load(None, &environment).expect("local");
    assert!(missing.is_default && missing.config == Config::local());
    assert_eq!(missing.file, file);

    let named = load(Some(&file), &environment).expect_err("missing");
    assert!(
        named.to_string().contains("config.toml: cannot be read: "),
        "{named}"
    );

    std::fs::create_dir_all(file.parent().unwrap_or(Path::new("/"))).expect("mkdir");
    std::fs::write(&file, "[[instance]]\nname = 'a'\napi-key = 'k'\n").expect("write");
    let loaded = load(None, &environment).expect("valid");
    assert_eq!(loaded.config.instances[0].name, "a");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let shown = file.display();
        let mode =
            |mode| std::fs::set_permissions(&file, PermissionsExt::from_mode(mode)).expect("chmod");
        mode(0o640);
        let loaded = load(None, &environment).expect("valid");
        let warning =
            format!("{shown} holds a secret and other users can read it. Run: chmod 600 '{shown}'");
        assert_eq!(loaded.warnings, [Warning(warning)]);
        mode(0o600);
        assert_eq!(load(None, &environment).expect("valid").warnings, []);
    }
    std::fs::write(&file, b"a = 1\nb = '\xff'").expect("write");
    let latin = load(None, &environment).expect_err("no UTF-8").to_string();
    assert!(
        latin.ends_with("cannot be read: line 2 is not UTF-8 text"),
        "{latin}"
    );
    let directory = load(Some(temp.path()), &environment).expect_err("a directory");
    assert!(
        directory.to_string().ends_with("it is not a regular file"),
        "{directory}"
    );
}

proptest! {
    #[test]
    fn any_text_is_answered(text in "\\PC{0,200}") {
        let _ = read(&text);
    }

    /// Near misses: the words of a real file in any order.
    #[test]
    fn any_heap_of_words_is_answered(words in proptest::collection::vec(
        prop::sample::select(vec![
            "[[instance]]", "[instance]", "[patience]", "[metrics]", "name", "url", "trust", "=", "'a'", "\"",
            "{", "}", "[", "]", "file", "ca", "1", "true", "\n", ",", ".", "fingerprint", "'https://h'", "refused",
            "'1s'", "api-key", "api-key-command", "listen", "'''", "#", "é",
        ]), 0..40)) {
        let text = words.join(" ").replace(" \n ", "\n");
        let _ = read(&text);
    }
}
