//! What asking a server once shows, for `check`: each kind asks as its poller does, and says what it saw.

use std::fmt;
use std::time::Duration;

use secrecy::SecretString;

use super::ReadSecret;
use crate::core::{Fault, Timestamp};
use crate::tls::Client;

/// How long one request may take.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// What it takes to ask.
pub struct Examined<'a> {
    /// Pins what the engine would pin.
    pub client: &'a Client,
    /// The API key or password.
    pub key: &'a SecretString,
    /// The second secret, where there is one.
    pub second: Option<&'a dyn ReadSecret>,
    /// Tells the wall clock's time, for logins that depend on it.
    pub wall_clock: fn() -> Timestamp,
}

impl fmt::Debug for Examined<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Examined").finish_non_exhaustive()
    }
}

/// One step of an examination.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// What was looked at: `request` for the way there, `key` for who asks, or a word of the kind's own.
    pub step: &'static str,
    pub seen: Seen,
}

/// How a step went.
#[derive(Clone, Debug, PartialEq)]
pub enum Seen {
    /// All is well; what was seen. May hold what a server chose.
    Ok(String),
    /// Somebody should look at it, and what to do.
    Look { found: String, hint: String },
    /// Something is wrong that no failure of the way there is, and what to do.
    Wrong { found: String, hint: String },
    /// It failed; the words are those of the core's table.
    Failed(Fault),
    /// Not done, because of a step before.
    Skipped,
}

impl Finding {
    /// All is well.
    pub fn ok(step: &'static str, found: impl Into<String>) -> Self {
        let seen = Seen::Ok(found.into());
        Self { step, seen }
    }

    /// Somebody should look at it.
    pub fn look(step: &'static str, found: impl Into<String>, hint: impl Into<String>) -> Self {
        let (found, hint) = (found.into(), hint.into());
        let seen = Seen::Look { found, hint };
        Self { step, seen }
    }

    /// Something is wrong, though it answered.
    pub fn wrong(step: &'static str, found: impl Into<String>, hint: impl Into<String>) -> Self {
        let (found, hint) = (found.into(), hint.into());
        let seen = Seen::Wrong { found, hint };
        Self { step, seen }
    }

    /// It failed.
    pub fn failed(step: &'static str, fault: Fault) -> Self {
        let seen = Seen::Failed(fault);
        Self { step, seen }
    }

    /// Not done.
    pub fn skipped(step: &'static str) -> Self {
        let seen = Seen::Skipped;
        Self { step, seen }
    }
}
