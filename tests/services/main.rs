//! The other kinds of service: Centrifugo, HTTP servers, WeeChat, websockets; real ones where they can be had.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test ends at the first surprise, and says how long things took"
)]

mod centrifugo;
mod check;
mod hostile;
mod http_mongoose;
mod http_rude;
#[cfg(unix)]
mod matrix;
#[path = "../support/mod.rs"]
mod support;
mod websocket_proxies;
mod websocket_rude;
mod weechat;
