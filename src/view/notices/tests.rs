//! Which changes are told, how often, in which words.

use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::core::service::{
    Conflict, DeviceState, FolderState, PendingDevice, PendingFolder, ServiceError,
};
use crate::core::status::Failure;
use crate::core::{Action, Class, InstanceStatus, LinkState, Service, TrustMode};
use crate::view::samples;

/// A user's screen, and the statuses that come to it.
struct Story {
    notices: Notices,
    wanted: Notifications,
    status: Status,
    now: Timestamp,
    /// The notices on the screen.
    screen: BTreeMap<String, Notice>,
    /// Every notice so far.
    told: Vec<Notice>,
}

impl Story {
    fn begin(status: Status) -> Self {
        let mut story = Self {
            notices: Notices::default(),
            wanted: Notifications::default(),
            status,
            now: samples::now(),
            screen: BTreeMap::new(),
            told: Vec::new(),
        };
        story.step();
        story
    }

    fn connected() -> Self {
        let mut story = Self::begin(samples::connected());
        story.pass(60);
        assert!(story.titles().is_empty(), "{:?}", story.titles());
        story
    }

    fn step(&mut self) {
        self.status.time = self.now;
        for word in self.notices.step(&self.status, &self.wanted, self.now) {
            match word {
                Word::Show(notice) => {
                    self.screen.insert(notice.key.clone(), notice.clone());
                    self.told.push(notice);
                }
                Word::Withdraw { key } => {
                    assert!(self.screen.remove(&key).is_some(), "{key} was not there");
                }
            }
        }
        let deadline = self.notices.next_deadline();
        assert!(deadline.is_none_or(|at| at > self.now), "{deadline:?}");
    }

    /// Lets time pass; wakes up at every deadline, as the caller does.
    fn pass(&mut self, seconds: u64) {
        let end = self.now + Duration::from_secs(seconds);
        let mut steps = 0;
        while let Some(deadline) = self.notices.next_deadline().filter(|at| *at <= end) {
            self.now = deadline;
            self.step();
            steps += 1;
            assert!(steps < 10_000, "spins");
        }
        self.now = end;
        self.step();
    }

    fn change(&mut self, change: impl FnOnce(&mut InstanceStatus)) {
        samples::change(&mut self.status, change);
        self.step();
    }

    fn service(&mut self, change: impl FnOnce(&mut Service)) {
        self.change(|instance| samples::change_service(instance, change));
    }

    fn link(&mut self, state: LinkState) {
        let now = self.now;
        self.change(|instance| {
            let link = &mut instance.link;
            link.state = state;
            link.since = now;
            let class = match state {
                LinkState::Untrusted => Class::PinMismatch,
                LinkState::Unauthorized => Class::Csrf,
                LinkState::Misconfigured => Class::BadPath,
                _ => Class::Refused,
            };
            let failing = state != LinkState::Connected;
            let since = link.failure.as_ref().map_or(now, |failure| failure.since);
            link.failure = failing.then(|| Failure {
                class,
                since,
                shown_after: now,
                attempts: 1,
                message: "What happened.".into(),
                hint: "What to do.".into(),
            });
        });
    }

    fn titles(&self) -> Vec<&str> {
        let told = self.told.iter();
        told.map(|notice| notice.title.as_str()).collect()
    }

    fn last(&self) -> &Notice {
        self.told.last().expect("a notice")
    }

    fn buttons(&self) -> Vec<&str> {
        let actions = self.last().actions.iter();
        actions.map(|(words, _)| words.as_str()).collect()
    }
}

fn device(number: u32) -> PendingDevice {
    PendingDevice {
        id: format!("DEVICE{number:02}"),
        name: format!("phone{number:02}"),
        address: "192.168.1.4:22000".into(),
        time: None,
    }
}

#[test]
fn an_outage_is_told_once_and_its_end_once() {
    let mut story = Story::connected();
    story.link(LinkState::Reconnecting);
    story.pass(15);
    assert!(story.titles().is_empty());
    story.link(LinkState::Disconnected);
    story.pass(3600);
    assert_eq!(story.titles(), ["laptop cannot be reached"]);
    assert_eq!(story.last().body, "What happened.\nWhat to do.");
    assert_eq!(story.buttons(), ["Try again"]);
    story.link(LinkState::Connected);
    assert_eq!(story.told.len(), 1, "not before it has lasted");
    story.pass(3600);
    assert_eq!(story.told.len(), 2);
    assert_eq!(story.last().title, "laptop is back");
    assert_eq!(
        story.last().body,
        "It is connected again, 1 h after it was lost."
    );
    assert_eq!(story.screen.len(), 1, "back took the place of lost");
}

#[test]
fn worse_is_told_once_more_and_better_is_not() {
    let mut story = Story::connected();
    for state in [
        LinkState::Disconnected,
        LinkState::Untrusted,
        LinkState::Disconnected,
        LinkState::Untrusted,
        LinkState::Misconfigured,
    ] {
        story.link(state);
        story.pass(30);
    }
    let expected = [
        "laptop cannot be reached",
        "The certificate of laptop is not trusted",
    ];
    assert_eq!(story.titles(), expected);
    story.link(LinkState::Connected);
    story.pass(30);
    assert_eq!(story.last().title, "laptop is back");
    assert_eq!(story.told.len(), 3);
}

#[test]
fn rotations_and_reconnections_are_silent() {
    let mut story = Story::connected();
    for _ in 0..200 {
        for state in [
            LinkState::Rotating,
            LinkState::Connected,
            LinkState::Reconnecting,
            LinkState::Starting,
            LinkState::Connected,
        ] {
            story.link(state);
            story.pass(2);
        }
    }
    assert!(story.titles().is_empty());
    assert_eq!(
        story.notices.next_deadline(),
        None,
        "nothing to wake up for"
    );
}

#[test]
fn what_is_hidden_hides_the_last_known_state_too() {
    let mut story = Story::connected();
    story.link(LinkState::Rotating);
    story.service(samples::troubled);
    story.pass(600);
    assert!(story.titles().is_empty());
    story.link(LinkState::Connected);
    story.pass(600);
    assert!(!story.titles().is_empty());
}

#[test]
fn a_link_that_comes_and_goes_is_told_ever_more_seldom() {
    let mut story = Story::connected();
    for _ in 0..360 {
        story.link(LinkState::Disconnected);
        story.pass(10);
        story.link(LinkState::Connected);
        story.pass(10);
    }
    let told = story.told.len();
    assert!((6..=32).contains(&told), "{told} in two hours");
    story.link(LinkState::Disconnected);
    story.pass(1200);
    assert_eq!(story.screen.len(), 1);
    assert_eq!(
        story.last().title,
        "laptop cannot be reached",
        "it is not kept for good"
    );
}

#[test]
fn an_impostor_is_told_with_both_fingerprints_and_what_accepting_means() {
    let mut story = Story::connected();
    let (served, pinned) = (samples::fingerprint(9), samples::fingerprint(1));
    story.link(LinkState::Untrusted);
    let mut told = story.last().clone();
    assert_eq!(told.urgency, Urgency::Critical);
    assert_eq!(story.buttons(), ["Try again"], "a file decides");
    story.change(|instance| {
        instance.link.state = LinkState::Connected;
        instance.link.trust.mode = TrustMode::Fingerprint;
    });
    story.pass(30);
    story.link(LinkState::Reconnecting);
    story.change(|instance| instance.link.trust.served = Some(served));
    story.link(LinkState::Untrusted);
    told.clone_from(story.last());
    assert!(told.body.contains(&served.to_string()), "{}", told.body);
    assert!(told.body.contains(&pinned.to_string()), "{}", told.body);
    let shown: String = served.to_string().chars().take(15).collect();
    assert_eq!(story.buttons(), [&format!("Accept {shown}…"), "Try again"]);
    let accept = Command::Accept {
        instance: "laptop".into(),
        fingerprint: served,
    };
    assert_eq!(told.actions[0].1, accept);
}

#[test]
fn a_replayed_certificate_cannot_be_accepted() {
    let mut status = samples::failing(LinkState::Untrusted, Class::BadSignature, "Why.", "Do.");
    samples::change(&mut status, |instance| {
        instance.link.trust.mode = TrustMode::Fingerprint;
    });
    let story = Story::begin(status);
    assert_eq!(story.buttons(), ["Try again"]);
}

#[test]
fn refused_keys_and_wrong_configurations_say_where_to_go() {
    let mut story = Story::connected();
    story.link(LinkState::Misconfigured);
    assert_eq!(story.last().title, "laptop cannot work as configured");
    assert_eq!(story.buttons(), ["Open config", "Try again"]);
    story.link(LinkState::Unauthorized);
    assert_eq!(story.last().title, "laptop refuses the API key");
    assert_eq!(story.buttons(), ["Open", "Try again"]);
}

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
fn a_stopped_folder_says_why() {
    let mut story = Story::connected();
    story.service(|service| {
        service.folders[0].state = FolderState::Stopped;
        service.folders[0].error = Some("folder marker missing".into());
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
    assert!(story.titles().is_empty(), "known since the last run");
    let time = story.now;
    story.service(|service| {
        let message = "disk full".into();
        service.errors.push(ServiceError { time, message });
        service.conflicts.push(Conflict {
            time,
            folder: "photos-id".into(),
            path: "a/b.sync-conflict-20261121-020000-AAAAAAA.txt".into(),
        });
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
fn an_instance_that_is_paused_or_gone_takes_its_notices_along() {
    let mut story = Story::connected();
    story.link(LinkState::Disconnected);
    story.link(LinkState::Paused);
    assert!(story.screen.is_empty());
    story.link(LinkState::Disconnected);
    story.pass(60);
    assert_eq!(story.screen.len(), 1, "another outage");
    story.status = samples::empty();
    story.step();
    assert!(story.screen.is_empty());
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
fn many_instances_share_one_bound_and_alarms_come_first() {
    let mut story = Story::begin(samples::empty());
    let mut lost = |state, from: u32, to| {
        for number in from..to {
            let mut status = samples::failing(state, Class::PinMismatch, "Why.", "Do.");
            samples::change(&mut status, |instance| {
                instance.name = format!("i{number:03}")
            });
            story.status.instances.extend(status.instances);
        }
    };
    lost(LinkState::Disconnected, 0, 100);
    lost(LinkState::Untrusted, 100, 101);
    story.step();
    assert_eq!(
        story.told[0].title,
        "The certificate of i100 is not trusted"
    );
    assert_eq!(story.told.len(), 6);
    story.pass(60);
    assert!((7..=13).contains(&story.told.len()), "{}", story.told.len());
}

fn any_state() -> impl Strategy<Value = LinkState> {
    prop::sample::select(vec![
        LinkState::Starting,
        LinkState::Connected,
        LinkState::Connected,
        LinkState::Rotating,
        LinkState::Reconnecting,
        LinkState::Disconnected,
        LinkState::Untrusted,
        LinkState::Unauthorized,
        LinkState::Misconfigured,
        LinkState::Paused,
    ])
}

proptest! {
    #[test]
    fn bounded_and_never_while_quiet(
        moves in prop::collection::vec((any_state(), 0_u64..100, 0_usize..8, any::<bool>()), 1..60)
    ) {
        let mut story = Story::begin(samples::connected());
        let mut times: Vec<Timestamp> = Vec::new();
        for (state, seconds, troubles, synced) in moves {
            story.wanted.synced = synced;
            let told = story.told.len();
            story.link(state);
            story.service(|service| {
                *service = samples::service();
                if troubles > 3 {
                    samples::troubled(service);
                }
                service.pending_devices = (0..troubles).map(|n| device(n as u32)).collect();
                service.synced = synced;
            });
            story.pass(seconds);
            if !state.is_loud() && state != LinkState::Connected {
                prop_assert_eq!(story.told.len(), told, "{:?}", story.last());
            }
            times.extend((told..story.told.len()).map(|_| story.now));
        }
        for window in times.windows(40) {
            prop_assert!(window[39].since(window[0]) > Duration::from_secs(60));
        }
        prop_assert!(story.screen.len() < 20);
    }
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
