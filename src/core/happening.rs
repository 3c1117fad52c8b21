//! What a hook is told: one thing that happened to one instance. Its JSON is a contract, like that of the status.

use serde::Serialize;

use super::kinds::Kind;
use super::occasion::Occasion;
use super::pin::Fingerprint;
use super::status::{InstanceStatus, LinkState};
use super::time::Timestamp;

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Happening {
    #[serde(serialize_with = "word")]
    pub event: Occasion,
    pub time: Timestamp,
    pub instance: String,
    pub kind: Kind,
    pub url: String,
    /// Of the link, when it happened.
    pub state: LinkState,
    /// What happened and what it means, for a person.
    pub message: String,
    /// What to do; empty where nothing is to be done.
    pub hint: String,
    /// The certificate that is served, where one was seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub served: Option<Fingerprint>,
    /// The certificate that is accepted, or that was before a rotation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pinned: Option<Fingerprint>,
}

impl Happening {
    /// Something that just happened to `instance`, without words.
    pub fn new(event: Occasion, time: Timestamp, instance: &InstanceStatus) -> Self {
        Self {
            event,
            time,
            instance: instance.name.clone(),
            kind: instance.kind,
            url: instance.url.clone(),
            state: instance.link.state,
            message: String::new(),
            hint: String::new(),
            served: instance.link.trust.served,
            pinned: instance.link.trust.current,
        }
    }
}

fn word<S: serde::Serializer>(event: &Occasion, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(event.name())
}
