//! Takes a config into force, at the start and whenever its file changes. An invalid one changes nothing.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::config::{self, Config};
use crate::core::{Event, InstanceSpec};
use crate::engine::StartError;
use crate::engine::limits;
use crate::engine::runtime::Runtime;

use super::Shell;

impl Shell {
    /// Makes `config` the one in force.
    pub(super) fn configure(&mut self, config: Config) -> Result<(), StartError> {
        let only = self.options.only.as_deref();
        let wanted: Vec<_> = config
            .instances
            .iter()
            .filter(|instance| only.is_none_or(|only| only == instance.name))
            .cloned()
            .collect();
        if let (Some(name), true) = (only, wanted.is_empty()) {
            let known = config
                .instances
                .iter()
                .map(|known| known.name.clone())
                .collect();
            return Err(StartError::UnknownInstance {
                name: name.to_owned(),
                known,
            });
        }
        limits::make_room(wanted.len());
        let names: BTreeSet<&String> = wanted.iter().map(|instance| &instance.name).collect();
        self.runtimes.retain(|name, _| names.contains(&name));
        let runtimes = &self.runtimes;
        self.meters.keep(|name| runtimes.contains_key(name));
        let mut instances = Vec::new();
        for instance in &wanted {
            let kept = self.state.get(&instance.name);
            let unchanged = self
                .runtimes
                .get(&instance.name)
                .is_some_and(|known| known.config == *instance);
            if !unchanged {
                self.revisions += 1;
                let runtime = Runtime::new(
                    instance.clone(),
                    self.revisions,
                    self.common.clone(),
                    self.meters.of(&instance.name),
                );
                match self.runtimes.get_mut(&instance.name) {
                    Some(known) => known.config = instance.clone(),
                    None => {
                        self.runtimes.insert(instance.name.clone(), runtime);
                    }
                }
            }
            instances.push(InstanceSpec {
                name: instance.name.clone(),
                kind: instance.kind(),
                revision: self.config_revision(instance, unchanged),
                remembered: kept.remembered,
                accepted: kept.accepted,
                rules: instance.hold_rules(config.pause),
                may_be_away: instance.may_be_away.clone(),
                holds: kept.holds,
                paused: kept.paused,
            });
        }
        let mut patience = config.patience.clone();
        patience.ceiling = self.options.patience_ceiling;
        self.preferences.send_if_modified(|known| {
            let changed = *known != config.preferences();
            *known = config.preferences();
            changed
        });
        let outlets = config.outlets();
        self.outlets.send_if_modified(|known| {
            let changed = **known != outlets;
            *known = Arc::new(outlets);
            changed
        });
        self.config = config;
        self.queue.push_back(Event::Configured {
            instances,
            patience,
        });
        Ok(())
    }

    pub(super) fn config_revision(
        &mut self,
        instance: &config::InstanceConfig,
        unchanged: bool,
    ) -> u64 {
        let revisions = self.revisions;
        self.runtimes
            .get_mut(&instance.name)
            .map_or(revisions, |runtime| {
                if !unchanged {
                    runtime.config_revision = revisions;
                }
                runtime.config_revision
            })
    }
}
