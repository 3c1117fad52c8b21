//! What views ask of the loop itself.

use super::controls::not_syncthing;
use super::{Question, Shell};
use crate::core::{
    Conditions, Event, HoldCause, Kind, LinkState, Pin, RetryCause, Status, Timestamp,
};
use crate::engine::protocol::{Answer, Ask};

impl Shell {
    /// Answers a question; what a server must do first is answered when it did.
    pub(super) fn take(&mut self, question: Question) {
        let Question { ask, reply } = question;
        match ask {
            Ask::Control { instance, action } => self.control(&instance, action, reply),
            Ask::Reload => self.reload(Some(reply)),
            Ask::Fresh { instance } => self.tell_afresh(instance.as_deref(), reply),
            Ask::Scan { .. } | Ask::Files { .. } | Ask::Lacks { .. } | Ask::Place { .. } => {
                self.look_up(ask, reply);
            }
            ask => {
                // Who asked may have gone.
                let _ = reply.send(self.answer(ask));
            }
        }
    }

    fn answer(&mut self, ask: Ask) -> Answer {
        match ask {
            Ask::Retry {
                instance: Some(unknown),
            } if !self.runtimes.contains_key(&unknown) => self.unknown(&unknown),
            Ask::Retry { instance } => {
                let cause = RetryCause::User;
                self.queue.push_back(Event::Retry { instance, cause });
                Answer::Done
            }
            Ask::Accept {
                instance,
                fingerprint,
            } => match self.refusal_to_accept(&instance) {
                Some(refused) => refused,
                None => {
                    let not_after = None;
                    let pin = Pin {
                        fingerprint,
                        not_after,
                    };
                    self.queue.push_back(Event::PinAccepted { instance, pin });
                    Answer::Done
                }
            },
            Ask::Forget { instance } => match self.refusal_to_accept(&instance) {
                Some(refused) => refused,
                None => {
                    self.queue.push_back(Event::PinForgotten { instance });
                    Answer::Done
                }
            },
            Ask::Status | Ask::Watch => Answer::Status {
                status: Box::new(Status::clone(&self.status.borrow())),
            },
            Ask::Journal { limit } => Answer::Journal {
                entries: self.journal.newest(limit),
            },
            Ask::WatchJournal => Answer::Journal {
                entries: Vec::new(),
            },
            Ask::Shutdown => Answer::Done,
            // Answered when it is done, see `take`.
            Ask::Control { .. }
            | Ask::Fresh { .. }
            | Ask::Reload
            | Ask::Scan { .. }
            | Ask::Files { .. }
            | Ask::Lacks { .. }
            | Ask::Place { .. } => Answer::Done,
            Ask::PauseAll { instance, until } => {
                match self.refusal_to_pause(instance.as_deref(), until) {
                    Some(refused) => refused,
                    None => {
                        self.queue.push_back(Event::PauseAll { instance, until });
                        Answer::Done
                    }
                }
            }
            Ask::PauseParts {
                instance,
                parts,
                until,
            } => match self.refusal_to_pause(Some(&instance), until) {
                Some(refused) => refused,
                None => {
                    let event = Event::PauseParts {
                        instance,
                        parts,
                        until,
                    };
                    self.queue.push_back(event);
                    Answer::Done
                }
            },
            Ask::ResumeAll { instance } => match self.refusal_to_pause(instance.as_deref(), None) {
                Some(refused) => refused,
                None if !self.holds_something(instance.as_deref()) => Answer::Nothing,
                None => {
                    self.queue.push_back(Event::ResumeAll { instance });
                    Answer::Done
                }
            },
            Ask::SetPaused { instance, .. } if !self.runtimes.contains_key(&instance) => {
                self.unknown(&instance)
            }
            Ask::SetPaused { instance, paused } if self.is_paused(&instance) == paused => {
                Answer::Nothing
            }
            Ask::SetPaused { instance, paused } => {
                self.queue.push_back(Event::SetPaused { instance, paused });
                Answer::Done
            }
            Ask::Conditions {
                metered,
                on_battery,
            } => {
                self.queue.push_back(Event::Conditions(Conditions {
                    metered,
                    on_battery,
                }));
                Answer::Done
            }
        }
    }

    pub(super) fn unknown(&self, instance: &str) -> Answer {
        let names: Vec<&str> = self.runtimes.keys().map(String::as_str).collect();
        let hint = match names.is_empty() {
            true => "The config names none.".to_owned(),
            false => format!("Known: {}.", names.join(", ")),
        };
        Answer::Refused {
            message: format!("There is no instance called '{instance}'."),
            hint,
        }
    }

    fn refusal_to_pause(&self, instance: Option<&str>, until: Option<Timestamp>) -> Option<Answer> {
        let known = instance.map(|name| (name, self.runtimes.get(name)));
        match known {
            Some((name, None)) => Some(self.unknown(name)),
            Some((name, Some(runtime))) if runtime.config.kind() != Kind::Syncthing => {
                Some(not_syncthing(name))
            }
            _ if until.is_some_and(|until| until <= self.clock.now()) => Some(Answer::Refused {
                message: "That time has passed already.".into(),
                hint: "Nothing was paused. Name a time to come.".into(),
            }),
            _ => None,
        }
    }

    /// The user had something paused for a while, at this instance or at any.
    fn holds_something(&mut self, instance: Option<&str>) -> bool {
        self.digest();
        let status = self.status.borrow();
        let mut instances = status.instances.iter();
        instances.any(|it| {
            let meant = instance.is_none_or(|name| name == it.name);
            meant && it.holds.iter().any(|hold| hold.cause == HoldCause::User)
        })
    }

    fn is_paused(&mut self, instance: &str) -> bool {
        self.digest();
        let status = self.status.borrow();
        let instance = status.instance(instance);
        instance.is_some_and(|known| known.link.state == LinkState::Paused)
    }

    /// Only trust `fingerprint` takes pins from the user; for the others something else decides.
    pub(super) fn refusal_to_accept(&self, instance: &str) -> Option<Answer> {
        let status = self.status.borrow();
        let Some(known) = status.instance(instance) else {
            return Some(self.unknown(instance));
        };
        let hint = known.link.trust.mode.not_by_hand()?;
        Some(Answer::Refused {
            message: format!("'{instance}' does not take pins by hand."),
            hint: hint.into(),
        })
    }
}
