//! What the answers of an endpoint, or of the proxy before it, mean. Pure.

use crate::core::kinds::websocket::WebsocketSettings;
use crate::core::{Class, Fault};
use crate::tls::Reply;

/// What a plain GET was answered with, by an endpoint that is alive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    /// With its usual reason.
    pub line: String,
}

/// Whether the reply to a plain GET is that of an endpoint that is alive. `is_known` is asked of a status that a
/// websocket server has no reason to send: whether it is known to go with a websocket that opens.
///
/// # Errors
/// What the reply means otherwise.
pub fn plain(
    settings: &WebsocketSettings,
    reply: Reply,
    is_known: impl Fn(u16) -> bool,
) -> Result<Answer, Fault> {
    if reply.expects_tls() {
        return Err(wants_tls(&reply));
    }
    let fault = || declined(reply.clone());
    let answer = Answer {
        status: reply.status,
        line: reply.status_line(),
    };
    if settings.wants(reply.status) {
        return Ok(answer);
    }
    match fault() {
        fault if fault.class == Class::NotWebsocket && is_known(reply.status) => Ok(answer),
        fault => Err(fault),
    }
}

/// What a reply means that should have been a websocket.
pub fn declined(reply: Reply) -> Fault {
    if reply.expects_tls() {
        return wants_tls(&reply);
    }
    match reply.status {
        502..=504 => reply.means(Class::UpstreamDown),
        101 | 200..=299 => reply.means(Class::NotWebsocket),
        _ => match reply.clone().success() {
            Err(fault) if fault.class != Class::BadPath => fault,
            _ => reply.means(Class::NotWebsocket),
        },
    }
}

/// Who answers that it wants TLS is whoever was asked without: the endpoint, or the service behind a proxy.
fn wants_tls(reply: &Reply) -> Fault {
    reply.means(match reply.served {
        None => Class::TlsExpected,
        Some(_) => Class::UpstreamDown,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::{Fingerprint, Pin};

    fn reply(status: u16, body: &str) -> Reply {
        Reply {
            status,
            served: None,
            headers: Default::default(),
            body: body.into(),
        }
    }

    fn class_of(settings: &WebsocketSettings, status: u16) -> Option<Class> {
        let judged = plain(settings, reply(status, ""), |_| false);
        judged.err().map(|fault| fault.class)
    }

    #[test]
    fn each_answer_to_a_plain_get_has_its_meaning() {
        let usual = WebsocketSettings::default();
        for status in [101, 400, 426] {
            assert_eq!(class_of(&usual, status), None, "{status}");
        }
        for (status, class) in [
            (200, Class::NotWebsocket),
            (204, Class::NotWebsocket),
            (404, Class::NotWebsocket),
            (405, Class::NotWebsocket),
            (421, Class::SniRefused),
            (401, Class::Unauthorized),
            (403, Class::Forbidden),
            (302, Class::Redirect),
            (500, Class::ServerError),
            (502, Class::UpstreamDown),
            (503, Class::UpstreamDown),
            (504, Class::UpstreamDown),
        ] {
            assert_eq!(class_of(&usual, status), Some(class), "{status}");
            assert_eq!(declined(reply(status, "")).class, class, "{status}");
        }
        for status in [400, 426] {
            let fault = declined(reply(status, ""));
            assert_eq!(fault.class, Class::NotWebsocket, "{status}");
        }
        let other = WebsocketSettings {
            statuses: vec![200..=200, 503..=503],
            ..usual
        };
        for (status, class) in [(200, None), (503, None), (400, Some(Class::NotWebsocket))] {
            assert_eq!(class_of(&other, status), class, "{status}");
        }
    }

    #[test]
    fn only_what_says_nothing_of_the_endpoint_is_learned() {
        let usual = WebsocketSettings::default();
        let known = |status| plain(&usual, reply(status, ""), |_| true).is_ok();
        assert!(known(200) && known(404));
        assert!(!known(502) && !known(401) && !known(421) && !known(302));
    }

    #[test]
    fn a_400_that_asks_for_tls_is_not_alive() {
        let usual = WebsocketSettings::default();
        let words = "Client sent an HTTP request to an HTTPS server.\n";
        let mut reply = reply(400, words);
        let class = |reply: &Reply| {
            let fault = plain(&usual, reply.clone(), |_| true).expect_err(words);
            assert_eq!(declined(reply.clone()), fault);
            fault.class
        };
        assert_eq!(class(&reply), Class::TlsExpected);
        reply.served = Some(Pin {
            fingerprint: Fingerprint::from_digest([1; 32]),
            not_after: None,
        });
        assert_eq!(class(&reply), Class::UpstreamDown);
    }
}
