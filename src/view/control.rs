//! What a Syncthing is to do, and what came of it, in words.

use super::Frame;
use super::style::{Line, Page, Role};
use super::units::date_time;
use super::words::list;
use crate::core::{Action, Part, Service, Timestamp};

/// Something that was asked for on the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Task {
    Do(Action),
    /// Pause these for a while; everything when there are none.
    Hold {
        parts: Vec<Part>,
        until: Option<Timestamp>,
    },
    /// Let go on what is paused for a while.
    Release,
    /// Watch it, or leave it alone.
    Monitor {
        on: bool,
    },
}

/// What it means, as the end of a sentence: "would ...".
pub fn task(task: &Task, service: &Service, frame: &Frame) -> String {
    let folder = |id: &str| format!("folder {}", folder_name(service, id));
    let device = |id: &str| format!("device {}", device_name(service, id));
    match task {
        Task::Release => "let everything go on that 'pause' paused".into(),
        Task::Monitor { on: true } => "be watched again".into(),
        Task::Monitor { on: false } => "not be watched".into(),
        Task::Hold { parts, until } => {
            let what = match parts.as_slice() {
                [] => "everything".to_owned(),
                parts => names(parts, service),
            };
            match until {
                Some(until) => format!("pause {what} until {}", date_time(*until, &frame.zone)),
                None => format!("pause {what}"),
            }
        }
        Task::Do(action) => match action {
            Action::Rescan { folder: None, .. } => "look for changes in all folders".into(),
            Action::Rescan {
                folder: Some(id),
                sub: None,
            } => format!("look for changes in {}", folder(id)),
            Action::Rescan {
                folder: Some(id),
                sub: Some(sub),
            } => format!("look for changes in {sub} of {}", folder(id)),
            Action::Pause { parts } => format!("pause {}", names(parts, service)),
            Action::Resume { parts } => format!("resume {}", names(parts, service)),
            Action::Override { folder: id } => {
                format!("make the others take {} as it is here", folder(id))
            }
            Action::Revert { folder: id } => format!("undo local changes in {}", folder(id)),
            Action::AcceptDevice { device: id } => format!("accept {}", device(id)),
            Action::IgnoreDevice { device: id } => format!("ignore {}", device(id)),
            Action::AcceptFolder {
                folder: id,
                device: from,
                path,
            } => {
                let at = path.as_ref().map(|path| format!(" at {path}"));
                let at = at.unwrap_or_default();
                format!("accept {} of {}{at}", folder(id), device(from))
            }
            Action::IgnoreFolder {
                folder: id,
                device: from,
            } => format!("ignore {} of {}", folder(id), device(from)),
            Action::ClearErrors => "empty its list of errors".into(),
            Action::Restart => "restart".into(),
            Action::Shutdown => "shut down".into(),
        },
    }
}

/// What is to be known before something that cannot be undone; `None` where nothing is lost.
pub fn warning(instance: &str, task: &Task, service: &Service) -> Option<String> {
    let folder = |id: &str| folder_name(service, id);
    match task {
        Task::Do(Action::Override { folder: id }) => Some(format!(
            "What the other devices changed in {} is lost.",
            folder(id)
        )),
        Task::Do(Action::Revert { folder: id }) => Some(format!(
            "What was changed in {} at {instance} is lost.",
            folder(id)
        )),
        Task::Do(Action::Shutdown) => {
            Some("It does not start again by itself, unless a service manager starts it.".into())
        }
        _ => None,
    }
}

/// What is asked after a warning. `what` is what [`task`] says.
pub fn question(warning: &str, instance: &str, what: &str) -> String {
    format!("{warning} Have {instance} {what}?")
}

/// That it is done, and that the server shows it. `what` is what [`task`] says.
pub fn done(instance: &str, task: &Task, what: &str) -> Page {
    let words = match task {
        Task::Monitor { on: true } => format!("{instance} is watched again."),
        Task::Monitor { on: false } => {
            format!("{instance} is not watched until 'syncwatch resume --monitoring'.")
        }
        // It answers when it has looked; there is nothing to see of it then.
        Task::Do(Action::Rescan { .. }) => format!("{instance} was asked to {what}, and did."),
        _ => format!("{instance} was asked to {what}, and shows it."),
    };
    Line::of(Role::Ok, "Done: ")
        .with(Role::Plain, &words)
        .into()
}

/// That it was so already. `what` is what [`task`] says.
pub fn nothing(instance: &str, task: &Task, what: &str) -> Page {
    let why = match task {
        Task::Hold { parts, .. } if parts.is_empty() => "nothing is running there to be paused",
        Task::Hold { .. } | Task::Do(Action::Pause { .. }) => "that is paused already",
        Task::Do(Action::Resume { .. }) => "that is not paused",
        Task::Release => "nothing is paused there by 'pause'",
        Task::Monitor { on: true } => "it is watched already",
        Task::Monitor { on: false } => "it is not watched as it is",
        Task::Do(Action::Rescan { .. }) => "it has no folder that is not paused",
        Task::Do(Action::ClearErrors) => "the list is empty",
        Task::Do(_) => "that is so already",
    };
    let words = format!("{instance} was asked to {what}, but {why}.");
    Line::of(Role::Dim, "Nothing to do: ")
        .with(Role::Plain, &words)
        .into()
}

/// That nothing was done.
pub fn dry_run(instance: &str, what: &str) -> Page {
    Line::plain(&format!("Nothing was done. {instance} would {what}.")).into()
}

fn names(parts: &[Part], service: &Service) -> String {
    let named: Vec<String> = parts
        .iter()
        .map(|part| match part {
            Part::Folder(id) => format!("folder {}", folder_name(service, id)),
            Part::Device(id) => format!("device {}", device_name(service, id)),
        })
        .collect();
    list(&named.iter().map(String::as_str).collect::<Vec<_>>())
}

fn folder_name(service: &Service, id: &str) -> String {
    let known = service.folders.iter().find(|folder| folder.id == id);
    let known = known.map(|folder| folder.label.as_str());
    let offered = service.pending_folders.iter().find(|offer| offer.id == id);
    shown(known.or(offered.map(|offer| offer.label.as_str())), id)
}

fn device_name(service: &Service, id: &str) -> String {
    let known = service.devices.iter().find(|device| device.id == id);
    let known = known.map(|device| device.name.as_str());
    let pending = service.pending_devices.iter().find(|it| it.id == id);
    shown(known.or(pending.map(|it| it.name.as_str())), id)
}

fn shown(name: Option<&str>, id: &str) -> String {
    match name {
        Some("") | None => id.to_owned(),
        Some(name) => format!("'{name}'"),
    }
}
