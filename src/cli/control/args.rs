//! The commands that have a Syncthing do something.

use std::path::{Component, Path};
use std::time::Duration;

use clap::{Args, Subcommand};

use crate::cli::args::parse_duration;
use crate::cli::complete::{devices_offered, folders, folders_and_devices, offers};

/// What a Syncthing is to do.
#[derive(Clone, Debug, Subcommand)]
pub enum ControlCommand {
    /// Have Syncthing look for changes on the disk
    ///
    /// A scan that takes longer than a few seconds goes on after this command has ended.
    Rescan(RescanArgs),
    /// Pause folders and devices, or everything, perhaps for a time
    ///
    /// Without a name: everything that is not paused yet; 'resume' lets just that go on. With --for it goes on by
    /// itself; for that an engine must be running ('syncwatch tray' or 'syncwatch daemon'). With --monitoring Syncthing
    /// goes on as it is, and syncwatch leaves it alone.
    Pause(PauseArgs),
    /// Let paused folders and devices go on
    ///
    /// Without a name: just what 'pause' paused. With --monitoring: watch again.
    Resume(ResumeArgs),
    /// Restart Syncthing
    ///
    /// Nobody is asked, for nothing is lost. It is done once Syncthing is connected again.
    Restart(Common),
    /// Shut Syncthing down: it does not start again by itself
    ///
    /// Asks first. Where there is no terminal to ask on, nothing is done without --yes.
    Shutdown(Common),
    /// Make the others take a send-only folder as it is here: what they changed in it is lost
    ///
    /// Shows the first of what is lost and asks; with --dry-run it shows all of it. Where there is no terminal to ask on, nothing is done without --yes.
    Override(FolderArgs),
    /// Undo local changes in a receive-only folder: what was changed here is lost
    ///
    /// Shows the first of what is lost and asks; with --dry-run it shows all of it. Where there is no terminal to ask on, nothing is done without --yes.
    Revert(FolderArgs),
    /// Accept a device that wants to connect, or a folder that is offered
    ///
    /// Without a name: the only one that waits. It says where a folder goes; --dry-run says so beforehand.
    Accept(AcceptArgs),
    /// Never be asked about a device, or a folder of a device, again
    Ignore(IgnoreArgs),
    /// Empty Syncthing's own list of errors
    ClearErrors(Common),
}

/// What every one of them takes.
#[derive(Clone, Copy, Debug, Default, Args)]
pub struct Common {
    /// Say what would be done, and do nothing
    #[arg(long, short = 'n')]
    pub dry_run: bool,
    /// Do not ask, where something would be lost
    #[arg(long, short)]
    pub yes: bool,
    /// The result as JSON
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `rescan`.
#[derive(Clone, Debug, Args)]
pub struct RescanArgs {
    /// Folders by their ID, label or an unambiguous beginning; all of them without one
    #[arg(value_name = "FOLDER", add = folders())]
    pub folders: Vec<String>,
    /// Only this path within the one folder
    #[arg(long, value_name = "PATH", requires = "folders", value_parser = parse_within)]
    pub sub: Option<String>,
    #[command(flatten)]
    pub common: Common,
}

/// Arguments of `pause`.
#[derive(Clone, Debug, Args)]
pub struct PauseArgs {
    /// Folders and devices by their ID, label, name or an unambiguous beginning; write folder:NAME or device:NAME where
    /// both are called so
    #[arg(value_name = "FOLDER|DEVICE", add = folders_and_devices())]
    pub names: Vec<String>,
    /// Let them go on after this long, such as 30m, 1h30m or 2d
    #[arg(long = "for", value_name = "TIME", value_parser = parse_pause)]
    pub duration: Option<Duration>,
    /// Only stop watching: the instance itself goes on
    #[arg(long, short, conflicts_with_all = ["names", "duration"])]
    pub monitoring: bool,
    /// At every Syncthing of the config; with --monitoring at every instance
    #[arg(long, short, conflicts_with = "names")]
    pub all: bool,
    #[command(flatten)]
    pub common: Common,
}

/// Arguments of `resume`.
#[derive(Clone, Debug, Args)]
pub struct ResumeArgs {
    /// Folders and devices, named as for 'pause'
    #[arg(value_name = "FOLDER|DEVICE", add = folders_and_devices())]
    pub names: Vec<String>,
    /// Watch the instance again
    #[arg(long, short, conflicts_with = "names")]
    pub monitoring: bool,
    /// At every Syncthing of the config; with --monitoring at every instance
    #[arg(long, short, conflicts_with = "names")]
    pub all: bool,
    #[command(flatten)]
    pub common: Common,
}

/// Arguments of `override` and `revert`.
#[derive(Clone, Debug, Args)]
pub struct FolderArgs {
    /// The folder by its ID, label or an unambiguous beginning
    #[arg(value_name = "FOLDER", add = folders())]
    pub folder: String,
    #[command(flatten)]
    pub common: Common,
}

/// Arguments of `accept`.
#[derive(Clone, Debug, Args)]
pub struct AcceptArgs {
    /// The device or folder that waits, by its ID, label, name or an unambiguous beginning
    #[arg(value_name = "FOLDER|DEVICE", add = offers())]
    pub name: Option<String>,
    /// Of this device, where several offer the folder
    #[arg(long, value_name = "DEVICE", add = devices_offered())]
    pub from: Option<String>,
    /// Where the folder will be; Syncthing's usual place without it
    #[arg(long, value_name = "PATH")]
    pub path: Option<String>,
    #[command(flatten)]
    pub common: Common,
}

/// Arguments of `ignore`.
#[derive(Clone, Debug, Args)]
pub struct IgnoreArgs {
    /// The device or folder that waits, named as for 'accept'
    #[arg(value_name = "FOLDER|DEVICE", add = offers())]
    pub name: Option<String>,
    /// Of this device, where several offer the folder
    #[arg(long, value_name = "DEVICE", add = devices_offered())]
    pub from: Option<String>,
    #[command(flatten)]
    pub common: Common,
}

impl ControlCommand {
    /// What it shares with the others.
    pub fn common(&self) -> Common {
        match self {
            Self::Rescan(args) => args.common,
            Self::Pause(args) => args.common,
            Self::Resume(args) => args.common,
            Self::Restart(common) | Self::ClearErrors(common) | Self::Shutdown(common) => *common,
            Self::Override(args) | Self::Revert(args) => args.common,
            Self::Accept(args) => args.common,
            Self::Ignore(args) => args.common,
        }
    }

    /// It is about every instance.
    pub fn is_for_all(&self) -> bool {
        match self {
            Self::Pause(args) => args.all,
            Self::Resume(args) => args.all,
            _ => false,
        }
    }

    /// It is about whether an instance is watched (`Some`), not about what the instance does.
    pub fn monitors(&self) -> Option<bool> {
        match self {
            Self::Pause(args) if args.monitoring => Some(false),
            Self::Resume(args) if args.monitoring => Some(true),
            _ => None,
        }
    }

    /// The user said beforehand that nothing is to be asked; `None` where nothing ever is.
    pub fn consent(&self) -> Option<bool> {
        match self {
            Self::Override(_) | Self::Revert(_) | Self::Shutdown(_) => Some(self.common().yes),
            _ => None,
        }
    }
}

/// How long a pause lasts. A number alone could be minutes as well as seconds.
fn parse_pause(text: &str) -> Result<Duration, String> {
    const LONGEST: Duration = Duration::from_secs(366 * 24 * 3600);
    let duration = parse_duration(text).ok();
    let duration = duration.filter(|_| text.parse::<f64>().is_err());
    match duration {
        Some(duration) if duration.is_zero() => Err("it must be longer than nothing".into()),
        Some(duration) if duration > LONGEST => {
            Err("a year is the most; without --for it lasts until 'syncwatch resume'".into())
        }
        Some(duration) => Ok(duration),
        None => Err("write it with its unit, like 90s, 30m or 1h30m".into()),
    }
}

/// A path that stays within its folder: Syncthing 1.19 takes any, and says that it is done.
fn parse_within(text: &str) -> Result<String, String> {
    let path = Path::new(text);
    let stays = path
        .components()
        .all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    match stays && !text.is_empty() {
        true => Ok(text.to_owned()),
        false => Err("it must be within the folder, such as Holidays/2026".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_has_a_unit_and_an_end() {
        for (text, seconds) in [
            ("90s", 90),
            ("30m", 1800),
            ("1h30m", 5400),
            ("366d", 31_622_400),
        ] {
            assert_eq!(
                parse_pause(text),
                Ok(Duration::from_secs(seconds)),
                "{text}"
            );
        }
        for text in [
            "", "30", "0", "0s", "0m", "1.5", "-5m", "99999h", "367d", "lunch",
        ] {
            assert!(parse_pause(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_rescanned_is_within_the_folder() {
        for path in ["a", "a/b c", "./a", "..a/b"] {
            assert_eq!(parse_within(path).as_deref(), Ok(path));
        }
        for path in ["", "/etc", "..", "a/../../b"] {
            assert!(parse_within(path).is_err(), "{path}");
        }
    }
}
