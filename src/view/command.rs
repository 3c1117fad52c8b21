//! What a click does, as a plain value: the same for an entry of the menu and for a button of a notice.

use crate::core::{Action, Fingerprint};

/// Something that the user asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Have a Syncthing do something.
    Control {
        instance: String,
        action: Action,
    },
    /// Pause everything; all instances when `None`.
    PauseAll {
        instance: Option<String>,
        until: Until,
    },
    /// Let go on what `PauseAll` paused.
    ResumeAll {
        instance: Option<String>,
    },
    /// Switch the monitoring of an instance off or on.
    SetMonitored {
        instance: String,
        monitored: bool,
    },
    /// Try to connect at once; all instances when `None`.
    Retry {
        instance: Option<String>,
    },
    /// Pin this certificate.
    Accept {
        instance: String,
        fingerprint: Fingerprint,
    },
    /// Open a page in the browser. Only `https` and `http`.
    OpenPage {
        url: String,
    },
    /// Open a directory of this computer in the file manager.
    OpenFolder {
        path: String,
    },
    /// Show the whole journal as text.
    OpenJournal,
    /// Show the config file.
    OpenConfig,
    /// Start, stop or restart the unit that Syncthing runs as.
    Unit {
        unit: Unit,
        verb: UnitVerb,
    },
    /// Start the tray with the session, or not.
    Autostart {
        on: bool,
    },
    Quit,
}

/// How long a pause lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    Minutes(u32),
    /// The next day begins, in the user's time zone.
    Tomorrow,
    /// Somebody resumes.
    Resumed,
}

/// A unit of systemd.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unit {
    /// Such as `syncthing.service`.
    pub name: String,
    /// Of the user's own manager, not of the system's.
    pub user: bool,
}

/// The unit that the local Syncthing runs as, as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitStatus {
    pub unit: Unit,
    /// It runs, or is about to.
    pub active: bool,
}

/// What to do with a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnitVerb {
    Start,
    Stop,
    Restart,
}
