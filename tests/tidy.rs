//! Keeps the house in order: which room may import which, what the core may know, how long a file may be.
//!
//! The rules are those of `ARCHITECTURE.md`. A failure says where, what, and what to do about it.

#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test ends at the first surprise"
)]

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use support::source::{Found, Source};

/// Every room, and the rooms that it may import.
const ROOMS: &[(&str, &[&str])] = &[
    ("core", &[]),
    ("watch", &[]),
    ("children", &[]),
    ("standin", &[]),
    ("tls", &["core"]),
    ("config", &["core", "children"]),
    ("services", &["core", "tls"]),
    ("view", &["core"]),
    ("desktop", &["core", "view", "children"]),
    ("tray", &["core", "view", "desktop"]),
    ("terminal", &["core", "view"]),
    (
        "engine",
        &["core", "services", "tls", "config", "watch", "children"],
    ),
    (
        "outlets",
        &[
            "core", "tls", "config", "watch", "view", "engine", "children",
        ],
    ),
    (
        "cli",
        &[
            "core", "services", "tls", "config", "watch", "view", "engine", "standin", "tray",
            "desktop", "outlets", "terminal", "children",
        ],
    ),
];

/// The only crates of others in the core.
const CORE_CRATES: &[&str] = &["serde", "schemars", "thiserror"];

/// What the view must not know: it turns a status into words and does no I/O.
const VIEW_FORBIDDEN: &[&str] = &[
    "tokio",
    "reqwest",
    "rustls",
    "tokio_rustls",
    "hyper",
    "ratatui",
];

/// The rooms that read clocks; the others are told the time. A poller paces itself by tokio's clock, which tests pause.
const CLOCK_ROOMS: &[&str] = &["engine", "standin"];
const CLOCK_FILE: &str = "/poller.rs";

/// Where a kind of service may be named: in what belongs to one, in the one list of all, and in hooks, whose URLs are as
/// those of kind `http`. Syncthing may be named anywhere: folders, devices and what can be done to them are its alone.
const KINDS: &[&str] = &[
    "src/core/kinds/",
    "src/config/kinds/",
    "src/services/",
    "src/config/parse_hook.rs",
];

const LONGEST_FILE: usize = 400;
/// Tables of cases are long and plain.
const LONGEST_TEST_FILE: usize = 550;

#[test]
fn rooms_import_only_what_the_table_allows() {
    report(sources().flat_map(|source| {
        let room = source.room();
        let allowed = ROOMS.iter().find(|(name, _)| *name == room);
        let found = source.imported_rooms().into_iter().filter(move |found| {
            let inside = found.word == room || room.is_empty();
            !inside && !allowed.is_some_and(|(_, rooms)| rooms.contains(&found.word.as_str()))
        });
        let found: Vec<Found> = found.collect();
        found.into_iter().map(move |found| {
            let what = format!("`{}` may not import `{}`", source.room(), found.word);
            source.problem(found.line, &what, "pass a value in, or move the code to the room that may; the table is ROOMS in tests/tidy.rs and in ARCHITECTURE.md")
        }).collect::<Vec<_>>()
    }));
}

#[test]
fn every_room_is_in_the_table() {
    report(sources().filter_map(|source| {
        let room = source.room();
        let known = room.is_empty() || ROOMS.iter().any(|(name, _)| *name == room);
        (!known).then(|| {
            source.problem(
                1,
                &format!("`{room}` is in no row of the table"),
                "say in ROOMS in tests/tidy.rs and in ARCHITECTURE.md what it may import",
            )
        })
    }));
}

#[test]
fn the_core_uses_no_crate_that_does_io_and_the_view_neither() {
    let dependencies = dependencies();
    report(sources().flat_map(|source| {
        let room = source.room();
        let found = source.imported_crates(&dependencies);
        let bad = found.into_iter().filter(|found| match room.as_str() {
            "core" => !CORE_CRATES.contains(&found.word.as_str()),
            "view" => VIEW_FORBIDDEN.contains(&found.word.as_str()),
            _ => false,
        });
        bad.map(|found| {
            let what = format!("`{room}` may not use the crate `{}`", found.word);
            source.problem(
                found.line,
                &what,
                "do this in the engine or the edge, and hand the result in as a plain value",
            )
        })
        .collect::<Vec<_>>()
    }));
}

#[test]
fn files_are_short_and_say_what_they_are() {
    report(sources().flat_map(|source| {
        let lines = source.text.lines().count();
        let most = match source.test {
            true => LONGEST_TEST_FILE,
            false => LONGEST_FILE,
        };
        let long = (lines > most).then(|| {
            source.problem(
                lines,
                &format!("{lines} lines, {most} at most"),
                "find the seam and split it",
            )
        });
        let mute = (!source.text.starts_with("//!")).then(|| {
            source.problem(
                1,
                "does not begin with a `//!` line",
                "say what the file is and what it never does",
            )
        });
        long.into_iter().chain(mute).collect::<Vec<_>>()
    }));
}

#[test]
fn nothing_unsafe_no_unwrap_and_no_clock_outside_the_shell() {
    report(sources().flat_map(|source| {
        let clocks =
            CLOCK_ROOMS.contains(&source.room().as_str()) || source.name.ends_with(CLOCK_FILE);
        let found = source
            .dangers()
            .into_iter()
            .filter(|found| !(clocks && found.word.ends_with("::now")));
        found
            .map(|found| {
                let advice = match found.word.as_str() {
                    "unsafe" => "use the safe call of rustix or of the standard library",
                    ".unwrap()" => "return a typed error, or show by the types that it cannot fail",
                    _ => "take the time as an argument; only engine/ and standin/ read clocks",
                };
                source.problem(found.line, &format!("`{}`", found.word), advice)
            })
            .collect::<Vec<_>>()
    }));
}

#[test]
fn a_kind_of_service_is_named_only_where_it_belongs() {
    let kinds: Vec<String> = files(&root().join("src/core/kinds"))
        .iter()
        .filter_map(|file| Some(file.file_stem()?.to_string_lossy().into_owned()))
        .filter(|kind| !["mod", "syncthing"].contains(&kind.as_str()))
        .collect();
    assert!(kinds.contains(&"http".to_owned()), "{kinds:?}");
    report(sources().flat_map(|source| {
        let free = KINDS.iter().any(|place| source.name.starts_with(place));
        let found = source.named_kinds(&kinds).into_iter().filter(move |_| !free);
        let found: Vec<Found> = found.collect();
        found.into_iter().map(move |found| {
            source.problem(found.line, &format!("names `{}`", found.word), "ask its settings (KindSettings) or its form in the config, so that another kind needs no line here")
        }).collect::<Vec<_>>()
    }));
}

#[test]
fn no_file_names_a_path_of_the_machine_it_was_written_on() {
    // In two pieces, so that this file does not name it.
    let mut paths = vec![
        concat!("/wo", "rk/").to_owned(),
        format!("{}/", root().display()),
    ];
    let home = std::env::var("HOME").unwrap_or_default();
    if home.len() > 1 {
        paths.push(format!("{home}/"));
    }
    report(files(&root()).into_iter().flat_map(|file| {
        let text = fs::read_to_string(&file).unwrap_or_default();
        let lines = text.lines().enumerate();
        lines
            .filter_map(|(number, line)| {
                let path = paths.iter().find(|path| starts_a_word(line, path))?;
                let name = file.strip_prefix(root()).unwrap_or(&file).display();
                Some(format!("{name}:{}: names {path}\n    What to do: use a relative path, $HOME, or an invented user such as /home/someone", number + 1))
            })
            .collect::<Vec<_>>()
    }));
}

#[test]
fn the_lock_file_is_kept() {
    let ignored = fs::read_to_string(root().join(".gitignore")).unwrap_or_default();
    let kept = root().join("Cargo.lock").is_file() && !ignored.contains("Cargo.lock");
    assert!(
        kept,
        "Cargo.lock is not kept.\n    What to do: check it in; builds and cargo-deny rely on it"
    );
}

/// Whoever reads it relies on each line: a new one needs a row below, and a test that is renamed its new name there.
#[test]
fn every_line_of_the_security_page_is_held_by_a_test() {
    let page = fs::read_to_string(root().join("SECURITY.md")).expect("SECURITY.md");
    let (promises, held) = page.split_once("## Held by").expect("a table");
    let (promises, excused) = promises.split_once("## Not protected").expect("a part");
    let (_, promises) = promises.split_once("## What is protected").expect("a part");
    let flat = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let rows: Vec<Vec<&str>> = held
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"))
        .map(|line| line.split(" | ").collect())
        .filter(|row: &Vec<&str>| row.first() != Some(&"words above"))
        .collect();
    let mut wrong = Vec::new();
    for row in &rows {
        let [words, file, tests] = row[..] else {
            panic!("{row:?}");
        };
        if !flat(&format!("{promises}{excused}")).contains(words) {
            wrong.push(format!("'{words}' is no longer said above the table"));
        }
        let text = fs::read_to_string(root().join(file.trim_matches('`'))).unwrap_or_default();
        for test in tests.split(", ").map(|test| test.trim_matches('`')) {
            if !text.contains(&format!("fn {test}(")) {
                wrong.push(format!("{file} has no test '{test}'"));
            }
        }
    }
    let lines = flat(
        &promises
            .replace("\n- ", "\n\u{1}")
            .replace("\n| ", "\n\u{1}"),
    );
    let lines = lines.split('\u{1}').skip(1);
    let unheld = lines.filter(|line| {
        let outside = line.starts_with("attacker |") || line.contains("out of scope");
        !outside && !rows.iter().any(|row| line.contains(row[0]))
    });
    wrong.extend(unheld.map(|line| format!("no test is named for: {line}")));
    report(wrong.into_iter().map(|what| {
        format!("SECURITY.md: {what}\n    What to do: name the test in its table, or take the sentence out")
    }));
}

fn report(problems: impl IntoIterator<Item = String>) {
    let problems: Vec<String> = problems.into_iter().collect();
    assert!(problems.is_empty(), "\n\n{}\n\n", problems.join("\n"));
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn sources() -> impl Iterator<Item = Source> {
    let files = files(&root().join("src")).into_iter();
    files
        .filter(|file| file.extension().is_some_and(|end| end == "rs"))
        .map(|file| Source::read(&root(), &file))
}

/// Every file below, without what is built and what git keeps.
fn files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().unwrap_or_default();
        if path.is_symlink() || name == "target" || name == ".git" {
            continue;
        }
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The names under which the crates of others are used.
fn dependencies() -> Vec<String> {
    let text = fs::read_to_string(root().join("Cargo.toml")).expect("Cargo.toml");
    let manifest: toml::Table = text.parse().expect("TOML");
    let tables = std::iter::once(&manifest).chain(
        manifest
            .get("target")
            .and_then(toml::Value::as_table)
            .into_iter()
            .flat_map(|targets| targets.values().filter_map(toml::Value::as_table)),
    );
    tables
        .filter_map(|table| table.get("dependencies")?.as_table())
        .flat_map(|table| table.keys().map(|name| name.replace('-', "_")))
        .collect()
}

/// Whether `path` stands in `line` as a path of its own, not inside a URL or a longer path.
fn starts_a_word(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(at, _)| {
        let before = line.get(..at).and_then(|text| text.chars().last());
        before.is_none_or(|letter| !letter.is_alphanumeric() && !"/._-}~".contains(letter))
    })
}

mod checker {
    //! The checks find what they are for.

    use super::support::source::Source;

    fn words(found: Vec<super::Found>) -> Vec<String> {
        found
            .into_iter()
            .map(|found| format!("{}:{}", found.line, found.word))
            .collect()
    }

    fn source(name: &str, text: &str) -> Source {
        Source {
            name: name.to_owned(),
            text: text.to_owned(),
            test: false,
        }
    }

    #[test]
    fn rooms_are_found_however_they_are_spelled() {
        let text = "//! crate::comment\n\
            use crate::tls::Client;\n\
            use crate::{core::{Pin, Status}, view};\n\
            use super::super::config::Key;\n\
            use super::own::Thing;\n\
            fn f() { select! { x => crate::engine::go(\"crate::string\") } }\n\
            mod inner { use super::super::super::watch; }\n\
            #[cfg(test)]\n\
            mod tests { use crate::cli; }\n";
        let found = source("src/services/syncthing.rs", text).imported_rooms();
        let expected = [
            "2:tls", "3:core", "3:view", "4:config", "6:engine", "7:watch",
        ];
        assert_eq!(words(found), expected);
    }

    #[test]
    fn crates_are_told_from_modules_of_the_same_name() {
        let crates = ["time".to_owned(), "tokio".to_owned()];
        let text = "mod time;\nuse time::Timestamp;\nuse std::{time::Duration, io};\nuse {tokio::sync, serde};\nfn f() { tokio::spawn(g) }\n";
        let found = source("src/core/mod.rs", text).imported_crates(&crates);
        assert_eq!(words(found), ["4:tokio", "5:tokio"]);
    }

    #[test]
    fn dangers_are_found_in_code_alone() {
        let text = "// unsafe\nfn f() { a.unwrap(); b.unwrap_or(1); std::time::Instant::now(); \"x.unwrap()\"; }\nunsafe fn g() {}\n#[cfg(test)]\nmod tests { fn t() { a.unwrap() } }\n";
        let found = source("src/view/menu.rs", text).dangers();
        assert_eq!(
            words(found),
            ["2:.unwrap()", "2:std::time::Instant::now", "3:unsafe"]
        );
    }

    #[test]
    fn kinds_are_told_from_other_things_of_a_kind() {
        let text = "fn f(kind: Kind) { kind == Kind::Http; core::Kind::ALL; Settings::Weechat(own); Kind::Syncthing; Kind::named(x); Kind::Synced }\n";
        let found = source("src/view/menu.rs", text)
            .named_kinds(&["http".to_owned(), "weechat".to_owned()]);
        assert_eq!(words(found), ["1:Kind::Http", "1:Settings::Weechat"]);
    }

    #[test]
    fn machine_paths_are_told_from_urls_and_longer_paths() {
        for (line, hit) in [
            ("see /opt/x", true),
            ("a=\"/opt/x\"", true),
            ("https://h/opt/x", false),
            ("$HOME/opt/x", false),
        ] {
            assert_eq!(super::starts_a_word(line, "/opt/"), hit, "{line}");
        }
    }
}
