//! The loop: takes events, steps the model, performs its effects, publishes the status.

mod configure;
mod places;
mod questions;

use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{broadcast, mpsc, oneshot, watch as channel};
use tokio::task::AbortHandle;
use tokio::time::MissedTickBehavior;
use tracing::{info, warn};

use crate::engine::clock::Clock;
use crate::engine::journal::Journal;
use crate::engine::protocol::{Answer, Ask};
use crate::engine::runtime::Runtime;
use crate::engine::signs::Signs;
#[cfg(unix)]
use crate::engine::socket::{Socket, SocketError, Sources};
use crate::engine::state_file::StateFile;
use crate::engine::{Options, StartError};
use crate::config::{self, Config, Resolution};
use crate::core::status::EngineInfo;
use crate::core::{
    Alert, Effect, Event, Model, RetryCause, Status,
};
use crate::watch::{Subscription, Touch, Watcher};

/// The timed look at everything that should have been noticed sooner.
const SAFETY_TICK: Duration = Duration::from_secs(10);
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
    pub(super) alerts: broadcast::Sender<Alert>,
    pub(super) journal: Journal,
    pub(super) questions: mpsc::Sender<Question>,
}

/// Everything the loop owns.
pub(super) struct Shell {
    options: Options,
    config_path: PathBuf,
    config: Config,
    clock: Clock,
    model: Model,
    runtimes: BTreeMap<String, Runtime>,
    state: StateFile,
    watcher: Watcher,
    revisions: u64,
    queue: VecDeque<Event>,
    events: (mpsc::UnboundedSender<Event>, mpsc::UnboundedReceiver<Event>),
    notes: (mpsc::UnboundedSender<Note>, mpsc::UnboundedReceiver<Note>),
    questions: mpsc::Receiver<Question>,
    status: channel::Sender<Arc<Status>>,
    alerts: broadcast::Sender<Alert>,
    journal: Journal,
    _config_watch: Subscription,
    views: Option<AbortHandle>,
}

/// What the shell tells itself; unlike an event it may carry a secret.
enum Note {
    Resolved {
        instance: String,
        resolution: Box<Resolution>,
    },
    /// A file that an instance's place or key comes from may have changed.
    SourceTouched(String),
    /// The pin or CA file.
    TrustTouched(String, Touch),
    /// A torn pin file is worth another look.
    ReadPins(String),
    ConfigTouched,
}

impl Shell {
    pub(super) fn new(options: Options) -> Result<(Self, Ends), StartError> {
        let clock = Clock::start();
        let environment = &options.environment;
        let config_path = environment.config_file(options.config.as_deref());
        let loaded = config::load(options.config.as_deref(), environment)?;
        loaded.warnings.iter().for_each(|warning| warn!("{warning}"));
        let state = StateFile::open(&environment.state_file(), options.keep_state);
        let journal = Journal::open(options.keep_state.then(|| environment.journal_file()));
        let engine = EngineInfo {
            version: env!("CARGO_PKG_VERSION").into(),
            pid: std::process::id(),
            since: clock.now(),
        };
        let mut model = Model::new(engine);
        let (status, status_end) = channel::channel(Arc::new(model.status(clock.now())));
        let (questions_end, questions) = mpsc::channel(64);
        let alerts = broadcast::channel(64).0;
        let watcher = Watcher::new();
        let notes = mpsc::unbounded_channel();
        let config_notes = notes.0.clone();
        let config_watch = watcher.subscribe(vec![config_path.clone()], move |touch| {
            if let Touch::Changed(_) = touch {
                let _ = config_notes.send(Note::ConfigTouched);
            }
        });
        let ends = Ends {
            status: status_end,
            alerts: alerts.clone(),
            journal: journal.clone(),
            questions: questions_end,
        };
        let views = views(&options, &ends)?;
        let mut shell = Self {
            options,
            config_path,
            config: Config::default(),
            clock,
            model,
            runtimes: BTreeMap::new(),
            state,
            watcher,
            revisions: 0,
            queue: VecDeque::new(),
            events: mpsc::unbounded_channel(),
            notes,
            questions,
            status,
            alerts,
            journal,
            _config_watch: config_watch,
            views,
        };
        shell.configure(loaded.config)?;
        Ok((shell, ends))
    }

    pub(super) async fn run(mut self, mut stop: oneshot::Receiver<()>) {
        let (causes, mut signs_seen) = mpsc::unbounded_channel();
        let _signs = Signs::listen(&causes);
        let mut safety = tokio::time::interval(SAFETY_TICK);
        safety.set_missed_tick_behavior(MissedTickBehavior::Delay);
        safety.reset();
        loop {
            self.digest();
            let deadline = self.model.next_deadline().map(|due| self.clock.instant(due));
            tokio::select! {
                _ = &mut stop => break,
                Some(event) = self.events.1.recv() => self.queue.push_back(event),
                Some(note) = self.notes.1.recv() => self.note(note),
                Some(question) = self.questions.recv() => {
                    let ending = matches!(question.ask, Ask::Shutdown);
                    let answer = self.answer(question.ask);
                    let _ = question.reply.send(answer);
                    if ending {
                        break;
                    }
                }
                Some(cause) = signs_seen.recv() => self.sign(cause),
                _ = safety.tick() => self.look_again(),
                () = until(deadline) => self.queue.push_back(Event::Tick),
            }
        }
        self.end().await;
    }

    /// Steps the model through everything that is queued, performs what it wants, then publishes once.
    fn digest(&mut self) {
        let mut stepped = false;
        while let Some(event) = self.queue.pop_front().or_else(|| self.events.1.try_recv().ok()) {
            stepped = true;
            for effect in self.model.step(event, self.clock.now()) {
                self.perform(effect);
            }
        }
        if stepped {
            self.publish();
        }
    }

    fn publish(&mut self) {
        let status = self.model.status(self.clock.now());
        self.status.send_if_modified(|before| {
            let changed = before.instances != status.instances;
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
            } => {
                if let Some(runtime) = self.runtimes.get_mut(&instance) {
                    runtime.use_pins(generation, pins, &self.events.0);
                }
            }
            Effect::Attempt { instance, attempt } => {
                if let Some(runtime) = self.runtimes.get_mut(&instance) {
                    runtime.attempt(attempt, &self.events.0);
                }
            }
            Effect::Abandon { instance } => {
                if let Some(runtime) = self.runtimes.get_mut(&instance) {
                    runtime.abandon();
                }
            }
            Effect::Remember {
                instance,
                remembered,
            } => self.state.change(&instance, |kept| kept.remembered = remembered),
            Effect::KeepAccepted { instance, pin } => {
                self.state.change(&instance, |kept| kept.accepted = pin);
            }
            Effect::Record(entry) => self.journal.append(entry),
            Effect::Alert(alert) => {
                // Nobody listening is fine: the journal has it.
                let _ = self.alerts.send(alert);
            }
        }
    }

    fn note(&mut self, note: Note) {
        match note {
            Note::Resolved {
                instance,
                resolution,
            } => self.resolved(instance, *resolution),
            Note::SourceTouched(instance) => self.resolve(instance),
            Note::TrustTouched(instance, Touch::Changed(_)) => self.trust_file_changed(instance),
            Note::TrustTouched(instance, Touch::Opened(_)) => {
                self.queue.push_back(Event::CertificateOpened { instance });
            }
            Note::ReadPins(instance) => self.read_pins(&instance),
            Note::ConfigTouched => match self.reload() {
                Answer::Refused { message, hint } => warn!("{message} {hint}"),
                _ => info!("the config was read again"),
            },
        }
    }

    fn sign(&mut self, cause: RetryCause) {
        self.clock.take_jump();
        let instance = None;
        self.queue.push_back(Event::Retry { instance, cause });
    }

    async fn end(mut self) {
        if let Some(views) = self.views.take() {
            views.abort();
        }
        self.runtimes.clear();
        tokio::time::sleep(FAREWELL).await;
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

async fn until(deadline: Option<tokio::time::Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

#[cfg(unix)]
fn views(options: &Options, ends: &Ends) -> Result<Option<AbortHandle>, StartError> {
    if !options.owner {
        return Ok(None);
    }
    let path = options.environment.socket();
    let socket = Socket::bind(&path).map_err(|error| match error {
        SocketError::Owned(socket) => StartError::AlreadyRunning { socket },
        SocketError::Io { path, source } => StartError::Io { path, source },
    })?;
    let sources = Sources {
        status: ends.status.clone(),
        journal: ends.journal.clone(),
        questions: ends.questions.clone(),
    };
    Ok(Some(tokio::spawn(socket.serve(sources)).abort_handle()))
}

#[cfg(not(unix))]
fn views(_: &Options, _: &Ends) -> Result<Option<AbortHandle>, StartError> {
    Ok(None)
}
