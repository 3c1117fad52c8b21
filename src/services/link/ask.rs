//! Who is asked: a client over TLS, or, in tests, a server in memory.

use std::future::Future;

use crate::core::Fault;
use crate::tls::{Client, Reply, Request, Upgraded};

/// What can be asked. Real clients ask over TLS; tests answer from memory.
pub trait Ask: Send + Sync + 'static {
    /// The generation of pins that it accepts.
    fn generation(&self) -> u64;

    /// Sends a request and reads the whole reply, whatever its status.
    fn send(&self, request: Request<'_>) -> impl Future<Output = Result<Reply, Fault>> + Send;

    /// Asks for a websocket.
    fn upgrade(
        &self,
        request: &Request<'_>,
        subprotocol: Option<&str>,
    ) -> impl Future<Output = Result<Upgraded, Fault>> + Send;
}

impl Ask for Client {
    fn generation(&self) -> u64 {
        Client::generation(self)
    }

    fn send(&self, request: Request<'_>) -> impl Future<Output = Result<Reply, Fault>> + Send {
        Client::send(self, request)
    }

    fn upgrade(
        &self,
        request: &Request<'_>,
        subprotocol: Option<&str>,
    ) -> impl Future<Output = Result<Upgraded, Fault>> + Send {
        Client::upgrade(self, request, subprotocol)
    }
}
