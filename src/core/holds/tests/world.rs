//! A server that is nothing but a list of what is paused, and the holds over it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use crate::core::holds::*;
use crate::core::service::{Device, DeviceState, Folder, FolderState};

/// What a request comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Luck {
    Done,
    /// Not done, and said so.
    Refused,
    /// Done, but the answer was lost.
    Unheard,
}

/// A server, its holds, and what lies between them.
pub struct World {
    /// Paused or not.
    pub parts: BTreeMap<Part, bool>,
    /// What the views know of the parts.
    pub told: Arc<Service>,
    pub connected: bool,
    pub luck: Luck,
    /// Nothing is told of changes for now.
    pub mute: bool,
    pub holding: Holding,
    pub rules: HoldRules,
    pub now: Timestamp,
    pub asked: Vec<Action>,
    pub journal: Vec<JournalKind>,
    pub kept: Vec<Held>,
    /// Parts that were running when syncwatch had them paused, unless somebody else touched them since.
    pub ours: BTreeSet<Part>,
    /// Parts of which syncwatch cannot know who paused them.
    pub anybodys: BTreeSet<Part>,
    pub answers: Vec<(u64, Option<Refusal>)>,
}

pub fn part(name: &str) -> Part {
    match name.split_once(':') {
        Some(("folder", id)) => Part::Folder(id.into()),
        _ => Part::Device(name.into()),
    }
}

impl World {
    /// Two devices and two folders; `paused` are paused already.
    pub fn new(rules: HoldRules, paused: &[&str]) -> Self {
        let names = ["nas", "phone", "folder:docs", "folder:photos"];
        let parts = names.map(|name| (part(name), paused.contains(&name)));
        let mut world = Self {
            parts: parts.into_iter().collect(),
            told: Arc::default(),
            connected: false,
            luck: Luck::Done,
            mute: false,
            holding: Holding::new(vec![], None, 0),
            rules,
            now: Timestamp::from_secs(1_000_000),
            asked: vec![],
            journal: vec![],
            kept: vec![],
            ours: BTreeSet::new(),
            anybodys: BTreeSet::new(),
            answers: vec![],
        };
        world.connect(true);
        world
    }

    pub fn service(&self) -> Service {
        let mut service = Service::default();
        for (part, paused) in &self.parts {
            match part {
                Part::Folder(id) => service.folders.push(Folder {
                    id: id.clone(),
                    label: format!("label of {id}"),
                    state: match paused {
                        true => FolderState::Paused,
                        false => FolderState::UpToDate,
                    },
                    ..Folder::default()
                }),
                Part::Device(id) => service.devices.push(Device {
                    id: id.clone(),
                    name: format!("name of {id}"),
                    state: match paused {
                        true => DeviceState::UnusedPaused,
                        false => DeviceState::InSync,
                    },
                    ..Device::default()
                }),
            }
        }
        service
    }

    pub fn connect(&mut self, connected: bool) {
        self.connected = connected;
        if !connected {
            self.holding.lost();
        }
        self.tell();
    }

    /// The server tells its state, where it can.
    pub fn tell(&mut self) {
        if self.connected && !self.mute {
            self.told = Arc::new(self.service());
            self.holding.told();
        }
        self.settle();
    }

    /// Settles, and does what is wanted; the answers come with [`Self::answer`].
    pub fn settle(&mut self) {
        let told = Arc::clone(&self.told);
        for want in self.holding.settle(&self.rules, Some(&told), self.now) {
            match want {
                Want::Keep => self.kept = self.holding.kept(),
                Want::Record(kind) => self.journal.push(kind),
                Want::Ask { number, action } => self.perform(number, action),
            }
        }
        let json = serde_json::to_string(&self.kept).unwrap();
        assert_eq!(serde_json::from_str::<Vec<Held>>(&json).unwrap(), self.kept);
        assert_eq!(self.kept, self.holding.kept(), "a crash forgets nothing");
        let due = self.holding.next_deadline();
        assert!(due.is_none_or(|due| due > self.now), "{due:?} {}", self.now);
    }

    pub fn perform(&mut self, number: u64, action: Action) {
        self.asked.push(action.clone());
        let luck = if self.connected {
            self.luck
        } else {
            Luck::Refused
        };
        let (parts, paused) = match action {
            Action::Pause { parts } => (parts, true),
            Action::Resume { parts } => (parts, false),
            other => panic!("{other:?}"),
        };
        assert!(!parts.is_empty());
        for part in parts {
            if !paused {
                let running = self.parts.get(&part) == Some(&false);
                let ours = self.ours.contains(&part) || self.anybodys.contains(&part);
                assert!(running || ours, "not ours: {part:?}");
            }
            if luck == Luck::Refused {
                self.anybodys.extend(paused.then_some(part));
                continue;
            }
            if let Some(state) = self.parts.get_mut(&part) {
                if paused && !*state {
                    self.ours.insert(part.clone());
                } else if paused && !self.ours.contains(&part) {
                    // It was not told in time.
                    self.anybodys.insert(part.clone());
                } else if !paused {
                    self.ours.remove(&part);
                }
                *state = paused;
            }
        }
        let refusal = (luck != Luck::Done).then(|| Refusal::new("No.", ""));
        self.answers.push((number, refusal));
    }

    /// The answer arrives, and then the change is told.
    pub fn answer(&mut self) {
        if !self.answers.is_empty() {
            let (number, refusal) = self.answers.remove(0);
            self.holding.answered(number, refusal.as_ref(), self.now);
            self.settle();
        }
        self.tell();
    }

    /// Everything that is on its way arrives.
    pub fn rest(&mut self) {
        for _ in 0..20 {
            self.answer();
        }
        assert!(self.answers.is_empty(), "it never rests: {:?}", self.asked);
    }

    /// Somebody else pauses or resumes a part.
    pub fn touch(&mut self, name: &str, paused: bool) {
        let part = part(name);
        if self.parts.get(&part) != Some(&paused) {
            let under_way = !self.answers.is_empty() || self.holding.asked.contains(&part);
            let known = *self.told == self.service() && self.holding.book.is_open();
            let calm = self.connected && !self.mute && !under_way && known;
            let held = self.kept.iter().any(|held| held.has(&part));
            // While something is under way nobody can tell who paused it.
            if paused && held && !(calm && self.holding.book.is_settled()) {
                self.anybodys.insert(part.clone());
            } else {
                self.anybodys.remove(&part);
            }
            self.ours.remove(&part);
            self.parts.insert(part, paused);
        }
        self.tell();
    }

    pub fn pass(&mut self, seconds: u64) {
        let end = self.now + Duration::from_secs(seconds);
        let longest = Duration::from_secs(30);
        loop {
            let due = self.holding.next_deadline().unwrap_or(end).min(end);
            if !self.answers.is_empty() && due >= self.now + longest {
                self.now = self.now + longest;
                self.answer();
            } else if due < end {
                self.now = due;
                self.settle();
            } else {
                break;
            }
        }
        self.now = end;
        self.settle();
    }

    pub fn pause_all(&mut self, minutes: Option<u64>) {
        let until = minutes.map(|minutes| self.now + Duration::from_secs(60 * minutes));
        self.holding.pause_all(until, self.now);
        self.settle();
    }

    pub fn pause_parts(&mut self, names: &[&str], minutes: u64) {
        let parts = names.iter().map(|name| part(name)).collect();
        let until = Some(self.now + Duration::from_secs(60 * minutes));
        self.holding.pause_parts(parts, until, self.now);
        self.settle();
    }

    pub fn resume_all(&mut self) {
        self.holding.resume_all();
        self.settle();
    }

    pub fn conditions(&mut self, metered: bool, on_battery: bool) {
        self.holding.follow(Conditions {
            metered,
            on_battery,
        });
        self.settle();
    }

    /// syncwatch ends and starts again.
    pub fn restart(&mut self) {
        self.answers.clear();
        self.holding = Holding::new(self.kept.clone(), None, self.holding.requests());
        self.tell();
    }

    /// Another server answers for a moment, or the same one under another name.
    pub fn mistaken(&mut self) {
        self.answers.clear();
        self.holding.lost();
        let aside = self.holding.set_aside();
        self.settle();
        assert!(
            self.holding
                .kept()
                .iter()
                .all(|held| held.hold.parts.is_empty())
        );
        self.holding.recall(aside);
        self.tell();
    }

    pub fn paused(&self) -> Vec<String> {
        let paused = self.parts.iter().filter(|(_, paused)| **paused);
        let name = |part: &Part| match part {
            Part::Folder(id) => format!("folder:{id}"),
            Part::Device(id) => id.clone(),
        };
        paused.map(|(part, _)| name(part)).collect()
    }
}

pub fn rules(all: Scope, metered: Chosen, battery: Chosen) -> HoldRules {
    HoldRules {
        all,
        metered,
        battery,
    }
}

pub fn named(names: &[&str]) -> Chosen {
    Chosen::Parts(names.iter().map(|name| name.parse().unwrap()).collect())
}
