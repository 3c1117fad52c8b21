//! Takes a config into force, at the start and whenever its file changes. An invalid one changes nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::config::{Config, InstanceConfig};
use crate::core::holds::Scope;
use crate::core::{Address, Event, Held, InstanceSpec, JournalEntry, JournalKind, Recalled};
use crate::engine::StartError;
use crate::engine::known::Known;
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
        let recalled = self.remember(&config);
        let mut instances = Vec::new();
        for instance in &wanted {
            instances.push(self.spec(instance, config.pause));
        }
        let runtimes = &self.runtimes;
        self.meters.keep(|name| runtimes.contains_key(name));
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
        self.queue.extend(recalled);
        Ok(())
    }

    /// Brings what is remembered to the instances of their servers, and ends what runs for those that are gone. What
    /// others of the same server left is for the instances to take up.
    fn remember(&mut self, config: &Config) -> Vec<Event> {
        let environment = &self.options.environment;
        let address = |it: &InstanceConfig| (it.name.clone(), it.address(environment));
        let addresses: BTreeMap<String, Address> = config.instances.iter().map(address).collect();
        let known = self.state.known();
        let stays = |name: &str| {
            let before = known.get(name).address;
            let wanted = addresses.get(name);
            wanted
                .zip(before)
                .is_some_and(|(new, old)| new.same_peer(&old))
        };
        let gone: Vec<String> = self
            .runtimes
            .keys()
            .filter(|it| !stays(it))
            .cloned()
            .collect();
        for name in gone {
            if let Some(runtime) = self.runtimes.remove(&name) {
                self.see_off(name, runtime);
            }
        }
        let time = self.clock.now();
        for renamed in self.state.revise(|known| known.configure(&addresses)) {
            self.journal.append(JournalEntry {
                time,
                instance: renamed.to,
                kind: JournalKind::Renamed { from: renamed.from },
            });
        }
        let recall = |known: &mut Known| {
            let recall = |instance: String| (known.recall(&instance), instance);
            addresses.into_keys().map(recall).collect::<Vec<_>>()
        };
        let recalled = self.state.revise(recall).into_iter();
        let recalled = recalled.filter(|(recalled, _)| *recalled != Recalled::default());
        let event = |(recalled, instance)| Event::Recalled { instance, recalled };
        recalled.map(event).collect()
    }

    /// A server said who it is: whatever is left of it from other names is its instance's from now on.
    pub(super) fn identified(&mut self, instance: String, id: String, aside: Vec<Held>) {
        self.state.known_mut().identify(&instance, id, aside);
        let recalled = self.state.known_mut().recall(&instance);
        // In any case: the core waits for it.
        self.queue.push_back(Event::Recalled { instance, recalled });
    }

    /// An instance for the core, with what runs for it.
    fn spec(&mut self, instance: &InstanceConfig, all: Scope) -> InstanceSpec {
        let kept = self.state.known().get(&instance.name);
        let known = self.runtimes.get(&instance.name);
        let unchanged = known.is_some_and(|known| known.config == *instance);
        if !unchanged {
            self.revisions += 1;
            match self.runtimes.get_mut(&instance.name) {
                Some(known) => known.config = instance.clone(),
                None => {
                    let runtime = Runtime::new(
                        instance.clone(),
                        self.revisions,
                        self.common.clone(),
                        self.meters.of(&instance.name),
                    );
                    self.runtimes.insert(instance.name.clone(), runtime);
                }
            }
        }
        InstanceSpec {
            name: instance.name.clone(),
            kind: instance.kind(),
            address: instance.address(&self.options.environment),
            id: kept.id,
            revision: self.config_revision(instance, unchanged),
            remembered: kept.remembered,
            accepted: kept.accepted,
            rules: instance.hold_rules(all),
            may_be_away: instance.may_be_away.clone(),
            holds: kept.holds,
            paused: kept.paused,
            expected: kept.expected,
        }
    }

    pub(super) fn config_revision(&mut self, instance: &InstanceConfig, unchanged: bool) -> u64 {
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

#[cfg(test)]
mod tests;
