//! Where the instances are and what they pin: resolves places and keys, reads pin files, watches both.

use tracing::warn;

use super::Shell;
use super::note::{Note, Touched, notes_of};
use crate::config::{self, Resolution};
use crate::core::{Event, RetryCause};
use crate::watch::Mode;

impl Shell {
    pub(super) fn resolve(&mut self, instance: String) {
        let Some(runtime) = self.runtimes.get_mut(&instance) else {
            return;
        };
        if runtime.resolving.is_some() {
            runtime.resolve_again = true;
            return;
        }
        let (born, config) = (runtime.born, runtime.config.clone());
        let environment = self.options.environment.clone();
        let notes = self.notes.0.clone();
        let task = tokio::spawn(async move {
            let resolution = Box::new(config::resolve(&config, &environment).await);
            let _ = notes.send(Note::Resolved {
                instance,
                born,
                resolution,
            });
        });
        runtime.resolving = Some(task.abort_handle());
    }

    pub(super) fn resolved(&mut self, instance: String, born: u64, resolution: Resolution) {
        let known = self.runtimes.get_mut(&instance);
        let Some(runtime) = known.filter(|runtime| runtime.born == born) else {
            return;
        };
        runtime.resolving = None;
        if std::mem::take(&mut runtime.resolve_again) {
            return self.resolve(instance);
        }
        if runtime.watches_other(&resolution.watch) {
            let touched = notes_of(&self.notes.0, Touched::Source(instance.clone()), None);
            runtime.source_watch = Some(self.watcher.subscribe(resolution.watch, touched));
        }
        runtime.is_unresolved = resolution.outcome.is_err();
        match resolution.outcome {
            Ok(resolved) => {
                self.revisions += 1;
                let revision = self.revisions;
                let another_secret = runtime.second_moved(&self.options.environment);
                if let Some(resolved) = runtime.settle_in(resolved) {
                    resolved
                        .warnings
                        .iter()
                        .for_each(|warning| warn!("{instance}: {warning}"));
                    runtime.revision = revision;
                    self.watch_trust_file(&instance);
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
            Err(fault) => self.queue.push_back(Event::Unresolved { instance, fault }),
        }
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

    pub(super) fn watch_trust_file(&mut self, instance: &str) {
        let Some(runtime) = self.runtimes.get_mut(instance) else {
            return;
        };
        let subscription = runtime.trust_file().map(|path| {
            let opened = Touched::TrustOpened(instance.to_owned());
            let changed = Touched::Trust(instance.to_owned());
            let touched = notes_of(&self.notes.0, changed, Some(opened));
            self.watcher.subscribe(vec![path], touched)
        });
        runtime.watch_trust_file(subscription);
        runtime.note_stamp();
    }

    pub(super) fn trust_file_changed(&mut self, instance: String) {
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

    pub(super) fn read_pins(&mut self, instance: &str) {
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

    /// Says once when files are not watched: changes are then noticed some seconds later.
    fn tell_watch_trouble(&mut self) {
        let trouble = match self.watcher.mode() {
            Mode::Events => None,
            Mode::Timed { why } => Some(why),
        };
        if let Some(why) = trouble.as_ref().filter(|_| trouble != self.watch_trouble) {
            warn!("some files are not watched but looked at every few seconds: {why}");
        }
        self.watch_trouble = trouble;
    }

    /// What no file event told: a lost watch, a network file system, a sleep.
    pub(super) fn look_again(&mut self) {
        self.sign(RetryCause::Resumed);
        self.watcher.refresh();
        self.tell_watch_trouble();
        let names: Vec<String> = self.runtimes.keys().cloned().collect();
        for name in names {
            let Some(runtime) = self.runtimes.get(&name) else {
                continue;
            };
            if runtime.trust_file_moved() {
                self.trust_file_changed(name);
            } else if runtime.is_unresolved && !runtime.runs_a_command() {
                self.resolve(name);
            }
        }
    }
}
