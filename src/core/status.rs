//! The one value that feeds every view. Its JSON is schema 1 of `status --json`: adding keys is fine,
//! renaming or removing one is a new schema.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::absence::{Expected, Why};
use super::attention::Reason;
use super::control::Hold;
use super::counters::Counters;
use super::failure::Class;
use super::kinds::Kind;
use super::pin::{Fingerprint, TrustMode};
use super::service::Service;
use super::sight::Shown;
use super::time::Timestamp;

/// The version of the JSON document.
pub const SCHEMA: u32 = 1;

/// Everything that is known, at one moment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Status {
    pub schema: u32,
    /// When this status was made.
    pub time: Timestamp,
    pub overall: Overall,
    pub engine: EngineInfo,
    /// Everything that needs a look, the most urgent first.
    #[serde(default)]
    pub attention: Vec<Arc<Reason>>,
    /// In the order of their names.
    pub instances: Vec<Arc<InstanceStatus>>,
}

/// The process that monitors.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EngineInfo {
    pub version: String,
    pub pid: u32,
    pub since: Timestamp,
    /// Why the config file was not taken over; the one before it is in force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config_problem: Option<String>,
}

/// A line of `status --watch --json` and `journal --follow --json` that is no status and no entry: told by its key
/// `stream`, which those do not have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StreamNote {
    pub schema: u32,
    pub time: Timestamp,
    pub stream: StreamNews,
}

/// What became of the engine behind a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum StreamNews {
    /// The engine ended: what was told before is no longer followed. It is looked for.
    EngineGone,
    /// None was found: what follows is watched without it.
    WithoutEngine,
    /// What follows is an engine's word again.
    EngineBack,
}

/// One word for all instances together.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Overall {
    /// Everything is in order.
    Ok,
    /// Everything is switched off.
    Paused,
    /// Work is going on, or there is no answer yet.
    Busy,
    /// A person should look at something.
    Attention,
    /// An instance cannot be reached.
    Offline,
    /// A security alert.
    Alert,
}

/// One monitored server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct InstanceStatus {
    pub name: String,
    pub kind: Kind,
    /// Empty until the server's address is known.
    pub url: String,
    /// It runs on this computer.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub local: bool,
    pub link: Link,
    /// The last known state; `null` before the first answer.
    pub service: Option<Arc<Service>>,
    /// What syncwatch paused of it, and will let go on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub holds: Vec<Hold>,
    /// What needs a look of it, the most urgent first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attention: Vec<Arc<Reason>>,
    /// What was counted since the engine started.
    #[serde(default, skip_serializing_if = "no_counters")]
    pub counters: Arc<Counters>,
}

fn no_counters(counters: &Counters) -> bool {
    counters.is_empty()
}

/// The connection to an instance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Link {
    pub state: LinkState,
    /// When this state began.
    pub since: Timestamp,
    /// The file on disk is newer than what the server serves: healthy, until its next restart.
    pub restart_pending: bool,
    /// What is wrong, hidden or not; `null` when nothing is.
    pub failure: Option<Failure>,
    /// An absence that was announced and is no trouble yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<Expected>,
    pub trust: TrustStatus,
    /// Certificate changes that were seen through to a verified connection.
    pub rotations: u64,
    /// When the last one was seen through.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_rotation: Option<Timestamp>,
    /// Failures that were met while nothing was shown; only ever grows.
    pub hidden_failures: u64,
    /// From the first chance to connect again to the first verified answer, milliseconds.
    pub last_recovery_ms: Option<u64>,
    /// The next attempt, while failing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_attempt: Option<Timestamp>,
    /// Any certificate is accepted for this target, or there is none.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub insecure: bool,
    /// There is none: the connection is not encrypted (`ws://`).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub plain: bool,
}

/// The state of a link; the strings are API.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum LinkState {
    /// No answer yet, within patience.
    Starting,
    /// The last request succeeded over a verified connection.
    Connected,
    /// Failing, within patience, and a rotation is under way.
    Rotating,
    /// Failing, within patience, no rotation.
    Reconnecting,
    /// Failing past its patience.
    Disconnected,
    /// An unpinned certificate past its patience: a security alert.
    Untrusted,
    /// Credentials refused.
    Unauthorized,
    /// Cannot work as configured.
    Misconfigured,
    /// Monitoring is switched off.
    Paused,
}

impl LinkState {
    /// Every state, the quiet ones first.
    pub const ALL: [Self; 9] = [
        Self::Starting,
        Self::Connected,
        Self::Rotating,
        Self::Reconnecting,
        Self::Disconnected,
        Self::Untrusted,
        Self::Unauthorized,
        Self::Misconfigured,
        Self::Paused,
    ];

    /// Whether the user must hear of it.
    pub fn is_loud(self) -> bool {
        self.severity() > 0
    }

    /// 0 for the quiet states; then the worse, the higher.
    pub fn severity(self) -> u8 {
        match self {
            Self::Starting | Self::Connected | Self::Rotating => 0,
            Self::Reconnecting | Self::Paused => 0,
            Self::Disconnected => 1,
            Self::Misconfigured => 2,
            Self::Unauthorized => 3,
            Self::Untrusted => 4,
        }
    }

    /// The word used in JSON and on screen.
    pub fn name(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Connected => "connected",
            Self::Rotating => "rotating",
            Self::Reconnecting => "reconnecting",
            Self::Disconnected => "disconnected",
            Self::Untrusted => "untrusted",
            Self::Unauthorized => "unauthorized",
            Self::Misconfigured => "misconfigured",
            Self::Paused => "paused",
        }
    }
}

/// The failure of a link, hidden or not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Failure {
    pub class: Class,
    /// When the outage began; kept when the class changes within it.
    pub since: Timestamp,
    /// When it is shown, unless it ends before.
    pub shown_after: Timestamp,
    /// Failed attempts in this outage.
    pub attempts: u32,
    /// What happened and what it means.
    pub message: String,
    /// What to do.
    pub hint: String,
}

/// How the certificate is judged, and what was seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TrustStatus {
    pub mode: TrustMode,
    /// The pin or CA file.
    pub path: Option<String>,
    /// The program that prints the pin (trust `command`), without its arguments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// The pin that was last verified on the wire, or the one to expect.
    pub current: Option<Fingerprint>,
    /// The pin that will replace it.
    pub pending: Option<Fingerprint>,
    /// What the server showed last.
    pub served: Option<Fingerprint>,
    /// When the served certificate ends, where known.
    pub not_after: Option<Timestamp>,
    /// Who signed the certificate that Syncthing replaced with one of its own, because it could not load that one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thrown_away: Option<String>,
    /// What the served certificate says of itself while it is not accepted. Anybody could write it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown: Option<Shown>,
}

impl Link {
    /// Nothing was pinned for it yet: first contact, which is no alarm.
    pub fn is_unpinned(&self) -> bool {
        let failure = self.failure.as_ref();
        self.state.is_loud() && failure.is_some_and(|failure| failure.class == Class::NotPinned)
    }

    /// The served certificate, where it is the user's to accept it.
    pub fn acceptable(&self) -> Option<Fingerprint> {
        let open = self.state == LinkState::Untrusted || self.is_unpinned();
        let by_hand = self.trust.mode.not_by_hand().is_none();
        self.trust.served.filter(|_| open && by_hand)
    }
}

impl StreamNote {
    /// These news, now.
    pub fn new(stream: StreamNews, time: Timestamp) -> Self {
        Self {
            schema: SCHEMA,
            time,
            stream,
        }
    }
}

impl Status {
    /// The instance called `name`.
    pub fn instance(&self, name: &str) -> Option<&InstanceStatus> {
        let by_name = |instance: &Arc<InstanceStatus>| instance.name.as_str().cmp(name);
        let found = self.instances.binary_search_by(by_name).ok();
        let found = found.and_then(|at| self.instances.get(at)).map(Arc::as_ref);
        // Whoever made a status by hand may have put them in another order.
        let mut instances = self.instances.iter().map(Arc::as_ref);
        found.or_else(|| instances.find(|instance| instance.name == name))
    }

    /// Whether both show the same of every instance. Quick for statuses of one engine, which share what did not change.
    pub fn shows_the_same_as(&self, other: &Self) -> bool {
        let pairs = self.instances.iter().zip(&other.instances);
        self.instances.len() == other.instances.len()
            && pairs
                .into_iter()
                .all(|(one, other)| Arc::ptr_eq(one, other))
    }
}

impl Overall {
    /// The word for several instances.
    pub fn of<'a>(instances: impl IntoIterator<Item = &'a InstanceStatus>) -> Self {
        Self::together(instances.into_iter().map(InstanceStatus::overall))
    }

    /// The word for several that have one each.
    pub fn together(words: impl IntoIterator<Item = Self>) -> Self {
        let worst = words.into_iter().reduce(|one, other| match (one, other) {
            (Self::Paused, other) => other,
            (one, Self::Paused) => one,
            (one, other) => one.max(other),
        });
        worst.unwrap_or(Self::Ok)
    }

    /// The word used in JSON and on screen.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Paused => "paused",
            Self::Busy => "busy",
            Self::Attention => "attention",
            Self::Offline => "offline",
            Self::Alert => "alert",
        }
    }
}

impl Link {
    /// The user had the server shut down, and it is not back: that is as it should be.
    pub fn is_shut_down(&self) -> bool {
        let why = self.expected.as_ref().map(|expected| expected.why);
        why == Some(Why::Shutdown) && self.failure.is_some() && !self.state.is_loud()
    }
}

impl InstanceStatus {
    /// One word for this instance. While a failure is hidden, the service's last known state counts.
    pub fn overall(&self) -> Overall {
        match self.link.state {
            LinkState::Paused => Overall::Paused,
            _ if self.link.is_shut_down() => Overall::Paused,
            LinkState::Untrusted => Overall::Alert,
            LinkState::Unauthorized | LinkState::Misconfigured => Overall::Attention,
            LinkState::Disconnected => Overall::Offline,
            LinkState::Starting => Overall::Busy,
            LinkState::Connected | LinkState::Rotating | LinkState::Reconnecting => {
                match self.service.as_deref() {
                    _ if self.needs_attention() => Overall::Attention,
                    Some(service) if service.is_busy() => Overall::Busy,
                    Some(_) => Overall::Ok,
                    None => Overall::Busy,
                }
            }
        }
    }
}
