//! Does what a click in the menu or a button of a notice asked for.

use std::path::{Path, PathBuf};

use jiff::Zoned;
use jiff::tz::TimeZone;

use super::context::Context;
use super::error::CliError;
use super::source::Asker;
use crate::config::{EXAMPLE, Environment};
use crate::core::Timestamp;
use crate::desktop::{Trouble, autostart::Autostart, open::Opener, units};
use crate::engine::clock::Clock;
use crate::engine::protocol::{Answer, Ask};
use crate::view::command::{Command, Until};
use crate::view::style::Page;
use crate::view::{Frame, journal};

/// Entries of the journal that are shown as a file.
const JOURNAL_LINES: usize = 1000;
const PAGE_WIDTH: usize = 120;

/// What it takes to do what was asked for.
#[derive(Clone, Debug)]
pub struct Performer {
    zone: TimeZone,
    config: PathBuf,
    environment: Environment,
    autostart: Option<Autostart>,
}

impl Performer {
    /// With the surroundings of a command.
    pub fn new(context: &Context) -> Self {
        Self {
            zone: TimeZone::system(),
            config: context
                .environment
                .config_file(context.global.config.as_deref()),
            environment: context.environment.clone(),
            autostart: Autostart::here(
                context.environment.autostart_dirs(),
                context.environment.executable(),
            ),
        }
    }

    /// Whether the tray starts with the session; `None` where that cannot be set.
    pub fn autostart(&self) -> Option<bool> {
        self.autostart.as_ref()?.state()
    }

    /// Does it. [`Command::Quit`] is the caller's.
    ///
    /// # Errors
    /// Why it was not done, and what to do instead.
    pub async fn perform(&self, command: Command, engine: &Asker) -> Result<(), Trouble> {
        match command {
            Command::OpenPage { url } => self.opener().page(&url).await,
            // Syncthing gives paths below its own home as `~/...`; on this computer that is the user's.
            Command::OpenFolder { path } => {
                let path = self.environment.expand(Path::new(&path));
                self.opener().folder(&path).await
            }
            Command::OpenJournal => self.open_journal(engine).await,
            Command::OpenConfig => self.open_config().await,
            Command::Unit { unit, verb } => units::act(&unit, verb).await,
            Command::Autostart { on } => match &self.autostart {
                Some(autostart) => autostart.set(on),
                None => Ok(()),
            },
            Command::Quit => Ok(()),
            other => match self.question(other) {
                Some(ask) => put(engine, ask).await,
                None => Ok(()),
            },
        }
    }

    /// What the engine is asked for; `None` for what is not its business.
    fn question(&self, command: Command) -> Option<Ask> {
        Some(match command {
            Command::Control { instance, action } => Ask::Control { instance, action },
            Command::PauseAll { instance, until } => Ask::PauseAll {
                instance,
                until: end_of(until, now(), &self.zone),
            },
            Command::ResumeAll { instance } => Ask::ResumeAll { instance },
            Command::SetMonitored {
                instance,
                monitored,
            } => Ask::SetPaused {
                instance,
                paused: !monitored,
            },
            Command::Retry { instance } => Ask::Retry { instance },
            Command::Accept {
                instance,
                fingerprint,
            } => Ask::Accept {
                instance,
                fingerprint,
            },
            Command::OpenPage { .. }
            | Command::OpenFolder { .. }
            | Command::OpenJournal
            | Command::OpenConfig
            | Command::Unit { .. }
            | Command::Autostart { .. }
            | Command::Quit => return None,
        })
    }

    async fn open_journal(&self, engine: &Asker) -> Result<(), Trouble> {
        let limit = JOURNAL_LINES;
        let answer = engine.ask(Ask::Journal { limit }).await;
        let Ok(Answer::Journal { entries }) = answer else {
            return Err(Trouble::new("The engine did not tell its journal.", ""));
        };
        let frame = Frame::new(now(), self.zone.clone(), PAGE_WIDTH);
        let page: Page = entries
            .iter()
            .map(|entry| journal::line(entry, &frame))
            .collect();
        let path = self.environment.journal_page();
        write_private(&path, page.render(false).as_bytes())?;
        self.opener().file(&path).await
    }

    /// One that is not there yet begins as the commented example.
    async fn open_config(&self) -> Result<(), Trouble> {
        if !self.config.exists() {
            write_private(&self.config, EXAMPLE.as_bytes())?;
        }
        self.opener().file(&self.config).await
    }

    fn opener(&self) -> Opener {
        Opener::here(self.environment.hidden())
    }
}

/// The wall's time: the computer may have slept since the start.
fn now() -> Timestamp {
    Clock::start().now()
}

async fn put(engine: &Asker, ask: Ask) -> Result<(), Trouble> {
    match engine.ask(ask).await {
        Ok(Answer::Refused { message, hint }) => Err(Trouble::new(&message, &hint)),
        Ok(_) => Ok(()),
        Err(CliError::Said { message, hints, .. }) => Err(Trouble::new(&message, &hints.join(" "))),
        // Nothing is printed here.
        Err(CliError::ReaderGone) => Ok(()),
    }
}

/// When a pause ends that begins `now`; `None` when somebody must end it.
fn end_of(until: Until, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
    match until {
        Until::Resumed => None,
        Until::Minutes(minutes) => {
            Some(now + std::time::Duration::from_secs(u64::from(minutes) * 60))
        }
        Until::Tomorrow => tomorrow(now, zone),
    }
}

/// The beginning of the next day, however long this one is.
fn tomorrow(now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
    let now = jiff::Timestamp::from_millisecond(now.as_millis()).ok()?;
    let tomorrow: Zoned = now.to_zoned(zone.clone()).tomorrow().ok()?;
    let start = tomorrow.start_of_day().ok()?;
    Some(Timestamp::from_millis(start.timestamp().as_millisecond()))
}

/// For its owner only, replaced as a whole.
fn write_private(path: &Path, content: &[u8]) -> Result<(), Trouble> {
    crate::engine::state_file::replace_private(path, content).map_err(|error| {
        Trouble::new(
            &format!("{} could not be written: {error}.", path.display()),
            "",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_ends_when_its_words_say() {
        let now: Timestamp = "2026-03-28T22:30:00Z".parse().expect("time");
        let zone = TimeZone::get("Europe/Berlin").unwrap_or(TimeZone::UTC);
        let time = |text: &str| Some(text.parse::<Timestamp>().expect("time"));
        assert_eq!(
            end_of(Until::Minutes(30), now, &zone),
            time("2026-03-28T23:00:00Z")
        );
        assert_eq!(end_of(Until::Resumed, now, &zone), None);
        // 23:30 there: the next day begins in half an hour.
        let utc = end_of(Until::Tomorrow, now, &TimeZone::UTC);
        assert_eq!(utc, time("2026-03-29T00:00:00Z"));
        let ahead = TimeZone::fixed(jiff::tz::offset(1));
        let end = end_of(Until::Tomorrow, now, &ahead);
        assert_eq!(end, time("2026-03-28T23:00:00Z"));
    }
}
