//! syncwatch watches Syncthing over HTTPS with pinned certificates, and stays calm while those change.
//!
//! Read `ARCHITECTURE.md` first: the rooms, the flow, the invariants.

#![forbid(unsafe_code)]

pub mod cli;
pub mod config;
pub mod core;
#[path = "stub_engine.rs"]
pub mod engine;
pub mod standin;
pub mod view;
pub mod watch;
