//! What the page and the hooks count of themselves.

use std::sync::{Arc, Mutex, PoisonError};

use crate::core::usage::{HookUsage, Usage};
use crate::engine::Meters;

/// Shared counters.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally(Arc<Mutex<Usage>>);

impl Tally {
    /// Everything that was counted, with what the engine counted at its edges.
    pub(super) fn usage(&self, meters: &Meters) -> Usage {
        let counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Usage {
            traffic: meters.read(),
            ..counted.clone()
        }
    }

    pub(super) fn replied(&self, status: u16) {
        let mut counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *counted.replies.entry(status).or_default() += 1;
    }

    pub(super) fn hook(&self, name: &str, count: impl FnOnce(&mut HookUsage)) {
        let mut counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        count(counted.hooks.entry(name.to_owned()).or_default());
    }

    /// Forgets the hooks that are gone.
    pub(super) fn keep_hooks(&self, stays: impl Fn(&str) -> bool) {
        let mut counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counted.hooks.retain(|name, _| stays(name));
    }
}
