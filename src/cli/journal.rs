//! `syncwatch journal`: what happened, from the running engine or from the file that it left.

use std::time::Duration;

use tokio::time::sleep;

use super::args::JournalArgs;
use super::context::Context;
use super::error::{CliError, Exit};
use super::output::reader_gone;
use super::source::{put, unexpected};
use super::stream::Stream;
use crate::core::{JournalEntry, JournalKind};
use crate::engine::client::{ClientError, Connection};
use crate::engine::journal::read_file;
use crate::engine::protocol::{Answer, Ask};
use crate::view::journal::line;
use crate::view::style::{Line, Page, Role};

/// How often it is looked whether an engine is there now.
const ENGINE_LOOK: Duration = Duration::from_secs(1);
/// Enough for what happened while no engine was heard.
const CATCH_UP: usize = 1000;

pub(super) async fn run(args: JournalArgs, context: &Context) -> Result<Exit, CliError> {
    // All of them are asked for: the newest of one instance may be far back.
    let (engine, entries) = newest(context, usize::MAX).await?;
    let mut entries = match context.only() {
        Some(only) => of_server(entries, only),
        None => entries,
    };
    entries.drain(..entries.len().saturating_sub(args.lines));
    if entries.is_empty() && !args.json && !args.follow {
        let words = "Nothing is in the journal yet: it is written by 'syncwatch daemon'.";
        context.out.page(&Line::of(Role::Dim, words).into())?;
    }
    print(&entries, &args, context)?;
    if args.follow {
        return tokio::select! {
            ended = follow(engine, entries.pop(), &args, context) => ended,
            () = reader_gone() => Ok(Exit::Fine),
        };
    }
    Ok(Exit::Fine)
}

async fn newest(
    context: &Context,
    limit: usize,
) -> Result<(Option<Connection>, Vec<JournalEntry>), CliError> {
    match Connection::open(&context.environment.socket()).await? {
        Some(mut connection) => match put(&mut connection, Ask::Journal { limit }).await? {
            Answer::Journal { entries } => Ok((Some(connection), entries)),
            other => Err(unexpected(other)),
        },
        None => Ok((None, read_file(&context.environment.journal_file()))),
    }
}

/// Tells what comes, over every restart of the engine.
async fn follow(
    mut engine: Option<Connection>,
    mut last: Option<JournalEntry>,
    args: &JournalArgs,
    context: &Context,
) -> Result<Exit, CliError> {
    let mut stream = Stream::default();
    loop {
        let mut connection = match engine.take() {
            Some(connection) => connection,
            None => {
                sleep(ENGINE_LOOK).await;
                let (engine, missed) = newest(context, CATCH_UP).await?;
                let missed = after(last.as_ref(), missed);
                tell(missed, &mut last, args, context)?;
                match engine {
                    Some(connection) => connection,
                    None => continue,
                }
            }
        };
        match connection.begin(Ask::WatchJournal).await {
            Ok(()) | Err(ClientError::Ended) => {}
            Err(error) => return Err(error.into()),
        }
        stream.hears(false, args.json, context)?;
        while let Some(answer) = connection.next().await? {
            match answer {
                Answer::Journal { entries } => tell(entries, &mut last, args, context)?,
                other => return Err(unexpected(other)),
            }
        }
        stream.lost(args.json, context)?;
    }
}

fn tell(
    entries: Vec<JournalEntry>,
    last: &mut Option<JournalEntry>,
    args: &JournalArgs,
    context: &Context,
) -> Result<(), CliError> {
    let newest = entries.last().cloned();
    let wanted: Vec<JournalEntry> = entries
        .into_iter()
        .filter(|entry| is_wanted(entry, context))
        .collect();
    print(&wanted, args, context)?;
    *last = newest.or(last.take());
    Ok(())
}

/// What came after `last`.
fn after(last: Option<&JournalEntry>, mut entries: Vec<JournalEntry>) -> Vec<JournalEntry> {
    let known = last.and_then(|last| entries.iter().rposition(|entry| entry == last));
    match (known, last) {
        (Some(index), _) => entries.drain(..=index).for_each(drop),
        (None, Some(last)) => entries.retain(|entry| entry.time > last.time),
        (None, None) => {}
    }
    entries
}

/// What was told of the server that is called `only` now, under its earlier names too.
fn of_server(entries: Vec<JournalEntry>, only: &str) -> Vec<JournalEntry> {
    let mut name = only.to_owned();
    let mut renamed_at = None;
    let mut found = Vec::new();
    for entry in entries.into_iter().rev() {
        if entry.instance != name {
            continue;
        }
        if let JournalKind::Renamed { from } = &entry.kind {
            // Two may have changed names with each other, at one time.
            if renamed_at.replace(entry.time) == Some(entry.time) {
                continue;
            }
            name.clone_from(from);
        }
        found.push(entry);
    }
    found.reverse();
    found
}

fn is_wanted(entry: &JournalEntry, context: &Context) -> bool {
    context.only().is_none_or(|only| entry.instance == only)
}

fn print(entries: &[JournalEntry], args: &JournalArgs, context: &Context) -> Result<(), CliError> {
    if args.json {
        for entry in entries {
            context.out.json_line(entry)?;
        }
    } else {
        let frame = context.out.frame(context.now());
        let page: Page = entries.iter().map(|entry| line(entry, &frame)).collect();
        context.out.page(&page)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::Timestamp;

    fn entry(second: i64) -> JournalEntry {
        JournalEntry {
            time: Timestamp::from_secs(second),
            instance: "laptop".into(),
            kind: JournalKind::RestartAnnounced,
        }
    }

    #[test]
    fn a_server_is_followed_back_over_its_names() {
        let named = |second, name: &str| JournalEntry {
            instance: name.into(),
            ..entry(second)
        };
        let renamed = |second, from: &str, to: &str| JournalEntry {
            kind: JournalKind::Renamed { from: from.into() },
            ..named(second, to)
        };
        // Two change names with each other.
        let all = vec![
            named(1, "desk"),
            named(2, "laptop"),
            renamed(3, "desk", "laptop"),
            renamed(3, "laptop", "desk"),
            named(4, "laptop"),
        ];
        let told = of_server(all.clone(), "laptop");
        assert_eq!(told, [all[0].clone(), all[2].clone(), all[4].clone()]);
        let told = of_server(all.clone(), "desk");
        assert_eq!(told, [all[1].clone(), all[3].clone()]);
    }

    #[test]
    fn goes_on_after_the_last_entry_that_was_told() {
        let all = || vec![entry(1), entry(2), entry(3)];
        assert_eq!(after(Some(&entry(2)), all()), [entry(3)]);
        assert_eq!(after(Some(&entry(3)), all()), []);
        assert_eq!(after(None, all()), all());
        let mut other = entry(2);
        other.instance = "nas".into();
        assert_eq!(after(Some(&other), all()), [entry(3)]);
    }
}
