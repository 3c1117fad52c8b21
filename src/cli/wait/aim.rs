//! What is waited for, and whether a status shows it. Pure.

use super::args::{Goal, WaitArgs};
use crate::cli::context::Context;
use crate::cli::control::{names, syncthing};
use crate::cli::error::{CliError, Exit};
use crate::core::safety::Why;
use crate::core::service::{Device, DeviceState, Folder, FolderState};
use crate::core::{InstanceStatus, LinkState, Service, Status};
use crate::view::style::Line;
use crate::view::wait;
use crate::view::words::is_synced;

/// The instances of a status that count, and what of them.
pub struct Aim<'a> {
    goal: Goal,
    instances: Vec<&'a InstanceStatus>,
    /// One folder or device alone counts; the ID once it is known.
    folder: Option<Option<String>>,
    device: Option<Option<String>>,
}

impl<'a> Aim<'a> {
    /// What `args` mean in `status`.
    ///
    /// # Errors
    /// There is nothing to wait for, or something is called what nothing is called.
    pub fn of(args: &WaitArgs, status: &'a Status, context: &Context) -> Result<Self, CliError> {
        context.expect_known(status)?;
        let mut aim = Self {
            goal: args.goal,
            instances: Vec::new(),
            folder: None,
            device: None,
        };
        if args.folder.is_some() || args.device.is_some() {
            aim.narrow(args, syncthing(status, context)?)?;
        } else {
            let all = status.instances.iter().map(AsRef::as_ref);
            let meant = |it: &&InstanceStatus| context.only().is_none_or(|name| name == it.name);
            aim.instances = all.filter(meant).collect();
        }
        let all: Vec<&str> = aim.instances.iter().map(|it| it.name.as_str()).collect();
        let watched = |it: &&InstanceStatus| it.link.state != LinkState::Paused;
        aim.instances.retain(watched);
        if aim.instances.is_empty() {
            return Err(nothing_to_wait_for(wait::nothing(&all)));
        }
        match aim.never_safe() {
            Some(why) => Err(nothing_to_wait_for(why)),
            None => Ok(aim),
        }
    }

    /// Why nothing can become safe, as things are.
    fn never_safe(&self) -> Option<(String, &'static str)> {
        if self.goal != Goal::Safe {
            return None;
        }
        let instances = self.instances.iter();
        let connected = instances.filter(|it| it.link.state == LinkState::Connected);
        let mut services = connected.filter_map(|it| Some((&it.name, it.service.as_deref()?)));
        services.find_map(|(name, service)| {
            let all = self.folder.is_none() && self.device.is_none();
            let shared = |folder: &&Folder| !folder.devices.is_empty();
            let paused = |folder: &&Folder| folder.state == FolderState::Paused;
            let mut folders = service.folders.iter().filter(shared);
            match folders.find(paused).filter(|_| all) {
                Some(folder) => Some(wait::nothing_of(&folder.label, name)),
                None if self.meant(service).iter().any(shared) => None,
                None => Some(wait::not_shared(name)),
            }
        })
    }

    /// The instances that count.
    pub fn instances(&self) -> &[&'a InstanceStatus] {
        &self.instances
    }

    /// The one folder that counts: `None` when it is not known yet.
    pub fn folder(&self) -> Option<Option<&str>> {
        match &self.folder {
            None => Some(None),
            Some(known) => known.as_deref().map(Some),
        }
    }

    /// Whether it shows.
    pub fn is_reached(&self) -> bool {
        self.instances
            .iter()
            .all(|instance| self.is_there(instance))
    }

    /// Whether one of these instances counts.
    pub fn concerns_any(&self, names: &[String]) -> bool {
        let mut instances = self.instances.iter();
        instances.any(|instance| names.contains(&instance.name))
    }

    fn narrow(&mut self, args: &WaitArgs, instance: &'a InstanceStatus) -> Result<(), CliError> {
        self.instances = vec![instance];
        let Some(service) = instance.service.as_deref() else {
            self.folder = args.folder.as_ref().map(|_| None);
            self.device = args.device.as_ref().map(|_| None);
            return Ok(());
        };
        let paused = |name: &str| nothing_to_wait_for(wait::nothing_of(name, &instance.name));
        if let Some(name) = &args.folder {
            let id = names::folder(service, name)?;
            let folder = folder_of(service, &id);
            if let Some(folder) = folder.filter(|it| it.state == FolderState::Paused) {
                return Err(paused(&folder.label));
            }
            self.folder = Some(Some(id));
        }
        if let Some(name) = &args.device {
            let id = names::device(service, name)?;
            if let Some(device) = device_of(service, &id).filter(|it| is_paused(it)) {
                return Err(paused(&device.name));
            }
            self.device = Some(Some(id));
        }
        Ok(())
    }

    /// What is still to be asked before it is promised that somebody has everything: of each instance, folders with
    /// devices that are not known to lack something. Of some servers the sum alone says too little.
    pub fn proofs(&self) -> Vec<(&'a str, Vec<(String, String)>)> {
        let device = self.device.iter().flatten().next();
        let counts = |it: &&Device| match (self.goal, device) {
            (Goal::Synced, _) => it.connected && device.is_none_or(|id| *id == it.id),
            (Goal::Safe, Some(id)) => *id == it.id,
            _ => false,
        };
        let instances = self.instances.iter();
        let instances = instances.filter_map(|it| Some((it.name.as_str(), it.service.as_deref()?)));
        let shares = instances.map(|(name, service)| {
            let folders = self.meant(service).into_iter();
            let shares = folders.flat_map(|folder| {
                let is_behind = |id: &str| folder.behind.iter().any(|it| it.device == id);
                let devices = service.devices.iter().filter(counts);
                let devices = devices.filter(|it| shares(folder, &it.id) && !is_paused(it));
                let asked = devices.filter(move |it| !is_behind(&it.id));
                asked.map(|it| (folder.id.clone(), it.id.clone()))
            });
            (name, shares.collect())
        });
        shares.collect()
    }

    /// That only this is missing, by the names that people know.
    pub fn lacking(&self, instance: &str, folder: &str, device: &str) -> Line {
        let found = self.instances.iter().find(|it| it.name == instance);
        let service = found.and_then(|it| it.service.as_deref());
        let label = service
            .and_then(|it| folder_of(it, folder))
            .map(|it| it.label.as_str());
        let name = service
            .and_then(|it| device_of(it, device))
            .map(|it| it.name.as_str());
        let (folder, device) = (label.unwrap_or(folder), name.unwrap_or(device));
        wait::lacking(self.goal.name(), instance, folder, device)
    }

    /// The folders that count.
    fn meant<'s>(&self, service: &'s Service) -> Vec<&'s Folder> {
        let folder = self.folder.iter().flatten().next();
        let device = self.device.iter().flatten().next();
        let running = |it: &&Folder| it.state != FolderState::Paused;
        let all = service.folders.iter().filter(running);
        match (folder, device) {
            (Some(id), _) => all.filter(|folder| &folder.id == id).collect(),
            (None, Some(id)) => all.filter(|folder| shares(folder, id)).collect(),
            (None, None) => all.collect(),
        }
    }

    fn is_there(&self, instance: &InstanceStatus) -> bool {
        if instance.link.state != LinkState::Connected {
            return false;
        }
        match (&self.folder, &self.device, &instance.service) {
            (None, None, service) => match self.goal {
                Goal::Connected => true,
                Goal::Idle => service.as_ref().is_some_and(|service| !service.is_busy()),
                Goal::Synced => is_synced(instance) && service.as_deref().is_some_and(is_delivered),
                Goal::Safe => service.as_ref().is_some_and(|service| is_safe(service)),
            },
            (Some(None), _, _) | (_, Some(None), _) | (_, _, None) => false,
            (_, _, Some(service)) => self.is_part_there(service),
        }
    }

    /// The same of the folder and the device that alone count.
    fn is_part_there(&self, service: &Service) -> bool {
        let device = self.device.iter().flatten().next();
        let known = device.map(|id| device_of(service, id));
        let connected = known.is_none_or(|it| it.is_some_and(|device| device.connected));
        let meant = self.meant(service);
        let counts = |id: &String| device.is_none_or(|it| it == id);
        let has_all = |folder: &&Folder| {
            let mut behind = folder.behind.iter().filter(|it| counts(&it.device));
            let mut devices = service.devices.iter();
            let unread = |it: &Device| {
                let nothing = it.need_items == 0 && it.need_bytes == 0;
                it.state == DeviceState::Syncing && nothing && shares(folder, &it.id)
            };
            behind.all(|it| it.why != Why::Syncing)
                && !devices.any(|it| counts(&it.id) && unread(it))
        };
        match self.goal {
            Goal::Connected => connected,
            Goal::Idle => meant.iter().all(|it| !it.state.is_busy() && has_all(it)),
            Goal::Synced => {
                let settled = |folder: &&Folder| folder.state.is_settled() && has_all(folder);
                connected && !meant.is_empty() && meant.iter().all(settled)
            }
            Goal::Safe => {
                let safe = |folder: &&Folder| match device {
                    None => folder.safe == Some(true),
                    Some(id) => {
                        let behind = folder.behind.iter().any(|it| &it.device == id);
                        folder.receive_only_items == 0 && !behind
                    }
                };
                let known = |folder: &&Folder| !is_unread(folder);
                !meant.is_empty() && meant.iter().all(|it| known(it) && safe(it))
            }
        }
    }
}

fn nothing_to_wait_for((message, hint): (String, &str)) -> CliError {
    CliError::new(Exit::Wrong, message).hint(hint)
}

/// Nothing is on its way to anybody. Of one that never told of a file, 1.x says that it needs nothing.
fn is_delivered(service: &Service) -> bool {
    let running = |it: &&Folder| it.state != FolderState::Paused;
    let folders = service.folders.iter().filter(running);
    let mut behind = folders.flat_map(|folder| &folder.behind);
    behind.all(|it| it.why != Why::Syncing)
}

/// Whoever else has what is here is known, and everything is elsewhere too.
fn is_safe(service: &Service) -> bool {
    service.safe == Some(true) && !service.folders.iter().any(is_unread)
}

/// What is on the disk is about to be looked at: there may be more than is known.
fn is_unread(folder: &Folder) -> bool {
    matches!(
        folder.state,
        FolderState::Scanning
            | FolderState::ScanWaiting
            | FolderState::Starting
            | FolderState::Unknown
    )
}

fn is_paused(device: &Device) -> bool {
    matches!(
        device.state,
        DeviceState::Paused | DeviceState::UnusedPaused
    )
}

fn folder_of<'a>(service: &'a Service, id: &str) -> Option<&'a Folder> {
    service.folders.iter().find(|folder| folder.id == id)
}

fn device_of<'a>(service: &'a Service, id: &str) -> Option<&'a Device> {
    service.devices.iter().find(|device| device.id == id)
}

fn shares(folder: &Folder, device: &str) -> bool {
    folder.devices.iter().any(|id| id == device)
}
