//! How a check of any HTTPS server stands in the config: the keys of an `[[instance]]` of kind `http`.

use std::time::Duration;

use toml::Value;
use toml::de::DeValue;
use url::Url;

use super::{Form, InConfig, Own, path};
use crate::config::describe::{Line, describe_credential, describe_statuses, millis};
use crate::config::expectation::{expectation, header, statuses};
use crate::config::keys::{Key, Takes};
use crate::config::parse_credential::credential;
use crate::config::problem::Findings;
use crate::config::section::{Section, interval, list, unknown};
use crate::core::kinds::http::{Expectation, HttpCheck, Method};

const METHODS: &[&str] = &["GET", "HEAD", "POST"];
const INTERVAL: Duration = Duration::from_secs(60);
const LIMIT: usize = 1024 * 1024;
const LARGEST: i64 = 64 * 1024 * 1024;

const KEYS: &[Key] = &[
    Key::new(
        "method",
        Takes::Word(METHODS),
        "How it is asked.",
    )
    .usual("\"GET\""),
    Key::new("body", Takes::Text, "What is sent with a POST.")
        .example("'{\"question\": 42}'")
        .with("method = \"POST\""),
    Key::new(
        "interval",
        Takes::Time,
        "From the end of one request to the next.",
    )
    .usual("\"60s\""),
    Key::new(
        "body-limit",
        Takes::Number(LARGEST.cast_unsigned()),
        "A larger reply is a failure. Bytes.",
    )
    .usual("1048576"),
    Key::new("expect-status", Takes::Statuses, "The statuses that are fine.").usual("\"2xx\""),
    Key::new(
        "expect-header",
        Takes::Texts,
        "Headers that the reply must have, with a value or with any.",
    )
    .example("[\"Content-Type: application/json\", \"X-Ready\"]"),
    Key::new(
        "expect",
        Takes::Texts,
        "What its JSON must hold: a JSON pointer, one of == != < <= > >= and a value; or 'exists'. What does not hold is shown as something to look at; the server counts as connected all the same.",
    )
    .example("['/status == \"ok\"', \"/queue/length < 100\", \"/version exists\"]"),
];

impl InConfig for HttpCheck {
    const FORM: Form = Form {
        means: "Any other HTTPS server: one request, made again and again. The keys for who asks go with it too.",
        keys: &[KEYS],
        who_asks: true,
        login: "'user' and 'password-file'",
        needs_url: Some("https://example.org/health"),
        ..Form::USUAL
    };

    fn read(
        section: &mut Section<'_>,
        url: Option<&Url>,
        findings: &mut Findings<'_>,
    ) -> Own<Self> {
        let method = method(section, findings);
        let (credential, key) = credential(section, findings);
        let settings = Self {
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
        Own {
            key,
            ..Own::from(settings)
        }
    }

    fn describe(&self, line: &mut Line<'_>) {
        line("method", self.method.name().into());
        if let Some(body) = &self.body {
            line("body", body.as_str().into());
        }
        line("interval", millis(self.interval));
        line(
            "body-limit",
            i64::try_from(self.limit).unwrap_or(i64::MAX).into(),
        );
        let texts = |texts: Vec<String>| Value::from(texts);
        line("expect-status", describe_statuses(&self.statuses));
        let headers = self.headers.iter().map(|header| match &header.value {
            Some(value) => format!("{}: {value}", header.name),
            None => header.name.clone(),
        });
        line("expect-header", texts(headers.collect()));
        let expectations = self.expectations.iter();
        line(
            "expect",
            texts(expectations.map(|one| one.text.clone()).collect()),
        );
        describe_credential(&self.credential, line);
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
) -> Vec<Expectation> {
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
