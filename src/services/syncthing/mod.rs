//! Syncthing, from 1.19 on: a snapshot, then its events.
//!
//! Invariant: an idle instance costs one long poll every 55 seconds and nothing else; after the start nothing is
//! ever asked per folder or device unless an event says that it changed.

mod ask;
mod completion;
pub mod control;
mod cursor;
mod device;
mod disk;
mod doubt;
mod examine;
mod faults;
mod flapping;
mod folder;
mod lenient;
mod poller;
mod polls;
mod rates;
mod reducer;
mod shares;
mod show;
mod state;
mod version;
mod wire;

pub(super) use disk::DiskLog;
pub use examine::examine;
pub use poller::follow;
pub(super) use polls::Polls;
pub use reducer::MASK;

/// Every version answers it at once, without looking anything up (lib/api/api.go getSystemPing).
pub const PROBE: &str = "/rest/system/ping";
