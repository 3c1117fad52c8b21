//! What systemd wants to hear (sd_notify(3)). Without systemd the notices go nowhere.

use std::time::Duration;

/// Something that the service manager is told.
pub(super) enum Notice<'a> {
    Ready,
    Reloading,
    Stopping,
    Status(&'a str),
    Alive,
}

#[cfg(target_os = "linux")]
pub(super) fn tell(notice: &Notice<'_>) {
    use sd_notify::NotifyState;
    let state = match notice {
        Notice::Ready => NotifyState::Ready,
        Notice::Reloading => NotifyState::Reloading,
        Notice::Stopping => NotifyState::Stopping,
        Notice::Status(words) => NotifyState::Status(words),
        Notice::Alive => NotifyState::Watchdog,
    };
    let told = match (notice, NotifyState::monotonic_usec_now()) {
        // With Type=notify-reload systemd wants to know when the reload began.
        (Notice::Reloading, Ok(began)) => sd_notify::notify(&[state, began]),
        (Notice::Reloading, Err(_)) => Ok(()),
        _ => sd_notify::notify(&[state]),
    };
    if let Err(error) = told {
        tracing::warn!("the service manager could not be told: {error}");
    }
}

/// How often it wants to hear that this is alive.
#[cfg(target_os = "linux")]
pub(super) fn watchdog() -> Option<Duration> {
    sd_notify::watchdog_enabled().map(|limit| limit / 2)
}

#[cfg(not(target_os = "linux"))]
pub(super) fn tell(notice: &Notice<'_>) {
    if let Notice::Status(words) = notice {
        tracing::debug!("{words}");
    }
}

#[cfg(not(target_os = "linux"))]
pub(super) fn watchdog() -> Option<Duration> {
    None
}
