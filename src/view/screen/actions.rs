//! Which letter has what done to what is chosen.

use super::input::Wish;
use super::{Pane, Screen, Subject};
use crate::core::service::{DeviceState, FolderState, Remedy};
use crate::core::{Action, HoldCause, InstanceStatus, LinkState, Part, Service};
use crate::view::Frame;
use crate::view::command::{Command, Until};
use crate::view::control::{self, Task};

/// How long the timed pause lasts, minutes.
const PAUSE: u32 = 30;

/// What is wanted, and what is asked before it is done.
type Wanted = (Wish, Option<String>);

impl Screen {
    /// What `letter` asks for; `None` where it stands for nothing.
    ///
    /// # Errors
    /// Why there is nothing to do, for the user.
    pub(super) fn wish(&self, letter: char, frame: &Frame) -> Result<Option<Wanted>, String> {
        let Some(instance) = self.instance() else {
            return Ok(None);
        };
        let none = Service::default();
        let service = instance.service.as_deref().unwrap_or(&none);
        let subject = self.subject();
        let at = At {
            instance,
            service,
            frame,
        };
        Ok(match letter {
            'r' => Some(at.plain(Action::Rescan {
                folder: match subject {
                    Some(Subject::Folder(folder)) => Some(folder.id.clone()),
                    _ => None,
                },
                sub: None,
            })),
            'p' => Some(at.pause(self.focus, subject)?),
            'P' => Some(at.hold(Until::Minutes(PAUSE))),
            'm' => Some(at.monitor()),
            't' => Some(at.said(
                Command::Retry {
                    instance: Some(at.name().to_owned()),
                },
                format!("{} is tried again now", instance.name),
            )),
            'R' => Some(at.asked(
                Action::Restart,
                "Transfers stop for the moment that it takes.",
            )),
            'S' => Some(at.plain(Action::Shutdown)),
            'x' => Some(at.settle(subject)?),
            'a' => self.answer(&at, true)?,
            'i' => self.answer(&at, false)?,
            'c' if service.errors.is_empty() => {
                return Err(format!("{} has no errors in its list.", instance.name));
            }
            'c' => Some(at.plain(Action::ClearErrors)),
            'o' => Some(at.open()?),
            'f' => Some(at.open_folder(subject)?),
            _ => None,
        })
    }

    /// A yes or a no to the request that is chosen, or the only one that waits.
    fn answer(&self, at: &At<'_>, yes: bool) -> Result<Option<Wanted>, String> {
        let requests = self.requests();
        let chosen = match (self.focus, requests.as_slice()) {
            (_, []) => {
                return Err(format!(
                    "No device, folder or certificate of {} waits for an answer.",
                    at.instance.name
                ));
            }
            (Pane::Requests, _) => self.subject(),
            (_, [only]) => Some(*only),
            _ => return Err("Several wait for an answer: choose one.".into()),
        };
        Ok(match chosen {
            Some(Subject::NewDevice(device)) => {
                let device = device.id.clone();
                let warning = "It can connect, and be given folders, from then on.";
                Some(match yes {
                    true => at.asked(Action::AcceptDevice { device }, warning),
                    false => at.asked(Action::IgnoreDevice { device }, "It never asks again."),
                })
            }
            Some(Subject::NewFolder(offer)) => {
                let (folder, device) = (offer.id.clone(), offer.offered_by.clone());
                let path = None;
                let accept = Action::AcceptFolder {
                    folder: folder.clone(),
                    device: device.clone(),
                    path,
                };
                Some(match yes {
                    true => at.asked(accept, "It is put into the server's default place."),
                    false => at.asked(
                        Action::IgnoreFolder { folder, device },
                        "That device never asks about it again.",
                    ),
                })
            }
            Some(Subject::Certificate(fingerprint)) if yes => {
                let instance = at.instance.name.clone();
                let words = format!(
                    "{instance}: the certificate {} is pinned",
                    fingerprint.short()
                );
                let (wish, _) = at.said(
                    Command::Accept {
                        instance,
                        fingerprint,
                    },
                    words,
                );
                let question = format!(
                    "{} shows the certificate {fingerprint}. Compare it on the server itself: \
                     openssl x509 -noout -fingerprint -sha256 -in https-cert.pem. \
                     If it differs there, somebody is in between. Is it the same, and to be pinned?",
                    at.instance.name
                );
                Some((wish, Some(question)))
            }
            Some(Subject::Certificate(_)) => {
                return Err("It gets no request as long as it is not accepted.".into());
            }
            _ => None,
        })
    }
}

/// The instance that keys are about.
struct At<'a> {
    instance: &'a InstanceStatus,
    service: &'a Service,
    frame: &'a Frame,
}

impl At<'_> {
    fn name(&self) -> &str {
        &self.instance.name
    }

    /// What the engine is asked for, in its own words.
    fn said(&self, command: Command, words: String) -> Wanted {
        (Wish { command, words }, None)
    }

    fn task(&self, command: Command, task: &Task) -> Wanted {
        let what = control::task(task, self.service, self.frame);
        let warning = control::warning(self.name(), task, self.service);
        let question = warning.map(|warning| control::question(&warning, self.name(), &what));
        let words = format!("{} was asked to {what}", self.name());
        (Wish { command, words }, question)
    }

    /// An action, after a question where something is lost by it.
    fn plain(&self, action: Action) -> Wanted {
        let task = Task::Do(action.clone());
        let instance = self.name().to_owned();
        self.task(Command::Control { instance, action }, &task)
    }

    /// An action after a question that begins with `warning`.
    fn asked(&self, action: Action, warning: &str) -> Wanted {
        let what = control::task(&Task::Do(action.clone()), self.service, self.frame);
        let (wish, _) = self.plain(action);
        (wish, Some(control::question(warning, self.name(), &what)))
    }

    fn pause(&self, pane: Pane, subject: Option<Subject<'_>>) -> Result<Wanted, String> {
        let (part, paused) = match subject {
            Some(Subject::Folder(folder)) => (
                Part::Folder(folder.id.clone()),
                folder.state == FolderState::Paused,
            ),
            Some(Subject::Device(device)) => (
                Part::Device(device.id.clone()),
                matches!(
                    device.state,
                    DeviceState::Paused | DeviceState::UnusedPaused
                ),
            ),
            _ if pane != Pane::Instances => {
                return Err("Choose a folder, a device or an instance to pause.".into());
            }
            _ if self.is_held() => {
                let instance = Some(self.name().to_owned());
                return Ok(self.task(Command::ResumeAll { instance }, &Task::Release));
            }
            _ => return Ok(self.hold(Until::Resumed)),
        };
        let parts = vec![part];
        Ok(self.plain(match paused {
            true => Action::Resume { parts },
            false => Action::Pause { parts },
        }))
    }

    fn is_held(&self) -> bool {
        let mut holds = self.instance.holds.iter();
        holds.any(|hold| hold.cause == HoldCause::User)
    }

    /// Everything is paused for a time.
    fn hold(&self, until: Until) -> Wanted {
        let words = match until {
            Until::Minutes(minutes) => format!(
                "{} was asked to pause everything for {minutes} minutes",
                self.name()
            ),
            _ => format!("{} was asked to pause everything", self.name()),
        };
        let instance = Some(self.name().to_owned());
        self.said(Command::PauseAll { instance, until }, words)
    }

    fn monitor(&self) -> Wanted {
        let monitored = self.instance.link.state == LinkState::Paused;
        let words = match monitored {
            true => format!("{} is watched again", self.name()),
            false => format!(
                "{} is not watched until it is switched on again",
                self.name()
            ),
        };
        let instance = self.name().to_owned();
        let command = Command::SetMonitored {
            instance,
            monitored,
        };
        self.said(command, words)
    }

    fn settle(&self, subject: Option<Subject<'_>>) -> Result<Wanted, String> {
        let Some(Subject::Folder(folder)) = subject else {
            return Err("Choose a folder whose changes are to be overridden or reverted.".into());
        };
        let id = folder.id.clone();
        match folder.remedy() {
            Some(_) if !folder.differs() => {
                Err("This folder is as it should be: there is nothing to settle.".into())
            }
            Some(Remedy::Override) => Ok(self.plain(Action::Override { folder: id })),
            Some(Remedy::Revert) => Ok(self.plain(Action::Revert { folder: id })),
            None => Err(
                "Only a send-only folder can be overridden, only a receive-only one reverted."
                    .into(),
            ),
        }
    }

    fn open(&self) -> Result<Wanted, String> {
        let url = self.instance.url.clone();
        match url.starts_with("https://") || url.starts_with("http://") {
            true => {
                let words = format!("{url} is opened in the browser");
                Ok(self.said(Command::OpenPage { url }, words))
            }
            false => Err(format!("{} has no web page that is known.", self.name())),
        }
    }

    fn open_folder(&self, subject: Option<Subject<'_>>) -> Result<Wanted, String> {
        match subject {
            Some(Subject::Folder(folder)) if self.instance.local && !folder.path.is_empty() => {
                let path = folder.path.clone();
                let words = format!("{path} is opened in the file manager");
                Ok(self.said(Command::OpenFolder { path }, words))
            }
            Some(Subject::Folder(_)) => Err("This folder is on another computer.".into()),
            _ => Err("Choose a folder to open.".into()),
        }
    }
}
