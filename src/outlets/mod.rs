//! What an engine tells others by itself: a page for Prometheus, and hooks. Both live beside the engine, as long as it.
//!
//! Invariant: nothing here can hold up the engine, and nobody gets a figure or a name but whom the config lets in.

mod hooks;
mod page;
mod tally;

use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::config::Environment;
use crate::core::Status;
use crate::engine::{Asker, Engine, Meters};
use crate::watch::Watcher;

pub use hooks::{Report, Trial, try_out};
use tally::Tally;

/// The page and the hooks of one engine; they end when this is dropped.
#[derive(Debug)]
pub struct Outlets {
    _tasks: JoinSet<()>,
}

impl Outlets {
    /// Begins to follow what the config says of them.
    pub fn of(engine: &Engine) -> Self {
        let sources = Sources {
            status: engine.status(),
            asker: engine.asker(),
            meters: engine.meters(),
            tally: Tally::default(),
            environment: engine.environment().clone(),
            watcher: engine.watcher(),
        };
        let mut tasks = JoinSet::new();
        let hooks = hooks::Feed {
            alerts: engine.alerts(),
            journal: engine.journal().follow(),
            outlets: engine.outlets(),
        };
        tasks.spawn(hooks::run(hooks, sources.clone()));
        tasks.spawn(page::run(engine.outlets(), sources));
        Self { _tasks: tasks }
    }
}

/// What they have of the engine.
#[derive(Clone)]
struct Sources {
    status: watch::Receiver<Arc<Status>>,
    asker: Asker,
    meters: Meters,
    tally: Tally,
    environment: Environment,
    watcher: Watcher,
}
