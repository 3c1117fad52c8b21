//! Starts other programs: those that tell a key or a pin, hooks, and what opens things.
//!
//! Invariant: nothing else in this crate starts one. A command is bounded in time and output; when its time is over, or
//! nobody waits for it any more, it is ended with everything that it started. None gets an environment variable that the
//! config reads a secret from.

mod family;
mod hidden;

use std::io;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, ChildStdin, Command};
use tokio::time::timeout;

use family::Family;
pub use hidden::Hidden;

/// Time for what a command has written before it ended, while something that it left behind holds its output open.
const LAST_WORDS: Duration = Duration::from_millis(20);

/// How a command is run.
#[derive(Clone, Copy, Debug)]
pub struct Run<'a> {
    /// What it reads; nothing at all where empty.
    pub input: &'a [u8],
    /// It is ended when it takes longer.
    pub limit: Duration,
    /// What is kept of each output, bytes.
    pub kept: usize,
    /// What is taken of each output at all, bytes; then it is closed, and who goes on writing is told so by the system.
    pub taken: u64,
    /// What its standard error is good for.
    pub errors: Errors,
}

/// What is done with the standard error of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Errors {
    /// Read to its end: what the command leaves behind counts as a part of it.
    Whole,
    /// Read until the command has ended: ssh may leave a master behind that keeps it open.
    UntilTheEnd,
    /// Thrown away.
    Unread,
}

/// What came of it.
#[derive(Debug)]
pub enum Ended {
    Exited(ExitStatus),
    TimedOut,
    NotStarted(io::Error),
    /// It could not be waited for.
    Lost(io::Error),
}

/// What it wrote.
#[derive(Debug, Default)]
pub struct Said {
    pub output: Vec<u8>,
    pub errors: Vec<u8>,
}

impl Run<'_> {
    /// Runs `command` to its end, or to the end of its time. Dropped before, it ends it at once.
    pub async fn of(&self, mut command: Command) -> (Ended, Said) {
        let piped = |wanted| {
            if wanted {
                Stdio::piped()
            } else {
                Stdio::null()
            }
        };
        command
            .stdin(piped(!self.input.is_empty()))
            .stdout(Stdio::piped())
            .stderr(piped(self.errors != Errors::Unread));
        let mut said = Said::default();
        let mut family = match Family::start(command) {
            Ok(family) => family,
            Err(error) => return (Ended::NotStarted(error), said),
        };
        let talk = self.talk(&mut family.child, &mut said);
        let ended = match timeout(self.limit, talk).await {
            Ok(Ok(status)) => Ended::Exited(status),
            Ok(Err(error)) => Ended::Lost(error),
            Err(_) => {
                family.end().await;
                Ended::TimedOut
            }
        };
        (ended, said)
    }

    /// Gives the input, takes the output, and only then asks for the exit code: until then the command's number is its
    /// own, and that of its group.
    async fn talk(&self, child: &mut Child, said: &mut Said) -> io::Result<ExitStatus> {
        let (stdin, stdout, stderr) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let output = async {
            tokio::join!(give(stdin, self.input), self.take(stdout, &mut said.output));
        };
        let errors = self.take(stderr, &mut said.errors);
        if self.errors != Errors::UntilTheEnd {
            tokio::join!(output, errors);
            return child.wait().await;
        }
        let end = async {
            output.await;
            child.wait().await
        };
        tokio::pin!(end, errors);
        tokio::select! {
            status = &mut end => {
                let _ = timeout(LAST_WORDS, errors).await;
                status
            }
            () = &mut errors => end.await,
        }
    }

    async fn take(&self, stream: Option<impl AsyncRead + Unpin>, kept: &mut Vec<u8>) {
        let Some(stream) = stream else { return };
        let mut stream = stream.take(self.taken);
        let mut chunk = [0; 1024];
        while let Ok(length @ 1..) = stream.read(&mut chunk).await {
            let room = self.kept.saturating_sub(kept.len()).min(length);
            kept.extend(chunk.iter().take(room));
        }
    }
}

/// Starts what is to outlive us, such as a browser, with none of our standard streams, and listens for `soon` whether it
/// fails: `None` when it has not ended by then. The runtime reaps it whenever it ends.
///
/// # Errors
/// It could not be started.
pub async fn launch(
    mut command: Command,
    hidden: &Hidden,
    soon: Duration,
) -> io::Result<Option<ExitStatus>> {
    hidden.keep_from(&mut command);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    // What a terminal sends us is not for it.
    #[cfg(unix)]
    command.process_group(0);
    let mut child = command.spawn()?;
    timeout(soon, child.wait()).await.ok().transpose()
}

/// Why it did not end well, to follow a word for it; `None` where it did.
pub fn ending(status: ExitStatus) -> Option<String> {
    match status.code() {
        Some(0) => None,
        // Of `sh`, and of Windows' `cmd`.
        Some(code @ (127 | 9009)) => Some(format!(
            "ended with exit code {code}: a program was not found"
        )),
        Some(code) => Some(format!("ended with exit code {code}")),
        None => Some("was ended by a signal".to_owned()),
    }
}

/// Why it was not started, as a whole sentence without its end.
pub fn not_started(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such program".to_owned(),
        io::ErrorKind::PermissionDenied => "it may not be run: is it executable?".to_owned(),
        _ => format!("it could not be started: {error}"),
    }
}

async fn give(stdin: Option<ChildStdin>, input: &[u8]) {
    if let Some(mut stdin) = stdin {
        // A command need not read what it is told.
        let _ = stdin.write_all(input).await;
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests;
