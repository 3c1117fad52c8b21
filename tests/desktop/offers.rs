//! The computer's services, on a private bus: they are missing, come, change, vanish and come back, and so does the bus.

use std::path::Path;
use std::process::Stdio;

use crate::support::desktop::{
    Answer, Network, Portal, Power, PrivateBus, Refusal, Systemd, UnitState, soon,
};
use syncwatch::children::Hidden;
use syncwatch::desktop::Trouble;
use syncwatch::desktop::bus::Bus;
use syncwatch::desktop::conditions::{self, Conditions};
use syncwatch::desktop::open::Opener;
use syncwatch::desktop::units::Managers;
use syncwatch::view::command::{Unit, UnitStatus, UnitVerb};
use tokio::process::Command;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

fn follow(bus: &PrivateBus) -> (UnboundedReceiver<Conditions>, JoinHandle<()>) {
    let (told, listener) = mpsc::unbounded_channel();
    let bus = bus.bus();
    let task = tokio::spawn(async move { conditions::follow_on(&bus, told).await });
    (listener, task)
}

async fn expect(told: &mut UnboundedReceiver<Conditions>, metered: bool, on_battery: bool) {
    let expected = Conditions {
        metered,
        on_battery,
    };
    let what = format!("{expected:?}");
    assert_eq!(soon(&what, told.recv()).await, Some(expected));
}

#[tokio::test]
async fn conditions_are_told_once_they_are_known_and_when_they_change() {
    let bus = PrivateBus::start();
    let network = Network::start(&bus, 2).await;
    let power = Power::start(&bus, true).await;
    let (mut told, task) = follow(&bus);
    expect(&mut told, false, true).await;
    // 4 is a guess that it is not metered, which is no change; 3 is a guess that it is.
    network.set(4).await;
    network.set(3).await;
    expect(&mut told, true, true).await;
    network.set(1).await;
    power.set(false).await;
    expect(&mut told, true, false).await;
    network.set(0).await;
    expect(&mut told, false, false).await;
    told.close();
    soon("the end", task).await.expect("no panic");
}

#[tokio::test]
async fn services_may_come_late_vanish_and_return() {
    let bus = PrivateBus::start();
    let (mut told, _task) = follow(&bus);
    let power = Power::start(&bus, true).await;
    expect(&mut told, false, true).await;
    let network = Network::start(&bus, 1).await;
    expect(&mut told, true, true).await;
    // What vanished has said its last word; only what it says on its return is news.
    network.stop().await;
    power.set(false).await;
    expect(&mut told, true, false).await;
    let network = Network::start(&bus, 1).await;
    network.set(2).await;
    expect(&mut told, false, false).await;
}

#[tokio::test]
async fn a_bus_may_come_late_be_killed_and_return() {
    let mut bus = PrivateBus::stopped();
    let (mut told, _task) = follow(&bus);
    bus.restart();
    let power = Power::start(&bus, true).await;
    expect(&mut told, false, true).await;
    bus.kill();
    drop(power);
    bus.restart();
    let power = Power::start(&bus, true).await;
    power.set(false).await;
    expect(&mut told, false, false).await;
}

#[tokio::test]
async fn upower_is_started_once_and_a_network_manager_is_not() {
    let bus = PrivateBus::start();
    let upower = bus.activatable("org.freedesktop.UPower");
    let network_manager = bus.activatable("org.freedesktop.NetworkManager");
    let (mut told, _task) = follow(&bus);
    let network = Network::start(&bus, 1).await;
    expect(&mut told, true, false).await;
    assert!(upower());
    network.stop().await;
    let power = Power::start(&bus, true).await;
    expect(&mut told, true, true).await;
    drop(power);
    assert!(!network_manager());
}

#[tokio::test]
async fn a_storm_of_signals_blocks_nothing() {
    let bus = PrivateBus::start();
    let network = Network::start(&bus, 2).await;
    let (mut told, _task) = follow(&bus);
    expect(&mut told, false, false).await;
    for _ in 0..2000 {
        network.set(4).await;
    }
    network.set(1).await;
    expect(&mut told, true, false).await;
}

const INSTANCE: &str = "syncthing_40bob_2eservice";
const OWN: &str = "syncthing_2eservice";

fn unit(user: bool) -> Unit {
    let name = if user {
        "syncthing.service"
    } else {
        "syncthing@bob.service"
    };
    Unit {
        name: name.into(),
        user,
    }
}

fn state(active: &'static str, file: &'static str) -> UnitState {
    let load = if file == "gone" {
        "not-found"
    } else {
        "loaded"
    };
    UnitState { load, active, file }
}

fn managers(session: &PrivateBus, system: &PrivateBus) -> Managers {
    Managers {
        session: session.bus(),
        system: system.bus(),
        account: Some("bob".into()),
    }
}

fn follow_units(managers: Managers) -> watch::Receiver<Option<UnitStatus>> {
    let (told, listener) = watch::channel(None);
    tokio::spawn(async move { managers.follow(told).await });
    listener
}

async fn expect_unit(told: &mut watch::Receiver<Option<UnitStatus>>, user: bool, active: bool) {
    let unit = unit(user);
    let expected = Some(UnitStatus { unit, active });
    let what = format!("{expected:?}");
    soon(&what, told.wait_for(|told| *told == expected))
        .await
        .expect("told");
}

#[tokio::test]
async fn the_unit_that_runs_is_followed() {
    let (session, system) = (PrivateBus::start(), PrivateBus::start());
    let own = Systemd::start(&session, OWN, state("inactive", "disabled"), DONE).await;
    let mut told = follow_units(managers(&session, &system));
    expect_unit(&mut told, true, false).await;
    own.set(state("activating", "disabled")).await;
    expect_unit(&mut told, true, true).await;
    own.set(state("failed", "disabled")).await;
    expect_unit(&mut told, true, false).await;
    // The template alone is no instance that anybody uses.
    let instance = Systemd::start(&system, INSTANCE, state("inactive", "disabled"), DONE).await;
    own.set(state("active", "disabled")).await;
    expect_unit(&mut told, true, true).await;
    own.set(state("inactive", "disabled")).await;
    expect_unit(&mut told, true, false).await;
    instance.set(state("active", "enabled")).await;
    instance.set(state("active", "disabled")).await;
    expect_unit(&mut told, false, true).await;
    own.set(state("inactive", "gone")).await;
    instance.set(state("inactive", "enabled")).await;
    expect_unit(&mut told, false, false).await;
    instance.set(state("inactive", "gone")).await;
    let gone = soon("no unit", told.wait_for(Option::is_none)).await;
    assert!(gone.expect("told").is_none());
}

#[tokio::test]
async fn a_manager_may_be_replaced_and_the_bus_too() {
    let (mut session, system) = (PrivateBus::stopped(), PrivateBus::stopped());
    let mut told = follow_units(managers(&session, &system));
    session.restart();
    let own = Systemd::start(&session, OWN, state("active", "enabled"), DONE).await;
    expect_unit(&mut told, true, true).await;
    own.stop().await;
    let own = Systemd::start(&session, OWN, state("inactive", "enabled"), DONE).await;
    expect_unit(&mut told, true, false).await;
    own.set(state("active", "enabled")).await;
    expect_unit(&mut told, true, true).await;
    session.restart();
    let _own = Systemd::start(&session, OWN, state("inactive", "enabled"), DONE).await;
    expect_unit(&mut told, true, false).await;
}

const DONE: Answer = Answer::Job("done");

async fn act(user: bool, verb: UnitVerb, answer: Answer) -> (Result<(), Trouble>, Vec<String>) {
    let (session, system) = (PrivateBus::start(), PrivateBus::start());
    let bus = if user { &session } else { &system };
    let systemd = Systemd::start(bus, OWN, state("inactive", "enabled"), answer).await;
    let managers = managers(&session, &system);
    let done = soon("the job", managers.act(&unit(user), verb)).await;
    let asked = systemd.asked.lock().expect("no panic").clone();
    (done, asked)
}

#[tokio::test]
async fn units_are_started_stopped_and_restarted() {
    for (verb, word) in [
        (UnitVerb::Start, "start"),
        (UnitVerb::Stop, "stop"),
        (UnitVerb::Restart, "restart"),
    ] {
        for (user, name) in [
            (true, "syncthing.service"),
            (false, "syncthing@bob.service"),
        ] {
            let (done, asked) = act(user, verb, DONE).await;
            assert_eq!(done, Ok(()));
            assert_eq!(asked, [format!("{word} {name} replace")]);
        }
    }
}

#[tokio::test]
async fn what_does_not_work_is_said_in_words() {
    let said = String::from("said");
    let look = "'systemctl status syncthing@bob.service' says more.";
    let by_hand = "Run 'sudo systemctl restart syncthing@bob.service' in a terminal.";
    for (answer, why, hint) in [
        (Answer::Job("failed"), "it failed", look),
        (Answer::Job("timeout"), "it took too long", look),
        (
            Answer::Refuse(Refusal::Interactive(said.clone())),
            "it is not allowed to you",
            by_hand,
        ),
        (
            Answer::Refuse(Refusal::NoSuchUnit(said.clone())),
            "there is no such unit any more",
            look,
        ),
        (
            Answer::Refuse(Refusal::Masked(said)),
            "it is masked",
            "Run 'sudo systemctl unmask syncthing@bob.service'.",
        ),
        (
            Answer::Refuse(Refusal::Other("two\nlines.".into())),
            "two lines",
            by_hand,
        ),
    ] {
        let (done, _) = act(false, UnitVerb::Restart, answer).await;
        let message = format!("syncthing@bob.service was not restarted: {why}.");
        let hint = hint.to_owned();
        assert_eq!(done, Err(Trouble { message, hint }));
    }
}

#[tokio::test]
async fn without_a_manager_or_a_bus_the_command_is_said() {
    let (session, system) = (PrivateBus::start(), PrivateBus::stopped());
    let managers = managers(&session, &system);
    let trouble = managers.act(&unit(true), UnitVerb::Start).await;
    let trouble = trouble.expect_err("no manager");
    assert_eq!(
        trouble.message,
        "syncthing.service was not started: systemd does not answer."
    );
    assert_eq!(
        trouble.hint,
        "Run 'systemctl --user start syncthing.service' in a terminal."
    );
    let trouble = managers.act(&unit(false), UnitVerb::Stop).await;
    let trouble = trouble.expect_err("no bus");
    let message = trouble.message;
    assert!(
        message.starts_with("syncthing@bob.service was not stopped: no message bus: "),
        "{message}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_bus_that_says_nothing_is_not_waited_for() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("bus");
    let _silent = std::os::unix::net::UnixListener::bind(&path).expect("a socket");
    let silent = Bus::At(format!("unix:path={}", path.display()));
    let managers = Managers {
        session: silent.clone(),
        system: silent,
        account: None,
    };
    let trouble = managers.act(&unit(true), UnitVerb::Start).await;
    let message = trouble.expect_err("no answer").message;
    assert!(message.contains("no message bus: "), "{message}");
}

#[tokio::test]
async fn in_a_sandbox_the_portal_opens_things() {
    let bus = PrivateBus::start();
    let opener = Opener {
        portal: Some(bus.bus()),
        program: "/none".into(),
        ..Opener::here(&Hidden::default())
    };
    let url = "https://127.0.0.1:8384/";
    let trouble = opener.page(url).await.expect_err("no portal");
    let start = "No browser was opened: the desktop's portal: ";
    assert!(trouble.message.starts_with(start), "{trouble}");

    let portal = Portal::start(&bus, 0).await;
    let directory = tempfile::tempdir().expect("a directory");
    let directory = directory.path().canonicalize().expect("a directory");
    soon("a page", opener.page(url)).await.expect("opened");
    let opener = Opener {
        token: Some("token".into()),
        ..opener
    };
    soon("a folder", opener.folder(&directory))
        .await
        .expect("opened");
    let opened = portal.opened.lock().expect("no panic").clone();
    let folder = format!("{} [\"activation_token\"]", directory.display());
    assert_eq!(opened, [format!("{url} []"), folder]);
    drop(portal);

    let bus = PrivateBus::start();
    let _portal = Portal::start(&bus, 2).await;
    let opener = Opener {
        portal: Some(bus.bus()),
        ..opener
    };
    let trouble = soon("an answer", opener.page(url)).await;
    let message = trouble.expect_err("2").message;
    assert_eq!(
        message,
        "No browser was opened: the desktop's portal could not."
    );
}

#[tokio::test]
async fn a_real_upower_is_understood() {
    let bus = PrivateBus::start();
    let places = ["/usr/libexec/upowerd", "/usr/lib/upower/upowerd"];
    let place = places.iter().find(|place| Path::new(place).exists());
    let Some(program) = place else {
        return eprintln!("skipped: no upowerd");
    };
    let (mut told, _task) = follow(&bus);
    let mut upower = Command::new(program)
        .env("DBUS_SYSTEM_BUS_ADDRESS", bus.address())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect("upowerd");
    // Whether there are mains is the computer's business; that it is known at all is ours.
    let first = tokio::select! {
        first = soon("upowerd", told.recv()) => first,
        _ = upower.wait() => return eprintln!("skipped: upowerd cannot run here"),
    };
    assert!(!first.expect("told").metered);
}
