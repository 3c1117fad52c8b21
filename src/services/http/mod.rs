//! Any HTTPS server: one request, made again and again, and what its reply is held against.
//!
//! Invariant: a reply that broke off is no answer. An expectation that does not hold is a fact about the service, for a
//! person to look at, and no failure of the link.

mod evaluate;
mod examine;
mod poller;

pub use evaluate::{Answer, evaluate};
pub use examine::examine;
pub use poller::{follow, request, spread};
