//! What is typed, and what it is a wish for.

use super::places::Step;
use super::sheet::Sheet;
use super::{Pane, Screen};
use crate::view::Frame;
use crate::view::command::Command;
use crate::view::style::{Role, clean};

/// More is not typed into a filter.
const LONGEST_FILTER: usize = 60;

/// A key, or several at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key {
    Char(char),
    /// Text that was pasted: it is never taken for keys.
    Paste(String),
    Up,
    Down,
    PageUp,
    PageDown,
    Home,
    End,
    /// To the next pane.
    Tab,
    BackTab,
    Enter,
    Esc,
    Backspace,
    /// Control and C.
    Interrupt,
    /// Control and Z.
    Suspend,
    /// Control and L.
    Repaint,
}

/// What is to be done outside of the view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Intent {
    Quit,
    /// Give the terminal back until the shell brings this to the foreground again.
    Suspend,
    /// Paint everything anew: something else wrote on the terminal.
    Repaint,
    /// Have this done, and tell [`Screen::answered`] what came of it.
    Do(Wish),
}

/// Something that the user wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    pub command: Command,
    /// What it is, as a sentence of what was done without its full stop.
    pub words: String,
}

impl Screen {
    /// Takes a key in. `None` is nothing but a change of what is shown, if any.
    pub fn key(&mut self, key: Key, frame: &Frame) -> Option<Intent> {
        match key {
            Key::Interrupt => return Some(Intent::Quit),
            Key::Suspend => return Some(Intent::Suspend),
            Key::Repaint => return Some(Intent::Repaint),
            _ => {}
        }
        self.said = None;
        match self.sheet.take() {
            Some(sheet) => self.key_on_sheet(sheet, &key),
            None if self.typing => {
                self.type_filter(key);
                None
            }
            None => self.key_on_lists(&key, frame),
        }
    }

    fn key_on_sheet(&mut self, sheet: Sheet, key: &Key) -> Option<Intent> {
        match sheet {
            Sheet::Question { wish, .. } => match key {
                Key::Char('y' | 'Y') => return self.wants(wish),
                _ => self.said = Some((Role::Plain, "Nothing was done.".into())),
            },
            Sheet::Help { line } => {
                self.sheet = scrolled(line, key).map(|line| Sheet::Help { line });
            }
            Sheet::Details { pane, id, line } => {
                let line = scrolled(line, key);
                self.sheet = line.map(|line| Sheet::Details { pane, id, line });
            }
        }
        None
    }

    fn type_filter(&mut self, key: Key) {
        match key {
            Key::Enter | Key::Tab | Key::BackTab => self.typing = false,
            Key::Esc => {
                self.typing = false;
                self.place().filter.clear();
            }
            Key::Backspace => {
                self.place().filter.pop();
            }
            Key::Char(char) => self.add_to_filter(&char.to_string()),
            Key::Paste(text) => self.add_to_filter(&text),
            other => self.move_by(&other),
        }
        self.hold_place(self.focus);
    }

    fn add_to_filter(&mut self, text: &str) {
        let filter = &mut self.place().filter;
        let room = LONGEST_FILTER.saturating_sub(filter.chars().count());
        filter.extend(clean(text).chars().take(room));
    }

    fn key_on_lists(&mut self, key: &Key, frame: &Frame) -> Option<Intent> {
        match key {
            Key::Char('q') => return Some(Intent::Quit),
            Key::Char('?') => self.sheet = Some(Sheet::Help { line: 0 }),
            Key::Char('/') => self.typing = true,
            Key::Esc => self.place().filter.clear(),
            Key::Tab | Key::Char('l') => self.turn(true),
            Key::BackTab | Key::Char('h') => self.turn(false),
            Key::Enter => {
                let pane = self.focus;
                let id = self.subject().map(|subject| subject.id());
                self.sheet = id.map(|id| Sheet::Details { pane, id, line: 0 });
            }
            Key::Char(char) if !is_step(*char) => return self.act(*char, frame),
            other => self.move_by(other),
        }
        None
    }

    /// Does what a letter stands for, after a question where something would be lost.
    fn act(&mut self, char: char, frame: &Frame) -> Option<Intent> {
        match self.wish(char, frame) {
            Ok(Some((wish, None))) => return self.wants(wish),
            Ok(Some((wish, Some(question)))) => {
                self.sheet = Some(Sheet::Question { wish, question });
            }
            Ok(None) => {}
            Err(why) => self.said = Some((Role::Plain, why)),
        }
        // Several wait: which one is meant is chosen there.
        if matches!(char, 'a' | 'i') && self.sheet.is_none() && !self.requests().is_empty() {
            self.focus = Pane::Requests;
        }
        None
    }

    fn wants(&mut self, wish: Wish) -> Option<Intent> {
        self.said = Some((Role::Dim, "Asking…".into()));
        Some(Intent::Do(wish))
    }

    fn move_by(&mut self, key: &Key) {
        match key {
            Key::Up | Key::Char('k') => self.step(Step::Up),
            Key::Down | Key::Char('j') => self.step(Step::Down),
            Key::PageUp => self.step(Step::PageUp),
            Key::PageDown => self.step(Step::PageDown),
            Key::Home | Key::Char('g') => self.step(Step::First),
            Key::End | Key::Char('G') => self.step(Step::Last),
            _ => {}
        }
    }
}

fn is_step(char: char) -> bool {
    matches!(char, 'j' | 'k' | 'g' | 'G')
}

/// The first line that is shown after this key; `None` closes the sheet.
fn scrolled(line: usize, key: &Key) -> Option<usize> {
    match key {
        Key::Down | Key::Char('j') => Some(line.saturating_add(1)),
        Key::Up | Key::Char('k') => Some(line.saturating_sub(1)),
        Key::PageDown | Key::Char(' ') => Some(line.saturating_add(10)),
        Key::PageUp => Some(line.saturating_sub(10)),
        Key::Home | Key::Char('g') => Some(0),
        Key::Paste(_) | Key::Char('G') | Key::End => Some(line),
        _ => None,
    }
}
