//! Any websocket endpoint.

mod examine;
mod poller;

pub use examine::examine;
pub use poller::follow;
