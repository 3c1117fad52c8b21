//! The commands that have a Syncthing do something, such as `syncwatch rescan`.
//!
//! Invariant: nothing counts as done before the server's own state shows it, and nothing is lost without a yes.

pub mod args;
mod effect;
mod names;
mod outcome;
mod pending;
mod plan;

use self::args::ControlCommand;
use self::outcome::Teller;
use self::pending::{Pending, await_all};
use self::plan::{Plan, ask};
use super::ask::says_yes;
use super::context::Context;
use super::error::{CliError, Exit};
use super::source::{Purpose, Source, unexpected};
use crate::core::{InstanceStatus, Kind, LinkState, Service, Status};
use crate::engine::protocol::Answer;
use crate::view::control::{self, Task};

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
    let tell = Teller {
        out: context.out,
        json: command.common().json,
    };
    // All are asked before any is waited for; the others also where one could not be.
    let (mut pending, mut errors) = (Vec::new(), Vec::new());
    let mut ended = Exit::Fine;
    for instance in instances {
        match put(command, instance, source, &mut pending, tell, context).await {
            Ok(Exit::Fine) => {}
            Ok(exit) => ended = exit,
            Err(error) => {
                tell.failed(&instance.name, None, &error)?;
                errors.push(error);
            }
        }
    }
    await_all(source, &mut pending, |done| tell.done(done)).await?;
    for late in pending {
        let error = late.overdue();
        tell.failed(&late.instance, Some(&late.words), &error)?;
        errors.push(error);
    }
    // The first failure counts, and is told at the very end.
    let mut errors = errors.into_iter();
    let first = errors.next();
    errors.for_each(|error| context.out.aside(&error.page()));
    first.map_or(Ok(ended), Err)
}

/// Has one instance do everything that it is to do. What it agreed to is `pending` then.
async fn put(
    command: &ControlCommand,
    instance: &InstanceStatus,
    source: &mut Source<'_>,
    pending: &mut Vec<Pending>,
    tell: Teller,
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
    let name = &instance.name;
    let frame = context.out.frame(context.now());
    for (task, effect) in plan.tasks {
        let words = control::task(&task, service, &frame);
        let dry_run = command.common().dry_run;
        if dry_run || command.consent() == Some(false) {
            // Nobody is asked about what cannot be. With a yes it is the server that knows best.
            plan::feasible(&task, service)?;
        }
        if dry_run {
            tell.dry_run(name, &words)?;
            continue;
        }
        if !consents(command, name, &task, service, &words, context).await? {
            tell.declined(name, &words)?;
            return Ok(Exit::Wrong);
        }
        let asked = context.now();
        match source.ask(ask(name, &task)).await? {
            Answer::Done => pending.push(Pending {
                instance: name.clone(),
                task,
                words,
                effect,
                asked,
            }),
            other => return Err(unexpected(other)),
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
            let meant: Vec<_> = all.filter(meant).collect();
            match meant.is_empty() {
                true => Err(CliError::new(Exit::Usage, "The config names no Syncthing.")),
                false => Ok(meant),
            }
        }
        (false, _) if is_about_watching => Ok(vec![context.one(status)?]),
        (false, _) => Ok(vec![syncthing(status, context)?]),
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
    instance: &str,
    task: &Task,
    service: &Service,
    words: &str,
    context: &Context,
) -> Result<bool, CliError> {
    let warning = match (control::warning(instance, task, service), command.consent()) {
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
    Ok(says_yes(control::question(&warning, instance, words)).await?)
}
