//! What is done with a real systemd: a user's manager, in a mount namespace of its own, because systemd serves users only
//! where it seems to have booted the computer. Where that may not be done, nothing is tested.

#![cfg(target_os = "linux")]
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test ends at the first surprise"
)]

#[path = "../support/mod.rs"]
mod support;

mod manager;
mod service;
mod units;
