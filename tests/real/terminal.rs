//! The full-screen view on a real terminal (tmux), before a real Syncthing: keys and their effect, sizes, and every way
//! to leave.

use rustix::process::{Pid, Signal, kill_process};
use syncwatch::cli::screen::tty::Tty;

use super::commands::Side;
use crate::support::tmux::{PROMPT, Tmux};

const WATCH: &str = "status --watch";
/// What is there before, and must be there again.
const BEFORE: &str = "this was here before";

async fn terminal(side: &Side, size: (u16, u16)) -> Option<Tmux> {
    let shell = ["/bin/bash", "--noprofile", "--norc", "-i"];
    let mut tmux = Tmux::start(size, &shell, &side.watched.surroundings()).await?;
    tmux.sees(PROMPT).await;
    tmux.line(&format!(
        "echo {BEFORE}; stty -a | tail -n +2 >modes-before"
    ));
    tmux.until("a prompt", |screen| screen.matches(PROMPT).count() == 2)
        .await;
    Some(tmux)
}

async fn watch(tmux: &mut Tmux, options: &str) {
    watch_as(tmux, "", options).await;
}

/// With these variables before the command.
async fn watch_as(tmux: &mut Tmux, variables: &str, options: &str) {
    let program = env!("CARGO_BIN_EXE_syncwatch");
    tmux.line(&format!(
        "clear; echo {BEFORE}; {variables}{program} {WATCH} {options}; echo code=$?"
    ));
    tmux.sees("Journal").await;
    assert_eq!(tmux.figure("alternate_on"), "1");
}

/// The shell has its terminal back as it was.
async fn is_clean(tmux: &mut Tmux, how: &str) {
    let screen = tmux.sees("code=").await;
    assert!(screen.contains(BEFORE), "{how}: {screen}");
    assert!(screen.contains("code=0"), "{how}: {screen}");
    for (figure, expected) in [
        ("alternate_on", "0"),
        ("cursor_flag", "1"),
        ("keypad_flag", "0"),
        ("mouse_any_flag", "0"),
    ] {
        assert_eq!(tmux.figure(figure), expected, "{how}: {figure}");
    }
    tmux.line("clear; stty -a | tail -n +2 | cmp modes-before - && echo as-it-''was");
    tmux.sees("as-it-was\n").await;
}

fn keep(name: &str, tmux: &Tmux) {
    let directory = crate::support::tmux::screenshots();
    std::fs::create_dir_all(&directory).unwrap();
    std::fs::write(directory.join(name), tmux.coloured()).unwrap();
}

#[tokio::test]
async fn keys_have_things_done_in_every_size() {
    let Some(mut side) = Side::start(3, 2).await else {
        return;
    };
    let Some(mut tmux) = terminal(&side, (120, 32)).await else {
        return;
    };
    watch(&mut tmux, "").await;
    tmux.sees("Folder 2").await;
    tmux.press(&["j", "p"]);
    tmux.sees("Done: laptop was asked to pause folder 'Folder 1'.")
        .await;
    tmux.sees("Paused").await;
    assert!(side.is_paused("folder-1").await);
    keep("terminal-120.txt", &tmux);
    tmux.press(&["p"]);
    tmux.sees("Done: laptop was asked to resume folder 'Folder 1'.")
        .await;
    assert!(!side.is_paused("folder-1").await);

    tmux.resize(40, 16);
    tmux.sees("[Folders 3]").await;
    keep("terminal-40.txt", &tmux);
    tmux.press(&["Enter"]);
    tmux.sees("Last scan").await;
    tmux.press(&["Escape"]);
    tmux.resize(10, 3);
    tmux.sees("q quit").await;
    tmux.resize(40, 16);
    tmux.sees("[Folders 3]").await;
    tmux.press(&["/", "2"]);
    tmux.until("one folder", |screen| !screen.contains("Folder 0"))
        .await;
    tmux.press(&["Escape"]);
    tmux.press(&["R"]);
    tmux.sees("Have laptop restart?").await;
    tmux.press(&["n"]);
    tmux.sees("Nothing was done.").await;

    // The engine goes and comes back; nothing that was chosen is lost.
    side.watched.stop().await;
    tmux.sees("The engine has been away").await;
    side.watched.launch().await;
    side.watched.connected().await;
    tmux.until("the engine is back", |screen| !screen.contains("away"))
        .await;
    assert!(tmux.sees("▸Folder 2").await.contains("[Folders 3]"));

    // It stays away for longer than a restart takes.
    side.watched.stop().await;
    tmux.sees("watching without it").await;
    tmux.sees("▸Folder 2").await;
    side.watched.launch().await;
    tmux.sees("An engine is running now").await;
    assert!(tmux.sees("▸Folder 2").await.contains("[Folders 3]"));
    tmux.press(&["q"]);
    is_clean(&mut tmux, "q").await;
}

#[tokio::test]
async fn there_are_no_colours_and_no_pictures_where_none_are_wanted() {
    let Some(side) = Side::start(1, 0).await else {
        return;
    };
    let Some(mut tmux) = terminal(&side, (80, 24)).await else {
        return;
    };
    for (before, options) in [("", "--color never"), ("NO_COLOR=1 ", "")] {
        watch_as(&mut tmux, before, options).await;
        let coloured = tmux.coloured();
        assert!(!coloured.contains("\u{1b}["), "{coloured:?}");
        tmux.press(&["q"]);
        is_clean(&mut tmux, "q without colours").await;
    }
    // Lines for those who want them, and for terminals that can do nothing else.
    let program = env!("CARGO_BIN_EXE_syncwatch");
    for (before, options) in [("", "--plain"), ("TERM=dumb ", "")] {
        tmux.line(&format!("clear; {before}{program} {WATCH} {options}"));
        let lines = tmux.sees("Up to date, but only here").await;
        assert!(!lines.contains("Journal"), "{lines}");
        assert_eq!(tmux.figure("alternate_on"), "0");
        tmux.press(&["C-c"]);
        tmux.line("clear; echo en''ded");
        tmux.sees("ended\n").await;
    }
}

#[tokio::test]
async fn the_terminal_is_given_back_whatever_ends_it() {
    let Some(side) = Side::start(1, 0).await else {
        return;
    };
    let Some(mut tmux) = terminal(&side, (80, 24)).await else {
        return;
    };
    watch(&mut tmux, "").await;
    tmux.press(&["C-c"]);
    is_clean(&mut tmux, "Ctrl-C").await;
    watch(&mut tmux, "").await;
    tmux.press(&["C-\\"]);
    is_clean(&mut tmux, "Ctrl-\\").await;
    for signal in [Signal::TERM, Signal::HUP, Signal::INT, Signal::QUIT] {
        watch(&mut tmux, "").await;
        let child = tmux.child().and_then(Pid::from_raw).expect("it runs");
        kill_process(child, signal).unwrap();
        is_clean(&mut tmux, &format!("{signal:?}")).await;
    }

    // Stopped by its user, and by somebody else.
    watch(&mut tmux, "").await;
    let child = tmux.child().and_then(Pid::from_raw).expect("it runs");
    for stop in ["C-z", "a signal"] {
        match stop {
            "C-z" => tmux.press(&["C-z"]),
            _ => kill_process(child, Signal::TSTP).unwrap(),
        }
        tmux.until("the shell", |screen| screen.contains("Stopped"))
            .await;
        assert_eq!(tmux.figure("alternate_on"), "0", "{stop}");
        tmux.line("clear; stty -a | tail -n +2 | cmp modes-before - && echo as-it-''was");
        tmux.sees("as-it-was\n").await;
        tmux.line("clear; fg; echo code=$?");
        tmux.sees("Journal").await;
    }
    tmux.press(&["q"]);
    tmux.sees("code=0").await;
    assert_eq!(tmux.figure("alternate_on"), "0");

    // A panic is told where it can be read.
    let here = std::env::current_exe().unwrap();
    tmux.line(&format!(
        "clear; {} --ignored --exact terminal::a_panic_on_the_screen --nocapture; clear -x; echo; stty -a | tail -n +2 | cmp modes-before - && echo as-it-''was",
        here.display()
    ));
    tmux.sees("as-it-was\n").await;
    assert_eq!(tmux.figure("alternate_on"), "0");
    assert_eq!(tmux.figure("cursor_flag"), "1");
}

/// Run by the test above, on a terminal.
#[test]
#[ignore = "needs a terminal; the test above gives it one"]
fn a_panic_on_the_screen() {
    let mut tty = Tty::enter(true).unwrap();
    tty.draw(|_| panic!("in the middle of a picture")).unwrap();
}
