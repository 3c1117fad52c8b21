//! A hook that is a command: JSON in, some words out.

use std::time::Duration;

use tokio::process::Command;

use super::deliver::{Report, Trial};
use crate::children::{self, Ended, Errors, Run};
use crate::view::style::clean;

/// What is kept of each output, bytes.
const KEPT: usize = 2048;
/// What is taken of each output at all.
const TAKEN: u64 = 64 * 1024;

/// Runs a command to its end, or to the end of its time.
pub(super) async fn run(command: Command, input: Vec<u8>, limit: Duration) -> Trial {
    let run = Run {
        input: &input,
        limit,
        kept: KEPT,
        taken: TAKEN,
        errors: Errors::Whole,
    };
    let (ended, said) = run.of(command).await;
    let failed = |why| Report::Failed { why, again: false };
    let report = match ended {
        Ended::Exited(status) => match children::ending(status) {
            None => Report::Fine,
            Some(why) => failed(format!("it {why}")),
        },
        Ended::TimedOut => Report::TimedOut,
        Ended::NotStarted(error) => failed(children::not_started(&error)),
        Ended::Lost(error) => failed(format!("it could not be waited for: {error}")),
    };
    let words =
        [said.output, said.errors].map(|output| clean(String::from_utf8_lossy(&output).trim()));
    let said = words.join(" ").trim().to_owned();
    Trial { report, said }
}

#[cfg(all(test, unix))]
mod tests;
