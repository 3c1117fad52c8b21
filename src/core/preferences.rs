//! What the user wants of the desktop: which notices, which look. Set in the config, used by the views.

/// The part of the config that views go by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Preferences {
    pub notifications: Notifications,
    pub tray: Tray,
}

/// What the user wants to be notified of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notifications {
    /// Any at all. An untrusted certificate is always shown in the views.
    pub enabled: bool,
    /// An instance became unreachable or cannot work as configured, or came back after a notice.
    pub connection: bool,
    /// A certificate is not trusted.
    pub untrusted: bool,
    /// The credentials are refused.
    pub unauthorized: bool,
    /// A device wants to connect.
    pub new_device: bool,
    /// A device offers a folder.
    pub new_folder: bool,
    /// Everything is up to date after there was work.
    pub synced: bool,
    /// A folder stopped or has items that failed; the server lists an error.
    pub errors: bool,
    /// Two devices changed the same file.
    pub conflicts: bool,
    /// The server asks to be restarted.
    pub restart: bool,
    /// A message names the user, or is for the user alone.
    pub highlights: bool,
}

/// How the tray looks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tray {
    /// Transfer rates in the menu and tooltip.
    pub rates: bool,
    /// One-coloured icons.
    pub monochrome: bool,
    /// The icon moves gently while something is synced.
    pub animate: bool,
    pub theme: Theme,
}

/// What the panel looks like, so that the icon can be seen on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// As the desktop says.
    #[default]
    Auto,
    Dark,
    Light,
}

impl Theme {
    /// The word used in the config.
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Dark => "dark",
            Self::Light => "light",
        }
    }
}

impl Default for Notifications {
    fn default() -> Self {
        Self {
            enabled: true,
            connection: true,
            untrusted: true,
            unauthorized: true,
            new_device: true,
            new_folder: true,
            synced: false,
            errors: true,
            conflicts: true,
            restart: true,
            highlights: true,
        }
    }
}

impl Default for Tray {
    fn default() -> Self {
        Self {
            rates: true,
            monochrome: false,
            animate: true,
            theme: Theme::Auto,
        }
    }
}
