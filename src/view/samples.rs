//! Statuses for the tests of this room.

use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;

use super::Frame;
use crate::core::attention;
use crate::core::holds::Chosen;
use crate::core::service::{
    Device, DeviceState, Folder, FolderState, PendingDevice, PendingFolder, ServiceError,
};
use crate::core::status::{EngineInfo, Failure, Link, SCHEMA, TrustStatus};
use crate::core::{
    Class, Fingerprint, InstanceStatus, Kind, LinkState, Overall, Service, Status, Timestamp,
    TrustMode,
};

pub(crate) fn now() -> Timestamp {
    "2026-11-21T02:00:00Z".parse().expect("time")
}

pub(crate) fn before(seconds: u64) -> Timestamp {
    now() - Duration::from_secs(seconds)
}

pub(crate) fn frame(width: usize) -> Frame {
    Frame::new(now(), TimeZone::UTC, width)
}

pub(crate) fn fingerprint(byte: u8) -> Fingerprint {
    Fingerprint::from_digest(std::array::from_fn(|index| {
        byte.wrapping_mul(37)
            .wrapping_add(u8::try_from(index).expect("small").wrapping_mul(11))
    }))
}

pub(crate) fn empty() -> Status {
    Status {
        schema: SCHEMA,
        time: now(),
        overall: Overall::Ok,
        engine: EngineInfo {
            version: "0.1.0".into(),
            pid: 1,
            since: before(3600),
            config_problem: None,
        },
        attention: Vec::new(),
        instances: Vec::new(),
    }
}

pub(crate) fn connected() -> Status {
    let instance = InstanceStatus {
        name: "laptop".into(),
        kind: Kind::Syncthing,
        url: "https://127.0.0.1:8384".into(),
        link: Link {
            state: LinkState::Connected,
            since: before(185),
            restart_pending: false,
            failure: None,
            expected: None,
            trust: TrustStatus {
                mode: TrustMode::File,
                path: Some("/home/ada/.local/state/syncthing/https-cert.pem".into()),
                command: None,
                current: Some(fingerprint(1)),
                pending: None,
                served: Some(fingerprint(1)),
                not_after: Some("2029-02-18T00:00:00Z".parse().expect("time")),
                shown: None,
                thrown_away: None,
            },
            rotations: 3,
            last_rotation: Some(before(7200)),
            hidden_failures: 12,
            last_recovery_ms: Some(14),
            next_attempt: None,
            insecure: false,
            plain: false,
        },
        service: Some(Arc::new(service())),
        local: true,
        holds: Vec::new(),
        attention: Vec::new(),
        counters: Arc::default(),
    };
    with(instance)
}

/// The same with the reasons for attention that follow from it.
pub(crate) fn looked_at(mut instance: InstanceStatus) -> InstanceStatus {
    let seen = instance.seen(&Chosen::Nothing);
    instance.attention = attention::reasons(&seen, &instance.attention, now());
    instance
}

pub(crate) fn with(instance: InstanceStatus) -> Status {
    let mut status = empty();
    let instance = looked_at(instance);
    status.instances = vec![Arc::new(instance)];
    status.overall = Overall::of(status.instances.iter().map(AsRef::as_ref));
    status.attention = attention::together(status.instances.iter().map(AsRef::as_ref));
    status
}

/// Changes the only instance.
pub(crate) fn change(status: &mut Status, change: impl FnOnce(&mut InstanceStatus)) {
    let mut instance = InstanceStatus::clone(&status.instances[0]);
    change(&mut instance);
    *status = with(instance);
}

pub(crate) fn change_service(instance: &mut InstanceStatus, change: impl FnOnce(&mut Service)) {
    let mut service = instance.service.as_deref().cloned().expect("a service");
    change(&mut service);
    instance.service = Some(Arc::new(service));
}

pub(crate) fn failing(state: LinkState, class: Class, message: &str, hint: &str) -> Status {
    let mut status = connected();
    change(&mut status, |instance| {
        instance.link.state = state;
        instance.link.since = before(3);
        instance.link.next_attempt = Some(now() + Duration::from_secs(5));
        instance.link.failure = Some(Failure {
            class,
            since: before(4),
            shown_after: now() + Duration::from_secs(11),
            attempts: 4,
            message: message.into(),
            hint: hint.into(),
        });
    });
    status
}

pub(crate) fn rotating() -> Status {
    let mut status = failing(
        LinkState::Rotating,
        Class::Refused,
        "Nothing is listening at https://127.0.0.1:8384.",
        "Is the service running? It is tried again by itself.",
    );
    change(&mut status, |instance| {
        instance.link.trust.pending = Some(fingerprint(2))
    });
    status
}

pub(crate) fn service() -> Service {
    Service {
        version: "v1.29.5".into(),
        synced: true,
        safe: Some(true),
        folders: vec![folder("Documents"), folder("Photos")],
        devices: vec![
            Device {
                id: "AAAAAAA-BBBBBBB".into(),
                name: "phone".into(),
                state: DeviceState::InSync,
                percent: 100,
                connected: true,
                ..Device::default()
            },
            Device {
                id: "CCCCCCC-DDDDDDD".into(),
                name: "nas".into(),
                state: DeviceState::Disconnected,
                percent: 87,
                need_bytes: 4_300_000_000,
                need_items: 12,
                last_seen: Some(before(3 * 86_400)),
                ..Device::default()
            },
        ],
        ..Service::default()
    }
}

pub(crate) fn folder(label: &str) -> Folder {
    Folder {
        id: format!("{}-id", label.to_lowercase()),
        label: label.into(),
        state: FolderState::UpToDate,
        percent: 100,
        local_bytes: 5_000_000_000,
        devices: vec!["AAAAAAA-BBBBBBB".into()],
        safe: Some(true),
        ..Folder::default()
    }
}

/// Everything that a service can ask a person for.
pub(crate) fn troubled(service: &mut Service) {
    service.synced = false;
    service.restart_required = true;
    service.rates.in_bps = 2_200_000;
    service.rates.out_bps = 300_000;
    let mut syncing = folder("Music");
    syncing.state = FolderState::Syncing;
    (syncing.percent, syncing.need_items, syncing.need_bytes) = (45, 30, 1_288_490_189);
    let mut failed = folder("Videos");
    failed.state = FolderState::FailedItems;
    (failed.percent, failed.failed_items) = (100, 3);
    let mut stopped = folder("USB stick");
    stopped.state = FolderState::Stopped;
    stopped.error = Some("folder marker missing (this indicates potential data loss, search docs/forum to get information about how to proceed)".into());
    service.folders.extend([syncing, failed, stopped]);
    service.pending_devices.push(PendingDevice {
        id: "EEEEEEE-FFFFFFF".into(),
        name: "tablet".into(),
        address: "192.168.1.4:22000".into(),
        time: Some(before(180)),
    });
    service.pending_folders.push(PendingFolder {
        id: "abcd-1234".into(),
        label: "Recipes".into(),
        offered_by: "AAAAAAA-BBBBBBB".into(),
        time: None,
    });
    service.errors.push(ServiceError {
        time: before(600),
        message: "disk full".into(),
    });
}
