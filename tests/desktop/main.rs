//! What the desktop offers: notices, themes, units, autostart, opening, power and network.

#![cfg(target_os = "linux")]
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test ends at the first surprise, and says how long things took"
)]

mod files;
mod notices;
mod offers;
mod service;
#[path = "../support/mod.rs"]
mod support;
mod systemd;
mod theme;
