//! Autostart by macOS's rules: a launch agent's property list in the user's library.

use super::Autostart;
use super::files::{executable, failed, read, remove, write};
use crate::desktop::Trouble;

use std::fs;
use std::path::PathBuf;

const FILE: &str = "org.syncwatch.tray.plist";
/// launchd takes only what ends in `.plist`.
const OFF: &str = "org.syncwatch.tray.plist.off";

pub(super) fn state(autostart: &Autostart) -> Option<bool> {
    read(&path(autostart, FILE)).ok().map(|text| text.is_some())
}

pub(super) fn set(autostart: &Autostart, on: bool) -> Result<(), Trouble> {
    let (file, off) = (path(autostart, FILE), path(autostart, OFF));
    let ours = ours(executable(autostart)?);
    let text = read(&file).map_err(|error| failed(&file, "read", &error))?;
    match (on, text) {
        (true, Some(_)) | (false, None) => Ok(()),
        (true, None) => match read(&off).map_err(|error| failed(&off, "read", &error))? {
            Some(_) => rename(&off, &file),
            None => write(&file, &ours),
        },
        (false, Some(text)) if text == ours => remove(&file),
        // Somebody edited it: it is kept for the next time.
        (false, Some(_)) => rename(&file, &off),
    }
}

fn path(autostart: &Autostart, name: &str) -> PathBuf {
    autostart.directory.join(name)
}

fn rename(from: &PathBuf, to: &PathBuf) -> Result<(), Trouble> {
    fs::rename(from, to).map_err(|error| failed(from, "renamed", &error))
}

fn ours(executable: &str) -> String {
    let executable = quick_xml::escape::escape(executable);
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
	<key>Label</key>
	<string>org.syncwatch.tray</string>
	<key>ProgramArguments</key>
	<array>
		<string>{executable}</string>
		<string>tray</string>
	</array>
	<key>RunAtLoad</key>
	<true/>
	<key>ProcessType</key>
	<string>Interactive</string>
	<key>LimitLoadToSessionType</key>
	<string>Aqua</string>
</dict>
</plist>
"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_somebody_edited_comes_back() {
        let home = tempfile::tempdir().unwrap();
        let autostart = Autostart {
            directory: home.path().join("Library/LaunchAgents"),
            shared: Vec::new(),
            executable: "/Applications/a & b/syncwatch".into(),
        };
        let file = path(&autostart, FILE);
        assert_eq!(state(&autostart), Some(false));
        set(&autostart, true).unwrap();
        assert_eq!(state(&autostart), Some(true));
        let text = fs::read_to_string(&file).unwrap();
        assert!(text.contains("<string>/Applications/a &amp; b/syncwatch</string>"));
        set(&autostart, false).unwrap();
        assert_eq!(state(&autostart), Some(false));
        assert_eq!(fs::read_dir(&autostart.directory).unwrap().count(), 0);

        let edited = text.replace("Interactive", "Background");
        fs::write(&file, &edited).unwrap();
        set(&autostart, false).unwrap();
        assert_eq!(state(&autostart), Some(false));
        set(&autostart, true).unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), edited);
    }
}
