//! Where the instances are and what they pin: resolves places and keys, reads pin files, watches both.

use tracing::warn;

use super::{Note, Shell};
use crate::config::{self, Resolution};
use crate::core::{Event, RetryCause};
use crate::watch::Touch;

impl Shell {
    pub(super) fn resolve(&mut self, instance: String) {
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

    pub(super) fn resolved(&mut self, instance: String, resolution: Resolution) {
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
            let notes = self.notes.0.clone();
            let name = instance.to_owned();
            self.watcher.subscribe(vec![path], move |touch| {
                let _ = notes.send(Note::TrustTouched(name.clone(), touch));
            })
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

    /// What no file event told: a lost watch, a network file system, a sleep.
    pub(super) fn look_again(&mut self) {
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
}
