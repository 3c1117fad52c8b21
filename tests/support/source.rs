//! Rust source as the paths in it (`crate::core::Pin`, `unsafe`, `.unwrap()`), for the tidy test.
//!
//! It works on tokens, so comments and strings do not count, and neither does test code.

use std::fs;
use std::path::Path;

use proc_macro2::{Delimiter, Group, Spacing, TokenStream, TokenTree};

/// One file under `src/`.
#[derive(Clone, Debug)]
pub struct Source {
    /// Relative to the repository: `src/core/pin.rs`.
    pub name: String,
    /// As it is.
    pub text: String,
    /// Its parent declares it with `#[cfg(test)]`.
    pub test: bool,
}

/// Something in a source file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Found {
    /// From 1.
    pub line: usize,
    /// The room, the crate, or the danger.
    pub word: String,
}

impl Source {
    /// Reads a file below `root`.
    pub fn read(root: &Path, file: &Path) -> Self {
        let name = file.strip_prefix(root).unwrap_or(file);
        let name: Vec<_> = name.iter().map(|part| part.to_string_lossy()).collect();
        Self {
            name: name.join("/"),
            text: fs::read_to_string(file).expect("UTF-8"),
            test: is_test_module(file),
        }
    }

    /// `core` for `src/core/pin.rs` and `src/core.rs`; empty for `lib.rs` and the programs.
    pub fn room(&self) -> String {
        match self.module().first() {
            Some(&"main" | &"syncwatchw" | &"lib") | None => String::new(),
            Some(room) => (*room).to_owned(),
        }
    }

    /// One entry of a report.
    pub fn problem(&self, line: usize, what: &str, advice: &str) -> String {
        format!("{}:{line}: {what}\n    What to do: {advice}", self.name)
    }

    /// The rooms named by `crate::room`, and by as many `super` as lead out of the room.
    pub fn imported_rooms(&self) -> Vec<Found> {
        let room_of = |path: Spelled| {
            let up = path
                .words
                .iter()
                .take_while(|word| *word == "super")
                .count();
            let below_root = match path.words.first()?.as_str() {
                "crate" => 1,
                "super" if up == path.depth => up,
                _ => return None,
            };
            let word = path.words.get(below_root)?.clone();
            Some(Found {
                word,
                line: path.line,
            })
        };
        let mut found: Vec<Found> = self.paths().into_iter().filter_map(room_of).collect();
        found.sort();
        // `use crate::core::{Pin, Status}` names the room twice.
        found.dedup();
        found
    }

    /// The uses of `crates` as the first word of a path.
    pub fn imported_crates(&self, crates: &[String]) -> Vec<Found> {
        let paths = self.paths();
        // `mod time;` hides the crate `time`.
        let own: Vec<&String> = paths
            .iter()
            .filter(|path| path.before.as_deref() == Some("mod"))
            .filter_map(|path| path.words.first())
            .collect();
        let crate_of = |path: &Spelled| {
            let word = path.words.first()?;
            let used = path.words.len() > 1 || path.before.as_deref() == Some("use");
            (used && crates.contains(word) && !own.contains(&word)).then(|| Found {
                word: word.clone(),
                line: path.line,
            })
        };
        paths.iter().filter_map(crate_of).collect()
    }

    /// `unsafe`, `.unwrap()`, and clocks that are read.
    pub fn dangers(&self) -> Vec<Found> {
        let danger_of = |path: Spelled| {
            let clock = |pair: &[String]| match pair {
                [clock, now] if now == "now" => matches!(clock.as_str(), "Instant" | "SystemTime"),
                _ => false,
            };
            let word = match path.words.as_slice() {
                [word] if word == "unsafe" => word.clone(),
                [word] if word == "unwrap" && path.method => ".unwrap()".to_owned(),
                words if words.windows(2).any(clock) => words.join("::"),
                _ => return None,
            };
            Some(Found {
                word,
                line: path.line,
            })
        };
        self.paths().into_iter().filter_map(danger_of).collect()
    }

    /// The variants of `Kind` and `Settings` that are called like one of `kinds`.
    pub fn named_kinds(&self, kinds: &[String]) -> Vec<Found> {
        let kind_of = |path: Spelled| {
            let mut pairs = path.words.windows(2);
            let pair = pairs.find(|pair| {
                matches!(pair[0].as_str(), "Kind" | "Settings")
                    && kinds.contains(&pair[1].to_lowercase())
            })?;
            Some(Found {
                word: pair.join("::"),
                line: path.line,
            })
        };
        self.paths().into_iter().filter_map(kind_of).collect()
    }

    fn paths(&self) -> Vec<Spelled> {
        let module = self.module();
        let mut paths = Vec::new();
        if !self.test && !module.contains(&"tests") {
            let code = self.text.parse();
            let code: TokenStream = code.unwrap_or_else(|error| panic!("{}: {error}", self.name));
            collect(code, &[], module.len(), &mut paths);
        }
        paths
    }

    /// `["core", "pin"]` for `src/core/pin.rs`, `["core"]` for `src/core/mod.rs`.
    fn module(&self) -> Vec<&str> {
        let path = self.name.trim_start_matches("src/").trim_end_matches(".rs");
        path.split('/').filter(|part| *part != "mod").collect()
    }
}

/// Whether its parent, `mod.rs` beside it or the file named like its folder, says `#[cfg(test)] mod file;`; a file in
/// a folder `tests` belongs to such a module.
fn is_test_module(file: &Path) -> bool {
    let folder = file.parent().unwrap_or(file);
    if folder.file_name().is_some_and(|name| name == "tests") {
        return true;
    }
    let parent = [folder.join("mod.rs"), folder.with_extension("rs")]
        .iter()
        .find_map(|parent| fs::read_to_string(parent).ok())
        .unwrap_or_default();
    let parent = parent.split_whitespace().collect::<Vec<_>>().join(" ");
    let name = file.file_stem().unwrap_or_default().to_string_lossy();
    ["", "pub(crate) ", "pub(super) "]
        .iter()
        .any(|seen| parent.contains(&format!("#[cfg(test)] {seen}mod {name};")))
}

/// A path as it is spelled, with `use a::{b, c}` taken apart.
#[derive(Debug)]
struct Spelled {
    words: Vec<String>,
    line: usize,
    /// How many `super` lead from here to the crate's root.
    depth: usize,
    /// The word before it, as in `mod name`.
    before: Option<String>,
    /// `.name()`, without arguments.
    method: bool,
}

/// Gathers the paths of `stream`; `prefix` is what stands before the braces of a `use`.
fn collect(stream: TokenStream, prefix: &[String], depth: usize, paths: &mut Vec<Spelled>) {
    let tokens: Vec<TokenTree> = stream.into_iter().collect();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        if let Some(after) = after_test_item(&tokens, at) {
            at = after;
            continue;
        }
        let before = |back: usize| at.checked_sub(back).and_then(|at| tokens.get(at));
        match token {
            TokenTree::Ident(ident) => {
                let mut spelled = Spelled {
                    words: [prefix, &[ident.to_string()]].concat(),
                    line: ident.span().start().line,
                    depth,
                    before: before(1).and_then(word),
                    method: before(1).is_some_and(|token| is_punct(token, '.')),
                };
                at += 1;
                while is_path_separator(&tokens, at) {
                    at += 2;
                    match tokens.get(at) {
                        Some(TokenTree::Ident(next)) => spelled.words.push(next.to_string()),
                        Some(TokenTree::Group(group)) if is(group, Delimiter::Brace) => {
                            collect(group.stream(), &spelled.words, depth, paths);
                        }
                        _ => break,
                    }
                    at += 1;
                }
                let called = |token: &TokenTree| match token {
                    TokenTree::Group(group) => {
                        is(group, Delimiter::Parenthesis) && group.stream().is_empty()
                    }
                    _ => false,
                };
                spelled.method &= tokens.get(at).is_some_and(called);
                if spelled.words.first().is_some_and(|word| word == "self") {
                    spelled.words.remove(0);
                }
                paths.push(spelled);
            }
            TokenTree::Group(group) => {
                let module = before(2).is_some_and(|token| word(token).as_deref() == Some("mod"));
                collect(group.stream(), &[], depth + usize::from(module), paths);
                at += 1;
            }
            TokenTree::Punct(_) | TokenTree::Literal(_) => at += 1,
        }
    }
}

/// The place after an item that begins with `#[cfg(test)]` at `at`.
fn after_test_item(tokens: &[TokenTree], at: usize) -> Option<usize> {
    let (hash, TokenTree::Group(attribute)) = (tokens.get(at)?, tokens.get(at + 1)?) else {
        return None;
    };
    if !is_punct(hash, '#') || attribute.stream().to_string().replace(' ', "") != "cfg(test)" {
        return None;
    }
    let ends = |token: &TokenTree| match token {
        TokenTree::Group(group) => is(group, Delimiter::Brace),
        token => is_punct(token, ';'),
    };
    let item = tokens.get(at + 2..)?;
    Some(at + 2 + item.iter().position(ends)? + 1)
}

fn is_path_separator(tokens: &[TokenTree], at: usize) -> bool {
    let joint = |token: &TokenTree| match token {
        TokenTree::Punct(punct) => punct.as_char() == ':' && punct.spacing() == Spacing::Joint,
        _ => false,
    };
    tokens.get(at).is_some_and(joint)
        && tokens.get(at + 1).is_some_and(|token| is_punct(token, ':'))
}

fn is_punct(token: &TokenTree, sign: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == sign)
}

fn is(group: &Group, delimiter: Delimiter) -> bool {
    group.delimiter() == delimiter
}

fn word(token: &TokenTree) -> Option<String> {
    match token {
        TokenTree::Ident(ident) => Some(ident.to_string()),
        _ => None,
    }
}
