//! What a Centrifugo server is asked. Holds no secret.

use std::time::Duration;

use super::KindSettings;

/// How one Centrifugo is watched.
#[derive(Clone, Debug, PartialEq)]
pub struct CentrifugoSettings {
    /// From the end of one question for its figures to the next.
    pub interval: Duration,
    /// There is an API key, so that the cluster's figures can be asked for.
    pub api: bool,
    /// The path of the client websocket, below that of the URL; `None` where no client is to connect.
    pub websocket: Option<String>,
}

impl KindSettings for CentrifugoSettings {
    const LOGIN: &'static str = "API key or token";

    fn secret(&self) -> &'static str {
        "api-key"
    }
}

impl CentrifugoSettings {
    /// How often the figures are asked for.
    pub const INTERVAL: Duration = Duration::from_secs(60);
    /// Where the client websocket is, unless the server is set otherwise.
    pub const WEBSOCKET: &'static str = "/connection/websocket";
}
