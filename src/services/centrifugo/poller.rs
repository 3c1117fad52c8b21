//! Follows a Centrifugo.

use crate::core::{Class, Fault};
use crate::services::link::{Ask, Link};

/// Follows a Centrifugo until something fails.
pub async fn follow<A: Ask>(_: &Link<A>) -> Fault {
    Fault::with_detail(Class::BadReply, "kind 'centrifugo' is not there yet")
}
