//! Whether the desktop is dark, so that the icon can be seen on its panel.
//!
//! Invariant: where nobody says, the last word stands; at first that is [`DARK`].

use tokio::sync::watch;

#[cfg(target_os = "linux")]
mod linux;

#[cfg(target_os = "linux")]
pub use linux::follow_on;

/// Without a word of the desktop a panel is taken as dark: most are, and GNOME's is while it says "no preference".
pub const DARK: bool = true;

/// Tells whether the desktop prefers dark, now and whenever that changes. Returns when nobody listens.
#[cfg(target_os = "linux")]
pub async fn follow(dark: watch::Sender<bool>) {
    follow_on(&super::bus::Bus::Session, dark).await;
}

/// Tells whether the system's panel is dark, now and whenever that changes. Returns when nobody listens.
#[cfg(any(windows, target_os = "macos"))]
pub async fn follow(dark: watch::Sender<bool>) {
    // Neither system tells of a change without a window; the look costs microseconds.
    const LOOK: std::time::Duration = std::time::Duration::from_secs(10);
    loop {
        if let Some(now) = asked::is_dark() {
            dark.send_if_modified(|dark| std::mem::replace(dark, now) != now);
        }
        tokio::select! {
            () = dark.closed() => return,
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

#[cfg(windows)]
mod asked {
    use windows_registry::CURRENT_USER;

    /// Of the taskbar, which has its own colour beside that of the windows.
    pub(super) fn is_dark() -> Option<bool> {
        let place = r"Software\Microsoft\Windows\CurrentVersion\Themes\Personalize";
        let light = CURRENT_USER
            .open(place)
            .and_then(|key| key.get_u32("SystemUsesLightTheme"));
        Some(light.ok()? == 0)
    }
}

#[cfg(target_os = "macos")]
mod asked {
    use objc2_foundation::{NSUserDefaults, ns_string};

    /// There is a style only when it is not the light one.
    pub(super) fn is_dark() -> Option<bool> {
        let defaults = NSUserDefaults::standardUserDefaults();
        let style = defaults.stringForKey(ns_string!("AppleInterfaceStyle"));
        Some(style.is_some_and(|style| style.to_string() == "Dark"))
    }
}

/// Nobody is asked on this platform. Returns when nobody listens.
#[cfg(not(any(target_os = "linux", windows, target_os = "macos")))]
pub async fn follow(dark: watch::Sender<bool>) {
    dark.closed().await;
}
