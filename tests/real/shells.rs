//! Tab in real shells: the names of a real Syncthing's folders and devices, also those that a shell must quote.

use std::os::unix::fs::symlink;
use std::path::PathBuf;

use serde_json::json;

use super::commands::Side;
use crate::support::tmux::{PROMPT, Tmux};

/// Nothing that a shell would not have to be told.
const LABEL: &str = "Photo albums (it's $HOME)";

async fn side() -> Option<Side> {
    let mut side = Side::start(2, 1).await?;
    let path = "/rest/config/folders/folder-1";
    side.syncthing
        .api_patch(path, json!({ "label": LABEL }))
        .await;
    side.watched
        .wait_for("a new label", |instance| {
            instance["service"]["folders"][1]["label"] == LABEL
        })
        .await;
    let programs = side.watched.path("programs");
    std::fs::create_dir(&programs).unwrap();
    symlink(env!("CARGO_BIN_EXE_syncwatch"), programs.join("syncwatch")).unwrap();
    Some(side)
}

/// Completes in `shell`, which `prepare` makes ask syncwatch, and reads back what the whole line did.
async fn completes(side: &Side, shell: &[&str], prepare: &str) {
    let mut environment = side.watched.surroundings();
    let programs = side.watched.path("programs");
    let path = format!("{}:/usr/bin:/bin", programs.display());
    environment.push(("PATH", PathBuf::from(path)));
    let Some(mut tmux) = Tmux::start((120, 30), shell, &environment).await else {
        return;
    };
    tmux.line(prepare);
    tmux.line("clear; echo prepa''red");
    tmux.sees("prepared").await;
    tmux.line("clear");
    for typed in ["Pho", "'Photo al", "Photo\\ al"] {
        tmux.press(&[&format!("syncwatch rescan -n {typed}")]);
        tmux.press(&["Tab"]);
        tmux.sees("HOME").await;
        tmux.press(&["Enter"]);
        let done = tmux.sees("Nothing was done.").await;
        assert!(
            done.contains(&format!("folder '{LABEL}'.")),
            "{shell:?} {typed}: {done}"
        );
        tmux.line("clear");
        tmux.until("a clear screen", |screen| !screen.contains("Nothing"))
            .await;
    }
    tmux.press(&["syncwatch pause -n dev", "Tab"]);
    tmux.sees("device-0").await;
    tmux.press(&["Enter"]);
    tmux.sees("pause device 'device-0'.").await;
}

#[tokio::test]
async fn names_are_completed_and_quoted() {
    let Some(side) = side().await else {
        return;
    };
    let generate = "syncwatch generate completions";
    let bash = ["/bin/bash", "--noprofile", "--norc", "-i"];
    completes(&side, &bash, &format!("{generate} bash >~/it; . ~/it")).await;
    for (shell, arguments, prepare) in [
        (
            "/usr/bin/zsh",
            ["-f", "-i"].as_slice(),
            format!(
                "autoload -Uz compinit; compinit -u; {generate} zsh >~/it; . ~/it; PS1='{PROMPT}'"
            ),
        ),
        (
            "/usr/bin/fish",
            ["--no-config", "-i"].as_slice(),
            format!("{generate} fish | source; function fish_prompt; printf '{PROMPT}'; end"),
        ),
    ] {
        if std::fs::exists(shell).unwrap() {
            completes(&side, &[&[shell], arguments].concat(), &prepare).await;
        } else {
            eprintln!("SKIPPED: no {shell}; tests/run installs it");
        }
    }
}
