//! The words of the notices: what happened, what it means, what to do.
//!
//! Invariant: names and messages of others are cleaned and bounded here.

use std::collections::BTreeSet;

use super::facts::{self, Kind};
use super::outage::News;
use super::topic::Bundle;
use super::{Notice, Urgency};
use crate::core::service::{Device, Folder};
use crate::core::{Action, Class, InstanceStatus, LinkState, Service};
use crate::view::command::Command;
use crate::view::style::{Line, Page};
use crate::view::units::{count, span};
use crate::view::words::{list, lost};

/// Columns of a name that others chose, and of a message that they sent.
const NAME: usize = 40;
const MESSAGE: usize = 300;
/// Our own sentences, with an address and two fingerprints in them.
pub(super) const SENTENCE: usize = 700;

type Actions = Vec<(String, Command)>;

/// The key of every notice about an instance's connection: back takes the place of lost.
pub(super) fn link_key(name: &str) -> String {
    format!("{name}/link")
}

/// A notice about an instance's connection.
pub(super) fn link(news: News, instance: &InstanceStatus, urgency: Urgency) -> Notice {
    let name = short(&instance.name, NAME);
    let (category, title, body, actions) = match news {
        News::Back(since) => (
            "network.connected",
            format!("{name} is back"),
            format!(
                "It is connected again, {} after it was lost.",
                span(instance.link.since.since(since))
            ),
            Vec::new(),
        ),
        News::Lost(state) => (
            match state {
                LinkState::Disconnected => "network.disconnected",
                _ => "network.error",
            },
            lost(&name, state),
            trouble(instance),
            remedies(state, instance),
        ),
    };
    Notice {
        key: link_key(&instance.name),
        urgency,
        category,
        title,
        body,
        actions,
    }
}

/// A notice about an instance's service.
pub(super) fn service(
    kind: Kind,
    bundle: &Bundle,
    instance: &InstanceStatus,
    service: &Service,
    urgency: Urgency,
) -> Notice {
    let about = About {
        name: short(&instance.name, NAME),
        instance,
        service,
        items: &bundle.items,
    };
    let (category, (title, body, actions)) = match kind {
        Kind::Device => ("device.added", about.devices()),
        Kind::Offer => ("transfer", about.offers()),
        Kind::Stopped => ("transfer.error", about.stopped()),
        Kind::Failed => ("transfer.error", about.failed()),
        Kind::Error => ("device.error", about.errors()),
        Kind::Conflict => ("transfer", about.conflicts()),
        Kind::Restart => ("device", about.restart()),
        Kind::Synced => ("transfer.complete", about.synced()),
    };
    Notice {
        key: bundle.key.clone(),
        urgency,
        category,
        title,
        body,
        actions,
    }
}

/// What is wrong with the link, and what to do.
fn trouble(instance: &InstanceStatus) -> String {
    let Some(failure) = &instance.link.failure else {
        return String::new();
    };
    let mut lines = vec![short(&failure.message, SENTENCE)];
    let trust = &instance.link.trust;
    if instance.link.state == LinkState::Untrusted {
        // Most classes name them in their message.
        for (word, fingerprint) in [("Served", trust.served), ("Pinned", trust.current)] {
            let fingerprint = fingerprint.map(|fingerprint| fingerprint.to_string());
            lines.extend(
                fingerprint
                    .filter(|fingerprint| !failure.message.contains(fingerprint))
                    .map(|fingerprint| format!("{word}: {fingerprint}.")),
            );
        }
    }
    lines.push(short(&failure.hint, SENTENCE));
    lines.retain(|line| !line.is_empty());
    lines.join("\n")
}

fn remedies(state: LinkState, instance: &InstanceStatus) -> Actions {
    let retry = Command::Retry {
        instance: Some(instance.name.clone()),
    };
    let mut actions: Actions = Vec::new();
    match state {
        LinkState::Untrusted => actions.extend(acceptance(instance)),
        LinkState::Unauthorized => actions.extend(open(instance)),
        LinkState::Misconfigured => {
            actions.push(("Open config".into(), Command::OpenConfig));
        }
        _ => {}
    }
    actions.push(("Try again".into(), retry));
    actions
}

/// To pin what is served, where that is the user's to say. The button names the certificate, so that nobody accepts
/// another one than was read of.
fn acceptance(instance: &InstanceStatus) -> Option<(String, Command)> {
    let trust = &instance.link.trust;
    let mismatch = instance.link.failure.as_ref()?.class == Class::PinMismatch;
    let by_hand = trust.mode.not_by_hand().is_none();
    let fingerprint = trust.served.filter(|_| mismatch && by_hand)?;
    let shown: String = fingerprint.to_string().chars().take(15).collect();
    let command = Command::Accept {
        instance: instance.name.clone(),
        fingerprint,
    };
    Some((format!("Accept {shown}…"), command))
}

/// The service's own page.
fn open(instance: &InstanceStatus) -> Option<(String, Command)> {
    let web = ["https://", "http://"]
        .iter()
        .any(|scheme| instance.url.starts_with(scheme));
    let command = Command::OpenPage {
        url: instance.url.clone(),
    };
    web.then(|| ("Open".to_owned(), command))
}

/// What a notice is about.
struct About<'a> {
    /// The instance's name, cleaned.
    name: String,
    instance: &'a InstanceStatus,
    service: &'a Service,
    items: &'a BTreeSet<String>,
}

impl About<'_> {
    fn devices(&self) -> (String, String, Actions) {
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

    fn offers(&self) -> (String, String, Actions) {
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

    fn stopped(&self) -> (String, String, Actions) {
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

    fn failed(&self) -> (String, String, Actions) {
        let folders = self.folders();
        let advice = "Syncthing tries again by itself; the page says which, and why.";
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
            return (title, advice.into(), self.open());
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

    fn errors(&self) -> (String, String, Actions) {
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

    fn conflicts(&self) -> (String, String, Actions) {
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

    fn restart(&self) -> (String, String, Actions) {
        (
            format!("{} asks to be restarted", self.name),
            "Its settings were changed, and take effect when it starts again.".into(),
            vec![self.control("Restart", Action::Restart)],
        )
    }

    fn synced(&self) -> (String, String, Actions) {
        (
            format!("{} is up to date", self.name),
            "Its folders and the devices connected to it have everything.".into(),
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

/// On one line, cleaned and bounded.
pub(super) fn short(text: &str, columns: usize) -> String {
    let line = Page::from(Line::plain(text.trim()).cut(columns));
    line.render(false).trim_end().to_owned()
}
