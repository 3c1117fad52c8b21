//! Local Syncthings in made-up homes: which one is found, how it is reached, trusted and watched.

use std::fs;
use std::path::{Path, PathBuf};

use secrecy::ExposeSecret as _;
use tempfile::TempDir;

use super::super::*;
use super::environment;
use crate::core::{Class, TrustMode};

const USUAL: &str = ".local/state/syncthing";

fn temp() -> TempDir {
    tempfile::tempdir().expect("temp")
}

/// Writes a config.xml into `directory`.
fn syncthing(directory: &Path, address: &str, key: &str) {
    put(
        directory,
        &format!(
            "<configuration><gui enabled=\"true\" tls=\"false\"><address>{address}</address><apikey>{key}</apikey></gui></configuration>"
        ),
    );
}

fn put(directory: &Path, xml: &str) {
    fs::create_dir_all(directory).expect("mkdir");
    fs::write(directory.join("config.xml"), xml).expect("write");
}

async fn local(environment: &Environment) -> Resolution {
    resolve(&InstanceConfig::local(), environment).await
}

fn with_url(url: &str) -> InstanceConfig {
    InstanceConfig {
        url: url.parse().ok(),
        ..InstanceConfig::local()
    }
}

fn good(resolution: Resolution) -> Resolved {
    resolution.outcome.expect("resolved")
}

fn fault(resolution: &Resolution) -> (Class, String) {
    let fault = resolution.outcome.as_ref().expect_err("unresolved");
    (fault.class, fault.detail.clone().unwrap_or_default())
}

#[tokio::test]
async fn the_usual_place() {
    let home = temp();
    let directory = home.path().join(USUAL);
    syncthing(&directory, "0.0.0.0:8385", "k");
    let resolution = local(&environment(home.path())).await;
    assert_eq!(resolution.watch, [directory.join("config.xml")]);
    let tried: Vec<_> = resolution
        .tried
        .iter()
        .map(|tried| (tried.found, tried.why.as_str()))
        .collect();
    let expected = [
        (false, "the usual place before 1.27: not there"),
        (true, "the usual place since 1.27: found"),
    ];
    assert_eq!(tried, expected);
    let resolved = good(resolution);
    let certificate = directory.join("https-cert.pem");
    assert_eq!(resolved.base.as_str(), "https://127.0.0.1:8385/");
    assert_eq!(resolved.key.expose_secret(), "k");
    assert_eq!(resolved.trust, ResolvedTrust::File(certificate.clone()));
    assert_eq!(resolved.warnings, []);
    let target = resolved.target;
    assert_eq!(
        (target.url.as_str(), target.local),
        ("https://127.0.0.1:8385", true)
    );
    assert_eq!(
        (target.trust, target.path),
        (TrustMode::File, Some(certificate.display().to_string()))
    );
}

#[tokio::test]
async fn nothing_there_watches_every_place() {
    let home = temp();
    let resolution = local(&environment(home.path())).await;
    let places =
        [".config/syncthing", USUAL].map(|place| home.path().join(place).join("config.xml"));
    assert_eq!(resolution.watch, places);
    let expected = (
        Class::NotFound,
        "no config.xml in any of the usual places".to_owned(),
    );
    assert_eq!(fault(&resolution), expected);
}

#[tokio::test]
async fn each_place_comes_before_those_below_it() {
    let home = temp();
    let (xdg_config, xdg_state) = (home.path().join("xc"), home.path().join("xs"));
    let variables = [
        ("XDG_CONFIG_HOME", xdg_config.as_path()),
        ("XDG_STATE_HOME", &xdg_state),
    ];
    let environment = Environment::made_up(Platform::Unix, home.path(), &variables);
    let places = [
        "snap/syncthing/current/.local/state/syncthing",
        "snap/syncthing/common/syncthing",
        ".var/app/me.kozec.syncthingtk/config/syncthing",
        ".var/app/com.github.zocker_160.SyncThingy/.local/state/syncthing",
        USUAL,
        "xs/syncthing",
        ".config/syncthing",
        "xc/syncthing",
    ];
    for place in places {
        let directory = home.path().join(place);
        syncthing(&directory, "", place);
        let resolved = good(local(&environment).await);
        assert_eq!(resolved.key.expose_secret(), place);
        assert_eq!(
            resolved.trust,
            ResolvedTrust::File(directory.join("https-cert.pem"))
        );
    }
}

#[tokio::test]
async fn other_platforms() {
    let home = temp();
    let roaming = home.path().join("Roaming");
    let variables = [("AppData", roaming.as_path())];
    let table = [
        (Platform::MacOs, "Library/Application Support/Syncthing"),
        (Platform::Windows, "Roaming/Syncthing"),
    ];
    for (platform, place) in table {
        syncthing(&home.path().join(place), "", place);
        let environment = Environment::made_up(platform, home.path(), &variables);
        assert_eq!(good(local(&environment).await).key.expose_secret(), place);
    }
}

#[tokio::test]
async fn an_override_leaves_no_other_place() {
    let home = temp();
    syncthing(&home.path().join(USUAL), "", "usual");
    for name in ["STHOMEDIR", "STCONFDIR"] {
        let other = home.path().join(name);
        let environment = Environment::made_up(Platform::Unix, home.path(), &[(name, &other)]);
        let missing = local(&environment).await;
        let why = format!("no config.xml in {} ({name})", other.display());
        assert_eq!(fault(&missing), (Class::NotFound, why));
        assert_eq!(missing.watch, [other.join("config.xml")]);
        syncthing(&other, "", "other");
        assert_eq!(good(local(&environment).await).key.expose_secret(), "other");
    }
}

#[tokio::test]
async fn variables_override_address_and_key() {
    let home = temp();
    put(
        &home.path().join(USUAL),
        "<configuration><gui enabled=\"false\"><address>127.0.0.1:1</address></gui></configuration>",
    );
    let variables = [
        ("STGUIADDRESS", Path::new("https://0.0.0.0:9999")),
        ("STGUIAPIKEY", Path::new("from-variable")),
    ];
    let environment = Environment::made_up(Platform::Unix, home.path(), &variables);
    let resolved = good(local(&environment).await);
    assert_eq!(resolved.base.as_str(), "https://127.0.0.1:9999/");
    assert_eq!(resolved.key.expose_secret(), "from-variable");
    // They speak of the Syncthing that shares this environment, not of one that the config names.
    let named = InstanceConfig {
        home: Some(PathBuf::from("~").join(USUAL)),
        ..InstanceConfig::local()
    };
    let (class, why) = fault(&resolve(&named, &environment).await);
    assert_eq!(class, Class::BadSource);
    assert!(why.contains("its GUI is switched off"), "{why}");
}

#[tokio::test]
async fn a_unix_socket() {
    let home = temp();
    syncthing(&home.path().join(USUAL), "/run/user/1/st.sock", "k");
    let resolved = good(local(&environment(home.path())).await);
    assert_eq!(
        resolved.unix_socket,
        Some(PathBuf::from("/run/user/1/st.sock"))
    );
    assert_eq!(resolved.base.as_str(), "https://localhost/");
    assert_eq!(resolved.target.url, "unix:/run/user/1/st.sock");
}

#[tokio::test]
async fn what_cannot_be_used_is_said() {
    let home = temp();
    let directory = home.path().join(USUAL);
    let xml = directory.join("config.xml").display().to_string();
    let gui = |inner: &str| format!("<configuration><gui>{inner}</gui></configuration>");
    let table = [
        (
            "<configuration>\n<gui>".to_owned(),
            Class::BadSource,
            format!("{xml} cannot be used: line 2: the file ends in the middle"),
        ),
        (
            gui("<address>a:0</address>"),
            Class::BadSource,
            format!(
                "{xml}: the GUI address 'a:0' has port 0, a different port at every start: give it a fixed one"
            ),
        ),
        (gui(""), Class::NoKey, format!("{xml} has no <apikey>")),
        (
            gui("<apikey>a\nb</apikey>"),
            Class::NoKey,
            format!("the <apikey> in {xml} has more than one line"),
        ),
    ];
    for (text, class, why) in table {
        put(&directory, &text);
        let resolution = local(&environment(home.path())).await;
        // A detail is cut; a long temporary directory must not fail the test.
        let (found, said) = fault(&resolution);
        assert_eq!(found, class, "{said}");
        assert!(why.starts_with(&said), "{said}\n{why}");
        assert_eq!(resolution.watch, [directory.join("config.xml")]);
    }
}

#[tokio::test]
async fn a_torn_config_does_not_hand_over_to_the_next_place() {
    let home = temp();
    put(&home.path().join(".config/syncthing"), "<configuration>");
    syncthing(&home.path().join(USUAL), "", "k");
    let resolution = local(&environment(home.path())).await;
    assert_eq!(fault(&resolution).0, Class::BadSource);
    assert_eq!(resolution.tried.len(), 1);
}

#[tokio::test]
async fn a_url_of_this_computer_takes_what_is_discovered_on_the_same_port() {
    let home = temp();
    let environment = environment(home.path());
    let directory = home.path().join(USUAL);
    let instance = with_url("https://localhost:8384/");
    let (class, why) = fault(&resolve(&instance, &environment).await);
    assert_eq!(class, Class::NoKey);
    assert!(
        why.contains("no config.xml in any of the usual places"),
        "{why}"
    );

    syncthing(&directory, "127.0.0.1:8384", "k");
    let resolved = good(resolve(&instance, &environment).await);
    assert_eq!(resolved.base.as_str(), "https://localhost:8384/");
    assert_eq!(
        resolved.trust,
        ResolvedTrust::File(directory.join("https-cert.pem"))
    );
    assert_eq!(resolved.key.expose_secret(), "k");

    let other = resolve(&with_url("https://localhost:1/"), &environment).await;
    let (class, why) = fault(&other);
    assert_eq!(class, Class::NoKey);
    assert!(
        why.contains("the local Syncthing listens on another port"),
        "{why}"
    );
}

#[tokio::test]
async fn another_computer_gets_neither_the_local_key_nor_trust() {
    let home = temp();
    syncthing(&home.path().join(USUAL), "", "local");
    let environment = environment(home.path());
    let mut instance = with_url("https://nas.lan:8384/");
    let keyless = resolve(&instance, &environment).await;
    assert_eq!(fault(&keyless).0, Class::NoKey);
    assert!(keyless.watch.is_empty() && keyless.tried.is_empty());

    instance.key = KeySource::Literal("remote".into());
    let resolved = good(resolve(&instance, &environment).await);
    assert_eq!(resolved.trust, ResolvedTrust::Fingerprint(Vec::new()));
    assert!(!resolved.target.local && resolved.target.pins.is_empty());
    // Who asks for it is told so by its state, for as long as it is so.
    assert!(resolved.warnings.is_empty());
}

#[tokio::test]
async fn a_home_belongs_to_its_url() {
    let home = temp();
    let directory = home.path().join("mounted");
    let instance = InstanceConfig {
        home: Some(PathBuf::from("~/mounted")),
        ..with_url("https://nas.lan:9/")
    };
    let environment = environment(home.path());
    let missing = resolve(&instance, &environment).await;
    assert_eq!(fault(&missing).0, Class::NoKey);
    assert_eq!(missing.watch, [directory.join("config.xml")]);
    syncthing(&directory, "127.0.0.1:8384", "k");
    let resolved = good(resolve(&instance, &environment).await);
    assert_eq!(resolved.base.as_str(), "https://nas.lan:9/");
    assert_eq!(
        resolved.trust,
        ResolvedTrust::File(directory.join("https-cert.pem"))
    );
    assert_eq!(resolved.key.expose_secret(), "k");
}

#[tokio::test]
async fn every_form_of_trust() {
    let home = temp();
    let environment = environment(home.path());
    let directory = home.path().join("certs");
    fs::create_dir(&directory).expect("mkdir");
    let pin = format!("sha256:{}", "ab".repeat(32)).parse().expect("pin");
    let table = [
        (
            TrustConfig::File("~/certs/a.pem".into()),
            ResolvedTrust::File(directory.join("a.pem")),
        ),
        (
            TrustConfig::File("~/certs".into()),
            ResolvedTrust::File(directory.join("https-cert.pem")),
        ),
        (
            TrustConfig::Ca("~/ca.pem".into()),
            ResolvedTrust::Ca(home.path().join("ca.pem")),
        ),
        (
            TrustConfig::Fingerprint(vec![pin]),
            ResolvedTrust::Fingerprint(vec![pin]),
        ),
        (TrustConfig::System, ResolvedTrust::System),
        (TrustConfig::Any, ResolvedTrust::Any),
    ];
    for (trust, expected) in table {
        let instance = InstanceConfig {
            trust: Some(trust),
            key: KeySource::Literal("k".into()),
            ..with_url("https://nas.lan/")
        };
        let resolved = good(resolve(&instance, &environment).await);
        assert_eq!(resolved.trust, expected);
        assert_eq!(resolved.target.trust, expected.mode());
        assert_eq!(
            resolved.target.pins.len(),
            usize::from(matches!(expected, ResolvedTrust::Fingerprint(_)))
        );
    }
}

#[tokio::test]
async fn a_changed_key_is_not_the_same() {
    let home = temp();
    let environment = environment(home.path());
    let directory = home.path().join(USUAL);
    syncthing(&directory, "", "first-key");
    let one = good(local(&environment).await);
    let again = good(local(&environment).await);
    syncthing(&directory, "", "two");
    let two = good(local(&environment).await);
    assert!(one.same_as(&again) && !one.same_as(&two));
    assert_eq!(
        one.target, two.target,
        "the key leaves no trace in what is shown"
    );
    assert!(!format!("{one:?}").contains("first-key"));
}
