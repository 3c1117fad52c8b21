//! One kind of fact of one instance: which items were told, which are to be told, which notices are on the screen.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::facts::{Fact, Kind};
use super::pace::Pace;
use crate::core::Timestamp;

/// What happened longer ago is no news when syncwatch starts.
const NEWS: Duration = Duration::from_secs(3600);
/// More due at once are told in one notice, even where each could have its own.
const MOST_SINGLY: usize = 3;
/// Items that are gone are remembered, so that they are not told again at once; no more of them than this.
const MOST_GONE: usize = 1000;

/// What is known of one kind of fact.
#[derive(Debug, Default)]
pub(super) struct Topic {
    items: BTreeMap<String, Item>,
    /// By key: the notices that may be on the screen, and the items that they are about.
    shown: BTreeMap<String, BTreeSet<String>>,
    pace: Pace,
    /// It was seen before.
    begun: bool,
}

#[derive(Debug)]
struct Item {
    since: Timestamp,
    gone: Option<Timestamp>,
    /// It is to be told, as soon as it may be.
    untold: bool,
    /// When it was told last, and how often.
    told: Option<(Timestamp, u32)>,
}

/// Items for one notice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Bundle {
    pub(super) key: String,
    pub(super) items: BTreeSet<String>,
}

impl Topic {
    /// Takes in what is true, and returns the keys of the notices that are no longer.
    pub(super) fn see(&mut self, kind: Kind, facts: Vec<Fact>, now: Timestamp) -> Vec<String> {
        let mut missing: BTreeSet<String> = self.items.keys().cloned().collect();
        let first = !std::mem::replace(&mut self.begun, true);
        for fact in facts {
            missing.remove(&fact.item);
            // Syncthing tells of conflicts by its record of changes, which is read after the first picture.
            let dated = first || kind == Kind::Conflict;
            let old_news = dated && fact.time.is_some_and(|time| now.since(time) > NEWS);
            let item = self.items.entry(fact.item).or_insert(Item {
                since: now,
                gone: None,
                untold: !old_news,
                told: None,
            });
            if let Some(gone) = item.gone.take()
                && now.since(gone) >= kind.lingers_for()
            {
                item.since = now;
                item.untold = true;
            }
        }
        for name in missing {
            if let Some(item) = self.items.get_mut(&name) {
                item.gone.get_or_insert(now);
            }
        }
        self.prune(kind, now);
        self.withdraw(kind, now)
    }

    /// The notices that are to be shown now.
    pub(super) fn due(&self, kind: Kind, name: &str, now: Timestamp) -> Vec<Bundle> {
        let due: BTreeSet<String> = self
            .items
            .iter()
            .filter(|(_, item)| item.due(kind).is_some_and(|due| due <= now))
            .map(|(item, _)| item.clone())
            .collect();
        if due.is_empty() || !self.pace.allows(now) {
            return Vec::new();
        }
        let whole = format!("{name}/{}", kind.name());
        let before = self.shown.get(&whole);
        if kind.is_told_singly() && due.len() <= MOST_SINGLY && before.is_none() {
            let single = |item: String| Bundle {
                key: format!("{whole}/{item}"),
                items: BTreeSet::from([item]),
            };
            return due.into_iter().map(single).collect();
        }
        let stays = before.into_iter().flatten().filter(|item| self.is(item));
        vec![Bundle {
            items: stays.cloned().chain(due).collect(),
            key: whole,
        }]
    }

    /// `bundle` is shown.
    pub(super) fn told(&mut self, bundle: Bundle, now: Timestamp) {
        for name in &bundle.items {
            if let Some(item) = self.items.get_mut(name)
                && std::mem::take(&mut item.untold)
            {
                let times = item.told.map_or(0, |(_, times)| times);
                item.told = Some((now, times.saturating_add(1)));
            }
        }
        self.pace.told(now);
        self.shown.insert(bundle.key, bundle.items);
    }

    /// When something is to be shown or taken away next.
    pub(super) fn next(&self, kind: Kind) -> (Option<Timestamp>, Option<Timestamp>) {
        let items = self.items.values();
        let due = items.filter_map(|item| item.due(kind)).min();
        let due = due.map(|due| self.pace.next().map_or(due, |next| next.max(due)));
        let shown = self.shown.values().flatten();
        let gone = shown.filter_map(|name| self.items.get(name)?.gone);
        (due, gone.map(|gone| gone + kind.lingers_for()).min())
    }

    /// The keys of the notices that may be on the screen.
    pub(super) fn shown(&self) -> impl Iterator<Item = String> {
        self.shown.keys().cloned()
    }

    fn is(&self, item: &str) -> bool {
        self.items.get(item).is_some_and(|item| item.gone.is_none())
    }

    fn withdraw(&mut self, kind: Kind, now: Timestamp) -> Vec<String> {
        let mut keys = Vec::new();
        let items = &self.items;
        self.shown.retain(|key, names| {
            let stays = |name: &String| {
                let item = items.get(name);
                item.is_some_and(|item| !item.is_gone(kind, now))
            };
            names.retain(stays);
            if names.is_empty() {
                keys.push(key.clone());
            }
            !names.is_empty()
        });
        keys
    }

    /// Forgets what is gone and was never told, or so long ago that it would be news again.
    fn prune(&mut self, kind: Kind, now: Timestamp) {
        self.items.retain(|_, item| match (item.gone, item.told) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(gone), Some((told, times))) => {
                let rest = kind.rests_for(times);
                now.since(told) < rest * 2 || now.since(gone) < kind.lingers_for()
            }
        });
        let gone = |item: &Item| item.gone.is_some();
        let mut over = self.items.values().filter(|item| gone(item)).count();
        self.items.retain(|_, item| {
            let drop = over > MOST_GONE && gone(item);
            over -= usize::from(drop);
            !drop
        });
    }
}

impl Item {
    /// From when on it may be told; `None` when it is not to be.
    fn due(&self, kind: Kind) -> Option<Timestamp> {
        let settled = self.since + kind.settles_in();
        let rested = self.told.map(|(at, times)| at + kind.rests_for(times));
        (self.untold && self.gone.is_none())
            .then(|| rested.map_or(settled, |rested| rested.max(settled)))
    }

    fn is_gone(&self, kind: Kind, now: Timestamp) -> bool {
        self.gone
            .is_some_and(|gone| now.since(gone) >= kind.lingers_for())
    }
}
