//! Asks plainly at its interval, and at once when there are new pins to prove or somebody asks; upgrades when that is
//! due, or when a plain answer says nothing of the endpoint.

use std::time::Duration;

use reqwest::Method;
use secrecy::SecretString;
use tokio::time::{Instant, sleep};

use super::judge::{Answer, declined, plain};
use super::show::{Seen, show};
use super::{Outcome, Upgrades};
use crate::core::credential::Credential;
use crate::core::kinds::websocket::WebsocketSettings;
use crate::core::{Class, Fault};
use crate::services::http::spread;
use crate::services::link::{Ask, Link};
use crate::tls::{Request, Terms};

/// For one request, from connecting to the end of the reply.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Of a message: none is read but on the way to the goodbye.
const LIMIT: usize = 64 * 1024;

/// Follows an endpoint until something fails.
pub async fn follow<A: Ask>(link: &Link<A>, settings: &WebsocketSettings) -> Fault {
    let mut follower = Follower {
        link,
        settings,
        upgrades: link.memory().upgrades(),
        deaf: false,
    };
    loop {
        let asked = link.asked();
        let looked = follower.look().await;
        link.memory().keep_upgrades(&follower.upgrades);
        if let Err(fault) = looked {
            return fault;
        }
        link.answers(asked);
        tokio::select! {
            () = sleep(spread(settings.interval)) => {}
            () = link.renewed() => {}
            _ = link.wanted(asked) => {}
        }
    }
}

/// The one request of an endpoint, with its secret: plain as it is, an upgrade with the headers that ask for one.
pub fn request<'a>(settings: &'a WebsocketSettings, key: &'a SecretString) -> Request<'a> {
    Request {
        method: Method::GET,
        path: &settings.path,
        key: (settings.credential != Credential::Nothing).then_some(key),
        body: None,
        timeout: TIMEOUT,
        limit: LIMIT,
        terms: Terms {
            credential: &settings.credential,
            // No body is read whole: some end it by their FIN alone, and it says nothing.
            statuses: &[],
            repeatable: true,
            ..Terms::default()
        },
    }
}

struct Follower<'a, A> {
    link: &'a Link<A>,
    settings: &'a WebsocketSettings,
    upgrades: Upgrades,
    /// It opens, and has no answer to a plain request, as with servers that hang up on what is no upgrade.
    deaf: bool,
}

impl<A: Ask> Follower<'_, A> {
    /// One round.
    async fn look(&mut self) -> Result<(), Fault> {
        let due = self.deaf || self.upgrades.are_due(self.settings, Instant::now());
        let mut opened = due && self.upgrade().await?;
        let begun = Instant::now();
        let mut answer = match self.deaf && opened {
            true => None,
            false => Some(self.ask(opened).await),
        };
        if let (Some(Err(fault)), false, true) = (&answer, due, self.settings.learns())
            && fault.class == Class::NotWebsocket
        {
            // Whether there is a websocket all the same, only an upgrade can tell.
            opened = self.upgrade().await?;
            if opened {
                answer = Some(self.ask(opened).await);
            }
        }
        let line = match answer {
            Some(Err(fault)) if opened && has_no_answer(fault.class) => {
                self.deaf = true;
                None
            }
            Some(answer) => {
                let answer = answer?;
                if opened {
                    let odd = !self.settings.wants(answer.status);
                    self.upgrades.learned = odd.then_some(answer.status);
                }
                Some(answer.line)
            }
            None => None,
        };
        let latency = begun.elapsed();
        let upgrade = self.upgrades.last.as_ref();
        self.link.is_whole();
        self.link.publish(show(
            self.settings,
            &Seen {
                plain: line.as_deref().map(|line| (line, latency)),
                upgrade: upgrade.map(|(at, outcome)| (outcome, at.elapsed())),
            },
        ));
        Ok(())
    }

    /// A plain GET. With a websocket `opened` just before, any answer to it will do that is no failure.
    async fn ask(&self, opened: bool) -> Result<Answer, Fault> {
        let request = request(self.settings, self.link.key());
        let learns = self.settings.learns();
        let known = |status| learns && (opened || self.upgrades.learned == Some(status));
        self.link
            .exchange(&request, |reply| plain(self.settings, reply, known))
            .await
    }

    /// A real upgrade, closed at once. False where the answer was no websocket: a plain GET tells what that means.
    async fn upgrade(&mut self) -> Result<bool, Fault> {
        let request = request(self.settings, self.link.key());
        let wanted = self.settings.subprotocol.as_deref();
        let begun = Instant::now();
        let outcome = match self.link.open(&request, wanted, declined).await {
            Ok(socket) => {
                let latency = begun.elapsed();
                let subprotocol = socket.subprotocol.clone();
                socket.close().await;
                Outcome::Opened {
                    latency,
                    subprotocol,
                }
            }
            Err(fault) if fault.class == Class::NotWebsocket => {
                self.upgrades.learned = None;
                Outcome::Refused(fault.detail.unwrap_or_default())
            }
            Err(fault) => return Err(fault),
        };
        let opened = matches!(outcome, Outcome::Opened { .. });
        self.upgrades.last = Some((Instant::now(), outcome));
        Ok(opened)
    }
}

/// What comes of a server that hangs up, and of a proxy before it.
fn has_no_answer(class: Class) -> bool {
    matches!(
        class,
        Class::Lost | Class::UpstreamDown | Class::ServerError
    )
}

#[cfg(test)]
mod tests;
