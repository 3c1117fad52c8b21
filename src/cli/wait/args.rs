//! What can be waited for.

use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::cli::args::parse_duration;
use crate::cli::complete::{devices, folders};

/// Arguments of `wait`.
#[derive(Clone, Debug, Args)]
pub struct WaitArgs {
    /// What to wait for
    #[arg(long = "for", value_name = "WHAT", default_value = "connected")]
    pub goal: Goal,
    /// Only this folder counts: its ID, label or an unambiguous beginning
    #[arg(long, value_name = "FOLDER", add = folders())]
    pub folder: Option<String>,
    /// Only this device counts, by its ID, name or an unambiguous beginning: with 'safe', that it has everything
    #[arg(long, visible_alias = "on", value_name = "DEVICE", add = devices())]
    pub device: Option<String>,
    /// Have Syncthing look for changes first: for what was just written into a folder, as by cp
    #[arg(long)]
    pub rescan: bool,
    /// Give up after this long, such as 500ms, 60s, 5m, 1h30m [default: never]
    #[arg(long, short, value_name = "TIME", value_parser = parse_duration)]
    pub timeout: Option<Duration>,
}

/// What `wait` waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Goal {
    /// The last request was answered over a verified connection
    Connected,
    /// Connected, and nothing is being scanned or synced
    Idle,
    /// Connected, and everything is up to date here and on every connected device
    Synced,
    /// At least one other device has everything that is shared, whether it is connected now or not
    Safe,
}

impl Goal {
    /// Its word on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Connected => "connected",
            Self::Idle => "idle",
            Self::Synced => "synced",
            Self::Safe => "safe",
        }
    }
}
