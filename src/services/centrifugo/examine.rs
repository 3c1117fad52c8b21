//! What asking once shows.

use secrecy::{ExposeSecret as _, SecretString};

use super::api::Health;
use super::ask::{ask_health, ask_info, connect};
use super::client::Connected;
use super::poller::now;
use super::token::{end, moment, verdict};
use crate::core::kinds::centrifugo::CentrifugoSettings;
use crate::services::examine::{Examined, Finding};

/// Asks as the poller does: for its health, for the figures, and as a client that leaves at once.
pub async fn examine(settings: &CentrifugoSettings, examined: &Examined<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    match ask_health(examined.client).await {
        Ok((Health::Well, _)) => findings.push(Finding::ok("request", "its health page says well")),
        Ok((Health::Off, _)) => findings.push(Finding::ok(
            "request",
            "answered over a verified connection; its health page is off",
        )),
        Err(fault) => {
            findings.push(Finding::failed("request", fault));
            findings.extend(["key", "token", "websocket"].map(Finding::skipped));
            return findings;
        }
    }
    if settings.api {
        findings.push(match ask_info(examined.client, examined.key).await {
            Ok(cluster) => Finding::ok(
                "key",
                format!("version {}, {}", cluster.version(), cluster.summary()),
            ),
            Err(fault) => Finding::failed("key", fault),
        });
    }
    if let Some(path) = &settings.websocket {
        client(path, examined, &mut findings).await;
    }
    findings
}

async fn client(path: &str, examined: &Examined<'_>, findings: &mut Vec<Finding>) {
    let token = match examined.second {
        Some(second) => second.read().await,
        None => Ok(SecretString::default()),
    };
    let token = match token {
        Ok(token) => token,
        Err(fault) => {
            findings.push(Finding::failed("token", fault));
            return findings.push(Finding::skipped("websocket"));
        }
    };
    findings.push(look_at(&token));
    match connect(examined.client, path, &token).await {
        Ok((socket, connected)) => {
            socket.close().await;
            findings.push(Finding::ok("websocket", terms(&connected)));
        }
        Err(trouble) => {
            let fault = verdict(trouble, &token, now());
            findings.push(Finding::failed("websocket", fault));
        }
    }
}

/// What the token says of itself. Whether it is good, only its server can say.
fn look_at(token: &SecretString) -> Finding {
    const STEP: &str = "token";
    if token.expose_secret().is_empty() {
        return Finding::ok(STEP, "none is set: the client connects without one");
    }
    match end(token) {
        Some(end) if end <= now() => Finding::look(
            STEP,
            format!("it expired: it was valid until {}", moment(end)),
            "Put a fresh token in its place, or let 'token-command' or 'token-url' make one.",
        ),
        Some(end) => Finding::ok(STEP, format!("it is valid until {}", moment(end))),
        None => Finding::ok(STEP, "it does not say until when it is valid"),
    }
}

fn terms(connected: &Connected) -> String {
    match connected.lifetime() {
        Some(lifetime) => format!(
            "a client can connect; its token has {} s to go",
            lifetime.as_secs()
        ),
        None => "a client can connect".to_owned(),
    }
}
