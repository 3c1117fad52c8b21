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

use tokio::sync::{Notify, broadcast, watch};
use tokio::task::{JoinHandle, JoinSet};
use tracing::warn;

use super::Sources;
use crate::config::{HookConfig, Outlets};
use crate::core::{Alert, JournalEntry};
use crate::view::units::count;
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

/// One hook under way; it ends at once when this is dropped.
struct Running {
    config: HookConfig,
    queue: Queue,
    leave: Arc<Notify>,
    task: JoinHandle<()>,
}

/// Passes on what happens, until the engine is gone.
pub(super) async fn run(mut feed: Feed, sources: Sources) {
    let mut hooks: Vec<Running> = Vec::new();
    let mut leaving = JoinSet::new();
    loop {
        let outlets = Arc::clone(&feed.outlets.borrow_and_update());
        take_up(&mut hooks, &mut leaving, &outlets, &sources);
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

/// Starts the hooks that are new. One that was changed ends its run first and takes over what waits; one that is gone ends
/// its run. The others go on with what they have.
fn take_up(
    hooks: &mut Vec<Running>,
    leaving: &mut JoinSet<()>,
    outlets: &Arc<Outlets>,
    sources: &Sources,
) {
    let (kept, mut left): (Vec<_>, Vec<_>) = std::mem::take(hooks)
        .into_iter()
        .partition(|hook| outlets.hooks.contains(&hook.config));
    *hooks = kept;
    while leaving.try_join_next().is_some() {}
    for config in &outlets.hooks {
        if hooks.iter().any(|hook| hook.config == *config) {
            continue;
        }
        let before = left.iter().position(|old| old.config.name == config.name);
        let before = before.map(|at| left.swap_remove(at));
        sources.tally.hook(&config.name, |_| {});
        hooks.push(Running::start(config.clone(), before, sources));
    }
    for gone in left {
        let untold = gone.queue.take().number();
        if untold > 0 {
            let (name, many) = (&gone.config.name, count(untold, "event"));
            warn!("hook '{name}' is no longer in the config. Left out: {many}");
        }
        leaving.spawn(gone.end());
    }
    let named = |name: &str| outlets.hooks.iter().any(|hook| hook.name == name);
    sources.tally.keep_hooks(named);
}

impl Running {
    /// With the queue of the one `before` it, whose run comes to its end first.
    fn start(config: HookConfig, before: Option<Self>, sources: &Sources) -> Self {
        let queue = before.as_ref().map(|before| before.queue.clone());
        let (queue, leave) = (queue.unwrap_or_default(), Arc::<Notify>::default());
        let courier = Courier::new(config.clone(), &sources.environment);
        let following = follow(
            config.clone(),
            courier,
            queue.clone(),
            sources.tally.clone(),
            Arc::clone(&leave),
        );
        let task = tokio::spawn(async move {
            if let Some(before) = before {
                before.end().await;
            }
            following.await;
        });
        Self {
            config,
            queue,
            leave,
            task,
        }
    }

    /// Waits until a run that is under way has come to its end.
    async fn end(mut self) {
        self.leave.notify_one();
        let _ = (&mut self.task).await;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}
