//! `syncwatch demo`: an embedded stand-in for Syncthing that rotates its certificate, watched live by a real engine.
//!
//! Everything is temporary and on loopback: the stand-in's home, the config, the state. Nothing of the user's is touched.

mod director;
mod stage;
mod tally;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{broadcast, mpsc};

use self::stage::Stage;
use super::args::DemoArgs;
use super::context::Context;
use super::error::{CliError, Exit};
use super::output::reader_gone;
use crate::engine::{self, Engine};
use crate::standin::{self, Standin, World};

/// How often the stand-in's folders move.
const WORLD_STEP: Duration = Duration::from_millis(700);
/// The demo is the same at each run, but for the certificates.
const SEED: u64 = 1;

pub(super) async fn run(args: DemoArgs, context: &Context) -> Result<Exit, CliError> {
    let directory = tempfile::tempdir()?;
    let server = Arc::new(serve().await?);
    let engine = watch(directory.path(), &server).await?;
    let mut stage = Stage::new(context.out, &server);
    stage.open(&server, args.every)?;
    let (scenes, announced) = mpsc::channel(1);
    let show = director::direct(Arc::clone(&server), engine.status(), args.clone(), scenes);
    let played = tokio::select! {
        played = play(&mut stage, &engine, &server, announced) => played,
        ended = show => match ended {
            Ok(()) => Ok(()),
            Err(error) => Err(trouble(&error)),
        },
        _ = tokio::signal::ctrl_c() => Ok(()),
        () = reader_gone() => return Ok(Exit::Fine),
    };
    engine.stop().await;
    played?;
    stage.close()?;
    Ok(Exit::Fine)
}

async fn serve() -> Result<Standin, CliError> {
    let options = standin::Options {
        world: World::demo(SEED),
        ..standin::Options::default()
    };
    let server = Standin::start(options)
        .await
        .map_err(|error| trouble(&error))?;
    server.live(WORLD_STEP);
    Ok(server)
}

async fn watch(directory: &Path, server: &Standin) -> Result<Engine, CliError> {
    let config = directory.join("config.toml");
    let home = toml::Value::from(server.home().path().to_string_lossy().into_owned());
    std::fs::write(
        &config,
        format!("[[instance]]\nname = \"demo\"\nhome = {home}\n"),
    )?;
    Ok(Engine::start(engine::Options::apart(directory)).await?)
}

/// Draws whatever happens, in the order in which it does.
async fn play(
    stage: &mut Stage,
    engine: &Engine,
    server: &Standin,
    mut scenes: mpsc::Receiver<director::Scene>,
) -> Result<(), CliError> {
    let mut status = engine.status();
    let mut moments = server.moments();
    let mut alerts = engine.alerts();
    loop {
        tokio::select! {
            biased;
            // The title stands above what it announces.
            Some(scene) = scenes.recv() => stage.scene(&scene)?,
            moment = moments.recv() => match moment {
                Ok(moment) => stage.moment(&moment)?,
                Err(broadcast::error::RecvError::Lagged(_)) => {}
                Err(broadcast::error::RecvError::Closed) => return Ok(()),
            },
            changed = status.changed() => match changed {
                Ok(()) => {
                    let now = Arc::clone(&status.borrow_and_update());
                    stage.status(&now)?;
                }
                Err(_) => return Ok(()),
            },
            Ok(alert) = alerts.recv() => stage.alert(&alert)?,
        }
    }
}

fn trouble(error: &standin::StandinError) -> CliError {
    CliError::new(
        Exit::Wrong,
        format!("The stand-in could not go on: {error}."),
    )
    .hint("It needs a free port on 127.0.0.1 and a temporary directory.")
}
