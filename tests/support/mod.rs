//! What the integration tests share. Each test file says `mod support;` and uses a part of it.

#![allow(dead_code, unused_imports, reason = "no test file uses everything")]
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test ends at the first surprise"
)]

#[cfg(target_os = "linux")]
pub mod bus;
pub mod centrifugo;
#[cfg(target_os = "linux")]
pub mod clicks;
#[cfg(target_os = "linux")]
pub mod dbusmenu;
#[cfg(target_os = "linux")]
pub mod desktop;
#[cfg(target_os = "linux")]
pub mod easytier;
pub mod monitor;
#[cfg(target_os = "linux")]
pub mod notifications;
#[cfg(target_os = "linux")]
pub mod notifyd;
#[cfg(unix)]
pub mod outlets;
#[cfg(unix)]
pub mod page;
#[cfg(target_os = "linux")]
pub mod panel;
#[cfg(target_os = "linux")]
pub mod pictures;
#[cfg(target_os = "linux")]
pub mod proxy;
pub mod raw_peer;
pub mod source;
#[cfg(unix)]
pub mod syncthing;
#[cfg(target_os = "linux")]
pub mod systemd;
pub mod tls_client;
pub mod tls_server;
#[cfg(unix)]
pub mod tmux;
#[cfg(target_os = "linux")]
pub mod tray;
#[cfg(unix)]
pub mod watched;
pub mod websocket_server;
#[cfg(target_os = "linux")]
pub mod weechat;
