//! The engine beside stand-ins and rude servers: its config, life, socket, faults and impostors.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test ends at the first surprise, and says how long things took"
)]

mod config;
mod control;
mod disk;
mod edges;
mod elsewhere;
mod faults;
mod fleet;
mod handshake;
mod hooks;
mod impostor;
mod life;
mod page;
mod prometheus;
mod service;
mod socket;
#[path = "../support/mod.rs"]
mod support;
