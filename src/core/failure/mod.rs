//! Failures: what went wrong on a link, decided once at the edge.
//!
//! Invariant: a class is decided by type, never by a string, and everything else about it stands in one [`TABLE`].

mod hints;
mod patience;
mod rule;
mod table;
mod words;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::kebab::kebab;
use super::pin::Fingerprint;
use super::sight::Shown;
pub use patience::Patience;
pub use rule::{Doubt, Retry, Rule};
pub use table::{TABLE, fill};
pub use words::{About, openssl};

/// What went wrong on a link, decided once at the edge, by type and never by a string.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// No Syncthing configuration in any of the usual places.
    NotFound,
    /// Syncthing's own configuration is there but cannot be used.
    BadSource,
    /// The pin file is not there, and nothing else is pinned.
    NoPin,
    /// The pin file is there but holds no certificate that can be used.
    BadPinFile,
    /// The API key could not be had from its source.
    NoKey,
    /// The TCP connection was refused.
    Refused,
    /// No route to the host or network.
    Unreachable,
    /// The connection was reset during the TLS handshake.
    HandshakeReset,
    /// The connection was closed during the TLS handshake.
    HandshakeEof,
    /// The connection ended before a whole reply head.
    Lost,
    /// No TCP connection or handshake in time.
    ConnectTimeout,
    /// Connected, but no reply in time.
    RequestTimeout,
    /// The host name has no address.
    Dns,
    /// Something other than TLS answered.
    NotTls,
    /// The peer says that it expects TLS.
    TlsExpected,
    /// The peer ended the handshake with a TLS alert.
    TlsAlert,
    /// Another protocol error inside TLS.
    TlsProtocol,
    /// A certificate that is not pinned was served.
    PinMismatch,
    /// The handshake signature does not fit the certificate.
    BadSignature,
    /// Expired or from an unknown issuer (trust `ca` and `system`).
    Certificate,
    /// The certificate is for another name (trust `ca` and `system`).
    WrongName,
    /// A pinned certificate that TLS cannot work with (X.509 v1, RSA-1024, ...).
    UnusableCertificate,
    /// The body ended early.
    Truncated,
    /// The body is larger than anything this service sends.
    TooLarge,
    /// A whole reply that is not what this service sends.
    BadReply,
    /// 5xx.
    ServerError,
    /// 401.
    Unauthorized,
    /// 403 `Forbidden`.
    Forbidden,
    /// 403 `CSRF Error`: a missing or wrong API key.
    Csrf,
    /// 403 `Host check error`.
    HostCheck,
    /// 3xx; never followed.
    Redirect,
    /// 404 or another 4xx where the API should be.
    BadPath,
    /// A proxy answers for a service that does not: 502, 503 or 504.
    UpstreamDown,
    /// A whole reply where a websocket should be.
    NotWebsocket,
    /// The server knows no site of the name that was asked for: alert 112, or 421.
    SniRefused,
    /// The server wants a client certificate: alert 116.
    ClientCertificate,
    /// Another certificate at each of two connections in a row, neither of them pinned.
    NewCertificateEachTime,
    /// The server refuses a login because of its time.
    ClockSkew,
    /// A token is past its time, and so is the newest that its source gives.
    TokenExpired,
    /// A login was refused, and each further one would bother the server's owner.
    PasswordRefused,
    /// The service said that it ends.
    Quit,
    /// The server asked not to be connected to again.
    Rejected,
    /// No certificate was pinned yet: first contact.
    NotPinned,
    /// 429.
    TooManyRequests,
    /// 407.
    ProxyLogin,
    /// The page that gives the token shows a certificate that is not trusted.
    UntrustedTokenPage,
    /// A Syncthing that rewrites its database: until that is done it answers without TLS.
    UpgradingDatabase,
}

/// One failure as it was met. Holds no secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    pub class: Class,
    /// The innermost error or a short quote of the reply; bounded, hostile, never a secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The certificate that was served, where one was seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub served: Option<Fingerprint>,
    /// What that says of itself, where it was not accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown: Option<Box<Shown>>,
    /// The server asked not to be asked again for so many seconds; an hour at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u32>,
}

impl Fault {
    /// A fault with nothing more to tell.
    pub fn new(class: Class) -> Self {
        Self {
            class,
            detail: None,
            served: None,
            shown: None,
            retry_after: None,
        }
    }

    /// A fault with a detail, cut to 200 characters, control characters replaced.
    pub fn with_detail(class: Class, detail: impl AsRef<str>) -> Self {
        let clean = |char: char| if is_unprintable(char) { ' ' } else { char };
        let detail = detail
            .as_ref()
            .trim()
            .chars()
            .take(200)
            .map(clean)
            .collect();
        Self {
            detail: Some(detail),
            ..Self::new(class)
        }
    }

    /// The same fault, met while `served` was on the wire.
    #[must_use]
    pub fn with_served(self, served: Option<Fingerprint>) -> Self {
        Self { served, ..self }
    }

    /// The same fault, where the served certificate said this of itself.
    #[must_use]
    pub fn with_shown(self, shown: Option<Box<Shown>>) -> Self {
        Self { shown, ..self }
    }
}

impl Class {
    /// The row of [`TABLE`] for this class.
    pub fn rule(self) -> &'static Rule {
        // The table has every class in order; a test holds it to that.
        TABLE
            .iter()
            .find(|rule| rule.class == self)
            .unwrap_or(&table::FALLBACK)
    }

    /// The name used in config, JSON and metrics, such as `pin-mismatch`.
    pub fn name(self) -> String {
        kebab(&self)
    }

    /// The certificate itself, or what proves it, was refused: one that was served along with it was not verified.
    pub fn is_about_certificate(self) -> bool {
        matches!(
            self,
            Class::PinMismatch
                | Class::NewCertificateEachTime
                | Class::BadSignature
                | Class::Certificate
                | Class::WrongName
                | Class::UnusableCertificate
                | Class::UntrustedTokenPage
                | Class::NotPinned
        )
    }

    /// Something was asked and not answered as it should be: that, and nothing else, must work again. After any other
    /// failure whatever is answered shows that the server is back.
    pub fn comes_of_a_question(self) -> bool {
        matches!(
            self,
            Class::Lost
                | Class::RequestTimeout
                | Class::Truncated
                | Class::TooLarge
                | Class::BadReply
                | Class::ServerError
                | Class::Unauthorized
                | Class::Forbidden
                | Class::Csrf
                | Class::HostCheck
                | Class::Redirect
                | Class::BadPath
                | Class::UpstreamDown
                | Class::NotWebsocket
                | Class::ClockSkew
                | Class::TokenExpired
                | Class::PasswordRefused
                | Class::Rejected
                | Class::TooManyRequests
        )
    }

    /// Another attempt soon would be refused again.
    pub fn is_refusal(self) -> bool {
        self.rule().retry != Retry::Soon
    }

    /// The peer is away, or not quite there yet; not another one in its place.
    pub fn is_absence(self) -> bool {
        self.is_connection_level()
            || matches!(
                self,
                Class::ConnectTimeout
                    | Class::RequestTimeout
                    | Class::ServerError
                    | Class::UpstreamDown
                    | Class::UpgradingDatabase
            )
    }

    /// The peer's TCP connection failed or ended: an opened certificate file says that it is about to listen.
    pub fn is_connection_level(self) -> bool {
        matches!(
            self,
            Class::Refused
                | Class::HandshakeReset
                | Class::HandshakeEof
                | Class::Lost
                | Class::Truncated
        )
    }
}

/// Control characters, and those that turn the reading direction of what a person sees.
fn is_unprintable(char: char) -> bool {
    char.is_control()
        || matches!(char, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn braces_that_are_no_key_stay() {
        let value = |key: &str| (key == "name").then(|| "laptop".to_owned());
        assert_eq!(
            fill("{name}: trust = { file = ... } {name", value),
            "laptop: trust = { file = ... } {name"
        );
    }

    #[test]
    fn the_table_has_every_class_once_with_words() {
        let last = TABLE.last().expect("rows").class;
        assert_eq!(last as usize + 1, TABLE.len());
        for (index, rule) in TABLE.iter().enumerate() {
            assert_eq!(rule.class as usize, index, "{:?}", rule.class);
            assert!(
                !rule.message.is_empty() && !rule.hint.is_empty(),
                "{:?}",
                rule.class
            );
            assert!(rule.loud.is_loud(), "{:?}", rule.class);
            assert!(rule.rotating_patience >= rule.patience, "{:?}", rule.class);
        }
    }

    #[test]
    fn names_are_those_of_serde() {
        for rule in TABLE {
            let json = serde_json::to_value(rule.class).expect("serializes");
            assert_eq!(json, rule.class.name());
        }
    }
}
