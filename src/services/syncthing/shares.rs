//! What every device has of every folder: who is behind, and who has it all.
//!
//! Invariant: pure. A device without a [`Share`] in a folder needs nothing there by the server's own sum, which proves
//! nothing: 1.x counts nothing for one that never told of an item, and the sum does not say who no longer shares it.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use crate::core::safety::Holder;
use crate::core::service::{DeviceState, FolderState};

use super::completion::{Completion, Presence, Share};
use super::device;
use super::state::{Device, Folder, Need, State};
use super::version::is_at_least;

/// What each device that needs something needs, of what it takes.
pub type Lacking<'a> = BTreeMap<&'a str, Completion>;

/// The unpaused folders that a device shares.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shared {
    /// Those that the sum alone says too little of: it lacked something there, or takes nothing, or they changed.
    pub doubtful: Vec<String>,
    pub others: Vec<String>,
}

impl State {
    /// The unpaused folders that a device shares.
    pub fn shared_with(&self, device: &str) -> Shared {
        let mut shared = Shared::default();
        for (id, folder) in &self.folders {
            if folder.config.paused || !folder.is_shared_with(device) {
                continue;
            }
            let share = folder.shares.get(device);
            match share.is_none_or(Share::proves) {
                true => shared.others.push(id.clone()),
                false => shared.doubtful.push(id.clone()),
            }
        }
        shared
    }

    /// What a whole picture takes that is read again, what is told by no event included. Nothing that was known of the
    /// others counts as known now.
    pub fn anew(&mut self) -> BTreeSet<Need> {
        use Need::{Connections, Errors, Pending, RestartRequired};
        let folders = self.folders.values_mut();
        for share in folders.flat_map(|folder| folder.shares.values_mut()) {
            share.sure = false;
        }
        let untold = [Connections, Pending, Errors, RestartRequired];
        self.wanted().into_iter().chain(untold).collect()
    }

    /// Whom to ask next: one device for each folder of which it is not known now whether anybody has it all.
    pub fn unproved(&self) -> BTreeSet<Need> {
        let folders = self.folders.iter();
        folders
            .filter(|(_, folder)| folder.can_be_proved())
            .filter_map(|(id, folder)| {
                let device = self.witness(folder)?;
                Some(Need::Share(device.to_owned(), id.clone()))
            })
            .collect()
    }

    /// Something is known of a device's folders, all of them.
    pub(super) fn learn_completion(
        &mut self,
        device: &str,
        mut known: BTreeMap<String, Completion>,
    ) {
        let Some(told) = self.devices.get_mut(device) else {
            return;
        };
        told.is_read = true;
        told.has_told |= told.connected == Some(true) && known.values().any(Completion::tells);
        let presence = told.presence();
        for (id, folder) in &mut self.folders {
            match known.remove(id) {
                Some(known) if folder.is_shared_with(device) => {
                    folder.share(device).learn(Some(known), true, presence);
                }
                _ => {
                    if folder.shares.get(device).is_some_and(|it| !it.proves()) {
                        folder.shares.remove(device);
                    }
                }
            }
        }
    }

    pub(super) fn learn_share(&mut self, device: &str, folder: &str, known: Option<Completion>) {
        let folder = self.folders.get_mut(folder);
        let folder = folder.filter(|folder| folder.is_shared_with(device));
        if let Some((folder, told)) = folder.zip(self.devices.get_mut(device)) {
            told.has_told |= told.connected == Some(true) && known.is_some_and(|it| it.tells());
            folder.share(device).learn(known, true, told.presence());
        }
    }

    /// A device tells what it shares: that may have changed on its side.
    pub(super) fn hear(&mut self, device: &str) {
        if let Some(told) = self.devices.get_mut(device) {
            told.has_told = true;
        }
        let folders = self.folders.values_mut();
        for share in folders.filter_map(|folder| folder.shares.get_mut(device)) {
            share.sure = false;
        }
    }

    /// What each device needs, of what it takes.
    pub(super) fn lacking(&self) -> Lacking<'_> {
        let mut lacking = Lacking::new();
        let folders = self.folders.values();
        for (device, share) in folders.flat_map(|folder| &folder.shares) {
            let known = share
                .known
                .filter(|it| it.is_taken() && !it.needs_nothing());
            if let Some(known) = known {
                let sum = lacking.entry(device.as_str()).or_default();
                *sum = sum.plus(&known);
            }
        }
        lacking
    }

    /// A device's state, and how far it is with all that it takes; `None` before that was read.
    pub(super) fn device_state(
        &self,
        device: &Device,
        lacking: &Lacking<'_>,
    ) -> (DeviceState, Option<Completion>) {
        let id = device.config.id.as_str();
        let total = device.is_read.then(|| match lacking.get(id) {
            Some(needs) => Completion {
                global_bytes: self.global_bytes_for(id),
                ..*needs
            },
            None => Completion::default(),
        });
        let state = device::state(&device::Facts {
            connected: device.connected,
            paused: device.config.paused,
            unused: device.folders == 0,
            percent: total.as_ref().map(device::percent),
            last_seen: device.last_seen,
            unseen_is_inactive: is_at_least(&self.version, [1, 30, 0]),
            now: self.now,
        });
        (state, total)
    }

    /// Those that share a folder, as far as they are known.
    pub(super) fn holders<'a>(&'a self, folder: &'a Folder) -> Vec<Holder<'a>> {
        let unknown = Share::default();
        let members = folder.config.devices.iter();
        let members = members.filter_map(|member| self.devices.get(&member.id));
        members
            .map(|device| {
                let id = device.config.id.as_str();
                let presence = device.presence();
                folder
                    .shares
                    .get(id)
                    .unwrap_or(&unknown)
                    .holder(id, presence)
            })
            .collect()
    }

    /// All that is shared with a device and that it takes.
    fn global_bytes_for(&self, device: &str) -> u64 {
        let folders = self.folders.values();
        let shared = folders.filter(|it| !it.config.paused && it.is_shared_with(device));
        shared.fold(0, |sum, folder| {
            let known = folder.shares.get(device).and_then(|share| share.known);
            let bytes = match (known, &folder.summary) {
                (Some(known), _) if known.is_taken() => known.global_bytes,
                (None, Some(summary)) => summary.global_bytes,
                _ => 0,
            };
            sum.saturating_add(bytes)
        })
    }

    /// Who is asked first whether it has all of a folder; `None` when one is known to, or all were asked.
    fn witness<'a>(&self, folder: &'a Folder) -> Option<&'a str> {
        if folder.shares.values().any(Share::proves) {
            return None;
        }
        let members = folder
            .config
            .devices
            .iter()
            .map(|member| member.id.as_str());
        let unasked = members.filter(|id| folder.shares.get(*id).is_none_or(|share| !share.sure));
        let known = unasked.filter_map(|id| Some((id, self.devices.get(id)?)));
        known
            .min_by_key(|(_, device)| (device.connected != Some(true), Reverse(device.last_seen)))
            .map(|(id, _)| id)
    }
}

impl Device {
    pub(super) fn presence(&self) -> Presence {
        Presence {
            connected: self.connected == Some(true),
            has_told: self.has_told,
            paused: self.config.paused,
        }
    }
}

impl Folder {
    /// The share of a device.
    pub(super) fn share(&mut self, device: &str) -> &mut Share {
        self.shares.entry(device.to_owned()).or_default()
    }

    /// Its index here is at `sequence`. What was known of the others before it changed is no longer sure.
    pub(super) fn index(&mut self, sequence: u64) {
        let before = self.sequence.replace(sequence);
        if before.is_some_and(|before| before != sequence) {
            for member in &self.config.devices {
                let share = self.shares.entry(member.id.clone()).or_default();
                share.sure = false;
            }
        }
    }

    /// Nothing is known of it any more.
    pub(super) fn forget(&mut self) {
        self.summary = None;
        self.sequence = None;
        self.shares.clear();
    }

    /// Nobody is known of that does not share it.
    pub(super) fn keep_members(&mut self) {
        let members = &self.config.devices;
        self.shares
            .retain(|id, _| members.iter().any(|member| member.id == *id));
        for share in self.shares.values_mut() {
            share.sure = false;
        }
    }

    /// While it is scanned or synced its index changes all the time.
    fn can_be_proved(&self) -> bool {
        let state = self.state();
        self.summary.is_some() && !state.is_busy() && state != FolderState::Unknown
    }
}
