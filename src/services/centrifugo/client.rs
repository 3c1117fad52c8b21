//! The protocol of the client websocket: what is said, what comes back, what an end means. Pure.
//!
//! Messages are JSON, one a line; several may come in one frame, and `{}` alone is a ping.

use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::json;

use super::api::{Mistake, said};
use crate::core::{Class, Fault, Fingerprint};
use crate::tls::Reply;

/// How a client of ours is called in the server's own views.
const NAME: &str = "syncwatch";
/// What answers a ping.
pub(super) const PONG: &str = "{}";
/// A ping that is later than this is not coming.
const PING_GRACE: Duration = Duration::from_secs(10);
/// The numbers of our two commands.
const CONNECT: u32 = 1;
const REFRESH: u32 = 2;

/// Why a client is not, or no longer, connected.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Trouble {
    /// The token is not accepted, in the server's words: another one may be.
    Token(Fault),
    Fault(Fault),
}

/// One message of the server.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Said {
    Ping,
    Connected(Connected),
    /// For so long from now; `None` for ever.
    Refreshed(Option<Duration>),
    Refused(Mistake),
    /// What was asked for by nobody, such as a message in a channel.
    Other,
}

/// What the server said of a new connection.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub(super) struct Connected {
    #[serde(default)]
    version: String,
    #[serde(default)]
    expires: bool,
    #[serde(default)]
    ttl: u32,
    #[serde(default)]
    ping: u32,
    #[serde(default)]
    pub pong: bool,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Message {
    id: u32,
    error: Option<Mistake>,
    connect: Option<Connected>,
    refresh: Option<Refreshed>,
    push: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Refreshed {
    #[serde(default)]
    expires: bool,
    #[serde(default)]
    ttl: u32,
}

impl Connected {
    /// The server's version, where it says it, without the token.
    pub fn version_without(&self, token: &SecretString) -> String {
        said(&self.version, token)
    }

    /// How long the token serves; `None` for ever.
    pub fn lifetime(&self) -> Option<Duration> {
        self.expires.then(|| Duration::from_secs(self.ttl.into()))
    }

    /// How long the server may be silent; `None` where it does not ping.
    pub fn silence(&self) -> Option<Duration> {
        (self.ping > 0).then(|| Duration::from_secs(self.ping.into()) + PING_GRACE)
    }
}

impl Trouble {
    /// The same, met while `served` was on the wire.
    pub fn with_served(self, served: Option<Fingerprint>) -> Self {
        match self {
            Self::Token(fault) => Self::Token(fault.with_served(served)),
            Self::Fault(fault) => Self::Fault(fault.with_served(served)),
        }
    }
}

impl From<Fault> for Trouble {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// The first command. It holds the token.
pub(super) fn connect(token: &SecretString) -> String {
    let connect = match token.expose_secret() {
        "" => json!({ "name": NAME }),
        token => json!({ "name": NAME, "token": token }),
    };
    json!({ "id": CONNECT, "connect": connect }).to_string()
}

/// The command that shows another token. It holds the token.
pub(super) fn refresh(token: &SecretString) -> String {
    json!({ "id": REFRESH, "refresh": { "token": token.expose_secret() } }).to_string()
}

/// The messages in a frame.
///
/// # Errors
/// `BadReply` for what is none.
pub(super) fn messages(frame: &str) -> Result<Vec<Said>, Fault> {
    let lines = frame.lines().filter(|line| !line.trim().is_empty());
    lines
        .map(|line| match serde_json::from_str::<Message>(line) {
            Ok(message) => Ok(message.said()),
            Err(_) => Err(Fault::with_detail(
                Class::BadReply,
                "what came over its websocket is none of Centrifugo's messages",
            )),
        })
        .collect()
}

impl Message {
    fn said(self) -> Said {
        match self {
            Self {
                error: Some(mistake),
                id: CONNECT | REFRESH,
                ..
            } => Said::Refused(mistake),
            Self {
                connect: Some(connected),
                id: CONNECT,
                ..
            } => Said::Connected(connected),
            Self {
                refresh: Some(refreshed),
                id: REFRESH,
                ..
            } => {
                let lifetime = Duration::from_secs(refreshed.ttl.into());
                Said::Refreshed(refreshed.expires.then_some(lifetime))
            }
            Self {
                id: 0,
                error: None,
                connect: None,
                refresh: None,
                push: None,
            } => Said::Ping,
            _ => Said::Other,
        }
    }
}

/// What it means that a command was refused.
pub(super) fn refused(mistake: &Mistake, token: &SecretString) -> Trouble {
    match mistake.code {
        // Unauthorized, permission denied, token expired.
        101 | 103 | 109 => {
            let words = mistake.words(token);
            Trouble::Token(Fault::with_detail(Class::Unauthorized, words))
        }
        _ => Trouble::Fault(mistake.fault(token)),
    }
}

/// What it means that the server closed the connection (<https://centrifugal.dev/docs/server/codes>).
pub(super) fn closed(code: Option<u16>, reason: &str, token: &SecretString) -> Trouble {
    let number = code.unwrap_or(1005);
    let reason = match said(reason, token) {
        reason if reason.trim().is_empty() => "no reason given".to_owned(),
        reason => reason,
    };
    let words = format!("code {number}: {reason}");
    let has_token = !token.expose_secret().is_empty();
    let fault = |class| Fault::with_detail(class, &words);
    match number {
        3001 => Trouble::Fault(Fault::with_detail(
            Class::Quit,
            "the server is shutting down",
        )),
        3005 | 3500 => Trouble::Token(fault(Class::Unauthorized)),
        3501 if !has_token => Trouble::Token(Fault::with_detail(
            Class::Unauthorized,
            format!("it wants a token, and none is set; {words}"),
        )),
        3503 => Trouble::Fault(Fault::with_detail(
            Class::Rejected,
            format!("the server's API disconnected this client; {words}"),
        )),
        3500..=3999 | 4500..=4999 => Trouble::Fault(fault(Class::Rejected)),
        _ => Trouble::Fault(fault(Class::Lost)),
    }
}

/// What a reply means where a websocket should be.
pub(super) fn declined(reply: Reply) -> Trouble {
    let served = reply.served.map(|pin| pin.fingerprint);
    let status = reply.status;
    let fault = match reply.success() {
        Ok(_) => Fault::with_detail(Class::NotWebsocket, format!("it answered {status}")),
        Err(fault) if status == 401 => return Trouble::Token(fault),
        Err(fault) if fault.class == Class::BadPath => Fault {
            class: Class::NotWebsocket,
            ..fault
        },
        Err(fault) => fault,
    };
    Trouble::Fault(fault.with_served(served))
}

#[cfg(test)]
mod tests;
