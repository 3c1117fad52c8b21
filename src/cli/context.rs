//! What every command needs: the global options, the environment, where to print.

use super::args::Global;
use super::error::CliError;
use super::output::Output;
use crate::config::{self, Environment, Loaded};
use crate::core::{InstanceStatus, Overall, Status, Timestamp};
use crate::engine::clock::Clock;

use std::sync::Arc;

/// The surroundings of a command.
#[derive(Debug)]
pub struct Context {
    pub global: Global,
    pub environment: Environment,
    pub out: Output,
    clock: Clock,
}

impl Context {
    /// Reads the environment.
    pub fn new(global: Global) -> Self {
        Self {
            out: Output::new(global.color),
            environment: Environment::from_process(),
            global,
            clock: Clock::start(),
        }
    }

    /// The time now.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The instance that was asked for; `None` is all of them.
    pub fn only(&self) -> Option<&str> {
        self.global.instance.as_deref()
    }

    /// Loads the config.
    pub fn config(&self) -> Result<Loaded, CliError> {
        Ok(config::load(
            self.global.config.as_deref(),
            &self.environment,
        )?)
    }

    /// Fails when the instance that was asked for is none of `status`.
    pub fn expect_known(&self, status: &Status) -> Result<(), CliError> {
        match self.only() {
            Some(name) if status.instance(name).is_none() => {
                Err(CliError::unknown_instance(name, names(status)))
            }
            _ => Ok(()),
        }
    }

    /// `status` with the instance that was asked for, or all of it.
    pub fn select(&self, status: Arc<Status>) -> Arc<Status> {
        let Some(only) = self.only() else {
            return status;
        };
        let mut status = Status::clone(&status);
        status.instances.retain(|instance| instance.name == only);
        status.attention.retain(|reason| reason.instance == only);
        status.overall = Overall::of(status.instances.iter().map(AsRef::as_ref));
        Arc::new(status)
    }

    /// The one instance that is meant: the one asked for, or the only one there is.
    pub fn one<'a>(&self, status: &'a Status) -> Result<&'a InstanceStatus, CliError> {
        self.expect_known(status)?;
        let instance = match (self.only(), status.instances.as_slice()) {
            (Some(name), _) => status.instance(name),
            (None, [one]) => Some(one.as_ref()),
            (None, _) => None,
        };
        instance.ok_or_else(|| CliError::which_instance(names(status)))
    }
}

fn names(status: &Status) -> impl Iterator<Item = &str> {
    status
        .instances
        .iter()
        .map(|instance| instance.name.as_str())
}
