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

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use syncwatch::config::{Environment, Platform};
use syncwatch::core::Status;
use syncwatch::core::service::FolderState;
use syncwatch::engine::{self, Engine};
use syncwatch::standin::{self, Standin};

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let number = std::env::args()
        .filter_map(|argument| argument.parse().ok())
        .next()
        .unwrap_or(200);
    let server = Standin::start(standin::Options::default())
        .await
        .expect("a stand-in");
    let directory = tempfile::tempdir().expect("a directory");
    let config = directory.path().join("config.toml");
    let home = server.home().path();
    std::fs::write(
        &config,
        format!("[[instance]]\nname = \"bench\"\nhome = {home:?}\n"),
    )
    .expect("written");
    println!("{number} of each, milliseconds");
    println!(
        "{:<34} {:>8} {:>8} {:>8} {:>8}",
        "what", "min", "median", "p99", "max"
    );
    print(
        "start -> connected",
        starts(&config, directory.path(), number).await,
    );
    print(
        "event at the server -> status",
        events(&server, &config, directory.path(), number).await,
    );
}

async fn starts(config: &Path, directory: &Path, number: usize) -> Vec<Duration> {
    let mut figures = Vec::new();
    for _ in 0..number {
        let began = Instant::now();
        let engine = start(config, directory).await;
        until(&engine, |status| folder(status).is_some()).await;
        figures.push(began.elapsed());
        engine.stop().await;
    }
    figures
}

async fn events(server: &Standin, config: &Path, directory: &Path, number: usize) -> Vec<Duration> {
    let engine = start(config, directory).await;
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

async fn start(config: &Path, directory: &Path) -> Engine {
    let options = engine::Options {
        config: Some(config.to_owned()),
        environment: Environment::made_up(Platform::current(), directory, &[]),
        only: None,
        owner: false,
        patience_ceiling: None,
        keep_state: false,
    };
    Engine::start(options).await.expect("an engine")
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

fn print(what: &str, mut figures: Vec<Duration>) {
    figures.sort();
    let at = |share: f64| {
        let index = (share * (figures.len().saturating_sub(1)) as f64).round() as usize;
        figures
            .get(index)
            .map_or(0.0, |figure| figure.as_secs_f64() * 1e3)
    };
    println!(
        "{what:<34} {:>8.2} {:>8.2} {:>8.2} {:>8.2}",
        at(0.0),
        at(0.5),
        at(0.99),
        at(1.0)
    );
}
