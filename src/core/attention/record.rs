//! What of the reasons is worth a line of the journal: what lasted, and that it is over.
//!
//! Invariant: pure. What comes and goes by itself, such as items that fail at each try, is one line and not many.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::{Reason, What, key};
use crate::core::journal::JournalKind;
use crate::core::time::Timestamp;

/// What has not lasted so long was nothing.
const LASTS: Duration = Duration::from_secs(5);
/// What comes back within this was not over: Syncthing forgets what failed while it tries again.
const RETURNS: Duration = Duration::from_secs(120);

type Key = (What, Option<String>, Option<String>, String);

/// What was seen and what was written of it.
#[derive(Debug, Default)]
pub struct Recorder {
    seen: BTreeMap<Key, Entry>,
}

#[derive(Debug)]
struct Entry {
    since: Timestamp,
    gone: Option<Timestamp>,
    written: bool,
    /// As it was found last.
    reason: Arc<Reason>,
}

impl Recorder {
    /// Takes in the reasons that hold, and returns what is to be written.
    pub fn see(&mut self, reasons: &[Arc<Reason>], now: Timestamp) -> Vec<JournalKind> {
        for entry in self.seen.values_mut() {
            entry.gone.get_or_insert(now);
        }
        // What the config allows was chosen there.
        for reason in reasons.iter().filter(|reason| !reason.accepted) {
            let (what, folder, device, name) = key(reason);
            let own = |id: Option<&str>| id.map(str::to_owned);
            let key = (what, own(folder), own(device), name.to_owned());
            let entry = self.seen.entry(key).or_insert_with(|| Entry {
                since: now,
                gone: None,
                written: false,
                reason: Arc::clone(reason),
            });
            entry.gone = None;
            entry.reason = Arc::clone(reason);
        }
        let mut lines = Vec::new();
        self.seen.retain(|_, entry| match entry.gone {
            None => {
                if !entry.written && now.since(entry.since) >= LASTS {
                    entry.written = true;
                    lines.push(JournalKind::Attention {
                        what: entry.reason.what,
                        message: entry.reason.message.clone(),
                    });
                }
                true
            }
            Some(gone) if entry.written && now.since(gone) >= RETURNS => {
                lines.push(JournalKind::Settled {
                    what: entry.reason.what,
                    subject: entry.reason.subject.clone(),
                });
                false
            }
            Some(_) => entry.written,
        });
        lines
    }

    /// Nothing is known any more, nor whether something is over.
    pub fn forget(&mut self) {
        self.seen.clear();
    }

    /// When there is something to write, unless something changes before.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        let entries = self.seen.values();
        let due = entries.filter_map(|entry| match entry.gone {
            None => (!entry.written).then(|| entry.since + LASTS),
            Some(gone) => Some(gone + RETURNS),
        });
        due.min()
    }
}
