//! What counts as an answer, and when an outage is over.

use super::*;
use crate::services::Memory;

/// One session from its begin until it rests or ends, and what it told.
async fn told(server: &Arc<Server>, memory: &Memory) -> Vec<Told> {
    let (mut session, mut told, _swap) = session(server);
    session.memory = memory.clone();
    let task = tokio::spawn(run(session));
    settle().await;
    task.abort();
    std::iter::from_fn(|| told.try_recv().ok()).collect()
}

fn kinds(told: &[Told]) -> Vec<&'static str> {
    let kind = |told: &Told| match told {
        Told::Answered { .. } => "answered",
        Told::ServiceChanged { .. } => "service",
        Told::Failed { .. } => "failed",
        _ => "other",
    };
    told.iter().map(kind).collect()
}

fn class(told: &[Told]) -> Option<Class> {
    told.iter().find_map(|told| match told {
        Told::Failed { fault, .. } => Some(fault.class),
        _ => None,
    })
}

#[tokio::test(start_paused = true)]
async fn what_tells_no_id_or_no_version_is_no_syncthing() {
    for (path, all) in [
        ("status", &["failed"][..]),
        ("version", &["answered", "failed"]),
    ] {
        let path = format!("/rest/system/{path}");
        for reply in [json!({}), json!({"myID": "", "version": ""})] {
            let server = server();
            server.set(&path, 200, reply);
            let told = told(&server, &Memory::default()).await;
            assert_eq!(kinds(&told), all, "{path}");
            assert_eq!(class(&told), Some(Class::BadReply));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_outage_ends_when_what_failed_works_and_not_when_something_else_does() {
    for path in [
        "/rest/config",
        "/rest/system/connections",
        "/rest/db/status?folder=a",
    ] {
        let (server, memory) = (server(), Memory::default());
        let well = told(&server, &memory).await;
        assert_eq!(kinds(&well), ["answered", "service"], "{path}");
        let reply = server.replace(path, 500, json!("broken"));
        let first = told(&server, &memory).await;
        assert_eq!(first.first(), well.first(), "something else works: {path}");
        assert_eq!(class(&first), Some(Class::ServerError));
        for _ in 0..3 {
            let again = told(&server, &memory).await;
            assert_eq!(kinds(&again), ["failed"], "{path}");
        }
        server.restore(path, reply);
        let after = told(&server, &memory).await;
        assert_eq!(kinds(&after), ["answered", "service"], "{path}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_asked_no_more_keeps_no_outage_alive() {
    let (server, memory) = (server(), Memory::default());
    server.set("/rest/db/status?folder=b", 500, json!("broken"));
    assert_eq!(
        class(&told(&server, &memory).await),
        Some(Class::ServerError)
    );
    server.set("/rest/config", 200, json!({"folders": [], "devices": []}));
    let after = told(&server, &memory).await;
    assert_eq!(kinds(&after), ["answered", "service"]);
}
