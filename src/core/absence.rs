//! An absence that was announced: why a server is away for a while, and until when that is no trouble.
//!
//! Invariant: it excuses who is away. Whoever answers in another way than expected, with another certificate say, is excused
//! by nothing.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::control::Action;
use super::time::Timestamp;

/// What a restart may take, from when it begins.
pub const RESTART: Duration = Duration::from_secs(60);
/// No announced delay is longer: a server that says so is not believed.
const LONGEST_DELAY: Duration = Duration::from_secs(3600);
/// The end may come so much earlier than announced.
const EARLY: Duration = Duration::from_secs(5);

/// Why a server is expected to be away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// The user had syncwatch restart it.
    Restart,
    /// The user had syncwatch shut it down.
    Shutdown,
    /// It said that it restarts into another version.
    Upgrade,
    /// It rewrites its database into another form, and cannot be asked meanwhile.
    Database,
}

/// What was announced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Absence {
    pub why: Why,
    /// It begins after so long.
    pub after: Duration,
    /// The version that it comes back with, where that was said.
    pub version: Option<String>,
}

/// An absence that is expected, or under way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Expected {
    pub why: Why,
    /// When it begins.
    pub since: Timestamp,
    /// When it becomes trouble; without, never: until the server is back or the user wants it back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// The version that it comes back with, where that was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

impl Absence {
    /// One that begins at once.
    pub fn now(why: Why) -> Self {
        Self {
            why,
            after: Duration::ZERO,
            version: None,
        }
    }

    /// What a server does of which `action` was asked.
    pub fn by(action: &Action) -> Option<Self> {
        match action {
            Action::Restart => Some(Self::now(Why::Restart)),
            Action::Shutdown => Some(Self::now(Why::Shutdown)),
            _ => None,
        }
    }

    /// What is expected once it was announced at `now`.
    pub fn expected(self, now: Timestamp) -> Expected {
        let since = now + self.after.min(LONGEST_DELAY);
        Expected {
            why: self.why,
            since,
            until: (self.why != Why::Shutdown).then(|| since + RESTART),
            version: self.version,
        }
    }
}

impl Expected {
    /// Until when whoever is away is excused.
    pub fn end(&self) -> Timestamp {
        let never = Timestamp::from_millis(i64::MAX);
        self.until.unwrap_or(never)
    }

    /// An outage that began at `began` and is over was the one that was announced.
    pub fn was(&self, began: Timestamp) -> bool {
        began + EARLY >= self.since
    }
}
