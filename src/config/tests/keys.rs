//! API keys from every source, and what is said when there is none.

use std::fs;
use std::path::{Path, PathBuf};

use secrecy::ExposeSecret as _;

use super::super::*;
use crate::core::Class;

async fn keyed(
    key: KeySource,
    environment: &Environment,
) -> Result<(String, Vec<Warning>), String> {
    let instance = InstanceConfig {
        url: "https://nas.lan/".parse().ok(),
        key,
        trust: Some(TrustConfig::System),
        ..InstanceConfig::local()
    };
    match resolve(&instance, environment).await.outcome {
        Ok(resolved) => Ok((resolved.key.expose_secret().to_owned(), resolved.warnings)),
        Err(fault) => {
            assert_eq!(fault.class, Class::NoKey);
            Err(fault.detail.unwrap_or_default())
        }
    }
}

#[tokio::test]
async fn from_a_variable() {
    let home = Path::new("/nowhere");
    let variables = [
        ("KEY", Path::new(" k ")),
        ("BAD", Path::new("a\nb")),
        ("EMPTY", Path::new("")),
    ];
    let environment = Environment::made_up(Platform::Unix, home, &variables);
    let key = |name: &str| KeySource::Env(name.to_owned());
    assert_eq!(
        keyed(key("KEY"), &environment).await,
        Ok(("k".to_owned(), vec![]))
    );
    for (name, why) in [
        ("NONE", "the environment variable NONE is not set"),
        ("EMPTY", "the environment variable EMPTY is not set"),
        ("BAD", "the environment variable BAD has more than one line"),
    ] {
        assert_eq!(keyed(key(name), &environment).await, Err(why.to_owned()));
    }
}

#[tokio::test]
async fn from_a_file() {
    let temp = tempfile::tempdir().expect("temp");
    let environment = super::environment(temp.path());
    let file = temp.path().join("nas.key");
    let key = || KeySource::File(PathBuf::from("~/nas.key"));
    let missing = keyed(key(), &environment).await.expect_err("missing");
    assert!(missing.contains("nas.key: No such file"), "{missing}");
    for (content, expected) in [
        ("k\n", Ok("k")),
        ("\u{feff}k\r\n", Ok("k")),
        ("", Err(" is empty")),
        ("\n", Err(" is empty")),
        ("a\nb\n", Err(" has more than one line")),
        ("schlüssel", Err(" has characters that no key has")),
        (&"x".repeat(5000), Err(" is far too long for a key")),
    ] {
        fs::write(&file, content).expect("write");
        let read = keyed(key(), &environment).await.map(|(key, _)| key);
        match expected {
            Ok(expected) => assert_eq!(read.as_deref(), Ok(expected)),
            Err(why) => assert_eq!(read, Err(format!("{}{why}", file.display()))),
        }
    }
    // `echo k > nas.key` in the PowerShell of Windows.
    fs::write(&file, b"\xff\xfek\0\r\0\n\0").expect("write");
    let read = keyed(key(), &environment).await.map(|(key, _)| key);
    assert_eq!(read.as_deref(), Ok("k"));
    let directory = keyed(KeySource::File("~".into()), &environment)
        .await
        .expect_err("directory");
    assert!(directory.ends_with("is not a regular file"), "{directory}");
}

#[cfg(unix)]
#[tokio::test]
async fn a_file_that_others_can_read_is_a_warning() {
    use std::os::unix::fs::PermissionsExt;
    let temp = tempfile::tempdir().expect("temp");
    let environment = super::environment(temp.path());
    let file = temp.path().join("it's.key");
    fs::write(&file, "k").expect("write");
    for (mode, warned) in [(0o600, false), (0o640, true), (0o604, true)] {
        fs::set_permissions(&file, PermissionsExt::from_mode(mode)).expect("chmod");
        let (_, warnings) = keyed(KeySource::File(file.clone()), &environment)
            .await
            .expect("key");
        assert_eq!(!warnings.is_empty(), warned);
        for warning in warnings {
            assert!(warning.to_string().ends_with(r"it'\''s.key'"), "{warning}");
        }
    }
}

#[cfg(unix)]
#[tokio::test]
async fn from_a_command() {
    let temp = tempfile::tempdir().expect("temp");
    let environment = super::environment(temp.path());
    let shell = |line: &str| KeySource::Shell(line.to_owned());
    let words = ["printf", "%s", "a b"].map(str::to_owned).to_vec();
    let table = [
        (shell("echo k | tr k z"), Ok("z")),
        (KeySource::Command(words), Ok("a b")),
        (
            shell("echo hidden; exit 3"),
            Err("api-key-command ended with exit code 3"),
        ),
        (
            shell("kill -9 $$"),
            Err("api-key-command was ended by a signal"),
        ),
        (
            shell("no-such-program"),
            Err("api-key-command ended with exit code 127: a program was not found"),
        ),
        (shell("true"), Err("what api-key-command wrote is empty")),
        (
            shell("echo hidden; echo more"),
            Err("what api-key-command wrote has more than one line"),
        ),
    ];
    for (source, expected) in table {
        let read = keyed(source, &environment).await.map(|(key, _)| key);
        assert_eq!(read.as_deref().map_err(String::as_str), expected);
    }
    let missing = KeySource::Command(vec!["/no/such/program".to_owned()]);
    let why = keyed(missing, &environment).await.expect_err("missing");
    assert!(
        why.starts_with("api-key-command could not be started: "),
        "{why}"
    );
    let endless = keyed(shell("yes"), &environment).await;
    let why = "what api-key-command wrote is far too long for a key".to_owned();
    assert_eq!(endless, Err(why));
}

#[cfg(unix)]
#[tokio::test(start_paused = true)]
async fn a_command_that_hangs_is_given_up() {
    let environment = super::environment(Path::new("/nowhere"));
    let hangs = KeySource::Shell("exec sleep 600".to_owned());
    let why = keyed(hangs, &environment).await;
    assert_eq!(why, Err("api-key-command took longer than 10 s".to_owned()));
}

#[test]
fn sources_do_not_show_what_they_hold() {
    for source in [
        KeySource::Literal("hidden".into()),
        KeySource::Shell("echo hidden".to_owned()),
        KeySource::Command(vec!["hidden".to_owned()]),
    ] {
        assert!(!format!("{source:?}").contains("hidden"), "{source:?}");
    }
}
