//! The view's menu and icon on a real panel.
//!
//! Invariant: this room shows values and hands back what was clicked; it decides nothing.

pub mod icons;
#[cfg(target_os = "linux")]
mod linux;
#[cfg(any(windows, target_os = "macos", test))]
mod native;

use std::sync::Arc;

use crate::view::command::Command;
use crate::view::icon::Icon;
use crate::view::menu::Menu;
use crate::view::tooltip::Tooltip;

use icons::Look;

#[cfg(target_os = "linux")]
pub use linux::run;
#[cfg(windows)]
pub use native::run;
#[cfg(target_os = "macos")]
pub use native::{run, serve};

/// Everything that a panel shows of syncwatch at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Face {
    pub icon: Icon,
    /// Which of the icon's pictures, where it moves.
    pub frame: usize,
    pub look: Look,
    pub tooltip: Tooltip,
    pub menu: Arc<Menu>,
}

/// What a panel tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// An entry was clicked.
    Clicked(Command),
    /// The menu is about to be opened.
    Opening,
    /// There is a panel that shows the icon.
    Shown,
    /// There is none that does, for now: why.
    Hidden(Hidden),
    /// Another `tray` of this user was started and asks for this one to be seen.
    Summoned,
}

/// Why no panel shows the icon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hidden {
    /// There is no session bus: no desktop, or it ended.
    NoBus,
    /// Nobody on the bus shows icons.
    NoPanel,
}

/// Why a tray cannot run.
#[derive(Debug, thiserror::Error)]
pub enum TrayError {
    /// It was asked to be seen.
    #[error("a tray of this user is running already")]
    AlreadyRunning,
    /// Of Windows and macOS; elsewhere it is waited for.
    #[error("the system gives no place for an icon")]
    NoIcon,
    #[error("whether another tray runs cannot be told: {0}")]
    Lock(#[from] std::io::Error),
}
