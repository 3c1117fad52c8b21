//! Many instances under one model: each fares exactly as it would alone, whatever happens to the others, and only what
//! an event concerns is looked at.

use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use syncwatch::core::{
    Action, Class, Conditions, Effect, Event, Fault, InstanceSpec, Kind, Model, Patience, PinRead,
    RetryCause, Service, Status, Target, Timestamp, TrustMode, failure,
};

use crate::shell::engine;
use crate::world::{fingerprint, pin};

const NAMES: [&str; 3] = ["attic", "barn", "cellar"];
const ALWAYS: Conditions = Conditions {
    metered: false,
    on_battery: false,
};

/// Something that happens to one of them, or to all.
#[derive(Clone, Debug)]
enum Happening {
    To(usize, Said),
    Retry(RetryCause),
    PauseAll(u64),
    Pass(u64),
}

#[derive(Clone, Debug)]
enum Said {
    Resolved(TrustMode, u64),
    Unresolved(Class),
    Read(PinRead),
    Opened,
    Answered(char),
    Served(u64),
    Failed(Class, char),
    Announced,
    Paused(bool),
}

fn class() -> impl Strategy<Value = Class> {
    let classes: Vec<Class> = failure::TABLE.iter().map(|rule| rule.class).collect();
    prop::sample::select(classes)
}

fn letter() -> impl Strategy<Value = char> {
    prop::sample::select(vec!['A', 'B'])
}

fn said() -> impl Strategy<Value = Said> {
    let trust = prop::sample::select(vec![TrustMode::File, TrustMode::System]);
    prop_oneof![
        3 => (trust, 1..3_u64).prop_map(|(trust, revision)| Said::Resolved(trust, revision)),
        1 => class().prop_map(Said::Unresolved),
        3 => letter().prop_map(|letter| Said::Read(PinRead::Read(pin(letter)))),
        1 => Just(Said::Read(PinRead::Missing)),
        1 => Just(Said::Opened),
        6 => letter().prop_map(Said::Answered),
        2 => (0..4_u64).prop_map(Said::Served),
        6 => (class(), letter()).prop_map(|(class, letter)| Said::Failed(class, letter)),
        1 => Just(Said::Announced),
        1 => any::<bool>().prop_map(Said::Paused),
    ]
}

fn happening() -> impl Strategy<Value = Happening> {
    let causes = vec![
        RetryCause::User,
        RetryCause::Resumed,
        RetryCause::NetworkChanged,
    ];
    let waits = vec![0, 1, 30, 1000, 4000, 15_000, 70_000];
    prop_oneof![
        12 => (0..NAMES.len(), said()).prop_map(|(whom, said)| Happening::To(whom, said)),
        1 => prop::sample::select(causes).prop_map(Happening::Retry),
        1 => (1..100_u64).prop_map(Happening::PauseAll),
        6 => prop::sample::select(waits).prop_map(Happening::Pass),
    ]
}

/// A model, and the numbers that its effects gave to attempts and generations.
struct Lone {
    model: Model,
    attempt: u64,
    generation: u64,
}

impl Lone {
    fn new(name: &str, now: Timestamp) -> Self {
        let mut lone = Self {
            model: Model::new(engine()),
            attempt: 0,
            generation: 0,
        };
        lone.step(configured(&[name]), now);
        lone
    }

    /// Every instance of a model is looked at when the conditions are told, changed or not.
    fn step(&mut self, event: Event, now: Timestamp) -> Vec<Effect> {
        let mut effects = self.model.step(event, now);
        effects.extend(self.model.step(Event::Conditions(ALWAYS), now));
        for effect in &effects {
            match effect {
                Effect::Attempt { attempt, .. } => self.attempt = *attempt,
                Effect::UsePins { generation, .. } => self.generation = *generation,
                _ => {}
            }
        }
        effects
    }
}

fn configured(names: &[&str]) -> Event {
    let spec = |name: &&str| InstanceSpec {
        name: (*name).to_owned(),
        kind: Kind::Syncthing,
        revision: 1,
        remembered: None,
        accepted: None,
        rules: Default::default(),
        may_be_away: Default::default(),
        holds: vec![],
        paused: false,
        ..InstanceSpec::default()
    };
    Event::Configured {
        instances: names.iter().map(spec).collect(),
        patience: Patience::default(),
    }
}

fn event(name: &str, said: Said, lone: &Lone) -> Event {
    let instance = name.to_owned();
    let (attempt, generation) = (lone.attempt, lone.generation);
    match said {
        Said::Resolved(trust, revision) => Event::Resolved {
            instance,
            target: Target {
                url: "https://127.0.0.1:8384".into(),
                local: true,
                trust,
                path: None,
                command: None,
                pins: vec![],
                plain: false,
                revision,
            },
        },
        Said::Unresolved(class) => Event::Unresolved {
            instance,
            fault: Fault::new(class),
        },
        Said::Read(read) => Event::PinsRead {
            instance,
            read,
            says: None,
        },
        Said::Opened => Event::CertificateOpened { instance },
        Said::Answered(letter) => Event::Answered {
            instance,
            attempt,
            generation,
            served: Some(pin(letter)),
        },
        Said::Served(need) => Event::ServiceChanged {
            instance,
            attempt,
            service: Arc::new(Service {
                version: need.to_string(),
                ..Service::default()
            }),
        },
        Said::Failed(class, letter) => Event::Failed {
            instance,
            attempt,
            generation,
            fault: Fault::new(class).with_served(Some(fingerprint(letter))),
        },
        Said::Announced => {
            let action = Action::Restart;
            Event::Asked { instance, action }
        }
        Said::Paused(paused) => Event::SetPaused { instance, paused },
    }
}

/// What the effects say of one instance.
fn about(effects: &[Effect], name: &str) -> Vec<String> {
    let quoted = format!("\"{name}\"");
    let texts = effects.iter().map(|effect| format!("{effect:?}"));
    texts.filter(|text| text.contains(&quoted)).collect()
}

fn differs(before: &Status, after: &Status, name: &str) -> bool {
    before.instance(name) != after.instance(name)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn each_fares_as_it_would_alone(happenings in prop::collection::vec(happening(), 1..60)) {
        let mut now = Timestamp::from_secs(1_800_000_000);
        let mut fleet = Model::new(engine());
        let mut alone: Vec<Lone> = NAMES.iter().map(|name| Lone::new(name, now)).collect();
        fleet.step(configured(&NAMES), now);
        fleet.step(Event::Conditions(ALWAYS), now);
        for happening in happenings {
            let before = fleet.status(now);
            let (whom, event) = match happening {
                Happening::To(whom, said) => (Some(whom), event(NAMES[whom], said, &alone[whom])),
                Happening::Retry(cause) => (None, Event::Retry { instance: None, cause }),
                Happening::PauseAll(wait) => {
                    let until = Some(now + Duration::from_secs(wait));
                    (None, Event::PauseAll { instance: None, until })
                }
                Happening::Pass(wait) => {
                    now = now + Duration::from_millis(wait);
                    (None, Event::Tick)
                }
            };
            let effects = fleet.step(event.clone(), now);
            let after = fleet.status(now);
            for (index, lone) in alone.iter_mut().enumerate() {
                let name = NAMES[index];
                let concerned = whom.is_none_or(|whom| whom == index);
                let own = if concerned { event.clone() } else { Event::Tick };
                let expected = lone.step(own, now);
                prop_assert_eq!(about(&effects, name), about(&expected, name));
                let status = lone.model.status(now);
                prop_assert_eq!(after.instance(name), status.instance(name));
            }
            let deadlines = alone.iter().filter_map(|lone| lone.model.next_deadline());
            prop_assert_eq!(fleet.next_deadline(), deadlines.min());
            // What did not change is the very same value as before, and tells so without a comparison.
            let changed = NAMES.iter().any(|name| differs(&before, &after, name));
            prop_assert_eq!(after.shows_the_same_as(&before), !changed);
        }
    }
}
