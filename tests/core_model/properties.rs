//! Random histories: a world that changes, an adversary that says whatever it likes, answers that take their time.
//! The [`crate::laws`] hold at every step; a server that is healthy again is always found again.

use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use syncwatch::core::{
    Absence, Action, Class, Conditions, Event, Fault, PinRead, Refusal, Remembered, RetryCause,
    Service, TrustMode, Why, failure,
};

use crate::shell::{NAME, Shell};
use crate::world::{Server, World, fingerprint, pin};

/// Something that happens outside of the core.
#[derive(Clone, Debug)]
enum Happening {
    Server(Server),
    File(PinRead, bool),
    Key(u64),
    ServerKey(u64),
    RestlessKey(bool),
    Place(Option<Class>),
    Trust(TrustMode),
    ConfigChanged,
    ConfigPins(Vec<char>),
    Gone,
    Accept(char),
    Forget,
    Retry(RetryCause),
    Announced,
    ShutDown,
    Upgrades(u64),
    Migrates(bool),
    Paused(bool),
    PauseAll(Option<u64>),
    ResumeAll,
    Conditions(bool, bool),
    StrayControlled(u64),
    Opened,
    Look,
    /// Said by nobody that the core asked: an attempt and a generation relative to those in force.
    StrayAnswer(u64, u64, Option<char>),
    StrayFailure(u64, u64, Class, Option<char>),
    StrayService(u64),
    StrayUnresolved(Class),
    Pass(u64),
}

fn letter() -> impl Strategy<Value = char> {
    prop::sample::select(vec!['A', 'B', 'C', 'M'])
}

fn class() -> impl Strategy<Value = Class> {
    let classes: Vec<Class> = failure::TABLE.iter().map(|rule| rule.class).collect();
    prop::sample::select(classes)
}

fn server() -> impl Strategy<Value = Server> {
    prop_oneof![
        4 => letter().prop_map(Server::Serves),
        1 => letter().prop_map(Server::Replays),
        1 => letter().prop_map(Server::Flaps),
        1 => (letter(), letter()).prop_map(|(good, bad)| Server::Alternates(good, bad)),
        1 => Just(Server::Changes),
        2 => class().prop_map(Server::Fails),
        2 => (letter(), class()).prop_map(|(letter, class)| Server::Replies(letter, class)),
        1 => (letter(), class()).prop_map(|(letter, class)| Server::Cuts(letter, class)),
        1 => Just(Server::Silent),
    ]
}

fn file() -> impl Strategy<Value = PinRead> {
    let why = || String::from("no certificate in it");
    prop_oneof![
        4 => letter().prop_map(|letter| PinRead::Read(pin(letter))),
        1 => letter().prop_map(move |letter| PinRead::Unusable { pin: pin(letter), why: why() }),
        1 => Just(PinRead::Missing),
        1 => Just(PinRead::Torn { why: why() }),
        1 => Just(PinRead::Unreadable { why: why() }),
    ]
}

fn trust() -> impl Strategy<Value = TrustMode> {
    prop::sample::select(vec![
        TrustMode::File,
        TrustMode::File,
        TrustMode::Fingerprint,
        TrustMode::Command,
        TrustMode::Ca,
        TrustMode::System,
        TrustMode::Any,
    ])
}

fn happening() -> impl Strategy<Value = Happening> {
    use Happening as H;
    let cause = prop::sample::select(vec![
        RetryCause::User,
        RetryCause::Resumed,
        RetryCause::NetworkChanged,
    ]);
    prop_oneof![
        8 => server().prop_map(H::Server),
        8 => (file(), any::<bool>()).prop_map(|(file, seen)| H::File(file, seen)),
        1 => (0..3_u64).prop_map(H::Key),
        1 => (0..3_u64).prop_map(H::ServerKey),
        1 => any::<bool>().prop_map(H::RestlessKey),
        2 => prop::option::of(class()).prop_map(H::Place),
        1 => trust().prop_map(H::Trust),
        1 => Just(H::ConfigChanged),
        1 => prop::collection::vec(letter(), 0..3).prop_map(H::ConfigPins),
        1 => Just(H::Gone),
        2 => letter().prop_map(H::Accept),
        1 => Just(H::Forget),
        3 => cause.prop_map(H::Retry),
        1 => Just(H::Announced),
        1 => Just(H::ShutDown),
        1 => (0..100_u64).prop_map(H::Upgrades),
        1 => any::<bool>().prop_map(H::Migrates),
        2 => any::<bool>().prop_map(H::Paused),
        1 => prop::option::of(0..600_u64).prop_map(H::PauseAll),
        1 => Just(H::ResumeAll),
        1 => (any::<bool>(), any::<bool>()).prop_map(|(metered, battery)| H::Conditions(metered, battery)),
        1 => (0..3_u64).prop_map(H::StrayControlled),
        2 => Just(H::Opened),
        2 => Just(H::Look),
        3 => (0..3_u64, 0..3_u64, prop::option::of(letter()))
            .prop_map(|(attempt, generation, served)| H::StrayAnswer(attempt, generation, served)),
        3 => (0..3_u64, 0..3_u64, class(), prop::option::of(letter()))
            .prop_map(|(attempt, generation, class, served)| {
                H::StrayFailure(attempt, generation, class, served)
            }),
        1 => (0..3_u64).prop_map(H::StrayService),
        1 => class().prop_map(H::StrayUnresolved),
        12 => prop_oneof![0..20_u64, 0..2_000_u64, 0..100_000_u64].prop_map(H::Pass),
    ]
}

fn happen(shell: &mut Shell, happening: Happening) {
    use Happening as H;
    let instance = NAME.to_owned();
    match happening {
        H::Server(server) => shell.serve(server),
        H::File(file, seen) => {
            shell.world.file = file;
            if seen {
                shell.touch_file();
            }
        }
        H::Key(key) => shell.world.key = key,
        H::ServerKey(key) => shell.world.server_key = key,
        H::RestlessKey(restless) => shell.world.restless_key = restless,
        H::Place(lost) => shell.world.lost_place = lost,
        H::Trust(trust) => shell.world.trust = trust,
        H::ConfigChanged => {
            shell.spec.revision += 1;
            shell.configure();
        }
        H::ConfigPins(letters) => {
            shell.configure_pins(letters.into_iter().map(pin).collect());
        }
        H::Gone => {
            shell.send(Event::Configured {
                instances: vec![],
                patience: syncwatch::core::Patience::default(),
            });
            shell.configure();
        }
        H::Accept(letter) => shell.accept(pin(letter)),
        H::Forget => shell.send(Event::PinForgotten { instance }),
        H::Retry(cause) => shell.send(Event::Retry {
            instance: None,
            cause,
        }),
        H::Announced => shell.send(Event::Asked {
            instance,
            action: Action::Restart,
        }),
        H::ShutDown => shell.send(Event::Asked {
            instance,
            action: Action::Shutdown,
        }),
        H::Upgrades(seconds) => shell.send(Event::Announced {
            instance,
            absence: Absence {
                why: Why::Upgrade,
                after: Duration::from_secs(seconds),
                version: None,
            },
        }),
        H::Migrates(migrates) => shell.send(Event::Migrates { instance, migrates }),
        H::Paused(paused) => shell.send(Event::SetPaused { instance, paused }),
        H::PauseAll(seconds) => {
            let until = seconds.map(|seconds| shell.now + Duration::from_secs(seconds));
            shell.send(Event::PauseAll {
                instance: None,
                until,
            });
        }
        H::ResumeAll => shell.send(Event::ResumeAll {
            instance: Some(instance),
        }),
        H::Conditions(metered, on_battery) => shell.send(Event::Conditions(Conditions {
            metered,
            on_battery,
        })),
        H::StrayControlled(number) => shell.send(Event::Controlled {
            instance,
            number,
            refusal: Some(Refusal::new("No.", "")),
        }),
        H::Opened => shell.send(Event::CertificateOpened { instance }),
        H::Look => {
            let event = match shell.world.resolve() {
                Ok(target) => Event::Resolved { instance, target },
                Err(fault) => Event::Unresolved { instance, fault },
            };
            shell.send(event);
        }
        H::StrayAnswer(attempt, generation, served) => {
            let event = Event::Answered {
                instance,
                attempt: shell.attempt().saturating_sub(attempt),
                generation: shell.generation().saturating_sub(generation),
                served: served.map(pin),
            };
            shell.send(event);
        }
        H::StrayFailure(attempt, generation, class, served) => {
            let event = Event::Failed {
                instance,
                attempt: shell.attempt().saturating_sub(attempt),
                generation: shell.generation().saturating_sub(generation),
                fault: Fault::new(class).with_served(served.map(fingerprint)),
            };
            shell.send(event);
        }
        H::StrayService(attempt) => {
            let event = Event::ServiceChanged {
                instance,
                attempt: shell.attempt().saturating_sub(attempt),
                service: Arc::new(Service::default()),
            };
            shell.send(event);
        }
        H::StrayUnresolved(class) => shell.send(Event::Unresolved {
            instance,
            fault: Fault::new(class),
        }),
        H::Pass(millis) => shell.run(Duration::from_millis(millis)),
    }
}

/// All is well again: place, key, file, server.
fn heal(shell: &mut Shell) {
    shell.world.lost_place = None;
    shell.world.restless_key = false;
    shell.world.server_key = shell.world.key;
    shell.world.file = PinRead::Read(pin('A'));
    shell.configure_pins(vec![pin('A')]);
    shell.serve(Server::Serves('A'));
    shell.spec.revision += 1;
    shell.configure();
    shell.send(Event::SetPaused {
        instance: NAME.into(),
        paused: false,
    });
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_history_keeps_the_laws_and_ends_well(
        first in trust(),
        local: bool,
        remembered in prop::option::of(letter()),
        accepted in prop::option::of(letter()),
        delays in prop::collection::vec(prop_oneof![8 => 1..5_u64, 2 => 1..500_u64, 1 => 1..5_000_u64], 1..20),
        history in prop::collection::vec(happening(), 1..80),
    ) {
        let mut world = World::new(first);
        world.local = local;
        let path = (first == TrustMode::File).then(|| "https-cert.pem".to_owned());
        let remembered = remembered.map(|letter| Remembered { pin: pin(letter), path, command: None });
        let mut shell = Shell::new(world, remembered, accepted.map(pin));
        let mut delays = delays.into_iter().cycle();
        shell.delay = Box::new(move || Duration::from_millis(delays.next().unwrap_or(1)));
        shell.configure();
        for happening in history {
            happen(&mut shell, happening);
        }
        heal(&mut shell);
        // The longest wait is a quarter of an hour, after a refusal of the key.
        let before = shell.attempts;
        shell.run(Duration::from_secs(20 * 60));
        let instance = shell.instance();
        prop_assert_eq!(instance.link.state.name(), "connected", "{:?}", instance);
        prop_assert!(instance.service.is_some());
        prop_assert!(shell.attempts - before < 100, "{} attempts to get well", shell.attempts - before);
        shell.finish();
    }
}
