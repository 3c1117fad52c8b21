//! What one look at a server's handshake shows: the wire, the certificate, or why there was none.
//!
//! Nothing here decides about trust. Texts that a peer chose are cleaned and bounded by who fills them in.

use std::net::SocketAddr;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::failure::Fault;
use super::pin::Pin;
use super::time::Timestamp;

/// One look: a handshake that was tried once, with nothing said in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sight {
    pub offer: Offer,
    pub wire: Wire,
    pub outcome: Result<Served, Fault>,
}

/// What the handshake offered. The usual one is [`Offer::WHOLE`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offer {
    /// The name that is wanted is sent along (SNI).
    pub name: bool,
    /// TLS 1.3 beside 1.2.
    pub tls13: bool,
}

/// What passed over the wire, in numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wire {
    /// A connection was made; everything else is of it.
    pub connected: bool,
    /// Where to; `None` over a unix socket.
    pub address: Option<SocketAddr>,
    /// Bytes, the ClientHello first.
    pub sent: u64,
    /// Bytes.
    pub received: u64,
    /// From the connection to its end.
    pub lasted: Duration,
    /// The server asked for a client certificate.
    pub wants_certificate: bool,
    /// The number of the alert that ended it.
    pub alert: Option<u8>,
}

/// What a server served in a handshake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Served {
    pub certificate: Certificate,
    /// Certificates that came along, the server's own included.
    pub chain: usize,
    /// The certificate at the end of the chain that the server sent, where that is another than its own.
    pub last: Option<Issued>,
    /// Such as `TLS 1.3`.
    pub protocol: String,
    /// Such as `TLS13_AES_128_GCM_SHA256`.
    pub cipher_suite: String,
    /// The application protocol that the server chose, when it chose one.
    pub alpn: Option<String>,
    /// What the server complained about after the handshake, such as a client certificate that it wants.
    pub complaint: Option<Fault>,
}

/// Who a certificate is for and who signed it, by their own words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issued {
    pub subject: String,
    pub issuer: String,
}

/// What a certificate that is not accepted says of itself, in short. Whoever made it could write anything.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Shown {
    pub subject: String,
    pub issuer: String,
    /// DNS names and IP addresses that it is for; 8 at most.
    pub names: Vec<String>,
    pub not_before: Option<Timestamp>,
    pub not_after: Option<Timestamp>,
    /// Issuer and subject are the same; the signature is not checked.
    pub self_signed: bool,
}

/// Names in [`Shown`], and characters of each text in it.
const SHOWN_NAMES: usize = 8;
const SHOWN_TEXT: usize = 80;

impl Shown {
    /// Made by a Syncthing for itself (lib/tlsutil NewCertificate), by its own words.
    pub fn is_syncthings_own(&self) -> bool {
        let says = |part| self.subject.contains(part);
        self.self_signed && says("O=Syncthing") && says("OU=Automatically Generated")
    }
}

/// Why a Syncthing cannot load a certificate together with its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PairTrouble {
    KeyEncrypted,
    /// There is no key in the key's file.
    NoKey,
    /// The key belongs to another certificate.
    Mismatch,
    /// It belongs to a certificate further down in the file.
    NotFirst,
    /// A byte order mark hides the beginning of the certificate's file.
    MarkBeforeCertificate,
    /// The same for the key's.
    MarkBeforeKey,
}

impl Certificate {
    /// The most of it that is worth to be passed on.
    pub fn shown(&self) -> Shown {
        let short = |text: &String| text.chars().take(SHOWN_TEXT).collect();
        Shown {
            subject: short(&self.subject),
            issuer: short(&self.issuer),
            names: self.names.iter().take(SHOWN_NAMES).map(short).collect(),
            not_before: self.not_before,
            not_after: self.not_after,
            self_signed: self.self_signed,
        }
    }
}

/// What a certificate says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    pub pin: Pin,
    pub subject: String,
    pub issuer: String,
    /// DNS names and IP addresses that it is for; 100 at most.
    pub names: Vec<String>,
    pub not_before: Option<Timestamp>,
    pub not_after: Option<Timestamp>,
    /// Such as `ECDSA P-384` or `RSA 2048`.
    pub key: String,
    /// Issuer and subject are the same; the signature is not checked.
    pub self_signed: bool,
    /// A Syncthing that starts within 30 days of its end makes a new one: it is self-issued, for one name at most, which is
    /// its subject's (lib/api/api.go shouldRegenerateCertificate).
    pub renewed_by_syncthing: bool,
    /// Why no TLS handshake here can succeed with it.
    pub unusable: Option<String>,
}

impl Offer {
    /// What every request offers too.
    pub const WHOLE: Self = Self {
        name: true,
        tls13: true,
    };
    /// Without TLS 1.3.
    pub const TLS12: Self = Self {
        name: true,
        tls13: false,
    };
    /// Without the name.
    pub const NAMELESS: Self = Self {
        name: false,
        tls13: true,
    };
}

impl Served {
    /// Who issued the end of the chain, and so would have to be trusted or sent along.
    pub fn missing_issuer(&self) -> &str {
        match &self.last {
            Some(last) => &last.issuer,
            None => &self.certificate.issuer,
        }
    }

    /// The chain ends with a certificate that signed itself: a root.
    pub fn ends_with_root(&self) -> bool {
        match &self.last {
            Some(last) => last.subject == last.issuer,
            None => self.certificate.self_signed,
        }
    }
}
