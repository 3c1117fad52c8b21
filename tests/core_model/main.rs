//! The pure core against a simulated shell and world, in virtual time: stories that read as tables, and properties
//! over random histories. Nothing here waits, connects or reads a clock.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod asking;
mod fleet;
mod laws;
mod properties;
mod shell;
mod stories;
mod story;
mod world;
