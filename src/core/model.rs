//! The model: every event goes in here, every effect and every status comes out.
//!
//! Invariant: what an event costs does not depend on how many instances there are: only those that it is about, and
//! those for which something is due, are looked at.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::agenda::Agenda;
use super::attention;

use super::effect::Effect;
use super::event::{Event, InstanceSpec};
use super::failure::Patience;
use super::holds::Conditions;
use super::instance::Instance;
use super::status::{EngineInfo, InstanceStatus, Overall, SCHEMA, Status};
use super::time::Timestamp;

/// All instances and what is known of them.
#[derive(Debug)]
pub struct Model {
    engine: EngineInfo,
    patience: Patience,
    instances: BTreeMap<String, Instance>,
    /// What the computer runs on and over, once somebody told.
    conditions: Option<Conditions>,
    /// The highest attempt or generation of an instance that is gone.
    serial: u64,
    /// When each instance wants to be looked at again.
    agenda: Agenda,
    /// The last built status of each instance, shared with every [`Status`] that still shows it, and its word.
    views: BTreeMap<String, (Arc<InstanceStatus>, Overall)>,
    /// Those whose view was not built since they were looked at.
    unseen: BTreeSet<String>,
}

impl Model {
    /// A model without instances; [`Event::Configured`] brings them.
    pub fn new(engine: EngineInfo) -> Self {
        Self {
            engine,
            patience: Patience::default(),
            instances: BTreeMap::new(),
            conditions: None,
            serial: 0,
            agenda: Agenda::default(),
            views: BTreeMap::new(),
            unseen: BTreeSet::new(),
        }
    }

    /// Takes in what happened at `now` and returns what is to be done, in order.
    /// `now` never goes back; [`Event::Tick`] is due at [`Self::next_deadline`].
    pub fn step(&mut self, event: Event, now: Timestamp) -> Vec<Effect> {
        let mut effects = Vec::new();
        let mut concerned = self.agenda.due(now);
        if let Event::Conditions(conditions) = event {
            self.conditions = Some(conditions);
        }
        match event {
            Event::Tick => {}
            Event::Configured {
                instances,
                patience,
            } => {
                self.patience = patience;
                self.configure(instances, now, &mut effects);
                concerned.extend(self.instances.keys().cloned());
            }
            event => match event.instance().map(str::to_owned) {
                Some(name) => {
                    if let Some(instance) = self.instances.get_mut(&name) {
                        instance.handle(event, &self.patience, now, &mut effects);
                        concerned.insert(name);
                    }
                }
                None => {
                    for instance in self.instances.values_mut() {
                        instance.handle(event.clone(), &self.patience, now, &mut effects);
                    }
                    concerned.extend(self.instances.keys().cloned());
                }
            },
        }
        for name in concerned {
            if let Some(instance) = self.instances.get_mut(&name) {
                instance.settle(&self.patience, now, &mut effects);
                let due = instance.next_deadline(&self.patience);
                self.agenda.plan(&name, due);
                self.unseen.insert(name);
            }
        }
        effects
    }

    /// When [`Event::Tick`] is to be sent, unless another event comes first.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        self.agenda.next()
    }

    /// The status at `now`. Unchanged instances are shared with the one before.
    pub fn status(&mut self, now: Timestamp) -> Status {
        // What is due shows at once, and is settled with the next event; until then its view is of this moment only.
        let due = self.agenda.due(now);
        let outdated = std::mem::replace(&mut self.unseen, due.clone());
        for name in outdated.union(&due).cloned() {
            let Some(instance) = self.instances.get(&name) else {
                continue;
            };
            let view = instance.status(&self.patience, now);
            let known = self.views.get(&name);
            if known.is_none_or(|(before, _)| **before != view) {
                let overall = view.overall();
                self.views.insert(name, (Arc::new(view), overall));
            }
        }
        Status {
            schema: SCHEMA,
            time: now,
            overall: Overall::together(self.views.values().map(|(_, overall)| *overall)),
            engine: self.engine.clone(),
            attention: attention::together(self.views.values().map(|(view, _)| view.as_ref())),
            instances: self.views.values().map(|(view, _)| view.clone()).collect(),
        }
    }

    fn configure(&mut self, specs: Vec<InstanceSpec>, now: Timestamp, effects: &mut Vec<Effect>) {
        let wanted: BTreeMap<_, _> = specs
            .into_iter()
            .map(|spec| (spec.name.clone(), spec))
            .collect();
        let mut replaced = BTreeMap::new();
        let goes = |name: &String, instance: &mut Instance| {
            !wanted.get(name).is_some_and(|spec| instance.is_at(spec))
        };
        for (name, instance) in self.instances.extract_if(.., goes) {
            self.serial = self.serial.max(instance.serial());
            effects.push(Effect::Abandon {
                instance: name.clone(),
            });
            self.agenda.plan(&name, None);
            self.views.remove(&name);
            replaced.insert(name, instance);
        }
        for (name, spec) in wanted {
            match self.instances.get_mut(&name) {
                Some(instance) => instance.reconfigure(spec, &mut *effects),
                None => {
                    if !spec.paused {
                        effects.push(Effect::Resolve {
                            instance: name.clone(),
                        });
                    }
                    let mut instance = Instance::new(spec, self.serial, self.conditions, now);
                    if let Some(before) = replaced.get(&name) {
                        instance = instance.replacing(before);
                    }
                    self.instances.insert(name, instance);
                }
            }
        }
    }
}
