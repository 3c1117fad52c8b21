//! Lets go what is paused of a server that the config names no more, over the connection that there still is.
//!
//! Invariant: nobody is asked whose certificate is not the pinned one, and what could not be let go is remembered.

use std::time::Duration;

use tracing::{info, warn};

use super::Shell;
use super::controls::perform;
use super::note::Note;
use crate::core::{Action, Address, Held, JournalEntry, JournalKind, LinkState, Part, Refusal};
use crate::engine::known::Kept;
use crate::engine::runtime::Runtime;

/// The same server may come under another name or another spelling of its address, a moment later too: an editor
/// saves what is half done. What is paused stays so for that long.
const GRACE: Duration = Duration::from_secs(5);
/// At the end of the engine nobody waits longer.
const HURRY: Duration = Duration::from_secs(3);

/// A server that has left the config while parts of it were paused.
pub(super) struct Leaving {
    number: u64,
    name: String,
    address: Option<Address>,
    id: Option<String>,
    /// Holds the connection; its session has ended.
    runtime: Runtime,
}

impl Shell {
    /// Keeps the way to a server that leaves the config, where it can be reached and something of it is paused.
    pub(super) fn see_off(&mut self, name: String, mut runtime: Runtime) {
        let status = self.status.borrow();
        let link = status.instance(&name).map(|known| known.link.state);
        let Kept {
            address, id, holds, ..
        } = self.state.known().get(&name);
        if link != Some(LinkState::Connected) || holds.is_empty() {
            return;
        }
        runtime.abandon();
        self.revisions += 1;
        let number = self.revisions;
        let notes = self.notes.0.clone();
        tokio::spawn(async move {
            tokio::time::sleep(GRACE).await;
            let _ = notes.send(Note::Leaves(number));
        });
        self.leaving.push(Leaving {
            number,
            name,
            address,
            id,
            runtime,
        });
    }

    /// Nobody took its place: what is still paused of it is let go.
    pub(super) fn leaves(&mut self, number: u64) {
        let found = self.leaving.extract_if(.., |it| it.number == number).next();
        let Some((leaving, holds)) = found.and_then(|it| self.still_paused(it)) else {
            return;
        };
        let notes = self.notes.0.clone();
        self.controls.spawn(async move {
            let refusal = let_go(&leaving, &holds).await.err();
            let _ = notes.send(Note::Left {
                name: leaving.name,
                holds,
                refusal,
            });
        });
    }

    /// What came of it.
    pub(super) fn left(&mut self, name: &str, holds: &[Held], refusal: Option<Refusal>) {
        let kinds: Vec<JournalKind> = match refusal {
            None => {
                self.state.known_mut().let_go(name, holds);
                info!("{name} is in the config no more; what was paused of it goes on");
                let ended = |held: &Held| JournalKind::HoldEnded {
                    cause: held.hold.cause,
                };
                holds.iter().map(ended).collect()
            }
            Some(why) => {
                warn!(
                    "{name} is in the config no more, and what was paused of it could not be let go: {why}"
                );
                vec![JournalKind::HoldTrouble {
                    pausing: false,
                    why: why.message,
                }]
            }
        };
        let time = self.clock.now();
        for kind in kinds {
            let instance = name.to_owned();
            self.journal.append(JournalEntry {
                time,
                instance,
                kind,
            });
        }
    }

    /// The engine ends: whoever still has time to come back has none any more.
    pub(super) async fn hurry(&mut self) {
        let leaving = std::mem::take(&mut self.leaving);
        for leaving in leaving {
            let Some((leaving, holds)) = self.still_paused(leaving) else {
                continue;
            };
            let gone = tokio::time::timeout(HURRY, let_go(&leaving, &holds)).await;
            if let Ok(done) = gone {
                self.left(&leaving.name, &holds, done.err());
            }
        }
        self.state.save();
    }

    /// What is remembered of it as paused by us; `None` once another instance has taken that over.
    fn still_paused(&self, leaving: Leaving) -> Option<(Leaving, Vec<Held>)> {
        let same = |kept: &Kept| kept.address == leaving.address && kept.id == leaving.id;
        let left = self.state.known().left().iter();
        let holds: Vec<Held> = left
            .filter(|left| left.name == leaving.name && same(&left.kept))
            .flat_map(|left| left.kept.holds.iter().cloned())
            .collect();
        (!holds.is_empty()).then_some((leaving, holds))
    }
}

async fn let_go(leaving: &Leaving, holds: &[Held]) -> Result<(), Refusal> {
    let mut parts: Vec<Part> = holds.iter().flat_map(Held::paused).cloned().collect();
    parts.sort();
    parts.dedup();
    if parts.is_empty() {
        return Ok(());
    }
    let remote = leaving.runtime.remote();
    let remote = remote.ok_or_else(|| Refusal::new("It is not connected.", ""))?;
    let kind = leaving.runtime.config.kind();
    let resume = Action::Resume { parts };
    perform(kind, &remote, &resume).await.map(drop)
}
