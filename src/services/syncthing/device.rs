//! A device's state and completion, as the official page names them.
//!
//! Source: gui/default/syncthing/core/syncthingController.js deviceStatus and recalcCompletion of 1.29.5; 1.19 is the
//! same but has no inactive devices.
//! Invariant: this module never reads a clock; the server's own time is passed in.

use std::time::Duration;

use crate::core::Timestamp;
use crate::core::service::DeviceState;

use super::completion::Completion;
use super::folder::share;

/// A device that shares a folder and was last seen this long ago is inactive; one that was never seen is not.
const INACTIVE_AFTER: Duration = Duration::from_secs(7 * 86_400);

/// What a device's state follows from.
#[derive(Clone, Copy, Debug)]
pub struct Facts {
    /// `None` when the server lists no connection for it, not even a closed one.
    pub connected: Option<bool>,
    pub paused: bool,
    /// It shares no folder.
    pub unused: bool,
    /// 0 to 100; `None` before it was read.
    pub percent: Option<u8>,
    /// `None` when it was never seen.
    pub last_seen: Option<Timestamp>,
    /// The server's page counts a device that was never seen as inactive (from 1.30 on).
    pub unseen_is_inactive: bool,
    /// The server's time; `None` when it does not tell.
    pub now: Option<Timestamp>,
}

/// The state of a device.
pub fn state(facts: &Facts) -> DeviceState {
    let Some(connected) = facts.connected else {
        return DeviceState::Unknown;
    };
    let used = |used: DeviceState, unused: DeviceState| if facts.unused { unused } else { used };
    if facts.paused {
        return used(DeviceState::Paused, DeviceState::UnusedPaused);
    }
    if connected && facts.percent == Some(100) {
        return used(DeviceState::InSync, DeviceState::UnusedInSync);
    }
    if connected {
        return DeviceState::Syncing;
    }
    if !facts.unused && is_inactive(facts) {
        return DeviceState::Inactive;
    }
    used(DeviceState::Disconnected, DeviceState::UnusedDisconnected)
}

/// How much of everything shared with it a device has, 0 to 100, from the counters: the server's
/// own figure drops to 95 for deletes only, and the page's also for directories and empty files.
pub fn percent(completion: &Completion) -> u8 {
    let items = u128::from(completion.need_items) + u128::from(completion.need_deletes);
    if completion.need_bytes == 0 {
        return if items > 0 { 95 } else { 100 };
    }
    if completion.global_bytes == 0 {
        return 100;
    }
    let have = completion
        .global_bytes
        .saturating_sub(completion.need_bytes);
    share(have, completion.global_bytes)
}

fn is_inactive(facts: &Facts) -> bool {
    match facts.last_seen {
        None => facts.unseen_is_inactive,
        Some(last_seen) => facts
            .now
            .is_some_and(|now| now.since(last_seen) >= INACTIVE_AFTER),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use DeviceState as S;

    const DAY: i64 = 86_400;

    #[test]
    fn every_rule_in_the_pages_order() {
        let now = 100 * DAY;
        for (connected, paused, percent, last_seen, used, unused) in [
            (None, true, Some(100), None, S::Unknown, S::Unknown),
            (
                Some(true),
                true,
                Some(100),
                None,
                S::Paused,
                S::UnusedPaused,
            ),
            (Some(false), true, None, None, S::Paused, S::UnusedPaused),
            (
                Some(true),
                false,
                Some(100),
                None,
                S::InSync,
                S::UnusedInSync,
            ),
            (Some(true), false, Some(99), None, S::Syncing, S::Syncing),
            (Some(true), false, None, None, S::Syncing, S::Syncing),
            (
                Some(false),
                false,
                Some(100),
                None,
                S::Disconnected,
                S::UnusedDisconnected,
            ),
            (
                Some(false),
                false,
                None,
                Some(now),
                S::Disconnected,
                S::UnusedDisconnected,
            ),
            (
                Some(false),
                false,
                None,
                Some(now - 7 * DAY + 1),
                S::Disconnected,
                S::UnusedDisconnected,
            ),
            (
                Some(false),
                false,
                None,
                Some(now - 7 * DAY),
                S::Inactive,
                S::UnusedDisconnected,
            ),
            (
                Some(false),
                false,
                None,
                Some(now + DAY),
                S::Disconnected,
                S::UnusedDisconnected,
            ),
        ] {
            for (is_unused, expected) in [(false, used), (true, unused)] {
                let facts = Facts {
                    connected,
                    paused,
                    unused: is_unused,
                    percent,
                    last_seen: last_seen.map(Timestamp::from_secs),
                    unseen_is_inactive: false,
                    now: Some(Timestamp::from_secs(now)),
                };
                assert_eq!(state(&facts), expected, "{facts:?}");
            }
        }
    }

    #[test]
    fn without_the_servers_time_nobody_is_inactive() {
        let facts = Facts {
            connected: Some(false),
            paused: false,
            unused: false,
            percent: None,
            last_seen: Some(Timestamp::from_secs(1)),
            unseen_is_inactive: false,
            now: None,
        };
        assert_eq!(state(&facts), S::Disconnected);
        let never = Facts {
            last_seen: None,
            ..facts
        };
        assert_eq!(state(&never), S::Disconnected);
        let since_1_30 = Facts {
            unseen_is_inactive: true,
            ..never
        };
        assert_eq!(state(&since_1_30), S::Inactive);
        let unused = Facts {
            unused: true,
            ..since_1_30
        };
        assert_eq!(state(&unused), S::UnusedDisconnected);
    }

    #[test]
    fn completion_from_the_counters() {
        for (global_bytes, need_bytes, need_items, need_deletes, expected) in [
            (0, 0, 0, 0, 100),
            (100, 0, 0, 0, 100),
            (100, 0, 1, 0, 95),
            (100, 0, 0, 1, 95),
            (0, 0, 0, 1, 95),
            (0, 5, 1, 0, 100),
            (100, 50, 1, 0, 50),
            (1_000_000, 1, 1, 0, 99),
            (100, 200, 1, 0, 0),
            (u64::MAX, 1, u64::MAX, u64::MAX, 99),
        ] {
            let completion = Completion {
                global_bytes,
                need_bytes,
                need_items,
                need_deletes,
                ..Completion::default()
            };
            assert_eq!(percent(&completion), expected, "{completion:?}");
        }
    }
}
