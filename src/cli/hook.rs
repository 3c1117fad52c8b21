//! `syncwatch hook`: tries a hook of the config.

use clap::{Args, Subcommand};

use super::context::Context;
use super::error::{CliError, Exit};
use super::source::{Purpose, Source};
use crate::outlets::{Report, Trial, try_out};
use crate::view::style::{Line, Page, Role};
use crate::view::units::brief;

/// Arguments of `hook`.
#[derive(Clone, Debug, Args)]
pub struct HookArgs {
    #[command(subcommand)]
    pub command: HookCommand,
}

/// What to do with hooks.
#[derive(Clone, Debug, Subcommand)]
pub enum HookCommand {
    /// Tell a hook once of everything that it wants to hear of, marked as a test
    ///
    /// Runs the command, or makes the POST, just as the engine does, and shows what came of it.
    Test {
        /// The hook's name in the config
        name: String,
    },
}

pub(super) async fn run(args: HookArgs, context: &Context) -> Result<Exit, CliError> {
    let HookCommand::Test { name } = args.command;
    let config = context.config()?.config;
    let Some(hook) = config.hooks.iter().find(|hook| hook.name == name) else {
        return Err(unknown(&name, &config));
    };
    let mut source = Source::open(context, Purpose::Look).await?;
    let status = source.next().await?;
    source.close().await;
    let Trial { report, said } = try_out(hook, &context.environment, &status).await;
    let (exit, line) = match report {
        Report::Fine => (Exit::Fine, Line::of(Role::Ok, "It was told.")),
        Report::Failed { why, .. } => {
            let line = Line::of(Role::Bad, "It was not told: ");
            (Exit::Wrong, line.with(Role::Plain, &format!("{why}.")))
        }
        Report::TimedOut => {
            let limit = brief(hook.timeout);
            let words = format!("It took longer than {limit} and was ended.");
            (Exit::TimedOut, Line::of(Role::Bad, &words))
        }
    };
    let mut page = Page::from(line);
    if !said.is_empty() {
        page.push(Line::of(Role::Dim, "It said: ").with(Role::Plain, &said));
    }
    context.out.page(&page)?;
    Ok(exit)
}

fn unknown(name: &str, config: &crate::config::Config) -> CliError {
    let known: Vec<&str> = config.hooks.iter().map(|hook| hook.name.as_str()).collect();
    let hint = match known.is_empty() {
        true => {
            "The config has none. A [[hook]] in the example of 'syncwatch config init' shows how."
                .to_owned()
        }
        false => format!("Known: {}.", known.join(", ")),
    };
    CliError::new(
        Exit::Usage,
        format!("There is no hook called '{name}' in the config."),
    )
    .hint(hint)
}
