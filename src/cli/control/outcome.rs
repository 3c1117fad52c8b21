//! What came of a command, for people and as JSON: one line for each instance and task.

use std::io;

use serde::Serialize;

use super::pending::Pending;
use crate::cli::error::CliError;
use crate::cli::output::Output;
use crate::view::control;
use crate::view::style::Line;

/// Tells it in the one way or the other.
#[derive(Clone, Copy, Debug)]
pub struct Teller {
    pub out: Output,
    pub json: bool,
}

#[derive(Serialize)]
struct Outcome<'a> {
    instance: &'a str,
    /// What was asked for, in words; `None` where it did not come to that.
    #[serde(skip_serializing_if = "Option::is_none")]
    task: Option<&'a str>,
    done: bool,
    /// Why it was not done.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
}

impl Teller {
    /// It is done, and the server shows it.
    pub fn done(self, done: &Pending) -> io::Result<()> {
        match self.json {
            true => self.line(&done.instance, Some(&done.words), true, None),
            false => {
                let page = control::done(&done.instance, &done.task, &done.words);
                self.out.page(&page)
            }
        }
    }

    /// It would be done.
    pub fn dry_run(self, instance: &str, words: &str) -> io::Result<()> {
        match self.json {
            true => self.line(instance, Some(words), false, None),
            false => self.out.page(&control::dry_run(instance, words)),
        }
    }

    /// The user said no.
    pub fn declined(self, instance: &str, words: &str) -> io::Result<()> {
        match self.json {
            true => self.line(instance, Some(words), false, None),
            false => self.out.page(&Line::plain("Nothing was done.").into()),
        }
    }

    /// It could not be done. The error itself is printed elsewhere, for people.
    pub fn failed(self, instance: &str, words: Option<&str>, error: &CliError) -> io::Result<()> {
        match self.json {
            true => self.line(instance, words, false, Some(error.message())),
            false => Ok(()),
        }
    }

    fn line(
        self,
        instance: &str,
        task: Option<&str>,
        done: bool,
        error: Option<&str>,
    ) -> io::Result<()> {
        self.out.json_line(&Outcome {
            instance,
            task,
            done,
            error,
        })
    }
}
