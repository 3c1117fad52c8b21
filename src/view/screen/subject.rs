//! What a row of a list stands for.

use super::{Pane, Screen};
use crate::core::service::{Device, Fact, Folder, PendingDevice, PendingFolder};
use crate::core::{Fingerprint, InstanceStatus, JournalEntry};
use crate::view::journal;
use crate::view::link::link_words;
use crate::view::style::Page;
use crate::view::words::{device_state, folder_state};

/// Something that can be chosen.
#[derive(Clone, Copy, Debug)]
pub(super) enum Subject<'a> {
    Instance(&'a InstanceStatus),
    Folder(&'a Folder),
    Device(&'a Device),
    Fact(&'a Fact),
    /// One that is served and not trusted.
    Certificate(Fingerprint),
    NewDevice(&'a PendingDevice),
    NewFolder(&'a PendingFolder),
    Entry(&'a JournalEntry),
}

impl Subject<'_> {
    /// The same for as long as it is the same thing.
    pub(super) fn id(&self) -> String {
        match self {
            Self::Instance(instance) => instance.name.clone(),
            Self::Folder(folder) => folder.id.clone(),
            Self::Device(device) => device.id.clone(),
            Self::Fact(fact) => fact.name.clone(),
            Self::Certificate(served) => served.to_string(),
            Self::NewDevice(device) => format!("device {}", device.id),
            Self::NewFolder(folder) => format!("folder {} {}", folder.offered_by, folder.id),
            Self::Entry(entry) => {
                format!("{} {} {:?}", entry.time, entry.instance, entry.kind)
            }
        }
    }

    /// Whether `part`, in lower case, occurs in what is shown of it.
    fn has(&self, part: &str) -> bool {
        let has = |text: &str| text.to_lowercase().contains(part);
        match self {
            Self::Instance(instance) => {
                has(&instance.name) || has(link_words(&instance.link).1) || has(&instance.url)
            }
            Self::Folder(folder) => {
                has(&folder.label) || has(&folder.id) || has(folder_state(folder.state).1)
            }
            Self::Device(device) => {
                has(&device.name) || has(&device.id) || has(device_state(device.state).1)
            }
            Self::Fact(fact) => has(&fact.name) || has(&fact.value),
            Self::Certificate(served) => has(&served.to_string()),
            Self::NewDevice(device) => has(&device.name) || has(&device.id),
            Self::NewFolder(folder) => has(&folder.label) || has(&folder.id),
            Self::Entry(entry) => has(&Page::from(journal::event(entry)).render(false)),
        }
    }
}

impl Screen {
    /// The rows of a pane, from the top.
    pub(super) fn subjects(&self, pane: Pane) -> Vec<Subject<'_>> {
        let mut rows = self.all(pane);
        let filter = self.filter(pane).to_lowercase();
        if !filter.is_empty() {
            rows.retain(|row| row.has(&filter));
        }
        rows
    }

    fn all(&self, pane: Pane) -> Vec<Subject<'_>> {
        let service = self.service().into_iter();
        match pane {
            Pane::Instances => {
                let instances = self.status.instances.iter().map(AsRef::as_ref);
                instances.map(Subject::Instance).collect()
            }
            Pane::Folders => service
                .flat_map(|it| &it.folders)
                .map(Subject::Folder)
                .collect(),
            Pane::Devices => service
                .flat_map(|it| &it.devices)
                .map(Subject::Device)
                .collect(),
            Pane::Facts => service
                .flat_map(|it| &it.facts)
                .map(Subject::Fact)
                .collect(),
            Pane::Requests => self.requests(),
            Pane::Journal => self.journal.iter().rev().map(Subject::Entry).collect(),
        }
    }
}
