//! What came of a command, for people and as JSON: one line for each instance and task.

use std::io;

use serde::Serialize;

use super::pending::{Came, Pending};
use crate::cli::error::CliError;
use crate::cli::files::Preview;
use crate::cli::output::Output;
use crate::view::style::Line;
use crate::view::{control, list};

/// Tells it in the one way or the other.
#[derive(Clone, Copy, Debug)]
pub struct Teller {
    pub out: Output,
    pub json: bool,
}

#[derive(Default, Serialize)]
struct Outcome<'a> {
    instance: &'a str,
    /// What was asked for, in words; `None` where it did not come to that.
    #[serde(skip_serializing_if = "Option::is_none")]
    task: Option<&'a str>,
    done: bool,
    /// It was so already.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    nothing_to_do: bool,
    /// How much would be lost.
    #[serde(skip_serializing_if = "Option::is_none")]
    items: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
    /// Why it was not done.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
}

impl Teller {
    /// What came of one of them. The errors themselves are printed elsewhere, for people.
    pub fn tell(self, told: &Pending) -> io::Result<()> {
        let (instance, words) = (&told.instance, told.words.as_str());
        if self.json {
            return self.line(Outcome {
                instance,
                task: (!words.is_empty()).then_some(words),
                done: matches!(told.came, Came::Done),
                nothing_to_do: matches!(told.came, Came::Nothing),
                error: match &told.came {
                    Came::Failed(error) => Some(error.message()),
                    _ => None,
                },
                ..Outcome::default()
            });
        }
        let page = match (&told.came, &told.task) {
            (Came::Done, Some(task)) => control::done(instance, task, words),
            (Came::Nothing, Some(task)) => control::nothing(instance, task, words),
            _ => return Ok(()),
        };
        self.out.page(&page)
    }

    /// It would be done, and so much would be lost of it.
    pub fn dry_run(self, instance: &str, words: &str, lost: Option<&Preview>) -> io::Result<()> {
        match self.json {
            true => self.line(Outcome {
                instance,
                task: Some(words),
                items: lost.map(|lost| lost.items),
                bytes: lost.map(|lost| lost.bytes),
                ..Outcome::default()
            }),
            false => self.out.page(&control::dry_run(instance, words)),
        }
    }

    /// What would be lost, before it is asked.
    pub fn preview(self, lost: &Preview) {
        let page = list::preview(&lost.first, lost.items, lost.bytes, lost.is_all);
        self.out.aside(&page);
    }

    /// The user said no.
    pub fn declined(self, instance: &str, words: &str) -> io::Result<()> {
        match self.json {
            true => self.dry_run(instance, words, None),
            false => self.out.page(&Line::plain("Nothing was done.").into()),
        }
    }

    /// An instance of which nothing was asked.
    pub fn failed(instance: &str, error: CliError) -> Pending {
        Pending {
            instance: instance.to_owned(),
            task: None,
            words: String::new(),
            came: Came::Failed(error),
        }
    }

    fn line(self, outcome: Outcome<'_>) -> io::Result<()> {
        self.out.json_line(&outcome)
    }
}
