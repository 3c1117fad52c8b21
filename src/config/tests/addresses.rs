//! URLs, GUI addresses and what is dialled in their place.

use std::path::PathBuf;

use proptest::prelude::*;
use url::Url;

use crate::config::address::{Connect, GuiAddress, connect, gui_address, is_loopback, service_url};
use crate::core::Kind;

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
            service_url(text, Kind::Syncthing).map(|(url, _)| url.to_string()),
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
            "'url' has port 0, which nothing can listen on. Write \"https://h:8384\"",
        ),
        ("https://h:99999", "'url' is not a URL: invalid port number"),
        ("ftp://h", "'url' must begin with https://, not ftp://"),
        (
            "wss://h",
            "'url' must begin with https:// for kind \"syncthing\": \"https://h\"",
        ),
        (
            "https://h/?a",
            "'url' must end with the path: no '?' and no '#'",
        ),
        (
            "https://0.0.0.0:8384",
            "'url' names 0.0.0.0, which is an address to listen on, not to connect to. Write \"https://127.0.0.1:8384\"",
        ),
        (
            "http://h:8384",
            "'url' begins with http://, which would send the API key in the clear. Write \"https://h:8384\": Syncthing answers https on the same port, even with 'Use HTTPS for GUI' switched off",
        ),
    ] {
        assert_eq!(
            service_url(text, Kind::Syncthing),
            Err(wrong.to_owned()),
            "{text}"
        );
    }
    for text in ["https://u:hidden@h", "u:hidden@h:1", "http://hidden@h"] {
        let wrong = service_url(text, Kind::Syncthing).expect_err(text);
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
        for kind in [Kind::Syncthing, Kind::Http, Kind::Websocket] {
            let _ = service_url(&text, kind);
        }
        let _ = connect(&text, &Url::parse("https://h").expect("a URL"));
        if let Ok(GuiAddress::Tcp(url)) = gui_address(&text) {
            prop_assert_eq!(url.scheme(), "https");
            prop_assert!(url.username().is_empty() && url.path() == "/");
        }
    }
}

#[test]
fn each_kind_has_its_schemes_and_their_default_ports() {
    for (kind, text, url, port) in [
        (Kind::Http, "https://h", "https://h/", 443),
        (Kind::Http, "https://h:443/a", "https://h/a", 443),
        (Kind::Http, "https://h:80", "https://h:80/", 80),
        (Kind::Http, "https://h/a?b=c", "https://h/a?b=c", 443),
        (Kind::Http, "https://h:8443/a/", "https://h:8443/a/", 8443),
        (
            Kind::Http,
            "https://bücher.example./",
            "https://xn--bcher-kva.example/",
            443,
        ),
        (
            Kind::Http,
            "https://[2001:DB8::1]/",
            "https://[2001:db8::1]/",
            443,
        ),
        (Kind::Weechat, "https://h:9000", "https://h:9000/", 9000),
        (Kind::Centrifugo, "https://h", "https://h/", 443),
        (Kind::Websocket, "wss://h", "wss://h/", 443),
        (Kind::Websocket, "wss://h:443", "wss://h/", 443),
        (Kind::Websocket, "ws://h", "ws://h/", 80),
        (Kind::Websocket, "ws://h:80/_et/", "ws://h/_et/", 80),
        (Kind::Websocket, "wss://h:11012", "wss://h:11012/", 11012),
    ] {
        let (found, zone) = service_url(text, kind).expect(text);
        assert_eq!(found.as_str(), url);
        assert_eq!(found.port_or_known_default(), Some(port), "{text}");
        assert_eq!(zone, None, "{text}");
    }
    for (kind, text, wrong) in [
        (
            Kind::Http,
            "h:8443/a",
            "'url' needs its scheme: \"https://h:8443/a\"",
        ),
        (Kind::Websocket, "h", "'url' needs its scheme: \"wss://h\""),
        (
            Kind::Http,
            "[fe80::1%eth0]:1",
            "'url' needs its scheme: \"https://[fe80::1%eth0]:1\"",
        ),
        (
            Kind::Http,
            "",
            "'url' must be a URL such as \"https://example.org/path\"",
        ),
        (
            Kind::Http,
            "https://h:0/a",
            "'url' has port 0, which nothing can listen on. Write \"https://h/a\"",
        ),
        (
            Kind::Websocket,
            "ws://h:0",
            "'url' has port 0, which nothing can listen on. Write \"ws://h\"",
        ),
        (
            Kind::Http,
            "http://h:8080",
            "'url' must begin with https:// for kind \"http\": \"https://h:8080\"",
        ),
        (
            Kind::Http,
            "wss://h/x",
            "'url' must begin with https:// for kind \"http\": \"https://h/x\"",
        ),
        (
            Kind::Websocket,
            "https://h/x",
            "'url' must begin with wss:// for kind \"websocket\": \"wss://h/x\"",
        ),
        (
            Kind::Http,
            "https://h/#a",
            "'url' must not have a '#': that part is never sent",
        ),
        (
            Kind::Http,
            "https://u@h",
            "'url' must not hold a user name or password: they would show up in logs. Use 'user' and 'password-file'",
        ),
    ] {
        assert_eq!(service_url(text, kind), Err(wrong.to_owned()), "{text}");
    }
}

#[test]
fn a_zone_is_dialled_and_no_part_of_the_name() {
    for (text, url, dialled) in [
        (
            "https://[fe80::1%eth0]:8384",
            "https://[fe80::1]:8384/",
            "[fe80::1%eth0]:8384",
        ),
        (
            "https://[fe80::1%25eth0]/a",
            "https://[fe80::1]/a",
            "[fe80::1%eth0]:443",
        ),
        (
            "https://[fe80::1%2]",
            "https://[fe80::1]/",
            "[fe80::1%2]:443",
        ),
    ] {
        let (found, zone) = service_url(text, Kind::Http).expect(text);
        assert_eq!(found.as_str(), url);
        assert_eq!(zone.map(|zone| zone.to_string()).as_deref(), Some(dialled));
    }
    for text in [
        "https://[fe80::1%]",
        "https://[fe80::1%a b]",
        "https://[1.2.3.4%a]",
    ] {
        assert!(service_url(text, Kind::Http).is_err(), "{text}");
    }
}

#[test]
fn what_is_dialled_under_the_name() {
    let url = Url::parse("https://nas.lan:8384/").expect("a URL");
    for (text, host, port, shown) in [
        ("10.0.0.5:8443", "10.0.0.5", 8443, "10.0.0.5:8443"),
        (" 10.0.0.5 ", "10.0.0.5", 8384, "10.0.0.5:8384"),
        ("[::1]:1", "::1", 1, "[::1]:1"),
        ("::1", "::1", 8384, "[::1]:8384"),
        ("[fe80::1%eth0]:1", "fe80::1%eth0", 1, "[fe80::1%eth0]:1"),
        ("Gate.lan:443", "gate.lan", 443, "gate.lan:443"),
    ] {
        let found = connect(text, &url).expect(text);
        assert_eq!((found.host.as_str(), found.port), (host, port));
        assert_eq!(found.to_string(), shown);
        assert_eq!(connect(shown, &url), Ok(found), "{shown}");
    }
    let form = "'connect' must be an address and a port, such as \"10.0.0.5:8443\"";
    for (text, wrong) in [
        (
            "10.0.0.5:0",
            "'connect' has port 0, which nothing can listen on. Write \"10.0.0.5:8384\"",
        ),
        (
            "https://10.0.0.5:1/x",
            "'connect' has no scheme and no path: \"10.0.0.5:1\"",
        ),
        (
            "0.0.0.0:1",
            "'connect' names 0.0.0.0, which is an address to listen on, not to connect to",
        ),
        ("", form),
        ("h:", form),
        ("h:99999", form),
        ("u@h:1", form),
        ("h/x:1", form),
        ("10.0.0.5%eth0:1", form),
        ("[fe80::1%]:1", form),
    ] {
        assert_eq!(connect(text, &url), Err(wrong.to_owned()), "{text}");
    }
    let local = |host: &str| {
        Connect {
            host: host.into(),
            port: 1,
        }
        .is_loopback()
    };
    assert!(local("127.0.0.1") && local("::1") && local("localhost"));
    assert!(!local("10.0.0.5") && !local("fe80::1%lo"));
}
