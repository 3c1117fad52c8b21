//! A hook that is a command: JSON in, a bounded amount of words out, ended with all that it started when it takes too
//! long.

use std::io;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, ChildStdin, Command};
use tokio::time::timeout;

use super::deliver::{Report, Trial};
use crate::view::style::clean;

/// What is kept of each output, bytes.
const KEPT: usize = 2048;
/// What is taken of each output at all; then it is closed, and who goes on writing is told so by the system.
const TAKEN: u64 = 64 * 1024;

/// Runs a command to its end, or to the end of its time.
pub(super) async fn run(mut command: Command, input: Vec<u8>, limit: Duration) -> Trial {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    group::make(&mut command);
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => return failed(not_started(&error)),
    };
    // Dropped before the child, so that the whole group goes with it.
    let mut group = group::Group::of(&child);
    let mut said = (Vec::new(), Vec::new());
    let ended = timeout(limit, talk(&mut child, &input, &mut said)).await;
    let report = match ended {
        Ok(Ok(status)) => {
            group.is_over();
            report(status)
        }
        Ok(Err(error)) => Report::Failed {
            why: format!("it could not be waited for: {error}"),
            again: false,
        },
        Err(_) => {
            group.end().await;
            Report::TimedOut
        }
    };
    let words = [said.0, said.1].map(|output| clean(String::from_utf8_lossy(&output).trim()));
    let said = words.join(" ").trim().to_owned();
    Trial { report, said }
}

/// Gives the input, takes the output, and only then asks for the exit code: until then the command's number is its own,
/// and that of its group.
async fn talk(
    child: &mut Child,
    input: &[u8],
    said: &mut (Vec<u8>, Vec<u8>),
) -> io::Result<ExitStatus> {
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    tokio::join!(
        give(stdin, input),
        take(stdout, &mut said.0),
        take(stderr, &mut said.1)
    );
    child.wait().await
}

async fn give(stdin: Option<ChildStdin>, input: &[u8]) {
    if let Some(mut stdin) = stdin {
        // A command need not read what it is told.
        let _ = stdin.write_all(input).await;
    }
}

async fn take(stream: Option<impl AsyncRead + Unpin>, kept: &mut Vec<u8>) {
    let Some(stream) = stream else { return };
    let mut stream = stream.take(TAKEN);
    let mut chunk = [0; 1024];
    while let Ok(length @ 1..) = stream.read(&mut chunk).await {
        let room = KEPT.saturating_sub(kept.len()).min(length);
        kept.extend(chunk.iter().take(room));
    }
}

fn report(status: ExitStatus) -> Report {
    let why = match status.code() {
        Some(0) => return Report::Fine,
        // Of `sh`, and of Windows' `cmd`.
        Some(code @ (127 | 9009)) => {
            format!("it ended with exit code {code}: a program was not found")
        }
        Some(code) => format!("it ended with exit code {code}"),
        None => "it was ended by a signal".to_owned(),
    };
    Report::Failed { why, again: false }
}

fn not_started(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such program".to_owned(),
        io::ErrorKind::PermissionDenied => "it may not be run: is it executable?".to_owned(),
        _ => format!("it could not be started: {error}"),
    }
}

fn failed(why: String) -> Trial {
    Trial {
        report: Report::Failed { why, again: false },
        said: String::new(),
    }
}

#[cfg(unix)]
mod group {
    //! A command and everything that it starts.

    use std::time::Duration;

    use rustix::process::{Pid, Signal, kill_process_group};
    use tokio::process::{Child, Command};

    /// Time to tidy up.
    const FAREWELL: Duration = Duration::from_millis(500);

    /// The group of a command that was not waited for yet: nobody else can have its number.
    pub(super) struct Group(Option<Pid>);

    pub(super) fn make(command: &mut Command) {
        command.process_group(0);
    }

    impl Group {
        pub(super) fn of(child: &Child) -> Self {
            let id = child.id().and_then(|id| i32::try_from(id).ok());
            Self(id.and_then(Pid::from_raw))
        }

        /// The command was waited for.
        pub(super) fn is_over(&mut self) {
            self.0 = None;
        }

        /// Asks everything in it to end, then ends it.
        pub(super) async fn end(&mut self) {
            if let Some(group) = self.0 {
                let _ = kill_process_group(group, Signal::TERM);
                tokio::time::sleep(FAREWELL).await;
            }
            self.kill();
        }

        fn kill(&mut self) {
            if let Some(group) = self.0.take() {
                let _ = kill_process_group(group, Signal::KILL);
            }
        }
    }

    impl Drop for Group {
        fn drop(&mut self) {
            self.kill();
        }
    }
}

#[cfg(not(unix))]
mod group {
    //! A command alone: it is ended when it is dropped.

    use tokio::process::{Child, Command};

    pub(super) struct Group;

    pub(super) fn make(_: &mut Command) {}

    impl Group {
        pub(super) fn of(_: &Child) -> Self {
            Self
        }

        pub(super) fn is_over(&mut self) {}

        pub(super) async fn end(&mut self) {}
    }
}

#[cfg(all(test, unix))]
mod tests;
