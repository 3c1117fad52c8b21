//! What stands in `--help` and in the manual pages beside the options: examples, exit codes, files, variables.

/// Two columns: what it is, and what it does or means.
pub(super) type Table = &'static [(&'static str, &'static str)];

/// Command lines. The page of a command shows those that begin with it.
pub(super) const EXAMPLES: Table = &[
    (
        "syncwatch",
        "the tray icon, where there is a desktop; else the status",
    ),
    ("syncwatch status", "the status of the local Syncthing, now"),
    (
        "syncwatch status --watch",
        "everything at a glance, live, on the whole terminal",
    ),
    (
        "syncwatch status --watch --plain",
        "one line for everything that changes",
    ),
    ("syncwatch status --json | jq .overall", "for a script"),
    (
        "syncwatch wait --for safe --timeout 10m && systemctl poweroff",
        "shut down when everything is on another device too",
    ),
    (
        "syncwatch wait --for safe --on nas --rescan",
        "after a copy: until nas has it",
    ),
    (
        "syncwatch list failed photos",
        "which files could not be synced, and why",
    ),
    (
        "syncwatch daemon",
        "watch in the background; every other command then asks it",
    ),
    (
        "syncwatch check --instance nas",
        "why can a server not be reached?",
    ),
    (
        "syncwatch trust accept --instance nas",
        "pin the certificate of a server elsewhere",
    ),
    ("syncwatch pause --for 30m", "everything, for half an hour"),
    ("syncwatch journal --follow", "what happens, as it happens"),
];

pub(super) const EXIT_CODES: Table = &[
    ("0", "fine"),
    ("1", "something is wrong with an instance"),
    ("2", "wrong usage"),
    ("3", "the config cannot be used"),
    ("4", "no engine, or an instance is not reachable"),
    ("5", "an instance shows an untrusted certificate"),
    ("6", "an instance refuses the credentials"),
    ("7", "timed out"),
    ("70", "a fault of syncwatch itself"),
];

pub(super) const FILES: Table = &[
    (
        "~/.config/syncwatch/config.toml",
        "what is watched; without it, the local Syncthing",
    ),
    (
        "~/.local/state/syncwatch/state.json",
        "certificates that were verified or accepted",
    ),
    ("~/.local/state/syncwatch/journal.jsonl", "what happened"),
];

pub(super) const ENVIRONMENT: Table = &[
    (
        "SYNCWATCH_CONFIG",
        "the config file, unless --config names one",
    ),
    (
        "SYNCWATCH_SOCKET",
        "the local socket on which the engine answers the other commands",
    ),
    (
        "SYNCWATCH_LOG",
        "what is logged: error, warn, info, debug, trace, or a filter as for --log",
    ),
    ("NO_COLOR", "no colours, unless --color asks for them"),
];

/// What a manual page says of [`FILES`].
pub(super) const FILES_ELSEWHERE: &str =
    "'syncwatch config path' says where they are on this system";

/// The end of `syncwatch --help`.
pub(super) fn help() -> String {
    let files = format!("Files ({FILES_ELSEWHERE}):");
    let sections = [
        ("Examples:", EXAMPLES),
        ("Exit codes:", EXIT_CODES),
        (files.as_str(), FILES),
        ("Environment:", ENVIRONMENT),
    ];
    let sections = sections.map(|(title, table)| format!("{title}\n{}", columns(table)));
    sections.join("\n\n")
}

fn columns(table: Table) -> String {
    // What is longer than this has its meaning on a line of its own.
    const WIDEST: usize = 40;
    let widths = table.iter().map(|(what, _)| what.len());
    let width = widths.filter(|width| *width <= WIDEST).max().unwrap_or(0);
    let lines = table.iter().map(|(what, meaning)| match what.len() {
        length if length > width => format!("  {what}\n  {:width$}  {meaning}", ""),
        _ => format!("  {what:width$}  {meaning}"),
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::args::Cli;
    use clap::Parser;

    /// They are copied and run: each is a command that there is.
    #[test]
    fn examples_are_commands() {
        for (line, _) in EXAMPLES {
            let words = line
                .split_whitespace()
                .take_while(|word| !["|", "&&"].contains(word));
            let parsed = Cli::try_parse_from(words);
            assert!(
                parsed.is_ok(),
                "{line}: {}",
                parsed
                    .err()
                    .map(|error| error.to_string())
                    .unwrap_or_default()
            );
        }
    }

    #[test]
    fn help_stands_in_columns() {
        let text = columns(&[("a", "one"), ("bcd", "two")]);
        assert_eq!(text, "  a    one\n  bcd  two");
        assert!(help().lines().all(|line| line.len() <= 120));
    }
}
