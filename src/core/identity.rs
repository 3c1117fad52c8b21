//! What a server is, whatever the config calls it: where it is asked for, and who it says it is.

use serde::{Deserialize, Serialize};

use super::holds::Held;
use super::kinds::Kind;

/// Where the config says that a server is. Holds no secret: a URL is without its query.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Address {
    pub kind: Kind,
    /// What is dialled and asked for by name: scheme, host and port, and what takes their place; or a home directory.
    pub at: String,
    /// The path within it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub path: String,
}

impl Address {
    /// Whoever answers there answers here too: it is dialled and judged in the same way.
    pub fn same_peer(&self, other: &Self) -> bool {
        self.kind == other.kind && self.at == other.at
    }
}

/// What is known of a server from before, when it was another instance's or nobody's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recalled {
    /// What is paused of it for a while.
    pub holds: Vec<Held>,
    /// Monitoring of it was switched off.
    pub paused: bool,
}
