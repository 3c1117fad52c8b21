//! One hook's pace: what waits for it goes out together, never sooner than it wants, and again where nobody was reached.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep, sleep_until};
use tracing::{debug, info, warn};

use super::deliver::{Courier, Report, Trial};
use super::queue::{Batch, Queue};
use crate::config::HookConfig;
use crate::core::usage::HookUsage;
use crate::engine::clock::Clock;
use crate::outlets::tally::Tally;
use crate::view::units::{brief, count};

/// What happens at once goes out together.
const GATHER: Duration = Duration::from_millis(250);
/// A server that could not be told is told again after this, then after twice as long, and so on.
const FIRST_RETRY: Duration = Duration::from_secs(30);
/// So often; then what it was to be told is left out.
const MOST_RETRIES: u32 = 6;

/// Who carries a batch to a hook.
pub(super) trait Deliver: Send + Sync {
    fn deliver(&self, batch: &Batch) -> impl Future<Output = Trial> + Send;
}

impl Deliver for Courier {
    async fn deliver(&self, batch: &Batch) -> Trial {
        self.carry(batch, Clock::wall(), false).await
    }
}

/// Tells one hook of what waits for it, until it is to `leave`: a run that is under way then comes to its end, and what
/// waits stays in the queue. Dropped, it ends at once.
pub(super) async fn follow(
    hook: HookConfig,
    courier: impl Deliver,
    queue: Queue,
    tally: Tally,
    leave: Arc<Notify>,
) {
    let mut pace = Pace::default();
    let gathered = async || {
        queue.filled().await;
        sleep(GATHER).await;
    };
    loop {
        tokio::select! {
            () = gathered() => {}
            () = leave.notified() => return,
        }
        let next = Clock::instant_now() + hook.pause;
        let batch = queue.take();
        let trial = courier.deliver(&batch).await;
        let again = pace.after(&hook, trial, batch, &queue, &tally);
        tokio::select! {
            () = rest(next, again) => {}
            () = leave.notified() => return,
        }
    }
}

/// Until the next run: never before the one time, and not before the other has passed.
async fn rest(next: Instant, again: Option<Duration>) {
    if let Some(after) = again {
        sleep(after).await;
    }
    sleep_until(next).await;
}

/// How often in a row nobody was reached.
#[derive(Debug, Default)]
struct Pace {
    retries: u32,
}

impl Pace {
    /// Says and counts what came of a run; how long to wait before the next one, where the same is told again.
    fn after(
        &mut self,
        hook: &HookConfig,
        trial: Trial,
        batch: Batch,
        queue: &Queue,
        tally: &Tally,
    ) -> Option<Duration> {
        let name = &hook.name;
        let note = |note: &dyn Fn(&mut HookUsage)| tally.hook(name, |usage| note(usage));
        let (events, left_out) = (batch.events.len() as u64, batch.left_out);
        let retries = std::mem::take(&mut self.retries);
        let mut after = None;
        match &trial.report {
            Report::Fine => {
                debug!("hook '{name}' was told of {events} events");
                note(&|usage| {
                    usage.fine += 1;
                    usage.delivered += events;
                    usage.left_out += left_out;
                });
            }
            Report::Failed { why, again: true } if retries < MOST_RETRIES => {
                let wait = FIRST_RETRY * 2_u32.saturating_pow(retries);
                warn!(
                    "hook '{name}': {why}. It is told again in {} s",
                    wait.as_secs()
                );
                note(&|usage| usage.failed += 1);
                self.retries = retries + 1;
                after = Some(wait);
            }
            Report::Failed { why, .. } => {
                warn!("hook '{name}': {why}. Left out: {}", count(events, "event"));
                note(&|usage| {
                    usage.failed += 1;
                    usage.left_out += events + left_out;
                });
            }
            Report::TimedOut => {
                let limit = brief(hook.timeout);
                warn!(
                    "hook '{name}' took longer than {limit} and was ended. Left out: {}",
                    count(events, "event")
                );
                note(&|usage| {
                    usage.timed_out += 1;
                    usage.left_out += events + left_out;
                });
            }
        }
        if left_out > 0 && after.is_none() {
            let many = count(left_out, "event");
            warn!("hook '{name}': too many at once. Left out: {many}");
        }
        if !trial.said.is_empty() {
            info!("hook '{name}' said: {}", trial.said);
        }
        if after.is_some() {
            queue.give_back(batch);
        }
        after
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Mutex;

    use tokio::task::JoinSet;

    use super::*;
    use crate::config::parse;
    use crate::outlets::hooks::queue::tests::event;

    /// When, in milliseconds from the start, and which events, by their number.
    type Run = (u64, Vec<i64>);

    /// Notes each run, which ends as `report` says: it is given the number of the run, from 0.
    struct Noting<F> {
        begin: Instant,
        runs: Arc<Mutex<Vec<Run>>>,
        report: F,
        /// Each takes so long.
        takes: Duration,
    }

    impl<F: Fn(usize) -> Report + Send + Sync> Deliver for Noting<F> {
        async fn deliver(&self, batch: &Batch) -> Trial {
            sleep(self.takes).await;
            let mut runs = self.runs.lock().expect("runs");
            let events = batch.events.iter();
            let events = events.map(|event| event.time.as_millis() / 1000).collect();
            let at = Clock::instant_now() - self.begin;
            let report = (self.report)(runs.len());
            runs.push((u64::try_from(at.as_millis()).expect("short"), events));
            let said = String::new();
            Trial { report, said }
        }
    }

    /// A hook under way.
    struct Told {
        queue: Queue,
        tally: Tally,
        runs: Arc<Mutex<Vec<Run>>>,
        leave: Arc<Notify>,
        task: JoinSet<()>,
    }

    impl Told {
        fn start(pause: &str, report: impl Fn(usize) -> Report + Send + Sync + 'static) -> Self {
            Self::slow(pause, Duration::ZERO, report)
        }

        fn slow(
            pause: &str,
            takes: Duration,
            report: impl Fn(usize) -> Report + Send + Sync + 'static,
        ) -> Self {
            let text = format!(
                "[[hook]]\nname = 'a'\non = ['loud']\ncommand = 'true'\npause = '{pause}'\n"
            );
            let (config, _) = parse(&text, Path::new("config.toml")).expect("valid");
            let hook = config.hooks.into_iter().next().expect("one");
            let (queue, tally) = (Queue::default(), Tally::default());
            let runs: Arc<Mutex<Vec<Run>>> = Arc::default();
            let noting = Noting {
                begin: Clock::instant_now(),
                runs: Arc::clone(&runs),
                report,
                takes,
            };
            let (mut task, leave) = (JoinSet::new(), Arc::<Notify>::default());
            let left = Arc::clone(&leave);
            task.spawn(follow(hook, noting, queue.clone(), tally.clone(), left));
            Self {
                queue,
                tally,
                runs,
                leave,
                task,
            }
        }

        fn push(&self, number: i64) {
            self.queue.push(event(number));
        }

        fn runs(&self) -> Vec<Run> {
            self.runs.lock().expect("runs").clone()
        }

        fn usage(&self) -> HookUsage {
            let mut usage = HookUsage::default();
            self.tally.hook("a", |counted| usage = *counted);
            usage
        }
    }

    fn nobody(_: usize) -> Report {
        let why = "nobody is there".into();
        Report::Failed { why, again: true }
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_there_is_told_again_ever_later_and_then_not_at_all() {
        let told = Told::start("0s", nobody);
        told.push(1);
        sleep(Duration::from_secs(24 * 3600)).await;
        let waits = [0, 30, 60, 120, 240, 480, 960];
        let mut at = 0;
        let expected = waits.map(|wait| {
            at += wait * 1000 + 250;
            (at, vec![1])
        });
        assert_eq!(told.runs(), expected);
        let usage = told.usage();
        assert_eq!((usage.failed, usage.left_out, usage.delivered), (7, 1, 0));
        // The next event is told at once, and begins anew.
        told.push(2);
        sleep(Duration::from_secs(31)).await;
        assert_eq!(told.runs().len(), waits.len() + 2);
    }

    #[tokio::test(start_paused = true)]
    async fn who_comes_back_is_told_of_everything_in_order() {
        let told = Told::start("0s", |run| match run {
            0 | 1 => nobody(run),
            _ => Report::Fine,
        });
        told.push(1);
        sleep(Duration::from_secs(40)).await;
        told.push(2);
        sleep(Duration::from_secs(60)).await;
        let runs = [(250, vec![1]), (30_500, vec![1]), (90_750, vec![1, 2])];
        assert_eq!(told.runs(), runs);
        let usage = told.usage();
        assert_eq!((usage.failed, usage.left_out, usage.delivered), (2, 0, 2));
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_leaves_ends_its_run_and_takes_no_other() {
        let takes = Duration::from_secs(5);
        let mut told = Told::slow("0s", takes, |_| Report::Fine);
        told.push(1);
        sleep(Duration::from_secs(1)).await;
        told.leave.notify_one();
        told.push(2);
        while told.task.join_next().await.is_some() {}
        assert_eq!(told.runs(), [(5_250, vec![1])]);
        assert_eq!(told.queue.take().events.len(), 1);
        // One that waits leaves at once.
        let mut told = Told::start("10s", |_| Report::Fine);
        told.leave.notify_one();
        while told.task.join_next().await.is_some() {}
        assert_eq!(told.runs(), []);
    }

    #[tokio::test(start_paused = true)]
    async fn never_sooner_than_it_wants_and_nothing_twice() {
        let told = Told::start("10s", |_| Report::Fine);
        for number in 0..60 {
            told.push(number);
            sleep(Duration::from_secs(1)).await;
        }
        sleep(Duration::from_secs(60)).await;
        let runs = told.runs();
        assert_eq!(runs.len(), 7, "{runs:?}");
        let starts: Vec<u64> = runs.iter().map(|(at, _)| *at).collect();
        assert!(starts.windows(2).all(|two| two[1] - two[0] >= 10_000));
        let events: Vec<i64> = runs.into_iter().flat_map(|(_, events)| events).collect();
        assert_eq!(events, (0..60).collect::<Vec<_>>());
    }

    #[tokio::test(start_paused = true)]
    async fn who_refuses_or_takes_too_long_is_not_told_again() {
        let told = Told::start("1s", |run| match run {
            0 => Report::Failed {
                why: "it said no".into(),
                again: false,
            },
            1 => Report::TimedOut,
            _ => Report::Fine,
        });
        for number in 1..=3 {
            told.push(number);
            sleep(Duration::from_secs(2)).await;
        }
        let runs = told.runs().into_iter().map(|(_, events)| events);
        assert_eq!(runs.collect::<Vec<_>>(), [[1], [2], [3]]);
        let usage = told.usage();
        assert_eq!((usage.failed, usage.timed_out, usage.left_out), (1, 1, 2));
    }
}
