//! What the desktop session and the computer offer: notices, colour scheme, power and network cost, units, autostart,
//! opening things.
//!
//! Invariant: this room never decides what is said or paused, and never panics or fails the program when a service
//! is missing: what is not there is not used.

pub mod autostart;
#[cfg(target_os = "linux")]
pub mod bus;
pub mod conditions;
pub mod notify;
pub mod open;
pub mod theme;
mod trouble;
pub mod units;

pub use trouble::Trouble;
