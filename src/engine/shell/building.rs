//! Builds clients that take files, beside the loop: with a CA file, or with the computer's own certificates.

use super::Shell;
use super::note::Note;
use super::places::in_time;
use super::reading::LIMIT;
use crate::core::event::PinSet;
use crate::engine::errand::{Asked, Ended};
use crate::engine::place::{Build, Built};

impl Shell {
    pub(super) fn use_pins(&mut self, instance: &str, generation: u64, pins: PinSet) {
        let Some(runtime) = self.runtimes.get_mut(instance) else {
            return;
        };
        let build = runtime.use_pins(generation, pins, &self.events.0);
        self.build(instance, build);
    }

    pub(super) fn attempt(&mut self, instance: &str, attempt: u64) {
        let Some(runtime) = self.runtimes.get_mut(instance) else {
            return;
        };
        let build = runtime.attempt(attempt, &self.events.0);
        self.build(instance, build);
    }

    fn build(&mut self, instance: &str, build: Option<Build>) {
        let (Some(build), Some(runtime)) = (build, self.runtimes.get_mut(instance)) else {
            return;
        };
        match runtime.building.ask() {
            Asked::Go => {}
            Asked::Later => return,
            Asked::Stuck => return runtime.no_client(&self.events.0),
        }
        let born = runtime.born;
        let (disks, notes) = (self.common.disks.clone(), self.notes.0.clone());
        let building = tokio::spawn(async move { disks.read(move || build.build()).await });
        let instance = instance.to_owned();
        tokio::spawn(async move {
            let late = Note::BuildingLate(instance.clone(), born);
            if let Some(Some(built)) = in_time(building, LIMIT, &notes, late).await {
                let built = Box::new(built);
                let _ = notes.send(Note::Built {
                    instance,
                    born,
                    built,
                });
            }
        });
    }

    pub(super) fn building_late(&mut self, instance: &str, born: u64) {
        let events = self.events.0.clone();
        if let Some(runtime) = self.born(instance, born) {
            runtime.building.is_late();
            runtime.no_client(&events);
        }
    }

    /// Takes a client, unless what it was built from no longer counts.
    pub(super) fn built(&mut self, instance: &str, born: u64, built: Built) {
        let events = self.events.0.clone();
        let Some(runtime) = self.born(instance, born) else {
            return;
        };
        let ended = runtime.building.end();
        if ended != Ended::Repeat {
            runtime.built(built, &events);
        }
        if ended != Ended::Take {
            let build = runtime.build(&events);
            self.build(instance, build);
        }
    }
}
