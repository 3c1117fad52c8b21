//! What a hostile server, a broken file or a careless user can hand to syncwatch, made of a few random bytes.
//!
//! Nothing may panic, nothing may go on for ever, and what comes out for people to read is bounded and holds no control
//! character. Each function is a target of `cargo fuzz` (CONTRIBUTING.md tells how), and runs on some bytes in every
//! `cargo test`, which includes this file as it is.

mod dice;
mod server;
mod views;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use syncwatch::core::{Event, PinRead, Settings, Timestamp};
use syncwatch::services::{self, Memory, Session};
use syncwatch::{config, tls};
use tokio::sync::{mpsc, watch};

use dice::Dice;
use server::Server;

/// Longer than any wait of a poller that makes no request.
const FOREVER: Duration = Duration::from_secs(30 * 86_400);

/// A config file: it is taken, or what is wrong with it is said; what was taken can be shown, and is taken again.
pub fn config(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let file = Path::new("config.toml");
    match config::parse(&text, file) {
        Ok((config, _)) => {
            let shown = config.describe();
            // What is not shown (secrets) may be what a key needs.
            if let Ok((again, _)) = config::parse(&shown, file) {
                assert_eq!(again.describe(), shown);
            }
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// A certificate file, and a certificate as it is served.
pub fn certificate(data: &[u8]) {
    if let PinRead::Read(pin) = tls::parse_pin(data) {
        assert_eq!(tls::parse_pin(data), PinRead::Read(pin));
    }
    let pin = tls::pin_of(data);
    assert_eq!(pin.fingerprint, tls::fingerprint(data));
    let shown = tls::printable(&String::from_utf8_lossy(data), 80);
    assert!(shown.chars().count() <= 81 && !shown.contains(char::is_control));
}

/// Everything that a server of any kind may answer and tell: what every view makes of it.
///
/// Returns how many of the statuses knew the service.
pub fn replies(data: &[u8]) -> usize {
    let mut dice = Dice::new(data);
    let settings = server::settings(&mut dice);
    let kind = settings.kind();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build();
    let told = runtime.expect("a runtime").block_on(follow(settings, dice));
    views::show(kind, told)
}

/// What one attempt to follow a server comes to.
async fn follow(settings: Settings, dice: Dice) -> Vec<Event> {
    let server = Arc::new(Server::new(&settings, dice));
    let (_clients, clients) = watch::channel(server);
    let (events, mut told) = mpsc::unbounded_channel();
    let session = Session {
        instance: views::NAME.into(),
        attempt: 1,
        clients,
        key: "secret".into(),
        memory: Memory::default(),
        fresh: Default::default(),
        entry: Default::default(),
        teller: Default::default(),
        second: None,
        settings: Arc::new(settings),
        wall_clock: || Timestamp::from_secs(1_795_000_000),
        events,
    };
    let ended = tokio::time::timeout(FOREVER, services::run(session)).await;
    ended.expect("the end of a server that answers no more");
    let mut all = Vec::new();
    while let Ok(event) = told.try_recv() {
        all.push(event);
    }
    assert!(matches!(all.last(), Some(Event::Failed { .. })), "{all:?}");
    all
}
