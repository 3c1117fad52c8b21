//! The local socket: one owner per user, private to that user, and views that cannot hurt the engine or hang on it.

#![cfg(unix)]

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::support::monitor::{DEADLINE, environment, eventually, watching};
use syncwatch::core::{JournalKind, LinkState, Status};
use syncwatch::engine::client::Connection;
use syncwatch::engine::protocol::{Answer, Ask};
use syncwatch::engine::{Engine, Options, StartError};
use syncwatch::standin::{self, Folder, Standin};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

/// A place for engines that own a socket, and a server to watch.
struct Place {
    directory: TempDir,
    server: Standin,
}

impl Place {
    async fn new() -> Self {
        let server = Standin::start(standin::Options::default())
            .await
            .expect("a stand-in");
        let directory = TempDir::with_prefix("syncwatch-socket-").expect("a directory");
        let config = watching(server.home().path());
        std::fs::write(directory.path().join("config.toml"), config).expect("config.toml");
        Self { directory, server }
    }

    fn options(&self) -> Options {
        Options {
            owner: true,
            ..Options::apart(self.directory.path())
        }
    }

    fn socket(&self) -> PathBuf {
        environment(self.directory.path()).socket()
    }

    async fn owner(&self) -> Engine {
        Engine::start(self.options()).await.expect("an engine")
    }
}

async fn open(socket: &Path) -> Connection {
    let opened = Connection::open(socket).await.expect("usable");
    opened.expect("an engine")
}

async fn in_time<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(DEADLINE, work).await.expect("in time")
}

fn status_of(answer: Answer) -> Status {
    match answer {
        Answer::Status { status } => *status,
        other => panic!("{other:?}"),
    }
}

/// Reads a watch until its status passes `check`.
async fn until(view: &mut Connection, check: impl Fn(&Status) -> bool) -> Status {
    in_time(async {
        loop {
            let answer = view.next().await.expect("an answer").expect("it lives");
            let status = status_of(answer);
            if check(&status) {
                return status;
            }
        }
    })
    .await
}

fn is_connected(status: &Status) -> bool {
    let first = status.instances.first();
    first.is_some_and(|first| first.link.state == LinkState::Connected && first.service.is_some())
}

#[tokio::test]
async fn one_engine_owns_the_socket_and_it_is_private() {
    let place = Place::new().await;
    let engine = place.owner().await;
    let mode = |path: &Path| path.metadata().expect("there").permissions().mode() & 0o777;
    let socket = place.socket();
    assert_eq!(mode(&socket), 0o600);
    assert_eq!(mode(socket.parent().expect("a parent")), 0o700);
    match Engine::start(place.options()).await {
        Err(StartError::AlreadyRunning { socket: held }) => assert_eq!(held, socket),
        other => panic!("{other:?}"),
    }
    // The one that was turned away took nothing with it.
    in_time(open(&socket).await.ask(Ask::Status))
        .await
        .expect("still answered");
    engine.stop().await;
    assert!(!socket.exists());
    assert!(Connection::open(&socket).await.expect("usable").is_none());
    place.owner().await.stop().await;
}

#[tokio::test]
async fn an_engine_that_could_not_start_leaves_no_owner_behind() {
    let place = Place::new().await;
    let unknown = Options {
        only: Some("nobody".into()),
        ..place.options()
    };
    let refused = Engine::start(unknown).await;
    assert!(
        matches!(refused, Err(StartError::UnknownInstance { .. })),
        "{refused:?}"
    );
    assert!(!place.socket().exists());
    place.owner().await.stop().await;
}

#[tokio::test]
async fn an_engine_that_is_dropped_gives_the_socket_up() {
    let place = Place::new().await;
    let engine = place.owner().await;
    let mut view = open(&place.socket()).await;
    in_time(view.ask(Ask::Watch)).await.expect("a status");
    drop(engine);
    in_time(async { while let Ok(Some(_)) = view.next().await {} }).await;
    let socket = place.socket();
    eventually("the socket is gone", || !socket.exists()).await;
    place.owner().await.stop().await;
}

#[tokio::test]
async fn a_socket_that_a_dead_engine_left_is_replaced_and_nothing_else_is() {
    let place = Place::new().await;
    let socket = place.socket();
    std::fs::create_dir_all(socket.parent().expect("a parent")).expect("made");
    drop(std::os::unix::net::UnixListener::bind(&socket).expect("bound"));
    assert!(socket.exists());
    assert!(Connection::open(&socket).await.expect("usable").is_none());
    let engine = place.owner().await;
    in_time(open(&socket).await.ask(Ask::Status))
        .await
        .expect("answered");
    engine.stop().await;
    std::fs::write(&socket, "precious").expect("written");
    let refused = Engine::start(place.options()).await;
    assert!(matches!(refused, Err(StartError::Io { .. })), "{refused:?}");
    assert_eq!(std::fs::read_to_string(&socket).expect("there"), "precious");
}

#[tokio::test]
async fn views_see_the_status_its_changes_and_the_journal() {
    let place = Place::new().await;
    let engine = place.owner().await;
    let mut view = open(&place.socket()).await;
    in_time(view.begin(Ask::Watch)).await.expect("asked");
    until(&mut view, is_connected).await;
    let mut news = open(&place.socket()).await;
    in_time(news.begin(Ask::WatchJournal)).await.expect("asked");
    let mut other = open(&place.socket()).await;
    // Answered in order: the watch of the journal has begun when this one is.
    in_time(other.ask(Ask::Status)).await.expect("a status");
    place.server.rotate_in_process().await.expect("rotated");
    let rotated = until(&mut view, |status| status.instances[0].link.rotations == 1).await;
    assert_eq!(rotated.overall, engine.status().borrow().overall);
    in_time(async {
        loop {
            match news.next().await.expect("an answer").expect("it lives") {
                Answer::Journal { entries } => {
                    let rotated = |kind: &JournalKind| matches!(kind, JournalKind::Rotated { .. });
                    if entries.iter().any(|entry| rotated(&entry.kind)) {
                        return;
                    }
                }
                other => panic!("{other:?}"),
            }
        }
    })
    .await;
    match in_time(other.ask(Ask::Journal { limit: 2 })).await {
        Ok(Answer::Journal { entries }) => assert_eq!(entries.len(), 2),
        other => panic!("{other:?}"),
    }
    engine.stop().await;
}

#[tokio::test]
async fn questions_that_cannot_be_granted_are_refused_in_words() {
    let place = Place::new().await;
    let engine = place.owner().await;
    let mut view = open(&place.socket()).await;
    in_time(view.begin(Ask::Watch)).await.expect("asked");
    until(&mut view, is_connected).await;
    let mut view = open(&place.socket()).await;
    let fingerprint = format!("sha256:{}", "ab".repeat(32)).parse().expect("one");
    for ask in [
        Ask::Accept {
            instance: "laptop".into(),
            fingerprint,
        },
        Ask::Accept {
            instance: "nobody".into(),
            fingerprint,
        },
        Ask::Forget {
            instance: "laptop".into(),
        },
        Ask::Retry {
            instance: Some("nobody".into()),
        },
    ] {
        match in_time(view.ask(ask.clone())).await {
            Ok(Answer::Refused { message, hint }) => {
                assert!(!message.is_empty() && !hint.is_empty(), "{ask:?}");
            }
            other => panic!("{ask:?}: {other:?}"),
        }
    }
    for ask in [Ask::Retry { instance: None }, Ask::Reload] {
        assert_eq!(
            in_time(view.ask(ask)).await.expect("answered"),
            Answer::Done
        );
    }
    engine.stop().await;
}

#[tokio::test]
async fn garbage_and_endless_questions_hurt_nobody() {
    let place = Place::new().await;
    let engine = place.owner().await;
    for garbage in [
        b"\n".to_vec(),
        b"{}\n".to_vec(),
        b"{\"ask\":\"launch-missiles\"}\n".to_vec(),
        b"\xff\xfe\x00\n".to_vec(),
        [b"[".repeat(60_000), b"\n".to_vec()].concat(),
    ] {
        let mut stream = UnixStream::connect(place.socket()).await.expect("connects");
        stream.write_all(&garbage).await.expect("written");
        stream
            .write_all(b"{\"ask\":\"status\"}\n")
            .await
            .expect("written");
        stream.shutdown().await.expect("done");
        let mut said = String::new();
        in_time(stream.read_to_string(&mut said))
            .await
            .expect("answered");
        let lines: Vec<&str> = said.lines().collect();
        assert_eq!(lines.len(), 2, "{said}");
        assert!(
            lines[0].contains("refused") && lines[1].contains("\"status\""),
            "{said}"
        );
    }
    let mut stream = UnixStream::connect(place.socket()).await.expect("connects");
    // It hangs up in the middle of this.
    let _ = stream.write_all(&b"x".repeat(10_000_000)).await;
    let mut said = Vec::new();
    let _ = in_time(stream.read_to_end(&mut said)).await;
    let said = String::from_utf8_lossy(&said);
    assert!(said.lines().count() <= 1, "{said}");
    in_time(open(&place.socket()).await.ask(Ask::Status))
        .await
        .expect("answered");
    engine.stop().await;
}

#[tokio::test]
async fn more_views_than_there_is_room_for_are_turned_away_in_words() {
    let place = Place::new().await;
    let engine = place.owner().await;
    let mut views = Vec::new();
    for _ in 0..64 {
        let mut view = open(&place.socket()).await;
        in_time(view.ask(Ask::Watch)).await.expect("a status");
        views.push(view);
    }
    let mut turned_away = open(&place.socket()).await;
    match in_time(turned_away.next()).await {
        Ok(Some(Answer::Refused { message, .. })) => assert!(message.contains("64"), "{message}"),
        other => panic!("{other:?}"),
    }
    views.pop();
    in_time(async {
        loop {
            let mut view = open(&place.socket()).await;
            if let Ok(Answer::Status { .. }) = view.ask(Ask::Status).await {
                return;
            }
        }
    })
    .await;
    engine.stop().await;
    for mut view in views {
        in_time(async { while let Ok(Some(_)) = view.next().await {} }).await;
    }
}

#[tokio::test]
async fn a_view_that_never_reads_holds_up_nobody() {
    let place = Place::new().await;
    let engine = place.owner().await;
    let mut mute = UnixStream::connect(place.socket()).await.expect("connects");
    mute.write_all(b"{\"ask\":\"watch\"}\n")
        .await
        .expect("written");
    let mut view = open(&place.socket()).await;
    in_time(view.begin(Ask::Watch)).await.expect("asked");
    until(&mut view, is_connected).await;
    for round in 1..=20_u64 {
        place.server.rotate_in_process().await.expect("rotated");
        until(&mut view, |status| {
            status.instances[0].link.rotations >= round
        })
        .await;
    }
    in_time(engine.stop()).await;
}

#[tokio::test]
async fn a_status_of_a_thousand_folders_passes() {
    let place = Place::new().await;
    place.server.world(|world| {
        let model = world.folders[0].clone();
        world.folders = (0..1000)
            .map(|number| Folder {
                id: format!("folder-{number}"),
                label: format!("A folder with a label of some length, number {number}"),
                ..model.clone()
            })
            .collect();
    });
    let engine = place.owner().await;
    let mut view = open(&place.socket()).await;
    in_time(view.begin(Ask::Watch)).await.expect("asked");
    let status = until(&mut view, is_connected).await;
    let service = status.instances[0].service.clone().expect("a service");
    assert_eq!(service.folders.len(), 1000);
    engine.stop().await;
}

#[tokio::test]
async fn a_view_may_end_the_engine_and_hears_that_it_did() {
    let place = Place::new().await;
    let engine = place.owner().await;
    let mut view = open(&place.socket()).await;
    assert_eq!(
        in_time(view.ask(Ask::Shutdown)).await.expect("answered"),
        Answer::Done
    );
    assert!(matches!(in_time(view.next()).await, Ok(None)));
    let mut status = engine.status();
    in_time(async { while status.changed().await.is_ok() {} }).await;
    let socket = place.socket();
    eventually("the socket is gone", || !socket.exists()).await;
    let said = in_time(engine.ask(Ask::Reload)).await;
    assert!(matches!(said, Answer::Refused { .. }), "{said:?}");
    in_time(engine.stop()).await;
}

#[tokio::test]
async fn stopping_is_quick_with_a_long_poll_under_way() {
    let place = Place::new().await;
    let engine = place.owner().await;
    let mut view = open(&place.socket()).await;
    in_time(view.begin(Ask::Watch)).await.expect("asked");
    until(&mut view, is_connected).await;
    let begun = tokio::time::Instant::now();
    engine.stop().await;
    assert!(begun.elapsed() < Duration::from_secs(10));
}
