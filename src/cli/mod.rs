//! The command line: one file per command. The only room that prints.
//!
//! Invariant: results go to standard output, everything else to standard error; a reader that has seen enough
//! (`| head`) is no error.

pub mod args;
mod ask;
mod check;
mod companions;
mod complete;
mod config;
mod context;
pub mod control;
mod daemon;
mod demo;
pub mod error;
mod files;
mod generate;
pub mod hook;
mod journal;
pub mod list;
mod logging;
mod notifier;
mod open;
mod output;
mod perform;
mod preferences;
mod reference;
pub mod screen;
mod source;
mod status;
mod stream;
mod tray;
mod trust;
pub mod wait;

pub use context::Context;

use args::{Cli, Command, StatusArgs};
use error::{CliError, Exit};

/// Prints an error to standard error.
pub fn complain(error: &CliError, color: args::Color) {
    output::Output::new(color).aside(&error.page());
}

/// Whether the tray is what is asked for.
#[cfg(target_os = "macos")]
pub fn is_tray(cli: &Cli) -> bool {
    // There is always a desktop.
    matches!(cli.command, None | Some(Command::Tray))
}

/// Runs the command that was asked for; without one, `tray` where there is a desktop session, else `status`.
///
/// # Errors
/// What went wrong, in words, with the exit code.
pub async fn run(cli: Cli) -> Result<Exit, CliError> {
    let context = Context::new(cli.global);
    let command = match cli.command {
        Some(command) => command,
        None if context.environment.has_desktop_session() => Command::Tray,
        None => Command::Status(StatusArgs::default()),
    };
    let stays = matches!(command, Command::Daemon | Command::Tray);
    let fills_the_terminal = matches!(&command, Command::Status(args) if screen::is_wanted(args));
    let log = logging::start(&context, stays, fills_the_terminal)?;
    let ended = carry_out(command, &context).await;
    log.finish();
    ended
}

async fn carry_out(command: Command, context: &Context) -> Result<Exit, CliError> {
    match command {
        Command::Tray => tray::run(context).await,
        Command::Daemon => daemon::run(context).await,
        Command::Status(args) => status::run(args, context).await,
        Command::Wait(args) => wait::run(args, context).await,
        Command::List(args) => list::run(args, context).await,
        Command::Check(args) => check::run(args, context).await,
        Command::Trust(args) => trust::run(args, context).await,
        Command::Journal(args) => journal::run(args, context).await,
        Command::Open(args) => open::run(args, context).await,
        Command::Control(command) => control::run(command, context).await,
        Command::Config(args) => config::run(&args, context),
        Command::Hook(args) => hook::run(args, context).await,
        Command::Demo(args) => demo::run(args, context).await,
        Command::Generate(args) => generate::run(&args, context),
    }
}
