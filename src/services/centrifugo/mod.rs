//! Centrifugo: its health page, the figures of its cluster, and a client of ours that stays connected as any other.
//!
//! Invariant: the API key goes to the API and the token into the websocket, both over a verified connection, and
//! neither is ever said. No connection is begun that is not finished properly: the server logs each that is not.

mod api;
mod ask;
mod client;
mod examine;
mod poller;
mod state;
mod token;

pub use examine::examine;
pub use poller::follow;
pub use token::TokenPage;
