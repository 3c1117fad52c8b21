//! Addresses: URLs as users write them, and GUI addresses as Syncthing writes them.
//!
//! Invariant: what comes out is https; no message quotes a URL that may hold a password.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;

use url::{Host, Url};

/// Syncthing's usual GUI port.
const GUI_PORT: u16 = 8384;

/// Where a Syncthing's GUI listens, seen from the same computer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum GuiAddress {
    Tcp(Url),
    Unix(PathBuf),
}

/// Checks a `url` of the config.
///
/// # Errors
/// What is wrong and, where it can be told, what to write instead.
pub(super) fn service_url(text: &str) -> Result<Url, String> {
    let text = text.trim();
    if !text.contains("://") {
        return Err(without_scheme(text));
    }
    let mut url = Url::parse(text).map_err(|error| format!("'url' is not a URL: {error}"))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("'url' must not hold a user name or password: they would show up in logs. Use api-key-file".to_owned());
    }
    match url.scheme() {
        "https" => {}
        "http" => return Err(plain(&url)),
        "ws" | "wss" => {
            return Err("'url' must begin with https:// for kind \"syncthing\"".to_owned());
        }
        other => return Err(format!("'url' must begin with https://, not {other}://")),
    }
    if url.port() == Some(0) {
        return Err(
            "'url' has port 0, which nothing can listen on. Syncthing's usual port is 8384"
                .to_owned(),
        );
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("'url' must end with the path: no '?' and no '#'".to_owned());
    }
    let Some(host) = url.host() else {
        return Err("'url' names no host".to_owned());
    };
    if is_unspecified(&host) {
        return Err(format!(
            "'url' names {host}, which is an address to listen on, not to connect to. Write https://127.0.0.1:{}",
            url.port_or_known_default().unwrap_or(GUI_PORT)
        ));
    }
    // "localhost." resolves, but would be sent as SNI and Host, which Syncthing's host check refuses.
    if let Some(host) = url.domain().and_then(|domain| domain.strip_suffix('.')) {
        let host = host.to_owned();
        url.set_host(Some(&host))
            .map_err(|error| format!("'url' is not a URL: {error}"))?;
    }
    if !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    Ok(url)
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

fn without_scheme(text: &str) -> String {
    match service_url(&format!("https://{text}")) {
        Ok(url) if !text.is_empty() => {
            format!(
                "'url' needs its scheme: \"{}\"",
                url.as_str().trim_end_matches('/')
            )
        }
        Err(wrong) if text.contains('@') => wrong,
        _ => "'url' must be a URL such as \"https://nas.lan:8384\"".to_owned(),
    }
}

fn plain(url: &Url) -> String {
    let mut secure = url.clone();
    // The port of http stays explicit where one was given; 80 would not be right for https.
    let _ = secure.set_scheme("https");
    format!(
        "'url' begins with http://, which would send the API key in the clear. Write \"{}\": Syncthing answers https on the same port, even with 'Use HTTPS for GUI' switched off",
        secure.as_str().trim_end_matches('/')
    )
}

fn is_unspecified(host: &Host<&str>) -> bool {
    match host {
        Host::Ipv4(address) => address.is_unspecified(),
        Host::Ipv6(address) => address.is_unspecified(),
        Host::Domain(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn urls() {
        for (text, url) in [
            ("https://nas.lan:8384", "https://nas.lan:8384/"),
            ("https://nas.lan:443/", "https://nas.lan/"),
            (" https://localhost.:8384 ", "https://localhost:8384/"),
            ("https://[::1]:8384", "https://[::1]:8384/"),
            ("https://proxy/syncthing", "https://proxy/syncthing/"),
            ("HTTPS://NAS:1", "https://nas:1/"),
        ] {
            assert_eq!(
                service_url(text).map(String::from),
                Ok(url.to_owned()),
                "{text}"
            );
        }
        for (text, wrong) in [
            ("h:8384", "'url' needs its scheme: \"https://h:8384\""),
            ("nas.lan", "'url' needs its scheme: \"https://nas.lan\""),
            ("", "'url' must be a URL such as \"https://nas.lan:8384\""),
            ("https://", "'url' is not a URL: empty host"),
            (
                "https://h:0",
                "'url' has port 0, which nothing can listen on. Syncthing's usual port is 8384",
            ),
            ("https://h:99999", "'url' is not a URL: invalid port number"),
            ("ftp://h", "'url' must begin with https://, not ftp://"),
            (
                "wss://h",
                "'url' must begin with https:// for kind \"syncthing\"",
            ),
            (
                "https://h/?a",
                "'url' must end with the path: no '?' and no '#'",
            ),
            (
                "https://0.0.0.0:8384",
                "'url' names 0.0.0.0, which is an address to listen on, not to connect to. Write https://127.0.0.1:8384",
            ),
            (
                "http://h:8384",
                "'url' begins with http://, which would send the API key in the clear. Write \"https://h:8384\": Syncthing answers https on the same port, even with 'Use HTTPS for GUI' switched off",
            ),
        ] {
            assert_eq!(service_url(text), Err(wrong.to_owned()), "{text}");
        }
        for text in ["https://u:hidden@h", "u:hidden@h:1", "http://hidden@h"] {
            let wrong = service_url(text).expect_err(text);
            assert!(
                wrong.contains("must not hold a user name") && !wrong.contains("hidden"),
                "{wrong}"
            );
        }
    }

    #[test]
    fn gui_addresses() {
        for (text, url) in [
            ("127.0.0.1:8384", "https://127.0.0.1:8384/"),
            ("0.0.0.0:8385", "https://127.0.0.1:8385/"),
            ("[::]:8384", "https://[::1]:8384/"),
            ("::", "https://[::1]:8384/"),
            (":8386", "https://127.0.0.1:8386/"),
            ("", "https://127.0.0.1:8384/"),
            ("localhost.", "https://localhost:8384/"),
            ("192.168.1.5", "https://192.168.1.5:8384/"),
            ("[fe80::1]:1", "https://[fe80::1]:1/"),
            ("https://127.0.0.1:443/x", "https://127.0.0.1/"),
            ("http://nas:80", "https://nas:80/"),
        ] {
            let expected = GuiAddress::Tcp(Url::parse(url).expect(url));
            assert_eq!(gui_address(text), Ok(expected), "{text}");
        }
        for text in [
            "/run/st.sock",
            "unix:///run/st.sock",
            "unixs:///run/st.sock",
        ] {
            let expected = GuiAddress::Unix(PathBuf::from("/run/st.sock"));
            assert_eq!(gui_address(text), Ok(expected), "{text}");
        }
        for text in [
            "127.0.0.1:0",
            "h:https",
            "h:70000",
            "[fe80::1%eth0]:1",
            "a b:1",
            "u@h:1",
        ] {
            assert!(gui_address(text).is_err(), "{text}");
        }
    }

    #[test]
    fn this_computer() {
        for (text, local) in [
            ("https://localhost", true),
            ("https://st.localhost:1", true),
            ("https://127.1.2.3", true),
            ("https://[::1]", true),
            ("https://[::ffff:127.0.0.1]", true),
            ("https://localhost.example", false),
            ("https://10.0.0.1", false),
        ] {
            assert_eq!(is_loopback(&Url::parse(text).expect(text)), local, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_answered(text in "\\PC{0,40}") {
            let _ = service_url(&text);
            if let Ok(GuiAddress::Tcp(url)) = gui_address(&text) {
                prop_assert_eq!(url.scheme(), "https");
                prop_assert!(url.username().is_empty() && url.path() == "/");
            }
        }
    }
}
