//! Reads one table of the file, key by key, and gathers what is wrong instead of stopping at it.

use std::borrow::Cow;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::SignedDuration;
use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use super::environment::CREDENTIALS;
use super::problem::{Findings, nearest};

/// A day: nobody is patient for longer, and a number without its unit is caught.
const LONGEST: Duration = Duration::from_secs(86_400);

/// To ask more often is no monitoring.
const SHORTEST_INTERVAL: Duration = Duration::from_millis(100);

/// A table of the file, with the keys that it may have.
pub(super) struct Section<'t> {
    /// As the user wrote it, such as `[metrics]`.
    pub(super) title: &'static str,
    pub(super) at: Range<usize>,
    table: DeTable<'t>,
}

/// A value and where it stands.
pub(super) struct At<T> {
    pub(super) value: T,
    pub(super) at: Range<usize>,
}

impl<'t> Section<'t> {
    /// Takes a table; every key that is not in `allowed` is a problem.
    pub(super) fn new(
        title: &'static str,
        at: Range<usize>,
        table: DeTable<'t>,
        allowed: &[&str],
        findings: &mut Findings<'_>,
    ) -> Self {
        for key in table.keys() {
            let name: &str = key.get_ref();
            if !allowed.contains(&name) {
                let message = unknown("key", name, title, allowed);
                findings.problem(&key.span(), message);
            }
        }
        Self { title, at, table }
    }

    /// Every key with its value, for tables whose keys are data.
    pub(super) fn into_entries(self) -> impl Iterator<Item = (At<String>, Spanned<DeValue<'t>>)> {
        self.table.into_iter().map(|(key, value)| {
            let at = key.span();
            let value_of_key = key.into_inner().into_owned();
            let key = At {
                value: value_of_key,
                at,
            };
            (key, value)
        })
    }

    pub(super) fn take(&mut self, key: &'static str) -> Option<Spanned<DeValue<'t>>> {
        self.table.remove(key)
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// Where `key` stands.
    pub(super) fn at(&self, key: &str) -> Range<usize> {
        let entry = self.table.get_key_value(key);
        entry.map_or_else(|| self.at.clone(), |(key, _)| key.span())
    }

    pub(super) fn string(
        &mut self,
        key: &'static str,
        findings: &mut Findings<'_>,
    ) -> Option<At<String>> {
        let value = self.take(key)?;
        string(&self.called(key), value, findings)
    }

    pub(super) fn boolean(
        &mut self,
        key: &'static str,
        target: &mut bool,
        findings: &mut Findings<'_>,
    ) {
        let Some(value) = self.take(key) else { return };
        match value.get_ref() {
            DeValue::Boolean(value) => *target = *value,
            other => {
                let message = format!(
                    "{} must be true or false, not {}",
                    self.called(key),
                    a(other)
                );
                findings.problem(&value.span(), message);
            }
        }
    }

    /// A path: absolute, from the home directory (`~/`), or relative to the file's directory.
    pub(super) fn path(
        &mut self,
        key: &'static str,
        findings: &mut Findings<'_>,
    ) -> Option<PathBuf> {
        let value = self.string(key, findings)?;
        path(&self.called(key), &value, findings)
    }

    /// A table within this one.
    pub(super) fn section(
        &mut self,
        title: &'static str,
        key: &'static str,
        allowed: &[&str],
        findings: &mut Findings<'_>,
    ) -> Option<Self> {
        let value = self.take(key)?;
        let at = value.span();
        match value.into_inner() {
            DeValue::Table(table) => Some(Self::new(title, at, table, allowed, findings)),
            other => {
                let message = format!("'{key}' must be a table, {title}, not {}", a(&other));
                findings.problem(&at, message);
                None
            }
        }
    }

    /// A key of this table, as messages call it.
    pub(super) fn called(&self, key: &str) -> String {
        format!("'{key}' in {}", self.title)
    }
}

/// The message for a word that is not among the known ones.
pub(super) fn unknown(what: &str, word: &str, place: &str, known: &[&str]) -> String {
    let word: String = word.chars().take(60).collect();
    let meant = nearest(&word, known.iter().copied())
        .map(|near| format!(" Did you mean '{near}'?"))
        .unwrap_or_default();
    format!(
        "unknown {what} '{}' in {place}.{meant} Allowed: {}.",
        word.escape_debug(),
        known.join(", ")
    )
}

pub(super) fn string(
    called: &str,
    value: Spanned<DeValue<'_>>,
    findings: &mut Findings<'_>,
) -> Option<At<String>> {
    let at = value.span();
    match value.into_inner() {
        DeValue::String(text) if text.contains('\0') => {
            findings.problem(&at, format!("{called} must not hold a NUL character"));
            None
        }
        DeValue::String(text) => Some(At {
            value: Cow::into_owned(text),
            at,
        }),
        other => {
            findings.problem(
                &at,
                format!("{called} must be a text in quotes, not {}", a(&other)),
            );
            None
        }
    }
}

/// A list of texts.
pub(super) fn strings(
    called: &str,
    list: DeArray<'_>,
    findings: &mut Findings<'_>,
) -> Vec<At<String>> {
    list.into_iter()
        .filter_map(|value| string(called, value, findings))
        .collect()
}

pub(super) fn path(
    called: &str,
    text: &At<String>,
    findings: &mut Findings<'_>,
) -> Option<PathBuf> {
    let value = text.value.as_str();
    let wrong = if value.is_empty() {
        "must not be empty"
    } else if value.contains(char::is_control) {
        "must not hold tabs or line ends. Between double quotes \\t and \\n are such; write a path with backslashes in single quotes"
    } else if value.starts_with('~') && value != "~" && !is_below_home(value) {
        "must name another user's directory in full: only '~/' for your own is understood"
    } else if value.contains("://") {
        "must be a path, not a URL"
    } else {
        // Known only where it is used.
        let is_home = value.starts_with('~') || Path::new(value).starts_with(CREDENTIALS);
        let whole = |path| findings.directory().join(path);
        return Some(if is_home {
            PathBuf::from(value)
        } else {
            whole(Path::new(value))
        });
    };
    findings.problem(&text.at, format!("{called} {wrong}"));
    None
}

/// Windows has both.
fn is_below_home(path: &str) -> bool {
    path.starts_with("~/") || cfg!(windows) && path.starts_with("~\\")
}

/// A time such as `"15s"`, `"1m 30s"`, `"500ms"`.
pub(super) fn duration(
    called: &str,
    value: Spanned<DeValue<'_>>,
    findings: &mut Findings<'_>,
) -> Option<Duration> {
    let at = value.span();
    let wrong = match value.get_ref() {
        DeValue::String(text) => match text.parse::<SignedDuration>().map(Duration::try_from) {
            Ok(Ok(duration)) if duration <= LONGEST => return Some(duration),
            Ok(Ok(_)) => "must be 24h at most".to_owned(),
            Ok(Err(_)) => "must not be negative".to_owned(),
            Err(_) if text.bytes().all(|byte| byte.is_ascii_digit()) && !text.is_empty() => {
                format!("needs a unit: \"{text}s\" for seconds")
            }
            Err(_) => "must be a time such as \"15s\", \"500ms\" or \"1m 30s\"".to_owned(),
        },
        DeValue::Integer(number) => {
            format!("needs a unit and quotes: \"{number}s\" for seconds")
        }
        other => format!(
            "must be a time such as \"15s\", \"500ms\" or \"1m 30s\", not {}",
            a(other)
        ),
    };
    findings.problem(&at, format!("{called} {wrong}"));
    None
}

/// What a value is, in words.
pub(super) fn a(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) | DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

/// The time between two questions.
pub(super) fn interval(
    section: &mut Section<'_>,
    key: &'static str,
    default: Duration,
    findings: &mut Findings<'_>,
) -> Duration {
    let range = (SHORTEST_INTERVAL, LONGEST);
    time(section, key, default, range, findings)
}

/// A time within a range.
pub(super) fn time(
    section: &mut Section<'_>,
    key: &'static str,
    default: Duration,
    (least, most): (Duration, Duration),
    findings: &mut Findings<'_>,
) -> Duration {
    let called = section.called(key);
    let Some(value) = section.take(key) else {
        return default;
    };
    let at = value.span();
    let Some(time) = duration(&called, value, findings) else {
        return default;
    };
    if time < least || time > most {
        let least = least.as_millis();
        let range = match most {
            LONGEST => format!("{least}ms at least"),
            _ => format!("between {least}ms and {}s", most.as_secs()),
        };
        findings.problem(&at, format!("{called} must be {range}"));
    }
    time
}

/// A list, or one of what it would list; numbers count as texts.
pub(super) fn list<T>(
    section: &mut Section<'_>,
    key: &'static str,
    parse: impl Fn(&str) -> Result<T, String>,
    findings: &mut Findings<'_>,
) -> Option<Vec<T>> {
    let called = section.called(key);
    let value = section.take(key)?;
    let at = value.span();
    let values = match value.into_inner() {
        DeValue::Array(values) => values.into_iter().collect(),
        one => vec![Spanned::new(at, one)],
    };
    let mut parsed = Vec::new();
    for value in values {
        let at = value.span();
        let text = match value.get_ref() {
            DeValue::Integer(number) => number.as_str().to_owned(),
            DeValue::String(text) => text.as_ref().to_owned(),
            other => {
                findings.problem(
                    &at,
                    format!(
                        "{called} must be a text or a list of texts, not {}",
                        a(other)
                    ),
                );
                continue;
            }
        };
        match parse(&text) {
            Ok(value) => parsed.push(value),
            Err(wrong) => findings.problem(&at, format!("{called} {wrong}")),
        }
    }
    Some(parsed)
}
