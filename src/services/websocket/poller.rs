//! Follows a websocket endpoint.

use crate::core::{Class, Fault};
use crate::services::link::{Ask, Link};

/// Follows an endpoint until something fails.
pub async fn follow<A: Ask>(_: &Link<A>) -> Fault {
    Fault::with_detail(Class::BadReply, "kind 'websocket' is not there yet")
}
