//! The systemd unit that the local Syncthing runs as: which it is, whether it runs, and having it started or stopped.

use tokio::sync::watch;

use super::Trouble;
use crate::view::command::{Unit, UnitStatus, UnitVerb};

#[cfg(target_os = "linux")]
mod act;
#[cfg(target_os = "linux")]
mod linux;

#[cfg(target_os = "linux")]
pub use linux::Managers;

/// Tells which unit there is and whether it runs, now and at changes. Returns when nobody listens.
#[cfg(target_os = "linux")]
pub async fn follow(told: watch::Sender<Option<UnitStatus>>) {
    Managers::of_this_user().follow(told).await;
}

/// There is no systemd on this platform, so it stays `None`. Returns when nobody listens.
#[cfg(not(target_os = "linux"))]
pub async fn follow(told: watch::Sender<Option<UnitStatus>>) {
    told.closed().await;
}

/// Does it and waits until it is done. The desktop may ask the user for a password meanwhile.
#[cfg(target_os = "linux")]
pub async fn act(unit: &Unit, verb: UnitVerb) -> Result<(), Trouble> {
    Managers::of_this_user().act(unit, verb).await
}

/// There is no systemd on this platform: this always fails.
#[cfg(not(target_os = "linux"))]
pub async fn act(unit: &Unit, _verb: UnitVerb) -> Result<(), Trouble> {
    Err(Trouble::new(
        &format!("{} is nothing that this platform has.", unit.name),
        "Start and stop Syncthing the way it was set up here.",
    ))
}
