//! Random histories: whatever happens, in the end everything is as others left it.

use proptest::prelude::*;

use super::world::{Luck, World, named, rules};
use crate::core::holds::*;

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
    Mistaken,
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
        1 => Just(H::Mistaken),
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
                H::Mistaken => world.mistaken(),
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
