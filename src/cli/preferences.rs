//! What the user wants of the desktop, followed live from the config file where the engine is another process.

use std::path::PathBuf;

use tokio::sync::{mpsc, watch};

use crate::config::{self, Environment};
use crate::core::preferences::Preferences;
use crate::watch::{Touch, Watcher};

use super::context::Context;

use std::time::Duration;

/// A config file that was touched is read when it has been left alone for so long.
const SETTLES: Duration = Duration::from_millis(200);

/// The preferences now and whenever a valid change of the file brings others. A file that is not valid changes
/// nothing: the engine tells what is wrong with it.
pub fn follow(context: &Context) -> watch::Receiver<Preferences> {
    let (given, environment) = (context.global.config.clone(), context.environment.clone());
    let now = load(given.as_ref(), &environment).unwrap_or_default();
    let (told, preferences) = watch::channel(now);
    tokio::spawn(keep_up(given, environment, told));
    preferences
}

async fn keep_up(
    given: Option<PathBuf>,
    environment: Environment,
    told: watch::Sender<Preferences>,
) {
    // Once for what happened before the watch began.
    let (touched, mut touches) = mpsc::channel(1);
    let _ = touched.try_send(());
    let watcher = Watcher::new();
    let file = environment.config_file(given.as_deref());
    let _subscription = watcher.subscribe(vec![file], move |touch| {
        // Reading it opens it, which is no reason to read it again. A touch that finds one waiting is the same one.
        if matches!(touch, Touch::Changed(_)) {
            let _ = touched.try_send(());
        }
    });
    loop {
        tokio::select! {
            Some(()) = touches.recv() => {}
            () = told.closed() => return,
        }
        tokio::time::sleep(SETTLES).await;
        while touches.try_recv().is_ok() {}
        if let Some(new) = load(given.as_ref(), &environment) {
            told.send_if_modified(|old| {
                let changed = *old != new;
                *old = new;
                changed
            });
        }
    }
}

fn load(given: Option<&PathBuf>, environment: &Environment) -> Option<Preferences> {
    let loaded = config::load(given.map(PathBuf::as_path), environment).ok()?;
    Some(loaded.config.preferences())
}
