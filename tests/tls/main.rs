//! Clients against real TLS listeners: names, pins, faults, replies.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test ends at the first surprise, and says how long things took"
)]

mod connect;
mod faults;
mod handshake;
mod impostor;
mod replies;
#[path = "../support/mod.rs"]
mod support;
