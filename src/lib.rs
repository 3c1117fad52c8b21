//! syncwatch watches Syncthing over HTTPS with pinned certificates, and stays calm while those change.
//!
//! Read `ARCHITECTURE.md` first: the rooms, the flow, the invariants.

#![forbid(unsafe_code)]

pub mod core;
pub mod services;
pub mod tls;
