//! What was asked for, with its names resolved: what the engine is asked, and how it shows that it was done. Pure.

use super::args::ControlCommand;
use super::effect::Effect;
use super::names::{self, Offer};
use crate::cli::error::{CliError, Exit};
use crate::core::service::{FolderState, Remedy};
use crate::core::{Action, InstanceStatus, Part, Refusal, Service, Timestamp};
use crate::engine::protocol::Ask;
use crate::services::syncthing::control::refusal;
use crate::view::control::Task;

/// Everything that is to be done at one instance, in order.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    pub tasks: Vec<(Task, Effect)>,
}

impl Plan {
    /// What `command` means at `instance`, now.
    ///
    /// # Errors
    /// A name is none, or not clear.
    pub fn of(
        command: &ControlCommand,
        instance: &InstanceStatus,
        service: &Service,
        now: Timestamp,
    ) -> Result<Self, CliError> {
        let action = |action: Action, effect: Effect| vec![(Task::Do(action), effect)];
        let parts = |names: &[String]| {
            let parts = names.iter().map(|name| names::part(service, name));
            parts.collect::<Result<Vec<Part>, _>>()
        };
        if let Some(on) = command.monitors() {
            let tasks = vec![(Task::Monitor { on }, Effect::Watched(on))];
            return Ok(Self { tasks });
        }
        let tasks = match command {
            ControlCommand::Rescan(args) => match args.folders.as_slice() {
                [] => {
                    let (folder, sub) = (None, None);
                    action(Action::Rescan { folder, sub }, Effect::Answered)
                }
                [_, _, ..] if args.sub.is_some() => {
                    return Err(CliError::new(Exit::Usage, "--sub is for one folder."));
                }
                several => several
                    .iter()
                    .map(|name| {
                        let rescan = Action::Rescan {
                            folder: Some(names::folder(service, name)?),
                            sub: args.sub.clone(),
                        };
                        Ok((Task::Do(rescan), Effect::Answered))
                    })
                    .collect::<Result<_, CliError>>()?,
            },
            ControlCommand::Pause(args) => {
                let parts = parts(&args.names)?;
                let until = args.duration.map(|duration| now + duration);
                match (parts.is_empty(), until) {
                    (false, None) => {
                        let effect = Effect::Paused(parts.clone());
                        action(Action::Pause { parts }, effect)
                    }
                    (_, until) => {
                        let effect = Effect::Held(parts.clone());
                        vec![(Task::Hold { parts, until }, effect)]
                    }
                }
            }
            ControlCommand::Resume(args) => match parts(&args.names)? {
                none if none.is_empty() => {
                    let held = instance.holds.iter().flat_map(|hold| hold.parts.clone());
                    vec![(Task::Release, Effect::Running(held.collect()))]
                }
                parts => {
                    let effect = Effect::Running(parts.clone());
                    action(Action::Resume { parts }, effect)
                }
            },
            ControlCommand::Restart(_) => action(Action::Restart, Effect::Restarted),
            ControlCommand::Shutdown(_) => action(Action::Shutdown, Effect::Down),
            ControlCommand::Override(args) => {
                let folder = names::folder(service, &args.folder)?;
                let effect = Effect::Overridden(folder.clone());
                action(Action::Override { folder }, effect)
            }
            ControlCommand::Revert(args) => {
                let folder = names::folder(service, &args.folder)?;
                let effect = Effect::Reverted(folder.clone());
                action(Action::Revert { folder }, effect)
            }
            ControlCommand::Accept(args) => {
                let (name, from) = (args.name.as_deref(), args.from.as_deref());
                match names::offer(service, name, from)? {
                    Offer::Device(_) if args.path.is_some() => {
                        return Err(CliError::new(Exit::Usage, "--path is for a folder."));
                    }
                    Offer::Device(device) => {
                        let device = device.id.clone();
                        let effect = Effect::Known(Part::Device(device.clone()));
                        action(Action::AcceptDevice { device }, effect)
                    }
                    Offer::Folder(offer) => {
                        let (folder, device) = (offer.id.clone(), offer.offered_by.clone());
                        let effect = Effect::Known(Part::Folder(folder.clone()));
                        let path = args.path.clone();
                        let accept = Action::AcceptFolder {
                            folder,
                            device,
                            path,
                        };
                        action(accept, effect)
                    }
                }
            }
            ControlCommand::Ignore(args) => {
                let (name, from) = (args.name.as_deref(), args.from.as_deref());
                match names::offer(service, name, from)? {
                    Offer::Device(device) => {
                        let device = device.id.clone();
                        let effect = Effect::NotAsked(device.clone(), None);
                        action(Action::IgnoreDevice { device }, effect)
                    }
                    Offer::Folder(offer) => {
                        let (folder, device) = (offer.id.clone(), offer.offered_by.clone());
                        let effect = Effect::NotAsked(device.clone(), Some(folder.clone()));
                        action(Action::IgnoreFolder { folder, device }, effect)
                    }
                }
            }
            ControlCommand::ClearErrors(_) => action(Action::ClearErrors, Effect::NoErrors),
        };
        Ok(Self { tasks })
    }

    /// Somebody must let it go on later, which only an engine that stays can.
    pub fn needs_an_engine(&self) -> bool {
        let timed = |task: &Task| matches!(task, Task::Hold { until: Some(_), .. });
        self.tasks.iter().any(|(task, _)| timed(task))
    }
}

/// Whether the server would do it, as far as its last status tells.
///
/// # Errors
/// Why it would not.
pub fn feasible(task: &Task, service: &Service) -> Result<(), Refusal> {
    let (id, needed) = match task {
        Task::Do(Action::Override { folder }) => (folder, Some(Remedy::Override)),
        Task::Do(Action::Revert { folder }) => (folder, Some(Remedy::Revert)),
        Task::Do(Action::Rescan {
            folder: Some(folder),
            ..
        }) => (folder, None),
        _ => return Ok(()),
    };
    let Some(folder) = service.folders.iter().find(|folder| folder.id == *id) else {
        return Ok(());
    };
    match needed {
        Some(needed) if folder.remedy() != Some(needed) => {
            Err(refusal::wrong_kind(&folder.label, needed))
        }
        _ if folder.state == FolderState::Paused => Err(refusal::paused_folder(&folder.label)),
        _ => Ok(()),
    }
}

/// What the engine is asked for a task.
pub fn ask(instance: &str, task: &Task) -> Ask {
    let instance = instance.to_owned();
    match task.clone() {
        Task::Do(action) => Ask::Control { instance, action },
        Task::Hold { parts, until } if parts.is_empty() => Ask::PauseAll {
            instance: Some(instance),
            until,
        },
        Task::Hold { parts, until } => Ask::PauseParts {
            instance,
            parts,
            until,
        },
        Task::Release => Ask::ResumeAll {
            instance: Some(instance),
        },
        Task::Monitor { on } => Ask::SetPaused {
            instance,
            paused: !on,
        },
    }
}
