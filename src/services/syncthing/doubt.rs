//! What is asked for although nobody told that it changed: no state rests on events alone.
//!
//! Invariant: what it costs is bounded, whatever the number of folders.

use std::collections::BTreeSet;
use std::ops::Bound;

use crate::core::service::FolderState;

use super::state::{Folder, Need, State};

/// So many folders are asked for at once.
const AT_ONCE: usize = 8;

impl State {
    /// A few of the folders that are not up to date, others each time: whatever a server forgot to tell is known some day.
    pub fn doubts(&mut self) -> BTreeSet<Need> {
        let is_doubtful = |folder: &&Folder| {
            let settled = [
                FolderState::UpToDate,
                FolderState::Unshared,
                FolderState::Paused,
            ];
            !settled.contains(&folder.state())
        };
        let ids = |folders: &mut dyn Iterator<Item = &Folder>| -> Vec<String> {
            let doubtful = folders.filter(is_doubtful).take(AT_ONCE);
            doubtful.map(|folder| folder.config.id.clone()).collect()
        };
        let after = (Bound::Excluded(self.doubted.clone()), Bound::Unbounded);
        let mut found = ids(&mut self.folders.range(after).map(|(_, folder)| folder));
        if found.is_empty() {
            found = ids(&mut self.folders.values());
        }
        self.doubted = found.last().cloned().unwrap_or_default();
        found.into_iter().map(Need::Folder).collect()
    }
}
