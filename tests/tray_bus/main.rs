//! The tray over the bus, without pixels: what a panel would read, click and hear, against real Syncthings.

#![cfg(target_os = "linux")]
#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test ends at the first surprise, and says how long things took"
)]

mod actions;
mod calm;
mod hosts;
mod large;
#[path = "../support/mod.rs"]
mod support;
