//! What the shell counts at its edges since it started, as plain values for the views. Each number only ever grows.

use std::collections::BTreeMap;

/// Everything that is counted outside the core.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// By instance.
    pub traffic: BTreeMap<String, Traffic>,
    /// Replies of the page for Prometheus, by HTTP status.
    pub replies: BTreeMap<u16, u64>,
    /// By hook.
    pub hooks: BTreeMap<String, HookUsage>,
}

/// What went between syncwatch and a server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Requests that were sent, upgrades to a websocket among them.
    pub requests: u64,
    /// Bodies of requests and messages of websockets; without headers and TLS.
    pub sent_bytes: u64,
    /// Bodies of replies and messages of websockets; without headers and TLS.
    pub received_bytes: u64,
}

/// What became of a hook's runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HookUsage {
    /// Runs that ended well.
    pub fine: u64,
    /// Runs that failed, a command by its exit code, a server by its answer or by none.
    pub failed: u64,
    /// Runs that were ended because they took too long.
    pub timed_out: u64,
    /// Events that were delivered, in however few runs.
    pub delivered: u64,
    /// Events that were left out because there were too many, or because no delivery of them succeeded.
    pub left_out: u64,
}
