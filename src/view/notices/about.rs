//! The words of the notices about a service, one function for each kind.

use std::collections::BTreeSet;

use super::facts;
use super::text::{Actions, MESSAGE, NAME, open, short};
use crate::core::service::{Device, Folder, Mention, Unread};
use crate::core::{Action, InstanceStatus, Service};
use crate::view::command::Command;
use crate::view::safety::nowhere_else;
use crate::view::units::count;
use crate::view::words::{list, waiting};

/// Lines about one thing each.
const MOST_LINES: usize = 5;

/// Title, text and buttons.
pub(super) type Words = (String, String, Actions);

/// What a notice is about.
pub(super) struct About<'a> {
    /// The instance's name, cleaned.
    pub(super) name: String,
    pub(super) instance: &'a InstanceStatus,
    pub(super) service: &'a Service,
    pub(super) items: &'a BTreeSet<String>,
}

impl About<'_> {
    pub(super) fn devices(&self) -> Words {
        let pending = self.service.pending_devices.iter();
        let these: Vec<_> = pending
            .filter(|one| self.items.contains(&facts::device(one)))
            .collect();
        if let [device] = these.as_slice() {
            let called = self.called(&device.name, &device.id);
            let at = match short(&device.address, NAME) {
                address if address.is_empty() => String::new(),
                address => format!(" It called from {address}."),
            };
            let body = format!(
                "Accept it only if you know it: its ID must be the one that the device itself shows, {}.{at}",
                short(&device.id, 80)
            );
            let id = || device.id.clone();
            let actions = vec![
                self.control("Accept", Action::AcceptDevice { device: id() }),
                self.control("Ignore", Action::IgnoreDevice { device: id() }),
            ];
            return (
                format!("{called} wants to connect to {}", self.name),
                body,
                actions,
            );
        }
        let names = these.iter().map(|one| self.called(&one.name, &one.id));
        (
            format!(
                "{} want to connect to {}",
                self.counted("new device"),
                self.name
            ),
            format!("{}. Accept only those that you know.", listed(names)),
            self.open(),
        )
    }

    pub(super) fn offers(&self) -> Words {
        let pending = self.service.pending_folders.iter();
        let these: Vec<_> = pending
            .filter(|one| self.items.contains(&facts::offer(one)))
            .collect();
        if let [offer] = these.as_slice() {
            let folder = self.called(&offer.label, &offer.id);
            let device = self.device(&offer.offered_by);
            let body = format!(
                "Once you accept, {} keeps it in Syncthing's usual place. Its ID is {}.",
                self.name,
                short(&offer.id, NAME)
            );
            let (folder_id, device_id) = (offer.id.clone(), offer.offered_by.clone());
            let accept = Action::AcceptFolder {
                folder: folder_id.clone(),
                device: device_id.clone(),
                path: None,
            };
            let ignore = Action::IgnoreFolder {
                folder: folder_id,
                device: device_id,
            };
            let actions = vec![
                self.control("Accept", accept),
                self.control("Ignore", ignore),
            ];
            return (
                format!("{device} offers the folder {folder} to {}", self.name),
                body,
                actions,
            );
        }
        let names = these.iter().map(|one| self.called(&one.label, &one.id));
        (
            format!("{} are offered to {}", self.counted("folder"), self.name),
            format!("{}. Accept those that you want.", listed(names)),
            self.open(),
        )
    }

    pub(super) fn stopped(&self) -> Words {
        let folders = self.folders();
        if let [folder] = folders.as_slice() {
            let why = folder.error.as_deref().unwrap_or_default();
            let why = sentence(&short(why, MESSAGE));
            let rescan = Action::Rescan {
                folder: Some(folder.id.clone()),
                sub: None,
            };
            let mut actions = vec![self.control("Try again", rescan)];
            actions.extend(self.open());
            return (
                format!("The folder {} of {} stopped", label(folder), self.name),
                format!("{why}Nothing in it is synced until that is put right."),
                actions,
            );
        }
        (
            format!("{} of {} stopped", self.counted("folder"), self.name),
            format!(
                "{}. Nothing in them is synced until that is put right; the page says why.",
                listed(folders.iter().map(|folder| label(folder)))
            ),
            self.open(),
        )
    }

    pub(super) fn failed(&self) -> Words {
        let folders = self.folders();
        let advice = "Syncthing tries again by itself; the page says which.";
        if let [folder] = folders.as_slice() {
            let items = match folder.failed_items {
                0 => "Items".to_owned(),
                items => count(items, "item"),
            };
            let title = format!(
                "{items} in {} of {} could not be synced",
                label(folder),
                self.name
            );
            let why = sentence(&short(&folder.why_failed().unwrap_or_default(), MESSAGE));
            return (title, format!("{why}{advice}"), self.open());
        }
        (
            format!(
                "{} of {} have failed items",
                self.counted("folder"),
                self.name
            ),
            format!(
                "{}. {advice}",
                listed(folders.iter().map(|folder| label(folder)))
            ),
            self.open(),
        )
    }

    pub(super) fn errors(&self) -> Words {
        let errors = self.service.errors.iter().rev();
        let newest = errors
            .map(facts::error)
            .find(|error| self.items.contains(error));
        let newest = short(&newest.unwrap_or_default(), MESSAGE);
        let title = match self.items.len() {
            1 => format!("{} reports an error", self.name),
            _ => format!("{} reports {}", self.name, self.counted("error")),
        };
        let mut actions: Actions = self.open();
        actions.push(self.control("Clear", Action::ClearErrors));
        (title, newest, actions)
    }

    pub(super) fn conflicts(&self) -> Words {
        let conflicts = self.service.conflicts.iter();
        let these: Vec<_> = conflicts
            .filter(|one| self.items.contains(&facts::conflict(one)))
            .collect();
        let ids: BTreeSet<&str> = these.iter().map(|one| one.folder.as_str()).collect();
        let folders = self.service.folders.iter();
        let folders: Vec<&Folder> = folders
            .filter(|one| ids.contains(one.id.as_str()))
            .collect();
        let places = listed(folders.iter().map(|folder| label(folder)));
        let title = match these.as_slice() {
            [_] => format!("A conflict in {places} of {}", self.name),
            _ => format!("{} in {places} of {}", self.counted("conflict"), self.name),
        };
        let newest = these.first().map(|one| short(&one.path, MESSAGE));
        let body = format!(
            "Two devices changed the same file. Both versions are kept: compare them, and delete what you do not want. {}",
            match these.as_slice() {
                [_] => format!("The copy is {}.", newest.unwrap_or_default()),
                _ => format!("The newest copy is {}.", newest.unwrap_or_default()),
            }
        );
        let actions = match folders.as_slice() {
            [folder] if self.instance.local && !folder.path.is_empty() => {
                let path = folder.path.clone();
                vec![("Open folder".to_owned(), Command::OpenFolder { path })]
            }
            _ => self.open(),
        };
        (title, body, actions)
    }

    pub(super) fn restart(&self) -> Words {
        (
            format!("{} asks to be restarted", self.name),
            "Its settings were changed, and take effect when it starts again.".into(),
            vec![self.control("Restart", Action::Restart)],
        )
    }

    pub(super) fn mentions(&self) -> Words {
        let mentions = self.service.mentions.iter();
        let these: Vec<&Mention> = mentions
            .filter(|one| self.items.contains(&facts::mention(one)))
            .collect();
        let private = these.iter().filter(|one| one.private).count();
        let number = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        let unread = Unread {
            private: number(private),
            highlights: number(these.len() - private),
            messages: 0,
        };
        let what = match these.as_slice() {
            [one] if one.private => "A private message".to_owned(),
            [_] => "A highlight".to_owned(),
            _ => waiting(&unread).unwrap_or_default(),
        };
        let places: BTreeSet<String> = these.iter().map(|one| short(&one.place, NAME)).collect();
        let newest = these.first().map(|one| quote(one)).unwrap_or_default();
        let body = match (these.len(), newest.as_str()) {
            (_, "") => "It can be read in WeeChat.".to_owned(),
            (1, newest) => newest.to_owned(),
            (_, newest) => format!("The newest: {newest}"),
        };
        let title = format!("{what} in {} of {}", listed(places.into_iter()), self.name);
        (title, body, Vec::new())
    }

    pub(super) fn unexpected(&self) -> Words {
        let facts = self.service.facts.iter();
        let these = facts.filter(|one| one.attention && self.items.contains(&one.name));
        let lines: Vec<String> = these
            .take(MOST_LINES)
            .map(|one| short(&format!("{}: {}", one.name, one.value), MESSAGE))
            .collect();
        let title = match self.items.len() {
            1 => format!("{} is not as expected", self.name),
            _ => format!(
                "{}: {}",
                self.name,
                self.counted("thing") + " not as expected"
            ),
        };
        (title, lines.join("\n"), self.open())
    }

    pub(super) fn synced(&self) -> Words {
        (
            format!("{} is up to date", self.name),
            match self.service.safe {
                Some(false) => {
                    let words = nowhere_else(self.service);
                    format!("{}.", short(&words, MESSAGE))
                }
                _ => "Its folders and the devices connected to it have everything.".into(),
            },
            Vec::new(),
        )
    }

    fn folders(&self) -> Vec<&Folder> {
        let folders = self.service.folders.iter();
        folders.filter(|one| self.items.contains(&one.id)).collect()
    }

    fn counted(&self, one: &str) -> String {
        count(u64::try_from(self.items.len()).unwrap_or(u64::MAX), one)
    }

    /// A name that others chose, or the beginning of the ID where there is none.
    fn called(&self, name: &str, id: &str) -> String {
        match short(name, NAME) {
            name if name.trim().is_empty() => short(id, 12),
            name => name,
        }
    }

    fn device(&self, id: &str) -> String {
        let known = |device: &&Device| device.id == id;
        let device = self.service.devices.iter().find(known);
        self.called(device.map_or("", |device| &device.name), id)
    }

    fn control(&self, words: &str, action: Action) -> (String, Command) {
        let instance = self.instance.name.clone();
        (words.to_owned(), Command::Control { instance, action })
    }

    fn open(&self) -> Actions {
        open(self.instance).into_iter().collect()
    }
}

/// Who wrote what, as far as it is known.
fn quote(mention: &Mention) -> String {
    let (from, text) = (short(&mention.from, NAME), short(&mention.text, MESSAGE));
    match (from.as_str(), text.as_str()) {
        ("", text) => text.to_owned(),
        (from, text) => format!("{from}: {text}"),
    }
}

fn label(folder: &Folder) -> String {
    short(&folder.label, NAME)
}

fn listed(names: impl Iterator<Item = String>) -> String {
    let names: Vec<String> = names.collect();
    list(&names.iter().map(String::as_str).collect::<Vec<_>>())
}

/// `text` as a sentence with a blank after it, or nothing.
fn sentence(text: &str) -> String {
    match text.trim_end_matches(['.', ' ']) {
        "" => String::new(),
        text => format!("{text}. "),
    }
}
