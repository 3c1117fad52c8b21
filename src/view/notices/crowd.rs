//! Many instances that are lost, or back, at one time: one notice tells of all of them.
//!
//! Alarms are not gathered: each has fingerprints of its own to compare.

use std::collections::{BTreeMap, BTreeSet};

use super::instance::Matter;
use super::outage::News;
use super::text::{NAME, short};
use super::{Notice, Urgency};
use crate::core::{InstanceStatus, LinkState};
use crate::view::words::list;

/// So many at one time are a crowd.
const CROWD: usize = 4;
/// The keys of the notices. No instance's notice has such a key: its name comes first.
const LOST: &str = "/lost";
const BACK: &str = "/back";

/// One of those that are due.
pub(super) type Due<'a> = (Matter, &'a InstanceStatus);

/// Those of whom one notice tells that they are lost.
#[derive(Debug, Default)]
pub(super) struct Crowd {
    lost: BTreeSet<String>,
}

impl Crowd {
    /// `name` is no longer told of here; true when it was.
    pub(super) fn lets_go(&mut self, name: &str) -> bool {
        self.lost.remove(name)
    }

    /// The notice's key, once it tells of nobody any more.
    pub(super) fn is_over(&self, before: bool) -> Option<String> {
        (before && self.lost.is_empty()).then(|| LOST.to_owned())
    }

    /// Whether the notice is there.
    pub(super) fn is_shown(&self) -> bool {
        !self.lost.is_empty()
    }

    /// These are told of by one notice from now on.
    pub(super) fn tells(&mut self, crowd: &[Due<'_>]) {
        for (matter, instance) in crowd {
            if matches!(matter, Matter::Link(News::Lost(_))) {
                self.lost.insert(instance.name.clone());
            }
        }
    }
}

/// Takes the crowds out of `due`.
pub(super) fn gather<'a>(due: &mut Vec<Due<'a>>) -> Vec<Vec<Due<'a>>> {
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for kind in due.iter().filter_map(|(matter, _)| kind(matter)) {
        *kinds.entry(kind).or_default() += 1;
    }
    kinds.retain(|_, number| *number >= CROWD);
    let take = |wanted: &str| {
        let is_one = |(matter, _): &mut Due<'_>| kind(matter) == Some(wanted);
        due.extract_if(.., is_one).collect()
    };
    kinds.into_keys().map(take).collect()
}

/// The notice for a crowd of one kind.
pub(super) fn notice(crowd: &[Due<'_>]) -> Notice {
    let names: Vec<String> = crowd
        .iter()
        .map(|(_, instance)| short(&instance.name, NAME))
        .collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let (number, who) = (names.len(), list(&names));
    let lost = crowd
        .iter()
        .any(|(matter, _)| matches!(matter, Matter::Link(News::Lost(_))));
    let (key, urgency, category, title, body) = match lost {
        true => (
            LOST,
            Urgency::Normal,
            "network.disconnected",
            format!("{number} instances are not reachable"),
            format!("{who}. Each is tried again by itself."),
        ),
        false => (
            BACK,
            Urgency::Low,
            "network.connected",
            format!("{number} instances are back"),
            format!("{who}."),
        ),
    };
    Notice {
        key: key.to_owned(),
        urgency,
        category,
        title,
        body,
        actions: Vec::new(),
        answer: false,
    }
}

fn kind(matter: &Matter) -> Option<&'static str> {
    match matter {
        Matter::Link(News::Lost(LinkState::Disconnected)) => Some(LOST),
        Matter::Link(News::Back(_)) => Some(BACK),
        _ => None,
    }
}
