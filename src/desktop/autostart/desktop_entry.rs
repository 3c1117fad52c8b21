//! The text of a desktop entry (freedesktop.org's Desktop Entry Specification): keys are read, set and removed, and
//! everything else stays as it is.

const GROUP: &str = "[Desktop Entry]";

/// The text of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DesktopEntry {
    lines: Vec<String>,
}

impl DesktopEntry {
    pub(super) fn parse(text: &str) -> Self {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        Self {
            lines: text.lines().map(str::to_owned).collect(),
        }
    }

    pub(super) fn text(&self) -> String {
        self.lines.iter().map(|line| format!("{line}\n")).collect()
    }

    /// Whether the desktop would take this for an entry at all.
    pub(super) fn is_entry(&self) -> bool {
        self.group().is_some()
    }

    /// The value as it is written.
    pub(super) fn get(&self, key: &str) -> Option<&str> {
        let (_, lines) = self.group()?;
        lines.iter().find_map(|line| value(line, key))
    }

    pub(super) fn is(&self, key: &str, word: &str) -> bool {
        self.get(key).is_some_and(|value| value == word)
    }

    /// Sets a key in its place, or at the end of its group. Without a group nothing can be set.
    pub(super) fn set(&mut self, key: &str, new: &str) {
        let Some((start, lines)) = self.group() else {
            return;
        };
        let line = format!("{key}={new}");
        let found = lines.iter().position(|line| value(line, key).is_some());
        let used = lines.iter().rposition(|line| !line.trim().is_empty());
        let end = used.map_or(0, |last| last + 1);
        match found.and_then(|at| self.lines.get_mut(start + at)) {
            Some(old) => *old = line,
            None => self.lines.insert(start + end, line),
        }
    }

    pub(super) fn remove(&mut self, key: &str) {
        let Some((start, lines)) = self.group() else {
            return;
        };
        let end = start + lines.len();
        let mut index = 0;
        self.lines.retain(|line| {
            let inside = (start..end).contains(&index);
            index += 1;
            !(inside && value(line, key).is_some())
        });
    }

    /// The lines of the group, and where they start.
    fn group(&self) -> Option<(usize, &[String])> {
        let header = self.lines.iter().position(|line| line.trim() == GROUP)?;
        let rest = self.lines.get(header + 1..)?;
        let length = rest
            .iter()
            .position(|line| line.trim_start().starts_with('['))
            .unwrap_or(rest.len());
        Some((header + 1, rest.get(..length)?))
    }
}

/// A program and its argument as the `Exec` key wants them.
pub(super) fn command(program: &str, argument: &str) -> String {
    let plain = |char: char| char.is_ascii_alphanumeric() || "/._-+,@:".contains(char);
    let word = match program.chars().all(plain) {
        true => program.to_owned(),
        false => quoted(program),
    };
    format!("{} {argument}", escaped(&word))
}

/// A value of type string.
pub(super) fn escaped(value: &str) -> String {
    value.replace('\\', r"\\")
}

/// What a value of type string stands for.
pub(super) fn unescaped(value: &str) -> String {
    let mut text = String::new();
    let mut chars = value.chars();
    while let Some(char) = chars.next() {
        if char != '\\' {
            text.push(char);
            continue;
        }
        match chars.next() {
            Some('s') => text.push(' '),
            Some('n') => text.push('\n'),
            Some('t') => text.push('\t'),
            Some('r') => text.push('\r'),
            Some('\\') | None => text.push('\\'),
            Some(other) => text.extend(['\\', other]),
        }
    }
    text
}

/// The program of an `Exec` key.
pub(super) fn program(exec: &str) -> String {
    let command = unescaped(exec);
    let command = command.trim_start();
    let word = match command.strip_prefix('"') {
        Some(rest) => unquoted(rest),
        None => command.split_whitespace().next().unwrap_or_default().into(),
    };
    word.replace("%%", "%")
}

fn quoted(word: &str) -> String {
    let mut quoted = String::from('"');
    for char in word.chars() {
        match char {
            '"' | '`' | '$' | '\\' => quoted.extend(['\\', char]),
            '%' => quoted.push_str("%%"),
            _ => quoted.push(char),
        }
    }
    quoted.push('"');
    quoted
}

fn unquoted(rest: &str) -> String {
    let mut word = String::new();
    let mut chars = rest.chars();
    while let Some(char) = chars.next() {
        match char {
            '"' => break,
            '\\' => word.extend(chars.next()),
            _ => word.push(char),
        }
    }
    word
}

fn value<'a>(line: &'a str, key: &str) -> Option<&'a str> {
    let (name, value) = line.split_once('=')?;
    (name.trim() == key).then(|| value.trim())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const EDITED: &str = "# mine\n[Desktop Entry]\nName = a\nName[de]=b\nHidden=true\n\n[Desktop Action x]\nHidden=false\nName=c\n";

    #[test]
    fn a_key_changes_and_the_rest_stays() {
        let mut entry = DesktopEntry::parse(EDITED);
        assert_eq!(entry.get("Name"), Some("a"));
        assert!(entry.is("Hidden", "true"));
        assert_eq!(entry.text(), EDITED);
        entry.remove("Hidden");
        assert_eq!(entry.get("Hidden"), None);
        assert_eq!(entry.text(), EDITED.replacen("Hidden=true\n", "", 1));
        entry.set("Hidden", "true");
        assert_eq!(entry.text(), EDITED);
        entry.set("Name", "z");
        assert_eq!(entry.text(), EDITED.replacen("Name = a", "Name=z", 1));
    }

    #[test]
    fn what_is_no_entry_has_no_keys() {
        for text in [
            "",
            "\n",
            "Hidden=true",
            "[Other]\nHidden=true\n",
            "[Desktop Entry",
        ] {
            let mut entry = DesktopEntry::parse(text);
            assert!(!entry.is_entry(), "{text}");
            assert_eq!(entry.get("Hidden"), None, "{text}");
            let before = entry.clone();
            entry.set("Hidden", "true");
            entry.remove("Hidden");
            assert_eq!(entry, before);
        }
    }

    #[test]
    fn commands_are_quoted_by_the_rules() {
        for (program, exec) in [
            ("/usr/bin/syncwatch", "/usr/bin/syncwatch tray"),
            ("/a b/s", r#""/a b/s" tray"#),
            ("/a%b/s", r#""/a%%b/s" tray"#),
            ("/a$b/s", r#""/a\\$b/s" tray"#),
            (r"/a\b/s", r#""/a\\\\b/s" tray"#),
            (r#"/a"b/s"#, r#""/a\\"b/s" tray"#),
            ("/ä/s", r#""/ä/s" tray"#),
        ] {
            assert_eq!(command(program, "tray"), exec);
        }
    }

    proptest! {
        #[test]
        fn a_program_is_found_again(name in "[^\\x00-\\x1f\\x7f]{0,20}") {
            let path = format!("/{name}");
            prop_assert_eq!(super::program(&command(&path, "tray")), path);
        }

        #[test]
        fn any_text_is_taken(text: String, exec: String) {
            let mut entry = DesktopEntry::parse(&text);
            entry.set("Hidden", "true");
            prop_assert_eq!(entry.is("Hidden", "true"), entry.is_entry());
            entry.remove("Hidden");
            prop_assert!(!entry.is("Hidden", "true"));
            super::program(&exec);
        }
    }
}
