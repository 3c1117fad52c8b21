//! The reference of the config: `docs/config.md`.

use std::fmt::Write as _;

use super::{Key, Part, Takes, parts};
use crate::core::failure::TABLE;

const INTRODUCTION: &str = "# The config, key by key

This page is made from the table that the parser itself goes by (`syncwatch generate config-reference`); a test holds both equal.
[`config/syncwatch.toml`](../config/syncwatch.toml) is the same as a commented example, and `syncwatch config init` writes it.

The file is `config.toml` in the platform's config directory; `syncwatch config path` says where. All of it is optional. A valid
change takes effect at once; an invalid one is reported with file, line and the nearest key, and what was in force stays.

- A **path** may begin with `~/`; others are relative to the directory of the file.
- A **time** is such as `\"500ms\"`, `\"15s\"`, `\"1m 30s\"`; 24 h at most.
- A **secret** can be given in four ways, of which only one may be used: as it is, from a file, from an environment variable, by a command.
";

/// The reference as Markdown.
pub fn markdown() -> String {
    let mut text = INTRODUCTION.to_owned();
    for part in parts() {
        section(&mut text, &part);
    }
    text.push_str(&patience());
    text
}

fn section(text: &mut String, part: &Part) {
    let _ = write!(text, "\n## {}\n\n{}\n", part.title, part.means);
    for key in &part.keys {
        entry(text, key, "###");
    }
}

fn entry(text: &mut String, key: &Key, heading: &str) {
    let usual = key.usual.map(|usual| format!("; without it `{usual}`"));
    let takes = code(&key.takes.words());
    let _ = write!(
        text,
        "\n{heading} `{}`\n\n*{takes}{}*\n\n{}\n",
        key.name,
        usual.unwrap_or_default(),
        key.means
    );
    if key.usual != Some(key.example) {
        let _ = write!(text, "\n```toml\n{} = {}\n```\n", key.name, key.example);
    }
    match key.takes {
        Takes::Trust(keys) if key.name == "trust" => inside(text, keys),
        Takes::Table(keys) => inside(text, keys),
        _ => {}
    }
}

fn inside(text: &mut String, keys: &[Key]) {
    text.push_str("\nIn that table:\n\n");
    for key in keys {
        let takes = code(&key.takes.words());
        let _ = writeln!(
            text,
            "- `{} = {}` (*{takes}*): {}",
            key.name, key.example, key.means
        );
    }
}

/// Quoted words as code.
fn code(words: &str) -> String {
    let mut parts = words.split('"');
    let mut text = parts.next().unwrap_or_default().to_owned();
    while let (Some(quoted), Some(plain)) = (parts.next(), parts.next()) {
        let _ = write!(text, "`\"{quoted}\"`{plain}");
    }
    text
}

fn patience() -> String {
    let mut text = String::from(
        "\n## [patience]\n\nHow long a failure stays hidden before it is shown: a time for its class. Nothing is trusted for being hidden, and JSON, \
         journal and log always tell. During a rotation some classes have longer.\n\n| class | without it | during a rotation | shown as |\n|---|---|---|---|\n",
    );
    for rule in TABLE {
        let time = |seconds: u64| format!("`\"{seconds}s\"`");
        let _ = writeln!(
            text,
            "| `{}` | {} | {} | {} |",
            rule.class.name(),
            time(rule.patience),
            time(rule.rotating_patience),
            rule.loud.name()
        );
    }
    text
}
