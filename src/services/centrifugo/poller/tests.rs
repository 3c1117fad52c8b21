//! On tokio's paused clock, with both ends of a websocket in memory.

use std::collections::VecDeque;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use futures_util::future::FutureExt as _;
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::io::DuplexStream;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::JoinHandle;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role};

use super::*;
use crate::core::Event;
use crate::services::ReadSecret;
use crate::services::link::fake::{Server, session};
use crate::tls::Upgraded;

/// Gives one token after the other, the last one again and again.
struct Source(Mutex<VecDeque<&'static str>>);

impl ReadSecret for Source {
    fn read(&self) -> BoxFuture<'_, Result<SecretString, Fault>> {
        let mut left = self.0.lock().unwrap();
        let next = match left.len() {
            0 | 1 => left.front().copied(),
            _ => left.pop_front(),
        };
        let read = next.map(SecretString::from);
        async { read.ok_or_else(|| Fault::new(Class::NoKey)) }.boxed()
    }
}

/// A poller under way, and the server's ends of the websockets that it will open.
struct World {
    server: Arc<Server>,
    fault: JoinHandle<Fault>,
    told: UnboundedReceiver<Event>,
}

struct Peer(WebSocketStream<DuplexStream>);

async fn world(
    settings: CentrifugoSettings,
    tokens: &[&'static str],
    sockets: usize,
) -> (World, Vec<Peer>) {
    let server = Arc::<Server>::default();
    server.set(
        "/api/info",
        200,
        json!({"result": {"nodes": [{"version": "6.2.0"}]}}),
    );
    let mut peers = Vec::new();
    for _ in 0..sockets {
        let (ours, theirs) = tokio::io::duplex(1 << 22);
        let socket = WebSocket::over(ours, None, 1 << 20).await;
        server.will_upgrade(Ok(Upgraded::Open(socket)));
        let theirs = WebSocketStream::from_raw_socket(theirs, Role::Server, None).await;
        peers.push(Peer(theirs));
    }
    let (mut session, told, swap) = session(&server);
    if !tokens.is_empty() {
        let tokens = tokens.iter().copied().collect();
        session.second = Some(Arc::new(Source(Mutex::new(tokens))));
    }
    let fault = tokio::spawn(async move {
        let _swap = swap;
        follow(&Link::new(session, None), &settings).await
    });
    let world = World {
        server,
        fault,
        told,
    };
    (world, peers)
}

fn client() -> CentrifugoSettings {
    CentrifugoSettings {
        interval: CentrifugoSettings::INTERVAL,
        api: false,
        websocket: Some(CentrifugoSettings::WEBSOCKET.to_owned()),
    }
}

impl Peer {
    /// The next command.
    async fn command(&mut self) -> Value {
        loop {
            match self.0.next().await.expect("a message").expect("whole") {
                Message::Text(text) if text.as_str() == "{}" => {}
                Message::Text(text) => return serde_json::from_str(&text).expect("JSON"),
                other => panic!("{other:?}"),
            }
        }
    }

    async fn says(&mut self, text: impl Into<String>) {
        self.0.send(Message::text(text.into())).await.expect("sent");
    }

    async fn lets_in(&mut self, terms: Value) -> Value {
        let command = self.command().await;
        assert_eq!(command["id"], 1);
        self.says(json!({"id": 1, "connect": terms}).to_string())
            .await;
        command
    }

    async fn closes(mut self, code: u16, reason: &str) {
        let frame = CloseFrame {
            code: code.into(),
            reason: reason.into(),
        };
        self.0.close(Some(frame)).await.expect("closed");
        while let Some(Ok(_)) = self.0.next().await {}
    }

    /// Waits for the goodbye of the other side.
    async fn is_left(&mut self) {
        let goodbye = loop {
            match self.0.next().await.expect("a goodbye").expect("whole") {
                Message::Close(frame) => break frame,
                Message::Text(text) if text.as_str() == "{}" => {}
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(goodbye.expect("a frame").code, 1000.into());
        while let Some(Ok(_)) = self.0.next().await {}
    }
}

impl World {
    async fn ends(self) -> Fault {
        self.fault.await.expect("ended")
    }

    /// The last state that was told.
    fn service(&mut self) -> Option<Arc<crate::core::Service>> {
        let mut last = None;
        while let Ok(event) = self.told.try_recv() {
            if let Event::ServiceChanged { service, .. } = event {
                last = Some(service);
            }
        }
        last
    }
}

/// A token that names its end.
fn ends_at(seconds: i64) -> &'static str {
    let claims = BASE64_URL_SAFE_NO_PAD.encode(json!({"exp": seconds}).to_string());
    format!("head.{claims}.tag").leak()
}

#[tokio::test(start_paused = true)]
async fn a_token_is_renewed_over_three_lifetimes() {
    let (mut world, mut peers) = world(client(), &["one", "two", "three", "four"], 1).await;
    let peer = &mut peers[0];
    let command = peer
        .lets_in(json!({"expires": true, "ttl": 600, "ping": 0}))
        .await;
    assert_eq!(
        command["connect"],
        json!({"name": "syncwatch", "token": "one"})
    );
    for token in ["two", "three", "four"] {
        let asked = Instant::now();
        let command = peer.command().await;
        assert_eq!(command, json!({"id": 2, "refresh": {"token": token}}));
        let waited = asked.elapsed().as_secs();
        assert!((370..=430).contains(&waited), "{waited}");
        peer.says(r#"{"id":2,"refresh":{"expires":true,"ttl":600}}"#)
            .await;
    }
    // From now on its source gives the same one: it is not shown again, and the server ends it.
    let quiet = tokio::time::timeout(Duration::from_secs(625), peer.command()).await;
    assert!(quiet.is_err(), "{quiet:?}");
    let service = world.service().expect("told");
    assert!(
        service.facts.iter().any(|fact| fact.attention) && !service.synced,
        "{service:?}"
    );
    peers.remove(0).closes(3005, "connection expired").await;
    let fault = world.ends().await;
    assert_eq!(fault.class, Class::Unauthorized, "{fault:?}");
    assert_eq!(
        fault.detail.as_deref(),
        Some("code 3005: connection expired")
    );
}

#[tokio::test(start_paused = true)]
async fn an_expired_connection_is_made_anew_with_a_newer_token() {
    let (world, mut peers) = world(client(), &["one", "two"], 1).await;
    peers[0].lets_in(json!({"expires": true, "ttl": 600})).await;
    peers.remove(0).closes(3005, "").await;
    assert_eq!(world.ends().await.class, Class::Lost);
}

/// The end of a token by its own account decides between the two classes.
#[tokio::test(start_paused = true)]
async fn a_token_that_is_not_accepted_is_read_again_once() {
    let (old, new) = (ends_at(1_000_000), ends_at(4_000_000_000));
    for (tokens, tries, class) in [
        (vec!["one", "two", "three"], 2, Class::Unauthorized),
        (vec!["one"], 1, Class::Unauthorized),
        (vec![old], 1, Class::TokenExpired),
        (vec![old, new], 2, Class::Unauthorized),
        (vec![new, old], 2, Class::TokenExpired),
    ] {
        let (world, peers) = world(client(), &tokens, tries).await;
        for (mut peer, token) in peers.into_iter().zip(&tokens) {
            let command = peer.command().await;
            assert_eq!(command["connect"]["token"], **token);
            peer.says(r#"{"id":1,"error":{"code":109,"message":"token expired"}}"#)
                .await;
            peer.is_left().await;
        }
        let fault = world.ends().await;
        assert_eq!(fault.class, class, "{tokens:?} {fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_refused_refresh_is_tried_with_the_next_token_until_the_time_is_over() {
    let (world, mut peers) = world(client(), &["one", "two", "three"], 1).await;
    let peer = &mut peers[0];
    peer.lets_in(json!({"expires": true, "ttl": 600})).await;
    assert_eq!(peer.command().await["refresh"]["token"], "two");
    peer.says(r#"{"id":2,"error":{"code":109,"message":"token expired"}}"#)
        .await;
    assert_eq!(peer.command().await["refresh"]["token"], "three");
    peer.says(r#"{"id":2,"refresh":{"expires":false}}"#).await;
    // It serves for ever: nothing more is asked.
    let quiet = tokio::time::timeout(Duration::from_secs(100_000), peer.command()).await;
    assert!(quiet.is_err(), "{quiet:?}");
    assert!(!world.fault.is_finished());
}

#[tokio::test(start_paused = true)]
async fn a_refresh_without_an_answer_is_a_lost_connection() {
    let (world, mut peers) = world(client(), &["one", "two"], 1).await;
    peers[0].lets_in(json!({"expires": true, "ttl": 600})).await;
    peers[0].command().await;
    peers[0].is_left().await;
    assert_eq!(world.ends().await.class, Class::Lost);
}

#[tokio::test(start_paused = true)]
async fn pings_are_answered_and_their_absence_is_noticed() {
    for pong in [true, false] {
        let (world, mut peers) = world(client(), &[], 1).await;
        let peer = &mut peers[0];
        let command = peer.lets_in(json!({"ping": 25, "pong": pong})).await;
        assert_eq!(command["connect"], json!({"name": "syncwatch"}));
        for _ in 0..5 {
            tokio::time::sleep(Duration::from_secs(30)).await;
            peer.says("{}").await;
            if pong {
                let answer = peer.0.next().await.expect("an answer").expect("whole");
                assert_eq!(answer, Message::text("{}"));
            }
        }
        let last = Instant::now();
        peer.is_left().await;
        assert_eq!(last.elapsed().as_secs(), 35);
        assert_eq!(world.ends().await.class, Class::Lost);
    }
}

#[tokio::test(start_paused = true)]
async fn several_messages_in_a_frame_are_all_read() {
    let (world, mut peers) = world(client(), &["one", "two", "three"], 1).await;
    let peer = &mut peers[0];
    peer.command().await;
    peer.says("{}\n{\"push\":{\"channel\":\"a\"}}\n{\"id\":1,\"connect\":{\"expires\":true,\"ttl\":60,\"ping\":25,\"pong\":true}}\n").await;
    peer.says("{\"push\":{}}\n\n{}\n").await;
    let answer = peer.0.next().await.expect("an answer").expect("whole");
    assert_eq!(answer, Message::text("{}"));
    for token in ["two", "three"] {
        // A ping goes with each, so that the silence is never too long.
        tokio::time::sleep(Duration::from_secs(30)).await;
        peer.says("{}").await;
        assert_eq!(peer.command().await["refresh"]["token"], token);
        peer.says("{}\n{\"id\":2,\"refresh\":{\"expires\":true,\"ttl\":60}}")
            .await;
    }
    assert!(!world.fault.is_finished());
}

#[tokio::test(start_paused = true)]
async fn hostile_messages_end_it_and_it_says_goodbye() {
    for (message, class) in [
        ("[", Class::BadReply),
        ("nonsense", Class::BadReply),
        (r#"{"id":-1}"#, Class::BadReply),
        (
            r#"{"id":2,"refresh":{"expires":true,"ttl":1e300}}"#,
            Class::BadReply,
        ),
        (
            r#"{"id":2,"refresh":{"expires":true,"ttl":-5}}"#,
            Class::BadReply,
        ),
    ] {
        let (world, mut peers) = world(client(), &["one"], 1).await;
        peers[0].lets_in(json!({})).await;
        peers[0].says(message).await;
        peers[0].is_left().await;
        assert_eq!(world.ends().await.class, class, "{message}");
    }
    let deep = format!(r#"{{"id":1,"connect":{}}}"#, "[".repeat(100_000));
    for message in [deep, "x".repeat((1 << 20) + 1)] {
        let (world, mut peers) = world(client(), &["one"], 1).await;
        peers[0].command().await;
        peers[0].says(message).await;
        let fault = world.ends().await;
        assert!(
            matches!(fault.class, Class::BadReply | Class::TooLarge),
            "{fault:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_that_ends_at_once_makes_no_storm() {
    let (world, mut peers) = world(client(), &["one", "two"], 1).await;
    let peer = &mut peers[0];
    peer.lets_in(json!({"expires": true, "ttl": 0})).await;
    assert_eq!(peer.command().await["refresh"]["token"], "two");
    peer.says(r#"{"id":2,"refresh":{"expires":true,"ttl":0}}"#)
        .await;
    let quiet = tokio::time::timeout(Duration::from_secs(60), peer.command()).await;
    assert!(quiet.is_err() && !world.fault.is_finished());
}

#[tokio::test(start_paused = true)]
async fn figures_alone_need_no_client() {
    let settings = CentrifugoSettings {
        api: true,
        websocket: None,
        ..client()
    };
    let (mut world, _) = world(settings, &[], 0).await;
    tokio::time::sleep(Duration::from_secs(200)).await;
    let asked = world.server.asked();
    // Its health page is off: asked for once.
    assert_eq!(asked[0], "/health");
    assert!(
        asked.len() >= 4 && asked[1..].iter().all(|path| path == "/api/info"),
        "{asked:?}"
    );
    let service = world.service().expect("told");
    assert_eq!((service.version.as_str(), service.synced), ("6.2.0", true));
    world.server.set(
        "/api/info",
        200,
        json!({"error": {"code": 107, "message": "bad request"}}),
    );
    let fault = world.ends().await;
    assert_eq!(fault.class, Class::ServerError);
    assert_eq!(fault.detail.as_deref(), Some("error 107: bad request"));
}

#[tokio::test(start_paused = true)]
async fn a_client_leaves_when_the_figures_are_refused() {
    let settings = CentrifugoSettings {
        api: true,
        ..client()
    };
    let (world, mut peers) = world(settings, &["one"], 1).await;
    peers[0].lets_in(json!({})).await;
    world.server.set("/api/info", 401, json!(""));
    peers[0].is_left().await;
    assert_eq!(world.ends().await.class, Class::Unauthorized);
}

/// A link is not up before both ways work: the figures alone end no outage.
#[tokio::test(start_paused = true)]
async fn nothing_is_an_answer_until_all_of_it_is() {
    let settings = CentrifugoSettings {
        api: true,
        ..client()
    };
    let (mut world, peers) = world(settings, &["one"], 1).await;
    let peer = peers.into_iter().next().expect("a peer");
    peer.closes(3500, "invalid token").await;
    let fault = (&mut world.fault).await.expect("ended");
    assert_eq!(fault.class, Class::Unauthorized);
    assert!(world.told.try_recv().is_err());
}
