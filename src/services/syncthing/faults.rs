//! Why something fails, in the server's words: the reasons of failed items, and names in place of device IDs.
//!
//! Invariant: pure and bounded; what a server sends without end is counted no further than it is kept.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::core::service::FailureReason;

use super::lenient::{list, message, path};
use super::state::State;

/// So many failed items of a folder are looked at.
pub const MAX_FAILED: usize = 1000;
/// So many reasons of one folder are told.
const MOST_REASONS: usize = 5;
/// So many folders are asked at once why items of them failed.
const AT_ONCE: usize = 16;

/// `/rest/folder/errors`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct FolderErrors {
    #[serde(deserialize_with = "list::<_, _, MAX_FAILED>")]
    pub errors: Vec<FileError>,
}

/// An item that could not be synced.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct FileError {
    #[serde(deserialize_with = "path")]
    pub path: String,
    #[serde(deserialize_with = "message")]
    pub error: String,
}

/// Why items of a folder failed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Failures {
    /// How many had failed when this was told.
    pub number: u64,
    /// The commonest first.
    pub reasons: Vec<FailureReason>,
}

impl Failures {
    /// The reasons of these items, of which there were `number`.
    pub fn of(errors: &[FileError], number: u64) -> Self {
        let mut counted: BTreeMap<String, u64> = BTreeMap::new();
        for error in errors {
            *counted.entry(without_path(error)).or_default() += 1;
        }
        let mut reasons: Vec<FailureReason> = counted
            .into_iter()
            .filter(|(reason, _)| !reason.is_empty())
            .map(|(reason, items)| FailureReason { reason, items })
            .collect();
        reasons.sort_by_key(|reason| std::cmp::Reverse(reason.items));
        reasons.truncate(MOST_REASONS);
        Self { number, reasons }
    }
}

impl State {
    /// The folders of which items failed nobody knows why, a few at a time.
    pub fn unexplained(&self) -> Vec<String> {
        let folders = self.folders.values().filter(|folder| {
            let failed = folder.summary.as_ref().map_or(0, |summary| summary.errors);
            let told = folder.failures.as_ref().map(|failures| failures.number);
            failed > 0 && told != Some(failed) && !folder.config.paused
        });
        let ids = folders.map(|folder| folder.config.id.clone());
        ids.take(AT_ONCE).collect()
    }

    /// Takes in why items of a folder failed.
    pub(super) fn learn_failures(&mut self, folder: &str, errors: &[FileError]) {
        if let Some(folder) = self.folders.get_mut(folder) {
            let number = folder.summary.as_ref().map_or(0, |summary| summary.errors);
            folder.failures = Some(Failures::of(errors, number));
        }
    }

    /// `text` with the names of the devices that it speaks of by their IDs, whole or short.
    pub(super) fn with_names(&self, text: &str) -> String {
        let is_of_id = |char| matches!(char, 'A'..='Z' | '2'..='7' | '-');
        let mut named = String::with_capacity(text.len());
        let mut word = String::new();
        for char in text.chars() {
            if is_of_id(char) {
                word.push(char);
                continue;
            }
            named.push_str(self.name_of(&word));
            word.clear();
            named.push(char);
        }
        named.push_str(self.name_of(&word));
        named
    }

    fn name_of<'a>(&'a self, word: &'a str) -> &'a str {
        if word.len() < 7 {
            return word;
        }
        // The devices stand in the order of their IDs.
        let mut from = self.devices.range(word.to_owned()..);
        match from.next() {
            Some((id, device)) if !device.config.name.is_empty() => {
                let rest = id.strip_prefix(word);
                let is_it = rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'));
                if is_it { &device.config.name } else { word }
            }
            _ => word,
        }
    }
}

/// The same file fails in other words than its neighbour only because its name stands in them.
fn without_path(error: &FileError) -> String {
    match error.path.is_empty() {
        true => error.error.clone(),
        false => error.error.replace(&format!("/{}", error.path), "/…"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(path: &str, error: &str) -> FileError {
        FileError {
            path: path.into(),
            error: error.into(),
        }
    }

    #[test]
    fn reasons_are_told_once_the_commonest_first() {
        let errors = [
            failed("x", "no space left: extra"),
            failed("a/b", "opening /home/me/a/b: permission denied"),
            failed("c", "opening /home/me/c: permission denied"),
            failed("d", ""),
        ];
        let failures = Failures::of(&errors, 4);
        let told: Vec<_> = failures
            .reasons
            .iter()
            .map(|one| (one.reason.as_str(), one.items))
            .collect();
        assert_eq!(
            told,
            [
                ("opening /home/me/…: permission denied", 2),
                ("no space left: extra", 1)
            ]
        );
    }

    #[test]
    fn a_servers_reply_of_every_version_is_read() {
        let full: FolderErrors = serde_json::from_str(include_str!(
            "../../../tests/fixtures/syncthing/2.1.3/folder-errors-full.json"
        ))
        .expect("read");
        let failures = Failures::of(&full.errors, 1);
        let reason = &failures.reasons[0].reason;
        assert!(
            reason.ends_with("current 22.07 % < required 99.9 %"),
            "{reason}"
        );
        let none: FolderErrors =
            serde_json::from_str(r#"{"errors":null,"folder":"a"}"#).expect("read");
        assert!(none.errors.is_empty());
    }
}
