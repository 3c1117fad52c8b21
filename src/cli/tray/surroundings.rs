//! What comes to the tray from elsewhere than the engine, as one stream.

use tokio::sync::{mpsc, watch};

use crate::core::JournalEntry;
use crate::core::preferences::Preferences;
use crate::desktop::{Trouble, theme, units};
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
    /// What was clicked is done, or not.
    Done(Result<(), Trouble>),
}

/// Begins to tell of the desktop and of the preferences.
pub(super) fn follow(
    news: &mpsc::UnboundedSender<News>,
    preferences: watch::Receiver<Preferences>,
) {
    let (dark, darkness) = watch::channel(true);
    tokio::spawn(theme::follow(dark));
    forward(darkness, news, News::Dark);
    let (unit, unit_seen) = watch::channel(None);
    tokio::spawn(units::follow(unit));
    forward(unit_seen, news, News::Unit);
    forward(preferences, news, News::Preferences);
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
