//! What is asked before something is lost, on a real terminal: only a yes is one, and every way out leaves things alone.

use super::commands::Side;
use crate::support::tmux::{PROMPT, Tmux};

/// Types a command and, at its question, these keys; what stands on the screen when it has ended.
async fn asked(tmux: &mut Tmux, line: &str, keys: &[&str]) -> String {
    let program = env!("CARGO_BIN_EXE_syncwatch");
    tmux.line("clear");
    tmux.until("a clear screen", |screen| {
        screen.trim_end() == PROMPT.trim_end()
    })
    .await;
    tmux.line(&format!("{program} {line}; echo code=$?"));
    tmux.sees("[y/N]").await;
    tmux.press(keys);
    // Control and C end the whole line, without the code.
    tmux.until("a prompt", |screen| screen.matches(PROMPT).count() == 2)
        .await
}

#[tokio::test]
async fn only_a_yes_is_one() {
    let Some(mut side) = Side::start(1, 0).await else {
        return;
    };
    let mine = side.changed_here().await;
    let shell = ["/bin/bash", "--noprofile", "--norc", "-i"];
    let surroundings = side.watched.surroundings();
    let Some(mut tmux) = Tmux::start((160, 20), &shell, &surroundings).await else {
        return;
    };
    tmux.sees(PROMPT).await;

    let question = "What was changed in 'Folder 0' at laptop is lost. Have laptop undo local changes in folder 'Folder 0'? [y/N]";
    for keys in [&["n", "Enter"][..], &["Enter"], &["C-d"], &["yy", "Enter"]] {
        let screen = asked(&mut tmux, "revert folder-0", keys).await;

        assert!(screen.contains(question), "{screen}");
        assert!(screen.contains("\nNothing was done.\ncode=1"), "{screen}");
        assert!(mine.exists());
    }
    for line in ["revert folder-0", "shutdown"] {
        let screen = asked(&mut tmux, line, &["C-c"]).await;
        assert!(!screen.contains("Done"), "{screen}");
        assert!(mine.exists());
    }
    // Nobody is asked about what cannot be.
    let program = env!("CARGO_BIN_EXE_syncwatch");
    tmux.line(&format!("clear; {program} override folder-0; echo code=$?"));
    let screen = tmux.sees("is not send-only").await;
    assert!(!screen.contains("[y/N]"), "{screen}");

    // The answer goes into a file, the question to the user.
    let screen = asked(&mut tmux, "revert folder-0 --json >answer", &["y", "Enter"]).await;
    assert!(screen.contains("code=0"), "{screen}");
    tmux.line("clear; cat answer");
    tmux.sees("\"done\":true").await;
    assert!(!mine.exists());

    let screen = asked(&mut tmux, "shutdown", &["n", "Enter"]).await;
    assert!(screen.contains("Have laptop shut down? [y/N] n\nNothing was done."));
    let screen = asked(&mut tmux, "shutdown", &["yes", "Enter"]).await;
    assert!(screen.contains("Done: laptop was asked to shut down, and shows it.\ncode=0"));
    side.syncthing.ended().await;
}
