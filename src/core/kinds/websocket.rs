//! What a websocket endpoint is asked, and what its answers must be. Holds no secret.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::KindSettings;
use crate::core::credential::Credential;

/// How one endpoint is watched: a plain GET routinely, which costs it nothing, and a real upgrade seldom, which costs
/// a tunnel two lines in its log.
#[derive(Clone, Debug, PartialEq)]
pub struct WebsocketSettings {
    /// Begins with `/`; with the query.
    pub path: String,
    /// Asked for in an upgrade.
    pub subprotocol: Option<String>,
    /// From one plain GET to the next.
    pub interval: Duration,
    /// From one upgrade to the next, at least.
    pub upgrade_interval: Duration,
    /// What a plain GET is answered with while the endpoint is alive.
    pub statuses: Vec<RangeInclusive<u16>>,
    pub credential: Credential,
}

/// A websocket server has nothing else to say to a plain GET: 400 or 426 (RFC 6455, section 4.2.1), or 101 all the same.
const ALIVE: [RangeInclusive<u16>; 3] = [101..=101, 400..=400, 426..=426];

impl KindSettings for WebsocketSettings {
    const LOGIN: &'static str = "login";

    fn secret(&self) -> &'static str {
        self.credential.secret()
    }

    fn names_whole_paths(&self) -> bool {
        true
    }
}

impl WebsocketSettings {
    /// Whether an endpoint that answers a plain GET with `status` is alive.
    pub fn wants(&self, status: u16) -> bool {
        self.statuses.iter().any(|range| range.contains(&status))
    }

    /// Nobody said what a plain GET is answered with: then an upgrade that succeeds tells.
    pub fn learns(&self) -> bool {
        self.statuses == ALIVE
    }

    /// The path without the query, which may hold what is nobody's business.
    pub fn shown_path(&self) -> &str {
        self.path.split('?').next().unwrap_or_default()
    }
}

impl Default for WebsocketSettings {
    fn default() -> Self {
        Self {
            path: "/".into(),
            subprotocol: None,
            interval: Duration::from_secs(60),
            upgrade_interval: Duration::from_secs(15 * 60),
            statuses: ALIVE.into(),
            credential: Credential::Nothing,
        }
    }
}
