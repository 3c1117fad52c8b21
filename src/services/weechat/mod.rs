//! WeeChat's relay, protocol `api`: a handshake, then one websocket over which everything goes.
//!
//! Invariant: a login that was refused is not tried again by itself, for each prints a line where the user reads.

mod entry;
mod examine;
mod login;
mod poller;
mod state;
mod wire;

pub use examine::examine;
pub use poller::follow;
