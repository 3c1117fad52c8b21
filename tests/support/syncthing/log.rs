//! What a process prints, as something to wait for.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use tokio::sync::watch;

use super::DEADLINE;

#[derive(Debug, Default)]
struct Printed {
    lines: Vec<String>,
    /// Nobody holds the pipe any more: every process of it is gone.
    ended: bool,
}

/// The lines of one process after another.
#[derive(Clone, Debug, Default)]
pub(super) struct Log(Arc<watch::Sender<Printed>>);

impl Log {
    /// Starts a process that prints into this log.
    pub(super) fn spawn(&self, mut command: Command) -> Child {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        command
            .stdin(Stdio::null())
            .stdout(writer.try_clone().expect("a pipe"))
            .stderr(writer);
        self.0.send_modify(|printed| printed.ended = false);
        let child = command.spawn().expect("Syncthing starts");
        // The end of the pipe that the command holds would keep it open.
        drop(command);
        let log = Arc::clone(&self.0);
        std::thread::spawn(move || {
            for line in BufReader::new(reader).lines() {
                let Ok(line) = line else { break };
                log.send_modify(|printed| printed.lines.push(line));
            }
            log.send_modify(|printed| printed.ended = true);
        });
        child
    }

    pub(super) fn len(&self) -> usize {
        self.0.borrow().lines.len()
    }

    pub(super) fn lines(&self) -> Vec<String> {
        self.0.borrow().lines.clone()
    }

    /// The first line after `from` with `words` in it.
    pub(super) async fn wait_for(&self, from: usize, words: &str) -> String {
        let found = |printed: &Printed| {
            let mut lines = printed.lines.iter().skip(from);
            lines.find(|line| line.contains(words)).cloned()
        };
        let mut printed = self.0.subscribe();
        let waiting = printed.wait_for(|printed| printed.ended || found(printed).is_some());
        let line = match tokio::time::timeout(DEADLINE, waiting).await {
            Ok(Ok(printed)) => found(&printed),
            _ => None,
        };
        line.unwrap_or_else(|| panic!("it never logged '{words}'\n{}", self.tail()))
    }

    /// Returns once every process that prints into this log is gone.
    pub(super) async fn wait_for_end(&self) {
        let mut printed = self.0.subscribe();
        let waiting = printed.wait_for(|printed| printed.ended);
        if tokio::time::timeout(DEADLINE, waiting).await.is_err() {
            panic!("it did not end\n{}", self.tail());
        }
    }

    /// The last lines, for a message.
    pub(super) fn tail(&self) -> String {
        let printed = self.0.borrow();
        let skipped = printed.lines.len().saturating_sub(40);
        let lines = printed.lines.get(skipped..).unwrap_or_default();
        format!("its last log lines:\n  {}", lines.join("\n  "))
    }
}
