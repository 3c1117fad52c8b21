//! What is known of a server, as it is shown. Pure.

use super::api::{Cluster, Health};
use super::token::moment;
use crate::core::Timestamp;
use crate::core::service::{Fact, Service};

/// Gathered from both ways of watching.
#[derive(Debug, Default)]
pub(super) struct State {
    pub health: Option<Health>,
    pub cluster: Option<Cluster>,
    pub client: Option<Client>,
}

/// The connection of our own client.
#[derive(Debug, Default)]
pub(super) struct Client {
    /// As the server says it; often it does not.
    pub version: String,
    /// When its token ends.
    pub end: Option<Timestamp>,
    /// That time is over, and its source gives no other.
    pub overdue: bool,
}

impl State {
    /// The service as every view shows it.
    pub fn service(&self) -> Service {
        let mut facts = Vec::new();
        if self.health == Some(Health::Well) {
            facts.push(fact("health", "well", false));
        }
        if let Some(cluster) = &self.cluster {
            facts.extend(cluster.facts());
        }
        if let Some(client) = &self.client {
            facts.push(fact("websocket", "connected", false));
            facts.extend(client.token());
        }
        let own = self.client.as_ref().map(|client| client.version.as_str());
        let version = self.cluster.as_ref().map(Cluster::version).or(own);
        Service {
            version: version.unwrap_or_default().to_owned(),
            synced: !facts.iter().any(|fact| fact.attention),
            facts,
            ..Service::default()
        }
    }
}

impl Client {
    fn token(&self) -> Option<Fact> {
        let end = moment(self.end?);
        Some(match self.overdue {
            true => fact(
                "token",
                format!("was valid until {end}; its source gives no newer one"),
                true,
            ),
            false => fact("token", format!("valid until {end}"), false),
        })
    }
}

fn fact(name: &str, value: impl Into<String>, attention: bool) -> Fact {
    Fact {
        name: name.to_owned(),
        value: value.into(),
        number: None,
        attention,
    }
}
