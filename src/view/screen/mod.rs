//! The full-screen view of the terminal as a value: what is chosen, what a key does, what stands in each pane.
//!
//! Invariant: what is chosen stays chosen by what it is, not by where it stands: a list that changes under a key that
//! is being pressed never has it mean something else. What loses something is asked about first.

mod actions;
mod details;
mod glyphs;
mod heading;
mod history;
mod input;
mod places;
mod rows;
mod sheet;
mod subject;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use heading::Rate;
pub use input::{Intent, Key, Wish};
pub use rows::List;
pub use sheet::Shown;

use self::history::History;
use self::places::Place;
use self::sheet::Sheet;
use self::subject::Subject;
use super::style::Role;
use crate::core::{InstanceStatus, JournalEntry, Kind, LinkState, Service, Status, Timestamp};

/// One of the lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Pane {
    Instances,
    Folders,
    Devices,
    /// What a service without folders and devices says of itself.
    Facts,
    /// What waits for a yes or a no.
    Requests,
    Journal,
}

/// Everything that the full-screen view shows, and what was chosen in it.
#[derive(Debug)]
pub struct Screen {
    status: Arc<Status>,
    /// Oldest first.
    journal: Vec<JournalEntry>,
    histories: BTreeMap<String, History>,
    /// Since when the engine has been away.
    away: Option<Timestamp>,
    /// The statuses come from an engine of this process; `None` until that is known.
    own: Option<bool>,
    focus: Pane,
    places: BTreeMap<Pane, Place>,
    /// The filter of the focused pane is being typed.
    typing: bool,
    sheet: Option<Sheet>,
    said: Option<(Role, String)>,
}

impl Screen {
    /// The view of a first status.
    pub fn new(status: Arc<Status>) -> Self {
        let mut screen = Self {
            focus: Pane::Instances,
            status: Arc::clone(&status),
            journal: Vec::new(),
            histories: BTreeMap::new(),
            away: None,
            own: None,
            places: BTreeMap::new(),
            typing: false,
            sheet: None,
            said: None,
        };
        screen.note_rates();
        // With one instance there is nothing to choose between.
        if let ([_], Some(next)) = (status.instances.as_slice(), screen.panes().get(1)) {
            screen.focus = *next;
        }
        screen
    }

    /// Takes a new status in.
    pub fn status(&mut self, status: Arc<Status>) {
        self.status = status;
        self.away = None;
        self.note_rates();
        self.settle();
    }

    /// Takes the newest entries of the journal in, oldest first.
    pub fn journal(&mut self, entries: Vec<JournalEntry>) {
        self.journal = entries;
        self.settle();
    }

    /// Whether the statuses come from an engine of this process: that changes when the user's own ends or comes.
    pub fn watched_by(&mut self, own: bool) {
        let before = self.own.replace(own);
        if let Some(before) = before
            && before != own
        {
            let (role, words) = match own {
                true => (Role::Warn, "The engine is gone; watching without it."),
                false => (Role::Ok, "An engine is running now."),
            };
            self.said = Some((role, words.into()));
        }
    }

    /// The engine went away; it is looked for.
    pub fn engine_gone(&mut self, now: Timestamp) {
        self.away = self.away.or(Some(now));
    }

    /// What came of something that was asked for; `Err` with why it was not done and what to do.
    pub fn answered(&mut self, wish: &Wish, answer: Result<(), String>) {
        self.said = Some(match answer {
            Ok(()) => (Role::Ok, format!("Done: {}.", wish.words)),
            Err(why) => (Role::Warn, why),
        });
    }

    /// The panes that there are for what is chosen, in the order of the Tab key.
    pub fn panes(&self) -> Vec<Pane> {
        let mut panes = vec![Pane::Instances];
        match self.instance().map(|instance| instance.kind) {
            Some(Kind::Syncthing) | None => panes.extend([Pane::Folders, Pane::Devices]),
            Some(_) => panes.push(Pane::Facts),
        }
        if !self.requests().is_empty() {
            panes.push(Pane::Requests);
        }
        panes.push(Pane::Journal);
        panes
    }

    /// The pane that keys are for.
    pub fn focus(&self) -> Pane {
        self.focus
    }

    /// The text shown grows old by itself: it tells how long something lasts.
    pub fn grows_old(&self) -> bool {
        matches!(self.sheet, Some(Sheet::Details { .. }))
    }

    /// The instance whose folders and devices are shown.
    pub(super) fn instance(&self) -> Option<&InstanceStatus> {
        let place = self.places.get(&Pane::Instances);
        let chosen = place.and_then(|place| place.chosen.as_deref());
        let by_name = chosen.and_then(|name| self.status.instance(name));
        by_name.or_else(|| self.status.instances.first().map(AsRef::as_ref))
    }

    fn service(&self) -> Option<&Service> {
        self.instance()?.service.as_deref()
    }

    /// Everything that waits for an answer at the chosen instance.
    fn requests(&self) -> Vec<Subject<'_>> {
        let Some(instance) = self.instance() else {
            return Vec::new();
        };
        let link = &instance.link;
        let certificate = link.acceptable().map(Subject::Certificate);
        let service = instance.service.iter();
        let devices = service.clone().flat_map(|it| &it.pending_devices);
        let folders = service.flat_map(|it| &it.pending_folders);
        certificate
            .into_iter()
            .chain(devices.map(Subject::NewDevice))
            .chain(folders.map(Subject::NewFolder))
            .collect()
    }

    fn note_rates(&mut self) {
        let status = Arc::clone(&self.status);
        self.histories
            .retain(|name, _| status.instance(name).is_some());
        for instance in &status.instances {
            let connected = instance.link.state == LinkState::Connected;
            let rates = instance.service.as_ref().filter(|_| connected);
            let rates = rates.map(|service| service.rates).unwrap_or_default();
            let history = self.histories.entry(instance.name.clone()).or_default();
            history.note(status.time, rates);
        }
    }

    /// After a change: what is gone is neither focused nor asked about.
    fn settle(&mut self) {
        if !self.panes().contains(&self.focus) {
            self.focus = Pane::Instances;
            self.typing = false;
        }
        for pane in self.panes() {
            self.hold_place(pane);
        }
    }
}

#[cfg(test)]
mod tests;
