//! `[metrics]`: the page for Prometheus. Open to a network it needs TLS and a token, or the word that it shall be open.

use std::net::SocketAddr;

use toml::de::DeValue;

use super::keys::{METRICS, names};
use super::outlets::{Metrics, PageTls};
use super::parse_secret::{TOKEN, secret};
use super::problem::Findings;
use super::section::{At, Section, a, strings};

/// The page, or off.
pub(super) fn metrics(top: &mut Section<'_>, findings: &mut Findings<'_>) -> Metrics {
    let mut wanted = Metrics::default();
    let Some(mut section) = top.section("[metrics]", "metrics", &names(METRICS), findings) else {
        return wanted;
    };
    let listen = listen(&mut section, findings);
    wanted.tls = tls(&mut section, findings);
    wanted.token = secret(&mut section, &TOKEN, findings);
    wanted.hosts = hosts(&mut section, findings);
    section.boolean("unprotected", &mut wanted.unprotected, findings);
    if let Some(listen) = &listen {
        check_exposure(listen, &wanted, findings);
    }
    wanted.listen = listen.map(|listen| listen.value);
    wanted
}

fn listen(section: &mut Section<'_>, findings: &mut Findings<'_>) -> Option<At<SocketAddr>> {
    let listen = section.string("listen", findings)?;
    let text = listen.value.replace("localhost:", "127.0.0.1:");
    match text.parse::<SocketAddr>() {
        Ok(value) if value.port() != 0 => Some(At {
            value,
            at: listen.at,
        }),
        _ => {
            findings.problem(
                &listen.at,
                "'listen' in [metrics] must be an IP address and a port, such as \"127.0.0.1:9384\"",
            );
            None
        }
    }
}

fn tls(section: &mut Section<'_>, findings: &mut Findings<'_>) -> Option<PageTls> {
    let (certificate_at, key_at) = (section.at("certificate"), section.at("key"));
    match (
        section.path("certificate", findings),
        section.path("key", findings),
    ) {
        (Some(certificate), Some(key)) => Some(PageTls { certificate, key }),
        (Some(_), None) => {
            findings.problem(
                &certificate_at,
                "'certificate' in [metrics] needs a 'key': the file with its private key",
            );
            None
        }
        (None, Some(_)) => {
            findings.problem(&key_at, "'key' in [metrics] needs a 'certificate'");
            None
        }
        (None, None) => None,
    }
}

fn hosts(section: &mut Section<'_>, findings: &mut Findings<'_>) -> Vec<String> {
    let called = section.called("hosts");
    let Some(value) = section.take("hosts") else {
        return Vec::new();
    };
    let at = value.span();
    let listed = match value.into_inner() {
        DeValue::Array(list) => strings(&called, list, findings),
        other => {
            let message = format!(
                "{called} must be a list of names, such as [\"nas.lan\"], not {}",
                a(&other)
            );
            findings.problem(&at, message);
            return Vec::new();
        }
    };
    let mut hosts = Vec::new();
    for name in listed {
        match url::Host::parse(&name.value) {
            Ok(host) => hosts.push(host.to_string().to_lowercase()),
            Err(_) => findings.problem(
                &name.at,
                format!("{called} must be names such as \"nas.lan\", without scheme and port"),
            ),
        }
    }
    hosts
}

/// Who can reach the page can read the names of folders and devices.
fn check_exposure(listen: &At<SocketAddr>, wanted: &Metrics, findings: &mut Findings<'_>) {
    if listen.value.ip().is_loopback() || wanted.unprotected {
        return;
    }
    let missing = match (&wanted.tls, &wanted.token) {
        (Some(_), Some(_)) => return,
        (Some(_), None) => "a token ('token-file')",
        (None, Some(_)) => "TLS ('certificate' and 'key')",
        (None, None) => "TLS ('certificate' and 'key') and a token ('token-file')",
    };
    findings.problem(
        &listen.at,
        format!(
            "'listen' in [metrics] opens the page to other computers: everybody who reaches {0} could read the names of your folders and devices. Set {missing}, or listen at \"127.0.0.1:{1}\", or, where the network itself is guarded, write unprotected = true",
            listen.value,
            listen.value.port()
        ),
    );
}
