//! Shows notices on the desktop, and hands back what was clicked.
//!
//! Invariant: without a session bus or a notification service nothing is shown and nothing fails.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(any(windows, target_os = "macos"))]
mod native;
#[cfg(target_os = "linux")]
mod server;
#[cfg(target_os = "linux")]
mod shelf;

#[cfg(target_os = "linux")]
pub use linux::run;
#[cfg(any(windows, target_os = "macos"))]
pub use native::run;

/// There is nothing to show them with.
#[cfg(not(any(target_os = "linux", windows, target_os = "macos")))]
pub async fn run(
    mut words: tokio::sync::mpsc::UnboundedReceiver<crate::view::notices::Word>,
    _commands: tokio::sync::mpsc::UnboundedSender<crate::view::command::Command>,
) {
    while words.recv().await.is_some() {}
}
