//! TLS to one peer: pins, one immutable verifier and client per generation of pins, and what each failure means.
//!
//! Invariant: this module never lets a byte of a request onto a connection whose certificate and handshake signature
//! were not verified on that very connection, and never puts a key, a URL or a reply's values into a fault.

mod alert;
mod body;
mod budget;
mod carry;
mod certificate;
mod classify;
mod client;
mod endpoint;
mod file;
mod heard;
mod judge;
mod look;
mod meter;
mod pair;
pub mod pin;
mod reply;
mod request;
mod shared;
mod transport;
pub mod verifier;
mod websocket;

use std::sync::Arc;

use rustls::crypto::CryptoProvider;

pub use body::without_secrets;
pub use certificate::printable;
pub use client::{Client, ClientSpec};
pub use endpoint::Dial;
pub use file::read_small_file;
pub use judge::judge;
pub use look::{Look, Looked};
pub use meter::Meter;
pub use pair::pair_trouble;
pub use pin::{certificate_in, fingerprint, parse_pin, pin_of, pins_in, read_pin_file};
pub use reply::Reply;
pub use request::{Request, Terms};
pub use shared::Shared;
pub use verifier::{Refusal, Trust, Witness};
pub use websocket::{Incoming, Upgraded, WebSocket};

/// The cryptography in use: ring. A value that is passed on, never installed for the whole process.
pub fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}
