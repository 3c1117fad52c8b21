//! Where a local Syncthing keeps its configuration (lib/locations/locations.go), and what is found there.
//!
//! Invariant: reads only the places that Syncthing itself uses; never searches the disk.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::address::{GuiAddress, gui_address};
use super::config_xml::{self, ConfigXmlError, Gui};
use super::environment::{Environment, Platform};
use secrecy::SecretString;

/// The most Flatpak apps that are looked at.
const MOST_APPS: usize = 500;

/// One place that was looked at, for `syncwatch check`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tried {
    /// The config.xml that would be there.
    pub path: PathBuf,
    pub found: bool,
    /// Why it was looked at and what came of it, in words.
    pub why: String,
}

/// A local Syncthing.
#[derive(Clone, Debug)]
pub(super) struct Found {
    /// Its config directory; the certificate is there too.
    pub(super) directory: PathBuf,
    pub(super) address: GuiAddress,
    pub(super) key: Option<SecretString>,
}

impl Found {
    /// The old database is there beside the new one: it is renamed once everything was taken over
    /// (lib/syncthing/utils.go TryMigrateDatabase).
    pub(super) fn migrates(&self) -> bool {
        let there = |name| self.directory.join(name).symlink_metadata().is_ok();
        there("index-v0.14.0.db") && there("index-v2")
    }
}

/// What a search came to.
#[derive(Debug)]
pub(super) struct Search {
    /// Why there is nothing, as a sentence without its end.
    pub(super) outcome: Result<Found, String>,
    /// What to watch for a change of the outcome.
    pub(super) watch: Vec<PathBuf>,
    pub(super) tried: Vec<Tried>,
}

/// Looks for a local Syncthing: in `home` only, where given, else in all usual places in Syncthing's own order.
pub(super) fn search(home: Option<&Path>, environment: &Environment) -> Search {
    let places = match home {
        Some(home) => vec![(environment.expand(home), "'home' in the config".to_owned())],
        None => candidates(environment),
    };
    let mut search = Search {
        outcome: Err("no config.xml in any of the usual places".to_owned()),
        watch: Vec::new(),
        tried: Vec::new(),
    };
    if let Some((only, why)) = places.first().filter(|_| places.len() == 1) {
        search.outcome = Err(format!("no config.xml in {} ({why})", only.display()));
    }
    for (directory, why) in places {
        let path = directory.join("config.xml");
        search.watch.push(path.clone());
        let read = config_xml::read(&path);
        let said = match &read {
            Ok(_) => "found".to_owned(),
            Err(ConfigXmlError::Io(error)) if error.kind() == io::ErrorKind::NotFound => {
                "not there".to_owned()
            }
            Err(error) => format!("cannot be used: {error}"),
        };
        search.tried.push(Tried {
            found: read.is_ok(),
            why: format!("{why}: {said}"),
            path: path.clone(),
        });
        match read {
            Err(ConfigXmlError::Io(error)) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error @ ConfigXmlError::Io(_)) => {
                // Another user's; one of this user may still follow.
                search.outcome = Err(format!("{} cannot be read: {error}", path.display()));
                continue;
            }
            Err(error) => {
                search.outcome = Err(format!("{} cannot be used: {error}", path.display()));
            }
            Ok(gui) => {
                let overrides = home.is_none().then_some(environment);
                search.outcome = found(directory, gui, overrides)
                    .map_err(|wrong| format!("{}: {wrong}", path.display()));
            }
        }
        // What decides is this one file; the other places would only cost wake-ups.
        search.watch = vec![path];
        break;
    }
    search
}

fn found(directory: PathBuf, gui: Gui, overrides: Option<&Environment>) -> Result<Found, String> {
    let variable = |name| overrides.and_then(|environment| environment.variable(name)?.to_str());
    // Setting an address switches the GUI on (lib/config/guiconfiguration.go IsOverridden).
    let address = match variable("STGUIADDRESS") {
        Some(address) => gui_address(address).map_err(|wrong| format!("STGUIADDRESS: {wrong}"))?,
        None if !gui.enabled => {
            return Err(
                "its GUI is switched off (<gui enabled=\"false\">), and the REST API with it"
                    .to_owned(),
            );
        }
        None => gui_address(&gui.address)?,
    };
    let key = variable("STGUIAPIKEY").map(SecretString::from).or(gui.key);
    Ok(Found {
        directory,
        address,
        key,
    })
}

/// The config directories that Syncthing would use, each with the reason.
fn candidates(environment: &Environment) -> Vec<(PathBuf, String)> {
    // An override leaves no other place, as in Syncthing itself.
    for name in ["STHOMEDIR", "STCONFDIR"] {
        if let Some(directory) = environment.path(name) {
            return vec![(directory, name.to_owned())];
        }
    }
    let mut places: Vec<(PathBuf, String)> = Vec::new();
    let mut add = |directory: Option<PathBuf>, why: &str| {
        if let Some(directory) = directory.filter(|place| place.is_absolute())
            && places.iter().all(|(known, _)| *known != directory)
        {
            places.push((directory, why.to_owned()));
        }
    };
    let variable = |name: &str| environment.path(name);
    let home = |rest: &str| environment.home.as_ref().map(|home| home.join(rest));
    let below = |directory: Option<PathBuf>, rest: &str| Some(directory?.join(rest));
    match environment.platform {
        Platform::Windows => {
            add(
                below(variable("LocalAppData"), "Syncthing"),
                "%LocalAppData%",
            );
            add(
                below(variable("LOCALAPPDATA"), "Syncthing"),
                "%LocalAppData%",
            );
            add(below(variable("AppData"), "Syncthing"), "%AppData%");
            add(below(variable("APPDATA"), "Syncthing"), "%AppData%");
        }
        Platform::MacOs => {
            let usual = home("Library/Application Support/Syncthing");
            add(usual, "the usual place on macOS");
        }
        Platform::Unix => {
            add(
                below(variable("XDG_CONFIG_HOME"), "syncthing"),
                "XDG_CONFIG_HOME",
            );
            add(home(".config/syncthing"), "the usual place before 1.27");
            add(
                below(variable("XDG_STATE_HOME"), "syncthing"),
                "XDG_STATE_HOME",
            );
            add(home(".local/state/syncthing"), "the usual place since 1.27");
            for app in flatpaks(home(".var/app")) {
                for rest in ["config/syncthing", ".local/state/syncthing"] {
                    let place = app.join(rest);
                    add(place.is_dir().then_some(place), "Flatpak");
                }
            }
            if let Some(snap) = home("snap/syncthing").filter(|snap| snap.is_dir()) {
                for rest in [
                    "common/syncthing",
                    "common/.config/syncthing",
                    "common/.local/state/syncthing",
                    "current/.config/syncthing",
                    "current/.local/state/syncthing",
                ] {
                    add(Some(snap.join(rest)), "snap");
                }
            }
        }
    }
    places
}

/// The private trees of Flatpak apps, such as `me.kozec.syncthingtk` or `com.github.zocker_160.SyncThingy`.
fn flatpaks(root: Option<PathBuf>) -> Vec<PathBuf> {
    let entries = root.and_then(|root| fs::read_dir(root).ok());
    let entries = entries.into_iter().flatten().take(MOST_APPS);
    let mut apps: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    apps.sort();
    apps
}
