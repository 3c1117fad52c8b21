//! The program from outside: its commands, and that it leaves no core dump.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test ends at the first surprise, and says how long things took"
)]

mod children;
mod commands;
mod core_dump;
