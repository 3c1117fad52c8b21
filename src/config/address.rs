//! Addresses: URLs as users write them, and GUI addresses as Syncthing writes them.
//!
//! Invariant: what comes out is https, or wss or ws for a websocket; no message quotes a URL that may hold a password.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;

use url::{Host, Url};

use super::kinds::form;
use crate::core::Kind;

/// Syncthing's usual GUI port.
const GUI_PORT: u16 = 8384;

/// Where a Syncthing's GUI listens, seen from the same computer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum GuiAddress {
    Tcp(Url),
    Unix(PathBuf),
}

/// What is dialled in place of a URL's host and port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connect {
    /// A name or an IP address, without brackets; an IPv6 address may have a zone (`fe80::1%eth0`).
    pub host: String,
    pub port: u16,
}

/// Checks a `url` of the config. A zone, which no URL of ours can keep, comes back as what is to be dialled.
///
/// # Errors
/// What is wrong and, where it can be told, what to write instead.
pub(super) fn service_url(text: &str, kind: Kind) -> Result<(Url, Option<Connect>), String> {
    let text = text.trim();
    if !text.contains("://") {
        return Err(without_scheme(text, kind));
    }
    let (text, zone) = match without_zone(text) {
        Some((plain, zone)) => (plain, Some(zone)),
        None => (text.to_owned(), None),
    };
    let mut url = Url::parse(&text).map_err(|error| format!("'url' is not a URL: {error}"))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(format!(
            "'url' must not hold a user name or password: they would show up in logs. Use {}",
            form(kind).login
        ));
    }
    scheme(&url, kind)?;
    if url.port() == Some(0) {
        let _ = url.set_port((kind == Kind::Syncthing).then_some(GUI_PORT));
        return Err(format!(
            "'url' has port 0, which nothing can listen on. Write \"{}\"",
            shown(&url)
        ));
    }
    if url.fragment().is_some() || (url.query().is_some() && kind == Kind::Syncthing) {
        return Err(match kind {
            Kind::Syncthing => "'url' must end with the path: no '?' and no '#'".to_owned(),
            _ => "'url' must not have a '#': that part is never sent".to_owned(),
        });
    }
    let Some(host) = url.host() else {
        return Err("'url' names no host".to_owned());
    };
    if is_unspecified(&host) {
        let wrong = host.to_string();
        let _ = url.set_host(Some("127.0.0.1"));
        return Err(format!(
            "'url' names {wrong}, which is an address to listen on, not to connect to. Write \"{}\"",
            shown(&url)
        ));
    }
    // "localhost." resolves, but would be sent as SNI and Host, which Syncthing's host check refuses.
    if let Some(host) = url.domain().and_then(|domain| domain.strip_suffix('.')) {
        let host = host.to_owned();
        url.set_host(Some(&host))
            .map_err(|error| format!("'url' is not a URL: {error}"))?;
    }
    if kind == Kind::Syncthing && !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    let zoned = zone.and_then(|zone| zoned(&url, &zone));
    Ok((url, zoned))
}

/// Checks a `connect` of the config; the port of `url` counts where it has none.
///
/// # Errors
/// What is wrong and, where it can be told, what to write instead.
pub(super) fn connect(text: &str, url: &Url) -> Result<Connect, String> {
    const FORM: &str = "'connect' must be an address and a port, such as \"10.0.0.5:8443\"";
    let text = text.trim();
    if let Some((_, rest)) = text.split_once("://") {
        let rest = rest.split(['/', '?', '#']).next().unwrap_or_default();
        return Err(match connect(rest, url) {
            Ok(right) => format!("'connect' has no scheme and no path: \"{right}\""),
            Err(wrong) => wrong,
        });
    }
    let (host, port) = split(text);
    let own_port = url.port_or_known_default().unwrap_or(443);
    let (address, zone) = match host.split_once('%') {
        Some((address, zone)) => (address, Some(zone)),
        None => (host, None),
    };
    let host = match (address.parse(), zone) {
        (Ok(IpAddr::V6(address)), Some(zone)) if is_zone(zone) => format!("{address}%{zone}"),
        (Ok(address), None) if !address.is_unspecified() => address.to_string(),
        (Ok(address), None) => {
            return Err(format!(
                "'connect' names {address}, which is an address to listen on, not to connect to"
            ));
        }
        (Err(_), None) => match Host::parse(host) {
            Ok(Host::Domain(name)) => name,
            _ => return Err(FORM.to_owned()),
        },
        _ => return Err(FORM.to_owned()),
    };
    let port = match port.map(str::parse) {
        None => own_port,
        Some(Ok(0)) => {
            let right = Connect {
                host,
                port: own_port,
            };
            return Err(format!(
                "'connect' has port 0, which nothing can listen on. Write \"{right}\""
            ));
        }
        Some(Ok(port)) => port,
        Some(Err(_)) => return Err(FORM.to_owned()),
    };
    Ok(Connect { host, port })
}

impl Connect {
    /// Whether it leads to this computer only.
    pub(super) fn is_loopback(&self) -> bool {
        let url = Url::parse(&format!("https://{self}"));
        url.is_ok_and(|url| is_loopback(&url))
    }
}

impl fmt::Display for Connect {
    /// As it stands in the config.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port } = self;
        match host.contains(':') {
            true => write!(formatter, "[{host}]:{port}"),
            false => write!(formatter, "{host}:{port}"),
        }
    }
}

/// Whether a URL leads to this computer only.
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => {
            let mapped = address.to_ipv4_mapped();
            address.is_loopback() || mapped.is_some_and(|mapped| mapped.is_loopback())
        }
        None => false,
    }
}

/// Reads a GUI address of config.xml or of `STGUIADDRESS` (lib/config/guiconfiguration.go `Network`, `Address`).
/// Always https: Syncthing's listener takes TLS even when `tls="false"` (lib/api/api.go getListener).
///
/// # Errors
/// What is wrong with it, as the end of a sentence.
pub(super) fn gui_address(text: &str) -> Result<GuiAddress, String> {
    let text = text.trim();
    for scheme in ["unix://", "unixs://"] {
        if let Some(path) = text.strip_prefix(scheme) {
            return Ok(GuiAddress::Unix(PathBuf::from(path)));
        }
    }
    if text.starts_with('/') {
        return Ok(GuiAddress::Unix(PathBuf::from(text)));
    }
    let address = text.split_once("://").map_or(text, |(_, rest)| rest);
    let address = address.split('/').next().unwrap_or(address);
    let shown = || {
        address
            .chars()
            .take(80)
            .collect::<String>()
            .escape_debug()
            .to_string()
    };
    let (host, port) = split(address);
    let port = match port {
        None | Some("") => GUI_PORT,
        Some(port) => match port.parse() {
            Ok(0) => {
                return Err(format!(
                    "the GUI address '{}' has port 0, a different port at every start: give it a fixed one",
                    shown()
                ));
            }
            Ok(port) => port,
            Err(_) => return Err(format!("the GUI address '{}' has no usable port", shown())),
        },
    };
    let host = match host.parse() {
        Ok(IpAddr::V4(Ipv4Addr::UNSPECIFIED)) => "127.0.0.1".to_owned(),
        Ok(IpAddr::V6(Ipv6Addr::UNSPECIFIED)) => "[::1]".to_owned(),
        Ok(IpAddr::V6(address)) => format!("[{address}]"),
        Ok(IpAddr::V4(address)) => address.to_string(),
        Err(_) if host.is_empty() => "127.0.0.1".to_owned(),
        Err(_) => host.strip_suffix('.').unwrap_or(host).to_owned(),
    };
    let is_plain = !host.contains(['@', '?', '#', '\\']) && !host.contains(char::is_whitespace);
    Url::parse(&format!("https://{host}:{port}/"))
        .ok()
        .filter(|_| is_plain)
        .map(GuiAddress::Tcp)
        .ok_or_else(|| format!("the GUI address '{}' cannot be understood", shown()))
}

/// Host and port of `host:port`, `[v6]:port`, or either without port; a bare IPv6 address has none.
fn split(address: &str) -> (&str, Option<&str>) {
    if let Some((host, rest)) = address
        .strip_prefix('[')
        .and_then(|rest| rest.split_once(']'))
    {
        return (host, rest.strip_prefix(':'));
    }
    match address.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') => (host, Some(port)),
        _ => (address, None),
    }
}

fn scheme(url: &Url, kind: Kind) -> Result<(), String> {
    let form = form(kind);
    let known = form.schemes;
    let first = known.first().copied().unwrap_or_default();
    if known.contains(&url.scheme()) {
        return Ok(());
    }
    let mut right = url.clone();
    // A port that was given stays; 80 would not be right for https.
    let is_kin = ["http", "https", "ws", "wss"].contains(&url.scheme());
    if !is_kin || right.set_scheme(first).is_err() {
        return Err(format!(
            "'url' must begin with {first}://, not {}://",
            url.scheme()
        ));
    }
    let server = (form.server)(&right);
    let right = server.as_deref().unwrap_or_else(|| shown(&right));
    Err(match (url.scheme(), kind) {
        ("http", Kind::Syncthing) => format!(
            "'url' begins with http://, which would send the API key in the clear. Write \"{right}\": Syncthing answers https on the same port, even with 'Use HTTPS for GUI' switched off"
        ),
        _ => format!(
            "'url' must begin with {first}:// for kind \"{}\": \"{right}\"",
            kind.name()
        ),
    })
}

fn without_scheme(text: &str, kind: Kind) -> String {
    let first = form(kind).schemes.first().copied().unwrap_or_default();
    match service_url(&format!("{first}://{text}"), kind) {
        Ok((url, None)) if !text.is_empty() => {
            format!("'url' needs its scheme: \"{}\"", shown(&url))
        }
        Ok((_, Some(_))) => format!("'url' needs its scheme: \"{first}://{text}\""),
        Err(wrong) if text.contains('@') => wrong,
        _ => match kind {
            Kind::Syncthing => "'url' must be a URL such as \"https://nas.lan:8384\"".to_owned(),
            _ => format!("'url' must be a URL such as \"{first}://example.org/path\""),
        },
    }
}

/// A URL with an IPv6 zone, as in `https://[fe80::1%eth0]:8384` or with the `%25` of RFC 6874, without it; and the zone.
fn without_zone(text: &str) -> Option<(String, String)> {
    let (before, rest) = text.split_once("://[")?;
    let (inside, after) = rest.split_once(']')?;
    let (address, zone) = inside.split_once('%')?;
    let zone = zone
        .strip_prefix("25")
        .filter(|zone| !zone.is_empty())
        .unwrap_or(zone);
    is_zone(zone).then(|| (format!("{before}://[{address}]{after}"), zone.to_owned()))
}

fn is_zone(zone: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    !zone.is_empty() && zone.bytes().all(plain)
}

fn zoned(url: &Url, zone: &str) -> Option<Connect> {
    let Some(Host::Ipv6(address)) = url.host() else {
        return None;
    };
    Some(Connect {
        host: format!("{address}%{zone}"),
        port: url.port_or_known_default()?,
    })
}

/// As it is best written. The slash at the end of a path is part of it.
fn shown(url: &Url) -> &str {
    match url.path() {
        "/" => url.as_str().trim_end_matches('/'),
        _ => url.as_str(),
    }
}

fn is_unspecified(host: &Host<&str>) -> bool {
    match host {
        Host::Ipv4(address) => address.is_unspecified(),
        Host::Ipv6(address) => address.is_unspecified(),
        Host::Domain(_) => false,
    }
}
