//! The port with its proof, which only Windows uses, held to the same as the unix socket: one owner, whose views alone
//! are answered, and nothing that listens elsewhere is taken for an engine.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use super::Lock;
use super::loopback::{Loopback, connect};
use crate::core::status::{EngineInfo, SCHEMA, Status};
use crate::core::{Overall, Timestamp};
use crate::engine::client::Connection;
use crate::engine::journal::Journal;
use crate::engine::protocol::{Answer, Ask};
use crate::engine::socket::{Socket, SocketError, Sources};

/// An engine's end without an engine.
struct Engine {
    status: watch::Sender<Arc<Status>>,
    task: JoinHandle<()>,
}

fn status(instances: u32) -> Arc<Status> {
    Arc::new(Status {
        schema: SCHEMA,
        time: Timestamp::from_secs(0),
        overall: Overall::Ok,
        engine: EngineInfo {
            version: "1".into(),
            pid: instances,
            since: Timestamp::from_secs(0),
            config_problem: None,
        },
        attention: Vec::new(),
        instances: Vec::new(),
    })
}

fn start(path: &Path) -> Engine {
    let socket = Socket::<Loopback>::bind(path).expect("bound");
    let (status, seen) = watch::channel(status(1));
    let (questions, mut asked) = mpsc::channel(1);
    tokio::spawn(async move { while asked.recv().await.is_some() {} });
    let task = tokio::spawn(socket.serve(Sources {
        status: seen,
        journal: Journal::open(None),
        questions,
        lines: Default::default(),
    }));
    Engine { status, task }
}

impl Engine {
    async fn end(self) {
        self.task.abort();
        let _ = self.task.await;
    }
}

fn place() -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().expect("directory");
    let path = directory.path().join("deep/engine.sock");
    (directory, path)
}

async fn open(path: &Path) -> Connection<TcpStream> {
    let stream = connect(path).await.expect("usable").expect("an engine");
    Connection::over(stream, path)
}

fn pid(answer: Option<Answer>) -> u32 {
    match answer {
        Some(Answer::Status { status }) => status.engine.pid,
        other => panic!("{other:?}"),
    }
}

/// The port in the file that an engine wrote.
fn port(path: &Path) -> u16 {
    let text = std::fs::read(path).expect("there");
    let address: serde_json::Value = serde_json::from_slice(&text).expect("JSON");
    let port = address.get("port").and_then(serde_json::Value::as_u64);
    port.and_then(|port| port.try_into().ok()).expect("a port")
}

/// A file such as an engine leaves, that leads to `port`.
fn forge(path: &Path, port: u16) {
    std::fs::create_dir_all(path.parent().expect("a parent")).expect("made");
    let text = format!(r#"{{"port":{port},"secret":"{}"}}"#, "ab".repeat(32));
    std::fs::write(path, text).expect("written");
}

#[tokio::test]
async fn one_engine_owns_it_and_its_views_are_answered() {
    let (_directory, path) = place();
    assert!(connect(&path).await.expect("no error").is_none());
    let engine = start(&path);
    let again = Socket::<Loopback>::bind(&path);
    assert!(matches!(again, Err(SocketError::Owned(held)) if held == path));
    let mut view = open(&path).await;
    assert_eq!(pid(view.ask(Ask::Watch).await.ok()), 1);
    engine.status.send_replace(status(2));
    assert_eq!(pid(view.next().await.expect("read")), 2);
    engine.end().await;
    assert_eq!(view.next().await.expect("ended in order"), None);
    assert!(!path.exists());
    assert!(connect(&path).await.expect("no error").is_none());
    start(&path).end().await;
}

#[cfg(unix)]
#[tokio::test]
async fn the_secret_is_for_its_owner_and_another_each_time() {
    use std::os::unix::fs::PermissionsExt as _;
    let (_directory, path) = place();
    let read = || std::fs::read_to_string(&path).expect("there");
    let engine = start(&path);
    let mode = |path: &Path| path.metadata().expect("there").permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o600);
    assert_eq!(mode(path.parent().expect("a parent")), 0o700);
    let first = read();
    engine.end().await;
    let engine = start(&path);
    assert_ne!(first, read());
    engine.end().await;
}

#[tokio::test]
async fn whoever_does_not_know_the_secret_gets_no_answer() {
    let (directory, path) = place();
    let engine = start(&path);
    for said in [
        b"POST / HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 16\r\n\r\n{\"ask\":\"status\"}\n"
            .to_vec(),
        b"{\"ask\":\"shutdown\"}\n".repeat(8),
        vec![0; 4096],
        b"x".to_vec(),
    ] {
        let mut stranger = TcpStream::connect(("127.0.0.1", port(&path)))
            .await
            .expect("connects");
        stranger.write_all(&said).await.expect("said");
        stranger.shutdown().await.expect("done");
        let mut heard = Vec::new();
        let _ = stranger.read_to_end(&mut heard).await;
        // Its part of the proof, or nothing.
        assert!(heard.is_empty() || heard.len() == 64, "{}", heard.len());
        assert!(!heard.windows(6).any(|part| part == b"answer"));
    }
    // One with the file of another engine.
    let other = directory.path().join("other.sock");
    forge(&other, port(&path));
    assert!(connect(&other).await.expect("no error").is_none());
    assert_eq!(pid(open(&path).await.ask(Ask::Status).await.ok()), 1);
    engine.end().await;
}

#[tokio::test]
async fn what_has_a_dead_engines_port_is_no_engine_and_learns_nothing() {
    let (_directory, path) = place();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
    forge(&path, listener.local_addr().expect("bound").port());
    let learnt = Arc::new(AtomicUsize::new(0));
    let noted = Arc::clone(&learnt);
    let squatter = tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.write_all(&[7; 64]).await;
            let mut heard = Vec::new();
            let _ = stream.read_to_end(&mut heard).await;
            noted.store(heard.len(), Ordering::SeqCst);
        }
    });
    assert!(connect(&path).await.expect("no error").is_none());
    // An engine that lives says otherwise: then it is an alarm.
    let lock = Lock::take(&path).expect("taken").expect("free");
    let error = connect(&path).await.expect_err("an impostor");
    assert_eq!(error.kind(), std::io::ErrorKind::PermissionDenied);
    drop(lock);
    assert!(
        learnt.load(Ordering::SeqCst) <= 32,
        "no proof of the view's"
    );
    squatter.abort();
    // And the next engine takes its place.
    let engine = start(&path);
    assert_eq!(pid(open(&path).await.ask(Ask::Status).await.ok()), 1);
    engine.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_stuck_engine_is_said_and_a_mute_stranger_is_nobody() {
    let (_directory, path) = place();
    let mute = std::net::TcpListener::bind("127.0.0.1:0").expect("bound");
    forge(&path, mute.local_addr().expect("bound").port());
    assert!(connect(&path).await.expect("no error").is_none());
    let _lock = Lock::take(&path).expect("taken").expect("free");
    let error = connect(&path).await.expect_err("it does not answer");
    assert_eq!(error.kind(), std::io::ErrorKind::TimedOut);
}

#[tokio::test]
async fn what_no_engine_left_is_left_alone() {
    let (_directory, path) = place();
    std::fs::create_dir_all(path.parent().expect("a parent")).expect("made");
    for precious in ["", "precious", "{\"port\":1}", &"x".repeat(10_000)] {
        std::fs::write(&path, precious).expect("written");
        let bound = Socket::<Loopback>::bind(&path);
        assert!(matches!(bound, Err(SocketError::Io { .. })), "{precious}");
        assert!(connect(&path).await.is_err(), "{precious}");
        assert_eq!(std::fs::read_to_string(&path).expect("there"), precious);
    }
}

#[tokio::test]
async fn strangers_take_no_seat() {
    let (_directory, path) = place();
    let engine = start(&path);
    let mut strangers = Vec::new();
    for _ in 0..12 {
        strangers.push(
            TcpStream::connect(("127.0.0.1", port(&path)))
                .await
                .expect("connects"),
        );
    }
    let mut views = Vec::new();
    for _ in 0..64 {
        let mut view = open(&path).await;
        assert_eq!(pid(view.ask(Ask::Watch).await.ok()), 1);
        views.push(view);
    }
    match open(&path).await.next().await {
        Ok(Some(Answer::Refused { message, .. })) => assert!(message.contains("64"), "{message}"),
        other => panic!("{other:?}"),
    }
    engine.end().await;
}
