//! What is asked of a peer, and which reply counts.
//!
//! Invariant: neither the key nor the body is ever shown.

use std::fmt;
use std::ops::RangeInclusive;
use std::time::Duration;

use reqwest::Method;
use secrecy::SecretString;

use crate::core::credential::Credential;

/// One request.
#[derive(Clone)]
pub struct Request<'a> {
    pub method: Method,
    /// Begins with `/`; may have a query.
    pub path: &'a str,
    /// Sent as the terms say.
    pub key: Option<&'a SecretString>,
    /// Sent as JSON where it is that, else as text.
    pub body: Option<Vec<u8>>,
    /// For everything, from connecting to the end of the body.
    pub timeout: Duration,
    /// Bytes of body that are accepted.
    pub limit: usize,
    pub terms: Terms<'a>,
}

/// How a request is made and which reply counts.
#[derive(Clone, Copy, Debug)]
pub struct Terms<'a> {
    /// How the key travels.
    pub credential: &'a Credential,
    /// Further secrets, each with the header whose value it is.
    pub further: &'a [(&'static str, SecretString)],
    /// A reply with one of these is read whole; another is only read for its words.
    pub statuses: &'a [RangeInclusive<u16>],
    /// Making it twice is as good as once, as with every GET and HEAD.
    pub repeatable: bool,
    /// Its connection ends with it, and is not kept for another request.
    pub last: bool,
}

impl Default for Terms<'_> {
    /// With an API key, for a success.
    fn default() -> Self {
        Self {
            credential: &Credential::ApiKey,
            further: &[],
            statuses: &[200..=299],
            repeatable: false,
            last: false,
        }
    }
}

impl Request<'_> {
    pub(super) fn is_repeatable(&self) -> bool {
        self.terms.repeatable || self.method == Method::GET || self.method == Method::HEAD
    }

    pub(super) fn wants(&self, status: u16) -> bool {
        let mut statuses = self.terms.statuses.iter();
        statuses.any(|range| range.contains(&status))
    }
}

/// Without key and body.
impl fmt::Debug for Request<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Request")
            .field("method", &self.method)
            .field("path", &self.path)
            .field("timeout", &self.timeout)
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_key_nor_body_is_shown() {
        let key = SecretString::from("secret-key");
        let request = Request {
            method: Method::GET,
            path: "/rest",
            key: Some(&key),
            body: Some(b"secret-body".to_vec()),
            timeout: Duration::ZERO,
            limit: 0,
            terms: Terms::default(),
        };
        assert!(!format!("{request:?}").contains("secret"));
    }
}
