//! What is wrong with a config, in words that say where and what to do.
//!
//! Invariant: no line of the file is quoted whole, because it may hold a secret.

use std::fmt;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// More than anybody corrects at once; one missing bracket can make a flood.
const MOST_SHOWN: usize = 20;

/// Why a config cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read at all.
    #[error("{}: cannot be read: {source}", file.display())]
    Unreadable { file: PathBuf, source: io::Error },
    /// The file's content is not right; all that was found, in the order of the file.
    #[error("{}", listed(file, problems))]
    Invalid {
        file: PathBuf,
        problems: Vec<Problem>,
    },
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
    /// What is wrong, what is allowed, and what was perhaps meant.
    pub message: String,
}

/// Something that works but should be looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning(pub String);

impl fmt::Display for Warning {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Gathers what is wrong while a file is gone through, so that all of it can be told at once.
pub(super) struct Findings<'a> {
    text: &'a str,
    file: &'a Path,
    problems: Vec<Problem>,
    warnings: Vec<Warning>,
}

impl<'a> Findings<'a> {
    pub(super) fn new(text: &'a str, file: &'a Path) -> Self {
        Self {
            text,
            file,
            problems: Vec::new(),
            warnings: Vec::new(),
        }
    }

    /// The directory that relative paths in the file start from.
    pub(super) fn directory(&self) -> &'a Path {
        self.file.parent().unwrap_or(Path::new(""))
    }

    pub(super) fn problem(&mut self, at: &Range<usize>, message: impl Into<String>) {
        let (line, column) = self.position(at.start);
        let message = message.into();
        self.problems.push(Problem {
            line,
            column,
            message,
        });
    }

    pub(super) fn warn(&mut self, at: &Range<usize>, message: &str) {
        let (line, column) = self.position(at.start);
        let file = self.file.display();
        let warning = format!("{file}:{line}:{column}: {message}");
        self.warnings.push(Warning(warning));
    }

    pub(super) fn is_clean(&self) -> bool {
        self.problems.is_empty()
    }

    pub(super) fn finish<T>(mut self, value: T) -> Result<(T, Vec<Warning>), ConfigError> {
        if self.problems.is_empty() {
            return Ok((value, self.warnings));
        }
        self.problems
            .sort_by_key(|problem| (problem.line, problem.column));
        Err(ConfigError::Invalid {
            file: self.file.to_path_buf(),
            problems: self.problems,
        })
    }

    fn position(&self, offset: usize) -> (usize, usize) {
        let before = self.text.get(..offset).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let column = before.get(start..).unwrap_or("").chars().count() + 1;
        (line, column)
    }
}

/// `'word'` and, where one of `known` is close, what was perhaps meant.
pub(super) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = word.to_lowercase().replace('_', "-");
    known
        .into_iter()
        .map(|known| (strsim::damerau_levenshtein(&lower, known), known))
        .filter(|(distance, known)| *distance <= 1 + known.len() / 4)
        .min()
        .map(|(_, known)| known)
}

fn listed(file: &Path, problems: &[Problem]) -> String {
    let line = |problem: &Problem| {
        let Problem {
            line,
            column,
            message,
        } = problem;
        format!("{}:{line}:{column}: {message}", file.display())
    };
    let mut lines: Vec<String> = problems.iter().take(MOST_SHOWN).map(line).collect();
    if let Some(more) = problems
        .len()
        .checked_sub(MOST_SHOWN)
        .filter(|more| *more > 0)
    {
        lines.push(format!("and {more} more"));
    }
    lines.join("\n")
}
