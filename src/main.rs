//! Parses the command line, runs the command, ends with its exit code.

#![forbid(unsafe_code)]

use std::io::Write;
use std::panic::PanicHookInfo;
use std::process::{ExitCode, exit};

use clap::{CommandFactory, Parser};
use clap_complete::CompleteEnv;
use syncwatch::cli::args::Cli;
#[cfg(target_os = "macos")]
use syncwatch::cli::args::Color;
use syncwatch::cli::error::{CliError, Exit};
use syncwatch::cli::{self, complain};
use syncwatch::view::style::clean;

fn main() -> ExitCode {
    keep_memory_private();
    std::panic::set_hook(Box::new(|panic| {
        say_calmly(panic);
        exit(Exit::Internal.code().into());
    }));
    // A shell that asks what could stand next is answered here, and nothing else is done.
    CompleteEnv::with_factory(Cli::command).complete();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Nobody reads: nothing to be done about it.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(Exit::Usage.code()));
        }
    };
    run(cli)
}

/// On macOS only the main thread can show a tray: everything else is done beside it.
#[cfg(target_os = "macos")]
fn run(cli: Cli) -> ExitCode {
    if !cli::is_tray(&cli) {
        return ExitCode::from(on_this_thread(cli).code());
    }
    let beside = std::thread::Builder::new().name("engine".into());
    match beside.spawn(move || exit(on_this_thread(cli).code().into())) {
        Ok(_) => syncwatch::tray::serve(),
        Err(error) => complain(&cannot_run(&error), Color::Auto),
    }
    ExitCode::from(Exit::Internal.code())
}

#[cfg(not(target_os = "macos"))]
fn run(cli: Cli) -> ExitCode {
    ExitCode::from(on_this_thread(cli).code())
}

fn on_this_thread(cli: Cli) -> Exit {
    let color = cli.global.color;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let ended = match runtime {
        Ok(runtime) => {
            let ended = runtime.block_on(cli::run(cli));
            // A thread that waits for a disk or a name server must not keep us.
            runtime.shutdown_background();
            ended
        }
        Err(error) => Err(cannot_run(&error)),
    };
    ended.unwrap_or_else(|error| {
        complain(&error, color);
        error.exit()
    })
}

fn cannot_run(error: &std::io::Error) -> CliError {
    CliError::new(Exit::Internal, format!("Nothing can be run here: {error}."))
}

/// No core dump and no other process of this user may hold the API key (PR_SET_DUMPABLE of prctl(2)).
#[cfg(target_os = "linux")]
fn keep_memory_private() {
    use rustix::process::{DumpableBehavior, set_dumpable_behavior};
    // A kernel that refuses leaves it as it is everywhere else.
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
}

#[cfg(not(target_os = "linux"))]
fn keep_memory_private() {}

fn say_calmly(panic: &PanicHookInfo<'_>) {
    let place = panic
        .location()
        .map(ToString::to_string)
        .unwrap_or_default();
    let what = panic.payload_as_str().unwrap_or("no words");
    let _ = writeln!(
        std::io::stderr(),
        "error: syncwatch met a fault of its own and stops: {} ({place}).\nhint: Nothing of Syncthing's is harmed. Please report this with the lines above.",
        clean(what)
    );
}
