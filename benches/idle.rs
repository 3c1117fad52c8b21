//! Starts the daemon beside an idle stand-in and prints what it costs: memory, CPU, context switches, threads, requests.
//!
//! `cargo bench --bench idle [-- SECONDS]`, 120 by default. Linux only: the figures are those of /proc.

#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a benchmark measures and prints"
)]

#[path = "support/figures.rs"]
mod figures;

use std::process::{Command, Stdio};
use std::time::Duration;

use figures::Figures;
use syncwatch::standin::{Options, Standin};

/// The start-up is over by then.
const SETTLE: Duration = Duration::from_secs(5);

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let seconds = std::env::args()
        .filter_map(|argument| argument.parse().ok())
        .next()
        .unwrap_or(120);
    let server = Standin::start(Options::default())
        .await
        .expect("a stand-in");
    let directory = tempfile::tempdir().expect("a directory");
    let config = directory.path().join("config.toml");
    let text = format!(
        "[[instance]]\nname = \"idle\"\nhome = {:?}\n",
        server.home().path()
    );
    std::fs::write(&config, text).expect("written");
    let mut daemon = Command::new(env!("CARGO_BIN_EXE_syncwatch"))
        .args(["--config", config.to_str().expect("UTF-8"), "daemon"])
        .env_clear()
        .env("HOME", directory.path())
        .env("XDG_RUNTIME_DIR", directory.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the daemon");
    tokio::time::sleep(SETTLE).await;
    let before = Figures::of(daemon.id());
    server.forget_requests();
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    let after = Figures::of(daemon.id());
    let requests = server.requests().len();
    let _ = daemon.kill();
    let _ = daemon.wait();
    let length = seconds as f64;
    println!("daemon with one idle instance, over {seconds} s");
    figures::print(&before, &after, length);
    println!(
        "  requests              {:>8.0} an hour",
        requests as f64 / length * 3600.0
    );
}
