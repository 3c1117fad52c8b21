//! Follows a WeeChat over one connection.

use crate::core::{Class, Fault};
use crate::services::link::{Ask, Link};

/// Follows a WeeChat until something fails.
pub async fn follow<A: Ask>(_: &Link<A>) -> Fault {
    Fault::with_detail(Class::BadReply, "kind 'weechat' is not there yet")
}
