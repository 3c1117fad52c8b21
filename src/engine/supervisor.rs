//! Signals and the service manager: SIGINT, SIGTERM, SIGHUP, and what systemd wants to hear (sd_notify(3)).

use std::io;
use std::time::Duration;

use sd_notify::NotifyState;
use tokio::time::Instant;
use tracing::{info, warn};

use super::Engine;
use super::protocol::{Answer, Ask};
use crate::core::Status;

/// Runs until the engine is to end. Without systemd the notices go nowhere.
pub(super) async fn run(engine: &mut Engine) -> io::Result<()> {
    let mut signals = Signals::listen()?;
    let mut status = engine.status();
    let watchdog = sd_notify::watchdog_enabled().map(|limit| limit / 2);
    let mut next_sign = Instant::now();
    let mut told = String::new();
    notify(&[NotifyState::Ready]);
    loop {
        tokio::select! {
            signal = signals.next() => match signal {
                Signal::End => {
                    info!("ending");
                    notify(&[NotifyState::Stopping]);
                    return Ok(());
                }
                Signal::Reload => reload(engine).await,
            },
            changed = status.changed() => match changed {
                Ok(()) => {
                    let words = summary(&status.borrow_and_update());
                    if words != told {
                        notify(&[NotifyState::Status(&words)]);
                        told = words;
                    }
                }
                // The loop ended by itself: a view asked for it.
                Err(_) => return Ok(()),
            },
            () = sleep(watchdog, next_sign) => {
                // It is the loop that must be alive, not this.
                engine.ask(Ask::Journal { limit: 0 }).await;
                notify(&[NotifyState::Watchdog]);
                next_sign = Instant::now() + watchdog.unwrap_or_default();
            }
        }
    }
}

async fn reload(engine: &Engine) {
    // With Type=notify-reload systemd wants to know when the reload began.
    if let Ok(began) = NotifyState::monotonic_usec_now() {
        notify(&[NotifyState::Reloading, began]);
    }
    if let Answer::Refused { message, hint } = engine.ask(Ask::Reload).await {
        warn!("{message} {hint}");
    }
    notify(&[NotifyState::Ready]);
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

fn notify(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        warn!("the service manager could not be told: {error}");
    }
}

/// What the system asks of the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// SIGINT, SIGTERM.
    End,
    /// SIGHUP: read the config again.
    Reload,
}

/// The signals of this process, from when it listens.
#[cfg(unix)]
#[derive(Debug)]
pub struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    hangup: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    /// Begins to listen.
    ///
    /// # Errors
    /// The system does not let it.
    pub fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    /// Waits for the next one.
    pub async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.interrupt.recv() => Signal::End,
            _ = self.terminate.recv() => Signal::End,
            _ = self.hangup.recv() => Signal::Reload,
        }
    }
}
