//! How a stand-in is set up: every wait and every limit of it is here and nowhere else.

use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;

use super::certificate::{VALID_DAYS, Writing};
use super::folders::World;

/// How a stand-in is set up. The defaults are what a Syncthing 1.29 does, with the waits of its restarts.
#[derive(Clone, Debug)]
pub struct Options {
    /// Its configuration directory; `None` is a temporary one.
    pub home: Option<PathBuf>,
    /// The loopback port; `None` is a free one. It stays the same over all restarts.
    pub port: Option<u16>,
    /// The API key; `None` is a random one.
    pub api_key: Option<SecretString>,
    /// CN and SAN of its certificates.
    pub host_name: String,
    /// The version that it claims.
    pub version: String,
    /// What its API shows.
    pub world: World,
    /// For how many days a new certificate is valid; with 30 or less every opening of the listener renews it.
    pub certificate_days: u32,
    /// How a new pair reaches the disk.
    pub writing: Writing,
    /// From the end of listening until open requests are cut (lib/api/api.go shutdownTimeout).
    pub grace: Duration,
    /// For how long an in-process restart refuses connections at least, before the new certificate is written.
    pub gap: Duration,
    /// For how long a restart asked for over the API takes.
    pub restart_downtime: Duration,
    /// When an idle connection is closed (ReadTimeout).
    pub idle: Duration,
    /// For how long the first byte of a connection is awaited while no other is accepted.
    pub sniff: Duration,
    /// Connections at one time; further ones wait.
    pub connections: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            home: None,
            port: None,
            api_key: None,
            host_name: "standin".to_owned(),
            version: "v1.29.5".to_owned(),
            world: World::demo(1),
            certificate_days: VALID_DAYS,
            writing: Writing::InPlace {
                pause: Duration::ZERO,
            },
            grace: Duration::from_millis(100),
            gap: Duration::from_millis(5),
            restart_downtime: Duration::from_secs(2),
            idle: Duration::from_secs(15),
            sniff: Duration::from_secs(1),
            connections: 256,
        }
    }
}
