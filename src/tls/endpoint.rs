//! Where to connect and under which name. Nothing here resolves or connects by itself.
//!
//! Invariant: only https passes, and `ws`, whose endpoint says of itself that it is plain.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
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

    /// The resolver for an address that is connected to under another name; `None` when the names are the same.
    pub(super) fn resolver(&self) -> Option<Renamed> {
        match &self.dial {
            Dial::Tcp { host, .. } if bare_host(&self.url).as_ref() != Some(host) => {
                Some(Renamed { host: host.clone() })
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

/// Resolves every name to the addresses of one host.
#[derive(Clone, Debug)]
pub(super) struct Renamed {
    host: String,
}

impl Resolve for Renamed {
    fn resolve(&self, _: Name) -> Resolving {
        let host = self.host.clone();
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((host, 0)).await?.collect();
            Ok(Box::new(found.into_iter()) as Addrs)
        })
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
mod tests {
    use super::*;

    fn endpoint(base: &str, server_name: Option<&str>) -> Result<Endpoint, Fault> {
        Endpoint::new(&base.parse().expect(base), server_name, None)
    }

    #[test]
    fn dials_the_host_under_the_name() {
        let plain = endpoint("https://nas.lan:8384/x/", None).expect("plain");
        assert!(plain.resolver().is_none());
        assert_eq!(
            plain.at("/rest/a%2Fb?c=d").as_str(),
            "https://nas.lan:8384/x/rest/a%2Fb?c=d"
        );
        let renamed = endpoint("https://[::1]:8384", Some("nas.lan.")).expect("renamed");
        assert_eq!(renamed.url.as_str(), "https://nas.lan:8384/");
        assert_eq!(renamed.resolver().expect("resolver").host, "::1");
        assert_eq!(
            renamed.server_name,
            ServerName::try_from("nas.lan").unwrap()
        );
        let user = endpoint("https://user:pass@nas.lan/x", None).expect("user");
        assert_eq!(user.at("/y").as_str(), "https://nas.lan/x/y");
        let absolute = endpoint("https://nas.lan.", None).expect("absolute");
        assert_eq!(absolute.url.host_str(), Some("nas.lan"));
        assert_eq!(absolute.resolver().expect("resolver").host, "nas.lan.");
    }

    #[test]
    fn dials_one_address_under_another() {
        for (base, server_name, dial, url, host, name) in [
            // What is dialled is what the URL says, except for the port: that goes into the Host header.
            (
                "https://nas.lan:8384",
                None,
                ("10.0.0.5", 8443),
                "https://nas.lan:8443/",
                Some("nas.lan:8384"),
                "nas.lan",
            ),
            (
                "https://nas.lan",
                None,
                ("10.0.0.5", 443),
                "https://nas.lan/",
                None,
                "nas.lan",
            ),
            (
                "https://nas.lan",
                None,
                ("fe80::1%eth0", 8443),
                "https://nas.lan:8443/",
                Some("nas.lan"),
                "nas.lan",
            ),
            (
                "https://nas.lan:8384",
                Some("st.example"),
                ("10.0.0.5", 1),
                "https://st.example:1/",
                Some("st.example:8384"),
                "st.example",
            ),
            (
                "https://[fe80::1]:8384",
                None,
                ("fe80::1%eth0", 8384),
                "https://connect.invalid:8384/",
                Some("[fe80::1]:8384"),
                "fe80::1",
            ),
            (
                "https://192.0.2.1",
                None,
                ("127.0.0.1", 443),
                "https://connect.invalid/",
                Some("192.0.2.1"),
                "192.0.2.1",
            ),
            (
                "https://127.0.0.1:1",
                None,
                ("127.0.0.1", 2),
                "https://127.0.0.1:2/",
                Some("127.0.0.1:1"),
                "127.0.0.1",
            ),
            (
                "https://nas.lan",
                Some("10.0.0.1"),
                ("nas.lan", 443),
                "https://connect.invalid/",
                Some("10.0.0.1"),
                "10.0.0.1",
            ),
        ] {
            let dial = Dial::Tcp {
                host: dial.0.into(),
                port: dial.1,
            };
            let found = Endpoint::new(&base.parse().expect(base), server_name, Some(&dial));
            let found = found.expect(base);
            assert_eq!(found.url.as_str(), url, "{base}");
            assert_eq!(
                found.host.as_ref().map(|host| host.to_str().unwrap()),
                host,
                "{base}"
            );
            assert_eq!(
                found.server_name,
                ServerName::try_from(name).unwrap(),
                "{base}"
            );
            assert_eq!(found.dial, dial);
            assert_eq!(found.stands_in(), url.contains("invalid"), "{base}");
        }
    }

    #[test]
    fn a_websocket_without_tls_has_its_own_port_and_says_so() {
        for (base, server_name, dialled, host) in [
            ("ws://h", None, 80, "h"),
            ("ws://h:80", None, 80, "h"),
            ("ws://h:443", None, 443, "h:443"),
            ("ws://h:11011", None, 11011, "h:11011"),
            ("ws://h", Some("vpn.example"), 80, "vpn.example"),
            ("ws://[::1]", None, 80, "[::1]"),
            ("https://h", None, 443, "h"),
            ("https://h:443", None, 443, "h"),
            ("https://h:80", None, 80, "h:80"),
            ("https://192.0.2.1", None, 443, "192.0.2.1"),
            (
                "https://192.0.2.1:8443",
                Some("vpn.example"),
                8443,
                "vpn.example:8443",
            ),
        ] {
            let found = endpoint(base, server_name).expect(base);
            let Dial::Tcp { port, .. } = found.dial else {
                panic!("{base}");
            };
            assert_eq!(port, dialled, "{base}");
            assert_eq!(found.plain, base.starts_with("ws:"), "{base}");
            // What hyper makes the Host header of.
            assert_eq!(found.host, None, "{base}");
            let sent = match found.url.port() {
                Some(port) => format!("{}:{port}", found.url.host_str().unwrap()),
                None => found.url.host_str().unwrap().to_owned(),
            };
            assert_eq!(sent, host, "{base}");
            // An IP address is never asked for by SNI, which is rustls' own rule.
            let name = server_name.unwrap_or(base.split("://").nth(1).unwrap());
            let is_name = name.starts_with(char::is_alphabetic);
            assert_eq!(
                matches!(found.server_name, ServerName::DnsName(_)),
                is_name,
                "{base}"
            );
        }
    }

    #[test]
    fn local_addresses_get_less_time() {
        for (base, seconds) in [
            ("https://127.0.0.1:8384", 5),
            ("https://[::1]", 5),
            ("https://localhost.", 5),
            ("https://a.localhost", 5),
            ("https://nas.lan", 10),
            ("https://192.168.1.2", 10),
        ] {
            let endpoint = endpoint(base, None).expect(base);
            assert_eq!(endpoint.connect_timeout().as_secs(), seconds, "{base}");
        }
    }

    #[test]
    fn a_path_never_leaves_the_host() {
        let endpoint = endpoint("https://nas.lan", None).expect("endpoint");
        for path in [
            "//evil.example/x",
            "/../x",
            "\\\\evil.example",
            "@evil.example",
            "/a#b",
        ] {
            assert_eq!(endpoint.at(path).host_str(), Some("nas.lan"), "{path}");
        }
    }

    #[test]
    fn refuses_what_is_not_https_or_no_name() {
        for (base, server_name, class) in [
            ("http://127.0.0.1:8384", None, Class::TlsExpected),
            ("wss://127.0.0.1:8384", None, Class::TlsExpected),
            ("https://127.0.0.1", Some("a b"), Class::Dns),
            ("https://127.0.0.1", Some(""), Class::Dns),
        ] {
            let fault = endpoint(base, server_name).expect_err(base);
            assert_eq!(fault.class, class, "{base} {server_name:?}");
        }
    }
}
