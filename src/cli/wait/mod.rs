//! `syncwatch wait`: returns when a state is reached.
//!
//! Invariant: nothing is promised by what was known before: every server concerned is asked once more, later than the
//! call, and that answer alone counts.

mod aim;
pub mod args;
mod scan;

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{sleep, timeout};

use self::aim::Aim;
use self::args::WaitArgs;
use self::scan::Scans;
use super::context::Context;
use super::error::{CliError, Exit};
use super::output::Transient;
use super::source::{Asker, Heard, Purpose, Source, unexpected};
use crate::core::Status;
use crate::engine::protocol::{Answer, Ask};
use crate::view::wait;
use crate::view::words::doing;

/// Who could not be asked, or proved nothing, is asked again after this; each time after twice as long, up to
/// [`QUIET`]: to ask costs the server something.
const AGAIN: Duration = Duration::from_millis(500);
/// So many folders and devices fit into one question.
const SHARES: usize = 200;
/// Without any news the servers are asked again all the same.
const QUIET: Duration = Duration::from_secs(30);

pub(super) async fn run(args: WaitArgs, context: &Context) -> Result<Exit, CliError> {
    let mut last = None;
    let reached = reach(&args, context, &mut last);
    let timed_out = async {
        match args.timeout {
            Some(timeout) => sleep(timeout).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        reached = reached => return reached,
        () = timed_out => {}
    }
    Err(not_reached(last, &args))
}

async fn reach(
    args: &WaitArgs,
    context: &Context,
    last: &mut Option<Arc<Status>>,
) -> Result<Exit, CliError> {
    let mut source = Source::open(context, Purpose::Follow).await?;
    let mut scans = Scans::new(args.rescan);
    let mut shown = Transient::new(context.out);
    let mut status = source.next().await?;
    // What is known at the beginning is from before the call, whatever it says.
    let mut is_due = true;
    let mut again = AGAIN;
    loop {
        let aim = Aim::of(args, &status, context)?;
        shown.show(wait::line(args.goal.name(), aim.instances()));
        *last = Some(Arc::clone(&status));
        let scanned = scans.go_on(&aim, &source.asker(), context).await?;
        if scanned && (is_due || aim.is_reached()) {
            is_due = match ask(&source.asker(), context).await? {
                Some((fresh, unread)) => {
                    let aim = Aim::of(args, &fresh, context)?;
                    *last = Some(Arc::clone(&fresh));
                    let reached = aim.is_reached();
                    let read = !aim.concerns_any(&unread);
                    if reached && read && is_proved(&aim, &source.asker(), &mut shown).await? {
                        drop(shown);
                        source.close().await;
                        return Ok(Exit::Fine);
                    }
                    reached
                }
                None => true,
            };
            match is_due {
                true => {
                    sleep(again).await;
                    again = (again * 2).min(QUIET);
                }
                false => again = AGAIN,
            }
        }
        let patience = if is_due { AGAIN } else { QUIET };
        match timeout(patience, source.hear()).await {
            Ok(Ok(Heard::Status(next))) => status = next,
            Ok(Ok(Heard::EngineGone)) => status = source.next().await?,
            Ok(Err(error)) => return Err(error),
            Err(_) => is_due = true,
        }
    }
}

/// What the servers say now, and which of them could not be asked. `None` when the engine could not be.
async fn ask(
    engine: &Asker,
    context: &Context,
) -> Result<Option<(Arc<Status>, Vec<String>)>, CliError> {
    let instance = context.only().map(str::to_owned);
    match engine.ask(Ask::Fresh { instance }).await {
        Ok(Answer::Fresh { status, unread }) => Ok(Some((Arc::from(status), unread))),
        Ok(other) => Err(unexpected(other)),
        // It ends, or restarts: the source finds it again.
        Err(error) if error.exit() == Exit::Unreachable => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether nobody who counts lacks anything, now.
async fn is_proved(aim: &Aim<'_>, engine: &Asker, shown: &mut Transient) -> Result<bool, CliError> {
    for (instance, shares) in aim.proofs() {
        for shares in shares.chunks(SHARES) {
            let ask = Ask::Lacks {
                instance: instance.to_owned(),
                shares: shares.to_vec(),
            };
            match engine.ask(ask).await {
                Ok(Answer::Lacks { shares }) => {
                    if let Some((folder, device)) = shares.first() {
                        shown.show(aim.lacking(instance, folder, device));
                        return Ok(false);
                    }
                }
                // Who could not be asked proves nothing.
                Ok(Answer::Refused { .. }) => return Ok(false),
                Ok(other) => return Err(unexpected(other)),
                Err(error) if error.exit() == Exit::Unreachable => return Ok(false),
                Err(error) => return Err(error),
            }
        }
    }
    Ok(true)
}

fn not_reached(last: Option<Arc<Status>>, args: &WaitArgs) -> CliError {
    let mut error = CliError::new(Exit::TimedOut, wait::timed_out(args.goal.name()));
    for instance in last.iter().flat_map(|status| &status.instances) {
        error = error.hint(format!("{} is {}.", instance.name, doing(instance)));
    }
    error
}
