//! What comes to the tray from elsewhere than the engine, as one stream.

use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use crate::cli::daemon;
use crate::cli::preferences::Preferences;
use crate::cli::source::Source;
use crate::core::JournalEntry;
use crate::desktop::conditions::{self, Conditions};
use crate::desktop::{Trouble, units};
use crate::tray::{Told, TrayError};
use crate::view::command::Command;
use crate::view::menu::UnitStatus;

/// Something that the tray must know.
#[derive(Debug)]
pub(super) enum News {
    /// From the panel.
    Told(Told),
    /// On a notice.
    Clicked(Command),
    /// No panel came.
    PanelMissed,
    PanelEnded(Result<(), TrayError>),
    /// The desktop prefers dark, or not.
    Dark(bool),
    Preferences(Preferences),
    Unit(Option<UnitStatus>),
    Journal(Vec<JournalEntry>),
    Conditions(Conditions),
    /// What was clicked is done, or not.
    Done(Result<(), Trouble>),
}

/// Begins to tell of the desktop and of the preferences.
pub(super) fn follow(
    news: &mpsc::UnboundedSender<News>,
    preferences: watch::Receiver<Preferences>,
) {
    let (dark, darkness) = watch::channel(true);
    drop(dark);
    forward(darkness, news, News::Dark);
    let (unit, unit_seen) = watch::channel(None);
    tokio::spawn(units::follow(unit));
    forward(unit_seen, news, News::Unit);
    forward(preferences, news, News::Preferences);
    let (told, mut conditions) = mpsc::unbounded_channel();
    tokio::spawn(conditions::follow(told));
    let news = news.clone();
    tokio::spawn(async move {
        while let Some(conditions) = conditions.recv().await {
            if news.send(News::Conditions(conditions)).is_err() {
                return;
            }
        }
    });
}

/// Where notices put what was clicked on them.
pub(super) fn commands(news: &mpsc::UnboundedSender<News>) -> mpsc::UnboundedSender<Command> {
    let (clicked, mut commands) = mpsc::unbounded_channel();
    let news = news.clone();
    tokio::spawn(async move {
        while let Some(command) = commands.recv().await {
            if news.send(News::Clicked(command)).is_err() {
                return;
            }
        }
    });
    clicked
}

fn forward<T: Clone + Send + Sync + 'static>(
    mut values: watch::Receiver<T>,
    news: &mpsc::UnboundedSender<News>,
    wrap: fn(T) -> News,
) {
    let news = news.clone();
    tokio::spawn(async move {
        while values.changed().await.is_ok() {
            let value = values.borrow_and_update().clone();
            if news.send(wrap(value)).is_err() {
                return;
            }
        }
    });
}

/// The log of the engine in this process, as the daemon writes it.
#[derive(Debug, Default)]
pub(super) struct Log(Option<JoinHandle<()>>);

impl Log {
    /// Begins once there is an engine in this process.
    pub(super) fn follow(&mut self, source: &Source<'_>) {
        match (source.own(), &self.0) {
            (Some(engine), None) => {
                self.0 = Some(tokio::spawn(daemon::tell(engine.journal().follow())));
            }
            (None, Some(log)) => {
                log.abort();
                self.0 = None;
            }
            _ => {}
        }
    }
}
