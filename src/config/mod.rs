//! What the user wants watched, where a local Syncthing keeps its things, and the keys to both.
//!
//! Invariant: secrets leave this room only as `SecretString`; nothing outside [`Environment`] reads the
//! process's environment.

mod address;
mod config_xml;
mod describe;
mod describe_outlets;
mod discovery;
mod encoding;
mod environment;
mod expectation;
mod instance;
pub mod keys;
mod kinds;
mod load;
mod outlets;
mod parse;
mod parse_credential;
mod parse_hook;
mod parse_instance;
mod parse_metrics;
mod parse_pause;
mod parse_secret;
mod problem;
mod program;
mod resolve;
mod secrets;
mod section;
mod service_manager;
#[cfg(test)]
mod tests;
mod trust;
mod writable;

pub use address::Connect;
pub use discovery::Tried;
pub use environment::{Environment, Platform};
pub use instance::{InstanceConfig, KeySource, TokenUrl, TrustConfig};
pub use load::{Loaded, load};
pub use outlets::{Delivery, HookConfig, Metrics, Outlets, PageTls, Post};
pub use parse::parse;
pub use problem::{ConfigError, Problem, Warning};
pub use program::Program;
pub use resolve::{Look, Resolution, Resolved, TokenPage, resolve};
pub use secrets::SecretReader;
pub use trust::ResolvedTrust;

use crate::core::Patience;
use crate::core::holds::Scope;
use crate::core::preferences::{Notifications, Preferences, Tray};

/// The commented example, which `config init` writes.
pub const EXAMPLE: &str = include_str!("../../config/syncwatch.toml");

/// A whole, valid configuration.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Config {
    /// In the order of the file; names are unique.
    pub instances: Vec<InstanceConfig>,
    pub patience: Patience,
    /// What is paused to pause everything.
    pub pause: Scope,
    pub notifications: Notifications,
    pub tray: Tray,
    pub metrics: Metrics,
    pub hooks: Vec<HookConfig>,
}

impl Config {
    /// The part that views go by.
    pub fn preferences(&self) -> Preferences {
        Preferences {
            notifications: self.notifications.clone(),
            tray: self.tray.clone(),
        }
    }

    /// What is watched when there is no config file: the Syncthing of this user on this computer.
    pub fn local() -> Self {
        Self {
            instances: vec![InstanceConfig::local()],
            ..Self::default()
        }
    }
}
