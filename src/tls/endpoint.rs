//! Where to connect and under which name. Nothing here resolves or connects by itself.
//!
//! Invariant: only https passes, and `ws`, whose endpoint says of itself that it is plain.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use reqwest::Url;
use reqwest::header::HeaderValue;
use rustls::pki_types::ServerName;
use url::Host;

use crate::core::{Class, Fault};

/// Stands for an IP address that is connected to under another address: no resolver is asked for an IP literal.
/// It never leaves this computer: such a handshake has no SNI, and the Host header is written out.
const STAND_IN: &str = "connect.invalid";

/// An address, taken apart and checked.
#[derive(Clone, Debug)]
pub(super) struct Endpoint {
    /// What requests are sent to: its port is the one that is dialled.
    pub(super) url: Url,
    /// For SNI (which an IP address has none of) and for name checks.
    pub(super) server_name: ServerName<'static>,
    /// The Host header, where it is not what `url` says.
    pub(super) host: Option<HeaderValue>,
    pub(super) dial: Dial,
    /// Without TLS: whoever is on the way reads and changes what passes.
    pub(super) plain: bool,
}

/// What is connected to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dial {
    /// A name, or an IP address without brackets; that may have a zone (`fe80::1%eth0`).
    Tcp {
        host: String,
        port: u16,
    },
    Unix(PathBuf),
}

impl Endpoint {
    /// Checks the parts of an address. `dial` is connected to in place of the host and port in `base`.
    ///
    /// # Errors
    /// `TlsExpected` for anything but https and ws; `Dns` for a host that cannot be a name.
    pub(super) fn new(
        base: &Url,
        server_name: Option<&str>,
        dial: Option<&Dial>,
    ) -> Result<Self, Fault> {
        let mut url = base.clone();
        let plain = base.scheme() == "ws";
        if plain {
            // The request that asks for a websocket is one of HTTP. Both schemes have port 80 where none is named.
            let _ = url.set_scheme("http");
        } else if base.scheme() != "https" {
            let detail = format!("'{}' is never used, only 'https'", base.scheme());
            return Err(Fault::with_detail(Class::TlsExpected, detail));
        }
        let dial = match dial {
            Some(dial) => dial.clone(),
            None => Dial::Tcp {
                host: dialled_host(base)?,
                port: base.port_or_known_default().unwrap_or(443),
            },
        };
        // reqwest would send them as a second kind of credentials; both calls fail only for URLs without a host.
        let _ = (url.set_username(""), url.set_password(None));
        // The dot of an absolute name belongs to DNS; in SNI, certificates and Host it matches nothing.
        let name = server_name.or_else(|| base.domain()).map(undotted);
        if let Some(name) = name {
            url.set_host(Some(name)).map_err(|_| bad_name(name))?;
        }
        let name = bare_host(&url).unwrap_or_default();
        let server_name = ServerName::try_from(name.clone()).map_err(|_| bad_name(&name))?;
        let host = elsewhere(&mut url, &dial)?;
        Ok(Self {
            url,
            server_name,
            host,
            dial,
            plain,
        })
    }

    /// Whether `url` names a stand-in, which must not be sent and proves nothing.
    pub(super) fn stands_in(&self) -> bool {
        self.url.host_str() == Some(STAND_IN)
    }

    /// A connection within this computer needs no patience: 5 s, else 10 s.
    pub(super) fn connect_timeout(&self) -> Duration {
        Duration::from_secs(if self.dial.is_local() { 5 } else { 10 })
    }

    /// The URL of a path (with its query) under the base.
    pub(super) fn at(&self, path: &str) -> Url {
        let (path, query) = match path.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (path, None),
        };
        let mut url = self.url.clone();
        let prefix = self.url.path().trim_end_matches('/');
        url.set_path(&format!("{prefix}/{}", path.trim_start_matches('/')));
        url.set_query(query);
        url.set_fragment(None);
        url
    }

    /// What is looked up in place of the name in `url`; `None` when that is the name itself.
    pub(super) fn other_host(&self) -> Option<String> {
        match &self.dial {
            Dial::Tcp { host, .. } if bare_host(&self.url).as_ref() != Some(host) => {
                Some(host.clone())
            }
            _ => None,
        }
    }
}

impl Dial {
    fn is_local(&self) -> bool {
        match self {
            Self::Unix(_) => true,
            Self::Tcp { host, .. } => {
                let host = undotted(host);
                host == "localhost"
                    || host.ends_with(".localhost")
                    || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
            }
        }
    }
}

/// For platforms that have none.
#[cfg(not(unix))]
pub(super) fn no_unix_sockets() -> Fault {
    Fault::with_detail(
        Class::Unreachable,
        "unix sockets do not exist on this platform",
    )
}

/// Makes `url` lead to what is dialled; what the Host header must say then, if `url` no longer says it.
fn elsewhere(url: &mut Url, dial: &Dial) -> Result<Option<HeaderValue>, Fault> {
    let Dial::Tcp { host, port } = dial else {
        return Ok(None);
    };
    let name = url.host_str().unwrap_or_default();
    let named = match url.port() {
        Some(port) => format!("{name}:{port}"),
        None => name.to_owned(),
    };
    let literal = matches!(url.host(), Some(Host::Ipv4(_) | Host::Ipv6(_)));
    let other_host = literal && bare_host(url).as_ref() != Some(host);
    if !other_host && url.port_or_known_default() == Some(*port) {
        return Ok(None);
    }
    if other_host {
        url.set_host(Some(STAND_IN)).map_err(|_| bad_name(&named))?;
    }
    url.set_port(Some(*port)).map_err(|()| bad_name(&named))?;
    let value = HeaderValue::from_str(&named).map_err(|_| bad_name(&named))?;
    Ok(Some(value))
}

fn dialled_host(base: &Url) -> Result<String, Fault> {
    let host = bare_host(base).filter(|host| !host.is_empty());
    let host = host.ok_or_else(|| bad_name(""))?;
    Ok(match undotted(&host) {
        "localhost" => "localhost".into(),
        _ => host,
    })
}

/// The host without the brackets of IPv6.
fn bare_host(url: &Url) -> Option<String> {
    Some(match url.host()? {
        Host::Domain(name) => name.to_owned(),
        Host::Ipv4(ip) => ip.to_string(),
        Host::Ipv6(ip) => ip.to_string(),
    })
}

fn undotted(name: &str) -> &str {
    name.strip_suffix('.').unwrap_or(name)
}

fn bad_name(name: &str) -> Fault {
    Fault::with_detail(Class::Dns, format!("'{name}' cannot be a host name"))
}

#[cfg(test)]
mod tests;
