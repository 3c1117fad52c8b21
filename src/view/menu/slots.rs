//! Which entry of a list holds which place, so that nothing moves under the pointer.
//!
//! Invariant: while a list is not tidied, an entry keeps its place for as long as it is there, one that is gone
//! leaves a hole, and a new one takes a hole: one where nothing was seen so far, if there is one, so that a click
//! that was meant for what is gone seldom meets something else. Only then does the list grow.

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
    /// What was seen at places that are never used twice.
    once: BTreeMap<String, Vec<String>>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct List {
    direct: Vec<Spot>,
    groups: Vec<Vec<Spot>>,
    /// It has an order that is worth being kept.
    arranged: bool,
    /// It was asked for since it was tidied.
    asked_for: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Spot {
    held: Option<String>,
    /// Something was seen here.
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

impl Entry {
    /// One of a list that is never long.
    pub(super) fn of(key: String) -> Self {
        Self { key, rank: 0 }
    }
}

impl Place {
    /// What holds it, among the entries that were asked for.
    pub(super) fn entry<'a, T>(&self, entries: &'a [T]) -> Option<&'a T> {
        let (index, _) = self.held.as_ref()?;
        entries.get(*index)
    }
}

impl Slots {
    /// Gives up the places: the next menu is in order again. Only while nobody looks at it.
    pub fn tidy(&mut self) {
        self.kept.clear();
        self.once.clear();
        self.lists.retain(|_, list| list.asked_for);
        for list in self.lists.values_mut() {
            (list.arranged, list.asked_for) = (false, false);
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
        list.asked_for = true;
        list.places(&keys)
    }

    /// The place of `key` among those of `name`, which are never used twice; `None` once all `most` were used.
    pub(super) fn place_once(&mut self, name: &str, key: &str, most: usize) -> Option<usize> {
        let seen = self.once.entry(name.to_owned()).or_default();
        if !seen.iter().any(|seen| seen == key) && seen.len() < most {
            seen.push(key.to_owned());
        }
        seen.iter().position(|seen| seen == key)
    }
}

impl List {
    fn arrange(&mut self, entries: &[Entry], keys: &[String]) {
        let mut first: Vec<(u8, usize)> = entries.iter().map(|entry| entry.rank).zip(0..).collect();
        if first.len() > DIRECT {
            first.sort_unstable();
            first.truncate(DIRECT);
        }
        let direct: BTreeSet<usize> = first.iter().map(|(_, index)| *index).collect();
        let in_order = first.iter().map(|(_, index)| *index);
        let spots = in_order.filter_map(|index| keys.get(index).map(|key| Spot::of(key)));
        let before = self.direct.len();
        self.direct = spots.collect();
        let needed = room_for(self.direct.len());
        // A list that is a little shorter than before keeps its shape.
        let size = if before <= needed * 2 {
            needed.max(before)
        } else {
            needed
        };
        self.direct.resize(size, Spot::default());
        let rest = keys.iter().zip(0..);
        let rest = rest.filter(|(_, index)| !direct.contains(index));
        let rest: Vec<Spot> = rest.map(|(key, _)| Spot::of(key)).collect();
        self.groups = rest.chunks(GROUP).map(<[_]>::to_vec).collect();
        if let Some(last) = self.groups.last_mut() {
            last.resize(last.len().next_multiple_of(STEP), Spot::default());
        }
        self.arranged = true;
    }

    fn follow(&mut self, keys: &[String]) {
        let mut new: BTreeSet<&String> = keys.iter().collect();
        for spot in self.spots() {
            if spot.held.as_ref().is_some_and(|key| !new.remove(key)) {
                spot.held = None;
            }
        }
        let mut new = keys.iter().filter(|key| new.contains(key));
        for used in [false, true] {
            for spot in self.spots() {
                if spot.held.is_none() && spot.used == used {
                    let Some(key) = new.next() else { return };
                    *spot = Spot::of(key);
                }
            }
        }
        for key in new {
            self.append(key);
        }
        // Growing ahead leaves the next one a hole.
        let size = self.direct.len();
        if size < room_for(DIRECT) && self.direct.iter().all(|spot| spot.held.is_some()) {
            self.direct.resize(room_for(size), Spot::default());
        }
    }

    fn append(&mut self, key: &str) {
        let direct = self.groups.is_empty() && self.direct.len() < room_for(DIRECT);
        if !direct && self.groups.last().is_none_or(|group| group.len() >= GROUP) {
            self.groups.push(Vec::new());
        }
        let list = match self.groups.last_mut() {
            Some(last) if !direct => last,
            _ => &mut self.direct,
        };
        let size = (list.len() + 1).next_multiple_of(STEP);
        match list.iter_mut().find(|spot| spot.held.is_none()) {
            Some(hole) => *hole = Spot::of(key),
            None => {
                list.push(Spot::of(key));
                list.resize(size, Spot::default());
            }
        }
    }

    fn spots(&mut self) -> impl Iterator<Item = &mut Spot> {
        self.direct
            .iter_mut()
            .chain(self.groups.iter_mut().flatten())
    }

    fn places(&self, keys: &[String]) -> Places {
        let index: BTreeMap<&String, usize> = keys.iter().zip(0..).collect();
        let mut number = 0;
        let mut places = |list: &Vec<Spot>| {
            list.iter()
                .map(|spot| {
                    number += 1;
                    let key = spot.held.as_ref();
                    let held = key.and_then(|key| Some((*index.get(key)?, key.clone())));
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

impl Spot {
    fn of(key: &str) -> Self {
        Self {
            held: Some(key.to_owned()),
            used: true,
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

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(keys: &[&str]) -> Vec<Entry> {
        let entry = |key: &&str| Entry {
            key: (*key).to_owned(),
            rank: u8::from(!key.starts_with('!')),
        };
        keys.iter().map(entry).collect()
    }

    fn shown(places: &Places) -> String {
        let place = |place: &Place| match &place.held {
            Some((_, key)) => key.clone(),
            None => "-".to_owned(),
        };
        let list = |list: &Vec<Place>| list.iter().map(place).collect::<Vec<_>>().join(" ");
        let groups = places.groups.iter().map(list);
        [list(&places.direct)]
            .into_iter()
            .chain(groups)
            .collect::<Vec<_>>()
            .join(" | ")
    }

    fn steps(slots: &mut Slots, keys: &[&str]) -> String {
        shown(&slots.place("list", &entries(keys)))
    }

    #[test]
    fn holes_are_left_and_taken() {
        let mut slots = Slots::default();
        assert_eq!(steps(&mut slots, &["a", "b"]), "a b - -");
        assert_eq!(steps(&mut slots, &["b"]), "- b - -");
        assert_eq!(steps(&mut slots, &["b", "c", "d"]), "- b c d");
        assert_eq!(steps(&mut slots, &["a", "b", "c", "d"]), "a b c d - - - -");
        slots.tidy();
        assert_eq!(steps(&mut slots, &["c", "d"]), "c d - - - - - -");
        slots.tidy();
        assert_eq!(steps(&mut slots, &[]), "- - - - - - - -");
    }

    #[test]
    fn what_matters_comes_first_where_there_are_many() {
        let names: Vec<String> = (10..40).map(|number| number.to_string()).collect();
        let mut keys: Vec<&str> = names.iter().map(String::as_str).collect();
        keys.push("!x");
        let mut slots = Slots::default();
        let before = steps(&mut slots, &keys);
        assert_eq!(
            before,
            "!x 10 11 12 13 14 15 16 17 18 19 20 - - - - \
             | 21 22 23 24 25 26 27 28 29 30 31 32 33 34 35 36 37 38 39 -"
        );
        keys.retain(|key| *key != "30");
        keys.push("!y");
        let after = steps(&mut slots, &keys);
        assert!(after.starts_with("!x 10 11 12 13 14 15 16 17 18 19 20 !y - - - |"));
        assert!(after.contains("29 - 31"), "{after}");
    }

    #[test]
    fn the_same_key_twice_is_told_apart() {
        let mut slots = Slots::default();
        let many = ["a", "a#1", "a", "a"];
        assert_eq!(steps(&mut slots, &many), "a a#1 a#2 a#3 - - - -");
    }

    #[test]
    fn what_was_shown_once_has_its_own_place() {
        let mut slots = Slots::default();
        let places = ["a", "b", "a", "c"].map(|key| slots.place_once("pin", key, 2));
        assert_eq!(places, [Some(0), Some(1), Some(0), None]);
    }
}
