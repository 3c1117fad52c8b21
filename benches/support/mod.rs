//! What the benchmarks share: their one argument, the engine in a directory of its own, and how figures are printed.

#![allow(dead_code, reason = "no benchmark uses everything")]

use std::path::Path;
use std::time::Duration;

use syncwatch::engine::{self, Engine};

/// The number on the command line, or `usual`.
pub fn number(usual: usize) -> usize {
    std::env::args()
        .filter_map(|argument| argument.parse().ok())
        .next()
        .unwrap_or(usual)
}

/// An engine that watches the Syncthing in `home` and keeps its own things in `directory`.
pub async fn engine(home: &Path, directory: &Path) -> Engine {
    let config = directory.join("config.toml");
    let text = format!("[[instance]]\nname = \"bench\"\nhome = {home:?}\n");
    std::fs::write(&config, text).expect("written");
    Engine::start(engine::Options::apart(directory))
        .await
        .expect("an engine")
}

/// The head of the table.
pub fn heading(what: &str) {
    println!(
        "{what:<34} {:>8} {:>8} {:>8} {:>8}",
        "min", "median", "p99", "max"
    );
}

/// A row of it, in milliseconds.
pub fn row(what: &str, mut figures: Vec<Duration>) {
    figures.sort();
    let at = |share: f64| {
        let index = (share * (figures.len().saturating_sub(1)) as f64).round() as usize;
        figures
            .get(index)
            .map_or(0.0, |figure| figure.as_secs_f64() * 1e3)
    };
    let (least, median, p99, most) = (at(0.0), at(0.5), at(0.99), at(1.0));
    println!("{what:<34} {least:>8.2} {median:>8.2} {p99:>8.2} {most:>8.2}");
}
