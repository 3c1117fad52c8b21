//! Which notices wait to be shown and which are on the screen, under which number, with which buttons.
//!
//! Invariant: bounded; a button belongs to one showing of one notice, so that an old one never does what a newer notice
//! says.

use std::collections::VecDeque;

use crate::view::command::Command;
use crate::view::notices::{Notice, Urgency, Word};

/// No more wait for a service that is missing.
const MOST_WAITING: usize = 32;
/// No more are told apart on the screen.
const MOST_SHOWN: usize = 128;

/// A notice on the screen.
#[derive(Debug)]
struct Shown {
    key: String,
    id: u32,
    /// Whoever shows it, by its unique name on the bus.
    server: String,
    serial: u64,
    commands: Vec<Command>,
}

/// What waits and what is on the screen.
#[derive(Debug, Default)]
pub(super) struct Shelf {
    waiting: VecDeque<Notice>,
    /// Oldest first.
    shown: VecDeque<Shown>,
    serial: u64,
}

impl Shelf {
    /// Takes a word. Gives the number of the notice that is to be closed, if there is one.
    pub(super) fn take(&mut self, word: Word) -> Option<u32> {
        match word {
            Word::Show(notice) => {
                self.waiting.retain(|waiting| waiting.key != notice.key);
                self.waiting.push_back(notice);
                if self.waiting.len() > MOST_WAITING {
                    let urgencies = self.waiting.iter().map(|notice| notice.urgency);
                    let least = urgencies.enumerate().min_by_key(|(_, urgency)| *urgency);
                    least.and_then(|(index, _)| self.waiting.remove(index));
                }
                None
            }
            Word::Withdraw { key } => {
                self.waiting.retain(|waiting| waiting.key != key);
                let index = self.shown.iter().position(|shown| shown.key == key)?;
                self.shown.remove(index).map(|shown| shown.id)
            }
        }
    }

    /// The next notice to be shown.
    pub(super) fn next(&mut self) -> Option<Notice> {
        self.waiting.pop_front()
    }

    /// It could not be shown: it waits, if it still matters later.
    pub(super) fn put_back(&mut self, notice: Notice) {
        let replaced = self.waiting.iter().any(|waiting| waiting.key == notice.key);
        if notice.urgency > Urgency::Low && !replaced {
            self.waiting.push_front(notice);
        }
    }

    /// Drops what waits and is only of interest at once.
    pub(super) fn drop_passing(&mut self) {
        self.waiting.retain(|notice| notice.urgency > Urgency::Low);
    }

    /// Drops all that waits.
    pub(super) fn drop_waiting(&mut self) {
        self.waiting.clear();
    }

    /// The number under which a notice with this key is on the screen; 0 when none is.
    pub(super) fn id(&self, key: &str) -> u32 {
        let shown = self.shown.iter().find(|shown| shown.key == key);
        shown.map_or(0, |shown| shown.id)
    }

    /// A number for the next showing; its buttons are named after it.
    pub(super) fn serial(&mut self) -> u64 {
        self.serial = self.serial.wrapping_add(1);
        self.serial
    }

    /// `notice` is on the screen.
    pub(super) fn shown(&mut self, notice: Notice, id: u32, server: &str, serial: u64) {
        self.shown
            .retain(|shown| shown.key != notice.key && shown.id != id);
        self.shown.push_back(Shown {
            key: notice.key,
            id,
            server: server.to_owned(),
            serial,
            commands: notice.actions.into_iter().map(|(_, it)| it).collect(),
        });
        if self.shown.len() > MOST_SHOWN {
            self.shown.pop_front();
        }
    }

    /// What a click on this button of this notice does. It does it once.
    pub(super) fn clicked(&mut self, server: &str, id: u32, button: &str) -> Option<Command> {
        let is = |shown: &Shown| shown.id == id && shown.server == server;
        let index = self.shown.iter().position(is)?;
        let shown = self.shown.get(index)?;
        let numbers = (0..shown.commands.len()).map(|number| button_name(shown.serial, number));
        let number = numbers.enumerate().find(|(_, name)| name == button)?.0;
        // It may stay on the screen, but not to be pressed again.
        let commands = &mut self.shown.get_mut(index)?.commands;
        let command = commands.swap_remove(number);
        commands.clear();
        Some(command)
    }

    /// The notice is no longer on the screen.
    pub(super) fn closed(&mut self, server: &str, id: u32) {
        self.shown
            .retain(|shown| shown.id != id || shown.server != server);
    }

    /// Whoever showed them is gone, and with it the numbers.
    pub(super) fn forget_shown(&mut self) {
        self.shown.clear();
    }
}

/// What the button at this place is called on the bus.
pub(super) fn button_name(serial: u64, number: usize) -> String {
    format!("{serial}-{number}")
}
