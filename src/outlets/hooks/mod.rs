//! Hooks: what happens is passed on to commands and servers, as the config says.
//!
//! Invariant: a hook can delay nobody but itself; what it is not told of is counted and said.

mod collect;
mod deliver;
mod post;
mod queue;
mod run;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{broadcast, watch};
use tokio::task::AbortHandle;
use tokio::time::{sleep, sleep_until};
use tracing::{debug, info, warn};

use super::Sources;
use crate::config::{HookConfig, Outlets};
use crate::core::usage::HookUsage;
use crate::core::{Alert, JournalEntry};
use crate::engine::clock::Clock;
use collect::Collector;
use deliver::Courier;
pub use deliver::{Report, Trial, try_out};
use queue::Queue;

/// What happens at once goes out together.
const GATHER: Duration = Duration::from_millis(250);
/// A server that could not be told is told again after this, then after twice as long, and so on.
const FIRST_RETRY: Duration = Duration::from_secs(30);
/// So often; then what it was to be told is left out.
const MOST_RETRIES: u32 = 6;

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
            changed = feed.outlets.wait_for(|now| now.hooks != outlets.hooks || now.secret_variables != outlets.secret_variables) => {
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
        let courier = Courier::new(config.clone(), outlets, &sources.environment);
        let task = tokio::spawn(follow(courier, queue.clone(), sources.clone())).abort_handle();
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

/// Tells one hook, again and again, never sooner than it wants.
async fn follow(courier: Courier, queue: Queue, sources: Sources) {
    let hook = &courier.hook;
    let tally = |count: &dyn Fn(&mut HookUsage)| {
        sources.tally.hook(&hook.name, |usage| count(usage));
    };
    let mut retries = 0;
    loop {
        queue.filled().await;
        sleep(GATHER).await;
        let next = Clock::instant_now() + hook.pause;
        let batch = queue.take();
        let Trial { report, said } = courier.deliver(&batch, Clock::wall(), false).await;
        let left_out = batch.left_out;
        let events = batch.events.len() as u64;
        match &report {
            Report::Fine => {
                retries = 0;
                debug!("hook '{}' was told of {events} events", hook.name);
                tally(&|usage| {
                    usage.fine += 1;
                    usage.delivered += events;
                    usage.left_out += left_out;
                });
            }
            Report::Failed { why, again } => {
                let again = *again && retries < MOST_RETRIES;
                let after = FIRST_RETRY * 2_u32.saturating_pow(retries);
                let what = match again {
                    true => format!("It is told again in {} s", after.as_secs()),
                    false => format!("{events} events are left out"),
                };
                warn!("hook '{}': {why}. {what}", hook.name);
                tally(&|usage| usage.failed += 1);
                if again {
                    retries += 1;
                    queue.give_back(batch);
                    sleep(after).await;
                } else {
                    retries = 0;
                    tally(&|usage| usage.left_out += events + left_out);
                }
            }
            Report::TimedOut => {
                retries = 0;
                warn!(
                    "hook '{}' took longer than {} ms and was ended",
                    hook.name,
                    hook.timeout.as_millis()
                );
                tally(&|usage| {
                    usage.timed_out += 1;
                    usage.left_out += events + left_out;
                });
            }
        }
        if left_out > 0 {
            warn!(
                "hook '{}': {left_out} events were left out: there were too many at once",
                hook.name
            );
        }
        if !said.is_empty() {
            info!("hook '{}' said: {said}", hook.name);
        }
        sleep_until(next).await;
    }
}
