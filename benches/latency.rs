//! Prints how soon the status tells what happened: from the start of an engine to `connected`, and from an event at
//! the server to the status that shows it. Server and engine share one thread here, so both pay for each other.
//!
//! `cargo bench --bench latency [-- NUMBER]`, 200 of each by default.

#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a benchmark measures and prints"
)]

mod support;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use syncwatch::core::Status;
use syncwatch::core::service::FolderState;
use syncwatch::engine::Engine;
use syncwatch::standin::{self, Standin};

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let number = support::number(200);
    let server = Standin::start(standin::Options::default())
        .await
        .expect("a stand-in");
    let directory = tempfile::tempdir().expect("a directory");
    println!("{number} of each, milliseconds");
    support::heading("what");
    let figures = starts(&server, directory.path(), number).await;
    support::row("start -> connected", figures);
    let figures = events(&server, directory.path(), number).await;
    support::row("event at the server -> status", figures);
}

async fn starts(server: &Standin, directory: &Path, number: usize) -> Vec<Duration> {
    let mut figures = Vec::new();
    for _ in 0..number {
        let began = Instant::now();
        let engine = support::engine(server.home().path(), directory).await;
        until(&engine, |status| folder(status).is_some()).await;
        figures.push(began.elapsed());
        engine.stop().await;
    }
    figures
}

async fn events(server: &Standin, directory: &Path, number: usize) -> Vec<Duration> {
    let engine = support::engine(server.home().path(), directory).await;
    until(&engine, |status| folder(status).is_some()).await;
    let mut changed = server
        .world(|world| world.folders.first().cloned())
        .expect("a folder");
    let mut figures = Vec::new();
    for turn in 0..number {
        // Let the engine come back to its long poll.
        tokio::time::sleep(Duration::from_millis(20)).await;
        let (word, state) = match turn % 2 {
            0 => ("scanning", FolderState::Scanning),
            _ => ("idle", FolderState::UpToDate),
        };
        word.clone_into(&mut changed.state);
        let id = changed.id.clone();
        let began = Instant::now();
        server.set_folder(changed.clone());
        until(&engine, |status| {
            let service = status
                .instances
                .first()
                .and_then(|instance| instance.service.as_deref());
            service.is_some_and(|service| {
                service
                    .folders
                    .iter()
                    .any(|folder| folder.id == id && folder.state == state)
            })
        })
        .await;
        figures.push(began.elapsed());
    }
    engine.stop().await;
    figures
}

async fn until(engine: &Engine, check: impl Fn(&Status) -> bool) {
    let mut status = engine.status();
    let found = status.wait_for(|status: &Arc<Status>| check(status)).await;
    found.expect("the engine lives");
}

/// The first folder's name, once the service is known.
fn folder(status: &Status) -> Option<&str> {
    let service = status.instances.first()?.service.as_deref()?;
    Some(service.folders.first()?.id.as_str())
}
