//! Has servers asked again, beside the loop, and answers with a status that is later than the question.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::sleep;

use super::Shell;
use super::note::Note;
use crate::core::{LinkState, Status};
use crate::engine::protocol::Answer;
use crate::services::Fresh;

/// Who does not answer for so long does not answer.
const LONGEST: Duration = Duration::from_secs(20);

/// What it takes to ask servers afresh.
pub(super) struct Afresh {
    instances: Vec<(String, Fresh)>,
    status: watch::Receiver<Arc<Status>>,
    notes: mpsc::UnboundedSender<Note>,
}

impl Shell {
    /// Answers with what `instance` says when it is asked now; all of them when `None`.
    pub(super) fn tell_afresh(&mut self, instance: Option<&str>, reply: oneshot::Sender<Answer>) {
        if let Some(unknown) = instance.filter(|name| !self.runtimes.contains_key(*name)) {
            let _ = reply.send(self.unknown(unknown));
            return;
        }
        let afresh = self.afresh(instance);
        self.controls.spawn(async move {
            let (status, unread) = afresh.status().await;
            if let Some(status) = status {
                let status = Box::new(Status::clone(&status));
                let _ = reply.send(Answer::Fresh { status, unread });
            }
        });
    }

    /// For asking `instance` afresh, or all of them.
    pub(super) fn afresh(&self, instance: Option<&str>) -> Afresh {
        let runtimes = self.runtimes.iter();
        let chosen = runtimes.filter(|(name, _)| instance.is_none_or(|it| it == *name));
        let chosen = chosen.map(|(name, runtime)| (name.clone(), runtime.fresh.clone()));
        Afresh {
            instances: chosen.collect(),
            status: self.status.subscribe(),
            notes: self.notes.0.clone(),
        }
    }
}

impl Afresh {
    /// The status with all that was read, and who could not be asked. `None` while the engine ends.
    pub(super) async fn status(self) -> (Option<Arc<Status>>, Vec<String>) {
        let asked = self.instances.iter();
        let asked = asked.map(|(name, fresh)| read(name, fresh, self.status.clone()));
        let unread = join_all(asked).await.into_iter().flatten().collect();
        // What was read is on its way to the loop: the status is the one that the loop makes of it.
        let (tell, told) = oneshot::channel();
        let _ = self.notes.send(Note::Show(tell));
        (told.await.ok(), unread)
    }
}

/// Has one instance read again; its name when that could not be.
async fn read(
    name: &str,
    fresh: &Fresh,
    mut status: watch::Receiver<Arc<Status>>,
) -> Option<String> {
    let is_away = |status: &Arc<Status>| {
        let link = status.instance(name).map(|instance| &instance.link);
        link.is_none_or(|link| link.state != LinkState::Connected)
    };
    tokio::select! {
        biased;
        _ = status.wait_for(is_away) => Some(name.to_owned()),
        () = fresh.read() => None,
        () = sleep(LONGEST) => Some(name.to_owned()),
    }
}
