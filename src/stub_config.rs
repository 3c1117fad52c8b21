//! STUB of `config/mod.rs`, to compile against. Delete this file and the `#[path]` in lib.rs.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};

use secrecy::SecretString;
use url::Url;

use crate::core::{Fault, Fingerprint, Kind, Patience, Target};

pub const EXAMPLE: &str = "[[instance]]\nname = \"laptop\"\n";

#[derive(Clone, Debug)]
pub struct Config {
    pub instances: Vec<InstanceConfig>,
    pub patience: Patience,
}

#[derive(Clone, Debug)]
pub struct InstanceConfig {
    pub name: String,
    pub kind: Kind,
    pub url: Option<Url>,
    pub home: Option<PathBuf>,
    pub key: KeySource,
    pub trust: Option<TrustConfig>,
    pub server_name: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TrustConfig {
    File(PathBuf),
    Fingerprint(Vec<Fingerprint>),
    Ca(PathBuf),
    System,
    Any,
}

#[derive(Clone, Debug, Default)]
pub enum KeySource {
    #[default]
    ConfigXml,
    Literal(SecretString),
    File(PathBuf),
    Env(String),
    Shell(String),
    Command(Vec<String>),
}

#[derive(Clone)]
pub struct Environment {
    variables: BTreeMap<OsString, OsString>,
    home: PathBuf,
}

impl fmt::Debug for Environment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Environment")
    }
}

impl Environment {
    pub fn from_process() -> Self {
        let variables: BTreeMap<OsString, OsString> = std::env::vars_os().collect();
        let home = variables.get(OsStr::new("HOME")).map(PathBuf::from).unwrap_or_default();
        Self { variables, home }
    }
    pub fn config_file(&self, given: Option<&Path>) -> PathBuf {
        given.map(Path::to_path_buf).or_else(|| self.path("SYNCWATCH_CONFIG")).unwrap_or_else(|| self.home.join(".config/syncwatch/config.toml"))
    }
    pub fn socket(&self) -> PathBuf {
        self.path("SYNCWATCH_SOCKET").unwrap_or_else(|| self.home.join(".local/state/syncwatch/engine.sock"))
    }
    pub fn state_file(&self) -> PathBuf {
        self.home.join(".local/state/syncwatch/state.json")
    }
    pub fn journal_file(&self) -> PathBuf {
        self.home.join(".local/state/syncwatch/journal.jsonl")
    }
    fn path(&self, name: &str) -> Option<PathBuf> {
        self.variables.get(OsStr::new(name)).map(PathBuf::from)
    }
}

#[derive(Debug)]
pub struct Loaded {
    pub config: Config,
    pub warnings: Vec<Warning>,
    pub file: PathBuf,
    pub is_default: bool,
}

#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("{}: cannot be read: {source}", file.display())]
    Unreadable { file: PathBuf, source: std::io::Error },
    #[error("{}:{}", file.display(), problems.first().map(ToString::to_string).unwrap_or_default())]
    Invalid { file: PathBuf, problems: Vec<String> },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning(pub String);

impl fmt::Display for Warning {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

pub fn load(path: Option<&Path>, environment: &Environment) -> Result<Loaded, ConfigError> {
    let file = environment.config_file(path);
    let mut instances = Vec::new();
    let is_default = !file.exists();
    if is_default && (path.is_some() || environment.path("SYNCWATCH_CONFIG").is_some()) {
        return Err(ConfigError::Unreadable { file, source: std::io::ErrorKind::NotFound.into() });
    }
    let text = if is_default { String::from("name=syncthing") } else {
        std::fs::read_to_string(&file).map_err(|source| ConfigError::Unreadable { file: file.clone(), source })?
    };
    for (index, line) in text.lines().enumerate() {
        if line.contains("no-such-key") {
            return Err(ConfigError::Invalid { file, problems: vec![format!("{}:1: unknown key", index + 1)] });
        }
        if let Some(name) = line.strip_prefix("name") {
            let name = name.trim_matches([' ', '=', '"']).to_owned();
            instances.push(InstanceConfig { name, kind: Kind::Syncthing, url: None, home: None, key: KeySource::ConfigXml, trust: None, server_name: None });
        }
    }
    Ok(Loaded { config: Config { instances, patience: Patience::default() }, warnings: Vec::new(), file, is_default })
}

#[derive(Debug)]
pub struct Resolution {
    pub outcome: Result<Resolved, Fault>,
}

#[derive(Debug)]
pub struct Resolved {
    pub target: Target,
    pub base: Url,
    pub unix_socket: Option<PathBuf>,
}

pub async fn resolve(_: &InstanceConfig, _: &Environment) -> Resolution {
    Resolution { outcome: Err(Fault::new(crate::core::Class::NotFound)) }
}
