//! The way into a relay: a handshake over a connection of its own, then a login that is made for one request.
//!
//! Invariant: the login is as fresh as the request that carries it, and asking how to log in is no login.

use std::time::Duration;

use futures_util::future::BoxFuture;
use reqwest::Method;
use secrecy::{ExposeSecret as _, SecretString};

use super::login::{Demand, Login, TOTP_HEADER, totp, until_a_code_lasts};
use super::wire::{Handshake, Offer};
use crate::core::kinds::weechat::{PasswordHash, WeechatSettings};
use crate::core::{Class, Fault, Timestamp};
use crate::services::ReadSecret;
use crate::tls::{Reply, Request, Terms};

/// For the handshake, from connecting to the end of the body.
const TIMEOUT: Duration = Duration::from_secs(10);
/// A relay refuses a login that is older than 5 s (`relay.network.time_window`).
const LOGIN_TIMEOUT: Duration = Duration::from_millis(4500);
/// A login that was under way for so long may be refused for that alone.
const LATE: Duration = Duration::from_secs(3);
/// For so many rounds, which are about 5 ms of work, as much rest as this.
const HASHES_A_REST: u32 = 10_000;
const REST: Duration = Duration::from_millis(100);
/// Bytes of a reply to a handshake.
const HANDSHAKE_LIMIT: usize = 64 * 1024;

/// A login, ready to be sent once.
#[derive(Debug)]
pub(super) struct Entry {
    /// `None` where there is no password.
    login: Option<Login>,
    /// What making it took, in hashes.
    work: u32,
    further: Vec<(&'static str, SecretString)>,
}

/// What it takes to log in.
#[derive(Clone, Copy)]
pub(super) struct Secrets<'a> {
    pub(super) password: &'a SecretString,
    pub(super) totp: Option<&'a dyn ReadSecret>,
    pub(super) wall_clock: fn() -> Timestamp,
}

/// What the relay wants to be sent, by the strongest way that both sides allow.
///
/// # Errors
/// What went wrong; `PasswordRefused` when there is no such way.
pub(super) async fn demand<'a>(
    settings: &WeechatSettings,
    ask: impl Fn(Request<'static>) -> BoxFuture<'a, Result<Reply, Fault>>,
) -> Result<Demand, Fault> {
    let (plain, hashed): (Vec<_>, Vec<_>) = settings
        .hashes
        .iter()
        .partition(|hash| **hash == PasswordHash::Plain);
    // The relay takes the strongest of what it is offered; a plain one is offered only when it takes nothing else.
    for offered in [hashed, plain] {
        if offered.is_empty() {
            continue;
        }
        let handshake = ask(handshake(&offered)?).await?.success()?;
        if let Some(demand) = Demand::read(&handshake.json::<Handshake>()?, &offered)? {
            return Ok(demand);
        }
    }
    let names: Vec<_> = settings.hashes.iter().map(|hash| hash.name()).collect();
    Err(Fault::with_detail(
        Class::PasswordRefused,
        format!(
            "relay.network.password_hash_algo allows none of what 'password-hash' does ({})",
            names.join(", ")
        ),
    ))
}

impl Entry {
    /// The login that `demand` asks for.
    ///
    /// # Errors
    /// `NoKey` where a secret cannot be had.
    pub(super) async fn prepare(demand: Demand, secrets: Secrets<'_>) -> Result<Self, Fault> {
        let mut further = Vec::new();
        // First: where a command tells the secret, that may take seconds.
        let totp_secret = match secrets.totp {
            Some(secret) if demand.totp => Some(secret.read().await?),
            _ => None,
        };
        if totp_secret.is_some() {
            tokio::time::sleep(until_a_code_lasts((secrets.wall_clock)())).await;
        }
        let now = (secrets.wall_clock)();
        if let Some(secret) = &totp_secret {
            further.push((TOTP_HEADER, totp(secret, now)?));
        }
        let login = match secrets.password.expose_secret() {
            "" => None,
            password => Some(made(demand, password.into(), now).await?),
        };
        let work = login.as_ref().map_or(0, |_| demand.work());
        Ok(Self {
            login,
            work,
            further,
        })
    }

    /// How long to rest after a login that came to nothing for this, so that a relay which asks for much work and then
    /// hangs up, again and again, takes a small part of a processor. One that refused is not asked again soon anyway.
    pub(super) fn rest(&self, class: Class) -> Duration {
        match class {
            Class::PasswordRefused => Duration::ZERO,
            _ => REST * (self.work / HASHES_A_REST),
        }
    }

    /// The request for the websocket; messages over it have `limit` bytes at most.
    pub(super) fn upgrade(&self, limit: usize) -> Request<'_> {
        let credential = self.login.as_ref().map(|login| &login.credential);
        Request {
            method: Method::GET,
            path: "/api",
            key: self.login.as_ref().map(|login| &login.secret),
            body: None,
            timeout: LOGIN_TIMEOUT,
            limit,
            terms: Terms {
                credential: credential.unwrap_or(Terms::default().credential),
                further: &self.further,
                ..Terms::default()
            },
        }
    }
}

/// The clocks are not to blame for a login that came late.
pub(super) fn excused(fault: Fault, took: Duration) -> Fault {
    match fault.class {
        Class::ClockSkew if took >= LATE => Fault {
            class: Class::RequestTimeout,
            ..fault
        },
        _ => fault,
    }
}

/// A PBKDF2 is work for tenths of a second, and others are waiting.
async fn made(demand: Demand, password: SecretString, now: Timestamp) -> Result<Login, Fault> {
    let work = tokio::task::spawn_blocking(move || demand.login(&password, now));
    work.await
        .map_err(|_| Fault::with_detail(Class::NoKey, "it could not be hashed"))
}

fn handshake(offered: &[PasswordHash]) -> Result<Request<'static>, Fault> {
    let offer = Offer {
        password_hash_algo: offered.iter().map(|hash| hash.name()).collect(),
    };
    let body = serde_json::to_vec(&offer);
    let body = body.map_err(|_| Fault::new(Class::BadSource))?;
    Ok(Request {
        method: Method::POST,
        path: "/api/handshake",
        key: None,
        body: Some(body),
        timeout: TIMEOUT,
        limit: HANDSHAKE_LIMIT,
        terms: Terms {
            repeatable: true,
            // A relay takes no upgrade on a connection that carried a request, and it has room for few connections.
            last: true,
            ..Terms::default()
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rest(work: u32, class: Class) -> Duration {
        let entry = Entry {
            login: None,
            work,
            further: Vec::new(),
        };
        entry.rest(class)
    }

    #[test]
    fn much_work_for_nothing_is_followed_by_much_rest() {
        for (work, seconds) in [(0, 0), (100_000, 1), (1_000_000, 10)] {
            let expected = Duration::from_secs(seconds);
            assert_eq!(rest(work, Class::Lost), expected, "{work}");
            assert_eq!(rest(work, Class::PasswordRefused), Duration::ZERO);
        }
    }
}
