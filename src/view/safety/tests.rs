//! The sentences about what is only here.

use super::*;
use crate::view::samples::{before, connected, folder, now, service};

const PHONE: &str = "AAAAAAA-BBBBBBB";

fn behind(items: u64, bytes: u64, why: Why) -> Behind {
    Behind {
        device: PHONE.into(),
        items,
        bytes,
        why,
    }
}

/// `items` of Documents are nowhere else, since the phone lacks them.
fn only(items: u64, bytes: u64, why: Why) -> Service {
    let mut service = service();
    let folder = &mut service.folders[0];
    folder.safe = Some(false);
    folder.only_here = Amount { items, bytes };
    folder.behind = vec![behind(items, bytes, why)];
    sum(&mut service);
    service
}

fn sum(service: &mut Service) {
    (service.safe, service.only_here) = crate::core::safety::of_all(&service.folders);
}

#[test]
fn what_is_said_above_everything() {
    let mut all = String::new();
    let mut say = |what: &str, service: &Service| {
        all.push_str(&format!("{what}: {}\n", verdict(service, now())));
    };
    say("safe", &service());
    let mut other = service();
    other.synced = false;
    say("not synced", &other);
    let mut lone = service();
    lone.folders.push(folder("Diary"));
    lone.folders[2].devices.clear();
    sum(&mut lone);
    say("one is shared with nobody", &lone);
    for folder in &mut lone.folders {
        folder.devices.clear();
    }
    sum(&mut lone);
    say("nothing is shared", &lone);
    say(
        "nothing at all",
        &Service {
            synced: true,
            ..Service::default()
        },
    );
    let mut away = only(3, 107_520, Why::Away);
    say("never here", &away);
    away.devices[0].last_seen = Some(before(2 * 86_400));
    say("away", &away);
    say("one, being taken", &only(1, 5, Why::Syncing));
    say("a directory, paused there", &only(1, 0, Why::Paused));
    let mut paused = only(2, 900, Why::Paused);
    paused.devices[0].state = DeviceState::Paused;
    say("paused here", &paused);
    say("never accepted", &only(2, 2000, Why::NotAccepted));
    let mut kept = only(1, 9, Why::Away);
    kept.folders[0].behind.clear();
    kept.folders[0].receive_only_items = 1;
    say("changed where it only receives", &kept);
    let mut two = only(1, 5, Why::NotAccepted);
    two.folders[1].safe = Some(false);
    two.folders[1].only_here = Amount {
        items: 2,
        bytes: 50,
    };
    two.folders[1].behind = vec![behind(2, 50, Why::Away)];
    sum(&mut two);
    say("of two folders", &two);
    let mut asked = service();
    asked.folders[0].safe = None;
    sum(&mut asked);
    say("being asked", &asked);
    asked.folders[0].state = FolderState::Paused;
    say("a folder is paused", &asked);
    insta::assert_snapshot!(all);
}

#[test]
fn of_folders_and_devices() {
    let mut service = only(3, 107_520, Why::Away);
    service.devices[0].last_seen = Some(before(3600));
    let nas = service.devices[1].id.clone();
    for (id, why) in [
        (nas.clone(), Why::Paused),
        ("XYZ-1".into(), Why::NotAccepted),
    ] {
        service.folders[0].behind.push(Behind {
            device: id,
            items: 4,
            bytes: 200_000,
            why,
        });
    }
    service.folders[1].behind = vec![Behind {
        device: nas,
        why: Why::NotAccepted,
        ..Behind::default()
    }];
    let mut all: Vec<String> = Vec::new();
    for folder in &service.folders {
        all.push(format!("{}:", folder.label));
        all.extend(of_folder(folder, &service, now()));
    }
    for device in &service.devices {
        all.push(format!("{}:", device.name));
        all.extend(of_device(device, &service));
    }
    insta::assert_snapshot!(all.join("\n"));
}

#[test]
fn several_are_safe_only_together() {
    let of = |name: &str, service: Service| {
        let mut instance = InstanceStatus::clone(&connected().instances[0]);
        instance.name = name.into();
        instance.service = Some(service.into());
        instance
    };
    let mut alone = service();
    for folder in &mut alone.folders {
        folder.devices.clear();
    }
    sum(&mut alone);
    let says = |instances: &[InstanceStatus]| {
        let instances: Vec<&InstanceStatus> = instances.iter().collect();
        of_several(&instances, now())
    };
    let safe = || of("laptop", service());
    assert_eq!(
        says(&[safe(), of("nas", service())]),
        "Everything is synced: safe to shut down."
    );
    assert_eq!(
        says(&[safe(), of("nas", alone)]),
        "Everything is up to date."
    );
    assert_eq!(
        says(&[safe(), of("nas", only(1, 5, Why::NotAccepted))]),
        "Up to date. nas: 1 file (5 B) of Documents is nowhere else yet: phone has not accepted Documents."
    );
}
