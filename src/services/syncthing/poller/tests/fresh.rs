//! Questions for a state that is read after them.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_question_is_answered_by_what_is_read_after_it() {
    let server = server();
    let (session, mut told, _swap) = session(&server);
    let fresh = session.fresh.clone();
    tokio::spawn(run(session));
    settle().await;
    server.asked();

    // A file was found, and nothing is told of it yet.
    let lacking = json!({"needBytes": 5, "needItems": 1, "globalBytes": 10, "sequence": 3});
    server.set("/rest/db/completion?device=D", 200, lacking.clone());
    server.set("/rest/db/completion?device=D&folder=a", 200, lacking);
    let ask = || {
        let fresh = fresh.clone();
        tokio::spawn(async move { fresh.read().await })
    };
    let (one, two) = (ask(), ask());
    settle().await;
    assert!(one.is_finished() && two.is_finished());
    let asked = server.asked();
    // What happened before comes first, and both are answered by one reading.
    assert_eq!(asked[0], "/rest/events?since=0&timeout=0");
    for path in [
        "db/status?folder=a",
        "db/status?folder=b",
        "db/completion?device=D",
    ] {
        let path = format!("/rest/{path}");
        assert_eq!(asked.iter().filter(|it| **it == path).count(), 1, "{path}");
    }
    let services = std::iter::from_fn(|| told.try_recv().ok()).filter_map(|event| match event {
        Told::ServiceChanged { service, .. } => Some(service),
        _ => None,
    });
    assert!(!services.last().unwrap().synced);

    server.fail(Fault::new(Class::Refused));
    let one = ask();
    settle().await;
    assert!(!one.is_finished(), "the session ended with its server");
}
