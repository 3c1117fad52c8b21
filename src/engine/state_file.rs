//! What outlives a run: the pins last verified on the wire, those that the user accepted, and what is paused.
//!
//! Owner-only, replaced atomically. A corrupt file is set aside and said so; a missing one is a first run.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tracing::warn;

use super::known::Known;

/// Larger than any real one; more is not ours.
const LARGEST: u64 = 4 * 1024 * 1024;

/// The state file, as read and as to be written.
#[derive(Debug)]
pub struct StateFile {
    /// `None` keeps nothing.
    path: Option<PathBuf>,
    known: Known,
    unsaved: bool,
}

/// What is to be written: on a thread where waiting for the disk holds nobody up.
#[derive(Debug)]
pub struct Save {
    path: PathBuf,
    known: Known,
}

impl StateFile {
    /// Reads `path`. With `keep` false it is read but never written.
    pub fn open(path: &Path, keep: bool) -> Self {
        Self {
            known: read(path, keep),
            path: keep.then(|| path.to_owned()),
            unsaved: false,
        }
    }

    /// What is remembered.
    pub fn known(&self) -> &Known {
        &self.known
    }

    /// The same, to be changed in memory, and then to be saved.
    pub fn known_mut(&mut self) -> &mut Known {
        self.unsaved = true;
        &mut self.known
    }

    /// What is to be written, if anything changed since the last call. One at a time: the newest must be the last.
    pub fn to_save(&mut self) -> Option<Save> {
        let path = self.path.as_ref()?;
        std::mem::take(&mut self.unsaved).then(|| Save {
            path: path.clone(),
            known: self.known.clone(),
        })
    }
}

impl Save {
    /// Replaces the file. A failure is logged: monitoring goes on.
    pub fn write(self) {
        if let Err(error) = write(&self.path, &self.known) {
            warn!(
                "{} could not be written ({error}); after a restart the last verified pins and what is paused for a while will not be known",
                self.path.display()
            );
        }
    }
}

fn read(path: &Path, keep: bool) -> Known {
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
        Ok(text) => match serde_json::from_str(&text) {
            Ok(known) => return known,
            Err(error) => error.to_string(),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Known::default(),
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
    Known::default()
}

fn write(path: &Path, known: &Known) -> io::Result<()> {
    let mut text = serde_json::to_vec_pretty(known)?;
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
    use crate::core::{Fingerprint, Pin};
    use crate::engine::known::Kept;

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
        let keep = |state: &mut StateFile, pin| {
            state
                .known_mut()
                .change("laptop", |kept| kept.accepted = pin);
        };
        keep(&mut state, Some(pin()));
        state.to_save().expect("changed").write();
        assert!(state.to_save().is_none());
        assert_eq!(
            StateFile::open(&path, false).known().get("laptop").accepted,
            Some(pin())
        );
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = |path: &Path| std::fs::metadata(path).expect("there").permissions().mode();
            assert_eq!(mode(&path) & 0o077, 0);
            assert_eq!(mode(path.parent().expect("parent")) & 0o077, 0);
        }
        keep(&mut state, None);
        state.to_save().expect("changed").write();
        let again = StateFile::open(&path, true);
        assert_eq!(again.known().get("laptop"), Kept::default());
    }

    #[test]
    fn survives_a_corrupt_file_and_keeps_it_aside() {
        let directory = tempfile::tempdir().expect("directory");
        let path = directory.path().join("state.json");
        for text in ["", "{", "[1]", "{\"instances\":3}", "\u{0}\u{0}"] {
            std::fs::write(&path, text).expect("written");
            assert_eq!(*StateFile::open(&path, true).known(), Known::default());
            assert!(
                directory.path().join("state.json.corrupt").exists(),
                "{text:?}"
            );
        }
    }
}
