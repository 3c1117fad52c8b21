//! Whether the tray starts with the session, as the desktop's own settings show and change it.
//!
//! Invariant: a file that somebody edited keeps everything that is not about being on or off; files are replaced
//! whole or not at all.

use std::path::{Path, PathBuf};

use super::Trouble;

#[cfg(any(all(unix, not(target_os = "macos")), test))]
mod desktop_entry;
#[cfg(any(unix, test))]
mod files;
#[cfg(any(target_os = "macos", test))]
mod launch_agent;
#[cfg(windows)]
mod run_key;
#[cfg(any(all(unix, not(target_os = "macos")), test))]
mod xdg;

/// Where the desktop looks for what it starts, and what it is to start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Autostart {
    /// The user's own entries: `~/.config/autostart`, or `~/Library/LaunchAgents`.
    pub directory: PathBuf,
    /// Everybody's entries, the more important first: `/etc/xdg/autostart`.
    pub shared: Vec<PathBuf>,
    /// This program.
    pub executable: PathBuf,
}

impl Autostart {
    /// With the directories and the executable of `config::Environment`. `None` where a program cannot have itself
    /// started: without those, and in a Flatpak, which sees other directories than the session does.
    pub fn here(
        directories: Option<(PathBuf, Vec<PathBuf>)>,
        executable: Option<PathBuf>,
    ) -> Option<Self> {
        // On Windows it is the registry that holds what starts.
        let (directory, shared) = match cfg!(windows) {
            true => Default::default(),
            false => directories?,
        };
        let sandboxed = Path::new("/.flatpak-info").exists();
        (!sandboxed).then_some(Self {
            directory,
            shared,
            executable: executable?,
        })
    }

    /// Whether the tray starts with the session; `None` where that cannot be told or changed.
    pub fn state(&self) -> Option<bool> {
        #[cfg(target_os = "macos")]
        return launch_agent::state(self);
        #[cfg(all(unix, not(target_os = "macos")))]
        return xdg::state(self);
        #[cfg(windows)]
        return run_key::state(self);
    }

    /// Makes the tray start with the session, or not.
    pub fn set(&self, on: bool) -> Result<(), Trouble> {
        #[cfg(target_os = "macos")]
        return launch_agent::set(self, on);
        #[cfg(all(unix, not(target_os = "macos")))]
        return xdg::set(self, on);
        #[cfg(windows)]
        return run_key::set(self, on);
    }
}
