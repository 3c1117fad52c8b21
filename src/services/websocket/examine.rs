//! What asking a websocket endpoint once shows.

use super::{declined, plain, request};
use crate::core::Class;
use crate::core::kinds::websocket::WebsocketSettings;
use crate::services::examine::{Examined, Finding};
use crate::tls::Upgraded;

/// Asks plainly and then for a real websocket, as the poller does.
pub async fn examine(settings: &WebsocketSettings, examined: &Examined<'_>) -> Vec<Finding> {
    let request = request(settings, examined.key);
    let reply = examined.client.send(request.clone()).await;
    let way = match &reply {
        Ok(reply) if reply.served.is_some() => "over a verified connection",
        _ => "without encryption",
    };
    let answer = reply.and_then(|reply| plain(settings, reply, |_| false));
    let wanted = settings.subprotocol.as_deref();
    let upgraded = examined.client.upgrade(&request, wanted).await;
    let chosen = match upgraded {
        Ok(Upgraded::Open(socket)) => {
            let chosen = socket.subprotocol.clone();
            socket.close().await;
            Ok(chosen)
        }
        Ok(Upgraded::Declined(reply)) => Err(declined(reply)),
        Err(fault) => Err(fault),
    };
    let opened = chosen.is_ok();
    let plainly = match answer {
        Ok(answer) => Finding::ok(
            "request",
            format!("a plain GET was answered with {} {way}", answer.line),
        ),
        // What it says to a plain request does not matter while it opens.
        Err(fault) if opened && settings.learns() => Finding::ok(
            "request",
            format!(
                "a plain GET tells nothing here ({}): only an upgrade does",
                fault.detail.unwrap_or_else(|| fault.class.name())
            ),
        ),
        Err(fault) => Finding::failed("request", fault),
    };
    let alive = matches!(plainly.seen, crate::services::examine::Seen::Ok(_));
    let upgrade = match chosen {
        Ok(chosen) if chosen.as_deref() == wanted => {
            let with = wanted.map(|name| format!(" with the subprotocol '{name}'"));
            let with = with.unwrap_or_default();
            Finding::ok(
                "upgrade",
                format!("a websocket was opened{with} and closed in order"),
            )
        }
        Ok(_) => Finding::look(
            "upgrade",
            "a websocket was opened, but the server did not choose the subprotocol that it was asked for",
            "Correct 'subprotocol', or leave it out.",
        ),
        Err(fault) if alive && fault.class == Class::NotWebsocket => Finding::look(
            "upgrade",
            format!(
                "a websocket server is there, but it opened none: {}",
                fault.detail.unwrap_or_default()
            ),
            "Behind a proxy, check that it passes the 'Upgrade' and 'Connection' headers on. Else the server may want a 'subprotocol' or a login.",
        ),
        Err(fault) => Finding::failed("upgrade", fault),
    };
    vec![plainly, upgrade]
}
