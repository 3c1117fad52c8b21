//! The requests that poller and check make: the health page, the API's figures, a client that connects.

use std::time::Duration;

use reqwest::Method;
use secrecy::SecretString;

use super::api::{self, Cluster, Health};
use super::client::{self, Connected, Said, Trouble};
use crate::core::credential::Credential;
use crate::core::{Class, Fault, Pin};
use crate::services::link::Ask;
use crate::tls::{Incoming, Request, Terms, Upgraded, WebSocket};

const HEALTH: &str = "/health";
const INFO: &str = "/api/info";
/// For one request, from connecting to the end of the body.
const TIMEOUT: Duration = Duration::from_secs(30);
/// For the answer to a command over the websocket.
pub(super) const ANSWER: Duration = Duration::from_secs(10);
/// A thousand nodes with all their metrics.
const LARGEST: usize = 8 * 1024 * 1024;
/// A message of the websocket: channels that the token names may bring some.
const LARGEST_MESSAGE: usize = 1024 * 1024;

/// A GET of the health page. Nobody needs a key for it.
pub(super) fn health() -> Request<'static> {
    asking(Method::GET, HEALTH, None)
}

/// A question for the figures of the cluster.
pub(super) fn info(key: &SecretString) -> Request<'_> {
    Request {
        body: Some(b"{}".to_vec()),
        ..asking(Method::POST, INFO, Some(key))
    }
}

/// The health page, once; and the certificate of who answered.
pub(super) async fn ask_health<A: Ask>(client: &A) -> Result<(Health, Option<Pin>), Fault> {
    let reply = client.send(health()).await?;
    let served = reply.served;
    api::health(reply).map(|health| (health, served))
}

/// The figures, once.
pub(super) async fn ask_info<A: Ask>(client: &A, key: &SecretString) -> Result<Cluster, Fault> {
    let reply = client.send(info(key)).await?;
    api::cluster(reply, key)
}

/// Connects a client; one that is not let in says goodbye.
pub(super) async fn connect<A: Ask>(
    client: &A,
    path: &str,
    token: &SecretString,
) -> Result<(WebSocket, Connected), Trouble> {
    let request = Request {
        limit: LARGEST_MESSAGE,
        ..asking(Method::GET, path, None)
    };
    let mut socket = match client.upgrade(&request, None).await? {
        Upgraded::Open(socket) => socket,
        Upgraded::Declined(reply) => return Err(client::declined(reply)),
    };
    let greeted = tokio::time::timeout(ANSWER, greet(&mut socket, token)).await;
    let greeted =
        greeted.unwrap_or_else(|_| Err(Trouble::Fault(Fault::new(Class::RequestTimeout))));
    match greeted {
        Ok(connected) => Ok((socket, connected)),
        Err(trouble) => {
            let served = socket.served.map(|pin| pin.fingerprint);
            socket.close().await;
            Err(trouble.with_served(served))
        }
    }
}

async fn greet(socket: &mut WebSocket, token: &SecretString) -> Result<Connected, Trouble> {
    socket.send(client::connect(token)).await?;
    loop {
        for said in heard(socket.next().await?, token)? {
            match said {
                Said::Connected(connected) => return Ok(connected),
                Said::Refused(mistake) => return Err(client::refused(&mistake, token)),
                Said::Ping | Said::Refreshed(_) | Said::Other => {}
            }
        }
    }
}

/// The messages in what came over the websocket.
///
/// # Errors
/// Why there will be no more.
pub(super) fn heard(incoming: Incoming, token: &SecretString) -> Result<Vec<Said>, Trouble> {
    match incoming {
        Incoming::Text(frame) => Ok(client::messages(&frame)?),
        Incoming::Pong => Ok(Vec::new()),
        Incoming::Closed { code, reason } => Err(client::closed(code, &reason, token)),
        Incoming::Ended => Err(Fault::new(Class::Lost).into()),
        Incoming::Binary(_) => {
            let words = "its websocket speaks another protocol than JSON";
            Err(Fault::with_detail(Class::BadReply, words).into())
        }
    }
}

fn asking<'a>(method: Method, path: &'a str, key: Option<&'a SecretString>) -> Request<'a> {
    Request {
        method,
        path,
        key,
        body: None,
        timeout: TIMEOUT,
        limit: LARGEST,
        terms: Terms {
            credential: &Credential::ApiKey,
            // Nothing is changed by any of them.
            repeatable: true,
            ..Terms::default()
        },
    }
}
