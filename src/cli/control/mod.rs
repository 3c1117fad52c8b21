//! The commands that have a Syncthing do something, such as `syncwatch rescan`.
//!
//! Invariant: nothing counts as done before the server's own state shows it, and nothing is lost without a yes.

pub mod args;
mod effect;
pub(super) mod names;
mod outcome;
mod pending;
mod plan;

use self::args::ControlCommand;
use self::outcome::Teller;
use self::pending::{Came, Pending, await_all};
use self::plan::{Plan, ask};
use super::ask::says_yes;
use super::context::Context;
use super::error::{CliError, Exit};
use super::files::Pages;
use super::source::{Purpose, Source, unexpected};
use crate::core::listing::Listing;
use crate::core::{Action, InstanceStatus, Kind, LinkState, Service, Status};
use crate::engine::protocol::{Answer, Ask};
use crate::view::control::{self, Task};
use crate::view::list;
use crate::view::style::Page;

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
    let mut pending = Vec::new();
    let mut ended = Exit::Fine;
    for instance in instances {
        let given = Given {
            command,
            instance,
            tell,
            context,
        };
        match given.put(source, &mut pending).await {
            Ok(Exit::Fine) => {}
            Ok(exit) => ended = exit,
            Err(error) => pending.push(Teller::failed(&instance.name, error)),
        }
    }
    let errors = await_all(source, pending, |one| tell.tell(one)).await?;
    // The first failure counts, and is told at the very end.
    let mut errors = errors.into_iter();
    let first = errors.next();
    errors.for_each(|error| context.out.aside(&error.page()));
    first.map_or(Ok(ended), Err)
}

/// A command for one instance.
struct Given<'a> {
    command: &'a ControlCommand,
    instance: &'a InstanceStatus,
    tell: Teller,
    context: &'a Context,
}

impl Given<'_> {
    /// Has it do everything that it is to do. What it agreed to is `pending` then.
    async fn put(
        &self,
        source: &mut Source<'_>,
        pending: &mut Vec<Pending>,
    ) -> Result<Exit, CliError> {
        let Self {
            command,
            instance,
            tell,
            context,
        } = self;
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
            let dry_run = command.common().dry_run;
            if dry_run || command.consent() == Some(false) {
                // Nobody is asked about what cannot be. With a yes it is the server that knows best.
                plan::feasible(&task, service)?;
            }
            let task = self.placed(task, source).await?;
            let words = control::task(&task, service, &frame);
            if dry_run {
                self.dry_run(&task, &words, source).await?;
                continue;
            }
            if !self.consents(&task, service, &words, source).await? {
                tell.declined(name, &words)?;
                return Ok(Exit::Wrong);
            }
            let asked = context.now();
            let came = match source.ask(ask(name, &task)).await? {
                Answer::Done => Came::Agreed(effect, asked),
                Answer::Nothing => Came::Nothing,
                other => return Err(unexpected(other)),
            };
            pending.push(Pending {
                instance: name.clone(),
                task: Some(task),
                words,
                came,
            });
        }
        Ok(Exit::Fine)
    }

    /// The task with the place where an offered folder goes, so that it is said.
    async fn placed(&self, task: Task, source: &mut Source<'_>) -> Result<Task, CliError> {
        let Task::Do(Action::AcceptFolder {
            folder,
            device,
            path: None,
        }) = &task
        else {
            return Ok(task);
        };
        let place = Ask::Place {
            instance: self.instance.name.clone(),
            folder: folder.clone(),
            device: device.clone(),
        };
        match source.ask(place).await? {
            Answer::Place { path } => Ok(Task::Do(Action::AcceptFolder {
                folder: folder.clone(),
                device: device.clone(),
                path,
            })),
            other => Err(unexpected(other)),
        }
    }

    /// Says what would be done, and names every file that would be lost.
    async fn dry_run(&self, task: &Task, words: &str, source: &Source<'_>) -> Result<(), CliError> {
        let (name, engine) = (&self.instance.name, source.asker());
        let lost = lost(task).map(|listing| Pages::of(name, listing));
        let Some(mut lost) = lost else {
            return Ok(self.tell.dry_run(name, words, None)?);
        };
        if self.tell.json {
            let preview = lost.preview(&engine).await?;
            return Ok(self.tell.dry_run(name, words, Some(&preview))?);
        }
        self.tell.dry_run(name, words, None)?;
        while let Some(files) = lost.next(&engine).await? {
            let page: Page = files.iter().map(list::row).collect();
            self.context.out.page(&page)?;
        }
        Ok(())
    }

    /// Whether the user wants it. What loses nothing needs no consent.
    async fn consents(
        &self,
        task: &Task,
        service: &Service,
        words: &str,
        source: &Source<'_>,
    ) -> Result<bool, CliError> {
        let instance = &self.instance.name;
        let warning = control::warning(instance, task, service);
        let warning = match (warning, self.command.consent()) {
            (Some(warning), Some(false)) => warning,
            _ => return Ok(true),
        };
        if !self.context.out.is_dialogue() {
            let error = CliError::new(
                Exit::Usage,
                "There is no terminal to ask on; nothing was done.",
            );
            return Err(error.hint(format!("{warning} If that is meant, say --yes.")));
        }
        if let Some(listing) = lost(task) {
            let lost = Pages::of(instance, listing);
            self.tell.preview(&lost.preview(&source.asker()).await?);
        }
        Ok(says_yes(control::question(&warning, instance, words)).await?)
    }
}

/// The files that a task does away with.
fn lost(task: &Task) -> Option<Listing> {
    match task {
        Task::Do(Action::Override { folder }) => Some(Listing::Needed {
            folder: folder.clone(),
        }),
        Task::Do(Action::Revert { folder }) => Some(Listing::Local {
            folder: folder.clone(),
        }),
        _ => None,
    }
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
            let mut meant: Vec<_> = all.filter(meant).collect();
            in_config_order(&mut meant, context);
            match meant.is_empty() {
                true => Err(CliError::new(Exit::Usage, "The config names no Syncthing.")),
                false => Ok(meant),
            }
        }
        (false, _) if is_about_watching => Ok(vec![context.one(status)?]),
        (false, _) => Ok(vec![syncthing(status, context)?]),
    }
}

/// Lines about several come in the order of the config. One that cannot be read says nothing of it.
fn in_config_order(instances: &mut [&InstanceStatus], context: &Context) {
    let Ok(loaded) = context.config() else {
        return;
    };
    let named = loaded.config.instances;
    instances.sort_by_key(|it| named.iter().position(|known| known.name == it.name));
}

/// The Syncthing that is meant: the one asked for, or the only one there is.
pub(super) fn syncthing<'a>(
    status: &'a Status,
    context: &Context,
) -> Result<&'a InstanceStatus, CliError> {
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

/// What is known of an instance that is there.
pub(super) fn connected(instance: &InstanceStatus) -> Result<&Service, CliError> {
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
