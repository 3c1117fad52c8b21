//! Replies of the API, whole and hostile.

use reqwest::header::HeaderMap;
use serde_json::{Value, json};

use super::*;

fn reply(status: u16, body: &str) -> Reply {
    Reply {
        status,
        served: None,
        headers: HeaderMap::new(),
        body: body.into(),
    }
}

fn info(result: Value) -> Result<Cluster, Fault> {
    let body = json!({ "result": result }).to_string();
    cluster(reply(200, &body), &"the-key".into())
}

fn shown(cluster: &Cluster) -> Vec<String> {
    let facts = cluster.facts();
    let facts = facts.iter().map(|fact| {
        let mark = if fact.attention { " (!)" } else { "" };
        format!("{}: {}{mark}", fact.name, fact.value)
    });
    facts.collect()
}

#[test]
fn figures_of_all_nodes_are_added_up() {
    let one = json!({"uid": "a", "name": "a", "version": "6.2.0", "num_clients": 3, "num_users": 2,
        "num_channels": 5, "num_subs": 7, "uptime": 5, "metrics": {"interval": 60, "items": {"x": 1.5}}});
    let alone = info(json!({"nodes": [one]})).expect("figures");
    assert_eq!(
        shown(&alone),
        [
            "nodes: 1",
            "clients: 3",
            "users: 2",
            "channels: 5",
            "subscriptions: 7"
        ]
    );
    let numbers: Vec<_> = alone.facts().iter().map(|fact| fact.number).collect();
    assert_eq!(numbers, [1.0, 3.0, 2.0, 5.0, 7.0].map(Some));
    let older = json!({"version": "6.10.1", "num_clients": u64::MAX});
    let two = info(json!({"nodes": [older, one, {}]})).expect("figures");
    assert_eq!(two.version(), "6.10.1");
    assert_eq!(
        shown(&two),
        [
            "nodes: 3",
            "clients: 18446744073709551615",
            "users: up to 2",
            "channels: up to 5",
            "subscriptions: 7",
            "versions:  to 6.10.1 (!)"
        ]
    );
}

#[test]
fn many_nodes_are_still_a_few_facts() {
    let nodes: Vec<_> = (0..10_000)
        .map(|number| json!({"name": format!("node {number}"), "version": "6.2.0", "num_clients": 1}))
        .collect();
    let many = info(json!({ "nodes": nodes })).expect("figures");
    assert_eq!(many.facts().len(), 5);
    assert!(many.summary().starts_with("nodes: 10000, clients: 10000, "));
}

#[test]
fn errors_come_in_two_ways() {
    let at = |status, body| cluster(reply(status, body), &"the-key".into()).expect_err(body);
    for (status, body, class, detail) in [
        (401, "", Class::Unauthorized, "401 Unauthorized"),
        (
            200,
            r#"{"error":{"code":107,"message":"bad request"}}"#,
            Class::ServerError,
            "error 107: bad request",
        ),
        (
            200,
            r#"{"error":{"code":101,"message":"unauthorized"}}"#,
            Class::Unauthorized,
            "error 101: unauthorized",
        ),
        (
            200,
            r#"{"error":{"code":5,"message":"you sent the-key\u202e\n"}}"#,
            Class::ServerError,
            "error 5: you sent [key]\u{fffd}\u{fffd}",
        ),
        (
            200,
            "{}",
            Class::BadReply,
            "it is neither a result nor an error",
        ),
        (
            404,
            "404 page not found\n",
            Class::BadPath,
            "404 Not Found: 404 page not found",
        ),
    ] {
        let fault = at(status, body);
        assert_eq!(
            (fault.class, fault.detail.as_deref()),
            (class, Some(detail)),
            "{body}"
        );
    }
    for body in [
        "",
        "[]",
        "{",
        r#"{"result":{"nodes":{}}}"#,
        r#"{"result":{"nodes":[{"num_clients":-1}]}}"#,
        r#"{"result":{"nodes":[{"num_clients":1e400}]}}"#,
        &"[".repeat(100_000),
    ] {
        assert_eq!(at(200, body).class, Class::BadReply, "{:.40}", body);
    }
}

#[test]
fn a_server_that_says_the_key_back_is_not_quoted() {
    let nodes = json!({"nodes": [{"version": format!("the-key{}", "9".repeat(500))}]});
    let cluster = info(nodes).expect("figures");
    assert!(cluster.version().starts_with("[key]999"));
    assert_eq!(cluster.version().chars().count(), SHOWN);
}

#[test]
fn a_health_page_that_is_off_is_none() {
    let of = |status, body| health(reply(status, body));
    assert_eq!(of(200, "{}"), Ok(Health::Well));
    for status in [401, 403, 404, 405] {
        assert_eq!(of(status, "no"), Ok(Health::Off), "{status}");
    }
    assert_eq!(of(503, "").expect_err("down").class, Class::ServerError);
    let plain = "Client sent an HTTP request to an HTTPS server.\n";
    assert_eq!(of(400, plain).expect_err("plain").class, Class::TlsExpected);
}
