//! The log, on standard error.
//!
//! Invariant: an engine never waits for whoever reads its log, and never ends with it. A bare level counts for this program only; the libraries below stay at warnings, because what they
//! log in detail was never looked at for secrets.

use std::io::{self, IsTerminal};

use anstream::AutoStream;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::writer::BoxMakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use super::args::{Global, LogFormat};
use super::context::Context;
use super::error::{CliError, Exit};
use super::output::Output;

mod aside;
mod journald;

use aside::Forgiving;
pub use aside::Log;

/// Starts to log. A command says only what it must; a daemon also tells what happens, and does not wait for whoever
/// reads that. Where the terminal is painted on, nothing is logged to it: a log has its place in a file then.
///
/// # Errors
/// The filter is not one.
pub fn start(
    context: &Context,
    is_daemon: bool,
    fills_the_terminal: bool,
) -> Result<Log, CliError> {
    let global = &context.global;
    let log = match is_daemon {
        true => Log::beside(),
        false => Log::default(),
    };
    let writer = match fills_the_terminal && io::stderr().is_terminal() {
        true => BoxMakeWriter::new(io::sink),
        false => match log.writer() {
            Some(writer) => BoxMakeWriter::new(move || writer.clone()),
            // An old console of Windows takes colours by calls, not by escape sequences.
            None => BoxMakeWriter::new(|| Forgiving(AutoStream::always(io::stderr()))),
        },
    };
    let filter: Result<Targets, _> = directives(global, is_daemon).parse();
    let filter = filter.map_err(|error| {
        CliError::new(
            Exit::Usage,
            format!("The log filter cannot be used: {error}."),
        )
        .hint("Take error, warn, info, debug or trace for --log or SYNCWATCH_LOG.")
    })?;
    let builder = tracing_subscriber::fmt()
        .with_max_level(LevelFilter::TRACE)
        .with_writer(writer)
        .with_ansi(Output::new(global.color).colours_on_error());
    let journal = context.environment.variable("JOURNAL_STREAM");
    let started = match global.log_format {
        LogFormat::Text if journald::is_the_journal(journal) => {
            let builder = builder.event_format(journald::Line);
            builder.finish().with(filter).try_init()
        }
        LogFormat::Text => {
            let builder = builder.with_target(false);
            builder.finish().with(filter).try_init()
        }
        LogFormat::Json => {
            let builder = builder.json().flatten_event(true);
            builder.finish().with(filter).try_init()
        }
    };
    started.map_err(|error| CliError::new(Exit::Internal, format!("There is no log: {error}.")))?;
    Ok(log)
}

fn directives(global: &Global, is_daemon: bool) -> String {
    let level = match (
        &global.log,
        global.quiet,
        global.verbose.saturating_add(is_daemon.into()),
    ) {
        (Some(log), ..) => match log.trim().parse::<LevelFilter>() {
            Ok(level) => level.to_string(),
            Err(_) => return log.clone(),
        },
        (None, true, _) => "error".into(),
        (None, false, 0) => "warn".into(),
        (None, false, 1) => "info".into(),
        (None, false, 2) => "debug".into(),
        (None, false, _) => "trace".into(),
    };
    // A bus that goes is nothing to be warned of; ours says what is missing.
    format!("warn,zbus=error,syncwatch={level}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_for_this_program_only() {
        let mut global = Global::default();
        assert_eq!(directives(&global, false), "warn,zbus=error,syncwatch=warn");
        assert_eq!(directives(&global, true), "warn,zbus=error,syncwatch=info");
        global.verbose = 2;
        assert_eq!(directives(&global, true), "warn,zbus=error,syncwatch=trace");
        global.log = Some("debug".into());
        assert_eq!(
            directives(&global, false),
            "warn,zbus=error,syncwatch=debug"
        );
        global.log = Some("syncwatch=info,hyper=debug".into());
        assert_eq!(directives(&global, false), "syncwatch=info,hyper=debug");
        for wanted in [
            "warn,zbus=error,syncwatch=off",
            "warn,zbus=error,syncwatch=trace",
        ] {
            wanted.parse::<Targets>().expect(wanted);
        }
    }
}
