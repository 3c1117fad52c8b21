//! One delivery: the JSON, and who carries it.

use std::collections::VecDeque;
use std::sync::Arc;

use serde::Serialize;

use super::queue::Batch;
use super::{post, run};
use crate::config::{Delivery, Environment, HookConfig};
use crate::core::happening::Happening;
use crate::core::{Status, Timestamp};
use crate::engine::DiskReader;
use crate::view::hook::message;

/// The version of the JSON document.
const SCHEMA: u32 = 1;

/// How a delivery ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Report {
    Fine,
    Failed {
        /// The beginning of a sentence, without a secret.
        why: String,
        /// The same may succeed later.
        again: bool,
    },
    /// It took too long and was ended.
    TimedOut,
}

/// A delivery and what the command wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trial {
    pub report: Report,
    /// On one line, cleaned and cut.
    pub said: String,
}

/// Delivers to one hook.
pub(super) struct Courier {
    pub(super) hook: HookConfig,
    pub(super) environment: Environment,
    /// What it is to know of the server is read by this.
    pub(super) disk: DiskReader,
}

/// What goes to standard input, or in the body.
#[derive(Serialize)]
struct Message<'a> {
    schema: u32,
    /// When it was written.
    time: Timestamp,
    version: &'a str,
    hook: &'a str,
    /// Somebody only tries the hook.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    test: bool,
    /// Oldest first.
    events: &'a VecDeque<Happening>,
    /// Older events that there was no room for.
    left_out: u64,
}

impl Courier {
    pub(super) fn new(hook: HookConfig, environment: &Environment) -> Self {
        Self {
            hook,
            environment: environment.clone(),
            disk: DiskReader::default(),
        }
    }

    pub(super) async fn carry(&self, batch: &Batch, now: Timestamp, test: bool) -> Trial {
        let message = Message {
            schema: SCHEMA,
            time: now,
            version: env!("CARGO_PKG_VERSION"),
            hook: &self.hook.name,
            test,
            events: &batch.events,
            left_out: batch.left_out,
        };
        let mut json = serde_json::to_vec(&message).unwrap_or_default();
        match &self.hook.delivery {
            Delivery::Run(program) => {
                json.push(b'\n');
                let command = program.command(&self.environment);
                run::run(command, json, self.hook.timeout).await
            }
            Delivery::Post(server) => {
                let told = post::post(server, self, json);
                let (report, said) = (told.await, String::new());
                Trial { report, said }
            }
        }
    }
}

/// Tells one hook of everything that it wants to hear of, once, as a test: it happened to the first instance that the
/// hook is for.
pub async fn try_out(hook: &HookConfig, environment: &Environment, status: &Status) -> Trial {
    let named = |name: &String| hook.instances.is_empty() || hook.instances.contains(name);
    let mut instances = status.instances.iter();
    let instance = instances.find(|instance| named(&instance.name));
    let events = hook.on.iter().filter_map(|event| {
        let mut happening = Happening::new(*event, status.time, Arc::as_ref(instance?));
        happening.message = message(&happening);
        Some(happening)
    });
    let batch = Batch {
        events: events.collect(),
        left_out: 0,
    };
    let courier = Courier::new(hook.clone(), environment);
    courier.carry(&batch, status.time, true).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::occasion::Occasion;
    use crate::core::{Fingerprint, Kind, LinkState};

    #[test]
    fn the_json_is_the_one_in_the_documentation() {
        let time = |text: &str| text.parse().expect("a time");
        let event = Happening {
            event: Occasion::Loud,
            time: time("2026-11-21T02:00:00Z"),
            instance: "nas".into(),
            kind: Kind::Syncthing,
            url: "https://nas.lan:8384".into(),
            state: LinkState::Untrusted,
            message: "What happened and what it means, for a person.".into(),
            hint: "What to do.".into(),
            served: Some(Fingerprint::from_digest([7; 32])),
            pinned: Some(Fingerprint::from_digest([8; 32])),
        };
        let message = Message {
            schema: SCHEMA,
            time: time("2026-11-21T02:00:01Z"),
            version: "0.1.0",
            hook: "phone",
            test: false,
            events: &[event].into(),
            left_out: 0,
        };
        let json = serde_json::to_string_pretty(&message).expect("serializes");
        let documentation = include_str!("../../../docs/hooks.md");
        assert!(documentation.contains(&json), "{json}");
        for occasion in Occasion::ALL {
            let row = format!("| `{}` |", occasion.name());
            assert!(documentation.contains(&row), "{row}");
        }
    }
}
