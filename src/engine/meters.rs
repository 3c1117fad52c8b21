//! The meters of all instances, for the views to read whenever they want.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::core::usage::Traffic;
use crate::tls::Meter;

/// One meter for each instance; clones share them.
#[derive(Clone, Debug, Default)]
pub struct Meters(Arc<Mutex<BTreeMap<String, Arc<Meter>>>>);

impl Meters {
    /// What was counted so far, by instance.
    pub fn read(&self) -> BTreeMap<String, Traffic> {
        let meters = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let read = meters
            .iter()
            .map(|(name, meter)| (name.clone(), meter.read()));
        read.collect()
    }

    /// The meter of `instance`; the same as before for as long as it is kept.
    pub(super) fn of(&self, instance: &str) -> Arc<Meter> {
        let mut meters = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(meters.entry(instance.to_owned()).or_default())
    }

    /// Forgets those of instances that are gone.
    pub(super) fn keep(&self, stays: impl Fn(&str) -> bool) {
        let mut meters = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        meters.retain(|name, _| stays(name));
    }
}
