//! Notices to the user: which changes of the status are worth one, and their words.
//!
//! What is true is compared with what was told. So it does not matter which statuses in between were missed, and what
//! came and went in the meantime is never told.
//!
//! Invariant: pure; whether a notice is shown depends on the statuses, the preferences and the times handed in.

mod about;
pub mod aside;
mod crowd;
mod facts;
mod instance;
mod outage;
mod pace;
mod text;
mod topic;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::Duration;

use super::command::Command;
use crate::core::preferences::Notifications;
use crate::core::{Status, Timestamp};
use crowd::{Crowd, Due};
use instance::Told;
use pace::Limit;

/// A deadline is never sooner: a rule that is overdue must not have its caller spin.
const SOONEST: Duration = Duration::from_millis(100);

/// A notice as a plain value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// A newer notice with the same key takes the place of this one.
    pub key: String,
    pub urgency: Urgency,
    /// One of the desktop notification specification, such as `network.error`.
    pub category: &'static str,
    pub title: String,
    /// Plain text, cleaned; whoever shows it escapes markup.
    pub body: String,
    /// What can be done about it: the words on the button, and what it does.
    pub actions: Vec<(String, Command)>,
    /// An answer to what was done in this process: shown even where another one tells the rest.
    pub answer: bool,
}

/// How much a notice matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Urgency {
    Low,
    Normal,
    /// Stays until it was seen.
    Critical,
}

/// What is to be done about the notices on the screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Word {
    Show(Notice),
    /// It is no longer true: take it away if it still is on the screen.
    Withdraw {
        key: String,
    },
}

/// What was told so far, and with it what is still to be told.
#[derive(Debug, Default)]
pub struct Notices {
    instances: BTreeMap<String, Told>,
    crowd: Crowd,
    limit: Limit,
    deadline: Option<Timestamp>,
}

impl Notices {
    /// What is to be shown and taken away, now that `status` is what is known.
    pub fn step(&mut self, status: &Status, wanted: &Notifications, now: Timestamp) -> Vec<Word> {
        let crowded = self.crowd.is_shown();
        let mut words = self.forget_missing(status);
        let mut due = Vec::new();
        for instance in &status.instances {
            let told = self.instances.entry(instance.name.clone()).or_default();
            let keys = told.see(instance, wanted, now);
            let own = |key: &String| {
                *key != text::link_key(&instance.name) || !self.crowd.lets_go(&instance.name)
            };
            let keys = keys.into_iter().filter(own);
            words.extend(keys.map(|key| Word::Withdraw { key }));
            let matters = told.due(instance, wanted, now);
            due.extend(
                matters
                    .into_iter()
                    .map(|matter| (matter, instance.as_ref())),
            );
        }
        let crowds = crowd::gather(&mut due);
        due.sort_by_key(|(matter, _)| std::cmp::Reverse(matter.urgency()));
        let alarms = due.partition_point(|(matter, _)| matter.urgency() == Urgency::Critical);
        let others = due.split_off(alarms);
        self.tell_each(due, now, &mut words);
        self.tell_crowds(crowds, now, &mut words);
        self.tell_each(others, now, &mut words);
        let over = self.crowd.is_over(crowded);
        words.extend(over.map(|key| Word::Withdraw { key }));
        self.deadline = self.find_deadline(status, wanted, now);
        words
    }

    fn tell_each(&mut self, due: Vec<Due<'_>>, now: Timestamp, words: &mut Vec<Word>) {
        for (matter, instance) in due {
            let told = self.instances.get_mut(&instance.name);
            let notice = instance::notice(&matter, instance);
            if let (Some(told), Some(notice)) = (told, notice)
                && self.limit.allows(notice.urgency, now)
            {
                self.limit.told(now);
                if notice.key == text::link_key(&instance.name) {
                    self.crowd.lets_go(&instance.name);
                }
                told.told(matter, instance, now);
                words.push(Word::Show(notice));
            }
        }
    }

    fn tell_crowds(&mut self, crowds: Vec<Vec<Due<'_>>>, now: Timestamp, words: &mut Vec<Word>) {
        for crowd in crowds {
            let notice = crowd::notice(&crowd);
            if !self.limit.allows(notice.urgency, now) {
                continue;
            }
            self.limit.told(now);
            for (matter, instance) in crowd.iter().cloned() {
                self.crowd.lets_go(&instance.name);
                if let Some(told) = self.instances.get_mut(&instance.name) {
                    told.told(matter, instance, now);
                }
            }
            self.crowd.tells(&crowd);
            words.push(Word::Show(notice));
        }
    }

    /// When to call [`Self::step`] again, whether or not anything changed until then.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        self.deadline
    }

    /// Takes back what was told of instances that are no longer watched.
    fn forget_missing(&mut self, status: &Status) -> Vec<Word> {
        let mut words = Vec::new();
        self.instances.retain(|name, told| {
            let stays = status.instance(name).is_some();
            if !stays {
                let own = |key: &String| *key != text::link_key(name) || !self.crowd.lets_go(name);
                let keys = told.shown(name).into_iter().filter(own);
                words.extend(keys.map(|key| Word::Withdraw { key }));
            }
            stays
        });
        words
    }

    fn find_deadline(
        &self,
        status: &Status,
        wanted: &Notifications,
        now: Timestamp,
    ) -> Option<Timestamp> {
        let instances = status.instances.iter();
        let next = instances.filter_map(|instance| {
            let told = self.instances.get(&instance.name)?;
            told.next(instance, wanted, now, &self.limit)
        });
        Some(next.min()?.max(now + SOONEST))
    }
}
