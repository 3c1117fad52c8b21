//! An instance of the config -> where it is, how it is trusted, and with which key.
//!
//! Invariant: an address that was not discovered on this computer is never trusted by itself.

use std::path::PathBuf;
use std::sync::Arc;

use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use super::address::{Connect, GuiAddress, is_loopback};
use super::discovery::{Found, Search, Tried, search};
use super::environment::Environment;
use super::instance::{InstanceConfig, KeySource};
use super::problem::Warning;
use super::secrets::{self, Asking, Given, SecretReader};
use super::trust::{CERTIFICATE, ResolvedTrust, in_full};
use super::writable::writable;
use crate::core::{Class, Fault, Kind, Settings, Target};

/// What resolving came to.
#[derive(Debug)]
pub struct Resolution {
    pub outcome: Result<Resolved, Fault>,
    /// The files whose change can change the outcome; the certificate is not among them.
    pub watch: Vec<PathBuf>,
    /// The places that were looked at, in order.
    pub tried: Vec<Tried>,
    /// Its home looks as it does while it upgrades its database; `None` where there is no home to look at.
    pub migrates: Option<bool>,
}

/// Everything that is needed to connect.
#[derive(Clone, Debug)]
pub struct Resolved {
    /// As the core wants it; its revision is 0 and for the caller to count with [`Self::same_as`].
    pub target: Target,
    /// https, or ws for a websocket without TLS; with a unix socket, only its path and its host for headers and SNI
    /// count.
    pub base: Url,
    pub unix_socket: Option<PathBuf>,
    /// What is dialled in place of the host and port in `base`.
    pub connect: Option<Connect>,
    /// SNI and name checks in place of the URL's host.
    pub server_name: Option<String>,
    pub trust: ResolvedTrust,
    pub key: SecretString,
    /// Where the second secret is read whenever it is needed; `None` where there is none.
    pub second: Option<SecretReader>,
    /// Where it is asked for, in place of `second`.
    pub token_page: Option<TokenPage>,
    /// What the instance is set to do besides.
    pub settings: Arc<Settings>,
    pub warnings: Vec<Warning>,
}

/// A page that gives a token, on its own terms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenPage {
    pub url: Url,
    pub connect: Option<Connect>,
    pub trust: ResolvedTrust,
}

impl Resolved {
    /// Whether nothing that matters for a connection differs, the key included.
    pub fn same_as(&self, other: &Self) -> bool {
        self.target == other.target
            && self.base == other.base
            && self.unix_socket == other.unix_socket
            && self.connect == other.connect
            && self.server_name == other.server_name
            && self.trust == other.trust
            && self.settings == other.settings
            && self.second == other.second
            && self.token_page == other.token_page
            && self.key.expose_secret() == other.key.expose_secret()
    }
}

/// Finds an instance's address, trust and key. Reads files, and runs the key's command, for 10 s at most.
pub async fn resolve(instance: &InstanceConfig, environment: &Environment) -> Resolution {
    Look::of(instance, environment).finish().await
}

/// What the files say of where an instance is. A key that a command tells is still missing.
#[derive(Debug)]
pub struct Look {
    resolution: Resolution,
    asking: Option<Asking>,
}

impl Look {
    /// Reads the files. May wait for a disk.
    pub fn of(instance: &InstanceConfig, environment: &Environment) -> Self {
        let (mut resolution, surveyed) = survey(instance, environment);
        let mut asking = None;
        resolution.outcome = surveyed
            .and_then(|(place, trust)| connect(instance, place, trust, environment, &mut asking));
        Self { resolution, asking }
    }

    /// What it came to, when there is no command to be run.
    pub fn whole(self) -> Result<Resolution, Box<Self>> {
        match self.asking {
            None => Ok(self.resolution),
            Some(_) => Err(Box::new(self)),
        }
    }

    /// What it came to, with no key where a command would tell it: to look at the server, not to ask it.
    pub fn without_key(self) -> Resolution {
        self.resolution
    }

    /// Runs the key's command, where there is one, for 10 s at most. Waits for no disk.
    pub async fn finish(self) -> Resolution {
        let mut resolution = self.resolution;
        if let (Some(asking), Ok(resolved)) = (self.asking, &mut resolution.outcome) {
            match asking.answer().await {
                Ok(key) => resolved.key = key,
                Err(why) => resolution.outcome = Err(no_key(why)),
            }
        }
        resolution
    }
}

/// Looks for the instance's place, and how it is trusted there.
fn survey(
    instance: &InstanceConfig,
    environment: &Environment,
) -> (Resolution, Result<(Place, ResolvedTrust), Fault>) {
    let mut resolution = Resolution {
        outcome: Err(Fault::new(Class::NotFound)),
        watch: Vec::new(),
        tried: Vec::new(),
        migrates: None,
    };
    let search = needs_search(instance).then(|| search(instance.home.as_deref(), environment));
    let place = place(instance, search, &mut resolution);
    for source in [&instance.key, &instance.second] {
        if let KeySource::File(path) = source {
            resolution.watch.push(environment.expand(path));
        }
    }
    let found = place.as_ref().ok().and_then(|place| place.found.as_ref());
    resolution.migrates = found.map(Found::migrates);
    let surveyed = place.map(|place| {
        let trust = trust(instance, &place, environment);
        (place, trust)
    });
    (resolution, surveyed)
}

/// An address, and the local Syncthing behind it where there is one.
struct Place {
    base: Url,
    unix_socket: Option<PathBuf>,
    local: bool,
    found: Option<Found>,
    /// Why no local Syncthing stands for the missing key.
    why_not: Option<String>,
}

/// Without a URL, or when key or trust may come from a local Syncthing's files.
fn needs_search(instance: &InstanceConfig) -> bool {
    match &instance.url {
        _ if instance.kind() != Kind::Syncthing => false,
        None => true,
        Some(url) => {
            let open = instance.trust.is_none() || matches!(instance.key, KeySource::ConfigXml);
            open && (instance.home.is_some() || is_local(instance, url))
        }
    }
}

/// Whether what is dialled is this computer.
fn is_local(instance: &InstanceConfig, url: &Url) -> bool {
    match &instance.connect {
        Some(connect) => connect.is_loopback(),
        None => is_loopback(url),
    }
}

fn place(
    instance: &InstanceConfig,
    search: Option<Search>,
    resolution: &mut Resolution,
) -> Result<Place, Fault> {
    let outcome = search.map(|search| {
        resolution.watch = search.watch;
        resolution.tried = search.tried;
        search.outcome
    });
    match (&instance.url, outcome) {
        (None, Some(Ok(found))) => discovered(found),
        (None, Some(Err(why))) => {
            let is_there = resolution.tried.iter().any(|tried| tried.path.exists());
            let class = if is_there {
                Class::BadSource
            } else {
                Class::NotFound
            };
            Err(Fault::with_detail(class, why))
        }
        (None, None) => Err(Fault::new(Class::NotFound)),
        (Some(url), outcome) => {
            // A 'home' was named for this address; one that was only discovered must have its port.
            let named = instance.home.is_some();
            let (found, why_not) = match outcome {
                Some(Ok(found)) if named || has_port(&found.address, instance, url) => {
                    (Some(found), None)
                }
                Some(Ok(_)) => (
                    None,
                    Some("the local Syncthing listens on another port".to_owned()),
                ),
                Some(Err(why)) => (None, Some(why)),
                None => (None, None),
            };
            Ok(Place {
                base: url.clone(),
                unix_socket: None,
                local: is_local(instance, url),
                found,
                why_not,
            })
        }
    }
}

fn discovered(found: Found) -> Result<Place, Fault> {
    let (base, unix_socket) = match &found.address {
        GuiAddress::Tcp(url) => (url.clone(), None),
        GuiAddress::Unix(path) => {
            let base = Url::parse("https://localhost/");
            let base =
                base.map_err(|error| Fault::with_detail(Class::BadSource, error.to_string()))?;
            (base, Some(path.clone()))
        }
    };
    Ok(Place {
        base,
        unix_socket,
        local: true,
        found: Some(found),
        why_not: None,
    })
}

fn no_key(why: String) -> Fault {
    Fault::with_detail(Class::NoKey, why)
}

/// All of it, but for a key that is to be asked for: then that is in `asking`.
fn connect(
    instance: &InstanceConfig,
    place: Place,
    trust: ResolvedTrust,
    environment: &Environment,
    asking: &mut Option<Asking>,
) -> Result<Resolved, Fault> {
    let given = secrets::look(&instance.key, instance.secret(), environment).map_err(no_key)?;
    let (key, mut warnings) = match given {
        Given::Here(key, warnings) => (key, warnings),
        Given::Elsewhere => (key_of(&place).map_err(no_key)?, Vec::new()),
        Given::Asked(command) => {
            *asking = Some(command);
            Default::default()
        }
    };
    if let Some(path) = trust.path() {
        warnings.extend(writable(path, "it says which certificate is trusted"));
    }
    if let Some(found) = &place.found {
        let xml = found.directory.join("config.xml");
        warnings.extend(writable(&xml, "it says where the API key is sent"));
    }
    let shown = match &place.unix_socket {
        Some(path) => format!("unix:{}", path.display()),
        None => {
            // A query may hold what is nobody's business.
            let mut shown = place.base.clone();
            shown.set_query(None);
            match shown.path() {
                // The slash at the end of a path is part of it.
                path if path != "/" && instance.settings.names_whole_paths() => shown.into(),
                _ => shown.as_str().trim_end_matches('/').to_owned(),
            }
        }
    };
    let target = Target {
        url: shown,
        local: place.local,
        trust: trust.mode(),
        path: trust.path().map(|path| path.display().to_string()),
        command: trust.command(),
        pins: trust.pins(),
        plain: place.base.scheme() == "ws",
        revision: 0,
    };
    let mut base = place.base;
    if base.scheme() == "wss" {
        // The request that asks for a websocket is one of HTTP. Both schemes have port 443 where none is named. One
        // without TLS keeps its name, so that plain HTTP is never asked for by accident.
        let _ = base.set_scheme("https");
    }
    if instance.settings.names_whole_paths() {
        base.set_path("/");
        base.set_query(None);
    }
    Ok(Resolved {
        target,
        base,
        unix_socket: place.unix_socket,
        connect: instance.connect.clone(),
        server_name: instance.server_name.clone(),
        trust,
        key,
        second: SecretReader::new(instance, environment),
        token_page: instance.token_url.as_ref().map(|page| TokenPage {
            url: page.url.clone(),
            connect: page.connect.clone(),
            trust: in_full(&page.trust, environment),
        }),
        settings: Arc::clone(&instance.settings),
        warnings,
    })
}

fn key_of(place: &Place) -> Result<SecretString, String> {
    let Some(found) = &place.found else {
        let why = place
            .why_not
            .as_ref()
            .map(|why| format!(" ({why})"))
            .unwrap_or_default();
        return Err(format!(
            "none is configured, and no local Syncthing has one for this address{why}; set 'api-key-file'"
        ));
    };
    let xml = found.directory.join("config.xml");
    let key = found.key.clone();
    let key = key.ok_or_else(|| format!("{} has no <apikey>", xml.display()))?;
    match secrets::unfit(key.expose_secret()) {
        None => Ok(key),
        Some(wrong) => Err(format!("the <apikey> in {} {wrong}", xml.display())),
    }
}

fn trust(instance: &InstanceConfig, place: &Place, environment: &Environment) -> ResolvedTrust {
    if place.base.scheme() == "ws" {
        // There is no certificate to judge.
        return ResolvedTrust::Any;
    }
    match (&instance.trust, &place.found, &instance.home) {
        (Some(trust), _, _) => in_full(trust, environment),
        (None, Some(found), _) => ResolvedTrust::File(found.directory.join(CERTIFICATE)),
        (None, None, Some(home)) => ResolvedTrust::File(environment.expand(home).join(CERTIFICATE)),
        (None, None, None) => ResolvedTrust::Fingerprint(Vec::new()),
    }
}

fn has_port(address: &GuiAddress, instance: &InstanceConfig, url: &Url) -> bool {
    let dialled = instance.connect.as_ref().map(|connect| connect.port);
    match address {
        GuiAddress::Tcp(address) => {
            address.port_or_known_default() == dialled.or_else(|| url.port_or_known_default())
        }
        GuiAddress::Unix(_) => false,
    }
}
