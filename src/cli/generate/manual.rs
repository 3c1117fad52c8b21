//! The manual pages, from the definition of the command line: what `--help` says is what they say.

use clap::{Arg, ArgAction, Command};

use super::roff::{Page, bold, escaped, italic, reference};
use crate::cli::reference::{ENVIRONMENT, EXAMPLES, EXIT_CODES, FILES, FILES_ELSEWHERE, Table};
use crate::config::{EXAMPLE, keys};

const PROGRAM: &str = "syncwatch";
const SOURCE: &str = concat!("syncwatch ", env!("CARGO_PKG_VERSION"));
const METAINFO: &str =
    include_str!("../../../packaging/linux/org.syncwatch.syncwatch.metainfo.xml");

/// A file's name and its text.
pub(super) type Named = (String, String);

/// A page for the program, one for every command, and one for the config file.
pub(super) fn pages(mut program: Command) -> Vec<Named> {
    program.build();
    let mut pages = vec![(format!("{PROGRAM}.toml.5"), config_file())];
    collect(&program, PROGRAM, &mut pages);
    pages
}

/// The page for the program alone.
pub(super) fn main_page(mut program: Command) -> String {
    program.build();
    page(&program, PROGRAM)
}

fn collect(command: &Command, name: &str, pages: &mut Vec<Named>) {
    pages.push((format!("{}.1", file(name)), page(command, name)));
    for sub in commands(command) {
        collect(sub, &format!("{name} {}", sub.get_name()), pages);
    }
}

/// `name` is as it is typed: `syncwatch trust list`.
fn page(command: &Command, name: &str) -> String {
    let mut page = Page::new(&file(name), 1, released(), SOURCE, "User Commands");
    let about = |long: bool| {
        let about = command
            .get_about()
            .filter(|_| !long)
            .or(command.get_long_about());
        about
            .or(command.get_about())
            .map(ToString::to_string)
            .unwrap_or_default()
    };
    page.name(&file(name), &about(false));
    page.section("SYNOPSIS");
    synopsis(&mut page, command, name);
    page.section("DESCRIPTION");
    page.text(&about(true));
    options(&mut page, command, name == PROGRAM);
    if commands(command).next().is_some() {
        page.section("COMMANDS");
        for sub in commands(command) {
            let page_of = reference(&format!("{}-{}", file(name), sub.get_name()), 1);
            page.item(
                &page_of,
                &sub.get_about().map(ToString::to_string).unwrap_or_default(),
            );
        }
    }
    page.section("EXIT STATUS");
    table(&mut page, EXIT_CODES);
    if name == PROGRAM {
        page.section("FILES");
        table(&mut page, FILES);
        page.line(".PP");
        page.text(&format!("{FILES_ELSEWHERE}."));
        page.section("ENVIRONMENT");
        table(&mut page, ENVIRONMENT);
    }
    examples(&mut page, name);
    see_also(&mut page, command, name);
    page.finish()
}

fn synopsis(page: &mut Page, command: &Command, name: &str) {
    let usage = command.clone().render_usage().to_string();
    let usage = usage.trim_start_matches("Usage:").trim();
    let rest = usage.strip_prefix(name).unwrap_or(usage);
    let words = rest
        .split_whitespace()
        .map(|word| match word.starts_with('-') {
            true => bold(word),
            false => escaped(word),
        });
    let words: Vec<String> = [bold(name)].into_iter().chain(words).collect();
    page.line(&words.join(" "));
}

fn options(page: &mut Page, command: &Command, with_global: bool) {
    let shown = |global: bool| {
        command
            .get_arguments()
            .filter(move |arg| arg.is_global_set() == global && !arg.is_hide_set())
    };
    for (title, global) in [("OPTIONS", false), ("GLOBAL OPTIONS", true)] {
        if shown(global).next().is_none() {
            continue;
        }
        page.section(title);
        if global && !with_global {
            let names = shown(true)
                .filter_map(Arg::get_long)
                .map(|long| bold(&format!("--{long}")));
            let names: Vec<String> = names.collect();
            for name in &names {
                page.line(&format!("{name},"));
            }
            page.line(&format!("as for {}.", reference(PROGRAM, 1)));
            continue;
        }
        for arg in shown(global) {
            page.item(&head(arg), &meaning(arg));
        }
    }
}

/// `-i, --instance NAME`
fn head(arg: &Arg) -> String {
    let short = arg.get_short().map(|short| bold(&format!("-{short}")));
    let long = arg.get_long().map(|long| bold(&format!("--{long}")));
    let takes = matches!(arg.get_action(), ArgAction::Set | ArgAction::Append);
    let values = arg.get_value_names().unwrap_or_default();
    let value = values.first().filter(|_| takes).map(|value| italic(value));
    let names: Vec<String> = short.into_iter().chain(long).collect();
    let mut parts = vec![names.join(", ")];
    parts.retain(|part| !part.is_empty());
    parts.extend(value);
    parts.join(" ")
}

fn meaning(arg: &Arg) -> String {
    let help = arg.get_long_help().or(arg.get_help());
    let mut text = help.map(ToString::to_string).unwrap_or_default();
    let mut add = |more: String| {
        if !text.ends_with(['.', ']']) && !text.is_empty() {
            text.push('.');
        }
        text.push(' ');
        text.push_str(&more);
    };
    let takes = matches!(arg.get_action(), ArgAction::Set | ArgAction::Append);
    let possible = if takes {
        arg.get_possible_values()
    } else {
        Vec::new()
    };
    let possible = possible.iter().filter(|value| !value.is_hide_set());
    let possible: Vec<String> = possible
        .map(|value| match value.get_help() {
            Some(help) => format!("'{}' ({help})", value.get_name()),
            None => format!("'{}'", value.get_name()),
        })
        .collect();
    if !possible.is_empty() {
        add(format!("One of {}.", possible.join(", ")));
    }
    let defaults = arg
        .get_default_values()
        .iter()
        .filter_map(|value| value.to_str());
    let defaults: Vec<&str> = defaults.collect();
    if takes && !defaults.is_empty() {
        add(format!("Without it: {}.", defaults.join(" ")));
    }
    if let Some(variable) = arg.get_env().and_then(|name| name.to_str()) {
        add(format!("Also from the variable {variable}."));
    }
    text
}

fn table(page: &mut Page, table: Table) {
    for (what, meaning) in table {
        page.item(&bold(what), meaning);
    }
}

fn examples(page: &mut Page, name: &str) {
    let begins = |line: &str| {
        let rest = line.strip_prefix(name);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
    };
    let mut own = EXAMPLES.iter().filter(|(line, _)| begins(line)).peekable();
    if own.peek().is_some() {
        page.section("EXAMPLES");
    }
    for (line, meaning) in own {
        page.item(&bold(line), meaning);
    }
}

fn see_also(page: &mut Page, command: &Command, name: &str) {
    page.section("SEE ALSO");
    let above = name.rsplit_once(' ').map(|(above, _)| file(above));
    let below = commands(command).map(|sub| format!("{}-{}", file(name), sub.get_name()));
    let mut pages: Vec<(String, u8)> = above
        .into_iter()
        .chain(below)
        .map(|page| (page, 1))
        .collect();
    pages.push((format!("{PROGRAM}.toml"), 5));
    if name == PROGRAM {
        pages.push(("syncthing".to_owned(), 1));
    }
    let last = pages.len().saturating_sub(1);
    for (number, (name, section)) in pages.iter().enumerate() {
        let end = if number == last { "" } else { "," };
        page.line(&format!("{}{end}", reference(name, *section)));
    }
    page.line(".PP");
    page.text(env!("CARGO_PKG_HOMEPAGE"));
}

/// The commented example says it all, and is held to be true by tests.
fn config_file() -> String {
    let name = format!("{PROGRAM}.toml");
    let mut page = Page::new(&name, 5, released(), SOURCE, "File Formats");
    page.name(&name, "what syncwatch watches, and how");
    page.section("DESCRIPTION");
    page.text(
        "The config file of syncwatch is TOML. 'syncwatch config path' says where it is, 'syncwatch config init' writes \
         the commented example below there, 'syncwatch config check' says what is wrong with it.\n\n\
         A valid change takes effect at once. An invalid one is reported, and what was in force stays.",
    );
    for part in keys::parts() {
        page.section(&part.title.to_uppercase());
        page.text(part.means);
        for key in part.keys {
            let usual = key.usual.map(|usual| format!("; without it {usual}"));
            let takes = format!("{}{}", key.takes.words(), usual.unwrap_or_default());
            page.item(&bold(key.name), &format!("({takes}) {}", key.means));
        }
    }
    page.section("EXAMPLE");
    page.literal(EXAMPLE);
    page.section("FILES");
    table(&mut page, FILES);
    page.section("SEE ALSO");
    page.line(&format!("{},", reference(PROGRAM, 1)));
    page.line(&reference("syncwatch-config", 1));
    page.finish()
}

fn commands(command: &Command) -> impl Iterator<Item = &Command> {
    let commands = command.get_subcommands();
    commands.filter(|sub| !sub.is_hide_set() && sub.get_name() != "help")
}

fn file(name: &str) -> String {
    name.replace(' ', "-")
}

/// The date of the newest release, so that the pages are the same wherever and whenever they are made.
fn released() -> &'static str {
    let date = METAINFO.split_once("date=\"").map(|(_, rest)| rest);
    date.and_then(|rest| rest.get(..10)).unwrap_or("1970-01-01")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::args::Cli;
    use clap::CommandFactory;

    #[test]
    fn every_command_has_a_page_that_says_how_it_ends() {
        let pages = pages(Cli::command());
        for name in [
            "syncwatch.1",
            "syncwatch-trust-accept.1",
            "syncwatch-pause.1",
            "syncwatch.toml.5",
        ] {
            assert!(pages.iter().any(|(file, _)| file == name), "{name}");
        }
        for (name, text) in pages.iter().filter(|(name, _)| name.ends_with(".1")) {
            for section in ["NAME", "SYNOPSIS", "DESCRIPTION", "EXIT STATUS", "SEE ALSO"] {
                assert!(
                    text.contains(&format!(".SH \"{section}\"\n")),
                    "{name}: {section}"
                );
            }
            assert!(!name.contains("help"), "{name}");
        }
    }

    #[test]
    fn an_option_is_told_whole() {
        let page = main_page(Cli::command());
        // Wherever its lines are broken.
        let page = page.split_whitespace().collect::<Vec<_>>().join(" ");
        for part in [
            ".TP \\fB\\-i\\fR, \\fB\\-\\-instance\\fR \\fINAME\\fR ",
            "One of \\(aqauto\\(aq, \\(aqalways\\(aq, \\(aqnever\\(aq.",
            "Also from the variable SYNCWATCH_LOG.",
            ".TH \"SYNCWATCH\" 1 20",
        ] {
            assert!(page.contains(part), "{part}\n{page}");
        }
    }
}
