//! Rotates the certificate of a stand-in again and again and prints how long each recovery took: from the moment at
//! which the new certificate is served to the status `connected` under it.
//!
//! `cargo bench --bench rotation [-- ROTATIONS]`, 50 of each way by default. Prints; asserts only that nothing was shown.

#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a benchmark measures and prints"
)]

mod support;

use std::sync::mpsc;
use std::time::{Duration, Instant};

use syncwatch::core::{LinkState, Status};
use syncwatch::standin::{self, Standin};

/// Between two rotations, so that each starts from a settled connection.
const PAUSE: Duration = Duration::from_millis(200);
/// The time that a restarting server is away.
const DOWNTIME: Duration = Duration::from_millis(300);

#[derive(Clone, Copy)]
enum Way {
    InProcess,
    Restart,
    FileLongBefore,
}

fn main() {
    let rotations = support::number(50);
    println!("served -> connected, milliseconds, {rotations} rotations each");
    support::heading("way");
    for (name, way) in [
        ("listener restarted in process", Way::InProcess),
        ("process restarted, renewed", Way::Restart),
        ("file replaced before the restart", Way::FileLongBefore),
    ] {
        support::row(name, measure(way, rotations));
    }
}

/// The server runs in a thread of its own, as another process would.
fn measure(way: Way, rotations: usize) -> Vec<Duration> {
    let (home_end, home) = mpsc::channel();
    let (turn, turns) = mpsc::channel::<()>();
    let (served_end, served) = mpsc::channel();
    let server = std::thread::spawn(move || {
        runtime().block_on(async move {
            let server = Standin::start(standin::Options::default())
                .await
                .expect("a stand-in");
            home_end
                .send(server.home().path().to_owned())
                .expect("sent");
            loop {
                // Serve while waiting for the turn.
                tokio::time::sleep(Duration::from_millis(1)).await;
                match turns.try_recv() {
                    Ok(()) => {
                        let at = rotate(&server, way).await;
                        served_end.send((at, server.fingerprint())).expect("sent");
                    }
                    Err(mpsc::TryRecvError::Empty) => {}
                    Err(mpsc::TryRecvError::Disconnected) => return,
                }
            }
        });
    });
    let home = home.recv().expect("a home");
    let figures = runtime().block_on(watch(home, rotations, turn, served));
    server.join().expect("ends");
    figures
}

async fn rotate(server: &Standin, way: Way) -> Instant {
    let at = match way {
        Way::InProcess => server.rotate_in_process().await,
        Way::Restart => server.restart(DOWNTIME, true).await,
        Way::FileLongBefore => {
            server.replace_file_only().await.expect("replaced");
            tokio::time::sleep(PAUSE).await;
            server.restart(DOWNTIME, false).await
        }
    };
    at.expect("rotated").into_std()
}

async fn watch(
    home: std::path::PathBuf,
    rotations: usize,
    turn: mpsc::Sender<()>,
    served: mpsc::Receiver<(Instant, String)>,
) -> Vec<Duration> {
    let directory = tempfile::tempdir().expect("a directory");
    let engine = support::engine(&home, directory.path()).await;
    let mut status = engine.status();
    until(&mut status, |_| true).await;
    let mut figures = Vec::new();
    for _ in 0..rotations {
        tokio::time::sleep(PAUSE).await;
        let before = current(&status.borrow());
        turn.send(()).expect("sent");
        let seen = until(&mut status, |now| current(now) != before).await;
        let (at, fingerprint) = served.recv().expect("rotated");
        assert_eq!(
            current(&status.borrow()).as_deref(),
            Some(fingerprint.as_str())
        );
        figures.push(seen.saturating_duration_since(at));
    }
    engine.stop().await;
    figures
}

/// Waits for `connected` and `check`, and returns when it was seen. Nothing loud may come on the way.
async fn until(
    status: &mut tokio::sync::watch::Receiver<std::sync::Arc<Status>>,
    check: impl Fn(&Status) -> bool,
) -> Instant {
    loop {
        {
            let now = status.borrow_and_update();
            let state = now.instances.first().map(|instance| instance.link.state);
            assert!(
                !state.is_some_and(LinkState::is_loud),
                "{state:?} was shown"
            );
            if state == Some(LinkState::Connected) && check(&now) {
                return Instant::now();
            }
        }
        status.changed().await.expect("the engine lives");
    }
}

fn current(status: &Status) -> Option<String> {
    let trust = &status.instances.first()?.link.trust;
    Some(trust.current?.to_string())
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
}
