//! The keys of an `[[instance]]` of kind `http`.

use std::time::Duration;

use toml::Spanned;
use toml::de::DeValue;
use url::Url;

use super::expectation::{expectation, header, statuses};
use super::instance::KeySource;
use super::parse_credential::credential;
use super::problem::Findings;
use super::section::{Section, a, duration, unknown};
use crate::core::http::{HttpCheck, Method};

const METHODS: &[&str] = &["GET", "HEAD", "POST"];
pub(super) const INTERVAL: Duration = Duration::from_secs(60);
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
        interval: interval(section, "interval", INTERVAL, findings),
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

/// What is asked for: the path of a URL with its query.
pub(super) fn path(url: &Url) -> String {
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

/// The time between two questions.
pub(super) fn interval(
    section: &mut Section<'_>,
    key: &'static str,
    default: Duration,
    findings: &mut Findings<'_>,
) -> Duration {
    let called = section.called(key);
    let Some(value) = section.take(key) else {
        return default;
    };
    let at = value.span();
    let interval = duration(&called, value, findings).unwrap_or(default);
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
pub(super) fn list<T>(
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
