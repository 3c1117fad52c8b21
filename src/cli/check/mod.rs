//! `syncwatch check`: every step of the way to an instance.

mod steps;

use futures_util::future::join_all;

use super::args::CheckArgs;
use super::context::Context;
use super::error::{CliError, Exit};
use crate::engine::state_file::StateFile;
use crate::view::check::{Outcome, Report};
use crate::view::style::{Line, Page, Role};

pub(super) async fn run(args: CheckArgs, context: &Context) -> Result<Exit, CliError> {
    let loaded = context.config()?;
    let known = || {
        loaded
            .config
            .instances
            .iter()
            .map(|instance| instance.name.as_str())
    };
    if let Some(name) = context
        .only()
        .filter(|name| !known().any(|known| known == *name))
    {
        return Err(CliError::unknown_instance(name, known()));
    }
    // Read, never written: a check changes nothing.
    let state = StateFile::open(&context.environment.state_file(), false);
    let instances = loaded.config.instances.iter();
    let wanted = instances.filter(|it| context.only().is_none_or(|name| name == it.name));
    // At the same time: one that does not answer keeps nobody waiting but itself.
    let looks = wanted.map(|instance| {
        let address = instance.address(&context.environment);
        let kept = state.known().find(&instance.name, &address);
        let now = context.now();
        async move { steps::look_at(instance, &context.environment, &kept, now).await }
    });
    let reports = join_all(looks).await;
    if args.json {
        context.out.json(&reports)?;
    } else {
        let frame = context.out.frame(context.now());
        let mut page = Page::default();
        let file = match loaded.is_default {
            true => format!(
                "no config file at {}: the local Syncthing is looked for",
                loaded.file.display()
            ),
            false => format!("config {}", loaded.file.display()),
        };
        page.push(Line::of(Role::Dim, &file));
        for warning in loaded
            .warnings
            .iter()
            .chain(&context.environment.exposed_state())
        {
            page.paragraph(Role::Warn, &warning.to_string(), 0, frame.width);
        }
        for report in &reports {
            page.gap();
            page.append(report.page(frame.width));
        }
        context.out.page(&page)?;
    }
    Ok(exit(&reports))
}

/// The code of the first step that failed, in the first report that has one.
fn exit(reports: &[Report]) -> Exit {
    let failed = reports
        .iter()
        .flat_map(|report| &report.steps)
        .find(|step| step.outcome == Outcome::Failed);
    match failed.map(|step| (step.class, step.name)) {
        None => Exit::Fine,
        // The same as of 'status' once it is shown there.
        Some((Some(class), _)) => Exit::of_state(class.rule().loud),
        Some((None, "key" | "token")) => Exit::Unauthorized,
        Some((None, _)) => Exit::Wrong,
    }
}
