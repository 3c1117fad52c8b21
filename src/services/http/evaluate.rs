//! A reply -> what is known of the service. Pure; no value that it shows holds the secret that was sent.

use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::SERVER;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

use crate::core::Fault;
use crate::core::credential::Credential;
use crate::core::kinds::http::{Expectation, ExpectedHeader, HttpCheck, Literal, Test};
use crate::core::service::{Fact, Service};
use crate::tls::Reply;

/// What is shown of a value that a server chose, in characters.
const SHOWN: usize = 60;

/// What a reply came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    version: String,
    status: Fact,
    expectations: Vec<Fact>,
}

impl Answer {
    /// The status, and each expectation.
    pub fn facts(&self) -> impl Iterator<Item = &Fact> {
        std::iter::once(&self.status).chain(&self.expectations)
    }

    /// The service as it is shown, when the answer took so long. It is `synced` when everything that is expected holds.
    pub fn after(self, latency: Duration) -> Service {
        let latency = Fact {
            number: Some(latency.as_secs_f64()),
            ..fact("latency", format!("{} ms", latency.as_millis()), false)
        };
        let mut facts = vec![self.status, latency];
        facts.extend(self.expectations);
        Service {
            version: self.version,
            synced: !facts.iter().any(|fact| fact.attention),
            facts,
            ..Service::default()
        }
    }
}

/// Holds a reply against what is expected of it.
///
/// # Errors
/// What a status means that is neither expected nor a success. One that is a success is a matter of attention.
pub fn evaluate(check: &HttpCheck, reply: &Reply, secret: &SecretString) -> Result<Answer, Fault> {
    let wanted = check.wants(reply.status);
    if !wanted {
        reply.clone().success()?;
    }
    let shown = Shown::new(check, secret);
    let reason = StatusCode::from_u16(reply.status).ok();
    let reason = reason.and_then(|status| status.canonical_reason());
    let status = format!("{} {}", reply.status, reason.unwrap_or_default());
    let mut expectations: Vec<Fact> = check
        .headers
        .iter()
        .map(|expected| header(expected, reply, &shown))
        .collect();
    if !check.expectations.is_empty() {
        // The body of a status that was not expected is not read whole.
        let body = match wanted {
            true => serde_json::from_slice(&reply.body).ok(),
            false => None,
        };
        let facts = check.expectations.iter();
        expectations.extend(facts.map(|expected| expectation(expected, body.as_ref(), &shown)));
    }
    let server = reply.headers.get(SERVER);
    let version = server.map(|server| shown.of(&String::from_utf8_lossy(server.as_bytes())));
    Ok(Answer {
        version: version.unwrap_or_default(),
        status: fact("status", status.trim_end(), !wanted),
        expectations,
    })
}

fn header(expected: &ExpectedHeader, reply: &Reply, shown: &Shown<'_>) -> Fact {
    let found = reply.headers.get_all(&expected.name);
    let found: Vec<_> = found
        .iter()
        .map(|value| String::from_utf8_lossy(value.as_bytes()))
        .collect();
    let (name, holds) = match &expected.value {
        None => (expected.name.clone(), !found.is_empty()),
        Some(wanted) => (
            format!("{}: {wanted}", expected.name),
            found.iter().any(|value| value.trim() == wanted),
        ),
    };
    outcome(&name, holds, || match found.first() {
        Some(value) => format!("found {}", shown.of(value)),
        None => "missing".into(),
    })
}

fn expectation(expected: &Expectation, body: Option<&Value>, shown: &Shown<'_>) -> Fact {
    let found = body.and_then(|body| body.pointer(&expected.pointer));
    let holds = found.is_some_and(|value| holds(&expected.test, value));
    outcome(&expected.text, holds, || match (body, found) {
        (None, _) => "the reply is no JSON".into(),
        (_, None) => "missing".into(),
        (_, Some(Value::Object(_))) => "found an object".into(),
        (_, Some(Value::Array(_))) => "found a list".into(),
        (_, Some(value)) => format!("found {}", shown.of(&value.to_string())),
    })
}

fn holds(test: &Test, value: &Value) -> bool {
    let number = |holds: fn(f64, f64) -> bool, than: f64| {
        value.as_f64().is_some_and(|value| holds(value, than))
    };
    match test {
        Test::Exists => true,
        Test::Is(literal) => is(value, literal),
        Test::IsNot(literal) => !is(value, literal),
        Test::Less(than) => number(|value, than| value < than, *than),
        Test::AtMost(than) => number(|value, than| value <= than, *than),
        Test::More(than) => number(|value, than| value > than, *than),
        Test::AtLeast(than) => number(|value, than| value >= than, *than),
    }
}

fn is(value: &Value, literal: &Literal) -> bool {
    match literal {
        Literal::Null => value.is_null(),
        Literal::Bool(wanted) => value.as_bool() == Some(*wanted),
        Literal::Number(wanted) => value.as_f64() == Some(*wanted),
        Literal::Text(wanted) => value.as_str() == Some(wanted),
    }
}

fn outcome(name: &str, holds: bool, otherwise: impl FnOnce() -> String) -> Fact {
    match holds {
        true => fact(name, "holds", false),
        false => fact(name, otherwise(), true),
    }
}

fn fact(name: &str, value: impl Into<String>, attention: bool) -> Fact {
    Fact {
        name: name.to_owned(),
        value: value.into(),
        number: None,
        attention,
    }
}

/// Makes values fit to be shown.
struct Shown<'a> {
    secret: Option<&'a str>,
}

impl<'a> Shown<'a> {
    fn new(check: &HttpCheck, secret: &'a SecretString) -> Self {
        let secret = secret.expose_secret();
        let sent = check.credential != Credential::Nothing && !secret.is_empty();
        Self {
            secret: sent.then_some(secret),
        }
    }

    fn of(&self, text: &str) -> String {
        // Some servers say back what was sent to them.
        let text = match self.secret {
            Some(secret) => text.replace(secret, "[key]"),
            None => text.to_owned(),
        };
        let mut short: String = text
            .chars()
            .take(SHOWN)
            .map(|letter| {
                if letter.is_control() {
                    '\u{fffd}'
                } else {
                    letter
                }
            })
            .collect();
        if text.chars().nth(SHOWN).is_some() {
            short.push('…');
        }
        short
    }
}

#[cfg(test)]
mod tests;
