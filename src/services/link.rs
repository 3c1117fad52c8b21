//! Asking over whatever client is newest, and telling what happened.
//!
//! Invariant: this module never lets a reply of an older generation of pins through once a newer
//! one is there, and never ends a session for a failure that a newer generation may cure.

use std::future::{Future, pending};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use secrecy::SecretString;
use serde::de::{DeserializeOwned, IgnoredAny};
use tokio::sync::watch;
use tokio::time::sleep;

use crate::core::{Class, Fault, Pin, Timestamp};
use crate::tls::{Reply, Request, Terms, Upgraded, WebSocket};

use super::din::Teller;
use super::{Memory, ReadSecret, Session};

mod ailing;
mod ask;
mod pauses;
mod telling;

pub use ailing::Ailing;
pub use ask::Ask;
use pauses::Pauses;
use telling::{HELD, Told};

/// For the reply that proves a new generation of pins.
const PROBE_TIMEOUT: Duration = Duration::from_secs(10);

/// A session with what was told of it so far.
#[derive(Debug)]
pub struct Link<A> {
    session: Session<A>,
    /// What every server of this kind answers at once, when that is not whatever is asked.
    probe: Option<&'static str>,
    told: Mutex<Told>,
}

impl<A: Ask> Link<A> {
    /// Wraps a session of which nothing was told yet. `probe` is a path that every server of this kind answers at
    /// once: a new generation of pins is proved with it, because a long poll may keep its answer for a minute. A kind
    /// that never waits needs none.
    pub fn new(session: Session<A>, probe: Option<&'static str>) -> Self {
        Self {
            session,
            probe,
            told: Mutex::default(),
        }
    }

    /// What a reply with a status of 2xx holds. One that holds something else is no answer: it ends no outage.
    ///
    /// # Errors
    /// What went wrong with the newest generation of pins; any other status, by its class.
    pub async fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        timeout: Duration,
        limit: usize,
    ) -> Result<T, Fault> {
        let content = self.ask(path, timeout, limit, false).await?;
        content.ok_or_else(|| Fault::new(Class::BadPath))
    }

    /// Like [`Self::get`], for what may be held back by the server until something happens. That a connection ends
    /// meanwhile says nothing against it.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub async fn get_held<T: DeserializeOwned>(
        &self,
        path: &str,
        timeout: Duration,
        limit: usize,
    ) -> Result<T, Fault> {
        let request = self.getting(path, timeout, limit);
        let judge = |reply| content(reply, false);
        let content = self.converse(&request, HELD, judge, true).await?;
        content.ok_or_else(|| Fault::new(Class::BadPath))
    }

    /// Like [`Self::get`], for what anybody may answer so: it is no answer yet, and ends no outage.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub async fn get_first<T: DeserializeOwned>(
        &self,
        path: &str,
        timeout: Duration,
        limit: usize,
    ) -> Result<T, Fault> {
        let request = self.getting(path, timeout, limit);
        let content = self
            .prepare(&request, |reply| content(reply, false))
            .await?;
        content.ok_or_else(|| Fault::new(Class::BadPath))
    }

    /// Like [`Self::get`], for what a server need not have: `None` when it answers 404.
    ///
    /// # Errors
    /// As [`Self::get`], 404 apart.
    pub async fn get_optional<T: DeserializeOwned>(
        &self,
        path: &str,
        timeout: Duration,
        limit: usize,
    ) -> Result<Option<T>, Fault> {
        self.ask(path, timeout, limit, true).await
    }

    /// What `judge` makes of the reply to a request; a reply that it refuses is no answer and ends no outage.
    ///
    /// # Errors
    /// What went wrong with the newest generation of pins; what `judge` refused.
    pub async fn exchange<T>(
        &self,
        request: &Request<'_>,
        judge: impl Fn(Reply) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        self.converse(request, request.path, judge, true).await
    }

    /// The same for what anybody is told before a login: it is no answer yet, and ends no outage.
    ///
    /// # Errors
    /// As [`Self::exchange`].
    pub async fn prepare<T>(
        &self,
        request: &Request<'_>,
        judge: impl Fn(Reply) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        self.converse(request, request.path, judge, false).await
    }

    async fn converse<T>(
        &self,
        request: &Request<'_>,
        what: &str,
        judge: impl Fn(Reply) -> Result<T, Fault>,
        answers: bool,
    ) -> Result<T, Fault> {
        let mut clients = self.session.clients.clone();
        let mut pauses = Pauses::default();
        loop {
            let client = Arc::clone(&clients.borrow_and_update());
            let probe = self.probe.filter(|_| !self.is_proven(client.generation()));
            let sent = match probe {
                None => request.clone(),
                Some(path) => self.getting(path, PROBE_TIMEOUT, request.limit),
            };
            let result = tokio::select! {
                biased;
                () = newer(&mut clients) => continue,
                result = client.send(sent) => result,
            };
            let answer = result.and_then(|reply| {
                let served = reply.served;
                let content = match probe {
                    None => judge(reply).map(Some),
                    Some(_) => content::<IgnoredAny>(reply, false).map(|_| None),
                };
                let fingerprint = served.map(|pin| pin.fingerprint);
                let content = content.map_err(|fault| match fault.served {
                    Some(_) => fault,
                    None => fault.with_served(fingerprint),
                })?;
                Ok((content, served))
            });
            match answer {
                // A newer generation may accept what this one refused.
                Err(_) if clients.has_changed().unwrap_or(false) => {}
                Err(fault) => match pauses.after(&fault) {
                    Some(pause) => sleep(pause).await,
                    None => {
                        self.blame(client.generation(), what, &fault);
                        return Err(fault);
                    }
                },
                Ok((content, served)) => {
                    if content.is_some() {
                        self.memory().ailing().remove(what);
                    }
                    if answers {
                        self.answered(client.generation(), served);
                    }
                    if let Some(content) = content {
                        return Ok(content);
                    }
                }
            }
        }
    }

    /// An open websocket; `judge` says what a reply means that is none.
    ///
    /// Once open it stays, whatever becomes of the pins: its peer was verified, and proved so in its handshake.
    ///
    /// # Errors
    /// What went wrong with the newest generation of pins; what `judge` made of a reply.
    pub async fn open(
        &self,
        request: &Request<'_>,
        subprotocol: Option<&str>,
        judge: impl Fn(Reply) -> Fault,
    ) -> Result<WebSocket, Fault> {
        let judge = &judge;
        let what = format!("websocket {}", request.path);
        let opened = self.attempt(&what, |client| async move {
            match client.upgrade(request, subprotocol).await? {
                Upgraded::Open(socket) => {
                    let served = socket.served;
                    Ok((socket, served))
                }
                Upgraded::Declined(reply) => {
                    let fingerprint = reply.served.map(|pin| pin.fingerprint);
                    Err(judge(reply).with_served(fingerprint))
                }
            }
        });
        opened.await.inspect_err(|fault| {
            self.told().blamed = true;
            self.memory().ailing().add(&what, fault);
        })
    }

    /// What `work` comes to with a client of the newest generation of pins, and the certificate that it met: for what
    /// takes several exchanges, which `what` names. Only all of them together are an answer.
    ///
    /// # Errors
    /// What went wrong with the newest generation of pins.
    pub async fn attempt<T, E, F>(&self, what: &str, work: impl Fn(Arc<A>) -> F) -> Result<T, E>
    where
        F: Future<Output = Result<(T, Option<Pin>), E>>,
    {
        let mut clients = self.session.clients.clone();
        loop {
            let client = Arc::clone(&clients.borrow_and_update());
            let generation = client.generation();
            let result = tokio::select! {
                biased;
                () = newer(&mut clients) => continue,
                result = work(client) => result,
            };
            match result {
                // A newer generation may accept what this one refused.
                Err(_) if clients.has_changed().unwrap_or(false) => {}
                Err(fault) => {
                    self.told().failed = Some(generation);
                    return Err(fault);
                }
                Ok((done, served)) => {
                    self.memory().ailing().remove(what);
                    self.answered(generation, served);
                    return Ok(done);
                }
            }
        }
    }

    /// Returns when there is another generation of pins than the one that answered last.
    pub async fn renewed(&self) {
        let proven = self.told().proven.map(|(generation, _)| generation);
        let mut clients = self.session.clients.clone();
        let other = clients.wait_for(|client| Some(client.generation()) != proven);
        if other.await.is_err() {
            pending::<()>().await;
        }
    }

    /// The second secret, where there is one.
    pub fn second(&self) -> Option<&dyn ReadSecret> {
        self.session.second.as_deref()
    }

    /// One who counts what is told among what all tell.
    pub fn teller(&self) -> Teller {
        self.session.teller.clone()
    }

    /// Tells the wall clock's time.
    pub fn wall_clock(&self) -> fn() -> Timestamp {
        self.session.wall_clock
    }

    /// The instance's name in the config.
    pub fn name(&self) -> &str {
        &self.session.instance
    }

    /// The API key, password or token.
    pub fn key(&self) -> &SecretString {
        &self.session.key
    }

    /// The newest question for a state that is read after it: whatever is read from now on answers it.
    pub fn asked(&self) -> u64 {
        self.session.fresh.asked()
    }

    /// Returns when there is one that is not answered and newer than `beyond`.
    pub async fn wanted(&self, beyond: u64) -> u64 {
        self.session.fresh.wanted(beyond).await
    }

    /// What was read after question `number` is published.
    pub fn answers(&self, number: u64) {
        self.session.fresh.told(number);
    }

    /// What is kept from one session to the next.
    pub fn memory(&self) -> &Memory {
        &self.session.memory
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        path: &str,
        timeout: Duration,
        limit: usize,
        optional: bool,
    ) -> Result<Option<T>, Fault> {
        let request = self.getting(path, timeout, limit);
        self.exchange(&request, |reply| content(reply, optional))
            .await
    }

    /// A GET with the key.
    pub fn getting<'a>(&'a self, path: &'a str, timeout: Duration, limit: usize) -> Request<'a> {
        Request {
            method: reqwest::Method::GET,
            path,
            key: Some(&self.session.key),
            body: None,
            timeout,
            limit,
            terms: Terms::default(),
        }
    }
}

/// What a reply holds; `None` for a page that may be missing and is.
fn content<T: DeserializeOwned>(reply: Reply, optional: bool) -> Result<Option<T>, Fault> {
    if optional && reply.status == 404 {
        return Ok(None);
    }
    reply.success()?.json().map(Some)
}

/// Waits for a newer client; for ever when none can come.
async fn newer<A>(clients: &mut watch::Receiver<A>) {
    if clients.changed().await.is_err() {
        pending::<()>().await;
    }
}

#[cfg(test)]
pub(crate) mod fake;
