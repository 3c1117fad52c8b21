//! The model: every event goes in here, every effect and every status comes out.

use std::collections::BTreeMap;
use std::sync::Arc;

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
    /// The last built status of each instance, shared with every [`Status`] that still shows it.
    views: BTreeMap<String, Arc<InstanceStatus>>,
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
            views: BTreeMap::new(),
        }
    }

    /// Takes in what happened at `now` and returns what is to be done, in order.
    /// `now` never goes back; [`Event::Tick`] is due at [`Self::next_deadline`].
    pub fn step(&mut self, event: Event, now: Timestamp) -> Vec<Effect> {
        let mut effects = Vec::new();
        let touched = event.instance().map(str::to_owned);
        if let Event::Conditions(conditions) = event {
            self.conditions = Some(conditions);
        }
        match (event, &touched) {
            (
                Event::Configured {
                    instances,
                    patience,
                },
                _,
            ) => {
                self.patience = patience;
                self.configure(instances, now, &mut effects);
            }
            (event, Some(name)) => {
                if let Some(instance) = self.instances.get_mut(name) {
                    instance.handle(event, &self.patience, now, &mut effects);
                }
            }
            (event, None) => {
                for instance in self.instances.values_mut() {
                    instance.handle(event.clone(), &self.patience, now, &mut effects);
                }
            }
        }
        for instance in self.instances.values_mut() {
            instance.settle(&self.patience, now, &mut effects);
        }
        effects
    }

    /// When [`Event::Tick`] is to be sent, unless another event comes first.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        self.instances
            .values()
            .filter_map(|instance| instance.next_deadline(&self.patience))
            .min()
    }

    /// The status at `now`. Unchanged instances are shared with the one before.
    pub fn status(&mut self, now: Timestamp) -> Status {
        self.views
            .retain(|name, _| self.instances.contains_key(name));
        for (name, instance) in &self.instances {
            let view = instance.status(&self.patience, now);
            if self.views.get(name).is_none_or(|before| **before != view) {
                self.views.insert(name.clone(), Arc::new(view));
            }
        }
        let instances: Vec<_> = self.views.values().cloned().collect();
        Status {
            schema: SCHEMA,
            time: now,
            overall: Overall::of(instances.iter().map(Arc::as_ref)),
            engine: self.engine.clone(),
            instances,
        }
    }

    fn configure(&mut self, specs: Vec<InstanceSpec>, now: Timestamp, effects: &mut Vec<Effect>) {
        let wanted: BTreeMap<_, _> = specs
            .into_iter()
            .map(|spec| (spec.name.clone(), spec))
            .collect();
        self.instances.retain(|name, instance| {
            let kept = wanted
                .get(name)
                .is_some_and(|spec| spec.kind == instance.kind());
            if !kept {
                self.serial = self.serial.max(instance.serial());
                effects.push(Effect::Abandon {
                    instance: name.clone(),
                });
            }
            kept
        });
        for (name, spec) in wanted {
            match self.instances.get_mut(&name) {
                Some(instance) => instance.reconfigure(spec, &mut *effects),
                None => {
                    if !spec.paused {
                        effects.push(Effect::Resolve {
                            instance: name.clone(),
                        });
                    }
                    let instance = Instance::new(spec, self.serial, self.conditions, now);
                    self.instances.insert(name, instance);
                }
            }
        }
    }
}
