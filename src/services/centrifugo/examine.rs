//! What asking once shows.

use crate::core::centrifugo::CentrifugoSettings;
use crate::services::examine::{Examined, Finding};

/// Asks as the poller does.
pub async fn examine(_: &CentrifugoSettings, _: &Examined<'_>) -> Vec<Finding> {
    vec![Finding::skipped("request")]
}
