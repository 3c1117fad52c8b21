//! What a server shows of its parts, and what it was told and does not show yet.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Part;
use crate::core::service::{DeviceState, FolderState, Service};
use crate::core::time::Timestamp;

/// What the server agreed to shows by then, or somebody has undone it.
const SHOWS: Duration = Duration::from_secs(20);

/// Which parts there are, and which of them are paused.
#[derive(Debug)]
pub(super) struct Shown(BTreeMap<Part, bool>);

impl Shown {
    pub(super) fn of(service: &Service) -> Self {
        let folders = service.folders.iter().map(|folder| {
            let paused = folder.state == FolderState::Paused;
            (Part::Folder(folder.id.clone()), paused)
        });
        let devices = service.devices.iter().map(|device| {
            let paused = matches!(
                device.state,
                DeviceState::Paused | DeviceState::UnusedPaused
            );
            (Part::Device(device.id.clone()), paused)
        });
        Self(folders.chain(devices).collect())
    }

    pub(super) fn knows(&self, part: &Part) -> bool {
        self.0.contains_key(part)
    }

    pub(super) fn is_paused(&self, part: &Part) -> bool {
        self.0.get(part).copied().unwrap_or_default()
    }
}

/// What was agreed to on this connection and is not shown yet.
#[derive(Debug, Default)]
pub(super) struct Book {
    open: bool,
    expected: BTreeMap<Part, (bool, Timestamp)>,
}

impl Book {
    /// The server told its state on this connection.
    pub(super) fn is_open(&self) -> bool {
        self.open
    }

    /// A connection told its state for the first time. Returns what was paused on the one before and never seen so.
    pub(super) fn open(&mut self) -> Vec<Part> {
        self.open = true;
        paused(std::mem::take(&mut self.expected))
    }

    pub(super) fn close(&mut self) {
        self.open = false;
    }

    /// The server agreed.
    pub(super) fn expect(&mut self, part: Part, paused: bool, now: Timestamp) {
        self.expected.insert(part, (paused, now + SHOWS));
    }

    /// Forgets what is shown by now, or gone.
    pub(super) fn compare(&mut self, shown: &Shown) {
        self.expected
            .retain(|part, (paused, _)| shown.knows(part) && shown.is_paused(part) != *paused);
    }

    /// Forgets what did not show in time. Returns what was paused and never seen so.
    pub(super) fn expire(&mut self, now: Timestamp) -> Vec<Part> {
        let (kept, late) = std::mem::take(&mut self.expected)
            .into_iter()
            .partition(|(_, (_, until))| *until > now);
        self.expected = kept;
        paused(late)
    }

    pub(super) fn next_deadline(&self) -> Option<Timestamp> {
        self.expected.values().map(|(_, until)| *until).min()
    }

    /// Everything that was agreed to is shown, or was given up.
    pub(super) fn is_settled(&self) -> bool {
        self.expected.is_empty()
    }

    /// What was agreed to about this part is shown.
    pub(super) fn is_shown(&self, part: &Part) -> bool {
        !self.expected.contains_key(part)
    }

    /// A part is shown paused, and nothing else was agreed to since.
    pub(super) fn is_paused(&self, part: &Part, shown: &Shown) -> bool {
        self.is_shown(part) && shown.is_paused(part)
    }
}

fn paused(expected: BTreeMap<Part, (bool, Timestamp)>) -> Vec<Part> {
    let paused = expected.into_iter().filter(|(_, (paused, _))| *paused);
    paused.map(|(part, _)| part).collect()
}
