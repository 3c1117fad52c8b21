//! Which icon which status is.

use super::Icon;
use crate::core::service::{DeviceState, FolderState};
use crate::core::{Class, LinkState, Service, Status};
use crate::view::samples::{self, change, change_service};

fn of_service(prepare: impl FnOnce(&mut Service)) -> Icon {
    Icon::of(&status(prepare))
}

fn status(prepare: impl FnOnce(&mut Service)) -> Status {
    let mut status = samples::connected();
    change(&mut status, |instance| change_service(instance, prepare));
    status
}

#[test]
fn every_link_state_has_its_icon() {
    for (state, icon) in [
        (LinkState::Starting, Icon::Starting),
        (LinkState::Connected, Icon::Syncing),
        (LinkState::Rotating, Icon::Syncing),
        (LinkState::Reconnecting, Icon::Syncing),
        (LinkState::Disconnected, Icon::Disconnected),
        (LinkState::Untrusted, Icon::Error),
        (LinkState::Unauthorized, Icon::Error),
        (LinkState::Misconfigured, Icon::Error),
        (LinkState::Paused, Icon::Paused),
    ] {
        let mut status = samples::failing(state, Class::Refused, "", "");
        change(&mut status, |instance| {
            change_service(instance, |service| {
                service.folders[0].state = FolderState::Syncing
            })
        });
        assert_eq!(Icon::of(&status), icon, "{state:?}");
        assert_eq!(icon.is_loud(), state.is_loud(), "{state:?}");
    }
}

#[test]
fn a_failure_that_is_hidden_changes_nothing() {
    let before = samples::connected();
    assert_eq!(Icon::of(&samples::rotating()), Icon::of(&before));
    let mut first = samples::rotating();
    change(&mut first, |instance| instance.service = None);
    assert_eq!(Icon::of(&first), Icon::Starting);
}

#[test]
fn the_service_decides_while_it_can_be_heard() {
    let folder = |state| of_service(|service| service.folders[0].state = state);
    for state in [
        FolderState::Scanning,
        FolderState::ScanWaiting,
        FolderState::Cleaning,
        FolderState::Starting,
    ] {
        assert_eq!(folder(state), Icon::Scanning, "{state:?}");
    }
    for state in [
        FolderState::Syncing,
        FolderState::SyncPreparing,
        FolderState::SyncWaiting,
    ] {
        assert_eq!(folder(state), Icon::Syncing, "{state:?}");
    }
    for state in [FolderState::Stopped, FolderState::FailedItems] {
        assert_eq!(folder(state), Icon::Attention, "{state:?}");
    }
    assert_eq!(folder(FolderState::Paused), Icon::UpToDate);
    assert_eq!(of_service(samples::troubled), Icon::Attention);
    let sending = of_service(|service| service.devices[0].state = DeviceState::Syncing);
    assert_eq!(sending, Icon::Syncing);
}

#[test]
fn paused_is_when_nothing_can_be_synced() {
    let folders = |service: &mut Service| {
        for folder in &mut service.folders {
            folder.state = FolderState::Paused;
        }
    };
    let devices = |service: &mut Service| {
        for device in &mut service.devices {
            device.state = DeviceState::Paused;
        }
    };
    assert_eq!(of_service(folders), Icon::Paused);
    assert_eq!(of_service(devices), Icon::Paused);
    assert_eq!(
        of_service(|service| *service = Service::default()),
        Icon::UpToDate
    );
}

#[test]
fn of_several_instances_the_worst_counts() {
    let mut all = samples::empty();
    assert_eq!(Icon::of(&all), Icon::UpToDate);
    let states = [
        samples::failing(LinkState::Paused, Class::Refused, "", ""),
        samples::connected(),
        samples::failing(LinkState::Starting, Class::Refused, "", ""),
        status(|service| service.folders[0].state = FolderState::Scanning),
        status(|service| service.folders[0].state = FolderState::Syncing),
        status(|service| service.restart_required = true),
        samples::failing(LinkState::Disconnected, Class::Refused, "", ""),
        samples::failing(LinkState::Untrusted, Class::PinMismatch, "", ""),
    ];
    for state in states {
        let own = Icon::of(&state);
        all.instances.insert(0, state.instances[0].clone());
        assert_eq!(Icon::of(&all), own);
    }
    assert_eq!(Icon::of(&all), Icon::Error);
}

#[test]
fn a_config_that_is_not_taken_over_asks_for_a_look() {
    let mut status = samples::connected();
    status.engine.config_problem = Some("config.toml:3: no".into());
    assert_eq!(Icon::of(&status), Icon::Attention);
}
