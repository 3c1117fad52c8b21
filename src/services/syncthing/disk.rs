//! What changed on the server's disk lately, and which conflict copies are there.
//!
//! Invariant: pure, and bounded whatever the server sends. Syncthing keeps the last thousand such events of its process
//! (lib/events/events.go), in a subscription that always exists: asking costs it no buffer.

use std::collections::VecDeque;

use crate::core::Timestamp;
use crate::core::service::{Change, ChangeKind, Conflict};

use super::wire::Event;

/// The most changes that are kept.
const MAX_CHANGES: usize = 20;
/// The most conflict copies that are kept.
const MAX_CONFLICTS: usize = 50;

/// The changes and conflict copies, as far as the events told of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DiskLog {
    /// The ID of the device that it is about.
    own: String,
    mark: Mark,
    /// Newest first, one for each item.
    changes: VecDeque<Change>,
    /// Newest first.
    conflicts: VecDeque<Conflict>,
}

/// The last event that was taken in. IDs begin at 1 with each process, so that its time tells a like one apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mark {
    id: u64,
    time: Option<Timestamp>,
}

impl Mark {
    /// The ID to ask from: the marked event is sent once more, and shows that the server still counts as it did.
    pub fn since(self) -> u64 {
        self.id.saturating_sub(1)
    }

    /// Whether a reply goes on where the last one ended. Else everything must be asked for.
    pub fn is_continued_by(self, events: &[Event]) -> bool {
        self.id > 0 && events.first().is_some_and(|event| self == Self::at(event))
    }

    fn at(event: &Event) -> Self {
        Self {
            id: event.id,
            time: event.time,
        }
    }
}

impl DiskLog {
    /// Where it is in the server's events.
    pub fn mark(&self) -> Mark {
        self.mark
    }

    /// The log, unless it is about another device: then a new one.
    pub fn of(self, own: &str) -> Self {
        if self.own == own {
            return self;
        }
        Self {
            own: own.to_owned(),
            ..Self::default()
        }
    }

    /// Takes in what follows on the mark, or else everything that the server has.
    ///
    /// What a former process told stays: the next one tells what it finds changed.
    pub fn take(&mut self, events: &[Event]) {
        let known = usize::from(self.mark.is_continued_by(events));
        if known == 0 && events.first().is_some_and(|event| event.id > 1) {
            // The end of a conflict copy may have been among what the server no longer has.
            self.conflicts.clear();
        }
        for event in events.iter().skip(known) {
            self.note(event);
        }
        self.mark = events.last().map(Mark::at).unwrap_or_default();
    }

    /// Newest first, of the folders that `has` knows.
    pub fn changes(&self, has: impl Fn(&str) -> bool) -> Vec<Change> {
        let changes = self.changes.iter();
        changes
            .filter(|change| has(&change.folder))
            .cloned()
            .collect()
    }

    /// Newest first, of the folders that `has` knows.
    pub fn conflicts(&self, has: impl Fn(&str) -> bool) -> Vec<Conflict> {
        let conflicts = self.conflicts.iter();
        conflicts
            .filter(|conflict| has(&conflict.folder))
            .cloned()
            .collect()
    }

    fn note(&mut self, event: &Event) {
        let Some(change) = change(event, &self.own) else {
            return;
        };
        self.note_conflict(&change);
        self.changes
            .retain(|old| old.folder != change.folder || old.path != change.path);
        self.changes.push_front(change);
        self.changes.truncate(MAX_CHANGES);
    }

    fn note_conflict(&mut self, change: &Change) {
        if !is_conflict_copy(&change.path) {
            return;
        }
        let is_it = |old: &Conflict| old.folder == change.folder && old.path == change.path;
        match change.kind {
            ChangeKind::Deleted => self.conflicts.retain(|old| !is_it(old)),
            _ if self.conflicts.iter().any(is_it) => {}
            _ => {
                self.conflicts.push_front(Conflict {
                    time: change.time,
                    folder: change.folder.clone(),
                    path: change.path.clone(),
                });
                self.conflicts.truncate(MAX_CONFLICTS);
            }
        }
    }
}

fn change(event: &Event, own: &str) -> Option<Change> {
    let local = match event.kind.as_str() {
        "LocalChangeDetected" => true,
        "RemoteChangeDetected" => false,
        _ => return None,
    };
    let data = &event.data;
    if data.folder.is_empty() || data.path.is_empty() {
        return None;
    }
    let by = &data.modified_by;
    Some(Change {
        time: event.time.unwrap_or_default(),
        folder: data.folder.clone(),
        path: data.path.clone(),
        kind: match data.action.as_str() {
            "added" => ChangeKind::Added,
            "deleted" => ChangeKind::Deleted,
            _ => ChangeKind::Modified,
        },
        by: (!local && !by.is_empty() && !own.starts_with(by.as_str())).then(|| by.clone()),
    })
}

/// Whether a path is one that Syncthing gives to a conflict copy: `NAME.sync-conflict-YYYYMMDD-HHMMSS-SHORTID.EXT`
/// (lib/model/folder_sendrecv.go conflictName). The ID is missing where nobody is known to have made the change.
fn is_conflict_copy(path: &str) -> bool {
    let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
    let mut tails = name.split(".sync-conflict-").skip(1);
    tails.any(|tail| {
        let stem = tail.split('.').next().unwrap_or(tail);
        let mut parts = stem.split('-');
        let (day, time, id) = (parts.next(), parts.next(), parts.next());
        parts.next().is_none()
            && day.is_some_and(|day| are_digits(day, 8))
            && time.is_some_and(|time| are_digits(time, 6))
            && id.is_none_or(is_short_id)
    })
}

fn are_digits(text: &str, count: usize) -> bool {
    text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The first group of a device ID (lib/protocol/deviceid.go ShortID), or nothing.
fn is_short_id(text: &str) -> bool {
    let base32 = |byte| matches!(byte, b'A'..=b'Z' | b'2'..=b'7');
    text.is_empty() || text.len() == 7 && text.bytes().all(base32)
}

#[cfg(test)]
mod tests;
