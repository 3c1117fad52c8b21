//! That nothing moves.

use std::collections::{BTreeMap, BTreeSet};
use std::mem::discriminant;

use proptest::prelude::*;

use super::outline::walk;
use super::samples::{desk, many, with};
use crate::core::service::FolderState;
use crate::core::{LinkState, Status};
use crate::view::command::Command;
use crate::view::menu::{Item, ItemKind, Menu, Slots, menu};
use crate::view::samples::{change, frame, troubled};

/// What a status is made of, by the bits of a few numbers.
#[derive(Clone, Debug)]
struct Step {
    folders: u32,
    busy: u32,
    devices: u16,
    asks: u8,
    lists: u16,
    state: u8,
    odd: u8,
}

fn step() -> impl Strategy<Value = Step> {
    let numbers = (
        any::<u32>(),
        any::<u32>(),
        any::<u16>(),
        any::<u8>(),
        any::<u16>(),
    );
    (numbers, any::<u8>(), any::<u8>()).prop_map(
        |((folders, busy, devices, asks, lists), state, odd)| Step {
            folders,
            busy,
            devices,
            asks,
            lists,
            state,
            odd,
        },
    )
}

fn bits<T: Clone>(all: &[T], bits: u32) -> Vec<T> {
    let chosen = all
        .iter()
        .enumerate()
        .filter(|(index, _)| bits >> (index % 32) & 1 == 1);
    chosen.map(|(_, one)| one.clone()).collect()
}

fn status(step: &Step) -> Status {
    let mut status = with(|service| {
        troubled(service);
        super::samples::lately(service);
        service.folders = bits(&many(32), step.folders);
        for (index, folder) in service.folders.iter_mut().enumerate() {
            if step.busy >> (index % 32) & 1 == 1 {
                folder.state = FolderState::Syncing;
                (folder.need_items, folder.need_bytes) = (3, 1 << 20);
                folder.kind = "sendonly".into();
            }
        }
        let device = service.devices[0].clone();
        let devices: Vec<_> = (0..16)
            .map(|index| crate::core::service::Device {
                id: format!("D{index:02}-ABC"),
                name: format!("device {index}"),
                ..device.clone()
            })
            .collect();
        service.devices = bits(&devices, step.devices.into());
        let asks: Vec<_> = (0..8)
            .map(|index| crate::core::service::PendingDevice {
                id: format!("P{index}-ABC"),
                ..service.pending_devices[0].clone()
            })
            .collect();
        service.pending_devices = bits(&asks, step.asks.into());
        service.pending_folders = bits(&[service.pending_folders[0].clone()], step.odd.into());
        let times = |index: i64| crate::core::Timestamp::from_secs(index * 1000);
        let changes: Vec<_> = (0..16)
            .map(|index| crate::core::service::Change {
                time: times(index),
                ..service.changes[0].clone()
            })
            .collect();
        service.changes = bits(&changes, step.lists.into());
        let errors: Vec<_> = (0..16)
            .map(|index| crate::core::service::ServiceError {
                time: times(index),
                message: "disk full".into(),
            })
            .collect();
        service.errors = bits(&errors, step.lists.rotate_left(5).into());
        service.conflicts = bits(&service.conflicts, step.odd.into());
        service.rates.in_bps = u64::from(step.odd >> 1 & 1) * 4000;
        service.restart_required = step.odd >> 2 & 1 == 1;
    });
    change(&mut status, |instance| {
        let states = [
            LinkState::Connected,
            LinkState::Disconnected,
            LinkState::Untrusted,
            LinkState::Rotating,
            LinkState::Paused,
            LinkState::Starting,
        ];
        instance.link.state = states[usize::from(step.state) % states.len()];
        instance.link.trust.served = Some(crate::view::samples::fingerprint(step.state / 64));
        instance.link.trust.mode = crate::core::TrustMode::Fingerprint;
        instance.local = step.odd >> 3 & 1 == 1;
        if step.odd >> 4 & 1 == 1 {
            instance.service = None;
        }
    });
    status
}

fn all(menu: &Menu) -> BTreeMap<Vec<usize>, Item> {
    let mut all = BTreeMap::new();
    walk(&menu.items, &[], &mut |path, item| {
        all.insert(path.to_vec(), item.clone());
    });
    all
}

fn visible(menu: &Menu) -> BTreeMap<String, Vec<usize>> {
    let all = all(menu);
    let seen = |path: &Vec<usize>| {
        (1..=path.len()).all(|end| all.get(&path[..end]).is_some_and(|item| item.visible))
    };
    all.iter()
        .filter(|(path, _)| seen(path))
        .map(|(path, item)| (item.id.clone(), path.clone()))
        .collect()
}

/// The ids in both, in the order of their places.
fn order(
    places: &BTreeMap<String, Vec<usize>>,
    other: &BTreeMap<String, Vec<usize>>,
) -> Vec<String> {
    let mut both: Vec<(&Vec<usize>, &String)> = places
        .iter()
        .filter(|(id, _)| other.contains_key(*id))
        .map(|(id, path)| (path, id))
        .collect();
    both.sort();
    both.into_iter().map(|(_, id)| id.clone()).collect()
}

fn commands(menu: &Menu) -> Vec<Command> {
    let mut commands = Vec::new();
    walk(&menu.items, &[], &mut |_, item| match &item.kind {
        ItemKind::Button(command) | ItemKind::Check { command, .. } => {
            commands.push(command.clone())
        }
        ItemKind::Text | ItemKind::Separator | ItemKind::Submenu(_) => {}
    });
    commands
}

fn named(command: &Command) -> Option<&str> {
    match command {
        Command::Control { instance, .. }
        | Command::SetMonitored { instance, .. }
        | Command::Accept { instance, .. } => Some(instance),
        Command::PauseAll { instance, .. }
        | Command::ResumeAll { instance }
        | Command::Retry { instance } => instance.as_deref(),
        _ => None,
    }
}

fn holds_still(before: &Menu, after: &Menu) -> Result<(), TestCaseError> {
    let (old, new) = (all(before), all(after));
    prop_assert!(new.len() >= old.len(), "it shrank");
    let (seen, sees) = (visible(before), visible(after));
    if new.len() == old.len() {
        for ((path, old), (other, new)) in old.iter().zip(&new) {
            prop_assert_eq!(path, other);
            prop_assert_eq!(
                discriminant(&old.kind),
                discriminant(&new.kind),
                "{}",
                &old.id
            );
        }
        for (id, path) in &seen {
            prop_assert!(sees.get(id).is_none_or(|now| now == path), "{} moved", id);
        }
    }
    prop_assert_eq!(order(&seen, &sees), order(&sees, &seen));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn nothing_moves_while_it_is_visible(steps in prop::collection::vec(step(), 2..12)) {
        let mut slots = Slots::default();
        let mut before: Option<Menu> = None;
        for step in &steps {
            let status = status(step);
            let mut desk = desk();
            if step.odd >> 5 & 1 == 1 {
                (desk.unit, desk.autostart) = (None, None);
                desk.journal.clear();
            }
            let menu = menu(&status, &desk, &mut slots, &frame(80));
            let mut ids = BTreeSet::new();
            walk(&menu.items, &[], &mut |_, item| {
                assert!(ids.insert(item.id.clone()), "{} is there twice", item.id);
            });
            for command in commands(&menu) {
                prop_assert!(named(&command).is_none_or(|name| status.instance(name).is_some()));
            }
            if let Some(before) = &before {
                holds_still(before, &menu)?;
            }
            before = Some(menu);
        }
    }

    #[test]
    fn tidied_it_is_as_new(steps in prop::collection::vec(step(), 2..6)) {
        let mut slots = Slots::default();
        let mut last = None;
        for step in &steps {
            slots.tidy();
            last = Some((menu(&status(step), &desk(), &mut slots, &frame(80)), status(step)));
        }
        if let Some((menu, status)) = last {
            prop_assert_eq!(super::outline::outline(&menu), super::outline::outline(&super::samples::first(&status)));
        }
    }
}
