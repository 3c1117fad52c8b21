//! What keys do to a screen, and what is asked for by them.

use std::sync::Arc;

use super::*;
use crate::core::service::FolderState;
use crate::core::{Action, JournalKind, Part, Status};
use crate::view::command::{Command, Until};
use crate::view::samples;
use crate::view::style::Page;

fn troubled() -> Status {
    let mut status = samples::connected();
    samples::change(&mut status, |instance| {
        samples::change_service(instance, samples::troubled);
    });
    status
}

fn screen() -> Screen {
    Screen::new(Arc::new(troubled()))
}

fn press(screen: &mut Screen, keys: &str) -> Option<Intent> {
    let frame = samples::frame(80);
    let keys = keys.chars().map(|char| match char {
        '\t' => Key::Tab,
        '\n' => Key::Enter,
        '\u{1b}' => Key::Esc,
        other => Key::Char(other),
    });
    keys.map(|key| screen.key(key, &frame)).last().flatten()
}

fn go(screen: &mut Screen, pane: Pane) {
    for _ in 0..screen.panes().len() {
        if screen.focus() != pane {
            press(screen, "\t");
        }
    }
    assert_eq!(screen.focus(), pane);
}

fn asked(intent: Option<Intent>) -> Option<Action> {
    match intent {
        Some(Intent::Do(Wish {
            command: Command::Control { instance, action },
            ..
        })) => {
            assert_eq!(instance, "laptop");
            Some(action)
        }
        _ => None,
    }
}

fn footer(screen: &Screen) -> String {
    Page::from(screen.footer(200))
        .render(false)
        .trim_end()
        .to_owned()
}

fn chosen(screen: &Screen) -> String {
    screen.subject().map(|it| it.id()).unwrap_or_default()
}

fn sheet(screen: &mut Screen) -> String {
    let frame = samples::frame(80);
    let shown = screen.sheet(76, 100, &frame);
    let Some(shown) = shown else {
        return String::new();
    };
    let mut page = Page::from(shown.title);
    page.extend(shown.lines);
    page.push(shown.foot);
    page.render(false)
}

#[test]
fn with_one_instance_its_folders_come_first() {
    let mut screen = screen();
    assert_eq!(screen.focus(), Pane::Folders);
    let all = [
        Pane::Instances,
        Pane::Folders,
        Pane::Devices,
        Pane::Requests,
        Pane::Journal,
    ];
    assert_eq!(screen.panes(), all);
    press(&mut screen, "\t\t\t\t");
    assert_eq!(screen.focus(), Pane::Instances);
    press(&mut screen, "h");
    assert_eq!(screen.focus(), Pane::Journal);
}

#[test]
fn letters_are_about_what_is_chosen() {
    let mut screen = screen();
    let folder = |id: &str| vec![Part::Folder(id.to_owned())];
    let rescan = |id: &str| Action::Rescan {
        folder: Some(id.into()),
        sub: None,
    };
    assert_eq!(asked(press(&mut screen, "jr")), Some(rescan("photos-id")));
    assert_eq!(footer(&screen), "Asking…");
    assert_eq!(
        asked(press(&mut screen, "Gp")),
        Some(Action::Pause {
            parts: folder("usb stick-id")
        })
    );
    assert_eq!(
        asked(press(&mut screen, "\tp")),
        Some(Action::Pause {
            parts: vec![Part::Device("AAAAAAA-BBBBBBB".into())]
        })
    );
    go(&mut screen, Pane::Journal);
    assert_eq!(press(&mut screen, "p"), None);
    assert!(footer(&screen).starts_with("Choose a folder"));
    go(&mut screen, Pane::Instances);
    let Some(Intent::Do(wish)) = press(&mut screen, "p") else {
        panic!("nothing")
    };
    let everything = Command::PauseAll {
        instance: Some("laptop".into()),
        until: Until::Resumed,
    };
    assert_eq!(wish.command, everything);
    screen.answered(&wish, Err("No.".into()));
    assert_eq!(footer(&screen), "No.");
}

#[test]
fn what_loses_something_is_asked_about() {
    let mut screen = screen();
    assert_eq!(press(&mut screen, "R"), None);
    assert!(sheet(&mut screen).contains("Have laptop restart?"));
    assert_eq!(press(&mut screen, "\n"), None);
    assert_eq!(footer(&screen), "Nothing was done.");
    assert_eq!(asked(press(&mut screen, "Ry")), Some(Action::Restart));
    assert_eq!(asked(press(&mut screen, "Sn")), None);
    assert_eq!(asked(press(&mut screen, "Sy")), Some(Action::Shutdown));
    // What is pasted is no answer.
    press(&mut screen, "S");
    let pasted = Key::Paste("y".into());
    assert_eq!(screen.key(pasted, &samples::frame(80)), None);
    assert_eq!(press(&mut screen, "x"), None);
    assert!(
        footer(&screen).contains("receive-only"),
        "{}",
        footer(&screen)
    );
    let mut status = troubled();
    samples::change(&mut status, |instance| {
        samples::change_service(instance, |service| {
            service.folders[0].kind = "receiveonly".into();
            service.folders[0].receive_only_items = 2;
        });
    });
    screen.status(Arc::new(status));
    press(&mut screen, "x");
    let question = "What was changed in 'Documents' at laptop is lost. Have laptop undo local\n\
        changes in folder 'Documents'?\n";
    assert!(sheet(&mut screen).contains(question));
    let folder = "documents-id".into();
    assert_eq!(
        asked(press(&mut screen, "y")),
        Some(Action::Revert { folder })
    );
}

#[test]
fn requests_are_answered_one_by_one() {
    let mut screen = screen();
    // Two wait: which one is meant is chosen first.
    assert_eq!(press(&mut screen, "a"), None);
    assert_eq!(screen.focus(), Pane::Requests);
    assert_eq!(footer(&screen), "Several wait for an answer: choose one.");
    press(&mut screen, "a");
    assert!(sheet(&mut screen).contains("Have laptop accept\ndevice 'tablet'?"));
    let device = || "EEEEEEE-FFFFFFF".to_owned();
    assert_eq!(
        asked(press(&mut screen, "y")),
        Some(Action::AcceptDevice { device: device() })
    );
    assert_eq!(
        asked(press(&mut screen, "iy")),
        Some(Action::IgnoreDevice { device: device() })
    );
    assert_eq!(
        asked(press(&mut screen, "jay")),
        Some(Action::AcceptFolder {
            folder: "abcd-1234".into(),
            device: "AAAAAAA-BBBBBBB".into(),
            path: None
        })
    );
    screen.status(Arc::new(samples::connected()));
    assert_eq!(screen.focus(), Pane::Instances, "the pane is gone");
    assert_eq!(press(&mut screen, "a"), None);
    assert!(footer(&screen).contains("waits for an answer"));
}

#[test]
fn a_certificate_is_accepted_after_its_whole_fingerprint_was_seen() {
    use crate::core::{Class, TrustMode};
    let mut status = samples::failing(LinkState::Untrusted, Class::PinMismatch, "no", "look");
    samples::change(&mut status, |instance| {
        instance.link.trust.mode = TrustMode::Fingerprint;
        instance.link.trust.served = Some(samples::fingerprint(9));
    });
    let mut screen = Screen::new(Arc::new(status));
    press(&mut screen, "a");
    let question = sheet(&mut screen).replace('\n', "");
    let served = samples::fingerprint(9);
    assert!(question.contains(&served.to_string()), "{question}");
    let Some(Intent::Do(wish)) = press(&mut screen, "y") else {
        panic!("nothing")
    };
    assert_eq!(
        wish.command,
        Command::Accept {
            instance: "laptop".into(),
            fingerprint: served
        }
    );
}

#[test]
fn what_is_chosen_stays_chosen_when_the_list_changes() {
    let mut screen = screen();
    press(&mut screen, "jj");
    assert_eq!(chosen(&screen), "music-id");
    let mut status = troubled();
    let reorder = |service: &mut Service| {
        service.folders.remove(0);
        service.folders.insert(0, samples::folder("Aardvark"));
        service.folders.insert(0, samples::folder("Abacus"));
    };
    samples::change(&mut status, |instance| {
        samples::change_service(instance, reorder)
    });
    screen.status(Arc::new(status.clone()));
    assert_eq!(chosen(&screen), "music-id");
    samples::change(&mut status, |instance| {
        samples::change_service(instance, |service| {
            service.folders.retain(|folder| folder.label != "Music");
        });
    });
    screen.status(Arc::new(status));
    assert_eq!(chosen(&screen), "videos-id", "what took its place");
    screen.status(Arc::new(samples::empty()));
    assert_eq!(screen.key(Key::Char('p'), &samples::frame(80)), None);
    assert_eq!(chosen(&screen), "");
}

#[test]
fn a_filter_narrows_a_list_down() {
    let mut screen = screen();
    assert_eq!(
        press(&mut screen, "/vIdq"),
        None,
        "a letter, not the key to quit"
    );
    assert!(footer(&screen).starts_with("/vIdq"));
    screen.key(Key::Backspace, &samples::frame(80));
    assert_eq!(chosen(&screen), "videos-id");
    press(&mut screen, "\n");
    let list = screen.list(Pane::Folders, 60, &samples::frame(80));
    assert_eq!(list.rows.len(), 1);
    let title = Page::from(list.title).render(false);
    assert_eq!(title, "Folders 1 of 5 /vId\n");
    press(&mut screen, "\u{1b}");
    assert_eq!(screen.subjects(Pane::Folders).len(), 5);
    press(&mut screen, "/syncing");
    assert_eq!(chosen(&screen), "music-id", "by its state");
    press(&mut screen, "nothing like it");
    let list = screen.list(Pane::Folders, 60, &samples::frame(80));
    assert_eq!((list.rows.len(), list.chosen), (0, None));
    assert_eq!(press(&mut screen, "\n\n"), None);
    assert_eq!(sheet(&mut screen), "", "nothing to tell about");
    let paste = Key::Paste(format!("\u{1b}[2J{}", "x".repeat(500)));
    press(&mut screen, "\u{1b}/");
    screen.key(paste, &samples::frame(80));
    assert!(screen.filter(Pane::Folders).chars().count() <= 60);
    assert!(!screen.filter(Pane::Folders).contains('\u{1b}'));
}

#[test]
fn details_tell_everything() {
    let mut screen = screen();
    let mut all = String::new();
    for keys in ["G\n", "k\n", "\t\n", "j\n", "\t\n", "j\n", "\t\n", "\t\n"] {
        press(&mut screen, keys);
        all.push_str(&sheet(&mut screen));
        all.push_str("----\n");
        press(&mut screen, "\u{1b}");
    }
    insta::assert_snapshot!(all);
}

#[test]
fn an_engine_that_is_away_is_told_calmly() {
    let mut screen = screen();
    screen.engine_gone(samples::before(5));
    screen.engine_gone(samples::now());
    let frame = samples::frame(80);
    let heading = |screen: &Screen| {
        let lines = screen.heading(80, 4, &frame);
        lines.into_iter().collect::<Page>().render(false)
    };
    insta::assert_snapshot!(heading(&screen), @"
    The engine has been away since 01:59:55. It is looked for; what follows was
    known then.
    ");
    screen.status(Arc::new(samples::connected()));
    insta::assert_snapshot!(heading(&screen), @"Everything is synced: safe to shut down.");
}

#[test]
fn who_watches_is_told_when_that_changes() {
    let mut screen = screen();
    let before = footer(&screen);
    for own in [false, false] {
        screen.watched_by(own);
        assert_eq!(footer(&screen), before);
    }
    screen.watched_by(true);
    assert!(footer(&screen).contains("watching without it"));
    press(&mut screen, "j");
    screen.watched_by(true);
    assert_eq!(footer(&screen), before, "once is enough");
    screen.watched_by(false);
    assert!(footer(&screen).contains("An engine is running"));
}

#[test]
fn the_newest_entry_of_the_journal_is_followed_until_another_is_chosen() {
    let mut screen = screen();
    let entry = |second: u64| JournalEntry {
        time: samples::before(100 - second),
        instance: "laptop".into(),
        kind: JournalKind::RestartAnnounced,
    };
    screen.journal(vec![entry(1), entry(2)]);
    go(&mut screen, Pane::Journal);
    let newest = chosen(&screen);
    screen.journal(vec![entry(1), entry(2), entry(3)]);
    assert_ne!(chosen(&screen), newest, "followed");
    press(&mut screen, "j");
    assert_eq!(chosen(&screen), newest);
    screen.journal(vec![entry(1), entry(2), entry(3), entry(4)]);
    assert_eq!(chosen(&screen), newest, "kept");
}

#[test]
fn pausing_is_undone_by_the_same_key() {
    let mut status = troubled();
    samples::change(&mut status, |instance| {
        samples::change_service(instance, |service| {
            service.folders[0].state = FolderState::Paused;
        });
    });
    let mut screen = Screen::new(Arc::new(status));
    let parts = vec![Part::Folder("documents-id".into())];
    assert_eq!(
        asked(press(&mut screen, "gp")),
        Some(Action::Resume { parts })
    );
}
