//! Real Syncthings, of each version there is.

#![cfg(unix)]
#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test ends at the first surprise, and says how long things took"
)]

mod changes;
mod commands;
mod control;
mod elsewhere;
mod harness;
mod holds;
mod large;
mod questions;
mod rotation;
mod safe;
mod several;
mod shells;
mod socket;
mod start;
mod status;
mod story;
#[path = "../support/mod.rs"]
mod support;
mod sync;
mod terminal;
mod wait;
