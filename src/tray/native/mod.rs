//! The tray on Windows and macOS: the system's own icon and menu, by tray-icon and muda.
//!
//! Invariant: only the thread that made them touches them.

mod alone;
#[cfg(any(windows, target_os = "macos"))]
mod entries;
#[cfg(target_os = "macos")]
mod macos;
#[cfg(any(windows, target_os = "macos"))]
mod panel;
mod tree;
#[cfg(windows)]
mod windows;

#[cfg(target_os = "macos")]
pub use macos::{run, serve};
#[cfg(windows)]
pub use windows::run;
