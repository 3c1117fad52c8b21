//! The manual page syncwatch.toml(5).

use std::fmt::Write as _;

use super::{Key, Takes, parts};
use crate::core::failure::TABLE;

const HEAD: &str = r#".ie \n(.g .ds Aq \(aq
.el .ds Aq '
.TH syncwatch.toml 5 "" "syncwatch" "File Formats"
.SH NAME
syncwatch.toml \- the configuration of syncwatch
.SH DESCRIPTION
The file is config.toml in the platform\*(Aqs config directory, on Linux ~/.config/syncwatch/config.toml; \*(Aqsyncwatch config
path\*(Aq says where. All of it is optional. A valid change takes effect at once; an invalid one is reported, and what was in
force stays.
.PP
A path may begin with ~/; others are relative to the directory of the file. A time is such as "500ms", "15s", "1m 30s". A
secret can be given in four ways, of which only one may be used: as it is, from a file, from an environment variable, by a
command.
"#;

/// The manual page.
pub fn roff() -> String {
    let mut text = HEAD.to_owned();
    for part in parts() {
        let _ = writeln!(
            text,
            ".SH \"{}\"",
            escaped(&part.title.to_uppercase()).replace('"', "\\(dq")
        );
        paragraph(&mut text, part.means);
        for key in part.keys {
            entry(&mut text, key);
        }
    }
    text.push_str(".SH \"[PATIENCE]\"\n");
    paragraph(
        &mut text,
        "How long a failure stays hidden before it is shown: a time for its class.",
    );
    for rule in TABLE {
        let name = escaped(&rule.class.name());
        let _ = writeln!(
            text,
            ".TP\n\\fB{name}\\fR\nWithout it \"{}s\".",
            rule.patience
        );
    }
    text.push_str(".SH \"SEE ALSO\"\nsyncwatch(1)\n");
    text
}

fn entry(text: &mut String, key: &Key) {
    let usual = key.usual.map(|usual| format!("; without it {usual}"));
    let line = format!("{}{}", key.takes.words(), usual.unwrap_or_default());
    let _ = writeln!(text, ".TP\n\\fB{}\\fR", escaped(key.name));
    let _ = writeln!(text, "({})", escaped(&line));
    paragraph(text, key.means);
    let example = escaped(&format!("{} = {}", key.name, key.example));
    let _ = writeln!(text, "Such as: {example}");
    if let (Takes::Trust(keys), "trust") | (Takes::Table(keys), _) = (key.takes, key.name) {
        text.push_str(".RS\n");
        keys.iter().for_each(|key| entry(text, key));
        text.push_str(".RE\n");
    }
}

fn paragraph(text: &mut String, words: &str) {
    let _ = writeln!(text, "{}", escaped(words));
}

/// Nothing in it is taken for a request or an escape.
fn escaped(words: &str) -> String {
    let text = words
        .replace('\\', "\\e")
        .replace('-', "\\-")
        .replace('\'', "\\*(Aq");
    match text.starts_with('.') {
        true => format!("\\&{text}"),
        false => text,
    }
}
