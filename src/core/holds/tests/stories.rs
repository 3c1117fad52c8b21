//! What a user sees of holds, step by step.

use std::time::Duration;

use super::world::{Luck, World, named, part, rules};
use crate::core::holds::*;

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
fn parts_that_were_named_are_paused_for_a_time_of_their_own() {
    let mut world = World::new(HoldRules::default(), &["phone"]);
    world.pause_parts(&["folder:docs", "phone", "folder:gone"], 10);
    world.rest();
    assert_eq!(world.paused(), ["folder:docs", "phone"]);
    assert_eq!(world.holding.shown()[0].parts, [part("folder:docs")]);
    world.pause_parts(&["folder:photos"], 20);
    world.pause_all(None);
    world.rest();
    world.restart();
    world.rest();
    assert_eq!(world.holding.shown().len(), 3);
    world.pass(600);
    world.rest();
    assert_eq!(world.paused(), ["folder:photos", "nas", "phone"]);
    world.pass(600);
    world.rest();
    assert_eq!(world.paused(), ["nas", "phone"]);
    world.resume_all();
    world.rest();
    assert_eq!(world.paused(), ["phone"]);
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
