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

    /// Drops what another process tells.
    pub(super) fn drop_told_elsewhere(&mut self) {
        self.waiting.retain(|notice| notice.answer);
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

#[cfg(test)]
mod tests {
    use super::*;

    const SERVER: &str = ":1.7";

    fn notice(key: &str, urgency: Urgency) -> Notice {
        let retry = |name: &str| Command::Retry {
            instance: Some(name.to_owned()),
        };
        Notice {
            key: key.into(),
            urgency,
            category: "network.error",
            title: "title".into(),
            body: "body".into(),
            actions: vec![
                ("One".into(), retry(&format!("{key} one"))),
                ("Two".into(), retry(&format!("{key} two"))),
            ],
            answer: false,
        }
    }

    fn show(shelf: &mut Shelf, key: &str, id: u32) -> u64 {
        shelf.take(Word::Show(notice(key, Urgency::Normal)));
        let notice = shelf.next().expect("waits");
        let serial = shelf.serial();
        shelf.shown(notice, id, SERVER, serial);
        serial
    }

    #[test]
    fn a_button_does_what_its_own_notice_says_and_once() {
        let mut shelf = Shelf::default();
        let old = show(&mut shelf, "laptop/link", 1);
        assert_eq!(shelf.id("laptop/link"), 1);
        // The number stays when a newer notice takes the place of an older one.
        let new = show(&mut shelf, "laptop/link", 1);
        assert_eq!(shelf.clicked(SERVER, 1, &button_name(old, 0)), None);
        for (server, id, button) in [
            (":1.8", 1, button_name(new, 0)),
            (SERVER, 2, button_name(new, 0)),
            (SERVER, 1, button_name(new, 2)),
            (SERVER, 1, "default".to_owned()),
        ] {
            assert_eq!(shelf.clicked(server, id, &button), None);
        }
        let second = Command::Retry {
            instance: Some("laptop/link two".into()),
        };
        assert_eq!(shelf.clicked(SERVER, 1, &button_name(new, 1)), Some(second));
        assert_eq!(shelf.clicked(SERVER, 1, &button_name(new, 0)), None);
        assert_eq!(shelf.id("laptop/link"), 1, "it may be on the screen still");
        shelf.closed(SERVER, 1);
        assert_eq!(shelf.id("laptop/link"), 0);
    }

    #[test]
    fn what_is_taken_back_is_closed_or_never_shown() {
        let mut shelf = Shelf::default();
        let key = || "laptop/device".to_owned();
        show(&mut shelf, &key(), 3);
        assert_eq!(shelf.take(Word::Withdraw { key: key() }), Some(3));
        assert_eq!(shelf.take(Word::Withdraw { key: key() }), None);
        shelf.take(Word::Show(notice(&key(), Urgency::Normal)));
        shelf.take(Word::Withdraw { key: key() });
        assert_eq!(shelf.next(), None);
    }

    #[test]
    fn what_waits_is_bounded_and_alarms_stay() {
        let mut shelf = Shelf::default();
        shelf.take(Word::Show(notice("alarm", Urgency::Critical)));
        for number in 0..1000 {
            shelf.take(Word::Show(notice(&number.to_string(), Urgency::Normal)));
        }
        let waiting: Vec<String> = std::iter::from_fn(|| shelf.next())
            .map(|notice| notice.key)
            .collect();
        assert_eq!(waiting.len(), MOST_WAITING);
        assert_eq!(waiting[0], "alarm");
        assert_eq!(waiting[MOST_WAITING - 1], "999");
        shelf.put_back(notice("synced", Urgency::Low));
        assert_eq!(shelf.next(), None, "of interest at once only");
        for id in 1..1000 {
            show(&mut shelf, &id.to_string(), id);
        }
        assert_eq!((shelf.id("1"), shelf.id("999")), (0, 999));
    }

    #[test]
    fn answers_stay_where_another_process_tells_the_rest() {
        let mut shelf = Shelf::default();
        let mut answer = notice("answer", Urgency::Normal);
        answer.answer = true;
        shelf.take(Word::Show(answer));
        shelf.take(Word::Show(notice("news", Urgency::Critical)));
        shelf.drop_told_elsewhere();
        assert_eq!(shelf.next().map(|notice| notice.key), Some("answer".into()));
        assert_eq!(shelf.next(), None);
    }
}
