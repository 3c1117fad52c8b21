//! What asking an HTTP server once shows.

use super::{evaluate, request};
use crate::core::kinds::http::HttpCheck;
use crate::services::examine::{Examined, Finding};

/// The one request of a check, with its secret, as the poller makes it.
pub async fn examine(check: &HttpCheck, examined: &Examined<'_>) -> Vec<Finding> {
    let answer = examined.client.send(request(check, examined.key)).await;
    let answer = match answer.and_then(|reply| evaluate(check, &reply, examined.key)) {
        Ok(answer) => answer,
        Err(fault) => return vec![Finding::failed("request", fault)],
    };
    let mut findings = vec![Finding::ok(
        "request",
        "answered over a verified connection",
    )];
    findings.extend(answer.facts().map(|fact| {
        let said = format!("{}: {}", fact.name, fact.value);
        match fact.attention {
            true => Finding::wrong(
                "expected",
                said,
                "The service answers otherwise than 'expect' says.",
            ),
            false => Finding::ok("expected", said),
        }
    }));
    findings
}
