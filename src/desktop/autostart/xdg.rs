//! Autostart by freedesktop.org's rules: an entry of the user hides one of the same name for everybody; `Hidden=true`
//! switches it off, as does GNOME's own key.

use std::path::{Path, PathBuf};

use super::Autostart;
use super::desktop_entry::{DesktopEntry, command, escaped, program, unescaped};
use super::files::{executable, failed, read, remove, write};
use crate::desktop::Trouble;

const FILE: &str = "syncwatch.desktop";
const HIDDEN: &str = "Hidden";
const GNOME: &str = "X-GNOME-Autostart-enabled";

pub(super) fn state(autostart: &Autostart) -> Option<bool> {
    let entry = match read(&file(autostart)).ok()? {
        Some(text) => Some(DesktopEntry::parse(&text)),
        None => shared(autostart),
    };
    Some(entry.is_some_and(|entry| is_on(&entry)))
}

pub(super) fn set(autostart: &Autostart, on: bool) -> Result<(), Trouble> {
    let path = file(autostart);
    let own = read(&path).map_err(|error| failed(&path, "read", &error))?;
    let own = own.map(|text| DesktopEntry::parse(&text));
    let shared = shared(autostart);
    let now = own.as_ref().or(shared.as_ref());
    if now.is_some_and(is_on) == on {
        return Ok(());
    }
    match (on, own, shared) {
        (true, own, shared) => {
            let entry = switched_on(own.or(shared), executable(autostart)?)?;
            write(&path, &entry.text())
        }
        // Nobody edited it, and nothing is behind it.
        (false, Some(own), None) if Ok(&own) == ours(executable(autostart)?).as_ref() => {
            remove(&path)
        }
        (false, Some(mut entry), _) | (false, None, Some(mut entry)) => {
            entry.set(HIDDEN, "true");
            write(&path, &entry.text())
        }
        (false, None, None) => Ok(()),
    }
}

fn file(autostart: &Autostart) -> PathBuf {
    autostart.directory.join(FILE)
}

/// The entry for everybody that counts.
fn shared(autostart: &Autostart) -> Option<DesktopEntry> {
    let mut directories = autostart.shared.iter();
    let text = directories.find_map(|directory| read(&directory.join(FILE)).ok()?)?;
    Some(DesktopEntry::parse(&text))
}

fn is_on(entry: &DesktopEntry) -> bool {
    let tried = entry.get("TryExec").map(unescaped);
    entry.get("Exec").is_some()
        && !entry.is(HIDDEN, "true")
        && !entry.is(GNOME, "false")
        && tried.is_none_or(|path| may_run(&path))
}

/// `entry` as it was, but on; ours where there is none.
fn switched_on(entry: Option<DesktopEntry>, executable: &str) -> Result<DesktopEntry, Trouble> {
    let ours = ours(executable)?;
    let Some(mut entry) = entry.filter(DesktopEntry::is_entry) else {
        return Ok(ours);
    };
    entry.remove(HIDDEN);
    entry.remove(GNOME);
    let runs = entry
        .get("Exec")
        .is_some_and(|exec| may_run(&program(exec)));
    let tries = entry
        .get("TryExec")
        .is_none_or(|path| may_run(&unescaped(path)));
    for key in ["Type", "Name", "Exec", "TryExec"] {
        let stale = key.ends_with("Exec") && !(runs && tries);
        let missing = entry.get(key).is_none() && key != "TryExec";
        if let (true, Some(value)) = (stale || missing, ours.get(key)) {
            entry.set(key, value);
        }
    }
    Ok(entry)
}

/// A name is looked up by the desktop; a path must be there.
fn may_run(program: &str) -> bool {
    !program.starts_with('/') || Path::new(program).is_file()
}

/// What is written where nothing was.
fn ours(executable: &str) -> Result<DesktopEntry, Trouble> {
    if executable.contains('=') {
        return Err(Trouble::new(
            &format!("An autostart entry cannot name {executable}: the path has a '=' in it."),
            "Install syncwatch somewhere else.",
        ));
    }
    let exec = command(executable, "tray");
    let try_exec = escaped(executable);
    Ok(DesktopEntry::parse(&format!(
        "[Desktop Entry]\n\
        Type=Application\n\
        Name=syncwatch\n\
        Comment=Shows the state of Syncthing\n\
        Icon=syncwatch\n\
        Exec={exec}\n\
        TryExec={try_exec}\n\
        Terminal=false\n\
        StartupNotify=false\n"
    )))
}
