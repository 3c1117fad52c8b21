//! The loop: takes events, steps the model, performs its effects, publishes the status.

use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{broadcast, mpsc, oneshot, watch as channel};
use tokio::task::AbortHandle;
use tokio::time::MissedTickBehavior;
use tracing::{info, warn};

use super::clock::Clock;
use super::journal::Journal;
use super::protocol::{Answer, Ask};
use super::runtime::Runtime;
use super::signs::Signs;
#[cfg(unix)]
use super::socket::{Socket, SocketError, Sources};
use super::state_file::StateFile;
use super::{Options, StartError};
use crate::config::{self, Config, Resolution};
use crate::core::status::EngineInfo;
use crate::core::{
    Alert, Effect, Event, InstanceSpec, Model, Pin, RetryCause, Status, TrustMode,
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

    fn resolve(&mut self, instance: String) {
        let Some(runtime) = self.runtimes.get_mut(&instance) else {
            return;
        };
        if runtime.resolving.is_some() {
            runtime.resolve_again = true;
            return;
        }
        let config = runtime.config.clone();
        let environment = self.options.environment.clone();
        let notes = self.notes.0.clone();
        let task = tokio::spawn(async move {
            let resolution = Box::new(config::resolve(&config, &environment).await);
            let _ = notes.send(Note::Resolved {
                instance,
                resolution,
            });
        });
        runtime.resolving = Some(task.abort_handle());
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

    fn resolved(&mut self, instance: String, resolution: Resolution) {
        let Some(runtime) = self.runtimes.get_mut(&instance) else {
            return;
        };
        runtime.resolving = None;
        if std::mem::take(&mut runtime.resolve_again) {
            return self.resolve(instance);
        }
        if runtime.watches_other(&resolution.watch) {
            let notes = self.notes.0.clone();
            let name = instance.clone();
            let subscription = self.watcher.subscribe(resolution.watch, move |touch| {
                if let Touch::Changed(_) = touch {
                    let _ = notes.send(Note::SourceTouched(name.clone()));
                }
            });
            runtime.source_watch = Some(subscription);
        }
        runtime.is_unresolved = resolution.outcome.is_err();
        match resolution.outcome {
            Ok(resolved) => {
                self.revisions += 1;
                let revision = self.revisions;
                if let Some(resolved) = runtime.settle_in(resolved) {
                    resolved.warnings.iter().for_each(|warning| warn!("{instance}: {warning}"));
                    runtime.revision = revision;
                    self.watch_trust_file(&instance);
                }
                self.queue_resolved(instance);
            }
            Err(fault) => self.queue.push_back(Event::Unresolved { instance, fault }),
        }
    }

    fn queue_resolved(&mut self, instance: String) {
        let Some(runtime) = self.runtimes.get(&instance) else {
            return;
        };
        if let Some(resolved) = runtime.resolved() {
            let mut target = resolved.target.clone();
            target.revision = runtime.revision;
            self.queue.push_back(Event::Resolved { instance, target });
        }
    }

    fn watch_trust_file(&mut self, instance: &str) {
        let Some(runtime) = self.runtimes.get_mut(instance) else {
            return;
        };
        let subscription = runtime.trust_file().map(|path| {
            let notes = self.notes.0.clone();
            let name = instance.to_owned();
            self.watcher.subscribe(vec![path], move |touch| {
                let _ = notes.send(Note::TrustTouched(name.clone(), touch));
            })
        });
        runtime.watch_trust_file(subscription);
        runtime.note_stamp();
    }

    fn trust_file_changed(&mut self, instance: String) {
        let Some(runtime) = self.runtimes.get_mut(&instance) else {
            return;
        };
        if runtime.is_ca() {
            // Other roots are another trust: a new revision makes the core build new clients.
            self.revisions += 1;
            runtime.revision = self.revisions;
            runtime.note_stamp();
            self.queue_resolved(instance);
        } else {
            self.read_pins(&instance);
        }
    }

    fn read_pins(&mut self, instance: &str) {
        let Some(runtime) = self.runtimes.get_mut(instance) else {
            return;
        };
        let (read, settle) = runtime.read_pins();
        let instance = instance.to_owned();
        if let Some(settle) = settle {
            let notes = self.notes.0.clone();
            let name = instance.clone();
            tokio::spawn(async move {
                tokio::time::sleep(settle).await;
                let _ = notes.send(Note::ReadPins(name));
            });
        }
        self.queue.push_back(Event::PinsRead { instance, read });
    }

    fn sign(&mut self, cause: RetryCause) {
        self.clock.take_jump();
        let instance = None;
        self.queue.push_back(Event::Retry { instance, cause });
    }

    /// What no file event told: a lost watch, a network file system, a sleep.
    fn look_again(&mut self) {
        if self.clock.take_jump() {
            self.sign(RetryCause::Resumed);
        }
        self.watcher.refresh();
        let names: Vec<String> = self.runtimes.keys().cloned().collect();
        for name in names {
            let Some(runtime) = self.runtimes.get(&name) else {
                continue;
            };
            if runtime.trust_file_moved() {
                self.trust_file_changed(name);
            } else if runtime.is_unresolved {
                self.resolve(name);
            }
        }
    }

    fn answer(&mut self, ask: Ask) -> Answer {
        match ask {
            Ask::Retry { instance } => {
                let cause = RetryCause::User;
                self.queue.push_back(Event::Retry { instance, cause });
                Answer::Done
            }
            Ask::Reload => self.reload(),
            Ask::Accept {
                instance,
                fingerprint,
            } => match self.refusal_to_accept(&instance) {
                Some(refused) => refused,
                None => {
                    let not_after = None;
                    let pin = Pin { fingerprint, not_after };
                    self.queue.push_back(Event::PinAccepted { instance, pin });
                    Answer::Done
                }
            },
            Ask::Forget { instance } => match self.refusal_to_accept(&instance) {
                Some(refused) => refused,
                None => {
                    self.queue.push_back(Event::PinForgotten { instance });
                    Answer::Done
                }
            },
            Ask::Status | Ask::Watch => Answer::Status {
                status: Box::new(Status::clone(&self.status.borrow())),
            },
            Ask::Journal { limit } => Answer::Journal {
                entries: self.journal.newest(limit),
            },
            Ask::WatchJournal => Answer::Journal { entries: Vec::new() },
            Ask::Shutdown => Answer::Done,
        }
    }

    /// Only trust `fingerprint` takes pins from the user; for the others something else decides.
    fn refusal_to_accept(&self, instance: &str) -> Option<Answer> {
        let status = self.status.borrow();
        let Some(known) = status.instance(instance) else {
            let names: Vec<&str> = self.runtimes.keys().map(String::as_str).collect();
            return Some(Answer::Refused {
                message: format!("There is no instance called '{instance}'."),
                hint: format!("Known: {}.", names.join(", ")),
            });
        };
        let hint = match known.link.trust.mode {
            TrustMode::Fingerprint => return None,
            TrustMode::File => "Its pin is read from its certificate file: put the right certificate there, and it is followed by itself.",
            TrustMode::Ca => "Its CA file decides: put the right CA there.",
            TrustMode::System => "The system's certificate store decides.",
            TrustMode::Any => "It accepts any certificate already.",
        };
        Some(Answer::Refused {
            message: format!("'{instance}' does not take pins by hand."),
            hint: hint.into(),
        })
    }

    fn reload(&mut self) -> Answer {
        let loaded = config::load(self.options.config.as_deref(), &self.options.environment);
        let configured = loaded.map_err(StartError::from).and_then(|loaded| {
            loaded.warnings.iter().for_each(|warning| warn!("{warning}"));
            self.configure(loaded.config)
        });
        match configured {
            Ok(()) => Answer::Done,
            Err(error) => Answer::Refused {
                message: format!("{} was not taken over: {error}", self.config_path.display()),
                hint: "The config in force stays. Correct the file; it is read again by itself.".into(),
            },
        }
    }

    /// Makes `config` the one in force.
    fn configure(&mut self, config: Config) -> Result<(), StartError> {
        let only = self.options.only.as_deref();
        let wanted: Vec<_> = config
            .instances
            .iter()
            .filter(|instance| only.is_none_or(|only| only == instance.name))
            .cloned()
            .collect();
        if let (Some(name), true) = (only, wanted.is_empty()) {
            let known = config.instances.iter().map(|known| known.name.clone()).collect();
            return Err(StartError::UnknownInstance { name: name.to_owned(), known });
        }
        let names: Vec<&String> = wanted.iter().map(|instance| &instance.name).collect();
        self.runtimes.retain(|name, _| names.contains(&name));
        let mut instances = Vec::new();
        for instance in &wanted {
            let kept = self.state.get(&instance.name);
            let unchanged = self.runtimes.get(&instance.name).is_some_and(|known| known.config == *instance);
            if !unchanged {
                self.revisions += 1;
                let runtime = Runtime::new(instance.clone(), self.revisions);
                match self.runtimes.get_mut(&instance.name) {
                    Some(known) => known.config = instance.clone(),
                    None => {
                        self.runtimes.insert(instance.name.clone(), runtime);
                    }
                }
            }
            instances.push(InstanceSpec {
                name: instance.name.clone(),
                kind: instance.kind,
                revision: self.config_revision(instance, unchanged),
                remembered: kept.remembered,
                accepted: kept.accepted,
            });
        }
        let mut patience = config.patience.clone();
        patience.ceiling = self.options.patience_ceiling;
        self.config = config;
        self.queue.push_back(Event::Configured { instances, patience });
        Ok(())
    }

    fn config_revision(&mut self, instance: &config::InstanceConfig, unchanged: bool) -> u64 {
        let revisions = self.revisions;
        self.runtimes.get_mut(&instance.name).map_or(revisions, |runtime| {
            if !unchanged {
                runtime.config_revision = revisions;
            }
            runtime.config_revision
        })
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
