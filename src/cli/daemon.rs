//! `syncwatch daemon`: the engine in the foreground, for a service manager or a terminal.

use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tracing::{info, warn};

use super::context::Context;
use super::error::{CliError, Exit};
use super::notifier::Notifier;
use super::perform::Performer;
use super::preferences;
use super::source::Asker;
use crate::core::{JournalEntry, JournalKind};
use crate::engine::{Engine, Options};
use crate::view::journal;
use crate::view::style::Page;

pub(super) async fn run(context: &Context) -> Result<Exit, CliError> {
    let engine = Engine::start(Options {
        config: context.global.config.clone(),
        environment: context.environment.clone(),
        only: context.global.instance.clone(),
        owner: true,
        patience_ceiling: None,
        keep_state: true,
    });
    let engine = engine.await?;
    info!(
        "syncwatch {} answers at {}",
        env!("CARGO_PKG_VERSION"),
        context.environment.socket().display()
    );
    let log = tokio::spawn(tell(engine.journal().follow()));
    let notices = notify(context, &engine);
    let ended = engine.run_until_signal().await;
    notices.abort();
    log.abort();
    ended
        .map_err(|error| CliError::new(Exit::Internal, format!("The engine stopped: {error}.")))?;
    Ok(Exit::Fine)
}

/// Shows notices where there is a session bus, and does what is clicked in them.
fn notify(context: &Context, engine: &Engine) -> JoinHandle<()> {
    let (commands, mut clicked) = mpsc::unbounded_channel();
    let notifier = Notifier::start(engine.status(), preferences::follow(context), commands);
    let (performer, engine) = (Performer::new(context), Asker::Own(engine.asker()));
    tokio::spawn(async move {
        while let Some(command) = clicked.recv().await {
            if let Err(trouble) = performer.perform(command, &engine).await {
                warn!("{trouble} {}", trouble.hint);
                notifier.trouble(&trouble);
            }
        }
    })
}

/// Logs what happens, in the journal's words.
pub(super) async fn tell(mut news: Receiver<JournalEntry>) {
    loop {
        match news.recv().await {
            Ok(entry) => {
                let words = Page::from(journal::event(&entry)).render(false);
                let words = words.trim_end();
                if matches!(entry.kind, JournalKind::Alert { .. }) {
                    warn!("{words}");
                } else {
                    info!("{words}");
                }
            }
            Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return,
        }
    }
}
