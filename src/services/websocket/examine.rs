//! What asking once shows.

use crate::core::websocket::WebsocketSettings;
use crate::services::examine::{Examined, Finding};

/// Asks as the poller does.
pub async fn examine(_: &WebsocketSettings, _: &Examined<'_>) -> Vec<Finding> {
    vec![Finding::skipped("request")]
}
