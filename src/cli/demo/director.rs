//! What is played: the three ways of a rotation in turn, and now and then an impostor at the port.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::sleep;

use crate::cli::args::DemoArgs;
use crate::core::{LinkState, Status};
use crate::standin::{ImpostorKind, Report, Standin, StandinError};

/// For how long a restarting process is away.
const DOWNTIME: Duration = Duration::from_millis(1500);
/// An impostor for that long is within the patience with an unknown certificate (10 s).
const SHORT_ATTACK: Duration = Duration::from_secs(3);
const LONG_ATTACK: Duration = Duration::from_secs(12);

/// What the audience is told.
#[derive(Clone, Debug)]
pub(super) enum Scene {
    /// What comes now.
    Begins(&'static str),
    /// What the impostor was given.
    ImpostorLeft(Report),
}

/// Something that happens to the server.
#[derive(Clone, Copy)]
enum Act {
    Restart,
    InProcess,
    FileFirst,
    Attack(ImpostorKind, Duration),
}

/// In this order, again and again.
const PROGRAMME: [Act; 9] = [
    Act::Restart,
    Act::InProcess,
    Act::FileFirst,
    Act::Attack(ImpostorKind::OtherCertificate, SHORT_ATTACK),
    Act::InProcess,
    Act::Attack(ImpostorKind::ReplayedCertificate, SHORT_ATTACK),
    Act::Restart,
    Act::FileFirst,
    Act::Attack(ImpostorKind::OtherCertificate, LONG_ATTACK),
];

/// Plays the programme until so many rotations as were asked for are over.
pub(super) async fn direct(
    server: Arc<Standin>,
    mut status: watch::Receiver<Arc<Status>>,
    args: DemoArgs,
    scenes: mpsc::Sender<Scene>,
) -> Result<(), StandinError> {
    let mut rotations = 0;
    connected(&mut status).await;
    for act in PROGRAMME.into_iter().cycle() {
        sleep(args.every).await;
        // Nobody watching is fine: then the select that runs this is about to end.
        let _ = scenes.send(Scene::Begins(act.title())).await;
        let attack = act.play(&server, args.every).await?;
        connected(&mut status).await;
        match attack {
            Some(report) => {
                let _ = scenes.send(Scene::ImpostorLeft(report)).await;
            }
            None => rotations += 1,
        }
        if args.rotations.is_some_and(|wanted| rotations >= wanted) {
            // The last line is to be seen before the curtain.
            sleep(Duration::from_millis(200)).await;
            return Ok(());
        }
    }
    Ok(())
}

impl Act {
    fn title(self) -> &'static str {
        match self {
            Self::Restart => "Syncthing restarts; its certificate was due, so it makes a new one",
            Self::InProcess => {
                "A setting changes: the listener restarts inside the process, with a new certificate"
            }
            Self::FileFirst => "The certificate file is replaced long before the restart",
            Self::Attack(ImpostorKind::ReplayedCertificate, _) => {
                "An impostor takes the port and replays the right certificate, without its key"
            }
            Self::Attack(_, LONG_ATTACK) => {
                "An impostor takes the port with another certificate, and stays"
            }
            Self::Attack(..) => {
                "An impostor takes the port with another certificate for three seconds"
            }
        }
    }

    /// Does it, and returns the report when it was an attack.
    async fn play(self, server: &Standin, every: Duration) -> Result<Option<Report>, StandinError> {
        match self {
            Self::Restart => server.restart(DOWNTIME, true).await.map(|_| None),
            Self::InProcess => server.rotate_in_process().await.map(|_| None),
            Self::FileFirst => {
                server.replace_file_only().await?;
                sleep(every / 2).await;
                server.restart(DOWNTIME, false).await.map(|_| None)
            }
            Self::Attack(kind, duration) => server.impostor_for(kind, duration).await.map(Some),
        }
    }
}

async fn connected(status: &mut watch::Receiver<Arc<Status>>) {
    let is_connected = |status: &Arc<Status>| {
        status.instances.iter().all(|instance| {
            instance.link.state == LinkState::Connected && instance.service.is_some()
        }) && !status.instances.is_empty()
    };
    // An engine that ended is noticed by who plays the stage.
    let _ = status.wait_for(is_connected).await;
}
