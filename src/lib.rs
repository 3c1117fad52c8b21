//! syncwatch watches Syncthing over HTTPS with pinned certificates, and stays calm while those change.
//!
//! Read `ARCHITECTURE.md` first: the rooms, the flow, the invariants.

#![forbid(unsafe_code)]

pub mod children;
pub mod cli;
pub mod config;
pub mod core;
pub mod desktop;
pub mod engine;
pub mod outlets;
pub mod services;
pub mod standin;
pub mod terminal;
pub mod tls;
pub mod tray;
pub mod view;
pub mod watch;
