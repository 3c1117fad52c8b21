//! The files of autostart: read, and replaced whole or not at all.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use super::Autostart;
use crate::desktop::Trouble;

/// A file's text; `None` when there is no file.
pub(super) fn read(path: &Path) -> io::Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Replaces a file whole, and makes its directory.
pub(super) fn write(path: &Path, text: &str) -> Result<(), Trouble> {
    let replace = || {
        let directory = path.parent().unwrap_or(Path::new("/"));
        fs::create_dir_all(directory)?;
        let mut builder = tempfile::Builder::new();
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let mut file = builder.prefix(".syncwatch").tempfile_in(directory)?;
        file.write_all(text.as_bytes())?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        Ok(())
    };
    replace().map_err(|error: io::Error| failed(path, "written", &error))
}

pub(super) fn remove(path: &Path) -> Result<(), Trouble> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(failed(path, "removed", &error))
        }
        _ => Ok(()),
    }
}

pub(super) fn failed(path: &Path, done: &str, error: &io::Error) -> Trouble {
    Trouble::new(
        &format!("{} could not be {done}: {error}.", path.display()),
        "The desktop's own settings list what starts with the session.",
    )
}

/// This program's path as text, which is all that these files can hold.
pub(super) fn executable(autostart: &Autostart) -> Result<&str, Trouble> {
    let text = autostart.executable.to_str();
    text.filter(|path| !path.contains(char::is_control))
        .ok_or_else(|| {
            let shown = autostart.executable.display();
            Trouble::new(
                &format!("The path {shown} cannot be written into an autostart entry."),
                "Install syncwatch where the path is plain text.",
            )
        })
}
