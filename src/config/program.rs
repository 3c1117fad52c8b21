//! A program that the config names, with its arguments. They may hold secrets and are never shown.

use std::fmt;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::Path;

use tokio::process::Command;

use super::environment::Environment;
use super::instance::KeySource;

/// What is run.
#[derive(Clone, PartialEq, Eq)]
pub enum Program {
    /// By the shell (`sh -c`, on Windows `cmd /C`).
    Shell(String),
    /// As it is, without a shell.
    Words(Vec<String>),
}

impl Program {
    /// What a key of the config gives that takes a command.
    pub(super) fn of(source: KeySource) -> Option<Self> {
        match source {
            KeySource::Shell(line) => Some(Self::Shell(line)),
            KeySource::Command(words) => Some(Self::Words(words)),
            _ => None,
        }
    }

    /// What is run, without its arguments.
    pub fn name(&self) -> &str {
        match self {
            Self::Shell(_) => "sh",
            Self::Words(list) => list.first().map_or("", String::as_str),
        }
    }

    /// Another one for other words.
    pub(super) fn digest(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        match self {
            Self::Shell(line) => line.hash(&mut hasher),
            Self::Words(list) => list.hash(&mut hasher),
        }
        hasher.finish()
    }

    /// The command, with nothing set but the program and its arguments, and without the variables that hold secrets.
    pub fn command(&self, environment: &Environment) -> Command {
        let mut command = match self {
            Self::Shell(line) => shell(line),
            Self::Words(list) => words(list, environment),
        };
        environment.hidden().keep_from(&mut command);
        command
    }
}

/// A command may hold secrets.
impl fmt::Debug for Program {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Program(..)")
    }
}

/// A program with its arguments, where `~/` is the home directory.
fn words(list: &[String], environment: &Environment) -> Command {
    let mut list = list.iter().map(|word| environment.expand(Path::new(word)));
    let mut command = Command::new(list.next().unwrap_or_default());
    command.args(list);
    command
}

#[cfg(not(windows))]
fn shell(line: &str) -> Command {
    let mut command = Command::new("sh");
    command.arg("-c").arg(line);
    command
}

#[cfg(windows)]
fn shell(line: &str) -> Command {
    let mut command = Command::new("cmd");
    // With /S it takes what is between the first and the last quote as it is; quotes within are the user's own.
    command
        .args(["/D", "/S", "/C"])
        .raw_arg(format!("\"{line}\""));
    command
}
