//! Follows a Centrifugo in two ways at once: it asks for figures at its interval, and a client of ours stays connected.
//!
//! Invariant: nothing counts as an answer before both ways work. A client that leaves by itself says goodbye.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures_util::future::BoxFuture;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::time::{Instant, sleep, sleep_until};

use super::api::{self, Health};
use super::ask::{self, ANSWER, ask_health, ask_info, connect, heard};
use super::client::{self, Connected, PONG, Said, Trouble};
use super::state::{Client, State};
use super::token::verdict;
use crate::core::kinds::centrifugo::CentrifugoSettings;
use crate::core::{Class, Fault, Timestamp};
use crate::services::http::spread;
use crate::services::link::{Ask, Link};
use crate::tls::WebSocket;

/// Two thirds of a token's time are well before its end, even where a command needs 10 s to make another.
const SHARE: f64 = 2.0 / 3.0;
/// A token is never looked for more often.
const SHORTEST: Duration = Duration::from_millis(500);
/// How often it is looked for once its time is over.
const OVERDUE: Duration = Duration::from_secs(5);

/// Follows a server until something fails.
pub async fn follow<A: Ask>(link: &Link<A>, settings: &CentrifugoSettings) -> Fault {
    let session = Following {
        link,
        settings,
        state: Mutex::default(),
    };
    match session.run().await {
        Err(fault) => fault,
        Ok(never) => match never {},
    }
}

struct Following<'a, A> {
    link: &'a Link<A>,
    settings: &'a CentrifugoSettings,
    state: Mutex<State>,
}

impl<A: Ask> Following<'_, A> {
    async fn run(&self) -> Result<Infallible, Fault> {
        let mut token = self.token().await?;
        let begun = match self.begin(&token).await {
            Err(trouble) => {
                token = self.another(&token, trouble).await?;
                let begun = self.begin(&token).await;
                begun.map_err(|trouble| verdict(trouble, &token, now()))?
            }
            Ok(begun) => begun,
        };
        let Some((mut socket, connected)) = begun else {
            return self.poll().await;
        };
        let trouble = tokio::select! {
            polled = self.poll() => polled.map_err(Trouble::Fault),
            left = self.stay(&mut socket, &connected, &mut token) => left,
        };
        let served = socket.served.map(|pin| pin.fingerprint);
        socket.close().await;
        match trouble {
            Ok(never) => match never {},
            Err(trouble) => {
                self.another(&token, trouble.with_served(served)).await?;
                // With another one, a new connection is all that it takes.
                Err(Fault::new(Class::Lost))
            }
        }
    }

    /// Everything that is watched, once: together it is the answer that a session begins with.
    async fn begin(&self, token: &SecretString) -> Result<Option<(WebSocket, Connected)>, Trouble> {
        let begin = |asker: Arc<A>| async move {
            let (health, served) = ask_health(&*asker).await?;
            let cluster = match self.settings.api {
                true => Some(ask_info(&*asker, self.link.key()).await?),
                false => None,
            };
            let joined = match &self.settings.websocket {
                Some(path) => Some(connect(&*asker, path, token).await?),
                None => None,
            };
            let of_socket = joined.as_ref().and_then(|(socket, _)| socket.served);
            let served = of_socket.or(served);
            Ok::<_, Trouble>(((health, cluster, joined), served))
        };
        let (health, cluster, joined) = self.link.attempt("begin", begin).await?;
        self.link.is_whole();
        self.change(|state| {
            state.health = Some(health);
            state.cluster = cluster;
            state.client = joined.as_ref().map(|(_, connected)| Client {
                version: connected.version_without(token),
                end: connected.lifetime().map(|lifetime| now() + lifetime),
                overdue: false,
            });
        });
        Ok(joined)
    }

    /// Asks at the interval, and at once when there are new pins to prove or somebody asks.
    async fn poll(&self) -> Result<Infallible, Fault> {
        let link = self.link;
        loop {
            let renewed = tokio::select! {
                () = sleep(spread(self.settings.interval)) => false,
                () = link.renewed() => true,
                _ = link.wanted(0) => false,
            };
            let asked = link.asked();
            // New pins are proved by any answer.
            if renewed || self.read(|state| state.health != Some(Health::Off)) {
                let health = link.exchange(&ask::health(), api::health).await?;
                self.change(|state| state.health = Some(health));
            }
            if self.settings.api {
                let judge = |reply| api::cluster(reply, link.key());
                let cluster = link.exchange(&ask::info(link.key()), judge).await?;
                self.change(|state| state.cluster = Some(cluster));
            }
            link.answers(asked);
        }
    }

    /// Stays connected: answers pings, and shows another token before the time of the last is over.
    async fn stay(
        &self,
        socket: &mut WebSocket,
        connected: &Connected,
        token: &mut SecretString,
    ) -> Result<Infallible, Trouble> {
        let mut pinged = Instant::now();
        let mut renewal = Renewal::before(connected.lifetime());
        loop {
            tokio::select! {
                incoming = socket.next() => {
                    let messages = heard(incoming?, token)?;
                    if messages.contains(&Said::Ping) {
                        pinged = Instant::now();
                        if connected.pong {
                            socket.send(PONG).await?;
                        }
                    }
                    for said in messages {
                        match said {
                            Said::Refreshed(lifetime) => {
                                if let Renewal::Asked { token: shown, .. } = &renewal {
                                    token.clone_from(shown);
                                }
                                renewal = Renewal::before(lifetime);
                                let end = lifetime.map(|lifetime| now() + lifetime);
                                self.token_ends(end, false);
                            }
                            // The connection lasts until the time is over; until then its source may give another.
                            Said::Refused(_) => {
                                if let Renewal::Asked { token: shown, end, .. } = &renewal {
                                    token.clone_from(shown);
                                    renewal = Renewal::again(*end);
                                }
                            }
                            Said::Ping | Said::Connected(_) | Said::Other => {}
                        }
                    }
                }
                () = after(pinged, connected.silence()) => return Err(Fault::new(Class::Lost).into()),
                step = renewal.step() => match step {
                    Step::Look(end) => {
                        let overdue = end <= Instant::now();
                        self.change(|state| {
                            if let Some(client) = &mut state.client {
                                client.overdue = overdue;
                            }
                        });
                        renewal = Renewal::Reading { read: self.reading(), end };
                    }
                    Step::Found(Ok(found), end) if !same(&found, token) => {
                        socket.send(client::refresh(&found)).await?;
                        let until = Instant::now() + ANSWER;
                        renewal = Renewal::Asked { token: found, until, end };
                    }
                    Step::Found(_, end) => renewal = Renewal::again(end),
                    Step::Unanswered => return Err(Fault::new(Class::Lost).into()),
                }
            }
        }
    }

    /// The token as its source gives it now; an empty one where there is none.
    async fn token(&self) -> Result<SecretString, Fault> {
        match self.settings.websocket {
            Some(_) => self.reading().await,
            None => Ok(SecretString::default()),
        }
    }

    fn reading(&self) -> BoxFuture<'_, Result<SecretString, Fault>> {
        match self.link.second() {
            Some(second) => second.read(),
            None => Box::pin(async { Ok(SecretString::default()) }),
        }
    }

    /// Another token, where it was the one before that was not accepted.
    async fn another(
        &self,
        refused: &SecretString,
        trouble: Trouble,
    ) -> Result<SecretString, Fault> {
        if let Trouble::Fault(fault) = trouble {
            return Err(fault);
        }
        let found = self.token().await?;
        match same(&found, refused) {
            true => Err(verdict(trouble, refused, now())),
            false => Ok(found),
        }
    }

    fn token_ends(&self, end: Option<Timestamp>, overdue: bool) {
        self.change(|state| {
            if let Some(client) = &mut state.client {
                (client.end, client.overdue) = (end, overdue);
            }
        });
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        let service = {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            change(&mut state);
            state.service()
        };
        self.link.publish(service);
    }

    fn read<T>(&self, read: impl FnOnce(&State) -> T) -> T {
        read(&self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// How far another token has come. `end` is when the time of the last one is over.
enum Renewal<'a> {
    /// It serves for ever.
    Never,
    Due {
        at: Instant,
        end: Instant,
    },
    Reading {
        read: BoxFuture<'a, Result<SecretString, Fault>>,
        end: Instant,
    },
    /// It was shown to the server.
    Asked {
        token: SecretString,
        until: Instant,
        end: Instant,
    },
}

enum Step {
    Look(Instant),
    Found(Result<SecretString, Fault>, Instant),
    Unanswered,
}

impl Renewal<'_> {
    /// For a token that serves for so long from now.
    fn before(lifetime: Option<Duration>) -> Self {
        let Some(lifetime) = lifetime else {
            return Self::Never;
        };
        let now = Instant::now();
        let wait = spread(lifetime.mul_f64(SHARE)).max(SHORTEST);
        Self::Due {
            at: now + wait,
            end: now + lifetime,
        }
    }

    /// The source gave no other, or one that is not accepted.
    fn again(end: Instant) -> Self {
        let now = Instant::now();
        let wait = match end.saturating_duration_since(now) {
            Duration::ZERO => OVERDUE,
            left => spread(left / 2).max(SHORTEST),
        };
        Self::Due {
            at: now + wait,
            end,
        }
    }

    /// What is to be done next. May be cancelled and called again.
    async fn step(&mut self) -> Step {
        match self {
            Self::Never => std::future::pending().await,
            Self::Due { at, end } => {
                sleep_until(*at).await;
                Step::Look(*end)
            }
            Self::Reading { read, end } => Step::Found(read.await, *end),
            Self::Asked { until, .. } => {
                sleep_until(*until).await;
                Step::Unanswered
            }
        }
    }
}

/// The time by the wall clock, for tokens that name their end.
#[expect(
    clippy::disallowed_methods,
    reason = "no pace is taken from it; a token is held against the clock on the wall alone"
)]
pub(super) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let millis = since.map_or(0, |since| since.as_millis());
    Timestamp::from_millis(i64::try_from(millis).unwrap_or(i64::MAX))
}

fn same(one: &SecretString, other: &SecretString) -> bool {
    one.expose_secret() == other.expose_secret()
}

async fn after(begin: Instant, wait: Option<Duration>) {
    match wait {
        Some(wait) => sleep_until(begin + wait).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests;
