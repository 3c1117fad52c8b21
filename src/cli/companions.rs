//! What goes along with an engine of this process, as long as it lives: its log, what the computer runs on, the page for
//! Prometheus and the hooks.

use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tracing::{info, warn};

use crate::core::{JournalEntry, JournalKind};
use crate::desktop::conditions::{self, Conditions};
use crate::engine::protocol::Ask;
use crate::engine::{self, Engine};
use crate::outlets::Outlets;
use crate::view::journal;
use crate::view::style::Page;

/// Tasks beside an engine; they end when this is dropped.
#[derive(Debug)]
pub struct Companions {
    _tasks: JoinSet<()>,
    _outlets: Outlets,
}

impl Companions {
    /// Begins to log what happens, to tell the engine of power and network, and others of the engine.
    pub fn of(engine: &Engine) -> Self {
        let mut tasks = JoinSet::new();
        tasks.spawn(log(engine.journal().follow()));
        let (told, conditions) = mpsc::unbounded_channel();
        tasks.spawn(conditions::follow(told));
        tasks.spawn(pass_on(conditions, engine.asker()));
        Self {
            _tasks: tasks,
            _outlets: Outlets::of(engine),
        }
    }
}

/// Logs what happens, in the journal's words.
async fn log(mut news: Receiver<JournalEntry>) {
    loop {
        match news.recv().await {
            Ok(entry) => {
                let words = Page::from(journal::event(&entry)).render(false);
                let words = words.trim_end();
                if matches!(entry.kind, JournalKind::Alert { .. }) {
                    warn!("{words}");
                } else {
                    info!("{words}");
                }
            }
            Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return,
        }
    }
}

async fn pass_on(mut conditions: mpsc::UnboundedReceiver<Conditions>, engine: engine::Asker) {
    while let Some(Conditions {
        metered,
        on_battery,
    }) = conditions.recv().await
    {
        let ask = Ask::Conditions {
            metered,
            on_battery,
        };
        engine.ask(ask).await;
    }
}
