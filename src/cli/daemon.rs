//! `syncwatch daemon`: the engine in the foreground, for a service manager or a terminal.

use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tracing::{info, warn};

use super::companions::Companions;
use super::context::Context;
use super::error::{CliError, Exit};
use super::notifier::Notifier;
use super::perform::Performer;
use super::source::Asker;
use crate::engine::{Engine, Options};

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
    let companions = Companions::of(&engine);
    let notices = notify(context, &engine);
    let ended = engine.run_until_signal().await;
    notices.abort();
    drop(companions);
    ended
        .map_err(|error| CliError::new(Exit::Internal, format!("The engine stopped: {error}.")))?;
    Ok(Exit::Fine)
}

/// Shows notices where there is a session bus, and does what is clicked in them.
fn notify(context: &Context, engine: &Engine) -> JoinHandle<()> {
    let (commands, mut clicked) = mpsc::unbounded_channel();
    let notifier = Notifier::start(engine.status(), engine.preferences(), commands);
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
