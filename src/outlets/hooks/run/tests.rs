//! Real commands: well behaved, failing, hanging, forking, flooding.

use std::path::Path;

use super::*;

const LONG: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_millis(300);

async fn shell(line: &str, limit: Duration) -> Trial {
    let mut command = Command::new("sh");
    command.args(["-c", line]);
    run(command, b"{\"events\":[]}\n".to_vec(), limit).await
}

/// Whether a process is there, and no zombie.
fn lives(pid: &str) -> bool {
    let stat = std::fs::read_to_string(Path::new("/proc").join(pid.trim()).join("stat"));
    stat.is_ok_and(|stat| !stat.contains(") Z "))
}

#[tokio::test]
async fn is_told_and_heard() {
    let trial = shell("read line; echo \"told: $line\"; echo oh >&2", LONG).await;
    assert_eq!(trial.report, Report::Fine);
    assert_eq!(trial.said, "told: {\"events\":[]} oh");
    // One that reads nothing does well too, and so does one that ends at once.
    assert_eq!(shell("exec <&-; exit 0", LONG).await.report, Report::Fine);
}

#[tokio::test]
async fn failures_are_said_without_the_command() {
    for (line, expected) in [
        ("exit 3", "it ended with exit code 3"),
        (
            "no-such-program-here",
            "it ended with exit code 127: a program was not found",
        ),
        ("kill -9 $$", "it was ended by a signal"),
    ] {
        let Report::Failed { why, again } = shell(line, LONG).await.report else {
            panic!("{line}");
        };
        assert_eq!((why.as_str(), again), (expected, false), "{line}");
    }
    for (program, expected) in [
        ("/no/such/program", "there is no such program"),
        ("/dev/null", "it may not be run: is it executable?"),
    ] {
        let trial = run(Command::new(program), Vec::new(), LONG).await;
        let (why, again) = (expected.to_owned(), false);
        assert_eq!(trial.report, Report::Failed { why, again });
    }
}

#[tokio::test]
async fn one_that_hangs_is_ended_with_all_that_it_started() {
    let directory = tempfile::tempdir().expect("a directory");
    let pids = directory.path().join("pids");
    // Deaf to SIGTERM, with a child in the background that holds its output.
    let line = format!(
        "trap '' TERM; sleep 600 & echo $! > {pids:?}; echo $$ >> {pids:?}; wait; sleep 600"
    );
    let trial = shell(&line, SHORT).await;
    assert_eq!(trial.report, Report::TimedOut);
    let pids = std::fs::read_to_string(pids).expect("two numbers");
    assert_eq!(pids.lines().count(), 2);
    for pid in pids.lines() {
        let gone = async {
            while lives(pid) {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(LONG, gone).await.expect("gone");
    }
}

#[tokio::test]
async fn one_that_leaves_a_child_behind_is_ended_with_it() {
    let trial = shell("sleep 600 & echo $!", SHORT).await;
    assert_eq!(trial.report, Report::TimedOut);
    let gone = async {
        while lives(&trial.said) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(LONG, gone).await.expect("gone");
}

#[tokio::test]
async fn one_that_floods_is_not_listened_to_for_long() {
    let trial = shell("yes 'a\u{1b}[31mb'", LONG).await;
    assert!(matches!(trial.report, Report::Failed { .. } | Report::Fine));
    assert!(trial.said.len() <= 4 * KEPT && !trial.said.contains('\u{1b}'));
}

#[tokio::test]
async fn one_that_is_dropped_is_ended() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("pid");
    let line = format!("echo $$ > {file:?}.new; mv {file:?}.new {file:?}; sleep 600");
    let task = tokio::spawn(async move { shell(&line, LONG).await });
    let pid = async {
        loop {
            if let Ok(pid) = std::fs::read_to_string(&file) {
                return pid;
            }
            tokio::task::yield_now().await;
        }
    };
    let pid = tokio::time::timeout(LONG, pid).await.expect("started");
    task.abort();
    let _ = task.await;
    let gone = async {
        while lives(&pid) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(LONG, gone).await.expect("gone");
}
