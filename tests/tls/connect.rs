//! One address is dialled under another: the name in SNI, in the checks of the certificate and in the Host header stays
//! that of the URL, and an IP address is never sent as SNI.

use crate::support::tls_client::{PATIENT, get, look, spec};
use crate::support::tls_server::{ANY_TLS, Answer, Identity, Server, params};
use syncwatch::core::Class;
use syncwatch::tls::{Client, Dial, Trust};

#[tokio::test]
async fn the_name_of_the_url_stays() {
    for (base, server_name, name, host) in [
        ("https://nas.lan:8384", None, "nas.lan", "nas.lan:8384"),
        ("https://nas.lan", None, "nas.lan", "nas.lan"),
        (
            "https://nas.lan:8384",
            Some("st.example"),
            "st.example",
            "st.example:8384",
        ),
        (
            "https://192.0.2.1:8384",
            None,
            "192.0.2.1",
            "192.0.2.1:8384",
        ),
        (
            "https://[2001:db8::1]",
            None,
            "2001:db8::1",
            "[2001:db8::1]",
        ),
        (
            "https://nas.lan",
            Some("192.0.2.1"),
            "192.0.2.1",
            "192.0.2.1",
        ),
    ] {
        let authority = Identity::ca("authority");
        let me = authority.issues(params(name));
        let other = authority.issues(params("other.example"));
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), &authority.pem).unwrap();
        for (identity, fits) in [(&me, true), (&other, false)] {
            let server = Server::new(identity.serves(ANY_TLS), Answer::reply("200 OK", "{}")).await;
            let port = server.address.port();
            let dial = Dial::Tcp {
                host: "127.0.0.1".into(),
                port,
            };
            let mut spec = spec(base, Trust::Ca(file.path().into()), &[]);
            spec.server_name = server_name.map(str::to_owned);
            spec.dial = Some(dial.clone());
            let reply = get(&Client::build(&spec).expect(base)).await;
            if !fits {
                assert_eq!(reply.expect_err(base).class, Class::WrongName, "{base}");
                assert_eq!(server.heard(), "", "{base}");
                continue;
            }
            assert_eq!(reply.expect(base).body, b"{}", "{base}");
            let heard = server.heard();
            assert_eq!(heard.matches("\r\nhost:").count(), 1, "{heard}");
            assert!(
                heard.contains(&format!("\r\nhost: {host}\r\n")),
                "{base}: {heard}"
            );
            let seen = look(&spec, PATIENT).await;
            assert!(seen.outcome.is_ok(), "{base}: {seen:?}");
            assert_eq!(seen.wire.address, Some(server.address), "{base}");
            for connection in server.connections() {
                let said = |words: &str| {
                    connection
                        .raw
                        .windows(words.len())
                        .any(|part| part == words.as_bytes())
                };
                assert_eq!(
                    said(name),
                    name.parse::<std::net::IpAddr>().is_err(),
                    "SNI for {base}"
                );
                assert!(
                    !said("connect.invalid") && !said("127.0.0.1"),
                    "SNI for {base}"
                );
            }
        }
    }
}

#[tokio::test]
async fn a_zone_is_asked_of_the_system_and_never_sent() {
    let me = Identity::new("::1");
    let Ok(listener) = std::net::TcpListener::bind("[::1]:0") else {
        eprintln!("SKIPPED: this computer has no IPv6");
        return;
    };
    drop(listener);
    let dial = Dial::Tcp {
        host: "fe80::1%no-such-zone".into(),
        port: 1,
    };
    let mut spec = spec("https://[fe80::1]:8384", Trust::Pinned, &[me.pin()]);
    spec.dial = Some(dial);
    let fault = get(&Client::build(&spec).unwrap())
        .await
        .expect_err("no such zone");
    assert!(
        matches!(fault.class, Class::Dns | Class::Unreachable),
        "{fault:?}"
    );
}
