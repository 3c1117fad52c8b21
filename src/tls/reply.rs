//! A whole reply and what its status means. Nothing here quotes a value of a reply that succeeded.

use std::fmt;

use jiff::fmt::rfc2822;
use reqwest::StatusCode;
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};
use serde::de::DeserializeOwned;
use serde_json::error::Category;

use super::certificate::printable;
use crate::core::{Class, Fault, Pin};

/// What a Go server tells a client that forgot TLS (`net/http` server.go), and what nginx does
/// (`src/http/ngx_http_special_response.c`).
const HTTP_TO_HTTPS: &[&str] = &[
    "HTTP request to an HTTPS server",
    "HTTP request was sent to HTTPS port",
];

/// What nginx tells a client without a certificate, after a handshake that succeeds (the same file).
const NO_CERTIFICATE: &str = "No required SSL certificate was sent";
/// Whoever asks for a longer pause than this is asked anyway, seconds.
const LONGEST_PAUSE: u32 = 3600;

/// A reply, read to its end.
#[derive(Clone, PartialEq, Eq)]
pub struct Reply {
    pub status: u16,
    /// The certificate of the very connection that carried it.
    pub served: Option<Pin>,
    pub headers: HeaderMap,
    /// Cut short when the status is none that was wanted: it is only read for its words.
    pub body: Vec<u8>,
}

impl Reply {
    /// This reply if its status says success.
    ///
    /// # Errors
    /// The fault that the status and, for 400 and 403, the words of the body stand for (`lib/api/api_csrf.go`,
    /// `lib/api/api.go` localhostMiddleware).
    pub fn success(self) -> Result<Self, Fault> {
        let class = match self.status {
            200..=299 => return Ok(self),
            300..=399 => Class::Redirect,
            400 if self.expects_tls() => Class::TlsExpected,
            400 if self.says(NO_CERTIFICATE) => Class::ClientCertificate,
            401 => Class::Unauthorized,
            403 if self.says("CSRF Error") => Class::Csrf,
            403 if self.says("Host check error") => Class::HostCheck,
            403 => Class::Forbidden,
            407 => Class::ProxyLogin,
            421 => Class::SniRefused,
            429 => Class::TooManyRequests,
            // By their definition the words of a proxy.
            502 | 504 => Class::UpstreamDown,
            400..=499 => Class::BadPath,
            500..=599 => Class::ServerError,
            _ => Class::BadReply,
        };
        Err(self.means(class))
    }

    /// The fault of this class, in the reply's own words.
    pub fn means(&self, class: Class) -> Fault {
        let fault = Fault::with_detail(class, self.words());
        Fault {
            retry_after: self.retry_after(),
            ..fault.with_served(self.served.map(|pin| pin.fingerprint))
        }
    }

    /// Whether it says that it was asked in the clear and wants TLS.
    pub fn expects_tls(&self) -> bool {
        self.status == 400 && HTTP_TO_HTTPS.iter().any(|words| self.says(words))
    }

    /// The body as JSON.
    ///
    /// # Errors
    /// `BadReply` with the place of the mistake; never with the value, which may be a secret of the server's config.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Fault> {
        serde_json::from_slice(&self.body).map_err(|error| {
            let problem = match error.classify() {
                Category::Eof => "JSON that ends too early",
                Category::Syntax | Category::Io => "no JSON",
                Category::Data => "JSON of another shape",
            };
            let (line, column) = (error.line(), error.column());
            Fault::with_detail(
                Class::BadReply,
                format!("{problem}, at line {line} column {column}"),
            )
            .with_served(self.served.map(|pin| pin.fingerprint))
        })
    }

    /// The pause that a server which is busy asks for, in seconds or until a date by its own clock (RFC 9110, 10.2.3).
    fn retry_after(&self) -> Option<u32> {
        let header = |name| self.headers.get(name)?.to_str().ok();
        let wanted = header(RETRY_AFTER).filter(|_| matches!(self.status, 429 | 503))?;
        let seconds = match wanted.trim().parse::<u64>() {
            Ok(seconds) => seconds,
            Err(_) => {
                let date = |text| rfc2822::parse(text).ok().map(|date| date.timestamp());
                let (until, now) = (date(wanted)?, date(header(DATE)?)?);
                u64::try_from(until.as_second() - now.as_second()).unwrap_or(0)
            }
        };
        Some(u32::try_from(seconds).map_or(LONGEST_PAUSE, |seconds| seconds.min(LONGEST_PAUSE)))
    }

    fn says(&self, words: &str) -> bool {
        String::from_utf8_lossy(&self.body).contains(words)
    }

    /// The status with its usual reason, such as `404 Not Found`.
    pub fn status_line(&self) -> String {
        let status = StatusCode::from_u16(self.status).ok();
        let reason = status.and_then(|status| status.canonical_reason());
        let line = format!("{} {}", self.status, reason.unwrap_or_default());
        line.trim_end().to_owned()
    }

    /// The status and the first line of the body, unless that is a page of HTML.
    fn words(&self) -> String {
        let status = self.status_line();
        let body = String::from_utf8_lossy(&self.body);
        match body.lines().map(str::trim).find(|line| !line.is_empty()) {
            Some(line) if !line.starts_with(['<', '{', '[']) => {
                format!("{status}: {}", printable(line, 100))
            }
            _ => status,
        }
    }
}

/// Without the body: `/rest/config` holds the key.
impl fmt::Debug for Reply {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Reply")
            .field("status", &self.status)
            .field("served", &self.served)
            .field("body", &format_args!("{} bytes", self.body.len()))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(status: u16, body: &str) -> Reply {
        Reply {
            status,
            served: None,
            headers: HeaderMap::new(),
            body: body.into(),
        }
    }

    #[test]
    fn each_status_has_its_class() {
        for (status, body, class) in [
            (302, "", Class::Redirect),
            (304, "", Class::Redirect),
            (
                400,
                "Client sent an HTTP request to an HTTPS server.\n",
                Class::TlsExpected,
            ),
            (400, "no", Class::BadPath),
            (401, "Not Authorized", Class::Unauthorized),
            (403, "CSRF Error\n", Class::Csrf),
            (403, "Host check error\n", Class::HostCheck),
            (403, "Forbidden\n", Class::Forbidden),
            (404, "404 page not found\n", Class::BadPath),
            (407, "", Class::ProxyLogin),
            (410, "", Class::BadPath),
            (429, "", Class::TooManyRequests),
            (
                400,
                "<center>No required SSL certificate was sent</center>",
                Class::ClientCertificate,
            ),
            (421, "", Class::SniRefused),
            (
                400,
                "<center>The plain HTTP request was sent to HTTPS port</center>",
                Class::TlsExpected,
            ),
            (500, "boom", Class::ServerError),
            (503, "", Class::ServerError),
            (199, "", Class::BadReply),
            (999, "", Class::BadReply),
        ] {
            let fault = reply(status, body).success().expect_err(body);
            assert_eq!(fault.class, class, "{status} {body}");
        }
        assert!(reply(204, "").success().is_ok());
    }

    #[test]
    fn a_pause_that_is_asked_for_is_kept_within_bounds() {
        let pause = |status, wanted: &'static str| {
            let mut reply = reply(status, "");
            let date = "Sat, 21 Nov 2026 02:00:00 GMT".parse().expect("a date");
            reply.headers.insert(DATE, date);
            let wanted = wanted.parse().expect("a header");
            reply.headers.insert(RETRY_AFTER, wanted);
            reply.success().expect_err("no success").retry_after
        };
        for (status, wanted, kept) in [
            (429, "7", Some(7)),
            (503, " 120 ", Some(120)),
            (429, "99999999999999", Some(LONGEST_PAUSE)),
            (429, "Sat, 21 Nov 2026 02:00:30 GMT", Some(30)),
            (429, "Sat, 21 Nov 2026 01:00:00 GMT", Some(0)),
            (429, "soon", None),
            (429, "-1", None),
            (404, "7", None),
        ] {
            assert_eq!(pause(status, wanted), kept, "{status} {wanted}");
        }
    }

    #[test]
    fn quotes_the_first_line_but_no_page() {
        let words = |body| reply(404, body).success().expect_err(body).detail;
        assert_eq!(
            words("\nno such folder\nmore").as_deref(),
            Some("404 Not Found: no such folder")
        );
        assert_eq!(words("<!doctype html>").as_deref(), Some("404 Not Found"));
        assert_eq!(
            words("a\u{202e}b\u{7}").as_deref(),
            Some("404 Not Found: a\u{fffd}b\u{fffd}")
        );
    }

    #[test]
    fn a_wrong_shape_never_shows_the_value() {
        let reply = reply(200, r#"{"apiKey": "secret-value"}"#);
        let fault = reply
            .json::<std::collections::BTreeMap<String, u64>>()
            .expect_err("shape");
        assert_eq!(fault.class, Class::BadReply);
        let shown = format!("{fault:?} {reply:?}");
        assert!(!shown.contains("secret-value"), "{shown}");
        assert!(shown.contains("line 1"), "{shown}");
    }
}
