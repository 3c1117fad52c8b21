//! Notices to the user: which changes of the status are worth one, and their words.
//!
//! Invariant: pure; whether a notice is shown depends on the statuses, the preferences and the times handed in.

use super::command::Command;

/// A notice as a plain value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// A newer notice with the same key takes the place of this one.
    pub key: String,
    pub urgency: Urgency,
    pub title: String,
    /// Plain text, cleaned; whoever shows it escapes markup.
    pub body: String,
    /// What can be done about it: the words on the button, and what it does.
    pub actions: Vec<(String, Command)>,
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
