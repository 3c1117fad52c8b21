//! An engine's life beside a server's files: what is not there yet, torn, replaced, gone, restored; and its own state
//! file and end.

#![cfg(unix)]

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::support::monitor::{DEADLINE, Monitor, eventually, is_polled, watching};
use secrecy::ExposeSecret;
use syncwatch::core::{Class, InstanceStatus, JournalKind, LinkState};
use syncwatch::standin::{Options, Standin, Writing};
use tokio::io::AsyncReadExt;

async fn standin(options: Options) -> Standin {
    Standin::start(options).await.expect("a stand-in")
}

fn current(instance: &InstanceStatus) -> Option<String> {
    instance.link.trust.current.map(|pin| pin.to_string())
}

async fn connected_under(monitor: &mut Monitor, fingerprint: &str) -> Arc<InstanceStatus> {
    monitor
        .until("the new certificate", |instance| {
            instance.link.state == LinkState::Connected
                && current(instance).as_deref() == Some(fingerprint)
                && instance.link.trust.pending.is_none()
        })
        .await
}

/// Brings another file to a path in one step, as old as you like.
fn replace(path: &Path, content: &[u8], modified: Option<SystemTime>) {
    let new = path.with_extension("new");
    std::fs::write(&new, content).expect("written");
    if let Some(modified) = modified {
        let file = std::fs::File::options().append(true).open(&new);
        file.and_then(|file| file.set_modified(modified))
            .expect("set");
    }
    std::fs::rename(new, path).expect("renamed");
}

#[tokio::test]
async fn starts_before_the_home_the_files_and_the_port_are_there() {
    let directory = tempfile::tempdir().expect("a directory");
    let home = directory.path().join("not/yet/there");
    let mut monitor = Monitor::home(&home).await;
    let instance = monitor.until_state(LinkState::Disconnected).await;
    let failure = instance.link.failure.as_ref().expect("a failure");
    assert_eq!(failure.class, Class::NotFound);
    std::fs::create_dir_all(&home).expect("made");
    std::fs::write(home.join("config.xml"), "<configuration><gui").expect("torn");
    let server = standin(Options {
        home: Some(home),
        ..Options::default()
    })
    .await;
    connected_under(&mut monitor, &server.fingerprint()).await;
    assert_eq!(
        monitor.told_states(),
        [LinkState::Disconnected, LinkState::Connected]
    );
}

#[tokio::test]
async fn every_way_of_replacing_the_certificate_is_followed_without_a_word() {
    let torn = Writing::InPlace {
        pause: Duration::from_millis(5),
    };
    for writing in [torn, Writing::Rename] {
        let server = standin(Options {
            writing,
            ..Options::default()
        })
        .await;
        let mut monitor = Monitor::patient(server.home().path()).await;
        monitor.connected().await;
        for rotation in 1..=3 {
            match rotation {
                1 => server.rotate_in_process().await,
                2 => server.restart(Duration::from_millis(50), true).await,
                _ => {
                    server.replace_file_only().await.expect("replaced");
                    server.restart(Duration::from_millis(50), false).await
                }
            }
            .expect("rotated");
            let instance = connected_under(&mut monitor, &server.fingerprint()).await;
            assert_eq!(instance.link.rotations, rotation, "{writing:?}");
        }
        assert_eq!(monitor.told(), [], "{writing:?}");
    }
}

/// As Kubernetes and configuration managers do it: the file is a link below a link that is swapped.
#[tokio::test]
async fn a_swapped_symlink_is_a_new_certificate() {
    let server = standin(Options::default()).await;
    let other = tempfile::tempdir().expect("a directory");
    let next = standin(Options {
        home: Some(other.path().to_owned()),
        ..Options::default()
    })
    .await;
    let expected = next.fingerprint();
    drop(next);
    let links = tempfile::tempdir().expect("a directory");
    let data = links.path().join("..data");
    symlink(server.home().path(), &data).expect("linked");
    let pin = links.path().join("https-cert.pem");
    symlink("..data/https-cert.pem", &pin).expect("linked");
    let config = format!(
        "[[instance]]\nname = \"laptop\"\nurl = \"{}\"\napi-key = \"{}\"\ntrust = {{ file = {pin:?} }}\n",
        server.url(),
        server.api_key().expose_secret()
    );
    let mut monitor = Monitor::start(&config).await;
    monitor.connected().await;
    let swapped = links.path().join("..new");
    symlink(other.path(), &swapped).expect("linked");
    std::fs::rename(swapped, data).expect("swapped");
    let instance = monitor
        .until("pending", |instance| instance.link.restart_pending)
        .await;
    let pending = instance.link.trust.pending.map(|pin| pin.to_string());
    assert_eq!(pending.as_deref(), Some(expected.as_str()));
    server.stop().await;
    let _next = standin(Options {
        home: Some(other.path().to_owned()),
        port: Some(server.address().port()),
        api_key: Some(server.api_key()),
        ..Options::default()
    })
    .await;
    connected_under(&mut monitor, &expected).await;
    assert_eq!(monitor.told(), []);
}

#[tokio::test]
async fn an_older_file_counts_and_the_same_one_again_does_not() {
    let server = standin(Options::default()).await;
    let path = server.home().certificate_path();
    let before = std::fs::read(&path).expect("there");
    let mut monitor = Monitor::patient(server.home().path()).await;
    monitor.connected().await;
    std::fs::write(&path, &before).expect("the same again");
    replace(&path, &before, None);
    server.replace_file_only().await.expect("replaced");
    let after = std::fs::read(&path).expect("there");
    monitor
        .until("pending", |instance| instance.link.restart_pending)
        .await;
    let old = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
    replace(&path, &before, Some(old));
    monitor
        .until("withdrawn", |instance| {
            instance.link.trust.pending.is_none()
        })
        .await;
    replace(&path, &after, Some(old));
    monitor
        .until("pending again", |instance| instance.link.restart_pending)
        .await;
    let journal = monitor.journal();
    let count = |wanted: fn(&JournalKind) -> bool| {
        journal.iter().filter(|entry| wanted(&entry.kind)).count()
    };
    assert_eq!(
        count(|kind| matches!(kind, JournalKind::PinPending { .. })),
        2
    );
    assert_eq!(
        count(|kind| matches!(kind, JournalKind::PinWithdrawn { .. })),
        1
    );
    assert_eq!(monitor.told(), []);
}

/// Whatever becomes of the file, a pin that was good stays, and nothing hangs.
#[tokio::test]
async fn a_file_that_is_gone_or_of_no_use_drops_no_pin() {
    let server = standin(Options::default()).await;
    let path = server.home().certificate_path();
    let good = std::fs::read(&path).expect("there");
    let mut monitor = Monitor::patient(server.home().path()).await;
    monitor.connected().await;
    let ways: [fn(&Path); 5] = [
        |_| {},
        |path| std::fs::create_dir(path).expect("made"),
        |path| {
            let made = std::process::Command::new("mkfifo").arg(path).status();
            assert!(made.expect("runs").success());
        },
        |path| std::fs::write(path, "-----BEGIN CERTIFICATE-----\nnonsense").expect("written"),
        |path| symlink(path, path).expect("a loop"),
    ];
    for (number, way) in ways.into_iter().enumerate() {
        let _ = std::fs::remove_file(&path).or_else(|_| std::fs::remove_dir(&path));
        assert!(path.symlink_metadata().is_err());
        way(&path);
        eventually("a long poll", || is_polled(&server)).await;
        let hidden = monitor.now().instances[0].link.hidden_failures;
        server.cut_long_polls();
        monitor
            .until("the cut", |instance| instance.link.hidden_failures > hidden)
            .await;
        let instance = monitor.connected().await;
        assert_eq!(
            current(&instance),
            Some(server.fingerprint()),
            "way {number}"
        );
    }
    let _ = std::fs::remove_file(&path);
    replace(&path, &good, None);
    server.rotate_in_process().await.expect("rotated");
    connected_under(&mut monitor, &server.fingerprint()).await;
    let trouble = monitor
        .journal()
        .into_iter()
        .any(|entry| matches!(entry.kind, JournalKind::PinFileTrouble { .. }));
    assert!(trouble, "{}", monitor.journal_text());
}

#[tokio::test]
async fn a_home_that_is_removed_and_made_again_is_found() {
    let parent = tempfile::tempdir().expect("a directory");
    let home = parent.path().join("syncthing");
    let server = standin(Options {
        home: Some(home.clone()),
        ..Options::default()
    })
    .await;
    let mut monitor = Monitor::patient(&home).await;
    monitor.connected().await;
    std::fs::remove_dir_all(&home).expect("removed");
    std::fs::create_dir_all(&home).expect("made");
    server
        .restart(Duration::from_millis(50), true)
        .await
        .expect("restarted");
    let instance = connected_under(&mut monitor, &server.fingerprint()).await;
    assert_eq!(instance.link.rotations, 1);
    assert_eq!(monitor.told(), []);
}

#[tokio::test]
async fn a_pending_restart_outlives_the_engine() {
    let server = standin(Options::default()).await;
    let mut monitor = Monitor::patient(server.home().path()).await;
    monitor.connected().await;
    let pending = server.replace_file_only().await.expect("replaced");
    monitor
        .until("pending", |instance| instance.link.restart_pending)
        .await;
    monitor.start_again().await;
    let instance = monitor
        .until("pending again", |instance| {
            instance.link.state == LinkState::Connected && instance.link.restart_pending
        })
        .await;
    assert_eq!(current(&instance), Some(server.fingerprint()));
    assert_eq!(
        instance.link.trust.pending.map(|pin| pin.to_string()),
        Some(pending)
    );
    assert_eq!(monitor.told(), []);
    let mode = |path: &Path| path.metadata().expect("there").permissions().mode() & 0o777;
    let state = monitor.state_file();
    assert_eq!(mode(&state), 0o600);
    assert_eq!(mode(&state.with_file_name("journal.jsonl")), 0o600);
    assert_eq!(mode(state.parent().expect("a parent")), 0o700);
    let text = std::fs::read_to_string(&state).expect("there");
    assert!(!text.contains(server.api_key().expose_secret()));
}

/// Without the memory only the file counts, and the file names another certificate than the one that is served.
#[tokio::test]
async fn a_corrupt_state_file_is_set_aside_and_trusts_nothing_by_itself() {
    let server = standin(Options::default()).await;
    let mut monitor = Monitor::home(server.home().path()).await;
    monitor.connected().await;
    monitor.stop().await;
    let state = monitor.state_file();
    std::fs::write(&state, "{\"instances\": {\"laptop\"").expect("written");
    monitor.start_again().await;
    monitor.connected().await;
    assert!(state.with_extension("json.corrupt").exists());
    monitor.stop().await;
    std::fs::remove_file(&state).expect("removed");
    server.replace_file_only().await.expect("replaced");
    server.forget_requests();
    monitor.start_again().await;
    monitor.until_state(LinkState::Untrusted).await;
    assert!(server.requests().is_empty(), "{:?}", server.requests());
    server
        .restart(Duration::from_millis(10), false)
        .await
        .expect("restarted");
    monitor.connected().await;
}

#[tokio::test]
async fn the_journal_goes_on_after_a_restart_and_a_torn_line() {
    let server = standin(Options::default()).await;
    let mut monitor = Monitor::start(&watching(server.home().path())).await;
    monitor.connected().await;
    monitor.stop().await;
    let path = monitor.state_file().with_file_name("journal.jsonl");
    let mut text = std::fs::read(&path).expect("there");
    text.extend(b"{\"time\":\"2026-11-");
    std::fs::write(&path, text).expect("written");
    monitor.start_again().await;
    monitor.connected().await;
    monitor.stop().await;
    let entries = syncwatch::engine::journal::read_file(&path);
    let connected = |kind: &JournalKind| matches!(kind, JournalKind::Connected { .. });
    let count = entries.iter().filter(|entry| connected(&entry.kind));
    assert_eq!(count.count(), 2, "{entries:?}");
}

/// A server that is left says so: close_notify, also in the middle of a request.
#[tokio::test]
async fn stopping_closes_connections_in_order() {
    let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).expect("made");
    let der = made.cert.der().clone();
    let fingerprint = syncwatch::tls::fingerprint(&der);
    let key = rustls::pki_types::PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
    let config = rustls::ServerConfig::builder_with_provider(syncwatch::tls::provider())
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![der], key.into())
        .expect("a certificate");
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("bound");
    let address = listener.local_addr().expect("an address");
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let (asked, begun) = tokio::sync::oneshot::channel();
    let server = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.expect("accepted");
        let mut stream = acceptor.accept(stream).await.expect("a handshake");
        let mut buffer = [0; 4096];
        let read = stream.read(&mut buffer).await.expect("a request");
        assert!(buffer[..read].starts_with(b"GET /rest/"));
        asked.send(()).expect("sent");
        // Without close_notify rustls calls this an unexpected end.
        stream.read(&mut buffer).await
    });
    let config = format!(
        "[[instance]]\nname = \"nas\"\nurl = \"https://{address}\"\napi-key = \"secret\"\ntrust = {{ fingerprint = [\"{fingerprint}\"] }}\n"
    );
    let mut monitor = Monitor::start(&config).await;
    let in_time = tokio::time::timeout(DEADLINE, begun).await;
    in_time.expect("in time").expect("asked");
    monitor.stop().await;
    let end = tokio::time::timeout(DEADLINE, server).await;
    assert_eq!(
        end.expect("in time").expect("ends").expect("close_notify"),
        0
    );
}
