//! Has servers do what a user asked for, beside the loop: the answer is given when it is done.

use std::time::Duration;

use tokio::sync::oneshot;
use tracing::info;

use super::Shell;
use crate::core::{Action, Event, Kind, LinkState, Outcome, Refusal};
use crate::engine::protocol::{Answer, Ask};
use crate::services::syncthing::control::{lacking, page, place, scan};
use crate::services::{self, Remote};

/// No answer takes longer.
const LONGEST: Duration = Duration::from_secs(30);
/// For what a server shows after it did something: then it is shown as soon as it is told.
const SHOWN: Duration = Duration::from_secs(8);

impl Shell {
    /// Has `instance` do something and answers when it did.
    pub(super) fn control(
        &mut self,
        instance: &str,
        action: Action,
        reply: oneshot::Sender<Answer>,
    ) {
        let (kind, remote) = match self.remote(instance) {
            Ok(found) => found,
            Err(refused) => {
                let _ = reply.send(refused);
                return;
            }
        };
        info!("{instance}: asked for {}", name_of(&action));
        let events = self.events.0.clone();
        let afresh = self.afresh(Some(instance));
        self.controls.spawn(async move {
            let instance = remote.name.clone();
            let done = perform(kind, &remote, &action).await;
            let ends = matches!(action, Action::Restart | Action::Shutdown);
            if done.is_ok() {
                // The receiver is the loop that has us.
                let _ = events.send(Event::Asked { instance, action });
            }
            if !ends {
                // Whoever looks after the answer sees what came of it, and not what was before.
                drop(tokio::time::timeout(SHOWN, afresh.status()).await);
            }
            let _ = reply.send(answer(done));
        });
    }

    /// Has a Syncthing look something up, or look through its folders; answered when it has.
    pub(super) fn look_up(&mut self, ask: Ask, mut reply: oneshot::Sender<Answer>) {
        let (Ask::Scan { instance, .. }
        | Ask::Files { instance, .. }
        | Ask::Lacks { instance, .. }
        | Ask::Place { instance, .. }) = &ask
        else {
            return;
        };
        let remote = match self.remote(instance) {
            Ok((_, remote)) => remote,
            Err(refused) => {
                let _ = reply.send(refused);
                return;
            }
        };
        self.controls.spawn(async move {
            let answer = tokio::select! {
                answer = look_up(&remote, ask) => answer,
                // Who asked is gone.
                () = reply.closed() => return,
            };
            let _ = reply.send(answer);
        });
    }

    /// Pauses or resumes parts for a hold, and tells the core what came of it.
    pub(super) fn hold(&mut self, instance: String, number: u64, action: Action) {
        let Some(runtime) = self.runtimes.get(&instance) else {
            return;
        };
        let (kind, remote) = (runtime.config.kind(), runtime.remote());
        let events = self.events.0.clone();
        self.controls.spawn(async move {
            let done = match &remote {
                Some(remote) => perform(kind, remote, &action).await,
                None => Err(Refusal::new("It is not connected.", "")),
            };
            let _ = events.send(Event::Controlled {
                instance,
                number,
                refusal: done.err(),
            });
        });
    }

    /// The way to a server that is connected, or why there is none.
    fn remote(&self, instance: &str) -> Result<(Kind, Remote), Answer> {
        let Some(runtime) = self.runtimes.get(instance) else {
            return Err(self.unknown(instance));
        };
        let kind = runtime.config.kind();
        if kind != Kind::Syncthing {
            return Err(not_syncthing(instance));
        }
        let status = self.status.borrow();
        let link = status.instance(instance).map(|known| &known.link);
        let connected = link.is_some_and(|link| link.state == LinkState::Connected);
        match runtime.remote().filter(|_| connected) {
            Some(remote) => Ok((kind, remote)),
            None if link.is_some_and(|link| link.state == LinkState::Paused) => {
                Err(refused(Refusal::new(
                    format!("Monitoring of '{instance}' is switched off."),
                    "Switch it on first.",
                )))
            }
            None => {
                let why = link.and_then(|link| link.failure.as_ref());
                let why = why.map(|failure| format!(" {}", failure.message));
                Err(refused(Refusal::new(
                    format!("'{instance}' is not connected.{}", why.unwrap_or_default()),
                    "Nothing was changed. Try again once it is connected.",
                )))
            }
        }
    }
}

pub(super) fn not_syncthing(instance: &str) -> Answer {
    refused(Refusal::new(
        format!("'{instance}' is no Syncthing."),
        "Only a Syncthing can be told what to do.",
    ))
}

async fn look_up(remote: &Remote, ask: Ask) -> Answer {
    let found = match ask {
        Ask::Scan { folder, .. } => return answer(scan(remote, folder.as_deref()).await),
        Ask::Files {
            listing,
            page: number,
            ..
        } => {
            let files = in_time(remote, page(remote, &listing, number)).await;
            files.map(|(files, more)| Answer::Files { files, more })
        }
        Ask::Lacks { shares, .. } => {
            let lacking = in_time(remote, lacking(remote, shares)).await;
            lacking.map(|shares| Answer::Lacks { shares })
        }
        Ask::Place { folder, device, .. } => {
            let path = in_time(remote, place(remote, &folder, &device)).await;
            path.map(|path| Answer::Place { path })
        }
        _ => return Answer::Nothing,
    };
    found.unwrap_or_else(refused)
}

pub(super) async fn perform(
    kind: Kind,
    remote: &Remote,
    action: &Action,
) -> Result<Outcome, Refusal> {
    in_time(remote, services::control(kind, remote, action)).await
}

async fn in_time<T>(
    remote: &Remote,
    answer: impl Future<Output = Result<T, Refusal>>,
) -> Result<T, Refusal> {
    let answer = tokio::time::timeout(LONGEST, answer).await;
    answer.unwrap_or_else(|_| {
        Err(Refusal::new(
            format!("{} took too long over it.", remote.url),
            "It may have been done all the same: look at the status before you try again.",
        ))
    })
}

fn answer(done: Result<Outcome, Refusal>) -> Answer {
    match done {
        Ok(Outcome::Done) => Answer::Done,
        Ok(Outcome::Nothing) => Answer::Nothing,
        Err(refusal) => refused(refusal),
    }
}

fn refused(refusal: Refusal) -> Answer {
    Answer::Refused {
        message: refusal.message,
        hint: refusal.hint,
    }
}

/// For the log: what is asked for, without names of others.
fn name_of(action: &Action) -> &'static str {
    match action {
        Action::Rescan { .. } => "a scan",
        Action::Pause { .. } => "a pause",
        Action::Resume { .. } => "the end of a pause",
        Action::Override { .. } => "an override",
        Action::Revert { .. } => "a revert",
        Action::AcceptDevice { .. } => "a device to be accepted",
        Action::IgnoreDevice { .. } => "a device to be ignored",
        Action::AcceptFolder { .. } => "a folder to be accepted",
        Action::IgnoreFolder { .. } => "a folder to be ignored",
        Action::ClearErrors => "its errors to be cleared",
        Action::Restart => "a restart",
        Action::Shutdown => "a shutdown",
    }
}
