//! What was asked for and does not show yet.
//!
//! Invariant: everything that was asked for is waited for at one time, and told in the order in which it was asked: one
//! server that hangs keeps none of the others from doing it.

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

/// Something that an instance is to do.
#[derive(Debug)]
pub struct Pending {
    pub instance: String,
    /// `None` where it did not come to that.
    pub task: Option<Task>,
    /// What the task means, as the end of a sentence.
    pub words: String,
    pub came: Came,
}

/// What came of it.
#[derive(Debug)]
pub enum Came {
    /// It agreed, when it was asked at that time, and does not show it yet.
    Agreed(Effect, Timestamp),
    Done,
    /// There was nothing to do.
    Nothing,
    Failed(CliError),
}

impl Pending {
    /// Looks whether it shows. `quiet`: nothing more is to be expected of what may be nothing.
    fn look(&mut self, status: &Status, quiet: bool) -> Result<(), CliError> {
        let Came::Agreed(effect, asked) = &self.came else {
            return Ok(());
        };
        let instance = status
            .instance(&self.instance)
            .ok_or_else(|| CliError::unknown_instance(&self.instance, []))?;
        if *effect == Effect::Answered || effect.shows(instance, *asked) {
            self.came = Came::Done;
        } else if quiet && effect.may_be_nothing(instance) {
            self.came = Came::Nothing;
        }
        Ok(())
    }

    fn is_open(&self) -> bool {
        matches!(self.came, Came::Agreed(..))
    }

    /// What is not told as done.
    fn overdue(&self) -> CliError {
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

/// Waits for all of them and tells what came of each, in order. Returns why some failed.
pub async fn await_all(
    source: &mut Source<'_>,
    mut pending: Vec<Pending>,
    tell: impl Fn(&Pending) -> io::Result<()>,
) -> Result<Vec<CliError>, CliError> {
    let mut told = 0;
    if pending.iter().any(Pending::is_open) {
        let watched = watch(source, &mut pending, &mut told, &tell);
        if let Ok(Err(error)) = timeout(LONGEST, watched).await {
            return Err(error);
        }
    }
    for one in pending.iter_mut().filter(|one| one.is_open()) {
        one.came = Came::Failed(one.overdue());
    }
    pending.iter().skip(told).try_for_each(tell)?;
    let failed = pending.into_iter().filter_map(|one| match one.came {
        Came::Failed(error) => Some(error),
        _ => None,
    });
    Ok(failed.collect())
}

async fn watch(
    source: &mut Source<'_>,
    pending: &mut [Pending],
    told: &mut usize,
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
        for one in pending.iter_mut() {
            one.look(&status, is_quiet)?;
        }
        while let Some(next) = pending.get(*told).filter(|next| !next.is_open()) {
            tell(next)?;
            *told += 1;
        }
        if *told == pending.len() {
            return Ok(());
        }
        tokio::select! {
            next = source.next() => status = next?,
            () = &mut quiet, if !is_quiet => is_quiet = true,
        }
    }
}
