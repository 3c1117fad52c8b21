//! What is painted, in every size.

use std::sync::Arc;

use proptest::prelude::*;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::style::Style;

use super::*;
use crate::core::{JournalEntry, JournalKind, Status};
use crate::view::samples;
use crate::view::screen::Key;

fn troubled() -> Status {
    let mut status = samples::connected();
    samples::change(&mut status, |instance| {
        samples::change_service(instance, samples::troubled);
    });
    let mut nas = crate::core::InstanceStatus::clone(&status.instances[0]);
    nas.name = "nas".into();
    nas.link.state = crate::core::LinkState::Reconnecting;
    status.instances.push(Arc::new(nas));
    status
}

fn screen() -> Screen {
    let mut screen = Screen::new(Arc::new(samples::connected()));
    let mut status = troubled();
    status.time = samples::before(30);
    screen.status(Arc::new(status));
    let entry = |kind| JournalEntry {
        time: samples::before(60),
        instance: "laptop".into(),
        kind,
    };
    let (from, to) = (samples::fingerprint(1), samples::fingerprint(2));
    screen.journal(vec![
        entry(JournalKind::Connected {
            served: Some(from),
            insecure: false,
        }),
        entry(JournalKind::RestartAnnounced),
        entry(JournalKind::Rotated {
            from: Some(from),
            to,
        }),
    ]);
    screen
}

fn painted(screen: &mut Screen, width: u16, height: u16, colours: bool) -> TestBackend {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("a terminal");
    let mut painter = Painter::new(colours);
    let frame = samples::frame(80);
    // Twice: the second time it is scrolled already.
    for _ in 0..2 {
        terminal
            .draw(|canvas| painter.paint(screen, canvas, &frame))
            .expect("painted");
    }
    terminal.backend().clone()
}

fn picture(screen: &mut Screen, width: u16, height: u16) -> String {
    painted(screen, width, height, false).to_string()
}

#[test]
fn everything_is_seen_at_once_where_there_is_room() {
    insta::assert_snapshot!(picture(&mut screen(), 120, 30));
}

#[test]
fn one_pane_is_seen_in_a_narrow_window() {
    insta::assert_snapshot!(picture(&mut screen(), 40, 16));
}

#[test]
fn the_smallest_windows_still_say_something() {
    let mut all = String::new();
    for (width, height) in [(10, 3), (20, 5), (4, 2), (1, 1), (200, 2)] {
        all.push_str(&format!("{width} x {height}\n"));
        all.push_str(&picture(&mut screen(), width, height));
    }
    insta::assert_snapshot!(all);
}

#[test]
fn sheets_lie_over_it() {
    let frame = samples::frame(80);
    let mut screen = screen();
    screen.key(Key::Enter, &frame);
    let mut all = picture(&mut screen, 40, 16);
    screen.key(Key::Esc, &frame);
    screen.key(Key::Char('R'), &frame);
    all.push_str(&picture(&mut screen, 40, 16));
    all.push_str(&picture(&mut screen, 12, 4));
    insta::assert_snapshot!(all);
}

#[test]
fn without_colours_nothing_has_a_style() {
    let backend = painted(&mut screen(), 120, 30, false);
    let cells = backend.buffer().content();
    assert!(cells.iter().all(|cell| {
        let style = cell.style();
        let mut colours = [style.fg, style.bg].into_iter().flatten();
        colours.all(|colour| colour == ratatui::style::Color::Reset)
            && style.add_modifier == Style::new().add_modifier
    }));
    let coloured = painted(&mut screen(), 120, 30, true);
    assert_ne!(coloured.buffer(), backend.buffer());
}

#[test]
fn hostile_names_stay_where_they_are() {
    let mut status = troubled();
    samples::change(&mut status, |instance| {
        instance.name = "a\u{1b}[2Jb\u{202e}c".into();
        samples::change_service(instance, |service| {
            service.folders[0].label = "\u{1b}]0;owned\u{7}\n\r\u{9b}31m".into();
            service.folders[1].label = "写真アルバム👨‍👩‍👧❤️ e\u{301}\u{301}\u{301}".into();
            service.devices[0].name = "\u{202e}gpj.exe".into();
            service.pending_devices[0].name = "\u{200b}\u{2066}x".into();
        });
    });
    let mut screen = Screen::new(Arc::new(status));
    insta::assert_snapshot!(picture(&mut screen, 100, 20));
}

fn any_key() -> impl Strategy<Value = Key> {
    prop_oneof![
        proptest::char::range(' ', '~').prop_map(Key::Char),
        "\\PC{0,5}|.{0,5}".prop_map(Key::Paste),
        Just(Key::Up),
        Just(Key::Down),
        Just(Key::PageDown),
        Just(Key::PageUp),
        Just(Key::Home),
        Just(Key::End),
        Just(Key::Tab),
        Just(Key::BackTab),
        Just(Key::Enter),
        Just(Key::Esc),
        Just(Key::Backspace),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn no_key_no_name_and_no_size_breaks_it(
        keys in proptest::collection::vec(any_key(), 0..30),
        name in "\\PC{0,30}|.{0,30}",
        (width, height) in (1u16..140, 1u16..40),
        states in proptest::collection::vec(0u8..4, 1..6),
    ) {
        let frame = samples::frame(80);
        let mut named = troubled();
        samples::change(&mut named, |instance| {
            instance.name.clone_from(&name);
            samples::change_service(instance, |service| {
                service.folders[0].label.clone_from(&name);
                service.devices[0].name.clone_from(&name);
                service.pending_folders[0].label.clone_from(&name);
            });
        });
        let statuses = [named, troubled(), samples::empty(), samples::rotating()];
        let mut screen = screen();
        let mut keys = keys.into_iter();
        for state in states {
            screen.status(Arc::new(statuses[usize::from(state)].clone()));
            for key in keys.by_ref().take(6) {
                screen.key(key, &frame);
            }
            let backend = painted(&mut screen, width, height, true);
            for cell in backend.buffer().content() {
                prop_assert!(!cell.symbol().chars().any(char::is_control), "{:?}", cell.symbol());
            }
        }
    }
}
