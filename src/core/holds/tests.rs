//! Stories and random histories of holds, against a server that is nothing but a list of what is paused.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::core::service::{Device, DeviceState, Folder, FolderState};

/// What a request comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Luck {
    Done,
    /// Not done, and said so.
    Refused,
    /// Done, but the answer was lost.
    Unheard,
}

/// A server, its holds, and what lies between them.
struct World {
    /// Paused or not.
    parts: BTreeMap<Part, bool>,
    /// What the views know of the parts.
    told: Arc<Service>,
    connected: bool,
    luck: Luck,
    /// Nothing is told of changes for now.
    mute: bool,
    holding: Holding,
    rules: HoldRules,
    now: Timestamp,
    asked: Vec<Action>,
    journal: Vec<JournalKind>,
    kept: Vec<Held>,
    /// Parts that were running when syncwatch had them paused, unless somebody else touched them since.
    ours: BTreeSet<Part>,
    /// Parts of which syncwatch cannot know who paused them.
    anybodys: BTreeSet<Part>,
    answers: Vec<(u64, Option<Refusal>)>,
}

fn part(name: &str) -> Part {
    match name.split_once(':') {
        Some(("folder", id)) => Part::Folder(id.into()),
        _ => Part::Device(name.into()),
    }
}

impl World {
    /// Two devices and two folders; `paused` are paused already.
    fn new(rules: HoldRules, paused: &[&str]) -> Self {
        let names = ["nas", "phone", "folder:docs", "folder:photos"];
        let parts = names.map(|name| (part(name), paused.contains(&name)));
        let mut world = Self {
            parts: parts.into_iter().collect(),
            told: Arc::default(),
            connected: false,
            luck: Luck::Done,
            mute: false,
            holding: Holding::default(),
            rules,
            now: Timestamp::from_secs(1_000_000),
            asked: vec![],
            journal: vec![],
            kept: vec![],
            ours: BTreeSet::new(),
            anybodys: BTreeSet::new(),
            answers: vec![],
        };
        world.connect(true);
        world
    }

    fn service(&self) -> Service {
        let mut service = Service::default();
        for (part, paused) in &self.parts {
            match part {
                Part::Folder(id) => service.folders.push(Folder {
                    id: id.clone(),
                    label: format!("label of {id}"),
                    state: match paused {
                        true => FolderState::Paused,
                        false => FolderState::UpToDate,
                    },
                    ..Folder::default()
                }),
                Part::Device(id) => service.devices.push(Device {
                    id: id.clone(),
                    name: format!("name of {id}"),
                    state: match paused {
                        true => DeviceState::UnusedPaused,
                        false => DeviceState::InSync,
                    },
                    ..Device::default()
                }),
            }
        }
        service
    }

    fn connect(&mut self, connected: bool) {
        self.connected = connected;
        if !connected {
            self.holding.lost();
        }
        self.tell();
    }

    /// The server tells its state, where it can.
    fn tell(&mut self) {
        if self.connected && !self.mute {
            self.told = Arc::new(self.service());
            self.holding.told();
        }
        self.settle();
    }

    /// Settles, and does what is wanted; the answers come with [`Self::answer`].
    fn settle(&mut self) {
        let told = Arc::clone(&self.told);
        for want in self.holding.settle(&self.rules, Some(&told), self.now) {
            match want {
                Want::Keep => self.kept = self.holding.kept(),
                Want::Record(kind) => self.journal.push(kind),
                Want::Ask { number, action } => self.perform(number, action),
            }
        }
        let json = serde_json::to_string(&self.kept).unwrap();
        assert_eq!(serde_json::from_str::<Vec<Held>>(&json).unwrap(), self.kept);
        assert_eq!(self.kept, self.holding.kept(), "a crash forgets nothing");
        let due = self.holding.next_deadline();
        assert!(due.is_none_or(|due| due > self.now), "{due:?} {}", self.now);
    }

    fn perform(&mut self, number: u64, action: Action) {
        self.asked.push(action.clone());
        let luck = if self.connected {
            self.luck
        } else {
            Luck::Refused
        };
        let (parts, paused) = match action {
            Action::Pause { parts } => (parts, true),
            Action::Resume { parts } => (parts, false),
            other => panic!("{other:?}"),
        };
        assert!(!parts.is_empty());
        for part in parts {
            if !paused {
                let running = self.parts.get(&part) == Some(&false);
                let ours = self.ours.contains(&part) || self.anybodys.contains(&part);
                assert!(running || ours, "not ours: {part:?}");
            }
            if luck == Luck::Refused {
                self.anybodys.extend(paused.then_some(part));
                continue;
            }
            if let Some(state) = self.parts.get_mut(&part) {
                if paused && !*state {
                    self.ours.insert(part.clone());
                } else if paused && !self.ours.contains(&part) {
                    // It was not told in time.
                    self.anybodys.insert(part.clone());
                } else if !paused {
                    self.ours.remove(&part);
                }
                *state = paused;
            }
        }
        let refusal = (luck != Luck::Done).then(|| Refusal::new("No.", ""));
        self.answers.push((number, refusal));
    }

    /// The answer arrives, and then the change is told.
    fn answer(&mut self) {
        if !self.answers.is_empty() {
            let (number, refusal) = self.answers.remove(0);
            self.holding.answered(number, refusal.as_ref(), self.now);
            self.settle();
        }
        self.tell();
    }

    /// Everything that is on its way arrives.
    fn rest(&mut self) {
        for _ in 0..20 {
            self.answer();
        }
        assert!(self.answers.is_empty(), "it never rests: {:?}", self.asked);
    }

    /// Somebody else pauses or resumes a part.
    fn touch(&mut self, name: &str, paused: bool) {
        let part = part(name);
        if self.parts.get(&part) != Some(&paused) {
            let under_way = !self.answers.is_empty() || self.holding.asked.contains(&part);
            let calm = self.connected && !self.mute && !under_way;
            let held = self.kept.iter().any(|held| held.has(&part));
            // While something is under way nobody can tell who paused it.
            if paused && held && !(calm && self.holding.book.is_settled()) {
                self.anybodys.insert(part.clone());
            } else {
                self.anybodys.remove(&part);
            }
            self.ours.remove(&part);
            self.parts.insert(part, paused);
        }
        self.tell();
    }

    fn pass(&mut self, seconds: u64) {
        let end = self.now + Duration::from_secs(seconds);
        let longest = Duration::from_secs(30);
        loop {
            let due = self.holding.next_deadline().unwrap_or(end).min(end);
            if !self.answers.is_empty() && due >= self.now + longest {
                self.now = self.now + longest;
                self.answer();
            } else if due < end {
                self.now = due;
                self.settle();
            } else {
                break;
            }
        }
        self.now = end;
        self.settle();
    }

    fn pause_all(&mut self, minutes: Option<u64>) {
        let until = minutes.map(|minutes| self.now + Duration::from_secs(60 * minutes));
        self.holding.pause_all(until, self.now);
        self.settle();
    }

    fn resume_all(&mut self) {
        self.holding.resume_all();
        self.settle();
    }

    fn conditions(&mut self, metered: bool, on_battery: bool) {
        self.holding.follow(Conditions {
            metered,
            on_battery,
        });
        self.settle();
    }

    /// syncwatch ends and starts again.
    fn restart(&mut self) {
        self.answers.clear();
        self.holding = Holding::new(self.kept.clone(), None);
        self.tell();
    }

    fn paused(&self) -> Vec<String> {
        let paused = self.parts.iter().filter(|(_, paused)| **paused);
        let name = |part: &Part| match part {
            Part::Folder(id) => format!("folder:{id}"),
            Part::Device(id) => id.clone(),
        };
        paused.map(|(part, _)| name(part)).collect()
    }
}

fn rules(all: Scope, metered: Chosen, battery: Chosen) -> HoldRules {
    HoldRules {
        all,
        metered,
        battery,
    }
}

fn named(names: &[&str]) -> Chosen {
    Chosen::Parts(names.iter().map(|name| name.parse().unwrap()).collect())
}

#[test]
fn only_what_it_paused_goes_on() {
    for (scope, expected) in [
        (Scope::Devices, vec!["folder:docs", "nas", "phone"]),
        (
            Scope::Folders,
            vec!["folder:docs", "folder:photos", "phone"],
        ),
        (
            Scope::Everything,
            vec!["folder:docs", "folder:photos", "nas", "phone"],
        ),
    ] {
        let mut world = World::new(
            rules(scope, Chosen::Nothing, Chosen::Nothing),
            &["phone", "folder:docs"],
        );
        world.pause_all(Some(30));
        world.rest();
        assert_eq!(world.paused(), expected, "{scope:?}");
        let [hold] = &world.holding.shown()[..] else {
            panic!()
        };
        assert_eq!(hold.until, Some(world.now + Duration::from_secs(1800)));
        assert!(!hold.parts.contains(&part("phone")));
        world.pass(1799);
        world.rest();
        assert_eq!(world.paused(), expected, "{scope:?}");
        world.pass(1);
        world.rest();
        assert_eq!(world.paused(), ["folder:docs", "phone"], "{scope:?}");
        assert_eq!(world.holding.shown(), []);
        assert_eq!(world.asked.len(), 2);
        let ended = JournalKind::HoldEnded {
            cause: HoldCause::User,
        };
        assert_eq!(world.journal.last(), Some(&ended));
    }
}

#[test]
fn what_somebody_else_resumed_is_left_alone() {
    let mut world = World::new(HoldRules::default(), &[]);
    world.pause_all(None);
    world.rest();
    world.touch("phone", false);
    world.rest();
    assert_eq!(world.holding.shown()[0].parts, [part("nas")]);
    world.touch("phone", true);
    world.resume_all();
    world.rest();
    assert_eq!(world.paused(), ["phone"], "somebody else paused it");

    // When the last one is resumed, the hold is over.
    world.pause_all(None);
    world.rest();
    world.touch("nas", false);
    world.rest();
    assert_eq!(world.holding.shown(), []);
    assert_eq!(world.paused(), ["phone"]);
}

#[test]
fn paused_again_it_lasts_longer_and_takes_the_rest() {
    let mut world = World::new(HoldRules::default(), &[]);
    world.pause_all(Some(10));
    world.rest();
    world.touch("nas", false);
    world.rest();
    world.pause_all(Some(60));
    world.rest();
    assert_eq!(world.paused(), ["nas", "phone"]);
    assert_eq!(world.holding.shown().len(), 1);
    world.pass(600);
    world.rest();
    assert_eq!(world.paused(), ["nas", "phone"]);
    world.pass(3000);
    world.rest();
    assert!(world.paused().is_empty());
}

#[test]
fn nothing_to_pause_is_no_hold() {
    let mut world = World::new(HoldRules::default(), &["nas", "phone"]);
    world.pause_all(None);
    world.rest();
    assert_eq!((world.holding.shown(), world.asked.len()), (vec![], 0));
    world.resume_all();
    world.rest();
    assert_eq!(world.paused(), ["nas", "phone"]);
}

#[test]
fn not_connected_it_begins_and_ends_as_soon_as_it_is() {
    let mut world = World::new(HoldRules::default(), &[]);
    world.connect(false);
    world.pause_all(Some(10));
    world.rest();
    assert_eq!(world.holding.shown().len(), 1, "a view can show it");
    world.connect(true);
    world.rest();
    assert_eq!(world.paused(), ["nas", "phone"]);
    world.connect(false);
    world.pass(3600);
    assert_eq!(world.holding.shown().len(), 1);
    world.connect(true);
    world.rest();
    assert!(world.paused().is_empty());
    assert_eq!(world.holding.shown(), []);

    world.connect(false);
    world.pause_all(Some(10));
    world.pass(3600);
    world.connect(true);
    world.rest();
    assert_eq!(world.asked.len(), 2, "over before it began");
}

#[test]
fn a_failure_is_tried_again_when_connected_again() {
    let mut world = World::new(HoldRules::default(), &[]);
    world.luck = Luck::Refused;
    world.pause_all(None);
    world.rest();
    world.pass(200);
    assert_eq!(world.asked.len(), 1, "not in a loop");
    let trouble = |kind: &&JournalKind| matches!(kind, JournalKind::HoldTrouble { .. });
    assert_eq!(world.journal.iter().filter(trouble).count(), 1);
    world.luck = Luck::Done;
    world.connect(false);
    world.connect(true);
    world.rest();
    assert_eq!(world.paused(), ["nas", "phone"]);
    world.luck = Luck::Refused;
    world.resume_all();
    world.rest();
    assert_eq!(world.asked.len(), 3);
    world.luck = Luck::Done;
    world.pass(300);
    world.rest();
    assert!(world.paused().is_empty());
}

#[test]
fn an_answer_that_was_lost_forgets_nothing() {
    let mut world = World::new(HoldRules::default(), &[]);
    world.mute = true;
    world.luck = Luck::Unheard;
    world.pause_all(None);
    world.resume_all();
    world.luck = Luck::Done;
    world.rest();
    world.pass(600);
    world.rest();
    assert!(world.paused().is_empty());
}

#[test]
fn a_change_of_mind_while_it_is_under_way() {
    let mut world = World::new(HoldRules::default(), &[]);
    world.pause_all(None);
    world.resume_all();
    world.pause_all(Some(5));
    world.resume_all();
    world.rest();
    assert!(world.paused().is_empty());
    world.pause_all(None);
    world.rest();
    world.resume_all();
    world.pause_all(None);
    world.rest();
    assert_eq!(world.paused(), ["nas", "phone"]);
}

#[test]
fn a_restart_within_a_hold() {
    let mut world = World::new(HoldRules::default(), &["phone"]);
    world.pause_all(Some(60));
    world.restart();
    world.rest();
    assert_eq!(world.paused(), ["nas", "phone"]);
    world.restart();
    world.pass(3600);
    world.rest();
    assert_eq!(world.paused(), ["phone"]);

    // What somebody resumed while syncwatch was away is not paused again.
    world.pause_all(None);
    world.rest();
    world.connect(false);
    world.touch("nas", false);
    world.connected = true;
    world.restart();
    world.rest();
    assert_eq!(world.paused(), ["phone"]);
    assert_eq!(world.holding.shown(), []);
}

#[test]
fn conditions_hold_what_was_chosen() {
    let battery = named(&["folder:label of photos", "device:nas", "device:gone"]);
    let mut world = World::new(rules(Scope::Devices, Chosen::All, battery), &[]);
    world.rest();
    assert_eq!(world.asked.len(), 0, "unknown is no reason");
    world.conditions(false, true);
    world.rest();
    assert_eq!(world.paused(), ["folder:photos", "nas"]);
    world.conditions(true, true);
    world.rest();
    assert_eq!(world.paused(), ["folder:photos", "nas", "phone"]);
    // What battery still wants stays paused.
    world.conditions(false, true);
    world.rest();
    assert_eq!(world.paused(), ["folder:photos", "nas"]);
    // A user's resume is respected for as long as the cause lasts.
    world.touch("nas", false);
    world.touch("folder:photos", false);
    world.rest();
    world.conditions(false, true);
    world.rest();
    assert!(world.paused().is_empty());
    assert_eq!(world.holding.shown(), [], "nothing to show");
    world.conditions(false, false);
    world.conditions(false, true);
    world.rest();
    assert_eq!(world.paused(), ["folder:photos", "nas"]);
}

#[test]
fn holds_overlap() {
    let mut world = World::new(
        rules(Scope::Devices, Chosen::All, Chosen::Nothing),
        &["phone"],
    );
    world.conditions(true, false);
    world.rest();
    world.pause_all(Some(10));
    world.rest();
    world.conditions(false, false);
    world.rest();
    assert_eq!(world.paused(), ["nas", "phone"], "the user still wants it");
    world.pass(600);
    world.rest();
    assert_eq!(world.paused(), ["phone"], "and now it is over");
}

#[test]
fn conditions_of_the_run_before_count_until_new_ones_are_told() {
    let mut world = World::new(rules(Scope::Devices, Chosen::All, Chosen::Nothing), &[]);
    world.conditions(true, false);
    world.rest();
    world.restart();
    world.rest();
    assert_eq!(world.paused(), ["nas", "phone"]);
    world.conditions(false, false);
    world.rest();
    assert!(world.paused().is_empty());
}

#[test]
fn another_rule_chooses_anew() {
    let before = rules(Scope::Devices, named(&["device:nas"]), Chosen::Nothing);
    let mut world = World::new(before.clone(), &[]);
    world.conditions(true, false);
    world.rest();
    let after = rules(Scope::Devices, named(&["device:phone"]), Chosen::Nothing);
    world.holding.choose_anew(&before, &after);
    world.rules = after.clone();
    world.settle();
    world.rest();
    assert_eq!(world.paused(), ["phone"]);
    world.holding.choose_anew(&after, &HoldRules::default());
    world.rules = HoldRules::default();
    world.settle();
    world.rest();
    assert!(world.paused().is_empty());
}

#[derive(Clone, Debug)]
enum Happening {
    PauseAll(Option<u64>),
    ResumeAll,
    Conditions(bool, bool),
    Touch(&'static str, bool),
    Connect(bool),
    Luck(Luck),
    Mute(bool),
    Answer,
    Tell,
    Pass(u64),
    Restart,
    Rules(HoldRules),
}

fn chosen() -> impl Strategy<Value = Chosen> {
    prop::sample::select(vec![
        Chosen::Nothing,
        Chosen::All,
        named(&["device:nas"]),
        named(&["folder:docs", "device:name of phone"]),
    ])
}

fn some_rules() -> impl Strategy<Value = HoldRules> {
    let scope = prop::sample::select(vec![Scope::Devices, Scope::Folders, Scope::Everything]);
    (scope, chosen(), chosen()).prop_map(|(all, metered, battery)| rules(all, metered, battery))
}

fn happening() -> impl Strategy<Value = Happening> {
    use Happening as H;
    let name = prop::sample::select(vec!["nas", "phone", "folder:docs", "folder:photos"]);
    let luck = prop::sample::select(vec![Luck::Done, Luck::Done, Luck::Refused, Luck::Unheard]);
    prop_oneof![
        3 => prop::option::of(1..90_u64).prop_map(H::PauseAll),
        2 => Just(H::ResumeAll),
        3 => (any::<bool>(), any::<bool>()).prop_map(|(metered, battery)| H::Conditions(metered, battery)),
        3 => (name, any::<bool>()).prop_map(|(name, paused)| H::Touch(name, paused)),
        2 => any::<bool>().prop_map(H::Connect),
        2 => luck.prop_map(H::Luck),
        1 => any::<bool>().prop_map(H::Mute),
        6 => Just(H::Answer),
        2 => Just(H::Tell),
        4 => prop_oneof![0..10_u64, 0..5000_u64].prop_map(H::Pass),
        1 => Just(H::Restart),
        1 => some_rules().prop_map(H::Rules),
    ]
}

proptest! {
    /// Whatever happens: only what is ours is resumed (the world checks that at every request), and in the end all of it is.
    #[test]
    fn in_the_end_everything_is_as_others_left_it(
        rules in some_rules(),
        history in prop::collection::vec(happening(), 0..60),
    ) {
        use Happening as H;
        let mut world = World::new(rules, &["folder:docs"]);
        for happening in history {
            match happening {
                H::PauseAll(minutes) => world.pause_all(minutes),
                H::ResumeAll => world.resume_all(),
                H::Conditions(metered, battery) => world.conditions(metered, battery),
                H::Touch(name, paused) => world.touch(name, paused),
                H::Connect(connected) => world.connect(connected),
                H::Luck(luck) => world.luck = luck,
                H::Mute(mute) => world.mute = mute,
                H::Answer => world.answer(),
                H::Tell => world.tell(),
                H::Pass(seconds) => world.pass(seconds),
                H::Restart => world.restart(),
                H::Rules(rules) => {
                    world.holding.choose_anew(&world.rules, &rules);
                    world.rules = rules;
                    world.settle();
                }
            }
        }
        let asked = world.asked.len();
        world.luck = Luck::Done;
        world.mute = false;
        world.connect(false);
        world.rest();
        world.connect(true);
        world.conditions(false, false);
        world.resume_all();
        world.rest();
        world.pass(600);
        world.rest();
        prop_assert_eq!(world.holding.shown(), vec![]);
        prop_assert_eq!(world.holding.kept(), vec![]);
        prop_assert!(world.ours.is_empty(), "{:?} stay paused", world.ours);
        prop_assert!(world.asked.len() <= asked + 4, "{:?}", world.asked);
    }
}
