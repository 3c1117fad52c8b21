//! The list of reasons: what is on it, in which order, since when, and what does not count.

use super::*;
use crate::core::holds::PartName;
use crate::core::journal::JournalKind;
use crate::core::safety::{Behind, Why};
use crate::core::service::{
    Conflict, Device, Fact, Folder, FolderState, PendingDevice, PendingFolder, ServiceError,
};

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_secs(seconds)
}

fn folder(id: &str, state: FolderState) -> Folder {
    Folder {
        id: id.into(),
        label: id.to_uppercase(),
        state,
        ..Folder::default()
    }
}

fn error(seconds: i64, message: &str) -> ServiceError {
    ServiceError {
        time: at(seconds),
        message: message.into(),
    }
}

/// Everything that a Syncthing can need a person for.
fn troubled() -> Service {
    let failed = Folder {
        failed_items: 3,
        ..folder("failed", FolderState::FailedItems)
    };
    let behind = Folder {
        need_items: 2,
        behind: vec![Behind {
            device: "AAAAAAA-BBBBBBB".into(),
            why: Why::NotAccepted,
            ..Behind::default()
        }],
        ..folder("behind", FolderState::OutOfSync)
    };
    let stuck = Folder {
        failed_items: 1,
        ..folder("stuck", FolderState::OutOfSync)
    };
    let vault = Folder {
        receive_only_items: 1,
        ..folder("vault", FolderState::UnexpectedItems)
    };
    let stopped = Folder {
        error: Some("folder marker missing.".into()),
        ..folder("stopped", FolderState::Stopped)
    };
    let conflict = |seconds, path: &str| Conflict {
        time: at(seconds),
        folder: "fine".into(),
        path: path.into(),
    };
    Service {
        folders: vec![
            folder("fine", FolderState::UpToDate),
            failed,
            behind,
            stuck,
            vault,
            stopped,
        ],
        devices: vec![Device {
            id: "AAAAAAA-BBBBBBB".into(),
            name: "phone".into(),
            ..Device::default()
        }],
        pending_devices: vec![PendingDevice {
            id: "EEEEEEE-FFFFFFF".into(),
            time: Some(at(70)),
            ..PendingDevice::default()
        }],
        pending_folders: vec![PendingFolder {
            id: "abcd-1234".into(),
            label: "Recipes".into(),
            offered_by: "AAAAAAA-BBBBBBB".into(),
            time: None,
        }],
        errors: vec![
            error(50, "disk on fire"),
            error(
                60,
                "Error on folder \"STOPPED\" (stopped): folder marker missing",
            ),
            error(65, "no space left"),
        ],
        restart_required: true,
        conflicts: vec![conflict(90, "new"), conflict(80, "old")],
        facts: vec![Fact {
            name: "status".into(),
            value: "500, not 200".into(),
            attention: true,
            ..Fact::default()
        }],
        ..Service::default()
    }
}

fn seen<'a>(service: &'a Service, may_be_away: &'a Chosen) -> Seen<'a> {
    Seen {
        name: "laptop",
        state: LinkState::Connected,
        insecure: false,
        plain: false,
        service: Some(service),
        may_be_away,
    }
}

#[test]
fn everything_is_listed_the_most_urgent_first() {
    let service = troubled();
    let nothing = Chosen::Nothing;
    let seen = Seen {
        insecure: true,
        ..seen(&service, &nothing)
    };
    let found = reasons(&seen, &[], at(100));
    let lines: Vec<String> = found
        .iter()
        .map(|one| {
            let known = if one.accepted { " (accepted)" } else { "" };
            let (what, since) = (one.what.name(), one.since.as_millis() / 1000);
            let (subject, count) = (&one.subject, one.count);
            format!(
                "{what}{known} {subject} x{count} @{since}: {} -> {}",
                one.message, one.hint
            )
        })
        .collect();
    insta::assert_snapshot!(lines.join("\n"));
    let order: Vec<What> = found.iter().map(|one| one.what).collect();
    assert!(order.is_sorted(), "{order:?}");
}

#[test]
fn what_lasts_is_as_old_as_it_was_and_what_comes_back_is_new() {
    let mut service = troubled();
    service.folders.retain(|folder| folder.id == "failed");
    service.errors.clear();
    let nothing = Chosen::Nothing;
    let since = |service: &Service, before: &[Arc<Reason>], now| {
        let found = reasons(&seen(service, &nothing), before, at(now));
        let failed = found.iter().find(|one| one.what == What::FailedItems);
        let failed = failed.map(|one| one.since);
        (found, failed)
    };
    let (first, failed) = since(&service, &[], 100);
    assert_eq!(failed, Some(at(100)));
    // Other figures and another name are the same matter.
    service.folders[0].failed_items = 7;
    service.folders[0].label = "other".into();
    let (second, failed) = since(&service, &first, 200);
    assert_eq!(failed, Some(at(100)));
    service.folders[0].state = FolderState::UpToDate;
    let (third, failed) = since(&service, &second, 300);
    assert_eq!(failed, None);
    service.folders[0].state = FolderState::FailedItems;
    assert_eq!(since(&service, &third, 400).1, Some(at(400)));
}

#[test]
fn what_may_be_away_is_shown_and_does_not_count() {
    let mut service = troubled();
    service.errors.truncate(2);
    service.errors.remove(0);
    for name in ["stopped", "STOPPED"] {
        let chosen = Chosen::Parts(vec![PartName::Folder(name.into())]);
        let found = reasons(&seen(&service, &chosen), &[], at(100));
        let stopped = found.iter().find(|one| one.what == What::Stopped);
        let stopped = stopped.expect("listed");
        assert!(stopped.accepted && stopped.message.contains("folder marker missing. The"));
        assert_eq!(found.iter().filter(|one| one.accepted).count(), 1);
        assert!(found.last().is_some_and(|last| last.accepted), "at the end");
        assert!(found.iter().all(|one| one.what != What::Errors));
    }
    // A device of that name is none of it, and what else is wrong with a folder counts all the same.
    for part in [
        PartName::Device("stopped".into()),
        PartName::Folder("failed".into()),
    ] {
        let chosen = Chosen::Parts(vec![part]);
        let found = reasons(&seen(&service, &chosen), &[], at(100));
        assert!(found.iter().all(|one| !one.accepted), "{found:?}");
    }
}

#[test]
fn the_journal_has_one_line_for_what_lasts_and_one_when_it_is_over() {
    let service = troubled();
    let nothing = Chosen::Nothing;
    let mut held = reasons(&seen(&service, &nothing), &[], at(0));
    held.retain(|reason| reason.what == What::FailedItems);
    held.truncate(1);
    let mut recorder = Recorder::default();
    let mut written = Vec::new();
    // Every minute it fails anew, and Syncthing forgets it while it tries.
    for (now, holds) in [
        (0, true),
        (5, false),
        (6, true),
        (16, true),
        (70, false),
        (75, true),
    ] {
        let held = if holds { held.as_slice() } else { &[] };
        let lines = recorder.see(held, at(now)).len();
        written.push((now, lines));
    }
    assert_eq!(written, [(0, 0), (5, 0), (6, 0), (16, 1), (70, 0), (75, 0)]);
    assert_eq!(recorder.next_deadline(), None);
    assert!(recorder.see(&[], at(80)).is_empty());
    assert_eq!(recorder.next_deadline(), Some(at(200)));
    let ended = recorder.see(&[], at(200));
    let settled = JournalKind::Settled {
        what: What::FailedItems,
        subject: "FAILED".into(),
    };
    assert_eq!(ended, [settled]);
    assert_eq!(recorder.next_deadline(), None);
}

#[test]
fn the_list_is_bounded_and_empty_while_nothing_is_watched() {
    let number = |index| folder(&format!("f{index}"), FolderState::Stopped);
    let service = Service {
        folders: (0..3 * MOST).map(number).collect(),
        ..Service::default()
    };
    let nothing = Chosen::Nothing;
    let watched = seen(&service, &nothing);
    assert_eq!(reasons(&watched, &[], at(1)).len(), MOST);
    let paused = Seen {
        state: LinkState::Paused,
        ..watched
    };
    assert!(reasons(&paused, &[], at(1)).is_empty());
}

#[test]
fn errors_of_a_folder_are_known_in_every_version() {
    let mut service = troubled();
    service.folders.retain(|folder| folder.id == "stopped");
    for (message, is_of_it) in [
        ("Error on folder \"STOPPED\" (stopped): gone", true),
        ("Error on folder stopped: gone", true),
        ("Error on folder \"Other\" (stopped2): gone", false),
        (
            "Failed to scan (folder.label=X folder.id=stopped error=gone)",
            true,
        ),
        ("Failed to scan (folder.id=stopped2 error=gone)", false),
    ] {
        service.errors = vec![error(1, message)];
        let found = reasons(&seen(&service, &Chosen::Nothing), &[], at(2));
        let listed = found.iter().any(|one| one.what == What::Errors);
        assert_eq!(listed, !is_of_it, "{message}");
    }
}
