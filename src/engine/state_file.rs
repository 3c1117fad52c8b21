//! What outlives a run: the pins last verified on the wire, those that the user accepted, and what is paused.
//!
//! Owner-only, replaced atomically. A corrupt file is set aside and said so; a missing one is a first run.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tracing::warn;

use crate::core::{Held, Pin, Remembered};

/// Larger than any real one; more is not ours.
const LARGEST: u64 = 4 * 1024 * 1024;

/// The state file, as read and as to be written.
#[derive(Debug)]
pub struct StateFile {
    /// `None` keeps nothing.
    path: Option<PathBuf>,
    pins: BTreeMap<String, Kept>,
    unsaved: bool,
}

/// What is to be written: on a thread where waiting for the disk holds nobody up.
#[derive(Debug)]
pub struct Save {
    path: PathBuf,
    document: Document,
}

/// What is kept of one instance.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remembered: Option<Remembered>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted: Option<Pin>,
    /// What is paused for a while.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub holds: Vec<Held>,
    /// Monitoring is switched off.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub paused: bool,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Document {
    instances: BTreeMap<String, Kept>,
}

impl StateFile {
    /// Reads `path`. With `keep` false it is read but never written.
    pub fn open(path: &Path, keep: bool) -> Self {
        Self {
            pins: read(path, keep),
            path: keep.then(|| path.to_owned()),
            unsaved: false,
        }
    }

    /// What is kept of `instance`.
    pub fn get(&self, instance: &str) -> Kept {
        self.pins.get(instance).cloned().unwrap_or_default()
    }

    /// Changes what is kept of `instance`, in memory.
    pub fn change(&mut self, instance: &str, change: impl FnOnce(&mut Kept)) {
        let kept = self.pins.entry(instance.to_owned()).or_default();
        change(kept);
        if *kept == Kept::default() {
            self.pins.remove(instance);
        }
        self.unsaved = true;
    }

    /// What is to be written, if anything changed since the last call. One at a time: the newest must be the last.
    pub fn to_save(&mut self) -> Option<Save> {
        let path = self.path.as_ref()?;
        std::mem::take(&mut self.unsaved).then(|| Save {
            path: path.clone(),
            document: Document {
                instances: self.pins.clone(),
            },
        })
    }
}

impl Save {
    /// Replaces the file. A failure is logged: monitoring goes on.
    pub fn write(self) {
        if let Err(error) = write(&self.path, &self.document) {
            warn!(
                "{} could not be written ({error}); after a restart the last verified pins and what is paused for a while will not be known",
                self.path.display()
            );
        }
    }
}

fn read(path: &Path, keep: bool) -> BTreeMap<String, Kept> {
    let text = match std::fs::metadata(path) {
        Ok(metadata) if metadata.is_file() && metadata.len() <= LARGEST => {
            std::fs::read_to_string(path)
        }
        Ok(_) => Err(io::Error::other(
            "it is not a regular file of a plausible size",
        )),
        Err(error) => Err(error),
    };
    let trouble = match text {
        Ok(text) => match serde_json::from_str::<Document>(&text) {
            Ok(document) => return document.instances,
            Err(error) => error.to_string(),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => return BTreeMap::new(),
        Err(error) => error.to_string(),
    };
    let aside = path.with_extension("json.corrupt");
    warn!(
        "{} could not be read ({trouble}); starting without it, the old one is kept as {}",
        path.display(),
        aside.display()
    );
    if keep {
        let _ = std::fs::rename(path, aside);
    }
    BTreeMap::new()
}

fn write(path: &Path, document: &Document) -> io::Result<()> {
    let mut text = serde_json::to_vec_pretty(document)?;
    text.push(b'\n');
    replace_private(path, &text)
}

/// Replaces `path` as a whole; the file and directories that are made for it are for their owner only.
pub fn replace_private(path: &Path, content: &[u8]) -> io::Result<()> {
    let directory = path.parent().unwrap_or(Path::new("."));
    create_private_directory(directory)?;
    // NamedTempFile is created readable by the owner only.
    let mut file = tempfile::NamedTempFile::new_in(directory)?;
    file.write_all(content)?;
    file.as_file().sync_data()?;
    file.persist(path)?;
    Ok(())
}

/// Creates `directory` for its owner only; one that is there is left as it is.
pub fn create_private_directory(directory: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::Fingerprint;

    fn pin() -> Pin {
        Pin {
            fingerprint: Fingerprint::from_digest([7; 32]),
            not_after: None,
        }
    }

    #[test]
    fn keeps_what_it_was_told_for_its_owner_only() {
        let directory = tempfile::tempdir().expect("directory");
        let path = directory.path().join("deep/state.json");
        let mut state = StateFile::open(&path, true);
        state.change("laptop", |kept| kept.accepted = Some(pin()));
        state.to_save().expect("changed").write();
        assert!(state.to_save().is_none());
        assert_eq!(
            StateFile::open(&path, false).get("laptop").accepted,
            Some(pin())
        );
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = |path: &Path| std::fs::metadata(path).expect("there").permissions().mode();
            assert_eq!(mode(&path) & 0o077, 0);
            assert_eq!(mode(path.parent().expect("parent")) & 0o077, 0);
        }
        state.change("laptop", |kept| kept.accepted = None);
        state.to_save().expect("changed").write();
        assert_eq!(StateFile::open(&path, true).get("laptop"), Kept::default());
    }

    #[test]
    fn survives_a_corrupt_file_and_keeps_it_aside() {
        let directory = tempfile::tempdir().expect("directory");
        let path = directory.path().join("state.json");
        for text in ["", "{", "[1]", "{\"instances\":3}", "\u{0}\u{0}"] {
            std::fs::write(&path, text).expect("written");
            assert_eq!(StateFile::open(&path, true).get("laptop"), Kept::default());
            assert!(
                directory.path().join("state.json.corrupt").exists(),
                "{text:?}"
            );
        }
    }
}
