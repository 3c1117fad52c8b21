//! Real commands whose children leave them in every way that there is.

use std::fs;
use std::path::{Path, PathBuf};

use super::*;

const LONG: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_millis(300);

/// Each child is started by this line, with what it runs in place of `{}`.
const WAYS: &[(&str, &str)] = &[
    ("in the group", "sh -c '{}' &"),
    ("in a pipe", "sh -c '{}' | cat &"),
    ("in a session of its own", "setsid sh -c '{}' &"),
    ("of a parent that is gone", "(setsid sh -c '{}' &)"),
    (
        "without the output",
        "(setsid sh -c '{}' >/dev/null 2>&1 </dev/null &)",
    ),
    (
        "with an empty environment",
        "env -i PATH=\"$PATH\" setsid sh -c '{}' &",
    ),
    ("deaf", "setsid sh -c 'trap \"\" TERM; {}' &"),
];

fn command(line: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", line]);
    command
}

fn run(limit: Duration) -> Run<'static> {
    Run {
        input: &[],
        limit,
        kept: 64,
        taken: 64,
        errors: Errors::Unread,
    }
}

/// A command with a child of every way, and the file that each writes its number to.
fn with_children(directory: &Path) -> (Command, Vec<PathBuf>) {
    let mut text = String::new();
    let mut files = Vec::new();
    for (number, (_, way)) in WAYS.iter().enumerate() {
        let file = directory.join(number.to_string());
        let shown = file.display();
        let child = format!("echo $$ > {shown}.new; mv {shown}.new {shown}; sleep 600; sleep 600");
        text += &way.replace("{}", &child);
        text += "\n";
        files.push(file);
    }
    (command(&(text + "sleep 600")), files)
}

/// Whether a process is there, and no zombie.
fn lives(id: &str) -> bool {
    let stat = fs::read_to_string(Path::new("/proc").join(id.trim()).join("stat"));
    stat.is_ok_and(|stat| !stat.contains(") Z "))
}

async fn written(file: &Path) -> String {
    let reading = async {
        loop {
            if let Ok(text) = fs::read_to_string(file) {
                return text;
            }
            tokio::task::yield_now().await;
        }
    };
    timeout(LONG, reading).await.expect("it was written")
}

async fn all_gone(files: &[PathBuf]) {
    for (file, (way, _)) in files.iter().zip(WAYS) {
        let id = written(file).await;
        let gone = async {
            while lives(&id) {
                tokio::task::yield_now().await;
            }
        };
        timeout(LONG, gone).await.expect(way);
    }
}

#[tokio::test]
async fn at_its_time_a_command_is_ended_with_all_that_it_started() {
    let directory = tempfile::tempdir().expect("a directory");
    let (command, files) = with_children(directory.path());
    let started = async {
        for file in &files {
            written(file).await;
        }
    };
    // Its time is over once all of them are there.
    let mut family = Family::start(command).expect("started");
    started.await;
    family.end().await;
    all_gone(&files).await;
}

#[tokio::test]
async fn nobody_outlives_the_one_who_waits() {
    let directory = tempfile::tempdir().expect("a directory");
    let (command, files) = with_children(directory.path());
    let task = tokio::spawn(async move { run(LONG).of(command).await });
    for file in &files {
        written(file).await;
    }
    task.abort();
    let _ = task.await;
    all_gone(&files).await;
}

#[tokio::test]
async fn a_command_that_has_ended_may_leave_something_to_go_on() {
    let line = "setsid sleep 600 >/dev/null 2>&1 & echo $!";
    let (ended, said) = run(LONG).of(command(line)).await;
    assert!(
        matches!(ended, Ended::Exited(status) if status.success()),
        "{ended:?}"
    );
    let id = String::from_utf8(said.output).expect("a number");
    assert!(lives(&id));
    let id = rustix::process::Pid::from_raw(id.trim().parse().expect("a number"));
    let id = id.expect("no zero");
    rustix::process::kill_process(id, rustix::process::Signal::KILL).expect("ended");
}

#[tokio::test]
async fn what_it_may_write_and_how_long_are_bounded() {
    let (ended, said) = run(LONG).of(command("yes")).await;
    assert!(matches!(ended, Ended::Exited(_)), "{ended:?}");
    assert_eq!(said.output.len(), 64);
    let (ended, _) = run(SHORT).of(command("sleep 600 | cat")).await;
    assert!(matches!(ended, Ended::TimedOut), "{ended:?}");
}

#[tokio::test]
async fn what_is_hidden_is_given_to_nobody() {
    let hidden = Hidden::default();
    // One that is there whenever cargo runs this.
    let name = "CARGO_MANIFEST_DIR";
    let ask = async |hidden: &Hidden| {
        let mut command = command(&format!("echo ${{{name}:-none}}"));
        hidden.keep_from(&mut command);
        let (_, said) = run(LONG).of(command).await;
        String::from_utf8_lossy(&said.output).trim() == "none"
    };
    assert!(!ask(&hidden).await);
    let earlier = hidden.clone();
    hidden.are([name.to_owned()].into());
    assert!(ask(&earlier).await);
}
