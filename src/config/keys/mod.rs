//! Every key that a config may have, declared once: the parser allows these and no others, names the nearest of them
//! where one is misspelled, and the reference, the manual page and the JSON Schema are made of them.
//!
//! To add a key: declare it here, read it in the parser, say it in `config/syncwatch.toml`, and generate the files anew.

mod instance;
mod markdown;
mod outlets;
mod schema;
mod sections;
#[cfg(test)]
mod tests;

use crate::core::Kind;

pub(super) use instance::{API_KEY, CREDENTIAL, EVERY, HEADER, TRUST, secret_keys};
pub use markdown::markdown;
pub(super) use outlets::{HOOK, HOOK_URL, METRICS};
pub use schema::schema;
pub(super) use sections::{NOTIFICATIONS, PAUSE, TRAY};
#[cfg(test)]
pub(crate) use tests::config as with_key;

/// A key: what it takes, what it means, and what holds without it.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// As it is written.
    pub name: &'static str,
    pub takes: Takes,
    /// What holds without it, in TOML; `None` where that is nothing, or is said in `means`.
    pub usual: Option<&'static str>,
    /// A value, in TOML.
    pub example: &'static str,
    /// Further lines that the example needs.
    pub with: &'static str,
    /// Whole sentences.
    pub means: &'static str,
}

/// What a key takes.
#[derive(Clone, Copy, Debug)]
pub enum Takes {
    Text,
    /// One of these.
    Word(&'static [&'static str]),
    /// One of these, or a list of some.
    Words(&'static [&'static str]),
    Boolean,
    Path,
    Time,
    /// A whole number up to this.
    Number(u64),
    /// A text, or a list of texts.
    Texts,
    /// A list of texts.
    List,
    /// A list of some of these.
    Choice(&'static [&'static str]),
    /// A status of HTTP, `"2xx"`, `"200-204"`, or a list of such.
    Statuses,
    /// A text for the shell, or a list: a program and its arguments.
    Command,
    /// `"all"`, or a list of folders and devices.
    Parts,
    /// `"system"`, `"any"`, or a table with one of these keys.
    Trust(&'static [Key]),
    Table(&'static [Key]),
}

/// A part of the file: `[tray]`, say.
#[derive(Clone, Debug)]
pub struct Part {
    /// As it is written.
    pub title: String,
    /// Whole sentences.
    pub means: &'static str,
    pub keys: Vec<Key>,
    /// A kind of instance that has these keys, for a part that not every kind has.
    pub kind: Option<Kind>,
}

impl Part {
    /// Whether it stands in the file by itself, and is not a kind of another one.
    fn is_whole(&self) -> bool {
        self.title.ends_with(']') && self.kind.is_none()
    }

    /// Without brackets.
    fn name(&self) -> &str {
        self.title.trim_matches(['[', ']'])
    }

    /// Whether its keys go with those of the part that is called so.
    fn belongs_to(&self, name: &str) -> bool {
        let own = self
            .title
            .strip_prefix("[[")
            .and_then(|rest| rest.strip_prefix(name));
        let who = self.keys.iter().any(|key| key.name == "header");
        !self.is_whole() && (who || own.is_some_and(|rest| rest.starts_with("]] ")))
    }
}

/// Every part, in the order of the reference.
pub fn parts() -> Vec<Part> {
    [instance::parts(), sections::parts(), outlets::parts()].concat()
}

/// The names alone, as the parser allows and suggests them.
pub(super) fn names(keys: &[Key]) -> Vec<&'static str> {
    keys.iter().map(|key| key.name).collect()
}

impl Key {
    pub(super) const fn new(name: &'static str, takes: Takes, means: &'static str) -> Self {
        Self {
            name,
            takes,
            usual: None,
            example: "",
            with: "",
            means,
        }
    }

    pub(super) const fn usual(self, usual: &'static str) -> Self {
        let example = match self.example.is_empty() {
            true => usual,
            false => self.example,
        };
        Self {
            usual: Some(usual),
            example,
            ..self
        }
    }

    pub(super) const fn example(self, example: &'static str) -> Self {
        Self { example, ..self }
    }

    /// Further lines that the example needs.
    pub(super) const fn with(self, with: &'static str) -> Self {
        Self { with, ..self }
    }
}

impl Takes {
    /// In a few words.
    pub fn words(self) -> String {
        let quoted = |words: &[&str]| {
            let words: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
            words.join(", ")
        };
        match self {
            Self::Text => "a text".into(),
            Self::Word(words) => format!("one of {}", quoted(words)),
            Self::Words(words) => format!("one of {}, or a list of some", quoted(words)),
            Self::Boolean => "true or false".into(),
            Self::Path => "a path".into(),
            Self::Time => "a time".into(),
            Self::Number(most) => format!("a whole number, {most} at most"),
            Self::Texts => "a text, or a list of texts".into(),
            Self::List => "a list of texts".into(),
            Self::Choice(words) => format!("a list of some of {}", quoted(words)),
            Self::Statuses => "a status, \"2xx\", \"200-204\", or a list of such".into(),
            Self::Command => {
                "a text for the shell, or a list of a program and its arguments".into()
            }
            Self::Parts => "\"all\", or a list of folders and devices".into(),
            Self::Trust(_) => "\"system\", \"any\", or a table with one key".into(),
            Self::Table(_) => "a table".into(),
        }
    }
}
