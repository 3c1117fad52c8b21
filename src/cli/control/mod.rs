//! The commands that have a Syncthing do something, such as `syncwatch rescan`.
//!
//! Invariant: nothing counts as done before the server's own state shows it, and nothing is lost without a yes.

pub mod args;
mod effect;
mod names;
mod plan;

use std::io::{self, BufRead, Write};
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use tokio::time::timeout;

use self::args::ControlCommand;
use self::effect::Effect;
use self::plan::{Plan, ask};
use super::context::Context;
use super::error::{CliError, Exit};
use super::source::{Purpose, Source, unexpected};
use crate::core::{InstanceStatus, Kind, LinkState, Service, Status, Timestamp};
use crate::engine::protocol::{Answer, Ask};
use crate::view::control::{self, Task};
use crate::view::style::Line;

/// How long the effect of what was done is waited for.
const EFFECT: Duration = Duration::from_secs(30);
/// Where nothing at all changed for so long, there was nothing to do.
const QUIET: Duration = Duration::from_secs(3);

#[derive(Serialize)]
struct Outcome<'a> {
    instance: &'a str,
    /// What was asked for, in words.
    task: &'a str,
    done: bool,
}

pub(super) async fn run(command: ControlCommand, context: &Context) -> Result<Exit, CliError> {
    let mut source = Source::open(context, Purpose::Change).await?;
    let done = carry_out(&command, &mut source, context).await;
    source.close().await;
    done
}

async fn carry_out(
    command: &ControlCommand,
    source: &mut Source<'_>,
    context: &Context,
) -> Result<Exit, CliError> {
    let status = source.settled().await?;
    let instances = chosen(command, &status, context)?;
    let several = instances.len() > 1;
    let mut ended = Exit::Fine;
    for instance in instances {
        match at(command, instance, source, context).await {
            // The others are asked all the same; the first failure counts.
            Err(error) if several => {
                context.out.aside(&error.page());
                if ended == Exit::Fine {
                    ended = error.exit();
                }
            }
            Err(error) => return Err(error),
            Ok(Exit::Fine) => {}
            Ok(exit) => ended = exit,
        }
    }
    Ok(ended)
}

/// Does everything that is to be done at one instance.
async fn at(
    command: &ControlCommand,
    instance: &InstanceStatus,
    source: &mut Source<'_>,
    context: &Context,
) -> Result<Exit, CliError> {
    let none = Service::default();
    let service = match command.monitors() {
        Some(_) => &none,
        None => connected(instance)?,
    };
    let plan = Plan::of(command, instance, service, context.now())?;
    if plan.needs_an_engine() && source.own().is_some() {
        return Err(CliError::new(
            Exit::Unreachable,
            "No engine is running, so nobody would let it go on after that time.",
        )
        .hint("Start 'syncwatch tray' or 'syncwatch daemon' first, or pause without --for."));
    }
    let common = command.common();
    let frame = context.out.frame(context.now());
    for (task, effect) in &plan.tasks {
        let words = control::task(task, service, &frame);
        if common.dry_run {
            match common.json {
                true => context.out.json_line(&outcome(instance, &words, false))?,
                false => context
                    .out
                    .page(&control::dry_run(&instance.name, &words))?,
            }
            continue;
        }
        if !consents(command, task, service, &words, context).await? {
            context.out.page(&Line::plain("Nothing was done.").into())?;
            return Ok(Exit::Wrong);
        }
        perform(source, &instance.name, task, effect, context).await?;
        match common.json {
            true => context.out.json_line(&outcome(instance, &words, true))?,
            false => context
                .out
                .page(&control::done(&instance.name, task, &words))?,
        }
    }
    Ok(Exit::Fine)
}

/// The instances that are meant.
fn chosen<'a>(
    command: &ControlCommand,
    status: &'a Status,
    context: &Context,
) -> Result<Vec<&'a InstanceStatus>, CliError> {
    let is_about_watching = command.monitors().is_some();
    match (command.is_for_all(), context.only()) {
        (true, Some(_)) => Err(CliError::new(
            Exit::Usage,
            "--all is every instance, --instance is one.",
        )
        .hint("Say one of them.")),
        (true, None) => {
            let all = status.instances.iter().map(AsRef::as_ref);
            let meant = |it: &&InstanceStatus| is_about_watching || it.kind == Kind::Syncthing;
            Ok(all.filter(meant).collect())
        }
        (false, _) if is_about_watching => Ok(vec![context.one(status)?]),
        (false, _) => Ok(vec![syncthing(status, context)?]),
    }
}

fn outcome<'a>(instance: &'a InstanceStatus, task: &'a str, done: bool) -> Outcome<'a> {
    Outcome {
        instance: &instance.name,
        task,
        done,
    }
}

/// The Syncthing that is meant: the one asked for, or the only one there is.
fn syncthing<'a>(status: &'a Status, context: &Context) -> Result<&'a InstanceStatus, CliError> {
    let mut all = status
        .instances
        .iter()
        .filter(|instance| instance.kind == Kind::Syncthing);
    let found = match (context.only(), all.next(), all.next()) {
        (None, Some(only), None) => only,
        _ => context.one(status)?,
    };
    match found.kind {
        Kind::Syncthing => Ok(found),
        _ => Err(
            CliError::new(Exit::Usage, format!("{} is no Syncthing.", found.name))
                .hint("Only a Syncthing can be told what to do."),
        ),
    }
}

fn connected(instance: &InstanceStatus) -> Result<&Service, CliError> {
    let link = &instance.link;
    if let (LinkState::Connected, Some(service)) = (link.state, &instance.service) {
        return Ok(service);
    }
    if link.state == LinkState::Paused {
        let message = format!("{} is not watched; nothing was done.", instance.name);
        return Err(CliError::new(Exit::Unreachable, message)
            .hint("'syncwatch resume --monitoring' has it watched again."));
    }
    let exit = match link.state {
        LinkState::Untrusted => Exit::Untrusted,
        LinkState::Unauthorized => Exit::Unauthorized,
        LinkState::Misconfigured => Exit::Wrong,
        _ => Exit::Unreachable,
    };
    let message = format!("{} is not connected; nothing was done.", instance.name);
    let error = CliError::new(exit, message);
    Err(match &link.failure {
        Some(failure) => error.hint(format!("{} {}", failure.message, failure.hint)),
        None => error.hint("Try again in a moment."),
    })
}

/// Whether the user wants it. What loses nothing needs no consent.
async fn consents(
    command: &ControlCommand,
    task: &Task,
    service: &Service,
    words: &str,
    context: &Context,
) -> Result<bool, CliError> {
    let warning = match (control::question(task, service), command.consent()) {
        (Some(warning), Some(false)) => warning,
        _ => return Ok(true),
    };
    if !context.out.is_dialogue() {
        let error = CliError::new(
            Exit::Usage,
            "There is no terminal to ask on; nothing was done.",
        );
        return Err(error.hint(format!("{warning} If that is meant, say --yes.")));
    }
    let question = format!("{warning} Really {words}? [y/N] ");
    // On a thread of its own: an engine in this process goes on meanwhile.
    let answer = tokio::task::spawn_blocking(move || {
        let mut out = io::stdout();
        out.write_all(question.as_bytes())?;
        out.flush()?;
        let mut answer = String::new();
        io::stdin().lock().read_line(&mut answer)?;
        Ok::<_, io::Error>(answer)
    });
    let answer = answer
        .await
        .map_err(|error| CliError::new(Exit::Internal, error.to_string()))??;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes" | "Yes"))
}

async fn perform(
    source: &mut Source<'_>,
    name: &str,
    task: &Task,
    effect: &Effect,
    context: &Context,
) -> Result<(), CliError> {
    let asked = context.now();
    match source.ask(ask(name, task)).await? {
        Answer::Done => {}
        other => return Err(unexpected(other)),
    }
    match timeout(EFFECT, shown(source, name, effect, asked)).await {
        Ok(shown) => shown,
        Err(_) => Err(CliError::new(
            Exit::TimedOut,
            format!(
                "{name} agreed, but does not show it after {} s.",
                EFFECT.as_secs()
            ),
        )
        .hint("It may still come: look at 'syncwatch status'.")),
    }
}

/// Returns once the instance shows the effect.
async fn shown(
    source: &mut Source<'_>,
    name: &str,
    effect: &Effect,
    asked: Timestamp,
) -> Result<(), CliError> {
    if *effect == Effect::Answered {
        return Ok(());
    }
    // It may show it already, and then nothing changes any more.
    let mut status: Arc<Status> = match source.ask(Ask::Status).await? {
        Answer::Status { status } => Arc::from(status),
        other => return Err(unexpected(other)),
    };
    loop {
        let Some(instance) = status.instance(name) else {
            return Err(CliError::unknown_instance(name, []));
        };
        if effect.shows(instance, asked) {
            return Ok(());
        }
        let idle = effect.may_be_nothing(instance);
        match timeout(QUIET, source.next()).await {
            Ok(next) => status = next?,
            Err(_) if idle => return Ok(()),
            Err(_) => {}
        }
    }
}
