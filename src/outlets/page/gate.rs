//! Who may read the page, and what it shows of itself: certificate, token, names.
//!
//! Invariant: a token is compared in constant time and shown nowhere; a certificate that does not fit its key is
//! never taken up.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use hyper::header::{AUTHORIZATION, HOST};
use hyper::{HeaderMap, Uri};
use ring::hmac;
use ring::rand::SystemRandom;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use secrecy::ExposeSecret as _;
use tokio_rustls::TlsAcceptor;

use crate::config::{Environment, Metrics, PageTls};
use crate::engine::{DiskReader, SILENT, read_secret};
use crate::tls;

/// Decides who is let in.
pub(super) struct Gate {
    pub(super) tls: Option<TlsAcceptor>,
    token: Option<Token>,
    hosts: Vec<String>,
}

/// Why somebody is not let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// Without the token, or with another one.
    Token,
    /// The page was asked for under this name, which may be anybody's.
    Host(String),
    /// It was asked for under several names at once (RFC 9112, 3.2).
    SeveralHosts,
}

/// The tag of a token under a key of this process: neither its bytes nor its length can be timed.
struct Token {
    key: hmac::Key,
    tag: hmac::Tag,
}

/// The files that a gate is made from.
pub(super) fn files(metrics: &Metrics, environment: &Environment) -> Vec<PathBuf> {
    let token = metrics.token_reader(environment);
    let tls = metrics.tls.iter();
    tls.flat_map(|tls| [&tls.certificate, &tls.key])
        .map(|path| environment.expand(path))
        .chain(token.and_then(|token| token.file()))
        .collect()
}

impl Gate {
    /// Reads what the config names.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub(super) async fn read(
        metrics: &Metrics,
        environment: &Environment,
        disk: &DiskReader,
    ) -> Result<Self, String> {
        let tls = match &metrics.tls {
            Some(files) => {
                let (files, environment) = (files.clone(), environment.clone());
                let read = disk.read(move || acceptor(&files, &environment));
                let silent = || Err(format!("its certificate: {SILENT}"));
                Some(read.await.unwrap_or_else(silent)?)
            }
            None => None,
        };
        let token = match metrics.token_reader(environment) {
            Some(reader) => {
                let token = read_secret(reader, disk).await;
                let token = token.map_err(|why| format!("its token: {why}"))?;
                Some(Token::new(token.expose_secret())?)
            }
            None => None,
        };
        let hosts = metrics.hosts.clone();
        Ok(Self { tls, token, hosts })
    }

    /// Whether a request with these headers is let in.
    ///
    /// With a token it is the token that counts. Without one, a name that anybody can point at this computer is
    /// refused: a web page of such a name could read this one through its reader's browser (DNS rebinding).
    pub(super) fn admits(&self, uri: &Uri, headers: &HeaderMap) -> Result<(), Refused> {
        if headers.get_all(HOST).iter().nth(1).is_some() {
            return Err(Refused::SeveralHosts);
        }
        if let Some(token) = &self.token {
            let given = headers.get(AUTHORIZATION).and_then(bearer);
            return match given.is_some_and(|given| token.is(given)) {
                true => Ok(()),
                false => Err(Refused::Token),
            };
        }
        let host = headers.get(HOST).and_then(|host| host.to_str().ok());
        let host = uri.host().or(host.map(without_port)).unwrap_or_default();
        let host = host.trim_end_matches('.').to_lowercase();
        let is_address = matches!(
            url::Host::parse(&host),
            Ok(url::Host::Ipv4(_) | url::Host::Ipv6(_))
        );
        match is_address || host == "localhost" || self.hosts.contains(&host) {
            true => Ok(()),
            false => Err(Refused::Host(host)),
        }
    }
}

impl Token {
    fn new(token: &str) -> Result<Self, String> {
        let key = hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new())
            .map_err(|_| "the system gave no random numbers".to_owned())?;
        let tag = hmac::sign(&key, token.as_bytes());
        Ok(Self { key, tag })
    }

    fn is(&self, given: &[u8]) -> bool {
        hmac::verify(&self.key, given, self.tag.as_ref()).is_ok()
    }
}

fn bearer(value: &hyper::header::HeaderValue) -> Option<&[u8]> {
    let (scheme, token) = value.as_bytes().split_at_checked(7)?;
    scheme
        .eq_ignore_ascii_case(b"bearer ")
        .then(|| token.trim_ascii())
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        // The colons of an IPv6 address stand between brackets.
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

fn acceptor(files: &PageTls, environment: &Environment) -> Result<TlsAcceptor, String> {
    let (certificate, key) = (
        environment.expand(&files.certificate),
        environment.expand(&files.key),
    );
    let chain: Result<Vec<_>, _> =
        CertificateDer::pem_slice_iter(&content(&certificate)?).collect();
    let chain = chain.map_err(|_| format!("{} is no PEM file", certificate.display()))?;
    if chain.is_empty() {
        return Err(format!("{} holds no certificate", certificate.display()));
    }
    let private = PrivateKeyDer::from_pem_slice(&content(&key)?)
        .map_err(|_| format!("{} holds no private key", key.display()))?;
    let config = ServerConfig::builder_with_provider(tls::provider())
        .with_safe_default_protocol_versions()
        .and_then(|builder| {
            builder
                .with_no_client_auth()
                .with_single_cert(chain, private)
        })
        .map_err(|error| {
            let why = match error {
                rustls::Error::InconsistentKeys(_) => {
                    "the key is not that of the certificate".into()
                }
                error => error.to_string(),
            };
            format!("{} with {}: {why}", certificate.display(), key.display())
        })?;
    Ok(Arc::new(config).into())
}

fn content(path: &Path) -> Result<Vec<u8>, String> {
    tls::read_small_file(path).map_err(|why| format!("{}: {why}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate(token: Option<&str>, hosts: &[&str]) -> Gate {
        Gate {
            tls: None,
            token: token.map(|token| Token::new(token).expect("random numbers")),
            hosts: hosts.iter().map(|host| (*host).to_owned()).collect(),
        }
    }

    fn ask(gate: &Gate, headers: &[(&'static str, &str)]) -> Result<(), Refused> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().expect("a value"));
        }
        gate.admits(&Uri::from_static("/metrics"), &map)
    }

    #[test]
    fn without_a_token_only_names_that_nobody_can_borrow_are_answered() {
        let gate = gate(None, &["nas.lan"]);
        for host in [
            "127.0.0.1:9384",
            "127.0.0.1",
            "[::1]:9384",
            "localhost:9384",
            "LOCALHOST.:1",
            "10.0.0.7",
            "NAS.lan:9384",
        ] {
            assert_eq!(ask(&gate, &[("host", host)]), Ok(()), "{host}");
        }
        for host in [
            "evil.example",
            "evil.example:9384",
            "127.0.0.1.evil.example",
            "localhost.evil.example",
            "",
            "[::1",
        ] {
            assert!(ask(&gate, &[("host", host)]).is_err(), "{host}");
        }
        assert!(ask(&gate, &[]).is_err());
        for (one, other) in [("localhost", "evil.example"), ("localhost", "localhost")] {
            let both = ask(&gate, &[("host", one), ("host", other)]);
            assert_eq!(both, Err(Refused::SeveralHosts));
        }
        let absolute = Uri::from_static("http://evil.example/metrics");
        assert!(gate.admits(&absolute, &HeaderMap::new()).is_err());
    }

    #[test]
    fn with_a_token_the_token_counts_and_nothing_else() {
        let gate = gate(Some("open sesame"), &[]);
        for value in ["Bearer open sesame", "bearer  open sesame "] {
            let headers = [("authorization", value), ("host", "evil.example")];
            assert_eq!(ask(&gate, &headers), Ok(()), "{value}");
        }
        for value in [
            "Bearer open sesam",
            "Bearer ",
            "Basic open sesame",
            "open sesame",
        ] {
            let headers = [("authorization", value), ("host", "127.0.0.1")];
            assert_eq!(ask(&gate, &headers), Err(Refused::Token), "{value}");
        }
        assert_eq!(ask(&gate, &[("host", "127.0.0.1")]), Err(Refused::Token));
    }
}
