//! A relay in memory, and a clock that is moved on.

use super::*;
use std::sync::Arc;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::io::DuplexStream;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message as Frame;
use tokio_tungstenite::tungstenite::protocol::Role;

use crate::core::{Event, Service};
use crate::services::link::fake::{Fake, Server, session};
use crate::tls::{Reply, Upgraded};

/// The relay's end of the connection.
struct Relay {
    stream: WebSocketStream<DuplexStream>,
    hotlist: Value,
    /// Questions so far.
    asked: Vec<String>,
}

impl Relay {
    async fn with(server: &Arc<Server>) -> Self {
        server.set(
            "/api/handshake",
            200,
            json!({"password_hash_algo": "sha256", "password_hash_iterations": 100_000, "totp": false}),
        );
        let (ours, theirs) = tokio::io::duplex(1 << 20);
        let socket = WebSocket::over(ours, None, LIMIT).await;
        server.will_upgrade(Ok(Upgraded::Open(socket)));
        Self {
            stream: WebSocketStream::from_raw_socket(theirs, Role::Server, None).await,
            hotlist: json!([]),
            asked: Vec::new(),
        }
    }

    async fn send(&mut self, message: Value) {
        let sent = self.stream.send(Frame::text(message.to_string())).await;
        sent.expect("sent");
    }

    /// Answers questions for so long.
    async fn answer_for(&mut self, time: Duration) {
        let until = Instant::now() + time;
        while let Ok(frame) = tokio::time::timeout_at(until, self.stream.next()).await {
            let frame = frame.expect("open").expect("whole");
            let question: Value =
                serde_json::from_str(frame.to_text().expect("text")).expect("JSON");
            let question = question["request"].as_str().expect("a request").to_owned();
            let body = match question.as_str() {
                "GET /api/version" => json!({"weechat_version": "4.6.3"}),
                "GET /api/hotlist" => self.hotlist.clone(),
                "GET /api/buffers?colors=strip" => json!([{"id": 2, "name": "#chan"}]),
                "POST /api/sync" => Value::Null,
                lines => {
                    assert!(lines.starts_with("GET /api/buffers/2/lines"), "{lines}");
                    json!([{"displayed": true, "notify_level": 3, "message": "hi"}])
                }
            };
            self.asked.push(question);
            self.send(json!({"code": 200, "body": body})).await;
        }
    }

    fn hotlists(&mut self) -> usize {
        let asked = std::mem::take(&mut self.asked);
        asked
            .iter()
            .filter(|asked| *asked == "GET /api/hotlist")
            .count()
    }
}

fn line(level: i64) -> Value {
    json!({"code": 0, "event_name": "buffer_line_added", "buffer_id": 2,
        "body": {"displayed": true, "notify_level": level, "message": "x"}})
}

/// Follows the relay; its end comes as an event.
fn following(server: &Arc<Server>) -> UnboundedReceiver<Event> {
    let (session, told, swap) = session(server);
    tokio::spawn(async move {
        let _swap = swap;
        let link = Link::<Fake>::new(session, None);
        let fault = follow(&link, &WeechatSettings::default()).await;
        link.failed(fault);
    });
    told
}

/// The newest service, and the fault at the end if there was one.
fn heard(told: &mut UnboundedReceiver<Event>) -> (Option<Arc<Service>>, Option<Fault>, bool) {
    let (mut service, mut fault, mut answered) = (None, None, false);
    while let Ok(event) = told.try_recv() {
        match event {
            Event::ServiceChanged { service: new, .. } => service = Some(new),
            Event::Failed { fault: end, .. } => fault = Some(end),
            Event::Answered { .. } => answered = true,
            _ => {}
        }
    }
    (service, fault, answered)
}

const MOMENT: Duration = Duration::from_millis(50);

#[tokio::test(start_paused = true)]
async fn asks_once_then_listens_and_looks_seldom() {
    let server = Arc::<Server>::default();
    let mut relay = Relay::with(&server).await;
    let mut told = following(&server);
    relay.answer_for(MOMENT).await;
    assert_eq!(server.asked(), ["/api/handshake", "upgrade /api"]);
    let asked = [
        "GET /api/version",
        "POST /api/sync",
        "GET /api/buffers?colors=strip",
        "GET /api/hotlist",
    ];
    assert_eq!(relay.asked, asked);
    let (service, fault, answered) = heard(&mut told);
    assert!(answered && fault.is_none());
    assert_eq!(service.expect("a service").version, "4.6.3");
    relay.asked.clear();
    relay.answer_for(Duration::from_secs(600)).await;
    assert!((9..=11).contains(&relay.hotlists()));
}

#[tokio::test(start_paused = true)]
async fn a_busy_channel_costs_little_and_a_highlight_is_there_at_once() {
    let server = Arc::<Server>::default();
    let mut relay = Relay::with(&server).await;
    let mut told = following(&server);
    relay.answer_for(Duration::from_secs(5)).await;
    heard(&mut told);
    relay.asked.clear();
    for _ in 0..1000 {
        relay.send(line(1)).await;
        relay.answer_for(Duration::from_millis(10)).await;
    }
    let hotlists = relay.hotlists();
    assert!((5..=7).contains(&hotlists), "{hotlists} in 10 s");
    relay.hotlist = json!([{"buffer_id": 2, "count": [0, 0, 0, 1]}]);
    relay.answer_for(Duration::from_secs(3)).await;
    heard(&mut told);
    relay.hotlist = json!([{"buffer_id": 2, "count": [0, 0, 0, 2]}]);
    relay.send(line(3)).await;
    relay.answer_for(MOMENT).await;
    let service = heard(&mut told).0.expect("another service");
    assert_eq!(service.unread.expect("counts").highlights, 2);
}

#[tokio::test(start_paused = true)]
async fn what_was_read_elsewhere_is_noticed_soon() {
    let server = Arc::<Server>::default();
    let mut relay = Relay::with(&server).await;
    relay.hotlist = json!([{"buffer_id": 2, "count": [0, 0, 0, 1]}]);
    let mut told = following(&server);
    relay.answer_for(MOMENT).await;
    let service = heard(&mut told).0.expect("a service");
    assert_eq!(service.mentions.len(), 1);
    assert_eq!(
        service.mentions[0].text, "hi",
        "its lines were asked for first"
    );
    relay.hotlist = json!([]);
    relay.answer_for(SOONEST + MOMENT).await;
    let service = heard(&mut told).0.expect("another service");
    assert!(service.mentions.is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_end_is_lost_and_one_that_was_announced_is_a_quit() {
    for (announced, class) in [(false, Class::Lost), (true, Class::Quit)] {
        let server = Arc::<Server>::default();
        let mut relay = Relay::with(&server).await;
        let mut told = following(&server);
        relay.answer_for(MOMENT).await;
        if announced {
            let quit = json!({"code": 0, "event_name": "quit", "buffer_id": -1, "body": null});
            relay.send(quit).await;
            relay.send(line(0)).await;
            // However long it takes to end.
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        assert_eq!(heard(&mut told).1, None);
        drop(relay);
        tokio::time::sleep(MOMENT).await;
        let fault = heard(&mut told).1.expect("an end");
        assert_eq!(fault.class, class);
    }
}

#[tokio::test(start_paused = true)]
async fn one_that_says_that_it_ends_and_does_not_is_left() {
    let server = Arc::<Server>::default();
    let mut relay = Relay::with(&server).await;
    let mut told = following(&server);
    relay.answer_for(MOMENT).await;
    let quit = json!({"code": 0, "event_name": "quit", "buffer_id": -1, "body": null});
    relay.send(quit).await;
    tokio::time::sleep(GOODBYE + MOMENT).await;
    assert_eq!(heard(&mut told).1.expect("an end").class, Class::Quit);
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_is_silent_is_given_up() {
    let server = Arc::<Server>::default();
    let mut relay = Relay::with(&server).await;
    let mut told = following(&server);
    relay.answer_for(MOMENT).await;
    tokio::time::sleep(LATEST + ANSWER + MOMENT).await;
    assert_eq!(
        heard(&mut told).1.expect("an end").class,
        Class::RequestTimeout
    );
}

#[tokio::test(start_paused = true)]
async fn a_refused_login_is_no_answer() {
    let refused = |status: u16, words: &str| Reply {
        status,
        served: None,
        headers: Default::default(),
        body: json!({"error": words}).to_string().into_bytes(),
    };
    for (words, class) in [
        ("Invalid password", Class::PasswordRefused),
        ("Invalid timestamp", Class::ClockSkew),
    ] {
        let server = Arc::<Server>::default();
        let _relay = Relay::with(&server).await;
        server.only_upgrade(Ok(Upgraded::Declined(refused(401, words))));
        let mut told = following(&server);
        tokio::time::sleep(MOMENT).await;
        let (_, fault, answered) = heard(&mut told);
        assert_eq!(fault.expect("an end").class, class);
        assert!(!answered, "an outage would end at each attempt");
        assert_eq!(server.asked(), ["/api/handshake", "upgrade /api"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_hostile_handshake_is_refused_without_a_login() {
    for (handshake, words) in [
        (
            json!({"password_hash_algo": "pbkdf2+sha256", "password_hash_iterations": 1_000_000_000}),
            "1000000000 times",
        ),
        (
            json!({"password_hash_algo": "md5", "password_hash_iterations": 1}),
            "not offered",
        ),
        (json!({"password_hash_algo": null}), "allows none"),
        (json!([]), ""),
    ] {
        let server = Arc::<Server>::default();
        let _relay = Relay::with(&server).await;
        server.set("/api/handshake", 200, handshake);
        let mut told = following(&server);
        tokio::time::sleep(MOMENT).await;
        let fault = heard(&mut told).1.expect("an end");
        assert!(
            fault.detail.as_deref().unwrap_or_default().contains(words),
            "{fault:?}"
        );
        assert!(!server.asked().contains(&"upgrade /api".to_owned()));
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_no_relay_ends_it() {
    for message in [
        "no JSON",
        "[]",
        r#"{"code":500,"body":null}"#,
        r#"{"code":200,"body":7}"#,
    ] {
        let server = Arc::<Server>::default();
        let mut relay = Relay::with(&server).await;
        let mut told = following(&server);
        relay.stream.next().await;
        relay.stream.send(Frame::text(message)).await.expect("sent");
        tokio::time::sleep(MOMENT).await;
        let fault = heard(&mut told).1.expect(message);
        assert_eq!(fault.class, Class::BadReply, "{message}");
    }
}
