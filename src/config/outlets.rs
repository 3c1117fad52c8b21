//! Where syncwatch tells others by itself how things are: the page for Prometheus, and hooks.

use std::collections::BTreeSet;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use url::Url;

use super::address::Connect;
use super::environment::Environment;
use super::instance::{KeySource, TrustConfig};
use super::program::Program;
use super::trust::{ResolvedTrust, in_full};
use super::{Config, SecretReader};
use crate::core::credential::Credential;
use crate::core::occasion::Occasion;

/// All of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outlets {
    pub metrics: Metrics,
    /// In the order of the file; names are unique.
    pub hooks: Vec<HookConfig>,
}

/// The page for Prometheus.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Metrics {
    /// Off when `None`.
    pub listen: Option<SocketAddr>,
    pub tls: Option<PageTls>,
    /// Whoever asks must know it.
    pub token: Option<KeySource>,
    /// The names that the page answers to, besides `localhost` and IP addresses; lower case, without port.
    pub hosts: Vec<String>,
    /// It may be open to a network without TLS and a token.
    pub unprotected: bool,
}

/// What the page shows of itself. Both files are PEM, and followed when they change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageTls {
    /// The page's own certificate, then those between it and its CA.
    pub certificate: PathBuf,
    pub key: PathBuf,
}

/// One `[[hook]]`.
#[derive(Clone, Debug, PartialEq)]
pub struct HookConfig {
    pub name: String,
    pub on: BTreeSet<Occasion>,
    /// Of these instances only; of all of them when empty.
    pub instances: BTreeSet<String>,
    pub delivery: Delivery,
    /// A run is ended when it takes longer.
    pub timeout: Duration,
    /// From the beginning of one run to the next at least.
    pub pause: Duration,
}

/// How a hook is told.
#[derive(Clone, Debug, PartialEq)]
pub enum Delivery {
    Run(Program),
    Post(Box<Post>),
}

/// A server that is told by a POST. It is trusted on its own account.
#[derive(Clone, PartialEq)]
pub struct Post {
    /// `https`. Its path may be a secret.
    pub url: Url,
    pub connect: Option<Connect>,
    pub server_name: Option<String>,
    pub trust: TrustConfig,
    /// How `key` travels.
    pub credential: Credential,
    pub key: KeySource,
}

impl Config {
    /// The part that the page and the hooks go by.
    pub fn outlets(&self) -> Outlets {
        Outlets {
            metrics: self.metrics.clone(),
            hooks: self.hooks.clone(),
        }
    }

    /// The environment variables that hold secrets.
    pub(super) fn secret_variables(&self) -> BTreeSet<String> {
        let variables = self.secrets().filter_map(KeySource::variable);
        variables.map(str::to_owned).collect()
    }

    /// Where every secret comes from.
    pub(super) fn secrets(&self) -> impl Iterator<Item = &KeySource> {
        let instances = self.instances.iter();
        let hooks = self.hooks.iter().filter_map(HookConfig::post);
        instances
            .flat_map(|instance| [&instance.key, &instance.second])
            .chain(&self.metrics.token)
            .chain(hooks.map(|post| &post.key))
    }
}

impl Metrics {
    /// What reads the token; `None` where there is none.
    pub fn token_reader(&self, environment: &Environment) -> Option<SecretReader> {
        let source = self.token.clone()?;
        Some(SecretReader::of(source, "token", environment))
    }
}

impl HookConfig {
    /// The server that is told, where one is.
    pub fn post(&self) -> Option<&Post> {
        match &self.delivery {
            Delivery::Run(_) => None,
            Delivery::Post(post) => Some(post),
        }
    }
}

impl Post {
    /// What reads the secret; `None` where there is none.
    pub fn key_reader(&self, environment: &Environment) -> Option<SecretReader> {
        let called = match &self.credential {
            Credential::Nothing => return None,
            Credential::Bearer => "token",
            Credential::Basic { .. } => "password",
            Credential::Header { .. } | Credential::ApiKey => "value",
        };
        Some(SecretReader::of(self.key.clone(), called, environment))
    }

    /// How the server's certificate is judged, with paths in full.
    pub fn trust(&self, environment: &Environment) -> ResolvedTrust {
        in_full(&self.trust, environment)
    }

    /// The server, without what of the URL may be a secret.
    pub fn origin(&self) -> String {
        self.url.origin().ascii_serialization()
    }
}

impl fmt::Debug for Post {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Post")
            .field("origin", &self.origin())
            .field("trust", &self.trust)
            .finish_non_exhaustive()
    }
}
