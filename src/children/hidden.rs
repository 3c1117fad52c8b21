//! The environment variables that hold secrets.

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError, RwLock};

use tokio::process::Command;

/// Their names. Every clone knows at once what one of them is told, so that an edited config holds for whatever is
/// started from then on, also by what the edit did not touch.
#[derive(Clone, Debug, Default)]
pub struct Hidden(Arc<RwLock<BTreeSet<String>>>);

impl Hidden {
    /// From now on it is these.
    pub fn are(&self, names: BTreeSet<String>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = names;
    }

    /// Their names as they are now.
    pub fn names(&self) -> BTreeSet<String> {
        self.0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// `command` does not get them.
    pub fn keep_from(&self, command: &mut Command) {
        for name in self.names() {
            command.env_remove(name);
        }
    }
}
