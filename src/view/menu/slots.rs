//! Which entry of a list holds which place, so that nothing moves under the pointer.
//!
//! Invariant: while a list is not tidied, an entry keeps its place for as long as it is there, one that is gone
//! leaves a hole, and a new one takes the first hole. Only then does the list grow.

use std::collections::{BTreeMap, BTreeSet};

/// At most so many entries stand in the list itself, once it is tidied.
const DIRECT: usize = 12;
/// And at most so many in a group of those that do not.
const GROUP: usize = 20;
/// Places are made so many at once.
const STEP: usize = 4;

/// The places of all lists of a menu.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Slots {
    lists: BTreeMap<String, List>,
    /// What was shown and stays until the menu is closed.
    kept: BTreeSet<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct List {
    direct: Vec<Option<String>>,
    groups: Vec<Vec<Option<String>>>,
    /// It has an order that is worth being kept.
    arranged: bool,
    /// It was asked for since it was tidied.
    used: bool,
}

/// One entry of a list, in the order that a tidy list has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// What it is; the same at every call.
    pub key: String,
    /// The lower ones come first where there are too many.
    pub rank: u8,
}

/// A place: the entry that holds it, by its number among those that were asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// The entry and its unique key; `None` for a hole.
    pub held: Option<(usize, String)>,
    /// The number of the place within its list.
    pub number: usize,
}

/// The places of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Places {
    pub direct: Vec<Place>,
    pub groups: Vec<Vec<Place>>,
}

impl Slots {
    /// Gives up the places: the next menu is in order again. Only while nobody looks at it.
    pub fn tidy(&mut self) {
        self.kept.clear();
        self.lists.retain(|_, list| list.used);
        for list in self.lists.values_mut() {
            (list.arranged, list.used) = (false, false);
        }
    }

    /// Whether `id` is shown now or was since the menu was tidied: it does not come and go under the pointer.
    pub(super) fn keep(&mut self, id: &str, shown: bool) -> bool {
        if shown && !self.kept.contains(id) {
            self.kept.insert(id.to_owned());
        }
        shown || self.kept.contains(id)
    }

    /// The places of the list `name`, which has these entries now.
    pub(super) fn place(&mut self, name: &str, entries: &[Entry]) -> Places {
        let keys = unique(entries);
        let list = self.lists.entry(name.to_owned()).or_default();
        if list.arranged {
            list.follow(&keys);
        } else {
            list.arrange(entries, &keys);
        }
        list.used = true;
        list.places(&keys)
    }
}

impl List {
    fn arrange(&mut self, entries: &[Entry], keys: &[String]) {
        let before = self.direct.len();
        let mut order: Vec<(u8, &String)> =
            entries.iter().map(|entry| entry.rank).zip(keys).collect();
        let mut rest = Vec::new();
        if order.len() > DIRECT {
            let mut ranks: Vec<u8> = order.iter().map(|(rank, _)| *rank).collect();
            ranks.sort_unstable();
            let limit = ranks.get(DIRECT - 1).copied().unwrap_or(u8::MAX);
            let sure = ranks.iter().filter(|rank| **rank < limit).count();
            let mut open = DIRECT.saturating_sub(sure);
            let mut first = Vec::with_capacity(DIRECT);
            for (rank, key) in order {
                let taken = rank < limit || (rank == limit && open > 0);
                if taken && rank == limit {
                    open -= 1;
                }
                if taken {
                    first.push((rank, key));
                } else {
                    rest.push(Some(key.clone()));
                }
            }
            first.sort_by_key(|(rank, _)| *rank);
            order = first;
        }
        self.direct = order
            .into_iter()
            .map(|(_, key)| Some(key.clone()))
            .collect();
        let needed = room_for(self.direct.len());
        // A list that is a little shorter than before keeps its shape.
        let size = if before <= needed * 2 {
            needed.max(before)
        } else {
            needed
        };
        self.direct.resize(size, None);
        self.groups = rest.chunks(GROUP).map(<[_]>::to_vec).collect();
        if let Some(last) = self.groups.last_mut() {
            last.resize(last.len().next_multiple_of(STEP), None);
        }
        self.arranged = true;
    }

    fn follow(&mut self, keys: &[String]) {
        let mut new: BTreeSet<&String> = keys.iter().collect();
        for place in self.all() {
            if place.as_ref().is_some_and(|key| !new.remove(key)) {
                *place = None;
            }
        }
        let mut new = keys.iter().filter(|key| new.contains(key)).peekable();
        for place in self.all().filter(|place| place.is_none()) {
            let Some(key) = new.next() else { return };
            *place = Some(key.clone());
        }
        for key in new {
            self.append(key.clone());
        }
        // Growing ahead leaves the next one a hole.
        let size = self.direct.len();
        if size < room_for(DIRECT) && self.direct.iter().all(Option::is_some) {
            self.direct.resize(room_for(size), None);
        }
    }

    fn append(&mut self, key: String) {
        let direct = self.groups.is_empty() && self.direct.len() < room_for(DIRECT);
        let list = if direct {
            &mut self.direct
        } else {
            if self.groups.last().is_none_or(|group| group.len() >= GROUP) {
                self.groups.push(Vec::new());
            }
            match self.groups.last_mut() {
                Some(group) => group,
                None => return,
            }
        };
        match list.iter_mut().find(|place| place.is_none()) {
            Some(hole) => *hole = Some(key),
            None => {
                let size = (list.len() + 1).next_multiple_of(STEP);
                list.push(Some(key));
                list.resize(size, None);
            }
        }
    }

    fn all(&mut self) -> impl Iterator<Item = &mut Option<String>> {
        self.direct
            .iter_mut()
            .chain(self.groups.iter_mut().flatten())
    }

    fn places(&self, keys: &[String]) -> Places {
        let index: BTreeMap<&String, usize> = keys.iter().zip(0..).collect();
        let mut number = 0;
        let mut places = |list: &Vec<Option<String>>| {
            list.iter()
                .map(|key| {
                    number += 1;
                    let held = key
                        .as_ref()
                        .and_then(|key| Some((*index.get(key)?, key.clone())));
                    Place { held, number }
                })
                .collect()
        };
        Places {
            direct: places(&self.direct),
            groups: self.groups.iter().map(places).collect(),
        }
    }
}

/// The next multiple of [`STEP`] that leaves at least one hole.
fn room_for(entries: usize) -> usize {
    (entries + 1).next_multiple_of(STEP)
}

/// The keys, with a number after those that came before: a server may name two things alike.
fn unique(entries: &[Entry]) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let mut times: BTreeMap<&str, usize> = BTreeMap::new();
    entries
        .iter()
        .map(|entry| {
            let number = times.entry(&entry.key).or_default();
            let mut key = entry.key.clone();
            while !seen.insert(key.clone()) {
                *number += 1;
                key = format!("{}#{number}", entry.key);
            }
            key
        })
        .collect()
}
