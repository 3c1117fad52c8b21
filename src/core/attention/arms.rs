//! Where each reason is found: one arm for each kind, from what is known of an instance.

use super::{MOST, Reason, Seen, What, words};
use crate::core::service::{Device, Folder, FolderState, Service, ServiceError, short_id};
use crate::core::time::Timestamp;

/// Every reason that there is, in no order.
pub(super) fn find(seen: &Seen<'_>, now: Timestamp) -> Vec<Reason> {
    let mut found = Vec::new();
    let mut add = |reasons: &mut dyn Iterator<Item = Reason>| found.extend(reasons.take(MOST));
    if let Some(service) = seen.service {
        let about = About { seen, service, now };
        add(&mut about.folders(FolderState::Stopped, |folder| about.stopped(folder)));
        add(&mut about.each_folder(|folder| about.failed(folder)));
        add(&mut about.each_folder(|folder| about.out_of_sync(folder)));
        add(&mut about.folders(FolderState::UnexpectedItems, |folder| {
            about.unexpected_items(folder)
        }));
        add(&mut about.each_folder(|folder| about.watch_error(folder)));
        add(&mut about.unsteady());
        add(&mut about.errors().into_iter());
        add(&mut about.expectations());
        add(&mut about.each_folder(|folder| about.conflicts(folder)));
        add(&mut about.device_offers().chain(about.folder_offers()));
        add(&mut about.not_accepted());
        add(&mut about.restart().into_iter());
    }
    add(&mut insecure(seen, now).into_iter());
    found
}

/// The service that is looked at.
struct About<'a> {
    seen: &'a Seen<'a>,
    service: &'a Service,
    now: Timestamp,
}

impl<'a> About<'a> {
    fn each_folder<'b>(
        &'b self,
        arm: impl Fn(&'a Folder) -> Option<Reason> + 'b,
    ) -> impl Iterator<Item = Reason> + 'b {
        self.service.folders.iter().filter_map(arm)
    }

    fn folders<'b>(
        &'b self,
        state: FolderState,
        arm: impl Fn(&'a Folder) -> Reason + 'b,
    ) -> impl Iterator<Item = Reason> + 'b {
        self.each_folder(move |folder| (folder.state == state).then(|| arm(folder)))
    }

    fn stopped(&self, folder: &Folder) -> Reason {
        let accepted = self.may_be_away(folder);
        Reason {
            accepted,
            ..self.of_folder(What::Stopped, folder, 1, words::stopped(folder, accepted))
        }
    }

    /// Syncthing names a folder out of sync while items of it fail; what to look at is why they do.
    fn failed(&self, folder: &Folder) -> Option<Reason> {
        let idle = [FolderState::FailedItems, FolderState::OutOfSync].contains(&folder.state);
        let failed = folder.state == FolderState::FailedItems || folder.failed_items > 0;
        (idle && failed).then(|| {
            let count = folder.failed_items.max(1);
            self.of_folder(What::FailedItems, folder, count, words::failed(folder))
        })
    }

    fn out_of_sync(&self, folder: &Folder) -> Option<Reason> {
        let alone = folder.state == FolderState::OutOfSync && folder.failed_items == 0;
        alone.then(|| {
            let count = folder.need_items.max(1);
            self.of_folder(What::OutOfSync, folder, count, words::out_of_sync(folder))
        })
    }

    fn unexpected_items(&self, folder: &Folder) -> Reason {
        let count = folder.receive_only_items.max(1);
        self.of_folder(
            What::UnexpectedItems,
            folder,
            count,
            words::unexpected_items(folder),
        )
    }

    /// Of a folder that stopped there is nothing to be noticed.
    fn watch_error(&self, folder: &Folder) -> Option<Reason> {
        let idle = [FolderState::Stopped, FolderState::Paused].contains(&folder.state);
        let why = folder.watch_error.as_deref().filter(|_| !idle)?;
        Some(Reason {
            accepted: self.may_be_away(folder),
            ..self.of_folder(What::WatchError, folder, 1, words::watch_error(folder, why))
        })
    }

    fn unsteady(&self) -> impl Iterator<Item = Reason> {
        self.service.devices.iter().filter_map(|device| {
            let why = device.unsteady.as_deref()?;
            let name = called(&device.name, short_id(&device.id));
            Some(Reason {
                subject: name.to_owned(),
                device: Some(device.id.clone()),
                ..self.whole(What::Unsteady, 1, words::unsteady(name, why))
            })
        })
    }

    /// Its own list, without what a folder that stopped says better.
    fn errors(&self) -> Option<Reason> {
        let stopped = self.service.folders.iter();
        let stopped: Vec<&Folder> = stopped
            .filter(|folder| folder.state == FolderState::Stopped || self.may_be_away(folder))
            .collect();
        let said = |error: &&ServiceError| stopped.iter().any(|folder| is_of(error, folder));
        let errors = self.service.errors.iter();
        let errors: Vec<&ServiceError> = errors.filter(|error| !said(error)).collect();
        let (first, newest) = (errors.first()?, errors.last()?);
        let count = u64::try_from(errors.len()).unwrap_or(u64::MAX);
        Some(Reason {
            since: first.time.min(self.now),
            ..self.whole(What::Errors, count, words::errors(count, &newest.message))
        })
    }

    fn expectations(&self) -> impl Iterator<Item = Reason> {
        let facts = self.service.facts.iter().filter(|fact| fact.attention);
        facts.map(|fact| Reason {
            subject: fact.name.clone(),
            ..self.whole(What::Expectation, 1, words::expectation(fact))
        })
    }

    fn conflicts(&self, folder: &Folder) -> Option<Reason> {
        let of_it = || {
            let all = self.service.conflicts.iter();
            all.filter(|conflict| conflict.folder == folder.id)
        };
        let newest = of_it().max_by_key(|conflict| conflict.time)?;
        let first = of_it().map(|conflict| conflict.time).min()?;
        let count = u64::try_from(of_it().count()).unwrap_or(u64::MAX);
        let said = words::conflicts(folder, count, &newest.path);
        Some(Reason {
            since: first.min(self.now),
            ..self.of_folder(What::Conflicts, folder, count, said)
        })
    }

    fn device_offers(&self) -> impl Iterator<Item = Reason> {
        self.service.pending_devices.iter().map(|device| Reason {
            subject: called(&device.name, short_id(&device.id)).to_owned(),
            device: Some(device.id.clone()),
            since: device.time.unwrap_or(self.now).min(self.now),
            ..self.whole(What::Offer, 1, words::device_offer(device))
        })
    }

    fn folder_offers(&self) -> impl Iterator<Item = Reason> {
        self.service.pending_folders.iter().map(|offer| {
            let by = self.device(&offer.offered_by);
            let by = called(
                by.map_or("", |device| &device.name),
                short_id(&offer.offered_by),
            );
            Reason {
                subject: called(&offer.label, &offer.id).to_owned(),
                folder: Some(offer.id.clone()),
                device: Some(offer.offered_by.clone()),
                since: offer.time.unwrap_or(self.now).min(self.now),
                ..self.whole(What::Offer, 1, words::folder_offer(offer, by))
            }
        })
    }

    fn not_accepted(&self) -> impl Iterator<Item = Reason> {
        self.service.not_accepted().map(|(folder, id)| {
            let device = self.device(id).map_or("", |device| &device.name);
            let said = words::not_accepted(folder, called(device, short_id(id)));
            Reason {
                device: Some(id.to_owned()),
                ..self.of_folder(What::NotAccepted, folder, 1, said)
            }
        })
    }

    fn restart(&self) -> Option<Reason> {
        let asks = self.service.restart_required;
        asks.then(|| self.whole(What::RestartRequired, 1, words::restart()))
    }

    fn device(&self, id: &str) -> Option<&Device> {
        self.service.devices.iter().find(|device| device.id == id)
    }

    fn may_be_away(&self, folder: &Folder) -> bool {
        let chosen = self.seen.may_be_away;
        chosen.has_folder(&folder.id, &folder.label)
    }

    fn of_folder(&self, what: What, folder: &Folder, count: u64, said: words::Said) -> Reason {
        Reason {
            subject: called(&folder.label, &folder.id).to_owned(),
            folder: Some(folder.id.clone()),
            ..self.whole(what, count, said)
        }
    }

    fn whole(&self, what: What, count: u64, said: words::Said) -> Reason {
        reason(self.seen, what, count, said, self.now)
    }
}

/// The config names it so itself: there it was chosen.
fn insecure(seen: &Seen<'_>, now: Timestamp) -> Option<Reason> {
    let said = words::insecure(seen.plain);
    seen.insecure.then(|| Reason {
        accepted: true,
        ..reason(seen, What::Insecure, 1, said, now)
    })
}

fn reason(seen: &Seen<'_>, what: What, count: u64, said: words::Said, now: Timestamp) -> Reason {
    let (message, hint) = said;
    Reason {
        what,
        instance: seen.name.to_owned(),
        subject: String::new(),
        folder: None,
        device: None,
        count,
        since: now,
        message,
        hint,
        accepted: false,
    }
}

/// The name, or the ID where there is none.
pub(super) fn called<'a>(name: &'a str, id: &'a str) -> &'a str {
    if name.is_empty() { id } else { name }
}

/// The server lists as well why a folder stopped (lib/model/folder.go setError; 2.x names the ID in brackets).
fn is_of(error: &ServiceError, folder: &Folder) -> bool {
    let message = &error.message;
    let named = format!("folder.id={}", folder.id);
    match message.strip_prefix("Error on folder ") {
        Some(rest) => {
            let long = format!("\"{}\" ({}): ", folder.label, folder.id);
            rest.starts_with(&long) || rest.starts_with(&format!("{}: ", folder.id))
        }
        None => message.split([' ', '(', ')']).any(|word| word == named),
    }
}
