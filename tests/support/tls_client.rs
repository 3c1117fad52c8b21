//! The clients of the TLS tests, and what a fault of theirs means to the user.

use std::time::Duration;

use reqwest::Method;
use secrecy::SecretString;
use syncwatch::core::{Class, Fault, Fingerprint, LinkState, Offer, Sight, Timestamp};
use syncwatch::tls::{Client, ClientSpec, Look, Reply, Request, Terms, Trust};

pub const KEY: &str = "key-that-nobody-else-may-see";
pub const LIMIT: usize = 1024 * 1024;
/// Far more than any of these tests needs.
pub const PATIENT: Duration = Duration::from_secs(20);

pub fn spec(url: &str, trust: Trust, pins: &[Fingerprint]) -> ClientSpec {
    ClientSpec {
        base: url.parse().expect("a URL"),
        server_name: None,
        dial: None,
        trust,
        pins: pins.to_vec().into(),
        generation: 1,
    }
}

pub fn pinned(url: &str, pins: &[Fingerprint]) -> Client {
    Client::build(&spec(url, Trust::Pinned, pins)).expect("a client")
}

/// A look with everything on offer.
pub async fn look(spec: &ClientSpec, timeout: Duration) -> Sight {
    let look = Look {
        base: &spec.base,
        server_name: spec.server_name.as_deref(),
        dial: spec.dial.as_ref(),
        offer: Offer::WHOLE,
        timeout: Some(timeout),
        clock: Timestamp::default,
    };
    look.run().await.sight
}

/// A GET with the key.
pub async fn get(client: &Client) -> Result<Reply, Fault> {
    ask(client, Method::GET, "/rest/system/ping", PATIENT).await
}

pub async fn ask(
    client: &Client,
    method: Method,
    path: &str,
    timeout: Duration,
) -> Result<Reply, Fault> {
    let key = SecretString::from(KEY);
    let request = Request {
        method,
        path,
        key: Some(&key),
        body: None,
        timeout,
        limit: LIMIT,
        terms: Terms::default(),
    };
    client.send(request).await
}

/// What the user comes to see of a fault: its loud state, its patience in seconds, and whether it is hidden at first.
pub fn means(class: Class) -> (LinkState, u64, bool) {
    let rule = class.rule();
    let hidden = rule.patience > 0 || rule.silent_retries > 0;
    (rule.loud, rule.patience, hidden)
}

/// No part of a fault names the key or the URL.
pub fn assert_discreet(fault: &Fault) {
    let shown = format!("{fault:?}");
    for secret in [KEY, "https://", "/rest/", "x-api-key"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

/// A GET, or a POST with a body, that may be repeated.
pub async fn send(client: &Client, method: Method, path: &str) -> Result<Reply, Fault> {
    let body = (method == Method::POST).then(|| br#"{"question":42}"#.to_vec());
    let request = Request {
        method,
        path,
        key: None,
        body,
        timeout: PATIENT,
        limit: LIMIT,
        terms: Terms {
            repeatable: true,
            ..Terms::default()
        },
    };
    client.send(request).await
}
