//! What the computer runs on and over: a metered network, a battery.
//!
//! Invariant: a service that goes away leaves what it said last; where nobody knows, nothing is told.

use tokio::sync::mpsc;

#[cfg(target_os = "linux")]
mod linux;

#[cfg(target_os = "linux")]
pub use linux::follow_on;

/// What things cost at the moment. What is not known counts as `false`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Conditions {
    /// Somebody pays for what goes over the network.
    pub metered: bool,
    /// No mains.
    pub on_battery: bool,
}

/// Tells the conditions once they are known, and whenever they change. Returns when nobody listens.
#[cfg(target_os = "linux")]
pub async fn follow(told: mpsc::UnboundedSender<Conditions>) {
    follow_on(&super::bus::Bus::System, told).await;
}

/// Nobody is asked on this platform, so nothing is ever told. Returns when nobody listens.
#[cfg(not(target_os = "linux"))]
pub async fn follow(told: mpsc::UnboundedSender<Conditions>) {
    told.closed().await;
}
