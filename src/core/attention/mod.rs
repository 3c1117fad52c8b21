//! What needs a look: one list of reasons, made here and nowhere else. Headline, exit code, menu, notices, metrics and
//! hooks all go by it.
//!
//! To add a reason: a line of [`What`] in its place of urgency, an arm that finds it in `arms.rs`, its words in
//! `words.rs`, and the few words of a headline in `view/words.rs`.
//!
//! Invariant: pure. What is not known is no reason, and no list is longer than [`MOST`] of each kind.

mod arms;
mod record;
mod words;

use std::collections::BTreeMap;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::holds::Chosen;
use super::kebab::kebab;
use super::service::Service;
use super::status::{InstanceStatus, LinkState};
use super::time::Timestamp;
pub use record::Recorder;

/// So many reasons of one kind are listed for an instance.
pub const MOST: usize = 100;

/// A kind of reason, the most urgent first; the strings are API.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// A folder stopped: nothing in it is synced.
    Stopped,
    /// Items of a folder could not be synced.
    FailedItems,
    /// A folder needs what nobody gives it.
    OutOfSync,
    /// A receive-encrypted folder holds what was added here.
    UnexpectedItems,
    /// Changes in a folder are not noticed before the next full scan.
    WatchError,
    /// The connection of a device ends at once, again and again.
    Unsteady,
    /// The server lists errors of its own.
    Errors,
    /// Something that it says of itself is not as the config expects it.
    Expectation,
    /// Two devices changed the same file.
    Conflicts,
    /// A device wants to connect, or offers a folder.
    Offer,
    /// A device has not accepted a folder that is shared with it.
    NotAccepted,
    /// The server asks to be restarted.
    RestartRequired,
    /// Whoever answers proves nothing.
    Insecure,
}

/// Something that needs a look.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Reason {
    pub what: What,
    /// The name of the instance.
    pub instance: String,
    /// What it is about, by name: a folder, a device, an expectation. Empty where it is the instance as a whole.
    pub subject: String,
    /// The ID of the folder that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<String>,
    /// The ID of the device that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// How many things it is about: failed items, errors, conflicts; 1 where there is nothing to be counted.
    pub count: u64,
    /// Since when it holds, as far as that is known.
    pub since: Timestamp,
    /// What is so, and what it means.
    pub message: String,
    /// What to do; empty where nothing is to be done.
    pub hint: String,
    /// The config says that it may be so: it is shown, and counts as nothing wrong.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub accepted: bool,
}

/// What the reasons of an instance are found in.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// The name of the instance.
    pub name: &'a str,
    pub state: LinkState,
    /// Any certificate is accepted, or there is none.
    pub insecure: bool,
    /// There is none.
    pub plain: bool,
    /// The last known state.
    pub service: Option<&'a Service>,
    /// The folders and devices that may be away.
    pub may_be_away: &'a Chosen,
}

/// The reasons of one instance, the most urgent first. Each is as old as the same one `before`; a new one begins `now`,
/// unless the server says when.
pub fn reasons(seen: &Seen<'_>, before: &[Arc<Reason>], now: Timestamp) -> Vec<Arc<Reason>> {
    // Nothing is watched, so that nothing is known.
    if seen.state == LinkState::Paused {
        return Vec::new();
    }
    let known: BTreeMap<_, Timestamp> = before.iter().map(|old| (key(old), old.since)).collect();
    let mut reasons = arms::find(seen, now);
    for reason in &mut reasons {
        let since = known.get(&key(reason)).copied();
        reason.since = since.map_or(reason.since, |since| since.min(reason.since));
    }
    reasons.sort_by_key(|reason| (reason.accepted, reason.what));
    reasons.into_iter().map(Arc::new).collect()
}

/// The reasons of several instances in one list, the most urgent first.
pub fn together<'a>(instances: impl IntoIterator<Item = &'a InstanceStatus>) -> Vec<Arc<Reason>> {
    let each = instances.into_iter().map(|instance| &instance.attention);
    let mut all: Vec<Arc<Reason>> = each.flatten().cloned().collect();
    all.sort_by_key(|reason| (reason.accepted, reason.what));
    all
}

impl What {
    /// Every kind, the most urgent first.
    pub const ALL: [Self; 13] = [
        Self::Stopped,
        Self::FailedItems,
        Self::OutOfSync,
        Self::UnexpectedItems,
        Self::WatchError,
        Self::Unsteady,
        Self::Errors,
        Self::Expectation,
        Self::Conflicts,
        Self::Offer,
        Self::NotAccepted,
        Self::RestartRequired,
        Self::Insecure,
    ];

    /// The word used in JSON and metrics, such as `failed-items`.
    pub fn name(self) -> String {
        kebab(&self)
    }
}

impl InstanceStatus {
    /// The reasons that count, the most urgent first.
    pub fn reasons(&self) -> impl Iterator<Item = &Reason> {
        let reasons = self.attention.iter().map(AsRef::as_ref);
        reasons.filter(|reason| !reason.accepted)
    }

    /// What is not as it should be and may be so, by the word of the config.
    pub fn accepted(&self) -> impl Iterator<Item = &Reason> {
        let reasons = self.attention.iter().map(AsRef::as_ref);
        reasons.filter(|reason| reason.accepted)
    }

    /// A person should look at something.
    pub fn needs_attention(&self) -> bool {
        self.reasons().next().is_some()
    }

    /// What its reasons are found in, where `may_be_away` is not known from it.
    pub fn seen<'a>(&'a self, may_be_away: &'a Chosen) -> Seen<'a> {
        Seen {
            name: &self.name,
            state: self.link.state,
            insecure: self.link.insecure,
            plain: self.link.plain,
            service: self.service.as_deref(),
            may_be_away,
        }
    }
}

/// What makes it the same reason when it is found again.
fn key(reason: &Reason) -> (What, Option<&str>, Option<&str>, &str) {
    let (folder, device) = (reason.folder.as_deref(), reason.device.as_deref());
    // A folder or device that gets another name stays what it is.
    let name = match (folder, device) {
        (None, None) => reason.subject.as_str(),
        _ => "",
    };
    (reason.what, folder, device, name)
}

#[cfg(test)]
mod tests;
