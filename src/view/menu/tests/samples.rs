//! Statuses and desks for these tests.

use std::sync::Arc;

use crate::core::service::{Change, ChangeKind, Conflict, Folder};
use crate::core::{InstanceStatus, JournalEntry, JournalKind, Overall, Service, Status};
use crate::view::command::{Unit, UnitStatus};
use crate::view::menu::{Desk, Menu, Slots, menu};
use crate::view::samples::{
    before, change, change_service, connected, fingerprint, folder, frame, looked_at,
};

pub(super) fn desk() -> Desk {
    Desk {
        autostart: Some(true),
        unit: Some(UnitStatus {
            unit: Unit {
                name: "syncthing.service".into(),
                user: true,
            },
            active: true,
        }),
        journal: vec![
            JournalEntry {
                time: before(7300),
                instance: "laptop".into(),
                kind: JournalKind::PinPending {
                    pin: fingerprint(1),
                },
            },
            JournalEntry {
                time: before(90_000),
                instance: "laptop".into(),
                kind: JournalKind::RestartAnnounced,
            },
        ],
        rates: true,
    }
}

/// The menu that is made first.
pub(super) fn first(status: &Status) -> Menu {
    menu(status, &desk(), &mut Slots::default(), &frame(80))
}

/// A connected laptop whose service was changed.
pub(super) fn with(edit: impl FnOnce(&mut Service)) -> Status {
    let mut status = connected();
    change(&mut status, |instance| change_service(instance, edit));
    status
}

/// Several instances, by their names.
pub(super) fn several(instances: Vec<InstanceStatus>) -> Status {
    let mut status = crate::view::samples::empty();
    let instances = instances.into_iter().map(looked_at).map(Arc::new);
    status.instances = instances.collect();
    status.overall = Overall::of(status.instances.iter().map(AsRef::as_ref));
    status
}

pub(super) fn lately(service: &mut Service) {
    for folder in &mut service.folders {
        folder.path = format!("/home/ada/{}", folder.label);
        folder.last_file =
            Some("2026/november/a-rather-long-name-of-a-picture-of-a-cat.jpg".into());
        folder.last_scan = Some(before(1800));
        folder.global_bytes = 5_000_000_000;
        folder.in_sync_bytes = 5_000_000_000;
    }
    service.changes = vec![
        Change {
            time: before(60),
            folder: "photos-id".into(),
            path: "2026/cat.jpg".into(),
            kind: ChangeKind::Added,
            by: Some("AAAAAAA".into()),
        },
        Change {
            time: before(90_000),
            folder: "documents-id".into(),
            path: "letter.odt".into(),
            kind: ChangeKind::Deleted,
            by: None,
        },
    ];
    service.conflicts = vec![Conflict {
        time: before(600),
        folder: "documents-id".into(),
        path: "work/plan.sync-conflict-20261121-015000-AAAAAAA.odt".into(),
    }];
}

pub(super) fn many(number: usize) -> Vec<Folder> {
    let name = |index| format!("Folder {index:03}");
    (0..number).map(|index| folder(&name(index))).collect()
}
