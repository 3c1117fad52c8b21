//! `syncwatch tray`: the desktop's face. The engine runs inside it, unless one is running already.
//!
//! Invariant: whatever the desktop lacks, monitoring goes on.

mod composer;
mod panel;
mod surroundings;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::sleep_until;
use tracing::{info, warn};

use super::companions::Companions;
use super::context::Context;
use super::error::{CliError, Exit};
use super::notifier::Notifier;
use super::perform::Performer;
use super::preferences;
use super::source::{Purpose, Source};
use crate::core::{Status, Timestamp};
use crate::engine::clock::Clock;
use crate::engine::protocol::{Answer, Ask};
use crate::engine::{Signal, Signals};
use crate::tray::{Face, Told, TrayError};
use crate::view::command::Command;

use composer::Composer;
use panel::Panel;
use surroundings::News;

/// Between two faces: a storm of changes costs a few redraws a second.
const PACE: Duration = Duration::from_millis(250);
/// Entries of the journal in the menu.
const JOURNAL_LINES: usize = 10;

pub(super) async fn run(context: &Context) -> Result<Exit, CliError> {
    let mut source = Source::open(context, Purpose::Serve).await?;
    let status = source.next().await?;
    let mut app = App::new(context, &source, status);
    let ended = app.run(&mut source).await;
    drop(app);
    source.close().await;
    ended
}

/// Everything that the tray is made of, and the loop that holds it together.
struct App {
    composer: Composer,
    faces: watch::Sender<Arc<Face>>,
    /// When the last face was shown.
    shown: Timestamp,
    /// Something changed since.
    stale: bool,
    /// For the notices.
    statuses: watch::Sender<Arc<Status>>,
    notifier: Notifier,
    performer: Performer,
    panel: Panel,
    news: (mpsc::UnboundedSender<News>, mpsc::UnboundedReceiver<News>),
    clock: Clock,
    /// Of the engine of this process, while there is one.
    companions: Option<Companions>,
}

impl App {
    fn new(context: &Context, source: &Source<'_>, status: Arc<Status>) -> Self {
        let clock = Clock::start();
        let news = mpsc::unbounded_channel();
        let preferences = match source.own() {
            Some(engine) => engine.preferences(),
            None => preferences::follow(context),
        };
        let performer = Performer::new(context);
        let mut composer = Composer::new(Arc::clone(&status), preferences.borrow().clone());
        composer.autostart = performer.autostart();
        let faces = watch::Sender::new(Arc::new(composer.face(clock.now())));
        let statuses = watch::Sender::new(status);
        surroundings::follow(&news.0, preferences.clone());
        Self {
            notifier: Notifier::start(
                statuses.subscribe(),
                preferences,
                surroundings::commands(&news.0),
            ),
            panel: Panel::start(context, faces.subscribe(), &news.0),
            composer,
            faces,
            shown: clock.now(),
            stale: false,
            statuses,
            performer,
            news,
            clock,
            companions: None,
        }
    }

    async fn run(&mut self, source: &mut Source<'_>) -> Result<Exit, CliError> {
        let mut signals = Signals::listen().map_err(|error| {
            CliError::new(Exit::Internal, format!("Signals cannot be heard: {error}."))
        })?;
        loop {
            match (source.own(), &self.companions) {
                (Some(engine), None) => self.companions = Some(Companions::of(engine)),
                (None, Some(_)) => self.companions = None,
                _ => {}
            }
            // The computer may have slept.
            self.clock.take_jump();
            let due = self.due().map(|due| self.clock.instant(due));
            tokio::select! {
                status = source.next() => self.status(status?),
                Some(news) = self.news.1.recv() => {
                    if self.take_in(news, source) {
                        return Ok(Exit::Fine);
                    }
                }
                signal = signals.next() => match signal {
                    Signal::End => return Ok(Exit::Fine),
                    Signal::Reload => {
                        if let Answer::Refused { message, hint } = source.ask(Ask::Reload).await? {
                            warn!("{message} {hint}");
                        }
                    }
                },
                () = sleep_until(due.unwrap_or_else(Clock::instant_now)), if due.is_some() => self.show(),
            }
        }
    }

    /// When the next face is due: a change waits until the pace allows it.
    fn due(&self) -> Option<Timestamp> {
        let now = self.stale.then_some(self.shown);
        let due = now.into_iter().chain(self.composer.next_deadline()).min()?;
        Some(due.max(self.shown + PACE))
    }

    fn show(&mut self) {
        let now = self.clock.now();
        let face = Arc::new(self.composer.face(now));
        self.shown = now;
        self.stale = false;
        self.faces.send_if_modified(|shown| {
            let changed = *shown != face;
            *shown = face;
            changed
        });
    }

    fn changed(&mut self) {
        self.composer.changed();
        self.stale = true;
    }

    fn status(&mut self, status: Arc<Status>) {
        self.composer.status = Arc::clone(&status);
        self.changed();
        self.statuses.send_replace(status);
    }

    /// Whether it is the end.
    fn take_in(&mut self, news: News, source: &Source<'_>) -> bool {
        match news {
            News::Told(Told::Clicked(command)) | News::Clicked(command) => {
                if command == Command::Quit {
                    return true;
                }
                self.composer.closed();
                self.stale = true;
                self.perform(command, source);
            }
            News::Told(Told::Opening) => {
                self.composer.opening(self.clock.now());
                self.read_journal(source);
                self.stale = true;
            }
            News::Told(Told::Summoned) => {
                self.notifier
                    .summoned(&self.composer.status, self.panel.is_seen());
            }
            News::Told(Told::Shown) => self.panel.shown(),
            News::Told(Told::Hidden(why)) => self.panel.hidden(why),
            News::PanelMissed => self.panel.missed(&self.notifier),
            News::PanelEnded(Err(TrayError::AlreadyRunning)) => {
                info!("a tray is running already; it was asked to be seen");
                return true;
            }
            News::PanelEnded(Ok(())) => return true,
            // As where there is no session: it goes on watching without an icon.
            News::PanelEnded(Err(error)) => warn!("No icon is shown: {error}."),
            News::Dark(dark) => {
                self.composer.dark = dark;
                self.stale = true;
            }
            News::Preferences(preferences) => {
                self.composer.preferences = preferences;
                self.changed();
            }
            News::Unit(unit) => {
                self.composer.unit = unit;
                self.changed();
            }
            News::Journal(entries) => {
                self.composer.journal = entries;
                self.changed();
            }
            News::Done(done) => {
                if let Err(trouble) = done {
                    warn!("{trouble} {}", trouble.hint);
                    self.notifier.trouble(&trouble);
                }
                self.composer.autostart = self.performer.autostart();
                self.changed();
            }
        }
        false
    }

    fn perform(&self, command: Command, source: &Source<'_>) {
        let (performer, engine) = (self.performer.clone(), source.asker());
        let done = self.news.0.clone();
        tokio::spawn(async move {
            let _ = done.send(News::Done(performer.perform(command, &engine).await));
        });
    }

    fn read_journal(&self, source: &Source<'_>) {
        let (engine, read) = (source.asker(), self.news.0.clone());
        tokio::spawn(async move {
            let limit = JOURNAL_LINES;
            if let Ok(Answer::Journal { entries }) = engine.ask(Ask::Journal { limit }).await {
                let _ = read.send(News::Journal(entries));
            }
        });
    }
}
