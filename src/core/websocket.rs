//! What a websocket endpoint is asked. Holds no secret.

use super::http::Credential;

/// How one endpoint is watched.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WebsocketSettings {
    pub credential: Credential,
}
