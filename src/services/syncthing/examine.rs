//! What asking a Syncthing once shows.

use reqwest::Method;
use serde::Deserialize;

use crate::core::kinds::syncthing::SyncthingSettings;
use crate::services::examine::{Examined, Finding, PATIENCE};
use crate::tls::{Reply, Request, Terms};

const SMALL_REPLY: usize = 64 * 1024;

#[derive(Deserialize)]
struct Version {
    version: String,
}

/// Asks for the version, without the key and with it.
pub async fn examine(_settings: &SyncthingSettings, examined: &Examined<'_>) -> Vec<Finding> {
    let client = examined.client;
    let request = |key| Request {
        method: Method::GET,
        path: "/rest/system/version",
        key,
        body: None,
        timeout: PATIENCE,
        limit: SMALL_REPLY,
        terms: Terms::default(),
    };
    // Without the key first: whatever is wrong with the way there is told apart from what is wrong with the key.
    let reached = match client.send(request(None)).await {
        Ok(reply) => Finding::ok(
            "request",
            format!(
                "answered over a verified connection ({} without a key)",
                reply.status
            ),
        ),
        Err(fault) => return vec![Finding::failed("request", fault), Finding::skipped("key")],
    };
    let answered = client.send(request(Some(examined.key))).await;
    let version = answered
        .and_then(Reply::success)
        .and_then(|reply| reply.json::<Version>());
    let key = match version {
        Ok(version) => Finding::ok("key", format!("accepted; Syncthing {}", version.version)),
        Err(fault) => Finding::failed("key", fault),
    };
    vec![reached, key]
}
