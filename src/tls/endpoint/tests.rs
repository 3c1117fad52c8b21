//! Which host, port and name a URL leads to.

use super::*;

fn endpoint(base: &str, server_name: Option<&str>) -> Result<Endpoint, Fault> {
    Endpoint::new(&base.parse().expect(base), server_name, None)
}

#[test]
fn dials_the_host_under_the_name() {
    let plain = endpoint("https://nas.lan:8384/x/", None).expect("plain");
    assert!(plain.other_host().is_none());
    assert_eq!(
        plain.at("/rest/a%2Fb?c=d").as_str(),
        "https://nas.lan:8384/x/rest/a%2Fb?c=d"
    );
    let renamed = endpoint("https://[::1]:8384", Some("nas.lan.")).expect("renamed");
    assert_eq!(renamed.url.as_str(), "https://nas.lan:8384/");
    assert_eq!(renamed.other_host().as_deref(), Some("::1"));
    assert_eq!(
        renamed.server_name,
        ServerName::try_from("nas.lan").unwrap()
    );
    let user = endpoint("https://user:pass@nas.lan/x", None).expect("user");
    assert_eq!(user.at("/y").as_str(), "https://nas.lan/x/y");
    let absolute = endpoint("https://nas.lan.", None).expect("absolute");
    assert_eq!(absolute.url.host_str(), Some("nas.lan"));
    assert_eq!(absolute.other_host().as_deref(), Some("nas.lan."));
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
