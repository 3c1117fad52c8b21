//! `org.freedesktop.Notifications` on the session bus (Desktop Notifications Specification 1.2).
//!
//! One connection, kept. Several syncwatch on one bus queue for one name: only its owner shows anything.
//!
//! Invariant: a notice that nobody can show waits, replaced by newer ones and bounded, until it is taken back.

use std::path::Path;
use std::pin::{Pin, pin};
use std::time::Duration;

use futures_util::StreamExt;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};
use tokio::time::{Sleep, sleep, timeout};
use zbus::message::Type;
use zbus::{Connection, MatchRule, Message, MessageStream};

use super::server::{OBJECT, SERVICE, Server, is_missing, sender};
use super::shelf::Shelf;
use crate::view::command::Command;
use crate::view::notices::Word;

const BUS: &str = "org.freedesktop.DBus";
const BUS_OBJECT: &str = "/org/freedesktop/DBus";
/// Its owner is the one that speaks.
const SPEAKER: &str = "org.syncwatch.Notices";
/// It is there in a Flatpak, where the bus lets an application own names of its own only.
const SANDBOX: &str = "/.flatpak-info";

/// A service that takes longer is as good as none.
const ANSWER: Duration = Duration::from_secs(5);
const FIRST_RETRY: Duration = Duration::from_secs(1);
const LAST_RETRY: Duration = Duration::from_secs(120);
/// A service that is missing tells when it comes. The bus may also be able to start it, at some cost when it cannot.
const FIRST_START: Duration = Duration::from_secs(30);
const LAST_START: Duration = Duration::from_secs(600);

/// Shows what `words` says until it closes, and sends what was clicked to `commands`.
pub async fn run(mut words: UnboundedReceiver<Word>, commands: UnboundedSender<Command>) {
    let mut shelf = Shelf::default();
    let mut retry = FIRST_RETRY;
    loop {
        let ended = match timeout(ANSWER, Desk::open()).await {
            Ok(Ok(mut desk)) => {
                retry = FIRST_RETRY;
                desk.serve(&mut words, &commands, &mut shelf).await
            }
            Ok(Err(error)) => Ended::Bus(error.to_string()),
            Err(_) => Ended::Bus("it does not answer".into()),
        };
        let Ended::Bus(why) = ended else {
            return;
        };
        tracing::debug!("no notices for now: the session bus: {why}");
        shelf.forget_shown();
        if !hold(&mut words, &mut shelf, retry).await {
            return;
        }
        retry = (retry * 2).min(LAST_RETRY);
    }
}

/// Why no more can be shown.
enum Ended {
    /// Nobody has anything more to say.
    Words,
    /// The bus is gone or was never there.
    Bus(String),
}

/// Takes words for so long while there is no bus; false when they ended.
async fn hold(words: &mut UnboundedReceiver<Word>, shelf: &mut Shelf, wait: Duration) -> bool {
    let mut over = pin!(sleep(wait));
    loop {
        tokio::select! {
            () = &mut over => return true,
            word = words.recv() => match word {
                Some(word) => {
                    shelf.take(word);
                    shelf.drop_passing();
                }
                None => return false,
            }
        }
    }
}

/// A connection to the session bus, and what was learnt over it.
struct Desk {
    connection: Connection,
    /// Clicks and closings, in their order.
    signals: MessageStream,
    /// The notification service comes and goes.
    owners: MessageStream,
    /// The name is ours now.
    acquired: MessageStream,
    speaks: bool,
    server: Server,
    /// The service is missing: no more attempts until it comes, or until this is over.
    missing: Option<Pin<Box<Sleep>>>,
    /// How often it failed in a row, by its absence or its end.
    failures: u32,
}

impl Desk {
    /// Connects, listens, and queues for the name.
    async fn open() -> zbus::Result<Self> {
        let builder = zbus::connection::Builder::session()?;
        let connection = builder.method_timeout(ANSWER).build().await?;
        let to_service = MatchRule::builder()
            .msg_type(Type::Signal)
            .sender(SERVICE)?
            .interface(SERVICE)?
            .path(OBJECT)?
            .build();
        let of_bus = |member| -> zbus::Result<_> {
            let rule = MatchRule::builder().msg_type(Type::Signal).sender(BUS)?;
            rule.interface(BUS)?.path(BUS_OBJECT)?.member(member)
        };
        let owned = of_bus("NameOwnerChanged")?.arg(0, SERVICE)?.build();
        let ours = of_bus("NameAcquired")?.arg(0, SPEAKER)?.build();
        let mut desk = Self {
            signals: MessageStream::for_match_rule(to_service, &connection, None).await?,
            owners: MessageStream::for_match_rule(owned, &connection, None).await?,
            acquired: MessageStream::for_match_rule(ours, &connection, None).await?,
            server: Server::new(connection.clone()),
            connection,
            speaks: false,
            missing: None,
            failures: 0,
        };
        desk.speaks = Path::new(SANDBOX).exists() || desk.queue_for_name().await?;
        Ok(desk)
    }

    /// Whether the name is ours at once. In the queue without replacement: whoever speaks goes on speaking.
    async fn queue_for_name(&self) -> zbus::Result<bool> {
        const OWNER: u32 = 1;
        const ALREADY_OWNER: u32 = 4;
        let no_flags = 0_u32;
        let arguments = (SPEAKER, no_flags);
        let answer = self
            .connection
            .call_method(Some(BUS), BUS_OBJECT, Some(BUS), "RequestName", &arguments)
            .await;
        match answer {
            Ok(answer) => {
                let answer: u32 = answer.body().deserialize()?;
                Ok(matches!(answer, OWNER | ALREADY_OWNER))
            }
            // A bus that does not give the name: better twice than never.
            Err(zbus::Error::MethodError(..)) => Ok(true),
            Err(error) => Err(error),
        }
    }

    async fn serve(
        &mut self,
        words: &mut UnboundedReceiver<Word>,
        commands: &UnboundedSender<Command>,
        shelf: &mut Shelf,
    ) -> Ended {
        loop {
            if let Err(error) = self.show_waiting(shelf).await {
                return Ended::Bus(error.to_string());
            }
            let heard = tokio::select! {
                word = words.recv() => match word {
                    Some(word) => self.take(word, shelf).await,
                    None => return Ended::Words,
                },
                signal = self.signals.next() => received(signal).map(|signal| {
                    if let Some(command) = clicked(&signal, shelf) {
                        let _ = commands.send(command);
                    }
                }),
                change = self.owners.next() => received(change).map(|change| {
                    shelf.forget_shown();
                    self.server.changed();
                    if self.missing.is_some() && is_arrival(&change) {
                        self.missing = Some(wait(Duration::ZERO, FIRST_RETRY, self.failures));
                    }
                }),
                acquired = self.acquired.next() => received(acquired).map(|_| self.speaks = true),
                () = self.connection.closed() => return Ended::Bus("it is gone".into()),
                () = over(&mut self.missing) => {
                    self.missing = None;
                    Ok(())
                }
            };
            if let Err(error) = heard {
                return Ended::Bus(error.to_string());
            }
        }
    }

    async fn take(&self, word: Word, shelf: &mut Shelf) -> zbus::Result<()> {
        match shelf.take(word) {
            Some(id) => self.server.close(id).await,
            None => Ok(()),
        }
    }

    /// Shows all that waits, or drops it where somebody else speaks.
    async fn show_waiting(&mut self, shelf: &mut Shelf) -> zbus::Result<()> {
        if !self.speaks {
            shelf.drop_told_elsewhere();
        }
        while self.missing.is_none()
            && let Some(notice) = shelf.next()
        {
            match self.server.show(&notice, shelf).await {
                Ok((id, server, serial)) => {
                    self.failures = 0;
                    shelf.shown(notice, id, &server, serial);
                }
                Err(error) if is_missing(&error) => {
                    tracing::debug!("no notices for now: {error}");
                    self.missing = Some(wait(FIRST_START, FIRST_START, self.failures));
                    self.failures = self.failures.saturating_add(1);
                    shelf.put_back(notice);
                }
                Err(zbus::Error::MethodError(name, why, _)) => {
                    let why = why.unwrap_or_default();
                    tracing::debug!("a notice was refused: {name} {why}");
                }
                Err(error) => {
                    shelf.put_back(notice);
                    return Err(error);
                }
            }
        }
        if self.missing.is_some() {
            shelf.drop_passing();
        }
        Ok(())
    }
}

/// `first`, then `second` and twice as long each time. One that ends whenever it is to show something is not started
/// over and over again.
fn wait(first: Duration, second: Duration, failures: u32) -> Pin<Box<Sleep>> {
    let wait = match failures.checked_sub(2) {
        None => first,
        Some(doublings) => second
            .saturating_mul(1 << doublings.min(16))
            .min(LAST_START),
    };
    Box::pin(sleep(wait))
}

/// The service has come, or another one in its place.
fn is_arrival(change: &Message) -> bool {
    let body = change.body();
    let owners: zbus::Result<(String, String, String)> = body.deserialize();
    owners.is_ok_and(|(_, _, new)| !new.is_empty())
}

/// Waits for its end; for ever when there is none.
async fn over(wait: &mut Option<Pin<Box<Sleep>>>) {
    match wait {
        Some(wait) => wait.await,
        None => std::future::pending().await,
    }
}

/// What came, or that no more comes.
fn received(message: Option<zbus::Result<Message>>) -> zbus::Result<Message> {
    let gone = || zbus::Error::Failure("the connection ended".into());
    message.unwrap_or_else(|| Err(gone()))
}

/// What a signal of the notification service asks for.
fn clicked(signal: &Message, shelf: &mut Shelf) -> Option<Command> {
    let server = sender(signal)?;
    let member = signal.header().member()?.to_string();
    match member.as_str() {
        "ActionInvoked" => {
            let (id, button): (u32, String) = signal.body().deserialize().ok()?;
            shelf.clicked(&server, id, &button)
        }
        "NotificationClosed" => {
            let (id, _reason): (u32, u32) = signal.body().deserialize().ok()?;
            shelf.closed(&server, id);
            None
        }
        _ => None,
    }
}
