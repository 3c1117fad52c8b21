//! The event log: one buffer for each mask that was ever asked for (lib/events/events.go).
//!
//! IDs count per mask from 1 and go on while the process lives; a full buffer drops its oldest events, so gaps can happen.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

/// Events that Syncthing keeps for each mask.
pub(super) const BUFFERED: usize = 1000;
/// The real one keeps every mask for ever; here the oldest goes.
const MASKS: usize = 64;
/// The first buffers are those that a process begins with.
const ALWAYS: usize = 2;
/// Left out of the default mask, and a mask of their own (lib/api/api.go DefaultEventMask, DiskEventMask).
const DISK: [&str; 2] = ["LocalChangeDetected", "RemoteChangeDetected"];

/// An event type with its data, before it has an ID.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Emitted {
    pub(super) kind: String,
    pub(super) data: Value,
}

impl Emitted {
    pub(super) fn new(kind: &str, data: Value) -> Self {
        Self {
            kind: kind.to_owned(),
            data,
        }
    }
}

/// Which events a poll asks for; `None` means Syncthing's default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mask(Option<BTreeSet<String>>);

impl Mask {
    /// Reads the `events` parameter: a list with commas.
    pub(super) fn parse(list: Option<&str>) -> Self {
        Self(
            list.filter(|list| !list.is_empty())
                .map(|list| list.split(',').map(|kind| kind.trim().to_owned()).collect()),
        )
    }

    /// What `/rest/events/disk` asks for.
    pub(super) fn disk() -> Self {
        Self(Some(DISK.map(str::to_owned).into()))
    }

    fn takes(&self, kind: &str) -> bool {
        self.0
            .as_ref()
            .map_or_else(|| !DISK.contains(&kind), |kinds| kinds.contains(kind))
    }
}

#[derive(Debug)]
struct Buffer {
    mask: Mask,
    last: u64,
    kept: VecDeque<(u64, Arc<Value>)>,
}

impl Buffer {
    fn new(mask: Mask) -> Self {
        Self {
            mask,
            last: 0,
            kept: VecDeque::new(),
        }
    }
}

/// All buffers of one life of the process.
#[derive(Debug)]
pub(super) struct EventLog {
    global: u64,
    buffers: VecDeque<Buffer>,
}

impl EventLog {
    /// A new process: only the default mask and the one for changes on disk have a buffer.
    pub(super) fn new() -> Self {
        Self {
            global: 0,
            buffers: VecDeque::from([Mask(None), Mask::disk()].map(Buffer::new)),
        }
    }

    pub(super) fn emit(&mut self, event: &Emitted, now: Timestamp) {
        self.global += 1;
        for buffer in &mut self.buffers {
            if !buffer.mask.takes(&event.kind) {
                continue;
            }
            buffer.last += 1;
            let value = json!({
                "id": buffer.last,
                "globalID": self.global,
                "time": now.to_string(),
                "type": event.kind,
                "data": event.data,
            });
            if buffer.kept.len() == BUFFERED {
                buffer.kept.pop_front();
            }
            buffer.kept.push_back((buffer.last, Arc::new(value)));
        }
    }

    /// The events after `since`; `None` when there is nothing newer, which means: wait.
    /// The first question with a mask creates its buffer.
    pub(super) fn since(&mut self, mask: &Mask, since: i64) -> Option<Vec<Arc<Value>>> {
        if !self.buffers.iter().any(|buffer| buffer.mask == *mask) {
            if self.buffers.len() == MASKS {
                self.buffers.remove(ALWAYS);
            }
            self.buffers.push_back(Buffer::new(mask.clone()));
        }
        let buffer = self.buffers.iter().find(|buffer| buffer.mask == *mask)?;
        let since = u64::try_from(since).unwrap_or(0);
        // A stale high `since` waits out its whole timeout, as the real one does.
        let newer = buffer.kept.back().is_some_and(|(id, _)| *id > since);
        newer.then(|| {
            buffer
                .kept
                .iter()
                .filter(|(id, _)| *id > since)
                .map(|(_, value)| Arc::clone(value))
                .collect()
        })
    }

    /// Loses the next `count` IDs of every mask, as an overflow does.
    pub(super) fn lose(&mut self, count: u64) {
        for buffer in &mut self.buffers {
            buffer.last += count;
        }
    }

    /// How many masks beside those that always exist were asked for: each costs the real server a buffer for good.
    pub(super) fn masks(&self) -> usize {
        self.buffers.len().saturating_sub(ALWAYS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(events: Option<Vec<Arc<Value>>>) -> Vec<u64> {
        events
            .unwrap_or_default()
            .iter()
            .map(|event| event["id"].as_u64().unwrap())
            .collect()
    }

    #[test]
    fn ids_count_per_mask_from_its_first_question() {
        let mut log = EventLog::new();
        let mask = Mask::parse(Some("StateChanged,Failure"));
        let event = Emitted::new("StateChanged", json!({}));
        log.emit(&event, Timestamp::UNIX_EPOCH);
        assert!(
            log.since(&mask, 0).is_none(),
            "the buffer is created by the question"
        );
        log.emit(&event, Timestamp::UNIX_EPOCH);
        log.emit(
            &Emitted::new("ItemStarted", json!({})),
            Timestamp::UNIX_EPOCH,
        );
        assert_eq!(ids(log.since(&mask, 0)), [1]);
        assert_eq!(ids(log.since(&Mask::parse(None), 0)), [1, 2, 3]);
        assert!(log.since(&mask, 9999).is_none());
        assert_eq!(
            log.since(&Mask::parse(Some("Failure,StateChanged")), 0)
                .unwrap()
                .len(),
            1
        );
        assert_eq!(log.masks(), 1, "the order of the types does not matter");
    }

    #[test]
    fn a_full_buffer_drops_the_oldest() {
        let mut log = EventLog::new();
        let event = Emitted::new("StateChanged", json!({}));
        for _ in 0..BUFFERED + 5 {
            log.emit(&event, Timestamp::UNIX_EPOCH);
        }
        let kept = ids(log.since(&Mask::parse(None), 0));
        assert_eq!((kept.len(), kept[0]), (BUFFERED, 6));
    }
}
