//! A snapshot of the process's environment: variables, platform directories.
//!
//! Invariant: the only place that reads them, once, at start; tests make up their own.

use std::collections::BTreeMap;
use std::env;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};

use directories::{BaseDirs, ProjectDirs};

use crate::children::Hidden;

use super::problem::Warning;
use super::service_manager::{Given, account, system_runtime};
use super::writable::not_own;

/// Stands at the beginning of a path for the directory in which systemd hands over secrets (`LoadCredential=`).
pub(super) const CREDENTIALS: &str = "$CREDENTIALS_DIRECTORY";

/// Whose rules for directories count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Platform {
    /// Linux and the BSDs.
    Unix,
    MacOs,
    Windows,
}

/// The variables and directories of one process. Debug shows the names of variables, never their values.
#[derive(Clone)]
pub struct Environment {
    pub(super) platform: Platform,
    pub(super) home: Option<PathBuf>,
    variables: BTreeMap<OsString, OsString>,
    config_dir: PathBuf,
    state_dir: PathBuf,
    runtime_dir: Option<PathBuf>,
    log_dir: PathBuf,
    executable: Option<PathBuf>,
    hidden: Hidden,
}

impl Platform {
    /// The platform that this was built for.
    pub fn current() -> Self {
        if cfg!(windows) {
            Self::Windows
        } else if cfg!(target_os = "macos") {
            Self::MacOs
        } else {
            Self::Unix
        }
    }
}

impl Environment {
    /// The environment of this process, as it is now.
    pub fn from_process() -> Self {
        let variables: BTreeMap<OsString, OsString> = env::vars_os().collect();
        let own = ProjectDirs::from("", "", "syncwatch");
        let own = own.as_ref();
        let given = Given::of(&variables, std::process::id());
        let config = own.map(|own| own.config_dir().to_path_buf());
        let state = own.map(|own| own.state_dir().unwrap_or(own.data_local_dir()));
        let runtime = own.and_then(|own| Some(own.runtime_dir()?.to_path_buf()));
        let state_dir = given.state.or(state.map(Path::to_path_buf));
        let state_dir = state_dir.unwrap_or_else(|| "/var/lib/syncwatch".into());
        let system = || system_runtime(account(&variables, is_administrator()), Path::is_dir);
        Self {
            platform: Platform::current(),
            home: BaseDirs::new().map(|base| base.home_dir().to_path_buf()),
            config_dir: given
                .config
                .or(config)
                .unwrap_or_else(|| "/etc/syncwatch".into()),
            // Where a user has both units, they are to meet, so that one of them is the engine.
            runtime_dir: system().or(given.runtime).or(runtime),
            log_dir: given.logs.unwrap_or_else(|| state_dir.join("log")),
            state_dir,
            // Taken at start: once the file is replaced, Linux says that it is deleted.
            executable: env::current_exe().ok(),
            hidden: Hidden::default(),
            variables,
        }
    }

    /// A made-up environment that lives below `home`.
    pub fn made_up(platform: Platform, home: &Path, variables: &[(&str, &Path)]) -> Self {
        let variables = variables
            .iter()
            .map(|(name, value)| (OsString::from(name), value.as_os_str().to_owned()));
        Self {
            platform,
            home: Some(home.to_path_buf()),
            variables: variables.collect(),
            config_dir: home.join(".config/syncwatch"),
            state_dir: home.join(".local/state/syncwatch"),
            runtime_dir: None,
            log_dir: home.join(".local/state/syncwatch/log"),
            executable: None,
            hidden: Hidden::default(),
        }
    }

    /// The config file: `given` (`--config`), else `SYNCWATCH_CONFIG`, else the platform's place.
    pub fn config_file(&self, given: Option<&Path>) -> PathBuf {
        self.chosen_config(given)
            .unwrap_or_else(|| self.config_dir.join("config.toml"))
    }

    /// The config file that the user asked for, which must then exist.
    pub(super) fn chosen_config(&self, given: Option<&Path>) -> Option<PathBuf> {
        given
            .map(Path::to_path_buf)
            .or_else(|| self.path("SYNCWATCH_CONFIG"))
    }

    /// The local socket: `SYNCWATCH_SOCKET`, else in the runtime directory, else in the state directory.
    pub fn socket(&self) -> PathBuf {
        let beside = self.runtime_dir.as_ref().unwrap_or(&self.state_dir);
        self.path("SYNCWATCH_SOCKET")
            .unwrap_or_else(|| beside.join("engine.sock"))
    }

    /// What outlives the process and is not the user's to edit: pins verified and accepted.
    pub fn state_file(&self) -> PathBuf {
        self.state_dir.join("state.json")
    }

    /// What is to be said when others can write where pins that were accepted are kept. May wait for a disk.
    pub fn exposed_state(&self) -> Vec<Warning> {
        let why = "the pins accepted by this user and the journal are kept there";
        not_own(&self.state_dir, why)
    }

    /// What happened, one JSON object a line.
    pub fn journal_file(&self) -> PathBuf {
        self.state_dir.join("journal.jsonl")
    }

    /// The journal as a page of text, for a person to read; made anew each time.
    pub fn journal_page(&self) -> PathBuf {
        self.state_dir.join("journal.txt")
    }

    /// Is there once the user was told what a desktop lacks to show icons.
    pub fn panel_hint(&self) -> PathBuf {
        self.state_dir.join("panel-hint")
    }

    /// What the desktop calls itself, such as `ubuntu:GNOME`; empty where there is none.
    pub fn desktop(&self) -> String {
        let desktop = self.variable("XDG_CURRENT_DESKTOP").unwrap_or_default();
        desktop.to_string_lossy().into_owned()
    }

    /// Somebody sits before a screen of this process.
    pub fn has_desktop_session(&self) -> bool {
        let has = |name| self.variable(name).is_some();
        self.platform != Platform::Unix || has("WAYLAND_DISPLAY") || has("DISPLAY")
    }

    /// Held by the one tray of this user, where no session bus tells of it.
    pub fn tray_lock(&self) -> PathBuf {
        self.state_dir.join("tray.lock")
    }

    /// Where a process without a terminal logs.
    pub fn log_dir(&self) -> PathBuf {
        self.log_dir.clone()
    }

    /// This program's file; that of the image when it runs from an AppImage, whose inside is gone when it ends.
    pub fn executable(&self) -> Option<PathBuf> {
        self.path("APPIMAGE").or_else(|| self.executable.clone())
    }

    /// Where the session looks for what the user wants started, and where for what everybody gets, the more
    /// important first. `None` where files do not decide that.
    pub fn autostart_dirs(&self) -> Option<(PathBuf, Vec<PathBuf>)> {
        let home = self.home.as_deref()?;
        let absolute = |path: &PathBuf| path.is_absolute();
        match self.platform {
            Platform::Windows => None,
            Platform::MacOs => Some((home.join("Library/LaunchAgents"), Vec::new())),
            Platform::Unix => {
                let own = self.path("XDG_CONFIG_HOME").filter(absolute);
                let own = own.unwrap_or_else(|| home.join(".config"));
                let shared = self.variable("XDG_CONFIG_DIRS").map(env::split_paths);
                let mut shared: Vec<PathBuf> =
                    shared.into_iter().flatten().filter(absolute).collect();
                if shared.is_empty() {
                    shared.push("/etc/xdg".into());
                }
                let autostart = |directory: PathBuf| directory.join("autostart");
                Some((autostart(own), shared.into_iter().map(autostart).collect()))
            }
        }
    }

    /// A variable; empty counts as unset.
    pub fn variable(&self, name: &str) -> Option<&OsStr> {
        let value = self.variables.get(OsStr::new(name))?;
        (!value.is_empty()).then_some(value)
    }

    /// The variables that no program is given which is started: those that the config last loaded reads secrets from.
    pub fn hidden(&self) -> &Hidden {
        &self.hidden
    }

    pub(super) fn path(&self, name: &str) -> Option<PathBuf> {
        self.variable(name).map(PathBuf::from)
    }

    /// Whether systemd keeps the file for this service: its mode then says nothing of who can read it.
    pub(super) fn is_credential(&self, path: &Path) -> bool {
        let directory = self.path("CREDENTIALS_DIRECTORY");
        directory.is_some_and(|directory| path.starts_with(directory))
    }

    /// `~` and `~/` become the home directory, `$CREDENTIALS_DIRECTORY/` that of systemd's credentials; without one the
    /// path stays.
    pub fn expand(&self, path: &Path) -> PathBuf {
        let credentials = self.path("CREDENTIALS_DIRECTORY");
        if let (Ok(name), Some(credentials)) = (path.strip_prefix(CREDENTIALS), credentials) {
            return credentials.join(name);
        }
        match (path.strip_prefix("~"), &self.home) {
            (Ok(rest), Some(home)) if rest.as_os_str().is_empty() => home.clone(),
            (Ok(rest), Some(home)) => home.join(rest),
            _ => path.to_path_buf(),
        }
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&OsString> = self.variables.keys().collect();
        formatter
            .debug_struct("Environment")
            .field("platform", &self.platform)
            .field("home", &self.home)
            .field("config_dir", &self.config_dir)
            .field("state_dir", &self.state_dir)
            .field("runtime_dir", &self.runtime_dir)
            .field("variables", &names)
            .finish()
    }
}

fn is_administrator() -> bool {
    #[cfg(unix)]
    return rustix::process::geteuid().is_root();
    #[cfg(not(unix))]
    return false;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overrides_win() {
        let home = Path::new("/home/u");
        let plain = Environment::made_up(Platform::Unix, home, &[]);
        let usual = Path::new("/home/u/.config/syncwatch/config.toml");
        assert_eq!(plain.config_file(None), usual);
        assert_eq!(
            plain.socket(),
            home.join(".local/state/syncwatch/engine.sock")
        );
        let (config, socket) = (Path::new("/c.toml"), Path::new("/s"));
        let set = [("SYNCWATCH_CONFIG", config), ("SYNCWATCH_SOCKET", socket)];
        let set = Environment::made_up(Platform::Unix, home, &set);
        assert_eq!(set.config_file(None), config);
        assert_eq!(set.config_file(Some(usual)), usual);
        assert_eq!(set.socket(), socket);
    }

    #[test]
    fn only_the_own_home_is_expanded() {
        let environment = Environment::made_up(Platform::Unix, Path::new("/h"), &[]);
        for (path, expanded) in [("~", "/h"), ("~/a", "/h/a"), ("~x/a", "~x/a"), ("/a", "/a")] {
            assert_eq!(environment.expand(Path::new(path)), Path::new(expanded));
        }
    }

    #[test]
    fn credentials_are_where_systemd_puts_them() {
        let path = Path::new("$CREDENTIALS_DIRECTORY/nas.key");
        let home = Path::new("/h");
        let without = Environment::made_up(Platform::Unix, home, &[]);
        assert_eq!(without.expand(path), path);
        let given = [("CREDENTIALS_DIRECTORY", Path::new("/run/credentials/u"))];
        let with = Environment::made_up(Platform::Unix, home, &given);
        let whole = with.expand(path);
        assert_eq!(whole, Path::new("/run/credentials/u/nas.key"));
        assert!(with.is_credential(&whole) && !without.is_credential(&whole));
        assert!(!with.is_credential(home));
    }

    #[test]
    fn autostart_is_where_the_platform_looks() {
        let home = Path::new("/home/u");
        let dirs = |platform, variables: &[(&str, &Path)]| {
            Environment::made_up(platform, home, variables).autostart_dirs()
        };
        let (own, shared) = dirs(Platform::Unix, &[]).unwrap();
        assert_eq!(own, home.join(".config/autostart"));
        assert_eq!(shared, [Path::new("/etc/xdg/autostart")]);
        let set = [
            ("XDG_CONFIG_HOME", Path::new("/c")),
            ("XDG_CONFIG_DIRS", Path::new("/x:relative:/y")),
        ];
        let (own, shared) = dirs(Platform::Unix, &set).unwrap();
        assert_eq!(own, Path::new("/c/autostart"));
        assert_eq!(shared, ["/x/autostart", "/y/autostart"].map(Path::new));
        let (own, _) = dirs(Platform::MacOs, &[]).unwrap();
        assert_eq!(own, home.join("Library/LaunchAgents"));
        assert_eq!(dirs(Platform::Windows, &[]), None);
    }

    #[test]
    fn debug_shows_no_value() {
        let environment = Environment::made_up(
            Platform::Unix,
            Path::new("/h"),
            &[("KEY", Path::new("hidden"))],
        );
        let shown = format!("{environment:?}");
        assert!(
            shown.contains("KEY") && !shown.contains("hidden"),
            "{shown}"
        );
    }
}
