//! Which of the eight icons a status is, and when a change of it is shown.

use crate::core::Status;

/// The icons, one SVG source each in `assets/icons/`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Icon {
    /// No answer yet.
    Starting,
    UpToDate,
    Scanning,
    Syncing,
    Paused,
    /// A person should look at something.
    Attention,
    /// A security alert, refused credentials or a wrong configuration.
    Error,
    /// It cannot be reached.
    Disconnected,
}

impl Icon {
    /// Every icon, in the order of their declaration.
    pub const ALL: [Self; 8] = [
        Self::Starting,
        Self::UpToDate,
        Self::Scanning,
        Self::Syncing,
        Self::Paused,
        Self::Attention,
        Self::Error,
        Self::Disconnected,
    ];

    /// The name of its SVG source, without the ending.
    pub fn name(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::UpToDate => "up-to-date",
            Self::Scanning => "scanning",
            Self::Syncing => "syncing",
            Self::Paused => "paused",
            Self::Attention => "attention",
            Self::Error => "error",
            Self::Disconnected => "disconnected",
        }
    }

    /// The icon of a status.
    pub fn of(_status: &Status) -> Self {
        Self::Starting
    }
}
