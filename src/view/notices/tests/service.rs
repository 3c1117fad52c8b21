//! What is told of a service: requests, troubled folders, errors, conflicts, the end of work.

use std::sync::Arc;

use super::*;
use crate::core::Action;
use crate::core::service::{Conflict, DeviceState, Fact, FolderState, PendingFolder, ServiceError};

#[test]
fn a_new_device_can_be_answered_until_somebody_did() {
    let mut story = Story::connected();
    story.service(|service| service.pending_devices.push(device(1)));
    story.pass(2);
    assert_eq!(story.titles(), ["phone01 wants to connect to laptop"]);
    assert!(
        story.last().body.contains("DEVICE01"),
        "{}",
        story.last().body
    );
    let control = |action| Command::Control {
        instance: "laptop".into(),
        action,
    };
    let device_id = || "DEVICE01".to_owned();
    let expected = [
        (
            "Accept".to_owned(),
            control(Action::AcceptDevice {
                device: device_id(),
            }),
        ),
        (
            "Ignore".to_owned(),
            control(Action::IgnoreDevice {
                device: device_id(),
            }),
        ),
    ];
    assert_eq!(story.last().actions, expected);
    story.service(|service| service.pending_devices.clear());
    assert!(story.screen.is_empty(), "answered elsewhere");
    // It asks again soon, as devices do: once is enough for a while.
    story.service(|service| service.pending_devices.push(device(1)));
    story.pass(600);
    assert_eq!(story.told.len(), 1);
    story.pass(600);
    assert_eq!(story.told.len(), 2);
}

#[test]
fn an_offered_folder_names_both() {
    let mut story = Story::connected();
    story.service(|service| {
        service.pending_folders.push(PendingFolder {
            id: "abcd-1234".into(),
            label: "Recipes".into(),
            offered_by: "AAAAAAA-BBBBBBB".into(),
            time: None,
        });
    });
    story.pass(2);
    assert_eq!(
        story.titles(),
        ["phone offers the folder Recipes to laptop"]
    );
    assert_eq!(story.buttons(), ["Accept", "Ignore"]);
}

#[test]
fn many_at_once_are_one_notice() {
    let mut story = Story::connected();
    for number in 0..5 {
        story.service(|service| service.pending_devices.push(device(number)));
    }
    story.pass(30);
    assert_eq!(story.titles(), ["5 new devices want to connect to laptop"]);
    assert_eq!(story.buttons(), ["Open"]);
    story.service(|service| service.pending_devices.push(device(7)));
    story.pass(30);
    assert_eq!(
        story.last().title,
        "6 new devices want to connect to laptop"
    );
    assert_eq!(story.screen.len(), 1);
    story.service(|service| service.pending_devices.clear());
    assert!(story.screen.is_empty());
}

#[test]
fn two_devices_have_a_notice_each() {
    let mut story = Story::connected();
    story.service(|service| service.pending_devices = vec![device(1), device(2)]);
    story.pass(30);
    assert_eq!(story.screen.len(), 2);
}

#[test]
fn somebody_who_invents_devices_is_heard_ever_more_seldom() {
    let mut story = Story::connected();
    for number in 0..3600 {
        story.service(|service| service.pending_devices = vec![device(number)]);
        story.pass(2);
    }
    let told = story.told.len();
    assert!((2..=20).contains(&told), "{told} in two hours");
}

#[test]
fn folders_that_fail_are_told_together_and_not_at_every_attempt() {
    let fail = |service: &mut Service| {
        for folder in &mut service.folders {
            (folder.state, folder.failed_items) = (FolderState::FailedItems, 3);
        }
    };
    let retry = |service: &mut Service| {
        for folder in &mut service.folders {
            (folder.state, folder.failed_items) = (FolderState::Syncing, 0);
        }
    };
    let mut story = Story::connected();
    for _ in 0..50 {
        story.service(fail);
        story.pass(60);
        story.service(retry);
        story.pass(60);
    }
    assert_eq!(story.titles(), ["2 folders of laptop have failed items"]);
    assert!(story.last().body.starts_with("Documents and Photos."));
    story.service(|service| {
        service
            .folders
            .iter_mut()
            .for_each(|folder| folder.state = FolderState::UpToDate);
    });
    story.pass(300);
    assert!(story.screen.is_empty());
}

#[test]
fn a_stopped_folder_says_why_and_once() {
    let mut story = Story::connected();
    let time = story.now;
    story.service(|service| {
        service.folders[0].state = FolderState::Stopped;
        service.folders[0].error = Some("folder marker missing".into());
        let message = "Error on folder \"Documents\" (docs): folder marker missing".into();
        service.errors.push(ServiceError { time, message });
    });
    story.pass(10);
    assert_eq!(story.titles(), ["The folder Documents of laptop stopped"]);
    let body = "folder marker missing. Nothing in it is synced until that is put right.";
    assert_eq!(story.last().body, body);
    assert_eq!(story.buttons(), ["Try again", "Open"]);
}

#[test]
fn what_passes_in_a_moment_is_not_told() {
    let mut story = Story::connected();
    for _ in 0..20 {
        story.service(|service| service.folders[0].state = FolderState::Stopped);
        story.pass(1);
        story.service(|service| service.folders[0].state = FolderState::Scanning);
        story.pass(10);
    }
    assert!(story.titles().is_empty());
}

#[test]
fn errors_and_conflicts_are_told_when_they_are_news() {
    let mut status = samples::connected();
    samples::change(&mut status, |instance| {
        samples::change_service(instance, |service| {
            let (time, message) = (samples::before(7200), "an old one".into());
            service.errors.push(ServiceError { time, message });
        });
    });
    let mut story = Story::begin(status);
    story.pass(60);
    let conflict = |time, path: &str| Conflict {
        time,
        folder: "photos-id".into(),
        path: path.into(),
    };
    let old = conflict(samples::before(7200), "an/old.one");
    story.service(|service| service.conflicts.push(old));
    story.pass(60);
    assert!(story.titles().is_empty(), "known since the last run");
    let time = story.now;
    story.service(|service| {
        let message = "disk full".into();
        service.errors.push(ServiceError { time, message });
        let path = "a/b.sync-conflict-20261121-020000-AAAAAAA.txt";
        service.conflicts.insert(0, conflict(time, path));
    });
    story.pass(10);
    let expected = ["laptop reports an error", "A conflict in Photos of laptop"];
    assert_eq!(story.titles(), expected);
    assert_eq!(story.told[0].body, "disk full");
}

#[test]
fn a_required_restart_can_be_had() {
    let mut story = Story::connected();
    story.service(|service| service.restart_required = true);
    story.pass(10);
    let restart = Command::Control {
        instance: "laptop".into(),
        action: Action::Restart,
    };
    assert_eq!(story.last().actions, [("Restart".to_owned(), restart)]);
    story.service(|service| service.restart_required = false);
    assert!(story.screen.is_empty());
}

#[test]
fn done_is_told_after_work_to_those_who_ask_for_it() {
    let mut story = Story::connected();
    let work = |story: &mut Story| {
        story.service(|service| {
            service.synced = false;
            service.devices[0].state = DeviceState::Syncing;
        });
        story.pass(30);
        story.service(|service| {
            service.synced = true;
            service.devices[0].state = DeviceState::InSync;
        });
        story.pass(400);
    };
    work(&mut story);
    assert!(story.titles().is_empty(), "off by default");
    story.wanted.synced = true;
    story.screen.clear();
    work(&mut story);
    assert_eq!(story.titles(), ["laptop is up to date"]);
    for synced in [false, true] {
        story.service(|service| {
            service.synced = synced;
            service.folders[0].state = FolderState::Scanning;
        });
        story.pass(3600);
    }
    assert_eq!(story.told.len(), 1, "a scan is no work");
    work(&mut story);
    assert_eq!(story.told.len(), 2);
}

#[test]
fn each_kind_can_be_switched_off_and_is_taken_back_at_once() {
    let mut story = Story::connected();
    story.service(samples::troubled);
    story.pass(600);
    let all = story.screen.len();
    assert_eq!(all, 6, "{:?}", story.titles());
    story.wanted.new_device = false;
    story.step();
    assert_eq!(story.screen.len(), all - 1);
    story.wanted.errors = false;
    story.step();
    assert_eq!(story.screen.len(), all - 4);
    story.wanted.enabled = false;
    story.link(LinkState::Untrusted);
    story.pass(600);
    assert!(story.screen.is_empty());
}

#[test]
fn what_stands_at_the_start_is_told_once() {
    let mut status = samples::connected();
    samples::change(&mut status, |instance| {
        samples::change_service(instance, samples::troubled);
    });
    let mut story = Story::begin(status);
    story.pass(3600);
    let mut titles = story.titles();
    titles.sort_unstable();
    let expected = [
        "3 items in Videos of laptop could not be synced",
        "The folder USB stick of laptop stopped",
        "laptop asks to be restarted",
        "laptop reports an error",
        "phone offers the folder Recipes to laptop",
        "tablet wants to connect to laptop",
    ];
    assert_eq!(titles, expected);
}

#[test]
fn hostile_names_are_short_and_harmless() {
    let mut story = Story::connected();
    let name = format!("<b>\u{202e}{}\n\u{1b}[2J</b>", "x".repeat(10_000));
    story.service(|service| {
        service.pending_devices.push(PendingDevice {
            id: name.clone(),
            name: name.clone(),
            address: name.clone(),
            time: None,
        });
    });
    story.pass(5);
    let notice = story.last();
    assert!(notice.title.chars().count() < 80, "{}", notice.title);
    assert!(notice.body.chars().count() < 400, "{}", notice.body);
    let all = format!("{}{}", notice.title, notice.body);
    assert!(!all.contains(['\u{202e}', '\u{1b}', '\n']), "{all}");
    assert!(
        notice.title.starts_with("<b>"),
        "markup is the edge's business"
    );
}

#[test]
fn a_status_that_is_the_same_is_cheap() {
    let status = samples::connected();
    let mut instance = InstanceStatus::clone(&status.instances[0]);
    samples::change_service(&mut instance, |service| {
        service.folders = (0..500)
            .map(|n| samples::folder(&format!("f{n}")))
            .collect();
        service
            .folders
            .iter_mut()
            .for_each(|folder| folder.failed_items = 1);
    });
    let mut story = Story::begin(samples::with(instance));
    story.pass(60);
    assert_eq!(story.titles(), ["500 folders of laptop have failed items"]);
    let again = Arc::clone(&story.status.instances[0]);
    story.status.instances = vec![again];
    story.step();
    assert_eq!(story.told.len(), 1);
}

#[test]
fn what_is_not_as_expected_is_told_once_and_taken_away() {
    let fact = |name: &str, value: &str| Fact {
        name: name.into(),
        value: value.into(),
        number: None,
        attention: value != "holds",
    };
    let mut story = Story::connected();
    story.service(|service| service.facts = vec![fact("/status == \"ok\"", "found \"down\"")]);
    story.pass(10);
    assert_eq!(story.titles(), ["laptop is not as expected"]);
    assert_eq!(story.last().body, "/status == \"ok\": found \"down\"");
    story.service(|service| {
        service.facts[0].value = "found \"worse\"".into();
        service.facts.push(fact("/jobs < 10", "found 12"));
    });
    story.pass(60);
    assert_eq!(story.last().title, "laptop: 2 things not as expected");
    assert_eq!(story.told.len(), 2, "another value is no news");
    story.service(|service| service.facts = vec![fact("/status == \"ok\"", "holds")]);
    assert!(story.screen.is_empty());
}

#[test]
fn whoever_could_have_said_it_is_marked() {
    let mut story = Story::connected();
    samples::change(&mut story.status, |instance| instance.link.insecure = true);
    story.service(|service| service.folders[0].state = FolderState::Stopped);
    story.pass(10);
    let body = &story.last().body;
    assert!(
        body.ends_with("\nINSECURE: any certificate is accepted here."),
        "{body}"
    );
}
