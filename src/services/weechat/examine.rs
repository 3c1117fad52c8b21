//! What asking once shows.

use crate::core::weechat::WeechatSettings;
use crate::services::examine::{Examined, Finding};

/// Asks as the poller does.
pub async fn examine(_: &WeechatSettings, _: &Examined<'_>) -> Vec<Finding> {
    vec![Finding::skipped("request")]
}
