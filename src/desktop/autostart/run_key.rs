//! Autostart by Windows' rules: a value of the registry's `Run`, and one that says that the user switched it off.

use windows_registry::{CURRENT_USER, Result, Type};

use super::Autostart;
use crate::desktop::Trouble;

const RUN: &str = r"Software\Microsoft\Windows\CurrentVersion\Run";
/// What the task manager writes: an odd first byte is off.
const APPROVED: &str = r"Software\Microsoft\Windows\CurrentVersion\Explorer\StartupApproved\Run";
const OFF: [u8; 12] = [3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
const NAME: &str = "syncwatch";

pub(super) fn state(_: &Autostart) -> Option<bool> {
    Some(is_there().is_some() && !is_switched_off())
}

pub(super) fn set(autostart: &Autostart, on: bool) -> core::result::Result<(), Trouble> {
    let ours = ours(autostart)?;
    let there = is_there();
    let done = match (on, there) {
        (true, Some(_)) => switch_on(),
        (true, None) => write(&ours).and_then(|()| switch_on()),
        (false, Some(text)) if text == ours => remove(RUN),
        // Somebody edited it: it is kept for the next time.
        (false, Some(_)) => switch_off(),
        (false, None) => Ok(()),
    };
    done.map_err(|error| {
        Trouble::new(
            &format!("The registry could not be changed: {error}."),
            "The startup apps in the system's settings list what starts with the session.",
        )
    })
}

/// Without the window that a program for terminals would get: by the starter that lies beside this one, or by the
/// system's own where it does not.
fn ours(autostart: &Autostart) -> core::result::Result<String, Trouble> {
    let starter = autostart.executable.with_file_name("syncwatchw.exe");
    let (program, before) = match starter.is_file() {
        true => (&starter, ""),
        false => (&autostart.executable, "conhost.exe --headless "),
    };
    let program = program.to_str().ok_or_else(|| {
        let shown = program.display();
        Trouble::new(
            &format!("The path {shown} cannot be written into the registry."),
            "Install syncwatch where the path is plain text.",
        )
    })?;
    Ok(format!("{before}\"{program}\" tray"))
}

fn is_there() -> Option<String> {
    CURRENT_USER.open(RUN).ok()?.get_string(NAME).ok()
}

fn is_switched_off() -> bool {
    let value = CURRENT_USER
        .open(APPROVED)
        .and_then(|key| key.get_value(NAME));
    value.is_ok_and(|value| value.first().is_some_and(|first| first % 2 == 1))
}

fn write(text: &str) -> Result<()> {
    CURRENT_USER.create(RUN)?.set_string(NAME, text)
}

fn switch_on() -> Result<()> {
    match is_switched_off() {
        true => remove(APPROVED),
        false => Ok(()),
    }
}

fn switch_off() -> Result<()> {
    CURRENT_USER
        .create(APPROVED)?
        .set_bytes(NAME, Type::Bytes, &OFF)
}

fn remove(key: &str) -> Result<()> {
    CURRENT_USER.create(key)?.remove_value(NAME)
}
