//! A folder's state and percentage, as the official page names them.
//!
//! Source: gui/default/syncthing/core/syncthingController.js folderStatus and syncPercentage of 1.29.5; 1.19 is the same
//! but says 100 where we say 99. Invariant: the order of the rules is the page's.

use crate::core::service::FolderState;

use super::version::is_at_least;
use super::wire::Summary;

/// The state of a folder. `shared` is whether another device shares it; `summary` is `None` before it was read.
pub fn state(paused: bool, summary: Option<&Summary>, kind: &str, shared: bool) -> FolderState {
    if paused {
        return FolderState::Paused;
    }
    let Some(summary) = summary else {
        return FolderState::Unknown;
    };
    match summary.state.as_str() {
        "idle" => idle(summary, kind, shared),
        "error" => FolderState::Stopped,
        "scanning" => FolderState::Scanning,
        "scan-waiting" => FolderState::ScanWaiting,
        "sync-waiting" => FolderState::SyncWaiting,
        "sync-preparing" => FolderState::SyncPreparing,
        "syncing" => FolderState::Syncing,
        "cleaning" => FolderState::Cleaning,
        "clean-waiting" => FolderState::CleanWaiting,
        "starting" => FolderState::Starting,
        _ => FolderState::Unknown,
    }
}

/// How much of the folder is here, 0 to 100; 99 at most while something is needed. `version` is the server's: since 2.1.2
/// its page says 95 also where directories and empty files alone are needed.
pub fn percent(summary: &Summary, version: &str) -> u8 {
    if summary.need_total_items == 0 {
        return 100;
    }
    let without_data = summary.need_deletes > 0 || is_at_least(version, [2, 1, 2]);
    if (summary.need_bytes == 0 && without_data) || summary.global_bytes == 0 {
        // Something is left to do although all the data is here.
        return 95;
    }
    share(summary.in_sync_bytes, summary.global_bytes)
}

/// `part` of `whole` in percent, rounded down, 99 at most.
pub fn share(part: u64, whole: u64) -> u8 {
    let percent = u128::from(part) * 100 / u128::from(whole.max(1));
    u8::try_from(percent.min(99)).unwrap_or(99)
}

fn idle(summary: &Summary, kind: &str, shared: bool) -> FolderState {
    let changed_here = summary.receive_only_total_items > 0;
    if summary.need_total_items > 0 {
        FolderState::OutOfSync
    } else if summary.errors > 0 {
        FolderState::FailedItems
    } else if changed_here && kind == "receiveonly" {
        FolderState::LocalAdditions
    } else if changed_here && kind == "receiveencrypted" {
        FolderState::UnexpectedItems
    } else if !shared {
        FolderState::Unshared
    } else {
        FolderState::UpToDate
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary(state: &str, need: u64, errors: u64, receive_only: u64) -> Summary {
        Summary {
            state: state.into(),
            need_total_items: need,
            errors,
            receive_only_total_items: receive_only,
            ..Summary::default()
        }
    }

    #[test]
    fn every_rule_in_the_pages_order() {
        use FolderState as S;
        let all = |state: &str| Some(summary(state, 1, 1, 1));
        for (paused, summary, kind, shared, expected) in [
            (true, None, "sendreceive", true, S::Paused),
            (true, all("error"), "sendreceive", true, S::Paused),
            (false, None, "sendreceive", true, S::Unknown),
            (false, all(""), "sendreceive", true, S::Unknown),
            (false, all("dancing"), "sendreceive", true, S::Unknown),
            (false, all("error"), "sendreceive", true, S::Stopped),
            (false, all("scanning"), "sendreceive", true, S::Scanning),
            (false, all("scan-waiting"), "sendonly", true, S::ScanWaiting),
            (false, all("sync-waiting"), "sendonly", true, S::SyncWaiting),
            (
                false,
                all("sync-preparing"),
                "sendonly",
                true,
                S::SyncPreparing,
            ),
            (false, all("syncing"), "sendreceive", true, S::Syncing),
            (false, all("cleaning"), "sendreceive", true, S::Cleaning),
            (
                false,
                all("clean-waiting"),
                "sendonly",
                true,
                S::CleanWaiting,
            ),
            (false, all("starting"), "sendreceive", true, S::Starting),
            (false, all("idle"), "receiveonly", false, S::OutOfSync),
            (
                false,
                Some(summary("idle", 0, 1, 1)),
                "receiveonly",
                false,
                S::FailedItems,
            ),
            (
                false,
                Some(summary("idle", 0, 0, 1)),
                "receiveonly",
                false,
                S::LocalAdditions,
            ),
            (
                false,
                Some(summary("idle", 0, 0, 1)),
                "receiveencrypted",
                false,
                S::UnexpectedItems,
            ),
            (
                false,
                Some(summary("idle", 0, 0, 1)),
                "sendreceive",
                true,
                S::UpToDate,
            ),
            (
                false,
                Some(summary("idle", 0, 0, 0)),
                "receiveonly",
                false,
                S::Unshared,
            ),
            (
                false,
                Some(summary("idle", 0, 0, 0)),
                "receiveonly",
                true,
                S::UpToDate,
            ),
        ] {
            let found = state(paused, summary.as_ref(), kind, shared);
            assert_eq!(found, expected, "{paused} {summary:?} {kind} {shared}");
        }
    }

    #[test]
    fn percentage_as_on_the_page() {
        for (need_items, need_deletes, need_bytes, in_sync, global, expected) in [
            (0, 0, 0, 0, 0, 100),
            (0, 0, 0, 50, 100, 100),
            // Deletes alone; directories and empty files alone.
            (3, 3, 0, 100, 100, 95),
            (3, 1, 0, 100, 100, 95),
            (3, 0, 0, 100, 100, 99),
            (3, 0, 0, 50, 100, 50),
            (3, 0, 0, 0, 0, 95),
            (3, 0, 7, 0, 0, 95),
            (2, 1, 50, 50, 100, 50),
            (1, 0, 50, 50, 100, 50),
            (1, 0, 1, 999_999, 1_000_000, 99),
            (1, 0, 1, 100, 100, 99),
            (1, 0, 1, 500, 100, 99),
            (1, 0, 2, 1, 3, 33),
            (1, 0, 1, u64::MAX, u64::MAX, 99),
            (1, 0, 1, 0, u64::MAX, 0),
        ] {
            let summary = Summary {
                need_total_items: need_items,
                need_deletes,
                need_bytes,
                in_sync_bytes: in_sync,
                global_bytes: global,
                ..Summary::default()
            };
            for version in ["v1.19.2", "v1.29.5", "v2.1.1"] {
                assert_eq!(percent(&summary, version), expected, "{summary:?}");
            }
            let nothing_to_fetch = need_bytes == 0 && need_items > 0;
            let newer = if nothing_to_fetch { 95 } else { expected };
            assert_eq!(percent(&summary, "v2.1.3"), newer, "{summary:?}");
        }
    }
}
