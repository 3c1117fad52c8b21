//! Where a command has its status from: the running engine, or a private one in this process.
//!
//! Invariant: an engine of this process takes the socket only where it is to be the user's; else it is private and
//! writes only what the user asked it to keep.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::context::Context;
use super::error::{CliError, Exit};
use crate::core::{InstanceStatus, LinkState, Status};
use crate::engine::client::{ClientError, Connection};
use crate::engine::protocol::{Answer, Ask};
use crate::engine::{self, Engine, Options, StartError};

/// In a single look no failure is given the benefit of the doubt for longer.
const LOOK_PATIENCE: Duration = Duration::from_secs(2);
/// A single look is over after this long, whatever was seen.
const LONGEST_LOOK: Duration = Duration::from_secs(10);
/// How often it is looked whether an engine is there now.
const ENGINE_LOOK: Duration = Duration::from_secs(1);
/// An engine that restarts is back within this long.
const ENGINE_RESTART: Duration = Duration::from_secs(5);
/// An engine answers at once; one that does not is stuck or stopped.
const ENGINE_ANSWER: Duration = Duration::from_secs(5);
/// The engine gives a server 30 s to do what it is asked for.
const SERVER_ANSWER: Duration = Duration::from_secs(40);
const ENGINE_RETRY: Duration = Duration::from_millis(100);

/// What a private engine is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// One look, now.
    Look,
    /// As long as the user wants.
    Follow,
    /// One look, then a change of what is kept: pins.
    Change,
    /// To be the user's engine from now on, unless one is running.
    Serve,
}

/// A source of statuses that does not dry up: an engine that restarts is found again.
#[derive(Debug)]
pub struct Source<'a> {
    context: &'a Context,
    purpose: Purpose,
    from: Origin,
}

#[derive(Debug)]
enum Origin {
    /// A connection on which `Watch` was asked already, or not yet.
    Running(Connection, bool),
    Private(Box<Engine>, watch::Receiver<Arc<Status>>),
    /// The engine ended.
    Gone,
}

/// What a source tells.
#[derive(Clone, Debug)]
pub enum Heard {
    Status(Arc<Status>),
    /// The engine ended. It is looked for next.
    EngineGone,
}

impl<'a> Source<'a> {
    /// The running engine, else a private one.
    pub async fn open(context: &'a Context, purpose: Purpose) -> Result<Self, CliError> {
        let from = match Connection::open(&context.environment.socket()).await? {
            Some(connection) => Origin::Running(connection, false),
            None => own(context, purpose).await?,
        };
        Ok(Self {
            context,
            purpose,
            from,
        })
    }

    /// The next status: the one now, then one for every change.
    pub async fn next(&mut self) -> Result<Arc<Status>, CliError> {
        loop {
            if let Heard::Status(status) = self.hear().await? {
                return Ok(status);
            }
        }
    }

    /// The same, and when the engine ended.
    pub async fn hear(&mut self) -> Result<Heard, CliError> {
        loop {
            let status = match &mut self.from {
                Origin::Running(connection, asked) => running(connection, asked).await?,
                Origin::Private(_, status) => tokio::select! {
                    changed = status.changed() => match changed {
                        Ok(()) => Some(status.borrow_and_update().clone()),
                        Err(_) => return Err(CliError::new(Exit::Internal, "The engine ended.")),
                    },
                    found = engine_appears(self.context, ENGINE_LOOK), if self.purpose == Purpose::Follow => {
                        self.from = Origin::Running(found, false);
                        continue;
                    }
                },
                Origin::Gone => {
                    self.from = self.find_again().await?;
                    continue;
                }
            };
            return Ok(match status {
                Some(status) => Heard::Status(status),
                None => {
                    self.from = Origin::Gone;
                    Heard::EngineGone
                }
            });
        }
    }

    /// The first status that tells how things are: every instance has answered, or has failed for good.
    pub async fn settled(&mut self) -> Result<Arc<Status>, CliError> {
        let Origin::Private(_, receiver) = &mut self.from else {
            return self.next().await;
        };
        let mut status = receiver.borrow_and_update().clone();
        let expected = match self.context.only() {
            Some(_) => 1,
            None => self.context.config()?.config.instances.len(),
        };
        let settle = async {
            while status.instances.len() < expected
                || !status.instances.iter().all(|instance| is_settled(instance))
            {
                status = self.next().await?;
            }
            Ok(())
        };
        match timeout(LONGEST_LOOK, settle).await {
            Ok(Err(error)) => Err(error),
            // Too slow is told as it is then: still starting.
            Ok(Ok(())) | Err(_) => Ok(status),
        }
    }

    /// Asks for something to be done.
    pub async fn ask(&mut self, ask: Ask) -> Result<Answer, CliError> {
        self.asker().ask(ask).await
    }

    /// For asking while the next status is waited for.
    pub fn asker(&self) -> Asker {
        match &self.from {
            Origin::Running(..) | Origin::Gone => Asker::Running(self.context.environment.socket()),
            Origin::Private(engine, _) => Asker::Own(engine.asker()),
        }
    }

    /// The engine of this process, where there is no other.
    pub fn own(&self) -> Option<&Engine> {
        match &self.from {
            Origin::Running(..) | Origin::Gone => None,
            Origin::Private(engine, _) => Some(engine),
        }
    }

    /// Ends a private engine cleanly.
    pub async fn close(self) {
        if let Origin::Private(engine, _) = self.from {
            engine.stop().await;
        }
    }

    async fn find_again(&self) -> Result<Origin, CliError> {
        let again = engine_appears(self.context, ENGINE_RETRY);
        match timeout(ENGINE_RESTART, again).await {
            Ok(connection) => Ok(Origin::Running(connection, false)),
            Err(_) => own(self.context, self.purpose).await,
        }
    }
}

/// Asks the engine that a source has its statuses from.
#[derive(Clone, Debug)]
pub enum Asker {
    Own(engine::Asker),
    /// By its socket: a connection that watches takes no questions.
    Running(PathBuf),
}

impl Asker {
    /// The engine is of this process.
    pub fn is_own(&self) -> bool {
        matches!(self, Self::Own(_))
    }

    /// Asks for something to be done.
    pub async fn ask(&self, ask: Ask) -> Result<Answer, CliError> {
        match self {
            Self::Own(engine) => Ok(engine.ask(ask).await),
            Self::Running(socket) => match Connection::open(socket).await? {
                Some(mut connection) => Ok(put(&mut connection, ask).await?),
                None => Err(ClientError::Ended.into()),
            },
        }
    }
}

/// Connected with something to show, or nothing more to wait for.
fn is_settled(instance: &InstanceStatus) -> bool {
    match instance.link.state {
        LinkState::Connected => instance.service.is_some(),
        LinkState::Paused => true,
        state => state.is_loud(),
    }
}

/// `None` when the engine ended.
async fn running(
    connection: &mut Connection,
    asked: &mut bool,
) -> Result<Option<Arc<Status>>, CliError> {
    let answer = if *asked {
        connection.next().await?
    } else {
        *asked = true;
        match in_time(ENGINE_ANSWER, connection.ask(Ask::Watch)).await? {
            Err(ClientError::Ended) => None,
            answer => Some(answer?),
        }
    };
    match answer {
        Some(Answer::Status { status }) => Ok(Some(Arc::from(status))),
        Some(other) => Err(unexpected(other)),
        None => Ok(None),
    }
}

/// Asks a running engine, and does not wait for one that is stuck.
pub async fn put(connection: &mut Connection, ask: Ask) -> Result<Answer, CliError> {
    let limit = match ask {
        // Answered when the server did it.
        Ask::Control { .. } | Ask::Fresh { .. } | Ask::Files { .. } | Ask::Place { .. } => {
            SERVER_ANSWER
        }
        // Answered at its end. Who waits says for how long.
        Ask::Scan { .. } => return Ok(connection.ask(ask).await?),
        _ => ENGINE_ANSWER,
    };
    Ok(in_time(limit, connection.ask(ask)).await??)
}

async fn in_time<T>(limit: Duration, answer: impl Future<Output = T>) -> Result<T, CliError> {
    let answer = timeout(limit, answer).await;
    answer.map_err(|_| ClientError::Silent.into())
}

/// The words for an answer that is not the one asked for.
pub fn unexpected(answer: Answer) -> CliError {
    match answer {
        Answer::Refused { message, hint } => CliError::new(Exit::Wrong, message).hint(hint),
        _ => ClientError::NotUnderstood("the answer to another question".into()).into(),
    }
}

/// Waits until an engine runs. Trouble with the socket is no reason to stop watching.
async fn engine_appears(context: &Context, every: Duration) -> Connection {
    loop {
        sleep(every).await;
        if let Ok(Some(connection)) = Connection::open(&context.environment.socket()).await {
            return connection;
        }
    }
}

/// An engine of this process; the user's, when that is the purpose and nobody else was sooner.
async fn own(context: &Context, purpose: Purpose) -> Result<Origin, CliError> {
    match start(context, purpose).await {
        Err(StartError::AlreadyRunning { .. }) => {
            match timeout(ENGINE_RESTART, engine_appears(context, ENGINE_RETRY)).await {
                Ok(connection) => Ok(Origin::Running(connection, false)),
                Err(_) => Err(ClientError::Ended.into()),
            }
        }
        started => {
            let engine = started?;
            let mut status = engine.status();
            // It begins without instances and knows them a moment later; only then is there something to tell.
            if context.config()?.config.instances.is_empty() {
                status.mark_changed();
            }
            Ok(Origin::Private(Box::new(engine), status))
        }
    }
}

async fn start(context: &Context, purpose: Purpose) -> Result<Engine, StartError> {
    let is_look = matches!(purpose, Purpose::Look | Purpose::Change);
    let engine = Engine::start(Options {
        config: context.global.config.clone(),
        environment: context.environment.clone(),
        only: context.global.instance.clone(),
        owner: purpose == Purpose::Serve,
        patience_ceiling: is_look.then_some(LOOK_PATIENCE),
        keep_state: matches!(purpose, Purpose::Change | Purpose::Serve),
    });
    engine.await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[tokio::test(start_paused = true)]
    async fn a_stuck_engine_is_not_waited_for() {
        let directory = tempfile::tempdir().expect("directory");
        let path = directory.path().join("engine.sock");
        let _silent = tokio::net::UnixListener::bind(&path).expect("bound");
        let mut connection = Connection::open(&path)
            .await
            .expect("open")
            .expect("somebody");
        let error = put(&mut connection, Ask::Status)
            .await
            .expect_err("no answer");
        assert_eq!(error.exit(), Exit::Unreachable);
    }
}
