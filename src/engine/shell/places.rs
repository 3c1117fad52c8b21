//! Where the instances are: resolves places and keys, and watches what they are read from.
//!
//! Invariant: a file is read after its watch is there, never before.

use std::path::PathBuf;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tracing::warn;

use super::Shell;
use super::note::{Note, Touched, notes_of};
use crate::config::{self, Resolution, Resolved};
use crate::core::failure::Doubt;
use crate::core::{Class, Event, Fault, Kind, RetryCause};
use crate::engine::errand::{Asked, Ended};
use crate::engine::runtime::{Runtime, Watched};
use crate::engine::stamp::Stamp;
use crate::services::disks::SILENT;
use crate::watch::Watcher;

/// A place that is not found by then is on a disk that does not answer. A command for the key has 10 s.
const LIMIT: Duration = Duration::from_secs(12);

/// Where an instance is, with its files watched from before they were looked at.
pub(super) struct Found {
    outcome: Result<Resolved, Fault>,
    sources: Option<Watched>,
    trust: Option<Watched>,
    trust_stamp: Option<Stamp>,
    second_stamp: Option<Stamp>,
    migrates: Option<bool>,
}

/// Looks for a place, and watches what is not watched yet.
struct Search {
    instance: String,
    watcher: Watcher,
    notes: mpsc::UnboundedSender<Note>,
    sources: Vec<PathBuf>,
    trust: Vec<PathBuf>,
    second: Option<PathBuf>,
}

impl Shell {
    pub(super) fn resolve(&mut self, instance: String) {
        let Some(runtime) = self.runtimes.get_mut(&instance) else {
            return;
        };
        match runtime.search.ask() {
            Asked::Go => {}
            Asked::Later => return,
            Asked::Stuck => return self.no_answer(instance),
        }
        let (born, config) = (runtime.born, runtime.config.clone());
        let environment = self.options.environment.clone();
        let paths = |watched: &Option<Watched>| match watched {
            Some(watched) => watched.paths.clone(),
            None => Vec::new(),
        };
        let search = Search {
            instance: instance.clone(),
            watcher: self.watcher.clone(),
            notes: self.notes.0.clone(),
            sources: paths(&runtime.sources),
            trust: paths(&runtime.trust_watch),
            second: runtime.second_file(&environment),
        };
        let disks = self.common.disks.clone();
        let search = tokio::spawn(async move {
            let looked = disks.read(move || {
                let look = config::Look::of(&config, &environment);
                match look.whole() {
                    Ok(resolution) => Ok(search.end(resolution)),
                    Err(look) => Err((look, Box::new(search))),
                }
            });
            match looked.await? {
                Ok(found) => Some(found),
                Err((look, search)) => {
                    let resolution = look.finish().await;
                    disks.read(move || search.end(resolution)).await
                }
            }
        });
        runtime.resolving = Some(search.abort_handle());
        let notes = self.notes.0.clone();
        tokio::spawn(async move {
            let late = Note::SearchLate(instance.clone(), born);
            if let Some(Some(found)) = in_time(search, LIMIT, &notes, late).await {
                let found = Box::new(found);
                let _ = notes.send(Note::Resolved {
                    instance,
                    born,
                    found,
                });
            }
        });
    }

    pub(super) fn search_late(&mut self, instance: String, born: u64) {
        if let Some(runtime) = self.born(&instance, born) {
            runtime.search.is_late();
            self.judge_refusals(&instance);
            self.no_answer(instance);
        }
    }

    /// Whether this is a refusal that is judged by what the key's source holds, which is being read: a new key must be
    /// known before the old one counts as refused.
    pub(super) fn puts_off(&mut self, event: &Event) -> bool {
        let Event::Failed {
            instance, fault, ..
        } = event
        else {
            return false;
        };
        let runtime = self.runtimes.get_mut(instance);
        let reading = runtime.filter(|runtime| runtime.search.is_under_way());
        match reading {
            Some(runtime) if fault.class.rule().doubt == Doubt::Source => {
                runtime.refusals.push(event.clone());
                true
            }
            _ => false,
        }
    }

    fn judge_refusals(&mut self, instance: &str) {
        if let Some(runtime) = self.runtimes.get_mut(instance) {
            self.queue.extend(std::mem::take(&mut runtime.refusals));
        }
    }

    fn no_answer(&mut self, instance: String) {
        let kind = self
            .runtimes
            .get(&instance)
            .map(|known| known.config.kind());
        let class = match kind {
            Some(Kind::Syncthing) => Class::BadSource,
            _ => Class::NoKey,
        };
        let fault = Fault::with_detail(class, SILENT);
        self.queue.push_back(Event::Unresolved { instance, fault });
    }

    pub(super) fn resolved(&mut self, instance: String, born: u64, found: Found) {
        let Some(runtime) = self.born(&instance, born) else {
            return;
        };
        runtime.resolving = None;
        match runtime.search.end() {
            Ended::Take => {
                self.settle(instance.clone(), found);
                self.judge_refusals(&instance);
            }
            Ended::Repeat => {
                // What it watches was watched before the next search begins.
                runtime.sources = found.sources.or(runtime.sources.take());
                self.resolve(instance);
            }
            Ended::TakeAndRepeat => {
                self.settle(instance.clone(), found);
                self.judge_refusals(&instance);
                self.resolve(instance);
            }
        }
    }

    fn settle(&mut self, instance: String, found: Found) {
        self.revisions += 1;
        let revision = self.revisions;
        let Some(runtime) = self.runtimes.get_mut(&instance) else {
            return;
        };
        runtime.sources = found.sources.or(runtime.sources.take());
        runtime.is_unresolved = found.outcome.is_err();
        if runtime.is_unresolved {
            self.looks.misses();
        }
        let resolved = match found.outcome {
            Ok(resolved) => resolved,
            Err(fault) => return self.queue.push_back(Event::Unresolved { instance, fault }),
        };
        self.note_migration(&instance, found.migrates);
        let Some(runtime) = self.runtimes.get_mut(&instance) else {
            return;
        };
        let another_secret = runtime.second_moved(found.second_stamp);
        let warnings = resolved.warnings.clone();
        let moved = runtime.settle_in(resolved);
        runtime.watch_trust_file(found.trust);
        if moved {
            for warning in warnings {
                warn!("{instance}: {warning}");
            }
            runtime.revision = revision;
            runtime.note_stamp(found.trust_stamp);
            self.queue_resolved(instance);
        } else {
            self.queue_resolved(instance.clone());
            if another_secret {
                // Whoever put it there expects it to be tried; a connection that holds stays.
                let (instance, cause) = (Some(instance), RetryCause::User);
                self.queue.push_back(Event::Retry { instance, cause });
            }
        }
    }

    /// Whoever answers without TLS may be a Syncthing that upgrades its database: one whose home says so, or, where
    /// nobody can look, one that was verified there before.
    fn note_migration(&mut self, instance: &str, migrates: Option<bool>) {
        let verified = || self.state.known().get(instance).remembered.is_some();
        let migrates = migrates.unwrap_or_else(verified);
        let instance = instance.to_owned();
        self.queue.push_back(Event::Migrates { instance, migrates });
    }

    pub(super) fn queue_resolved(&mut self, instance: String) {
        let Some(runtime) = self.runtimes.get(&instance) else {
            return;
        };
        if let Some(resolved) = runtime.resolved() {
            let mut target = resolved.target.clone();
            target.revision = runtime.revision;
            self.queue.push_back(Event::Resolved { instance, target });
        }
    }

    /// The instance for which something was begun; not one of the same name that came after it.
    pub(super) fn born(&mut self, instance: &str, born: u64) -> Option<&mut Runtime> {
        let runtime = self.runtimes.get_mut(instance)?;
        (runtime.born == born).then_some(runtime)
    }
}

impl Search {
    /// Watches what `resolution` names. May wait for a disk.
    fn end(self, resolution: Resolution) -> Found {
        let name = || self.instance.clone();
        let watch = |paths: Vec<PathBuf>, changed, opened| Watched {
            _by: self
                .watcher
                .subscribe(paths.clone(), notes_of(&self.notes, changed, opened)),
            paths,
        };
        let sources = (self.sources.is_empty() || self.sources != resolution.watch)
            .then(|| watch(resolution.watch, Touched::Source(name()), None));
        let resolved = resolution.outcome.as_ref().ok();
        let file = resolved.and_then(|resolved| resolved.trust.path());
        let file: Vec<PathBuf> = file.map(Into::into).into_iter().collect();
        let trust = (!file.is_empty() && self.trust != file).then(|| {
            let opened = Some(Touched::TrustOpened(name()));
            watch(file.clone(), Touched::Trust(name()), opened)
        });
        Found {
            outcome: resolution.outcome,
            migrates: resolution.migrates,
            sources,
            trust,
            trust_stamp: file.first().and_then(|file| Stamp::of(file)),
            second_stamp: self.second.as_deref().and_then(Stamp::of),
        }
    }
}

/// What `work` comes to. When that takes longer than `limit`, `late` is told, and it is waited for all the same.
pub(super) async fn in_time<T>(
    mut work: JoinHandle<T>,
    limit: Duration,
    notes: &mpsc::UnboundedSender<Note>,
    late: Note,
) -> Option<T> {
    match timeout(limit, &mut work).await {
        Ok(done) => done.ok(),
        Err(_) => {
            let _ = notes.send(late);
            work.await.ok()
        }
    }
}
