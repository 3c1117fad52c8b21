//! A real WeeChat 4.6 without a screen: what waits to be read, how it goes and comes back, and who may log in.

#![cfg(target_os = "linux")]
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test ends at the first surprise"
)]

#[path = "../support/mod.rs"]
mod support;

mod ends;
mod logins;
mod unread;
