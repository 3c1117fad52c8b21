//! The keys of an `[[instance]]` of kind `http`.

use std::time::Duration;

use toml::Spanned;
use toml::de::DeValue;
use url::Url;

use super::expectation::{expectation, header, is_header_name, statuses};
use super::instance::KeySource;
use super::parse_secret::{PASSWORD, TOKEN, VALUE, secret};
use super::problem::Findings;
use super::section::{Section, a, duration, unknown};
use crate::core::http::{Credential, HttpCheck, Method};

/// What this kind has besides what every kind has.
pub(super) const HTTP: &[&str] = &[
    "method",
    "body",
    "interval",
    "body-limit",
    "expect-status",
    "expect-header",
    "expect",
    "user",
    "password",
    "password-file",
    "password-env",
    "password-command",
    "token",
    "token-file",
    "token-env",
    "token-command",
    "header",
];
const HEADER: &[&str] = &["name", "value", "value-file", "value-env", "value-command"];
const METHODS: &[&str] = &["GET", "HEAD", "POST"];
const INTERVAL: Duration = Duration::from_secs(60);
/// More often is no monitoring.
const SHORTEST: Duration = Duration::from_millis(100);
const LIMIT: usize = 1024 * 1024;
const LARGEST: i64 = 64 * 1024 * 1024;

/// What is asked, and the secret that goes with it.
pub(super) fn http(
    section: &mut Section<'_>,
    has_url: bool,
    url: Option<&Url>,
    findings: &mut Findings<'_>,
) -> (HttpCheck, KeySource) {
    if !has_url {
        let at = section.at.clone();
        findings.problem(
            &at,
            "kind \"http\" needs a 'url', such as \"https://example.org/health\"",
        );
    }
    let method = method(section, findings);
    let (credential, key) = credential(section, findings);
    let check = HttpCheck {
        method,
        path: url.map(path).unwrap_or_default(),
        body: body(section, method, findings),
        interval: interval(section, findings),
        limit: limit(section, findings),
        statuses: list(section, "expect-status", statuses, findings)
            .filter(|statuses| !statuses.is_empty())
            .unwrap_or_else(|| vec![200..=299]),
        expectations: expectations(section, method, findings),
        headers: list(section, "expect-header", header, findings).unwrap_or_default(),
        credential,
    };
    (check, key)
}

fn path(url: &Url) -> String {
    match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    }
}

fn method(section: &mut Section<'_>, findings: &mut Findings<'_>) -> Method {
    let Some(method) = section.string("method", findings) else {
        return Method::default();
    };
    match method.value.as_str() {
        "GET" => return Method::Get,
        "HEAD" => return Method::Head,
        "POST" => return Method::Post,
        other => {
            findings.problem(
                &method.at,
                unknown("method", other, "[[instance]]", METHODS),
            );
        }
    }
    Method::default()
}

fn body(section: &mut Section<'_>, method: Method, findings: &mut Findings<'_>) -> Option<String> {
    let body = section.string("body", findings)?;
    if method != Method::Post {
        findings.problem(&body.at, "'body' in [[instance]] needs method = \"POST\"");
        return None;
    }
    Some(body.value)
}

/// How often something is asked.
pub(super) fn interval(section: &mut Section<'_>, findings: &mut Findings<'_>) -> Duration {
    let called = section.called("interval");
    let Some(value) = section.take("interval") else {
        return INTERVAL;
    };
    let at = value.span();
    let interval = duration(&called, value, findings).unwrap_or(INTERVAL);
    if interval < SHORTEST {
        findings.problem(&at, format!("{called} must be 100ms at least"));
    }
    interval
}

fn limit(section: &mut Section<'_>, findings: &mut Findings<'_>) -> usize {
    let called = section.called("body-limit");
    let Some(value) = section.take("body-limit") else {
        return LIMIT;
    };
    let number = match value.get_ref() {
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix()).ok(),
        _ => None,
    };
    match number {
        Some(number @ 0..=LARGEST) => usize::try_from(number).unwrap_or(LIMIT),
        _ => {
            findings.problem(
                &value.span(),
                format!("{called} must be a number of bytes, {LARGEST} at most"),
            );
            LIMIT
        }
    }
}

fn expectations(
    section: &mut Section<'_>,
    method: Method,
    findings: &mut Findings<'_>,
) -> Vec<crate::core::http::Expectation> {
    let at = section.at("expect");
    let found = list(section, "expect", expectation, findings).unwrap_or_default();
    if method == Method::Head && !found.is_empty() {
        findings.problem(
            &at,
            "the reply to a HEAD has no body: 'expect' needs method = \"GET\" or \"POST\"",
        );
    }
    found
}

/// A list, or one of what it would list; numbers count as texts.
fn list<T>(
    section: &mut Section<'_>,
    key: &'static str,
    parse: impl Fn(&str) -> Result<T, String>,
    findings: &mut Findings<'_>,
) -> Option<Vec<T>> {
    let called = section.called(key);
    let value = section.take(key)?;
    let at = value.span();
    let values = match value.into_inner() {
        DeValue::Array(values) => values.into_iter().collect(),
        one => vec![Spanned::new(at, one)],
    };
    let mut parsed = Vec::new();
    for value in values {
        let at = value.span();
        let text = match value.get_ref() {
            DeValue::Integer(number) => number.as_str().to_owned(),
            DeValue::String(text) => text.as_ref().to_owned(),
            other => {
                findings.problem(
                    &at,
                    format!(
                        "{called} must be a text or a list of texts, not {}",
                        a(other)
                    ),
                );
                continue;
            }
        };
        match parse(&text) {
            Ok(value) => parsed.push(value),
            Err(wrong) => findings.problem(&at, format!("{called} {wrong}")),
        }
    }
    Some(parsed)
}

fn credential(section: &mut Section<'_>, findings: &mut Findings<'_>) -> (Credential, KeySource) {
    let user_at = section.at("user");
    let user = section.string("user", findings);
    let password = secret(section, &PASSWORD, findings);
    let token_at = section.at.clone();
    let token = secret(section, &TOKEN, findings);
    let custom = custom_header(section, findings);
    let mut given = Vec::new();
    match (user, password) {
        (Some(user), Some(password)) if user.value.contains(':') => {
            findings.problem(
                &user.at,
                "'user' in [[instance]] must not hold a ':', which ends it",
            );
            drop(password);
        }
        (Some(user), Some(password)) => {
            given.push((Credential::Basic { user: user.value }, password));
        }
        (Some(_), None) => {
            findings.problem(&user_at, "'user' needs a password, such as 'password-file'")
        }
        (None, Some(_)) => findings.problem(&token_at, "'password' needs a 'user'"),
        (None, None) => {}
    }
    given.extend(token.map(|token| (Credential::Bearer, token)));
    given.extend(custom);
    if given.len() > 1 {
        findings.problem(
            &token_at,
            "give one of user and password, token, header only",
        );
    }
    given
        .into_iter()
        .next()
        .unwrap_or((Credential::Nothing, KeySource::Nothing))
}

fn custom_header(
    section: &mut Section<'_>,
    findings: &mut Findings<'_>,
) -> Option<(Credential, KeySource)> {
    let mut table = section.section("'header'", "header", HEADER, findings)?;
    let at = table.at.clone();
    let name = table.string("name", findings);
    let value = secret(&mut table, &VALUE, findings);
    match (name, value) {
        (Some(name), Some(value)) if is_header_name(&name.value) => {
            Some((Credential::Header { name: name.value }, value))
        }
        (Some(name), Some(_)) => {
            findings.problem(
                &name.at,
                "'name' in 'header' must be a header's name, such as \"X-Auth-Token\"",
            );
            None
        }
        _ => {
            findings.problem(
                &at,
                "'header' must be such as { name = \"X-Auth-Token\", value-file = \"...\" }",
            );
            None
        }
    }
}
