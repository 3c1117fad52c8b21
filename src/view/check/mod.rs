//! What `syncwatch check` says of each step: what was seen, what it means, what to do.

mod certificate;
mod handshake;
mod pair;
mod pin_file;
mod report;

pub use certificate::{any, judged, pinned};
pub use handshake::{failed, finished};
pub use pair::pair;
pub use pin_file::{pin_command, pin_file};
pub use report::{Outcome, Report, Step};

use std::time::Duration;

use super::units::span;
use crate::core::{Kind, Timestamp};

/// A clock that is off by less harms nobody.
const CLOCK_TOLERANCE: Duration = Duration::from_secs(60);

/// Where the server is, and how it is trusted.
pub fn place(url: &str, trust: &str) -> Step {
    Step::ok("place", format!("{url} ({trust} trust)"))
}

/// A connection without TLS has no certificate.
pub fn without_tls() -> Step {
    Step::look(
        "handshake",
        "none: this connection is not encrypted, and there is no certificate to judge",
        "Use wss:// in 'url' where the server can.",
    )
}

/// The time that the server told, beside this computer's own; `None` where they agree.
pub fn clock(server: Timestamp, here: Timestamp) -> Option<Step> {
    let (off, which) = match server > here {
        true => (server.since(here), "ahead of"),
        false => (here.since(server), "behind"),
    };
    (off > CLOCK_TOLERANCE).then(|| {
        Step::look(
            "clock",
            format!("the server's clock is {} {which} this computer's", span(off)),
            "One of them is wrong. Certificates, tokens and some logins depend on the time: set both right, with NTP for good.",
        )
    })
}

/// Whose settings a hint speaks of.
fn is_syncthing(kind: Kind) -> bool {
    kind == Kind::Syncthing
}

/// `2026-11-28 01:20 UTC`.
fn minute(time: Timestamp) -> String {
    let text: String = time.to_string().chars().take(16).collect();
    format!("{} UTC", text.replace('T', " "))
}

/// `2026-11-28`.
fn day(time: Timestamp) -> String {
    time.to_string().chars().take(10).collect()
}

#[cfg(test)]
mod tests;
