//! Every comparison, and what is said of each.

use reqwest::header::HeaderMap;

use super::*;
use crate::core::Class;
use crate::core::kinds::http::Method;

const SECRET: &str = "open-sesame";

fn check() -> HttpCheck {
    HttpCheck {
        method: Method::Get,
        path: "/".into(),
        body: None,
        interval: Duration::from_secs(60),
        limit: 1024,
        statuses: vec![200..=299],
        expectations: Vec::new(),
        headers: Vec::new(),
        credential: Credential::Bearer,
    }
}

fn expecting(pointer: &str, test: Test) -> HttpCheck {
    let expectation = Expectation {
        text: "as written".into(),
        pointer: pointer.into(),
        test,
    };
    HttpCheck {
        expectations: vec![expectation],
        ..check()
    }
}

fn reply(status: u16, body: &str) -> Reply {
    let mut headers = HeaderMap::new();
    headers.insert(
        "server",
        "nginx/1.2 \u{7f}"
            .parse()
            .unwrap_or_else(|_| "nginx/1.2".parse().unwrap()),
    );
    headers.append("x-ready", "yes".parse().unwrap());
    headers.append("x-said-back", "you sent open-sesame".parse().unwrap());
    Reply {
        status,
        served: None,
        headers,
        body: body.into(),
    }
}

fn service(check: &HttpCheck, reply: &Reply) -> Service {
    let answer = evaluate(check, reply, &SecretString::from(SECRET)).expect("an answer");
    answer.after(Duration::from_millis(12))
}

fn needs_attention(service: &Service) -> bool {
    service.facts.iter().any(|fact| fact.attention)
}

/// What is said of the one expectation of a check, and whether it holds.
fn said(check: &HttpCheck, body: &str) -> (String, bool) {
    let service = service(check, &reply(200, body));
    let fact = service.facts.last().expect("a fact");
    assert_eq!(service.synced, !fact.attention);
    assert_eq!(needs_attention(&service), fact.attention);
    assert_eq!(fact.name, "as written");
    (fact.value.clone(), !fact.attention)
}

#[test]
fn a_plain_check_says_status_and_latency() {
    let service = service(&check(), &reply(204, ""));
    assert_eq!(service.version, "nginx/1.2");
    let facts: Vec<_> = service
        .facts
        .iter()
        .map(|fact| format!("{}: {}", fact.name, fact.value))
        .collect();
    assert_eq!(facts, ["status: 204 No Content", "latency: 12 ms"]);
    assert!(service.synced && !needs_attention(&service) && !service.is_busy());
}

#[test]
fn comparisons() {
    let text = |text: &str| Literal::Text(text.into());
    for (pointer, test, body, found, holds) in [
        (
            "/status",
            Test::Is(text("ok")),
            r#"{"status":"ok"}"#,
            "holds",
            true,
        ),
        (
            "/status",
            Test::Is(text("ok")),
            r#"{"status":"down"}"#,
            "found \"down\"",
            false,
        ),
        (
            "/status",
            Test::IsNot(text("ok")),
            r#"{"status":1}"#,
            "holds",
            true,
        ),
        // What is not there is not "anything else".
        ("/status", Test::IsNot(text("ok")), "{}", "missing", false),
        (
            "/a/1/b~1c",
            Test::Exists,
            r#"{"a":[0,{"b/c":null}]}"#,
            "holds",
            true,
        ),
        ("/a/2", Test::Exists, r#"{"a":[0,1]}"#, "missing", false),
        ("", Test::Is(Literal::Number(3.0)), "3", "holds", true),
        ("/n", Test::Less(2.0), r#"{"n":1.5}"#, "holds", true),
        ("/n", Test::Less(2.0), r#"{"n":2}"#, "found 2", false),
        ("/n", Test::AtMost(2.0), r#"{"n":2}"#, "holds", true),
        ("/n", Test::More(2.0), r#"{"n":2}"#, "found 2", false),
        ("/n", Test::AtLeast(2.0), r#"{"n":2}"#, "holds", true),
        (
            "/n",
            Test::AtLeast(2.0),
            r#"{"n":"3"}"#,
            "found \"3\"",
            false,
        ),
        (
            "/n",
            Test::Is(Literal::Null),
            r#"{"n":null}"#,
            "holds",
            true,
        ),
        (
            "/n",
            Test::Is(Literal::Bool(true)),
            r#"{"n":false}"#,
            "found false",
            false,
        ),
        (
            "/n",
            Test::Is(Literal::Bool(true)),
            r#"{"n":{"secret":1}}"#,
            "found an object",
            false,
        ),
        (
            "/n",
            Test::Exists,
            r#"{"n":1"#,
            "the reply is no JSON",
            false,
        ),
        ("/n", Test::Exists, "<html>", "the reply is no JSON", false),
    ] {
        let check = expecting(pointer, test);
        assert_eq!(
            said(&check, body),
            (found.to_owned(), holds),
            "{pointer} {body}"
        );
    }
}

#[test]
fn what_a_server_says_back_is_short_and_holds_no_secret() {
    let check = expecting("/echo", Test::Is(Literal::Null));
    let (found, _) = said(&check, r#"{"echo":"Bearer open-sesame\u0007"}"#);
    assert!(
        found.contains("Bearer [key]") && !found.contains('\u{7}'),
        "{found}"
    );
    let (found, _) = said(&check, &format!("{{\"echo\":\"{}\"}}", "x".repeat(500)));
    assert!(
        found.ends_with('…') && found.chars().count() < 70,
        "{found}"
    );
}

#[test]
fn headers() {
    for (name, value, said, holds) in [
        ("X-Ready", Some("yes"), "X-Ready: yes: holds", true),
        ("X-Ready", Some("no"), "X-Ready: no: found yes", false),
        ("X-Ready", None, "X-Ready: holds", true),
        ("X-Other", None, "X-Other: missing", false),
        (
            "X-Said-Back",
            Some("x"),
            "X-Said-Back: x: found you sent [key]",
            false,
        ),
    ] {
        let expected = ExpectedHeader {
            name: name.into(),
            value: value.map(str::to_owned),
        };
        let check = HttpCheck {
            headers: vec![expected],
            ..check()
        };
        let service = service(&check, &reply(200, ""));
        let fact = service.facts.last().expect("a fact");
        assert_eq!(format!("{}: {}", fact.name, fact.value), said);
        assert_eq!((!fact.attention, service.synced), (holds, holds), "{name}");
    }
}

#[test]
fn statuses_that_are_not_expected() {
    for (status, class) in [
        (301, Class::Redirect),
        (401, Class::Unauthorized),
        (403, Class::Forbidden),
        (404, Class::BadPath),
        (503, Class::ServerError),
    ] {
        let fault = evaluate(&check(), &reply(status, ""), &SecretString::from(SECRET));
        assert_eq!(fault.expect_err("no success").class, class, "{status}");
    }
    // Any of them can be what is expected; then a success is what somebody should look at.
    let check = HttpCheck {
        statuses: vec![503..=503, 401..=401],
        ..expecting("/a", Test::Exists)
    };
    let down = service(&check, &reply(503, r#"{"a":1}"#));
    assert!(down.synced, "{down:?}");
    let up = service(&check, &reply(200, r#"{"a":1}"#));
    assert!(needs_attention(&up) && !up.synced, "{up:?}");
    assert_eq!(up.facts.first().map(|fact| fact.attention), Some(true));
}
