//! The loop: takes events, steps the model, performs its effects, publishes the status.

mod afresh;
mod asking;
mod building;
mod configure;
mod controls;
mod leaving;
mod looks;
mod note;
mod places;
mod questions;
mod reading;
mod reloading;
mod saving;
mod views;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{broadcast, mpsc, oneshot, watch as channel};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};
use tracing::warn;

use crate::config::{self, Config, Outlets};
use crate::core::preferences::Preferences;
use crate::core::status::EngineInfo;
use crate::core::{Alert, Effect, Event, Model, RetryCause, Status, Timestamp};
use crate::engine::clock::Clock;
use crate::engine::journal::Journal;
use crate::engine::meters::Meters;
use crate::engine::protocol::{Answer, Ask};
use crate::engine::runtime::{Common, Runtime};
use crate::engine::signs::Signs;
use crate::engine::ticker::Ticker;
use crate::engine::{Options, StartError};
use crate::watch::{Subscription, Watcher};

use leaving::Leaving;
use looks::Looks;
use note::{Note, Touched, notes_of};
use reloading::Reloading;
use saving::Saving;
use views::Views;

/// How long connections get to say goodbye (close_notify).
const FAREWELL: Duration = Duration::from_millis(30);

/// A question that the loop itself must answer.
#[derive(Debug)]
pub struct Question {
    pub ask: Ask,
    pub reply: oneshot::Sender<Answer>,
}

/// What the world outside the loop holds of it.
pub(super) struct Ends {
    pub(super) status: channel::Receiver<Arc<Status>>,
    pub(super) preferences: channel::Receiver<Preferences>,
    pub(super) alerts: broadcast::Sender<Alert>,
    pub(super) outlets: channel::Receiver<Arc<Outlets>>,
    pub(super) meters: Meters,
    pub(super) watcher: Watcher,
    pub(super) journal: Journal,
    pub(super) questions: mpsc::Sender<Question>,
}

/// Everything the loop owns.
pub(super) struct Shell {
    options: Options,
    config: Config,
    clock: Clock,
    model: Model,
    runtimes: BTreeMap<String, Runtime>,
    /// Servers that left the config, of which something is paused.
    leaving: Vec<Leaving>,
    state: Saving,
    watcher: Watcher,
    revisions: u64,
    queue: VecDeque<Event>,
    events: (mpsc::UnboundedSender<Event>, mpsc::UnboundedReceiver<Event>),
    notes: (mpsc::UnboundedSender<Note>, mpsc::UnboundedReceiver<Note>),
    questions: mpsc::Receiver<Question>,
    status: channel::Sender<Arc<Status>>,
    preferences: channel::Sender<Preferences>,
    alerts: broadcast::Sender<Alert>,
    outlets: channel::Sender<Arc<Outlets>>,
    meters: Meters,
    journal: Journal,
    _config_watch: Subscription,
    reloading: Reloading,
    config_problem: Option<String>,
    looks: Looks,
    common: Common,
    /// What servers were asked to do and have not done yet.
    controls: JoinSet<()>,
    /// Dropped with the loop, and the socket with them.
    views: JoinSet<()>,
}

impl Shell {
    pub(super) fn new(options: Options) -> Result<(Self, Ends), StartError> {
        let clock = Clock::start();
        let environment = &options.environment;
        let config_path = environment.config_file(options.config.as_deref());
        let loaded = config::load(options.config.as_deref(), environment)?;
        let exposed = environment.exposed_state();
        let exposed = exposed.iter().filter(|_| options.keep_state);
        loaded
            .warnings
            .iter()
            .chain(exposed)
            .for_each(|warning| warn!("{warning}"));
        // The owner's files are not for one who does not become the owner.
        let views = Views::bind(&options)?;
        let state = Saving::open(&environment.state_file(), options.keep_state);
        let journal = Journal::open(options.keep_state.then(|| environment.journal_file()));
        let engine = EngineInfo {
            version: env!("CARGO_PKG_VERSION").into(),
            pid: std::process::id(),
            since: clock.now(),
            config_problem: None,
        };
        let mut model = Model::new(engine);
        let (status, status_end) = channel::channel(Arc::new(model.status(clock.now())));
        let (preferences, preferences_end) = channel::channel(Preferences::default());
        let (questions_end, questions) = mpsc::channel(64);
        let alerts = broadcast::channel(64).0;
        let (outlets, outlets_end) = channel::channel(Arc::default());
        let meters = Meters::default();
        let watcher = Watcher::new();
        let notes = mpsc::unbounded_channel();
        let common = Common::default();
        let config_touched = notes_of(&notes.0, Touched::Config, None);
        let config_watch = watcher.subscribe(vec![config_path], config_touched);
        let ends = Ends {
            status: status_end,
            preferences: preferences_end,
            alerts: alerts.clone(),
            outlets: outlets_end,
            meters: meters.clone(),
            watcher: watcher.clone(),
            journal: journal.clone(),
            questions: questions_end,
        };
        let mut shell = Self {
            options,
            config: Config::default(),
            clock,
            model,
            runtimes: BTreeMap::new(),
            leaving: Vec::new(),
            state,
            watcher,
            revisions: 0,
            queue: VecDeque::new(),
            events: mpsc::unbounded_channel(),
            notes,
            questions,
            status,
            preferences,
            alerts,
            outlets,
            meters,
            journal,
            _config_watch: config_watch,
            reloading: Reloading::on(&common.disks),
            config_problem: None,
            looks: Looks::default(),
            common,
            controls: JoinSet::new(),
            views: JoinSet::new(),
        };
        shell.configure(loaded.config)?;
        shell.views = views.serve(&ends);
        Ok((shell, ends))
    }

    pub(super) async fn run(mut self, mut stop: oneshot::Receiver<()>) {
        let (causes, mut signs_seen) = mpsc::unbounded_channel();
        let _signs = Signs::listen(&causes);
        let mut period = self.looks.period();
        let mut safety = Ticker::every(period);
        loop {
            self.digest();
            if period != self.looks.period() {
                period = self.looks.period();
                safety = Ticker::every(period);
            }
            let deadline = self
                .model
                .next_deadline()
                .map(|due| self.clock.instant(due));
            tokio::select! {
                _ = &mut stop => break,
                Some(event) = self.events.1.recv() => self.queue.push_back(event),
                Some(note) = self.notes.1.recv() => self.note(note),
                Some(question) = self.questions.recv() => {
                    let ending = matches!(question.ask, Ask::Shutdown);
                    self.take(question);
                    if ending {
                        break;
                    }
                }
                Some(cause) = signs_seen.recv() => self.sign(cause),
                () = self.state.saved() => {}
                () = until(self.reloading.at) => self.reload(None),
                () = safety.tick() => self.look_again(),
                () = until(deadline) => self.queue.push_back(Event::Tick),
            }
        }
        self.end().await;
    }

    /// Steps the model through everything that is queued, performs what it wants, then publishes once: the status of the
    /// time of the last step, so that it is never ahead of the alerts.
    fn digest(&mut self) {
        let mut stepped = None;
        while let Some(event) = self
            .queue
            .pop_front()
            .or_else(|| self.events.1.try_recv().ok())
        {
            if self.puts_off(&event) {
                continue;
            }
            let now = self.clock.now();
            stepped = Some(now);
            for effect in self.model.step(event, now) {
                self.perform(effect);
            }
        }
        if let Some(now) = stepped {
            self.publish(now);
        }
        self.state.save();
        while self.controls.try_join_next().is_some() {}
    }

    fn publish(&mut self, now: Timestamp) {
        let mut status = self.model.status(now);
        status
            .engine
            .config_problem
            .clone_from(&self.config_problem);
        self.status.send_if_modified(|before| {
            let changed = before.engine != status.engine || !status.shows_the_same_as(before);
            if changed {
                *before = Arc::new(status);
            }
            changed
        });
    }

    fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Resolve { instance } => self.resolve(instance),
            Effect::ReadPins { instance } => self.read_pins(&instance),
            Effect::UsePins {
                instance,
                generation,
                pins,
            } => self.use_pins(&instance, generation, pins),
            Effect::Attempt { instance, attempt } => self.attempt(&instance, attempt),
            Effect::Abandon { instance } => {
                if let Some(runtime) = self.runtimes.get_mut(&instance) {
                    runtime.abandon();
                }
            }
            Effect::Identified {
                instance,
                id,
                aside,
            } => self.identified(instance, id, aside),
            Effect::Control {
                instance,
                number,
                action,
            } => self.hold(instance, number, action),
            Effect::Record(entry) => self.journal.append(entry),
            Effect::Alert(alert) => {
                // Nobody listening is fine: the journal has it.
                let _ = self.alerts.send(alert);
            }
            // The rest is kept for the next run.
            kept => self.state.keep(kept),
        }
    }

    fn note(&mut self, note: Note) {
        match note {
            Note::Resolved {
                instance,
                born,
                found,
            } => self.resolved(instance, born, *found),
            Note::SearchLate(instance, born) => self.search_late(instance, born),
            Note::Read {
                instance,
                born,
                content,
            } => self.trust_file_read(&instance, born, content),
            Note::Printed {
                instance,
                born,
                program,
                read,
            } => self.printed(&instance, born, &program, read),
            Note::ReadingLate(instance, born) => self.reading_late(&instance, born),
            Note::Built {
                instance,
                born,
                built,
            } => self.built(&instance, born, *built),
            Note::BuildingLate(instance, born) => self.building_late(&instance, born),
            Note::Leaves(number) => self.leaves(number),
            Note::Left {
                name,
                holds,
                refusal,
            } => self.left(&name, &holds, refusal),
            Note::Looked { moved, mode } => self.looked(moved, mode),
            Note::Config(outcome) => self.config_read(*outcome),
            Note::ReadPins(instance) => self.read_pins(&instance),
            Note::Show(reply) => {
                self.digest();
                let _ = reply.send(Arc::clone(&self.status.borrow()));
            }
            Note::Touched(touched, bell) => {
                bell.heard();
                self.touched(touched);
            }
        }
    }

    fn touched(&mut self, touched: Touched) {
        match touched {
            Touched::Config => self.config_touched(),
            Touched::Source(instance) => self.resolve(instance),
            Touched::Trust(instance) => self.trust_file_changed(instance),
            Touched::TrustOpened(instance) => {
                self.queue.push_back(Event::CertificateOpened { instance });
            }
        }
    }

    /// Passes on that the network changed, and a sleep whoever told of it; a clock that was merely set right is none.
    fn sign(&mut self, cause: RetryCause) {
        let woke = self.clock.take_jump();
        let resumed = woke.then_some(RetryCause::Resumed);
        let other = (cause != RetryCause::Resumed).then_some(cause);
        for cause in resumed.into_iter().chain(other) {
            let instance = None;
            self.queue.push_back(Event::Retry { instance, cause });
        }
    }

    async fn end(mut self) {
        self.runtimes.clear();
        self.controls.abort_all();
        self.hurry().await;
        // Whoever still asks hears that it is ending; who asked for the end gets the answer.
        self.questions.close();
        while let Ok(question) = self.questions.try_recv() {
            drop(question);
        }
        tokio::time::sleep(FAREWELL).await;
        self.views.shutdown().await;
        self.state.finish().await;
        let journal = self.journal;
        let written = tokio::task::spawn_blocking(move || journal.finish(saving::LONGEST)).await;
        if !written.unwrap_or(false) {
            warn!("the last entries of the journal could not be written in time");
        }
    }
}

/// Asks the loop.
pub(super) async fn put(questions: &mpsc::Sender<Question>, ask: Ask) -> Answer {
    let (reply, answer) = oneshot::channel();
    let ending = || Answer::Refused {
        message: "The engine is ending.".into(),
        hint: "Start it again with 'syncwatch daemon'.".into(),
    };
    match questions.send(Question { ask, reply }).await {
        Ok(()) => answer.await.unwrap_or_else(|_| ending()),
        Err(_) => ending(),
    }
}

async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}
