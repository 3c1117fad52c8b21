//! What was asked for and does not show yet.
//!
//! Invariant: everything that was asked for is waited for at one time: one server that hangs holds up none of the others.

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{sleep, timeout};

use super::effect::Effect;
use crate::cli::error::{CliError, Exit};
use crate::cli::source::{Source, unexpected};
use crate::core::{Status, Timestamp};
use crate::engine::protocol::{Answer, Ask};
use crate::view::control::Task;

/// How long an effect is waited for.
const LONGEST: Duration = Duration::from_secs(30);
/// What cannot be told from nothing, after so long is nothing.
const QUIET: Duration = Duration::from_secs(3);

/// Something that an instance agreed to.
#[derive(Clone, Debug)]
pub struct Pending {
    pub instance: String,
    pub task: Task,
    /// What the task means, as the end of a sentence.
    pub words: String,
    pub effect: Effect,
    pub asked: Timestamp,
}

impl Pending {
    /// `quiet`: nothing more is to be expected of what may be nothing.
    fn is_shown(&self, status: &Status, quiet: bool) -> Result<bool, CliError> {
        if self.effect == Effect::Answered {
            return Ok(true);
        }
        let instance = status
            .instance(&self.instance)
            .ok_or_else(|| CliError::unknown_instance(&self.instance, []))?;
        let shown = self.effect.shows(instance, self.asked);
        Ok(shown || (quiet && self.effect.may_be_nothing(instance)))
    }

    /// Why it is not told as done.
    pub fn overdue(&self) -> CliError {
        let message = format!(
            "{} was asked to {}, but does not show it after {} s.",
            self.instance,
            self.words,
            LONGEST.as_secs()
        );
        CliError::new(Exit::TimedOut, message)
            .hint("It may still come: look at 'syncwatch status'.")
    }
}

/// Waits for all of them, and tells each as soon as it shows. What is left in `pending` then did not show in time.
pub async fn await_all(
    source: &mut Source<'_>,
    pending: &mut Vec<Pending>,
    tell: impl Fn(&Pending) -> io::Result<()>,
) -> Result<(), CliError> {
    match timeout(LONGEST, watch(source, pending, tell)).await {
        Ok(done) => done,
        Err(_) => Ok(()),
    }
}

async fn watch(
    source: &mut Source<'_>,
    pending: &mut Vec<Pending>,
    tell: impl Fn(&Pending) -> io::Result<()>,
) -> Result<(), CliError> {
    // It may show already, and then nothing changes any more.
    let mut status: Arc<Status> = match source.ask(Ask::Status).await? {
        Answer::Status { status } => Arc::from(status),
        other => return Err(unexpected(other)),
    };
    let mut quiet = pin!(sleep(QUIET));
    let mut is_quiet = false;
    loop {
        let mut left = Vec::new();
        for one in pending.drain(..) {
            match one.is_shown(&status, is_quiet)? {
                true => tell(&one)?,
                false => left.push(one),
            }
        }
        *pending = left;
        if pending.is_empty() {
            return Ok(());
        }
        tokio::select! {
            next = source.next() => status = next?,
            () = &mut quiet, if !is_quiet => is_quiet = true,
        }
    }
}
