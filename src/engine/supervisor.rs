//! Beside the loop: ends it or reloads it when the system says so, and tells the service manager how it is.

mod manager;
mod signals;

use std::io;
use std::time::Duration;

use tokio::time::Instant;
use tracing::{info, warn};

pub use self::signals::{Signal, Signals};

use self::manager::{Notice, tell};
use super::Engine;
use super::protocol::{Answer, Ask};
use crate::core::Status;

/// Runs until the engine is to end.
pub(super) async fn run(engine: &mut Engine) -> io::Result<()> {
    let mut signals = Signals::listen()?;
    let mut status = engine.status();
    let watchdog = manager::watchdog();
    let mut next_sign = Instant::now();
    let mut told = String::new();
    tell(&Notice::Ready);
    loop {
        tokio::select! {
            signal = signals.next() => match signal {
                Signal::End => {
                    info!("ending");
                    tell(&Notice::Stopping);
                    return Ok(());
                }
                Signal::Reload => reload(engine).await,
            },
            changed = status.changed() => match changed {
                Ok(()) => {
                    let words = summary(&status.borrow_and_update());
                    if words != told {
                        tell(&Notice::Status(&words));
                        told = words;
                    }
                }
                // The loop ended by itself: a view asked for it.
                Err(_) => return Ok(()),
            },
            () = sleep(watchdog, next_sign) => {
                // It is the loop that must be alive, not this.
                engine.ask(Ask::Journal { limit: 0 }).await;
                tell(&Notice::Alive);
                next_sign = Instant::now() + watchdog.unwrap_or_default();
            }
        }
    }
}

async fn reload(engine: &Engine) {
    tell(&Notice::Reloading);
    if let Answer::Refused { message, hint } = engine.ask(Ask::Reload).await {
        warn!("{message} {hint}");
    }
    tell(&Notice::Ready);
}

async fn sleep(watchdog: Option<Duration>, until: Instant) {
    match watchdog {
        Some(_) => tokio::time::sleep_until(until).await,
        None => std::future::pending().await,
    }
}

fn summary(status: &Status) -> String {
    let connected = status
        .instances
        .iter()
        .filter(|instance| !instance.link.state.is_loud())
        .count();
    format!(
        "{}: {connected} of {} instances in order",
        status.overall.name(),
        status.instances.len()
    )
}
