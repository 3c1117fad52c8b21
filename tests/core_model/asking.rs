//! A pin that a command prints: asked for when there is a cause, and never endlessly. `file A` is what it prints.

use std::time::Duration;

use syncwatch::core::{Remembered, TrustMode};

use crate::shell::Shell;
use crate::story::tell;
use crate::world::{Server, World, pin};

fn asks(remembered: Option<char>) -> Shell {
    let mut world = World::new(TrustMode::Command);
    world.local = false;
    world.url = "https://nas.lan:8384".into();
    let command = world.resolve().expect("a place").command;
    let remembered = remembered.map(|letter| Remembered {
        pin: pin(letter),
        path: None,
        command,
    });
    Shell::new(world, remembered, None)
}

#[test]
fn a_rotation_elsewhere_is_as_quiet_as_one_here() {
    tell(
        asks(None),
        "
        100ms  |                          | connected, current A, reads 1
        1m     | quietly file B, serves B | connected
        61s    |                          | connected, current B, rotations 1, alerts -, reads 2
        10m    |                          | connected, alerts -, reads 2
        20m    | fails refused            | connected
        1203s  | quietly file C, serves C |
        1205s  |                          | connected, current C, rotations 2, alerts -, reads 3
        ",
    );
}

#[test]
fn without_a_pin_it_is_asked_more_and_more_seldom() {
    let mut shell = asks(None);
    shell.world.file = syncwatch::core::PinRead::Unreadable {
        why: "it ended with exit code 255".into(),
    };
    tell(
        shell,
        "
        4s     |              | starting, reads 1
        6s     |              | starting, reads 2
        14s    |              | starting, reads 2
        16s    |              | misconfigured, class bad-pin-file, reads 3, attempts <1
        16s    | quietly file A, user | misconfigured
        17s    |              | connected, current A, reads 4
        ",
    );
}

#[test]
fn what_was_verified_before_needs_no_question() {
    tell(
        asks(Some('A')),
        "
        1m     |                | connected, current A, reads 0
        1439m  |                | connected, reads 0
        1441m  |                | connected, reads 1
        2881m  | quietly file B | connected, reads 2
        4321m  |                | connected, restart-pending, pending B, reads 3
        4322m  | serves B       |
        4323m  |                | connected, current B, rotations 1, alerts -, reads 3
        ",
    );
}

#[test]
fn what_it_cannot_tell_keeps_what_was() {
    for broken in ["torn", "unreadable", "A"] {
        tell(
            asks(Some('A')),
            &format!(
                "
                1m     | quietly file {broken}, serves B | connected
                65s    |                | rotating, current A, served B
                71s    |                | untrusted, class pin-mismatch, current A, alerts untrusted
                80s    | quietly file B, user | untrusted
                81s    |                | connected, current B, alerts untrusted connected
                100s   | file {broken}  | connected, current B
                "
            ),
        );
    }
}

#[test]
fn an_impostor_is_loud_and_cannot_have_it_run_endlessly() {
    for server in [
        Server::Serves('M'),
        Server::Changes,
        Server::Alternates('A', 'M'),
    ] {
        let mut shell = asks(Some('A'));
        shell.world.server = server;
        shell.configure();
        shell.run(Duration::from_secs(11));
        let told = shell.alerts.len();
        assert!(
            told == 1 || matches!(server, Server::Alternates(..)),
            "{server:?}"
        );
        shell.run(Duration::from_secs(86_400));
        // 5 s, 10 s, 20 s, ... 10 min.
        assert!(shell.reads <= 160, "{} for {server:?}", shell.reads);
        assert_eq!(shell.instance().link.rotations, 0, "{server:?}");
        shell.finish();
    }
}
