//! What asking once shows. It costs one login, for each that is refused prints a line where the user reads.

use futures_util::FutureExt as _;
use tokio::time::timeout;

use super::entry::{Entry, Secrets, demand};
use super::login::{Demand, refused};
use super::state::body;
use super::wire::{Message, Version};
use crate::core::kinds::weechat::WeechatSettings;
use crate::core::{Class, Fault};
use crate::services::examine::{Examined, Finding, PATIENCE};
use crate::tls::{Incoming, Upgraded, WebSocket};

/// Bytes of one message.
const LIMIT: usize = 64 * 1024;

/// Asks as the poller does.
pub async fn examine(settings: &WeechatSettings, examined: &Examined<'_>) -> Vec<Finding> {
    let demand = demand(settings, |request| {
        async move { examined.client.send(request).await }.boxed()
    });
    let demand = match demand.await {
        Ok(demand) => demand,
        Err(fault) => {
            return vec![Finding::failed("request", fault), Finding::skipped("key")];
        }
    };
    let mut findings = vec![Finding::ok("request", answered(&demand))];
    let mut socket = match enter(demand, examined).await {
        Ok(socket) => socket,
        Err(fault) => {
            findings.push(Finding::failed("key", fault));
            return findings;
        }
    };
    findings.push(Finding::ok("key", "the password is accepted"));
    let version = timeout(PATIENCE, version(&mut socket)).await;
    findings.push(match version {
        Ok(Ok(version)) => Finding::ok("version", format!("WeeChat {version}")),
        Ok(Err(fault)) => Finding::failed("version", fault),
        Err(_) => Finding::failed("version", Fault::new(Class::RequestTimeout)),
    });
    socket.close().await;
    findings
}

fn answered(demand: &Demand) -> String {
    let totp = match demand.totp {
        true => ", with a one-time code (TOTP)",
        false => "",
    };
    let hash = demand.hash.name();
    format!("answered over a verified connection; the password goes as {hash}{totp}")
}

async fn enter(demand: Demand, examined: &Examined<'_>) -> Result<WebSocket, Fault> {
    let secrets = Secrets {
        password: examined.key,
        totp: examined.second,
        wall_clock: examined.wall_clock,
    };
    let entry = Entry::prepare(demand, secrets).await?;
    match examined.client.upgrade(&entry.upgrade(LIMIT), None).await? {
        Upgraded::Open(socket) => Ok(socket),
        Upgraded::Declined(reply) => Err(refused(reply)),
    }
}

async fn version(socket: &mut WebSocket) -> Result<String, Fault> {
    socket.send(r#"{"request":"GET /api/version"}"#).await?;
    loop {
        match socket.next().await? {
            Incoming::Text(text) => {
                let message = serde_json::from_str::<Message>(&text);
                if message.is_ok_and(|message| message.code == Some(200)) {
                    return body::<Version>(&text).map(|version| version.weechat_version);
                }
            }
            Incoming::Closed { .. } | Incoming::Ended => return Err(Fault::new(Class::Lost)),
            Incoming::Binary(_) | Incoming::Pong => {}
        }
    }
}
