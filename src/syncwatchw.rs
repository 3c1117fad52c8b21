//! `syncwatchw`, for Windows: starts the `syncwatch` that lies beside it without a window for its output, and ends.
//!
//! There a program is either one for terminals or one for the desktop. `syncwatch` is one for terminals, since it is
//! to print; from the start menu or at the start of a session it would come with a black window. As with `pythonw`, a
//! second program is for those. What the first would print is in `log\syncwatch.log` of the state directory then.

#![forbid(unsafe_code)]
#![windows_subsystem = "windows"]

use std::env;
use std::fs::File;
use std::io;
use std::process::{Command, ExitCode, Stdio};

use syncwatch::config::Environment;

/// CREATE_NO_WINDOW: a console, since what it starts in turn expects one, that nobody sees.
#[cfg(windows)]
const NO_WINDOW: u32 = 0x0800_0000;

fn main() -> ExitCode {
    match start() {
        Ok(()) => ExitCode::SUCCESS,
        // There is nowhere to say it: syncwatch.exe is not beside, or cannot be run.
        Err(_) => ExitCode::FAILURE,
    }
}

fn start() -> io::Result<()> {
    let program =
        env::current_exe()?.with_file_name(format!("syncwatch{}", env::consts::EXE_SUFFIX));
    let mut arguments: Vec<_> = env::args_os().skip(1).collect();
    if arguments.is_empty() {
        arguments.push("tray".into());
    }
    let mut command = Command::new(program);
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log().map_or_else(|_| Stdio::null(), Stdio::from));
    #[cfg(windows)]
    std::os::windows::process::CommandExt::creation_flags(&mut command, NO_WINDOW);
    command.spawn().map(drop)
}

/// Begun anew each time, beside the one before.
fn log() -> io::Result<File> {
    let directory = Environment::from_process().log_dir();
    std::fs::create_dir_all(&directory)?;
    let file = directory.join("syncwatch.log");
    // Still open in another process: then it is that one's.
    let _ = std::fs::rename(&file, directory.join("syncwatch.1.log"));
    File::create(file)
}
