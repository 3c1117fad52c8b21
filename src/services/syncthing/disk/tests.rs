//! The log of changes: recorded replies, restarts, and what a hostile server sends.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::wire::Events;
use super::*;

const OWN: &str = "OWNOWNO-AAAAAAA-AAAAAAA";
const COPY: &str = "sub/a.sync-conflict-20261121-073839-KHWAR2H.txt";

fn events(events: Value) -> Vec<Event> {
    serde_json::from_value::<Events>(events).unwrap().0
}

fn event(id: u64, kind: &str, action: &str, path: &str, by: &str) -> Value {
    let data = json!({"folder": "f", "action": action, "path": path, "modifiedBy": by});
    let time = format!("2026-11-21T02:00:{:02}Z", id % 60);
    json!({"id": id, "time": time, "type": kind, "data": data})
}

fn remote(id: u64, action: &str, path: &str) -> Value {
    event(id, "RemoteChangeDetected", action, path, "ABCDEFG")
}

fn paths(log: &DiskLog) -> Vec<String> {
    let changes = log.changes(|_| true).into_iter();
    changes.map(|change| change.path).collect()
}

fn conflicts(log: &DiskLog) -> Vec<String> {
    let conflicts = log.conflicts(|_| true).into_iter();
    conflicts.map(|conflict| conflict.path).collect()
}

#[test]
fn recorded_replies_of_two_versions() {
    for (reply, own, other, shared) in [
        (
            include_str!("../../../../tests/fixtures/syncthing/1.19.2/events-disk.json"),
            "KHWAR2H-JPOZOW5",
            "AGTBBO3",
            "a.sync-conflict-20261121-073839-KHWAR2H.txt",
        ),
        (
            include_str!("../../../../tests/fixtures/syncthing/1.29.5/events-disk.json"),
            "6SI65V7-57EGCYN",
            "N3RHMG6",
            "a.sync-conflict-20261121-073840-6SI65V7.txt",
        ),
    ] {
        let all = serde_json::from_str::<Events>(reply).unwrap().0;
        // Two files were changed on both devices while they were apart.
        let mut log = DiskLog::default().of(own);
        log.take(all.get(..7).unwrap());
        let found = conflicts(&log);
        assert_eq!(found.len(), 2);
        assert!(found.iter().any(|path| path == shared));
        // One without an extension ends with the ID.
        assert!(found.iter().any(|path| path.starts_with("sub/noext.sync")));
        let changes = log.changes(|_| true);
        let by = |path: &str| {
            let change = changes.iter().find(|change| change.path == path).unwrap();
            (change.kind, change.by.clone())
        };
        assert_eq!(by(shared), (ChangeKind::Modified, Some(other.into())));
        assert_eq!(by("a.txt"), (ChangeKind::Modified, None));
        assert_eq!(by("sub"), (ChangeKind::Modified, Some(other.into())));
        assert!(changes.is_sorted_by_key(|change| std::cmp::Reverse(change.time)));

        // Both copies are deleted; the reply begins with the event that is known.
        log.take(all.get(6..).unwrap());
        assert_eq!(conflicts(&log), Vec::<String>::new());
        assert_eq!(paths(&log).first().map(String::as_str), Some(shared));
        assert_eq!(log.changes(|_| true)[0].kind, ChangeKind::Deleted);
        assert_eq!(log.mark().since(), 9);

        let mut whole = DiskLog::default().of(own);
        whole.take(&all);
        assert_eq!(whole, log, "in one piece or in two");
        assert!(whole.changes(|_| false).is_empty() && whole.conflicts(|_| false).is_empty());
    }
}

#[test]
fn names_of_conflict_copies() {
    for (path, is_copy) in [
        ("a.sync-conflict-20261121-073839-KHWAR2H.txt", true),
        ("a.tar.sync-conflict-20261121-073839-KHWAR2H.gz", true),
        ("deep/er/noext.sync-conflict-20261121-073839-KHWAR2H", true),
        (".sync-conflict-20261121-073839-KHWAR2H.bashrc", true),
        ("dir\\a.sync-conflict-20261121-073839-KHWAR2H.txt", true),
        ("of an unknown.sync-conflict-20261121-073839-.txt", true),
        ("old.sync-conflict-20161121-073839.txt", true),
        (
            "a.sync-conflict-20261121-073839-KHWAR2H.sync-conflict-20261122-073839-ABCDEFG.txt",
            true,
        ),
        ("a.sync-conflict-notes.txt", false),
        ("a.sync-conflict-20261121.txt", false),
        ("a.sync-conflict-20261121-0738.txt", false),
        ("a.sync-conflict-2026112x-073839-KHWAR2H.txt", false),
        ("a.sync-conflict-20261121-073839-khwar2h.txt", false),
        ("a.sync-conflict-20261121-073839-KHWAR2HX.txt", false),
        ("a.sync-conflict-20261121-073839-KHWAR2H-b.txt", false),
        ("sync-conflict-20261121-073839-KHWAR2H.txt", false),
        ("x.sync-conflict-20261121-073839-KHWAR2H.d/file", false),
        ("", false),
    ] {
        assert_eq!(is_conflict_copy(path), is_copy, "{path}");
    }
}

#[test]
fn one_entry_for_each_item_newest_first() {
    let mut log = DiskLog::default().of(OWN);
    let rows = [
        remote(1, "modified", "a"),
        remote(2, "modified", "b"),
        remote(3, "deleted", "a"),
    ];
    log.take(&events(json!(rows)));
    assert_eq!(paths(&log), ["a", "b"]);
    assert_eq!(log.changes(|_| true)[0].kind, ChangeKind::Deleted);
}

#[test]
fn an_own_change_that_comes_back_is_not_by_another() {
    let mut log = DiskLog::default().of(OWN);
    let back = event(1, "RemoteChangeDetected", "added", "a", "OWNOWNO");
    log.take(&events(json!([back])));
    let change = log.changes(|_| true).remove(0);
    assert_eq!((change.kind, change.by), (ChangeKind::Added, None));
}

#[test]
fn a_conflict_copy_keeps_the_time_when_it_was_made() {
    let mut log = DiskLog::default().of(OWN);
    let rows = [remote(1, "modified", COPY), remote(2, "modified", COPY)];
    log.take(&events(json!(rows)));
    let conflict = log.conflicts(|_| true).remove(0);
    assert_eq!(conflict.time, "2026-11-21T02:00:01Z".parse().unwrap());
}

#[test]
fn another_process_counts_anew() {
    let mut log = DiskLog::default().of(OWN);
    log.take(&events(json!([remote(1, "modified", COPY)])));
    let mark = log.mark();
    // The same ID, and of another time: it is not continued.
    let other = json!([event(1, "LocalChangeDetected", "modified", "b", "")]);
    let mut other = events(other);
    other[0].time = Some(Timestamp::from_millis(1));
    assert!(!mark.is_continued_by(&other) && !mark.is_continued_by(&[]));
    log.take(&other);
    assert_eq!(paths(&log), ["b", COPY]);
    // Nothing said that the copy is gone: a new process tells what it found changed.
    assert_eq!(conflicts(&log), [COPY]);
    let gone = json!([event(1, "LocalChangeDetected", "deleted", COPY, "")]);
    log.take(&events(gone));
    assert!(conflicts(&log).is_empty());
    assert!(paths(&log.clone().of(OWN)).len() == 2 && paths(&log.of("OTHER")).is_empty());
}

#[test]
fn after_lost_events_no_conflict_copy_is_sure_to_be_there() {
    let mut log = DiskLog::default().of(OWN);
    log.take(&events(json!([remote(1, "modified", COPY)])));
    log.take(&events(json!([remote(700, "modified", "b")])));
    assert_eq!(paths(&log), ["b", COPY]);
    assert!(conflicts(&log).is_empty());
    assert_eq!(log.mark().since(), 699);
}

#[test]
fn a_server_that_sends_too_much_or_nonsense() {
    let mut log = DiskLog::default().of(OWN);
    let copy = |n: u64| format!("{n}.sync-conflict-20261121-073839-KHWAR2H");
    let many: Vec<_> = (1..=900).map(|n| remote(n, "modified", &copy(n))).collect();
    log.take(&events(json!(many)));
    assert_eq!(paths(&log).len(), MAX_CHANGES);
    let found = conflicts(&log);
    assert_eq!(found.len(), MAX_CONFLICTS);
    assert_eq!(found[0], copy(900));
    for odd in [
        json!(null),
        json!({}),
        json!("text"),
        json!([null, 1, {}, {"id": "x", "type": [], "data": 7}]),
        json!([{"id": 1, "type": "RemoteChangeDetected", "data": {"path": 1, "folder": "f"}}]),
        json!([{"id": 2, "type": "RemoteChangeDetected", "data": {"path": "p", "folder": null}}]),
        json!([{"id": 3, "type": "StateChanged", "data": {"path": "p", "folder": "f"}}]),
    ] {
        let mut log = DiskLog::default().of(OWN);
        log.take(&events(odd));
        assert!(paths(&log).is_empty());
    }
    let mut log = DiskLog::default().of(OWN);
    let long = "x".repeat(100_000);
    log.take(&events(json!([event(
        1,
        "RemoteChangeDetected",
        "modified",
        &long,
        &long
    )])));
    let change = log.changes(|_| true).remove(0);
    assert!(change.path.len() < 5_000 && change.by.unwrap().len() < 1_000);
}

proptest! {
    /// However a server's events are cut into replies, the outcome is the same.
    #[test]
    fn replies_may_end_anywhere(
        items in proptest::collection::vec((0_u8..6, any::<bool>()), 1..60),
        cuts in proptest::collection::vec(0_usize..60, 0..5),
    ) {
        let rows: Vec<_> = items.iter().zip(1..).map(|((item, gone), id)| {
            let path = format!("{item}.sync-conflict-20261121-073839-KHWAR2H");
            remote(id, if *gone { "deleted" } else { "modified" }, &path)
        }).collect();
        let rows = events(json!(rows));
        let mut whole = DiskLog::default().of(OWN);
        whole.take(&rows);
        let mut cuts: Vec<_> = cuts.into_iter().map(|cut| cut.min(rows.len())).collect();
        cuts.sort_unstable();
        let mut parts = DiskLog::default().of(OWN);
        for cut in cuts.into_iter().chain([rows.len()]) {
            let since = usize::try_from(parts.mark().since()).unwrap();
            parts.take(rows.get(since..cut).unwrap_or_default());
        }
        prop_assert_eq!(parts, whole);
    }
}
