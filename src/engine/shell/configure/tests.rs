//! Every key that there is, changed while an engine runs: what it has then is what it has after a fresh start.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::*;
use crate::config::keys::{parts, with_key};
use crate::config::{self, InstanceConfig, Outlets};
use crate::core::Patience;
use crate::core::preferences::Preferences;
use crate::engine::Options;

/// What the parts of an engine go by, with what tells one reload from another left out.
#[derive(Debug, PartialEq)]
struct Running {
    config: Config,
    instances: BTreeMap<String, InstanceConfig>,
    told: Option<(Vec<InstanceSpec>, Patience)>,
    preferences: Preferences,
    outlets: Outlets,
    hidden: BTreeSet<String>,
}

fn start(directory: &Path) -> Shell {
    let options = Options {
        keep_state: false,
        ..Options::apart(directory)
    };
    Shell::new(options).expect("started").0
}

fn running(shell: &mut Shell) -> Running {
    let instances = shell.runtimes.iter();
    let mut told = shell.queue.drain(..).filter_map(|event| match event {
        Event::Configured {
            mut instances,
            patience,
        } => {
            instances.iter_mut().for_each(|spec| spec.revision = 0);
            Some((instances, patience))
        }
        _ => None,
    });
    Running {
        told: told.next_back(),
        config: shell.config.clone(),
        instances: instances
            .map(|(name, runtime)| (name.clone(), runtime.config.clone()))
            .collect(),
        preferences: shell.preferences.borrow().clone(),
        outlets: Outlets::clone(&shell.outlets.borrow()),
        hidden: shell.options.environment.hidden().names(),
    }
}

#[tokio::test]
async fn every_key_that_is_changed_live_is_as_after_a_fresh_start() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("config.toml");
    std::fs::write(&file, "").expect("written");
    // One engine goes through them all: each change takes the one before back.
    let mut live = start(directory.path());
    for part in parts() {
        for key in &part.keys {
            let text = with_key(&part, key);
            std::fs::write(&file, &text).expect("written");
            let environment = &live.options.environment;
            let loaded = config::load(live.options.config.as_deref(), environment);
            live.configure(loaded.expect("valid").config).expect(&text);
            let fresh = running(&mut start(directory.path()));
            assert_eq!(running(&mut live), fresh, "{text}");
        }
    }
    assert!(live.revisions > 20, "hardly anything was changed");
}
