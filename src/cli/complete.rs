//! What a shell completes: folders, devices, requests and instances, as the running engine knows them.
//!
//! Invariant: no engine is started, nobody is waited for longer than a moment, and no trouble is told: then nothing is
//! completed.

use std::sync::Arc;
use std::time::Duration;

use clap_complete::engine::{ArgValueCandidates, CompletionCandidate};

use crate::config::Environment;
use crate::core::{InstanceStatus, Service, Status};
use crate::engine::client::Connection;
use crate::engine::protocol::{Answer, Ask};
use crate::view::style::clean;

/// Somebody is waiting at a prompt.
const PATIENCE: Duration = Duration::from_millis(500);

/// The names of instances.
pub fn instances() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        let name = |instance: &Arc<InstanceStatus>| candidate(&instance.name, "");
        let status = ask_the_engine();
        status.map_or_else(Vec::new, |status| {
            status.instances.iter().filter_map(name).collect()
        })
    })
}

/// Folders, by their labels.
pub fn folders() -> ArgValueCandidates {
    ArgValueCandidates::new(|| of_services(folder_names))
}

/// Devices, by their names.
pub fn devices() -> ArgValueCandidates {
    ArgValueCandidates::new(|| of_services(device_names))
}

/// Folders and devices.
pub fn folders_and_devices() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        of_services(|service| {
            let devices = device_names(service);
            folder_names(service).into_iter().chain(devices).collect()
        })
    })
}

/// Devices and folders that wait for an answer.
pub fn offers() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        of_services(|service| {
            let devices = service.pending_devices.iter();
            let devices = devices.filter_map(|it| named(&it.name, &it.id));
            let folders = service.pending_folders.iter();
            devices
                .chain(folders.filter_map(|it| named(&it.label, &it.id)))
                .collect()
        })
    })
}

/// Devices that offer a folder.
pub fn devices_offered() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        of_services(|service| {
            let offers = |id: &str| service.pending_folders.iter().any(|it| it.offered_by == id);
            let devices = service.devices.iter().filter(|it| offers(&it.id));
            devices.filter_map(|it| named(&it.name, &it.id)).collect()
        })
    })
}

fn folder_names(service: &Service) -> Vec<CompletionCandidate> {
    let folders = service.folders.iter();
    folders.filter_map(|it| named(&it.label, &it.id)).collect()
}

fn device_names(service: &Service) -> Vec<CompletionCandidate> {
    let devices = service.devices.iter();
    devices.filter_map(|it| named(&it.name, &it.id)).collect()
}

fn of_services(names: impl Fn(&Service) -> Vec<CompletionCandidate>) -> Vec<CompletionCandidate> {
    let status = ask_the_engine();
    let instances = status.iter().flat_map(|status| &status.instances);
    let services = instances.filter_map(|instance| instance.service.as_deref());
    services.flat_map(names).collect()
}

/// By its name, with the ID beside it; by its ID where it has no name.
fn named(name: &str, id: &str) -> Option<CompletionCandidate> {
    match name {
        "" => candidate(id, ""),
        name => candidate(name, if name == id { "" } else { id }),
    }
}

/// `None` for what a terminal would not show as it is: such a name is given by the ID.
fn candidate(value: &str, help: &str) -> Option<CompletionCandidate> {
    if clean(value) != value {
        return None;
    }
    let help = (!help.is_empty()).then(|| clean(help).into());
    Some(CompletionCandidate::new(value).help(help))
}

fn ask_the_engine() -> Option<Status> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .ok()?;
    let socket = Environment::from_process().socket();
    let asked = async {
        let mut connection = Connection::open(&socket).await.ok()??;
        match connection.ask(Ask::Status).await.ok()? {
            Answer::Status { status } => Some(*status),
            _ => None,
        }
    };
    runtime.block_on(async { tokio::time::timeout(PATIENCE, asked).await.ok()? })
}
