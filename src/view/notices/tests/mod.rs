//! Which changes are told, how often, in which words.

use std::time::Duration;

mod service;

use proptest::prelude::*;

use super::*;
use crate::core::service::PendingDevice;
use crate::core::status::Failure;
use crate::core::{Class, InstanceStatus, LinkState, Service, TrustMode};
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
fn another_unknown_certificate_is_told_of_too_and_a_new_one_each_time_not_without_end() {
    let mut story = Story::connected();
    story.link(LinkState::Untrusted);
    story.pass(60);
    assert_eq!(story.told.len(), 1);
    let serve = |story: &mut Story, number: u8| {
        story.change(|instance| {
            instance.link.trust.served = Some(samples::fingerprint(number));
        });
        story.pass(60);
    };
    serve(&mut story, 7);
    assert_eq!(story.told.len(), 2, "the screen named another one");
    for number in 8..128 {
        serve(&mut story, number);
    }
    assert!(story.told.len() < 24, "{} in two hours", story.told.len());
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
    lost(LinkState::Misconfigured, 0, 100);
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
fn many_that_are_lost_and_back_at_one_time_are_one_notice_each() {
    let mut status = samples::connected();
    let one = status.instances.remove(0);
    for index in 0..300 {
        let mut instance = InstanceStatus::clone(&one);
        instance.name = format!("server-{index:03}");
        status.instances.push(instance.into());
    }
    let mut story = Story::begin(status);
    story.pass(60);
    let lose = |instance: &mut InstanceStatus, state: LinkState, now: Timestamp| {
        instance.link.state = state;
        instance.link.since = now;
    };
    let all = |story: &mut Story, range: std::ops::Range<usize>, state| {
        let now = story.now;
        for instance in &mut story.status.instances[range] {
            let mut changed = InstanceStatus::clone(instance);
            lose(&mut changed, state, now);
            *instance = changed.into();
        }
        story.step();
    };
    let screen = |story: &Story| -> Vec<String> {
        let notices = story.screen.values();
        notices.map(|notice| notice.title.clone()).collect()
    };
    all(&mut story, 0..250, LinkState::Disconnected);
    assert_eq!(screen(&story), ["250 instances are not reachable"]);
    all(&mut story, 250..252, LinkState::Disconnected);
    assert_eq!(screen(&story).len(), 3, "few are told one by one");
    all(&mut story, 0..249, LinkState::Connected);
    story.pass(60);
    let shown = screen(&story);
    assert!(
        shown.contains(&"249 instances are back".to_owned()),
        "{shown:?}"
    );
    assert!(
        shown.contains(&"250 instances are not reachable".to_owned()),
        "one still is not"
    );
    all(&mut story, 249..252, LinkState::Connected);
    story.pass(60);
    let shown = screen(&story);
    assert!(
        !shown.iter().any(|title| title.contains("not reachable")),
        "{shown:?}"
    );
    assert!(story.told.len() <= 8, "{}", story.told.len());
}
