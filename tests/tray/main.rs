//! The tray: over the bus as a panel would read it, and with pixels on a real panel; against real Syncthings.

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

mod bus;
mod panel;
#[path = "../support/mod.rs"]
mod support;
