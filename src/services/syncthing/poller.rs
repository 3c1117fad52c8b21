//! Follows an instance: a snapshot, then long polls; asks for what the reducer needs; tells changes.
//!
//! Invariant: events before the snapshot are never missed, because the subscription comes first;
//! a state is told only after what its events called for was asked, or has taken too long.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::future::{Future, pending};
use std::pin::{Pin, pin};
use std::time::Duration;

use futures_util::StreamExt;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at, sleep, sleep_until};

use crate::core::Fault;
use crate::core::kinds::syncthing::SyncthingSettings;
use crate::services::din::Teller;
use crate::services::link::{Ask, Link};

use super::ask::{self, Context};
use super::cursor::{Cursor, Order};
use super::state::{Answer, Need, State};
use super::wire::{Connections, Event};

/// Rates are sampled this often while work is going on.
const SAMPLE: Duration = Duration::from_secs(5);
/// And at least this often, when work is going on but nothing flows.
const SAMPLE_MAX: Duration = Duration::from_secs(300);
/// A whole picture that takes longer is told in parts.
const PART: Duration = Duration::from_secs(1);
/// A batch of events whose needs take longer is told before they are met.
const PROMPT: Duration = Duration::from_millis(100);
/// Between two snapshots because of dropped events; doubles up to [`BREATH_MAX`].
const BREATH: Duration = Duration::from_secs(1);
const BREATH_MAX: Duration = Duration::from_secs(30);
/// After something happened, the server is quiet when nothing else does for so long.
const QUIET: Duration = Duration::from_secs(5);
/// With more folders of which nobody is known to have everything, what the server tells by itself is waited for.
const FEW: usize = 64;
/// A poll that failed before is well when the server holds it for so long.
const HELD: Duration = Duration::from_secs(5);
/// A server gets errors and lets go of them without an event: they are read again after this many idle polls.
const ERRORS_AGAIN: u32 = 20;
/// And some of the folders that are not up to date after this many.
const FOLDERS_AGAIN: u32 = 5;

/// Follows the instance until something fails, and says what.
pub async fn follow<A: Ask>(link: &Link<A>, _settings: &SyncthingSettings) -> Fault {
    match Follower::begin(link).await {
        Ok(mut follower) => match follower.go_on().await {
            Ok(never) => match never {},
            Err(fault) => fault,
        },
        Err(fault) => fault,
    }
}

type Sample<'a> = Pin<Box<dyn Future<Output = Result<Connections, Fault>> + Send + 'a>>;

struct Follower<'a, A> {
    link: &'a Link<A>,
    state: State,
    cursor: Cursor,
    /// The next sample of the connections, waited for or under way.
    sample: Option<Sample<'a>>,
    sample_every: Duration,
    /// When the last sample was taken, since work began.
    sampled: Option<Instant>,
    breath: Duration,
    teller: Teller,
    idle_polls: u32,
    /// The newest question for a fresh state that is answered.
    answered: u64,
    quiet_polls: u32,
}

impl<'a, A: Ask> Follower<'a, A> {
    async fn begin(link: &'a Link<A>) -> Result<Self, Fault> {
        let mut follower = Self {
            link,
            state: State::default(),
            cursor: Cursor::default(),
            sample: None,
            sample_every: SAMPLE,
            sampled: None,
            breath: BREATH,
            teller: link.teller(),
            idle_polls: 0,
            answered: 0,
            quiet_polls: 0,
        };
        follower.state.disk = link.memory().recall();
        follower.snapshot().await?;
        Ok(follower)
    }

    async fn go_on(&mut self) -> Result<Infallible, Fault> {
        loop {
            let events = self.poll().await?;
            let quiet = events.is_empty();
            let order = self.cursor.pass(&events);
            let mut needs = self.take_in(&events);
            if order == Order::Broken || needs.contains(&Need::Snapshot) {
                self.link.publish(self.state.service());
                sleep(self.breath).await;
                self.breath = (self.breath * 2).min(BREATH_MAX);
                self.snapshot().await?;
                continue;
            }
            self.breath = BREATH;
            let asked = self.link.asked();
            let is_asked = self.answered < asked;
            if is_asked {
                needs.append(&mut self.state.anew());
            }
            if quiet {
                needs.append(&mut self.state.once_quiet());
                needs.append(&mut self.state.unproved());
                self.idle_polls += 1;
                self.quiet_polls += 1;
                if self.quiet_polls.is_multiple_of(FOLDERS_AGAIN) {
                    needs.append(&mut self.state.doubts());
                }
            }
            if needs.contains(&Need::Errors) {
                self.idle_polls = 0;
            } else if self.idle_polls >= ERRORS_AGAIN {
                self.idle_polls = 0;
                needs.insert(Need::Errors);
            }
            self.meet(needs, if is_asked { PART } else { PROMPT })
                .await?;
            self.answer(asked);
            if !quiet && let Some(rest) = self.teller.told(Instant::now()) {
                sleep(rest).await;
            }
        }
    }

    async fn snapshot(&mut self) -> Result<(), Fault> {
        let asked = self.link.asked();
        self.cursor = Cursor::at(&ask::newest_event(self.link).await?);
        let disk = std::mem::take(&mut self.state.disk);
        self.state = State::from_snapshot(ask::snapshot(self.link).await?).with(disk);
        self.sampled = Some(Instant::now());
        let wanted = self.state.wanted();
        self.meet(wanted, PART).await?;
        self.answer(asked);
        self.link.is_whole();
        Ok(())
    }

    /// All that was read after this question is published.
    fn answer(&mut self, asked: u64) {
        self.answered = asked;
        self.link.answers(asked);
    }

    /// The next events; meanwhile samples the connections when it is time to.
    async fn poll(&mut self) -> Result<Vec<Event>, Fault> {
        let begun = Instant::now();
        let hold = match self.state.is_stale() {
            true => QUIET,
            false => self.link.memory().polls().hold(begun),
        };
        let mut events = pin!(ask::events(self.link, self.cursor.since(), hold));
        loop {
            self.plan_sample();
            tokio::select! {
                biased;
                events = &mut events => return self.polled(begun, events),
                () = sleep_until(begun + HELD), if self.link.ails_when_held() => self.link.holds(),
                // What happened before is taken in first: it must not undo what is read now.
                _ = self.link.wanted(0) => {
                    return ask::events(self.link, self.cursor.since(), Duration::ZERO).await;
                }
                connections = due(&mut self.sample) => {
                    self.sample = None;
                    let measured = self.sampled.is_some();
                    self.take_sample(connections?);
                    self.sample_every = match measured && !self.state.has_traffic() {
                        true => (self.sample_every * 2).min(SAMPLE_MAX),
                        false => SAMPLE,
                    };
                    self.link.publish(self.state.service());
                }
            }
        }
    }

    /// What came of a poll. One that was cut at the age that is known told nothing, as one at its end.
    fn polled(
        &self,
        begun: Instant,
        events: Result<Vec<Event>, Fault>,
    ) -> Result<Vec<Event>, Fault> {
        let mut polls = self.link.memory().polls();
        match events {
            Ok(events) => {
                polls.answered(begun.elapsed());
                Ok(events)
            }
            Err(fault) => match polls.failed(begun.elapsed(), &fault, Instant::now()) {
                true => Ok(Vec::new()),
                false => Err(fault),
            },
        }
    }

    fn take_in(&mut self, events: &[Event]) -> BTreeSet<Need> {
        let mut needs = BTreeSet::new();
        for event in events {
            if let Some(absence) = event.announces() {
                self.link.announced(absence);
            }
            needs.append(&mut self.state.apply(event));
        }
        if !events.is_empty() && self.sample_every > SAMPLE {
            self.sample_every = SAMPLE;
            self.sample = None;
        }
        needs
    }

    /// Asks for what is needed and tells the outcome; after `patience` also what is known so far.
    async fn meet(&mut self, mut needs: BTreeSet<Need>, patience: Duration) -> Result<(), Fault> {
        let changes = needs.contains(&Need::Changes);
        let link = self.link;
        let mut tick = interval_at(Instant::now() + patience, PART);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        if needs.remove(&Need::Connections) {
            let connections = ask::connections(link).await?;
            self.take_sample(connections);
        }
        let many = if patience == PART { usize::MAX } else { FEW };
        loop {
            self.ask(needs, &mut tick).await?;
            let unexplained = self.state.unexplained();
            needs = unexplained.into_iter().map(Need::Failures).collect();
            needs.append(&mut self.state.unproved());
            if needs.is_empty() || needs.len() > many {
                break;
            }
        }
        if changes {
            link.memory().keep(&self.state.disk);
        }
        if !self.state.is_busy() {
            self.state.still();
        }
        link.publish(self.state.service());
        Ok(())
    }

    async fn ask(&mut self, needs: BTreeSet<Need>, tick: &mut Interval) -> Result<(), Fault> {
        let shares = needs
            .iter()
            .filter_map(|need| match need {
                Need::Completion(id) => Some((id.clone(), self.state.shared_with(id))),
                _ => None,
            })
            .collect();
        let mark = self.state.disk.mark();
        let context = Context { shares, mark };
        let mut answers = pin!(ask::answers(self.link, needs, &context));
        loop {
            tokio::select! {
                biased;
                answer = answers.next() => match answer {
                    Some(answer) => self.state.learn(answer?),
                    None => return Ok(()),
                },
                _ = tick.tick() => self.link.publish(self.state.service()),
            }
        }
    }

    /// Samples are taken only while work is going on.
    fn plan_sample(&mut self) {
        if !self.state.is_busy() {
            self.sample = None;
            self.sampled = None;
            return;
        }
        if self.sample.is_none() {
            let link = self.link;
            let now = Instant::now();
            let due = self.sampled.map_or(now, |last| last + self.sample_every);
            self.sample = Some(Box::pin(async move {
                sleep_until(due).await;
                ask::connections(link).await
            }));
        }
    }

    fn take_sample(&mut self, connections: Connections) {
        let now = Instant::now();
        let elapsed = self.sampled.map(|last| now - last);
        self.sampled = Some(now);
        self.state.learn(Answer::Connections(connections, elapsed));
    }
}

async fn due(sample: &mut Option<Sample<'_>>) -> Result<Connections, Fault> {
    match sample {
        Some(sample) => sample.await,
        None => pending().await,
    }
}

#[cfg(test)]
mod tests;
