//! `syncwatch wait`: returns when a state is reached.

use std::sync::Arc;

use tokio::time::sleep;

use super::args::{Goal, WaitArgs};
use super::context::Context;
use super::error::{CliError, Exit};
use super::source::{Purpose, Source};
use crate::core::status::InstanceStatus;
use crate::core::{LinkState, Status};
use crate::view::words::{doing, is_synced};

pub(super) async fn run(args: WaitArgs, context: &Context) -> Result<Exit, CliError> {
    let mut last = None;
    let reached = async {
        let mut source = Source::open(context, Purpose::Follow).await?;
        loop {
            let status = source.next().await?;
            context.expect_known(&status)?;
            let status = context.select(status);
            let is_reached = has_reached(&status, args.goal);
            last = Some(status);
            if is_reached {
                source.close().await;
                return Ok(Exit::Fine);
            }
        }
    };
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
    Err(not_reached(last, args.goal))
}

/// Every instance that is not paused is there; one at least.
fn has_reached(status: &Status, goal: Goal) -> bool {
    let mut watched = status
        .instances
        .iter()
        .filter(|instance| instance.link.state != LinkState::Paused)
        .peekable();
    watched.peek().is_some() && watched.all(|instance| is_there(instance, goal))
}

fn is_there(instance: &InstanceStatus, goal: Goal) -> bool {
    let connected = instance.link.state == LinkState::Connected;
    match goal {
        Goal::Connected => connected,
        Goal::Idle => {
            let idle = instance
                .service
                .as_ref()
                .is_some_and(|service| !service.is_busy());
            connected && idle
        }
        Goal::Synced => is_synced(instance),
    }
}

fn not_reached(last: Option<Arc<Status>>, goal: Goal) -> CliError {
    let goal = match goal {
        Goal::Connected => "connected",
        Goal::Idle => "idle",
        Goal::Synced => "synced",
    };
    let mut error = CliError::new(
        Exit::TimedOut,
        format!("Timed out: not everything is {goal}."),
    );
    for instance in last.iter().flat_map(|status| &status.instances) {
        error = error.hint(format!("{} is {}.", instance.name, doing(instance)));
    }
    error
}
