//! What the menu says.

use std::sync::Arc;
use std::time::Duration;

use super::outline::{outline, walk};
use super::samples::{desk, first, lately, many, several, with};
use crate::core::service::FolderState;
use crate::core::{Class, Hold, HoldCause, InstanceStatus, Kind, LinkState, Part, TrustMode};
use crate::view::command::Command;
use crate::view::menu::{ItemKind, Slots, menu};
use crate::view::samples::{
    before, change, change_service, connected, failing, fingerprint, frame, now, rotating, troubled,
};
use unicode_width::UnicodeWidthStr;

#[test]
fn everything_synced() {
    insta::assert_snapshot!(outline(&first(&with(lately))));
}

#[test]
fn syncing() {
    let status = with(|service| {
        lately(service);
        service.synced = false;
        service.rates.in_bps = 2 << 20;
        let folder = &mut service.folders[1];
        folder.state = FolderState::Syncing;
        (folder.percent, folder.need_items, folder.need_bytes) = (78, 41, 1 << 30);
        folder.in_sync_bytes -= 1 << 30;
        folder.kind = "receiveonly".into();
        folder.receive_only_items = 2;
    });
    insta::assert_snapshot!(outline(&first(&status)));
}

#[test]
fn everything_that_can_be_asked_of_a_person() {
    insta::assert_snapshot!(outline(&first(&with(troubled))));
}

#[test]
fn several_instances() {
    let instance = |name: &str, state| {
        let mut instance = InstanceStatus::clone(&connected().instances[0]);
        instance.name = name.into();
        instance.link.state = state;
        instance
    };
    let mut nas = instance("nas", LinkState::Connected);
    nas.local = false;
    change_service(&mut nas, |service| {
        service.synced = false;
        service.folders[0].state = FolderState::Scanning;
    });
    let status = several(vec![
        instance("laptop", LinkState::Connected),
        nas,
        instance("server", LinkState::Disconnected),
    ]);
    insta::assert_snapshot!(outline(&first(&status)));
}

#[test]
fn another_kind_of_service() {
    let mut status = connected();
    change(&mut status, |instance| {
        instance.kind = Kind::Websocket;
        instance.url = "wss://vpn.example.org/_et/".into();
        instance.local = false;
        instance.link.insecure = true;
        instance.link.trust.mode = TrustMode::Any;
        instance.service = Some(Arc::default());
    });
    insta::assert_snapshot!(outline(&first(&status)));
}

#[test]
fn nothing_is_watched() {
    insta::assert_snapshot!(outline(&first(&several(Vec::new()))));
}

#[test]
fn untrusted() {
    let mut status = failing(
        LinkState::Untrusted,
        Class::PinMismatch,
        &format!(
            "https://127.0.0.1:8384 shows a certificate that is not pinned: {}. Pinned: {}.",
            fingerprint(9),
            fingerprint(1)
        ),
        "If you did not renew it, somebody may be in between. Compare the fingerprint on the server.",
    );
    let mut text = String::new();
    for mode in [TrustMode::File, TrustMode::Fingerprint] {
        change(&mut status, |instance| {
            instance.link.trust.mode = mode;
            instance.link.trust.served = Some(fingerprint(9));
        });
        let all = outline(&first(&status));
        let end = all
            .find("> Folders")
            .or(all.find("  Folders"))
            .expect("folders");
        text.push_str(&format!("== {mode:?}\n{}", &all[..end]));
    }
    insta::assert_snapshot!(text);
}

#[test]
fn a_click_accepts_no_other_certificate_than_was_read() {
    let mut slots = Slots::default();
    let mut offered = |byte| {
        let mut status = failing(
            LinkState::Untrusted,
            Class::PinMismatch,
            "Another.",
            "Look.",
        );
        change(&mut status, |instance| {
            instance.link.trust.mode = TrustMode::Fingerprint;
            instance.link.trust.served = Some(fingerprint(byte));
        });
        let menu = menu(&status, &desk(), &mut slots, &frame(80));
        let mut offered = Vec::new();
        walk(&menu.items, &[], &mut |_, item| {
            if let ItemKind::Button(Command::Accept { fingerprint, .. }) = item.kind {
                assert!(item.visible && item.enabled);
                offered.push((item.id.clone(), fingerprint));
            }
        });
        offered
    };
    let id = |number| format!("laptop/untrusted/accept/yes-{number}");
    assert_eq!(offered(1), [(id(0), fingerprint(1))]);
    assert_eq!(offered(2), [(id(1), fingerprint(2))]);
    assert_eq!(offered(1), [(id(0), fingerprint(1))]);
    assert_eq!(offered(3), [(id(2), fingerprint(3))]);
    assert_eq!(offered(4), [], "it keeps changing");
}

#[test]
fn the_rates_do_not_come_and_go_under_the_pointer() {
    let mut slots = Slots::default();
    let mut rates = |bytes, tidy: bool| {
        if tidy {
            slots.tidy();
        }
        let status = with(|service| service.rates.in_bps = bytes);
        let menu = menu(&status, &desk(), &mut slots, &frame(80));
        let item = menu.items.iter().find(|item| item.id == "laptop/rates");
        let item = item.expect("its place");
        item.visible.then(|| item.label.clone())
    };
    let words = |rate: &str| Some(format!("Receiving {rate}, sending 0 B/s"));
    assert_eq!(rates(0, false), None);
    assert_eq!(rates(2048, false), words("2.0 KiB/s"));
    assert_eq!(rates(0, false), words("0 B/s"));
    assert_eq!(rates(0, true), None);
}

#[test]
fn a_hundred_instances_stay_usable() {
    let instance = |number: usize| {
        let mut instance = InstanceStatus::clone(&connected().instances[0]);
        instance.name = format!("host-{number:02}");
        if number % 40 == 39 {
            instance.link.state = LinkState::Disconnected;
        }
        instance
    };
    let menu = first(&several((0..100).map(instance).collect()));
    let mut number = 0;
    walk(&menu.items, &[], &mut |_, _| number += 1);
    assert!(number < 15_000, "{number} items");
    let all = outline(&menu);
    let shown = |line: &&str| {
        !line.starts_with(' ') || line.starts_with("    > host") && line.contains('…')
    };
    let text: Vec<&str> = all.lines().filter(shown).collect();
    insta::assert_snapshot!(format!("{number} items\n{}", text.join("\n")));
}

#[test]
fn disconnected() {
    let status = failing(
        LinkState::Disconnected,
        Class::Refused,
        "Nothing is listening at https://127.0.0.1:8384.",
        "Is the service running? It is tried again by itself.",
    );
    let mut desk = desk();
    if let Some(unit) = &mut desk.unit {
        unit.active = false;
    }
    let menu = menu(&status, &desk, &mut Slots::default(), &frame(80));
    insta::assert_snapshot!(outline(&menu));
}

#[test]
fn a_hidden_failure_changes_nothing() {
    let reconnecting = failing(LinkState::Reconnecting, Class::Refused, "Gone.", "Wait.");
    for status in [rotating(), reconnecting] {
        assert_eq!(first(&status), first(&connected()));
    }
}

#[test]
fn holds_say_why_and_until_when() {
    let mut status = with(lately);
    change(&mut status, |instance| {
        let parts = || vec![Part::Folder("photos-id".into())];
        let hold = |cause, until| Hold {
            cause,
            since: before(60),
            until,
            parts: parts(),
        };
        instance.holds = vec![
            hold(HoldCause::User, Some(now() + Duration::from_secs(1800))),
            hold(HoldCause::Metered, None),
            hold(HoldCause::Battery, None),
        ];
        change_service(instance, |service| {
            service.folders[1].state = FolderState::Paused;
        });
    });
    let all = outline(&first(&status));
    let text: Vec<&str> = all
        .lines()
        .filter(|line| !line.starts_with("    ") || line.contains("ause") || line.contains("esume"))
        .collect();
    insta::assert_snapshot!(text.join("\n"));
}

#[test]
fn five_hundred_folders_stay_usable() {
    let status = with(|service| {
        service.folders = many(500);
        service.folders[400].state = FolderState::FailedItems;
        service.folders[300].state = FolderState::Syncing;
    });
    let menu = first(&status);
    let mut number = 0;
    walk(&menu.items, &[], &mut |_, _| number += 1);
    assert!(number < 4000, "{number} items");
    let all = outline(&menu);
    // The folders, the groups, and what is in the last one.
    let direct =
        |line: &&str| line.starts_with('>') || line.starts_with("    > ") && line.contains('…');
    let last = all
        .lines()
        .skip_while(|line| !line.starts_with("    > Folder 492 …"));
    let text: Vec<&str> = all.lines().filter(direct).chain(last.take(9)).collect();
    insta::assert_snapshot!(format!("{number} items\n{}", text.join("\n")));
}

#[test]
fn hostile_names_are_bounded_and_cleaned() {
    let evil = "\u{202e}evil\u{1b}[31m\n_&name/../%00".repeat(200);
    let mut status = with(|service| {
        troubled(service);
        lately(service);
        for folder in &mut service.folders {
            (folder.id, folder.label) = (evil.clone(), evil.clone());
            folder.error = Some(evil.clone());
            folder.path.clone_from(&evil);
        }
        for device in &mut service.devices {
            (device.id, device.name) = (evil.clone(), evil.clone());
            device.address = Some(evil.clone());
        }
        service.pending_devices[0].name.clone_from(&evil);
        service.pending_folders[0].id.clone_from(&evil);
        service.changes[0].path.clone_from(&evil);
        service.conflicts[0].path.clone_from(&evil);
        service.errors[0].message.clone_from(&evil);
    });
    change(&mut status, |instance| instance.name.clone_from(&evil));
    let menu = first(&status);
    walk(&menu.items, &[], &mut |_, item| {
        let odd = |char: char| char.is_control() || ('\u{202a}'..='\u{202e}').contains(&char);
        assert!(item.label.width() <= 60, "{}", item.label);
        assert!(!item.label.contains(odd), "{}", item.label);
    });
}
