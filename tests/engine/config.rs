//! The config file while the engine runs, several instances beside each other, and every kind of trust.

#![cfg(unix)]

use std::path::Path;
use std::sync::Arc;

use crate::support::monitor::{Monitor, eventually, is_polled, short_patience};
use secrecy::ExposeSecret;
use syncwatch::core::{Class, Fingerprint, InstanceStatus, LinkState, Overall, Status};
use syncwatch::engine::protocol::{Answer, Ask};
use syncwatch::standin::{ImpostorKind, Options, Standin};

async fn standin() -> Standin {
    Standin::start(Options::default())
        .await
        .expect("a stand-in")
}

fn local(name: &str, server: &Standin) -> String {
    format!(
        "[[instance]]\nname = \"{name}\"\nhome = {:?}\n",
        server.home().path()
    )
}

/// By address and key, with this trust.
fn remote(server: &Standin, trust: &str) -> String {
    format!(
        "[[instance]]\nname = \"nas\"\nurl = \"{}\"\napi-key = \"{}\"\ntrust = {trust}\n{}",
        server.url(),
        server.api_key().expose_secret(),
        short_patience()
    )
}

fn state(status: &Status, name: &str) -> Option<LinkState> {
    status.instance(name).map(|instance| instance.link.state)
}

fn served(instance: &InstanceStatus) -> Fingerprint {
    instance.link.trust.served.expect("something is served")
}

#[tokio::test]
async fn instances_come_go_and_change_while_it_runs() {
    let (one, two) = (standin().await, standin().await);
    let mut monitor = Monitor::start(&local("one", &one)).await;
    let before = monitor.connected().await;
    one.forget_requests();
    monitor.write_config(&(local("one", &one) + &local("two", &two)));
    let both = |status: &Status| {
        state(status, "one") == Some(LinkState::Connected)
            && state(status, "two") == Some(LinkState::Connected)
    };
    let status = monitor.until_status("both", both).await;
    let after = status.instance("one").expect("there");
    assert_eq!(after.link.since, before.link.since, "it was left alone");
    assert!(one.requests().len() <= 1, "{:?}", one.requests());
    // Another place under the same name.
    let moved = local("one", &two);
    monitor.write_config(&moved);
    monitor
        .until_status("moved", |status| {
            let instance = status.instance("one");
            status.instances.len() == 1
                && instance.is_some_and(|instance| {
                    instance.url == two.url() && instance.link.state == LinkState::Connected
                })
        })
        .await;
    assert_eq!(monitor.told(), []);
}

#[tokio::test]
async fn a_config_that_is_wrong_changes_nothing_and_is_in_the_status() {
    let server = standin().await;
    let good = local("laptop", &server);
    let mut monitor = Monitor::start(&good).await;
    let before = monitor.connected().await;
    monitor.write_config(&format!("{good}nmae = \"typo\"\n"));
    let status = monitor
        .until_status("the problem", |status| {
            status.engine.config_problem.is_some()
        })
        .await;
    let problem = status.engine.config_problem.clone().expect("a problem");
    assert!(
        problem.contains("config.toml") && problem.contains("nmae"),
        "{problem}"
    );
    assert_eq!(state(&status, "laptop"), Some(LinkState::Connected));
    match monitor.engine().ask(Ask::Reload).await {
        Answer::Refused { message, hint } => {
            assert!(message.ends_with(&problem), "{message}");
            assert!(!hint.is_empty());
        }
        other => panic!("{other:?}"),
    }
    monitor.write_config(&good);
    let status = monitor
        .until_status("no problem", |status| {
            status.engine.config_problem.is_none()
        })
        .await;
    let after = status.instance("laptop").expect("there");
    assert_eq!(after.link.since, before.link.since, "it was left alone");
    let json = serde_json::to_value(&*status).expect("serializes");
    assert!(json["engine"].get("config_problem").is_none());
    // Gone, where it was named: the same.
    std::fs::remove_file(monitor.path("config.toml")).expect("removed");
    monitor
        .until_status("missing", |status| status.engine.config_problem.is_some())
        .await;
    assert_eq!(
        monitor.engine().ask(Ask::Reload).await,
        monitor.engine().ask(Ask::Reload).await
    );
    assert_eq!(state(&monitor.now(), "laptop"), Some(LinkState::Connected));
}

/// Many editors empty the file first; that is no wish to watch something else.
#[tokio::test]
async fn a_config_that_is_being_written_is_not_taken_over() {
    let server = standin().await;
    let other = standin().await;
    let good = local("laptop", &server);
    let mut monitor = Monitor::start(&good).await;
    let before = monitor.connected().await;
    let path = monitor.path("config.toml");
    // An empty config is a valid one: it would mean the local Syncthing alone.
    std::fs::write(&path, "").expect("emptied");
    let emptied = tokio::time::Instant::now();
    eventually("a moment later", || emptied.elapsed().as_millis() > 20).await;
    std::fs::write(&path, good.clone() + &local("other", &other)).expect("written");
    let status = monitor
        .until_status("the other", |status| {
            state(status, "other") == Some(LinkState::Connected)
        })
        .await;
    let after = status.instance("laptop").expect("there");
    assert_eq!(after.link.since, before.link.since, "it was left alone");
    assert_eq!(status.engine.config_problem, None);
}

#[tokio::test]
async fn patience_and_reload_by_hand_apply_at_once() {
    let server = standin().await;
    let mut monitor = Monitor::start(&local("laptop", &server)).await;
    monitor.connected().await;
    server.kill().await;
    monitor.until_state(LinkState::Reconnecting).await;
    monitor.write_config(&(local("laptop", &server) + &short_patience()));
    assert_eq!(monitor.engine().ask(Ask::Reload).await, Answer::Done);
    monitor.until_state(LinkState::Disconnected).await;
}

#[tokio::test]
async fn an_instance_that_is_down_leaves_the_others_alone() {
    let (up, down) = (standin().await, standin().await);
    let config = local("up", &up) + &local("down", &down);
    let config = config + "[patience]\npin-mismatch = \"400ms\"\n";
    let mut monitor = Monitor::start(&config).await;
    monitor
        .until_status("both", |status| {
            status.overall == Overall::Busy || status.overall == Overall::Ok
        })
        .await;
    monitor
        .until_status("up", |status| {
            state(status, "up") == Some(LinkState::Connected)
        })
        .await;
    let takeover = down
        .impostor(ImpostorKind::OtherCertificate)
        .await
        .expect("an impostor");
    let status = monitor
        .until_status("untrusted", |status| {
            state(status, "down") == Some(LinkState::Untrusted)
        })
        .await;
    assert_eq!(status.overall, Overall::Alert);
    assert_eq!(state(&status, "up"), Some(LinkState::Connected));
    up.rotate_in_process().await.expect("rotated");
    monitor
        .until_status("up, rotated", |status| {
            let up = status.instance("up").expect("there");
            up.link.rotations == 1 && up.link.state == LinkState::Connected
        })
        .await;
    assert_eq!(takeover.report().bytes, 0);
    let told: Vec<_> = monitor
        .told()
        .into_iter()
        .map(|alert| alert.instance)
        .collect();
    assert_eq!(told, ["down"]);
}

async fn accept(monitor: &Monitor, fingerprint: Fingerprint) {
    let instance = "nas".to_owned();
    let ask = Ask::Accept {
        instance,
        fingerprint,
    };
    assert_eq!(monitor.engine().ask(ask).await, Answer::Done);
}

#[tokio::test]
async fn trust_by_fingerprint_is_the_users_word_and_nobody_elses() {
    let server = standin().await;
    let stolen = tempfile::tempdir().expect("a directory");
    for file in ["https-cert.pem", "https-key.pem"] {
        std::fs::copy(server.home().path().join(file), stolen.path().join(file)).expect("copied");
    }
    let config = remote(&server, "{ fingerprint = [] }");
    // No pin at all: the address and the key alone trust nobody.
    let config = config.replace("trust = { fingerprint = [] }\n", "");
    let config = config.replace("127.0.0.1", "localhost");
    let mut monitor = Monitor::start(&config).await;
    // First contact is no alarm.
    let instance = monitor.until_state(LinkState::Misconfigured).await;
    assert!(instance.link.is_unpinned() && instance.overall() == Overall::Attention);
    let first = served(&instance);
    assert_eq!(first.to_string(), server.fingerprint());
    let failure = instance.link.failure.as_ref().expect("a failure");
    assert!(
        failure.hint.contains("trust accept --instance nas"),
        "{failure:?}"
    );
    assert!(server.requests().is_empty(), "{:?}", server.requests());
    accept(&monitor, first).await;
    monitor.connected().await;
    monitor.start_again().await;
    monitor.connected().await;
    // Renewed by the server: that is not the user's word.
    server.rotate_in_process().await.expect("rotated");
    server.forget_requests();
    let instance = monitor.until_state(LinkState::Untrusted).await;
    let second = served(&instance);
    assert_eq!(second.to_string(), server.fingerprint());
    assert!(server.requests().is_empty(), "{:?}", server.requests());
    accept(&monitor, second).await;
    let instance = monitor.connected().await;
    assert_eq!(instance.link.trust.current, Some(second));
    assert_eq!(instance.link.trust.pending, None);
    // The first one is retired, key or no key.
    server.stop().await;
    let thief = Standin::start(Options {
        home: Some(stolen.path().to_owned()),
        port: Some(server.address().port()),
        api_key: Some(server.api_key()),
        ..Options::default()
    })
    .await
    .expect("a thief");
    let instance = monitor.until_state(LinkState::Untrusted).await;
    assert_eq!(served(&instance), first);
    assert!(thief.requests().is_empty(), "{:?}", thief.requests());
    thief.stop().await;
    drop(thief);
    server.start_process(false).await.expect("back");
    monitor.connected().await;
    let instance = "nas".to_owned();
    let said = monitor.engine().ask(Ask::Forget { instance }).await;
    assert_eq!(said, Answer::Done);
    // Nothing is pinned any more: first contact again.
    monitor.until_state(LinkState::Misconfigured).await;
    monitor.start_again().await;
    let instance = monitor.until_state(LinkState::Misconfigured).await;
    assert!(instance.link.is_unpinned());
}

/// A CA and a certificate from it for the stand-in's address, put into `home`.
fn authority(home: &Path) -> String {
    let mut params = rcgen::CertificateParams::new(Vec::new()).expect("parameters");
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let ca_key = rcgen::KeyPair::generate().expect("a key");
    let ca = params.self_signed(&ca_key).expect("a CA");
    let issuer = rcgen::Issuer::new(params, ca_key);
    let key = rcgen::KeyPair::generate().expect("a key");
    let leaf = rcgen::CertificateParams::new(vec!["127.0.0.1".to_owned()])
        .and_then(|params| params.signed_by(&key, &issuer))
        .expect("a certificate");
    std::fs::write(home.join("https-cert.pem"), leaf.pem()).expect("written");
    std::fs::write(home.join("https-key.pem"), key.serialize_pem()).expect("written");
    ca.pem()
}

#[tokio::test]
async fn trust_by_ca_follows_the_ca_file() {
    let home = tempfile::tempdir().expect("a directory");
    let right = authority(home.path());
    let other = tempfile::tempdir().expect("a directory");
    let wrong = authority(other.path());
    let server = Standin::start(Options {
        home: Some(home.path().to_owned()),
        ..Options::default()
    })
    .await
    .expect("a stand-in");
    let file = other.path().join("ca.pem");
    std::fs::write(&file, &right).expect("written");
    let config = remote(&server, &format!("{{ ca = {file:?} }}"));
    let mut monitor = Monitor::start(&config).await;
    monitor.connected().await;
    eventually("a long poll", || is_polled(&server)).await;
    std::fs::write(&file, &wrong).expect("written");
    server.forget_requests();
    let instance = monitor.until_state(LinkState::Untrusted).await;
    let failure = instance.link.failure.as_ref().expect("a failure");
    assert_eq!(failure.class, Class::Certificate);
    assert!(server.requests().is_empty(), "{:?}", server.requests());
    std::fs::write(&file, "nothing of use").expect("written");
    monitor
        .until("a useless CA file", |instance| {
            let failure = instance.link.failure.as_ref();
            failure.is_some_and(|failure| failure.class != Class::Certificate)
        })
        .await;
    std::fs::write(&file, &right).expect("written");
    monitor.connected().await;
}

#[tokio::test]
async fn trust_in_anybody_is_marked_in_the_status() {
    let server = standin().await;
    let mut monitor = Monitor::start(&remote(&server, "\"any\"")).await;
    let instance: Arc<InstanceStatus> = monitor.connected().await;
    assert!(instance.link.insecure);
    let json = serde_json::to_value(&*instance).expect("serializes");
    assert_eq!(json["link"]["insecure"], true);
    server.rotate_in_process().await.expect("rotated");
    let renewed = server.fingerprint();
    monitor
        .until("the new certificate", |instance| {
            let served = instance.link.trust.served.map(|served| served.to_string());
            instance.link.state == LinkState::Connected && served.as_ref() == Some(&renewed)
        })
        .await;
}
