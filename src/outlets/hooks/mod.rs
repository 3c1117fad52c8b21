//! Hooks: what happens is passed on to commands and servers, as the config says.
//!
//! Invariant: a hook can delay nobody but itself; what it is not told of is counted and said.

mod collect;
mod deliver;
mod follow;
mod post;
mod queue;
mod run;

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::sync::{broadcast, watch};
use tokio::task::AbortHandle;

use super::Sources;
use crate::config::{HookConfig, Outlets};
use crate::core::{Alert, JournalEntry};
use collect::Collector;
use deliver::Courier;
pub use deliver::{Report, Trial, try_out};
use follow::follow;
use queue::Queue;

/// Where what happens is heard of.
pub(super) struct Feed {
    pub(super) alerts: broadcast::Receiver<Alert>,
    pub(super) journal: broadcast::Receiver<JournalEntry>,
    pub(super) outlets: watch::Receiver<Arc<Outlets>>,
}

/// One hook under way.
struct Running {
    config: HookConfig,
    queue: Queue,
    task: AbortHandle,
}

/// Passes on what happens, until the engine is gone.
pub(super) async fn run(mut feed: Feed, sources: Sources) {
    let mut hooks: Vec<Running> = Vec::new();
    loop {
        let outlets = Arc::clone(&feed.outlets.borrow_and_update());
        take_up(&mut hooks, &outlets, &sources);
        let wanted: BTreeSet<_> = hooks
            .iter()
            .flat_map(|hook| &hook.config.on)
            .copied()
            .collect();
        let mut collector = Collector::new(wanted, sources.status.clone());
        let queues: Vec<(&HookConfig, &Queue)> = hooks
            .iter()
            .map(|hook| (&hook.config, &hook.queue))
            .collect();
        tokio::select! {
            () = collector.collect(&mut feed.alerts, &mut feed.journal, &queues) => return,
            changed = feed.outlets.wait_for(|now| now.hooks != outlets.hooks) => {
                if changed.is_err() {
                    return;
                }
            }
        }
    }
}

/// Ends the hooks that are gone or changed, and starts those that are new. The others go on with what they have.
fn take_up(hooks: &mut Vec<Running>, outlets: &Arc<Outlets>, sources: &Sources) {
    hooks.retain(|hook| outlets.hooks.contains(&hook.config));
    for config in &outlets.hooks {
        if hooks.iter().any(|hook| hook.config == *config) {
            continue;
        }
        let queue = Queue::default();
        let courier = Courier::new(config.clone(), &sources.environment);
        let task = tokio::spawn(follow(
            config.clone(),
            courier,
            queue.clone(),
            sources.tally.clone(),
        ))
        .abort_handle();
        sources.tally.hook(&config.name, |_| {});
        hooks.push(Running {
            config: config.clone(),
            queue,
            task,
        });
    }
    let named = |name: &str| outlets.hooks.iter().any(|hook| hook.name == name);
    sources.tally.keep_hooks(named);
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}
