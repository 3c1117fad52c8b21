//! One monitored server, as the config names it.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::address::Connect;
use super::environment::Environment;
use super::program::Program;
use crate::core::holds::{Chosen, Scope};
use crate::core::{Address, Fingerprint, HoldRules, Kind, Settings};

/// One `[[instance]]`. Paths may begin with `~/`, which [`super::resolve()`] expands.
#[derive(Clone, Debug, PartialEq)]
pub struct InstanceConfig {
    pub name: String,
    /// `https`, without user name and password; `None` finds the local Syncthing.
    pub url: Option<Url>,
    /// Syncthing's config directory.
    pub home: Option<PathBuf>,
    pub key: KeySource,
    /// A second secret, which is read whenever it is needed: the token of a Centrifugo, the TOTP secret of a WeeChat.
    pub second: KeySource,
    /// The page that gives the token, in place of `second`.
    pub token_url: Option<TokenUrl>,
    /// What it is set to do besides.
    pub settings: Arc<Settings>,
    /// `None` takes what fits the address: the local Syncthing's own certificate file, or no certificate
    /// at all until the user accepts one.
    pub trust: Option<TrustConfig>,
    /// SNI and name checks; the URL's host when `None`.
    pub server_name: Option<String>,
    /// What is dialled under the URL's name.
    pub connect: Option<Connect>,
    /// What is paused while the network is metered.
    pub pause_on_metered: Chosen,
    /// What is paused while the computer runs on battery.
    pub pause_on_battery: Chosen,
    /// The folders that may be stopped and the devices that may be away, and nothing is wrong.
    pub may_be_away: Chosen,
}

/// A page that answers a GET with a token. It is trusted on its own account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenUrl {
    pub url: Url,
    /// What is dialled under its name.
    pub connect: Option<Connect>,
    pub trust: TrustConfig,
}

/// How the certificate is judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TrustConfig {
    /// A certificate file, or a directory that holds `https-cert.pem`.
    File(PathBuf),
    /// Empty: nothing is trusted until the user accepts a certificate.
    Fingerprint(Vec<Fingerprint>),
    /// What it prints is pinned.
    Command(Program),
    Ca(PathBuf),
    System,
    Any,
}

/// Where the API key comes from. Two literal keys are equal when the keys are.
#[derive(Clone, Default)]
pub enum KeySource {
    /// From Syncthing's own config.xml.
    #[default]
    ConfigXml,
    /// None is sent.
    Nothing,
    Literal(SecretString),
    File(PathBuf),
    /// The name of an environment variable.
    Env(String),
    /// Run by the shell (`sh -c`, on Windows `cmd /C`).
    Shell(String),
    /// Run as it is, without a shell.
    Command(Vec<String>),
}

impl InstanceConfig {
    /// The Syncthing of this user on this computer, discovered.
    pub fn local() -> Self {
        Self {
            name: "syncthing".to_owned(),
            url: None,
            home: None,
            key: KeySource::ConfigXml,
            second: KeySource::Nothing,
            token_url: None,
            settings: Arc::default(),
            trust: None,
            server_name: None,
            connect: None,
            pause_on_metered: Chosen::Nothing,
            pause_on_battery: Chosen::Nothing,
            may_be_away: Chosen::Nothing,
        }
    }

    /// What it is.
    pub fn kind(&self) -> Kind {
        self.settings.kind()
    }

    /// Where its server is, as far as the config says; by this it is known again under another name.
    pub fn address(&self, environment: &Environment) -> Address {
        let home = self.home.as_ref().map(|home| {
            // Without what says nothing, such as a slash at its end.
            let home: PathBuf = environment.expand(home).components().collect();
            format!("home {}", home.display())
        });
        let url = self.url.as_ref();
        let origin = url.map(|url| {
            let mut origin = url.clone();
            origin.set_path("");
            origin.set_query(None);
            origin.set_fragment(None);
            origin.as_str().trim_end_matches('/').to_owned()
        });
        let connect = self.connect.as_ref().map(|it| format!("over {it}"));
        let named = self.server_name.as_ref().map(|name| format!("as {name}"));
        let parts = [origin, connect, named, home];
        Address {
            kind: self.kind(),
            at: parts.into_iter().flatten().collect::<Vec<_>>().join(" "),
            path: url
                .map_or("", |url| url.path().trim_end_matches('/'))
                .to_owned(),
        }
    }

    /// The config's word for its secret.
    pub(super) fn secret(&self) -> &'static str {
        self.settings.secret()
    }

    /// What is paused of it for which cause, where `all` is what "everything" means.
    pub fn hold_rules(&self, all: Scope) -> HoldRules {
        HoldRules {
            all,
            metered: self.pause_on_metered.clone(),
            battery: self.pause_on_battery.clone(),
        }
    }
}

impl KeySource {
    /// The environment variable that holds it.
    pub(super) fn variable(&self) -> Option<&str> {
        match self {
            Self::Env(name) => Some(name),
            _ => None,
        }
    }
}

impl PartialEq for KeySource {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::ConfigXml, Self::ConfigXml) | (Self::Nothing, Self::Nothing) => true,
            (Self::Literal(one), Self::Literal(other)) => {
                one.expose_secret() == other.expose_secret()
            }
            (Self::File(one), Self::File(other)) => one == other,
            (Self::Env(one), Self::Env(other)) | (Self::Shell(one), Self::Shell(other)) => {
                one == other
            }
            (Self::Command(one), Self::Command(other)) => one == other,
            _ => false,
        }
    }
}

impl fmt::Debug for KeySource {
    /// Commands may hold secrets too.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => formatter.write_str("Nothing"),
            Self::ConfigXml => formatter.write_str("ConfigXml"),
            Self::Literal(_) => formatter.write_str("Literal(..)"),
            Self::File(path) => formatter.debug_tuple("File").field(path).finish(),
            Self::Env(name) => formatter.debug_tuple("Env").field(name).finish(),
            Self::Shell(_) => formatter.write_str("Shell(..)"),
            Self::Command(_) => formatter.write_str("Command(..)"),
        }
    }
}
