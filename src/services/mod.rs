//! The services that can be watched, one folder per kind: a pure reducer, and a poller that asks.
//!
//! Invariant: this module never opens a connection itself and never judges a certificate; every
//! request goes through a client of the newest generation of pins.

pub mod http;
pub mod link;
pub mod syncthing;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use secrecy::SecretString;
use tokio::sync::{Notify, mpsc, watch};

use crate::core::http::HttpCheck;
use crate::core::{Action, Class, Event, Fault, Kind, Refusal};
use crate::tls::Client;

use link::{Ask, Link};
pub use syncthing::control::Remote;

/// One attempt to reach an instance and follow it.
pub struct Session<A = Client> {
    /// The instance's name in the config.
    pub instance: String,
    /// The number of the attempt; it goes into every event.
    pub attempt: u64,
    /// The client of the newest generation of pins; a change cancels and repeats what is in flight.
    pub clients: watch::Receiver<Arc<A>>,
    /// The API key or password.
    pub key: SecretString,
    /// What the sessions before it left, and what it leaves to the next.
    pub memory: Memory,
    /// Rings when the server was made to change something that it tells by no event.
    pub nudge: Arc<Notify>,
    /// What an HTTP server is asked, for that kind.
    pub check: Option<Arc<HttpCheck>>,
    /// Where everything that happens is told.
    pub events: mpsc::UnboundedSender<Event>,
}

/// What a server tells once and forgets with its process: kept for as long as the instance is watched.
#[derive(Clone, Debug, Default)]
pub struct Memory(Arc<Mutex<syncthing::DiskLog>>);

impl Memory {
    fn recall(&self) -> syncthing::DiskLog {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn keep(&self, log: &syncthing::DiskLog) {
        log.clone_into(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl<A> fmt::Debug for Session<A> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Session")
            .field("instance", &self.instance)
            .field("attempt", &self.attempt)
            .finish_non_exhaustive()
    }
}

/// One attempt: takes a snapshot, then follows the service until something fails, and ends by
/// sending [`Event::Failed`]. Dropping it cancels it, without a word.
pub async fn run<A: Ask>(kind: Kind, session: Session<A>) {
    // One registration a kind: the path that proves a new generation of pins, and what follows it.
    let probe = match kind {
        Kind::Syncthing => Some(syncthing::PROBE),
        Kind::Weechat | Kind::Centrifugo | Kind::Websocket | Kind::Http => None,
    };
    let link = Link::new(session, probe);
    let fault = match kind {
        Kind::Syncthing => syncthing::follow(&link).await,
        Kind::Http => http::follow(&link).await,
        Kind::Weechat | Kind::Centrifugo | Kind::Websocket => Fault::with_detail(
            Class::BadReply,
            format!("kind '{}' is not available in this version", kind.name()),
        ),
    };
    link.failed(fault);
}

/// Has a server do something.
///
/// # Errors
/// What was not done, why, and what to do about it.
pub async fn control(kind: Kind, remote: &Remote, action: &Action) -> Result<(), Refusal> {
    match kind {
        Kind::Syncthing => syncthing::control::perform(remote, action).await,
        Kind::Weechat | Kind::Centrifugo | Kind::Websocket | Kind::Http => Err(Refusal::new(
            format!("'{}' is no Syncthing.", remote.name),
            "Only a Syncthing can be told what to do.",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn kinds_to_come_say_so() {
        let (events, mut told) = mpsc::unbounded_channel();
        let (_keep, clients) = watch::channel(Arc::new(link::fake::Fake::new(7)));
        let session = Session {
            instance: "irc".into(),
            attempt: 3,
            clients,
            key: "key".into(),
            memory: Memory::default(),
            nudge: Arc::default(),
            check: None,
            events,
        };
        assert!(!format!("{session:?}").contains("key"));
        run(Kind::Weechat, session).await;
        let Some(Event::Failed {
            instance,
            attempt: 3,
            generation: 7,
            fault,
        }) = told.recv().await
        else {
            panic!("no failure was told");
        };
        assert_eq!((instance.as_str(), fault.class), ("irc", Class::BadReply));
        assert!(
            fault
                .detail
                .unwrap()
                .contains("not available in this version")
        );
        assert!(told.recv().await.is_none());
    }
}
