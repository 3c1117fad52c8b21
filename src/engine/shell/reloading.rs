//! Reads the config file again, beside the loop: when it was touched, and when somebody asks.
//!
//! Invariant: one reading at a time; who asks is answered by one that began afterwards. An invalid config changes nothing.

use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;
use tracing::{info, warn};

use super::Shell;
use super::note::Note;
use crate::config::{self, ConfigError, Loaded};
use crate::engine::StartError;
use crate::engine::errand::{Asked, Ended, Errand};
use crate::engine::protocol::Answer;
use crate::services::disks::SILENT;
use crate::services::{DiskReader, Disks};

/// A config file that was touched is read when it has been left alone for so long: an editor may empty it first.
const SETTLES: Duration = Duration::from_millis(150);
/// A disk that did not answer is asked again after this.
const AGAIN: Duration = Duration::from_secs(5);

/// What came of reading it; `None` when its disk did not answer.
pub(super) type Outcome = Option<Result<Loaded, ConfigError>>;

/// Where reading the config stands.
pub(super) struct Reloading {
    disk: DiskReader,
    errand: Errand,
    /// When a file that was touched is read.
    pub(super) at: Option<Instant>,
    /// Who waits for the outcome.
    asked: Vec<oneshot::Sender<Answer>>,
}

impl Reloading {
    pub(super) fn on(disks: &Disks) -> Self {
        Self {
            disk: DiskReader::on(disks),
            errand: Errand::default(),
            at: None,
            asked: Vec::new(),
        }
    }
}

impl Shell {
    /// The config file was touched.
    pub(super) fn config_touched(&mut self) {
        self.reloading.at = Some(Instant::now() + SETTLES);
    }

    /// Has the config file read, and whoever asked told what came of it.
    pub(super) fn reload(&mut self, reply: Option<oneshot::Sender<Answer>>) {
        self.reloading.at = None;
        self.reloading.asked.extend(reply);
        if self.reloading.errand.ask() == Asked::Go {
            self.read_config();
        }
    }

    /// Takes what was read into force; what is wrong with it is in the status until it is right.
    pub(super) fn config_read(&mut self, outcome: Outcome) {
        let ended = self.reloading.errand.end();
        if ended != Ended::Take {
            self.reload(None);
        }
        if ended == Ended::Repeat {
            return;
        }
        let configured = match outcome {
            Some(Ok(loaded)) => {
                let warnings = loaded.warnings.iter();
                warnings.for_each(|warning| warn!("{warning}"));
                self.configure(loaded.config)
                    .map_err(|error| error.to_string())
            }
            Some(Err(error)) => Err(StartError::from(error).to_string()),
            None => {
                self.reloading.at = Some(Instant::now() + AGAIN);
                let path = self.options.config.as_deref();
                let path = self.options.environment.config_file(path);
                Err(format!("{}: {SILENT}", path.display()))
            }
        };
        let known = self.config_problem.clone();
        self.config_problem = configured.err();
        let is_news = self.config_problem != known;
        if is_news {
            self.publish(self.clock.now());
        }
        let answer = self.reloaded();
        match &answer {
            // Whoever asked says it.
            Answer::Refused { message, hint } if is_news && self.reloading.asked.is_empty() => {
                warn!("{message} {hint}");
            }
            Answer::Refused { .. } => {}
            _ => info!("the config was read again"),
        }
        if ended == Ended::Take {
            for asked in self.reloading.asked.drain(..) {
                // Who asked may have gone.
                let _ = asked.send(answer.clone());
            }
        }
    }

    fn reloaded(&self) -> Answer {
        match &self.config_problem {
            None => Answer::Done,
            Some(problem) => Answer::Refused {
                message: format!("The changed config was not taken over: {problem}"),
                hint: "The config in force stays. Correct the file; it is read again by itself."
                    .into(),
            },
        }
    }

    fn read_config(&self) {
        let path = self.options.config.clone();
        let environment = self.options.environment.clone();
        let (disk, notes) = (self.reloading.disk.clone(), self.notes.0.clone());
        tokio::spawn(async move {
            let read = move || config::load(path.as_deref(), &environment);
            // The receiver is the loop.
            let _ = notes.send(Note::Config(Box::new(disk.read(read).await)));
        });
    }
}
