//! What a person sees, page by page.

use super::*;
use crate::core::failure::About;
use crate::core::service::{Conflict, FolderState};
use crate::core::{Class, Fault, Kind, Overall, TrustMode};
use crate::view::samples::{self, change, change_service, fingerprint, frame};

fn about() -> About<'static> {
    About::new("laptop", Kind::Syncthing, "https://127.0.0.1:8384")
}

fn shown(status: &Status, width: usize) -> String {
    let page = page(status, &frame(width)).to_string();
    for line in page.lines() {
        let columns = Line::plain(line).width();
        assert!(columns <= width, "{columns} columns: {line}");
    }
    page
}

#[test]
fn connected() {
    insta::assert_snapshot!(shown(&samples::connected(), 80));
}

#[test]
fn a_thousand_are_told_in_a_page_the_worst_first() {
    let mut status = samples::connected();
    let well = status.instances.remove(0);
    let lost = samples::failing(
        LinkState::Disconnected,
        Class::Refused,
        "Nothing listens.",
        "Wait.",
    );
    let lost = lost.instances[0].clone();
    for index in 0..1000 {
        let mut instance = InstanceStatus::clone(if index % 70 == 3 { &lost } else { &well });
        instance.name = format!("server-{index:04}");
        instance.service = None;
        if index == 500 {
            instance.link.state = LinkState::Untrusted;
        }
        status.instances.push(instance.into());
    }
    status.overall = Overall::of(status.instances.iter().map(AsRef::as_ref));
    insta::assert_snapshot!(shown(&status, 80));
}

#[test]
fn rotating() {
    insta::assert_snapshot!(shown(&samples::rotating(), 80));
}

#[test]
fn reconnecting_keeps_the_last_state() {
    let status = samples::failing(LinkState::Reconnecting, Class::Lost, "Lost.", "Wait.");
    insta::assert_snapshot!(shown(&status, 80));
}

#[test]
fn disconnected() {
    let status = samples::failing(
        LinkState::Disconnected,
        Class::Refused,
        "Nothing is listening at https://127.0.0.1:8384.",
        "Is the service running? It is tried again by itself.",
    );
    insta::assert_snapshot!(shown(&status, 80));
}

#[test]
fn untrusted_shows_both_fingerprints() {
    let (served, pinned) = (fingerprint(7), fingerprint(1));
    let fault = Fault::new(Class::PinMismatch).with_served(Some(served));
    let (message, hint) = fault.words(&About {
        pinned: pinned.to_string(),
        ..about()
    });
    let mut status = samples::failing(LinkState::Untrusted, Class::PinMismatch, &message, &hint);
    change(&mut status, |instance| {
        instance.link.trust.served = Some(served);
        instance.service = None;
    });
    insta::assert_snapshot!(shown(&status, 80));
}

#[test]
fn unauthorized() {
    let (message, hint) = Fault::new(Class::Csrf).words(&about());
    let mut status = samples::failing(LinkState::Unauthorized, Class::Csrf, &message, &hint);
    change(&mut status, |instance| instance.service = None);
    insta::assert_snapshot!(shown(&status, 80));
}

#[test]
fn misconfigured_and_insecure() {
    let (message, hint) = Fault::new(Class::HostCheck).words(&about());
    let mut status = samples::failing(LinkState::Misconfigured, Class::HostCheck, &message, &hint);
    change(&mut status, |instance| {
        instance.link.insecure = true;
        instance.link.trust.mode = TrustMode::Any;
        instance.service = None;
    });
    insta::assert_snapshot!(shown(&status, 80));
}

#[test]
fn paused_and_starting() {
    let mut status = samples::connected();
    change(&mut status, |instance| {
        instance.link.state = LinkState::Paused
    });
    let paused = shown(&status, 80);
    change(&mut status, |instance| {
        instance.link.state = LinkState::Starting;
        instance.link.since = samples::before(2);
        instance.link.trust.current = None;
        instance.link.trust.served = None;
        instance.link.last_recovery_ms = None;
        instance.link.rotations = 0;
        instance.link.hidden_failures = 0;
        instance.service = None;
    });
    insta::assert_snapshot!(format!("{paused}\n---\n{}", shown(&status, 80)));
}

#[test]
fn restart_pending() {
    let mut status = samples::connected();
    change(&mut status, |instance| {
        instance.link.restart_pending = true;
        instance.link.trust.pending = Some(fingerprint(2));
    });
    insta::assert_snapshot!(shown(&status, 80));
}

#[test]
fn everything_that_can_be_asked_of_a_person() {
    let mut status = samples::connected();
    change(&mut status, |instance| {
        change_service(instance, samples::troubled)
    });
    insta::assert_snapshot!(shown(&status, 80));
}

#[test]
fn conflict_copies() {
    let mut status = samples::connected();
    let conflict = |n: u64| Conflict {
        time: samples::before(180 * n),
        folder: if n == 2 { "gone" } else { "photos-id" }.into(),
        path: format!("trip/{n}.sync-conflict-20261121-073839-KHWAR2H.jpg"),
    };
    change(&mut status, |instance| {
        change_service(instance, |service| {
            service.conflicts = (1..=2).map(conflict).collect();
        });
    });
    assert_eq!(status.overall, Overall::Attention);
    let two = shown(&status, 80);
    change(&mut status, |instance| {
        change_service(instance, |service| {
            service.conflicts = (1..=7).map(conflict).collect();
        });
    });
    let seven = shown(&status, 60);
    insta::assert_snapshot!(format!("{two}\n---\n{seven}"));
}

#[test]
fn forty_columns() {
    let mut status = samples::connected();
    change(&mut status, |instance| {
        change_service(instance, samples::troubled)
    });
    insta::assert_snapshot!(shown(&status, 40));
}

#[test]
fn many_folders() {
    let mut status = samples::connected();
    change(&mut status, |instance| {
        change_service(instance, |service| {
            service.folders = (0..1000)
                .map(|n| samples::folder(&format!("Folder {n}")))
                .collect();
            service.folders[500].state = FolderState::OutOfSync;
            service.folders[500].percent = 99;
            service.folders[500].need_items = 1;
        });
    });
    insta::assert_snapshot!(shown(&status, 80));
    let all = Frame {
        all: true,
        ..frame(80)
    };
    assert!(page(&status, &all).to_string().lines().count() > 1000);
}

#[test]
fn hostile_names() {
    let mut status = samples::connected();
    change(&mut status, |instance| {
        instance.name = "lap\u{1b}[31mtop".into();
        change_service(instance, |service| {
            service.version = "v1\n\nFake line".into();
            service.folders[0].label = format!("\u{202e}evil{}", "x".repeat(5000));
            service.folders[1].label =
                "写真と動画のとても長い名前のフォルダーがここにあります".into();
            service.devices[0].name = format!("Z{}", "\u{301}".repeat(300));
            service.devices[1].name = String::new();
        });
    });
    insta::assert_snapshot!(shown(&status, 80));
}

#[test]
fn no_instance_and_extreme_figures() {
    insta::assert_snapshot!(shown(&samples::empty(), 80), @"Nothing is watched: the config names no instance.");
    let mut status = samples::connected();
    change(&mut status, |instance| {
        instance.link.last_recovery_ms = Some(u64::MAX);
        instance.link.trust.not_after = Some(samples::before(86_400));
        change_service(instance, |service| {
            service.rates.in_bps = u64::MAX;
            for folder in &mut service.folders {
                folder.state = FolderState::Syncing;
                folder.need_bytes = u64::MAX;
                folder.need_items = u64::MAX;
            }
        });
    });
    for width in [40, 41, 79, 80, 200] {
        shown(&status, width);
    }
}
