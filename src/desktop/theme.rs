//! Whether the desktop is dark, so that the icon can be seen on its panel.
//!
//! Invariant: where nobody says, the last word stands; at first that is [`DARK`].

use tokio::sync::watch;

#[cfg(target_os = "linux")]
mod linux;

#[cfg(target_os = "linux")]
pub use linux::follow_on;

/// Without a word of the desktop a panel is taken as dark: most are, and GNOME's is while it says "no preference".
pub const DARK: bool = true;

/// Tells whether the desktop prefers dark, now and whenever that changes. Returns when nobody listens.
#[cfg(target_os = "linux")]
pub async fn follow(dark: watch::Sender<bool>) {
    follow_on(&super::bus::Bus::Session, dark).await;
}

/// Nobody is asked on this platform. Returns when nobody listens.
#[cfg(not(target_os = "linux"))]
pub async fn follow(dark: watch::Sender<bool>) {
    dark.closed().await;
}
