//! A Centrifugo stand-in on 127.0.0.1: real TLS, its HTTP API, its client websocket with tokens that it verifies. It
//! counts what a Go server would log as a TLS handshake error.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use futures_util::{SinkExt as _, StreamExt as _};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONNECTION, HeaderValue, UPGRADE};
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use ring::hmac;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role};

use super::tls_server::{ANY_TLS, Identity};

const SECRET: &[u8] = b"the stand-in's own secret";
/// What a Go server answers to plain HTTP on its TLS port.
const PLAIN: &[u8] =
    b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n";

/// How it behaves; may be changed while it runs.
#[derive(Clone)]
pub struct Manners {
    pub api_key: String,
    pub health: bool,
    /// What `info` says in place of its result.
    pub error: Option<u32>,
    pub nodes: Value,
    /// Of `info`, as they are.
    pub raw_info: Option<String>,
    /// Seconds; 0 for no pings.
    pub ping: u32,
    /// Whether it sends the pings that it promises.
    pub pings: bool,
    pub pong: bool,
    /// Seconds that every token serves, whatever it says of itself.
    pub ttl: Option<u64>,
    /// A client is let go this long after its token's time is over.
    pub grace: Duration,
    /// Sent after the reply to `connect`, in the same frame.
    pub batch: Vec<String>,
    /// Says this in place of the reply to `connect`.
    pub greeting: Option<String>,
    /// Closes with this in place of it.
    pub closes: Option<(u16, String)>,
    /// Says this error to every refresh.
    pub refresh_error: Option<u32>,
}

impl Default for Manners {
    fn default() -> Self {
        Self {
            api_key: "the-api-key".into(),
            health: false,
            error: None,
            nodes: json!([{"uid": "1", "name": "one", "version": "6.2.0", "num_clients": 3,
                "num_users": 2, "num_channels": 5, "num_subs": 7, "metrics": {"a": 1.5}}]),
            raw_info: None,
            ping: 25,
            pings: true,
            pong: true,
            ttl: None,
            grace: Duration::from_secs(25),
            batch: Vec::new(),
            greeting: None,
            closes: None,
            refresh_error: None,
        }
    }
}

/// What it saw.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Seen {
    /// As its log would word them.
    pub handshake_errors: Vec<String>,
    pub handshakes: usize,
    /// Method, path and API key of each request.
    pub requests: Vec<(String, String, Option<String>)>,
    /// The tokens of each connect and refresh that was accepted.
    pub connected: Vec<String>,
    pub refreshed: Vec<String>,
    /// Commands that were refused, with their code, and closes of ours.
    pub refused: Vec<u32>,
    pub pongs: usize,
    /// The codes of the clients' close frames.
    pub goodbyes: Vec<Option<u16>>,
    /// Clients that left without one.
    pub vanished: usize,
    /// Clients that are connected, and the most that ever were.
    pub clients: usize,
}

struct Shared {
    manners: Mutex<Manners>,
    seen: Mutex<Seen>,
    identity: Mutex<Arc<Identity>>,
    /// Has every client closed with this, and numbers it.
    close: watch::Sender<(u64, u16, String)>,
}

/// A running stand-in. It ends with all its connections when it is dropped.
pub struct Centrifugo {
    pub address: SocketAddr,
    shared: Arc<Shared>,
    accepting: Option<JoinHandle<()>>,
}

impl Centrifugo {
    pub async fn start(identity: Identity, manners: Manners) -> Self {
        let shared = Arc::new(Shared {
            manners: Mutex::new(manners),
            seen: Mutex::default(),
            identity: Mutex::new(Arc::new(identity)),
            close: watch::Sender::new((0, 0, String::new())),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let accepting = Some(tokio::spawn(accept(listener, shared.clone())));
        Self {
            address,
            shared,
            accepting,
        }
    }

    pub fn url(&self) -> String {
        format!("https://{}", self.address)
    }

    pub fn seen(&self) -> Seen {
        self.shared.seen().clone()
    }

    pub fn behave(&self, change: impl FnOnce(&mut Manners)) {
        change(&mut self.shared.manners.lock().expect("manners"));
    }

    /// Closes every client's connection.
    pub fn close(&self, code: u16, reason: &str) {
        self.shared.close.send_modify(|close| {
            *close = (close.0 + 1, code, reason.to_owned());
        });
    }

    /// Ends its process as SIGTERM does, and starts it again with another certificate at the same address.
    pub async fn restart(&mut self, identity: Identity) {
        self.shut_down().await;
        *self.shared.identity.lock().expect("identity") = Arc::new(identity);
        self.start_again().await;
    }

    /// Ends its process as SIGTERM does.
    pub async fn shut_down(&mut self) {
        self.close(3001, "shutdown");
        let gone = async {
            while self.seen().clients > 0 {
                tokio::task::yield_now().await;
            }
        };
        let _ = tokio::time::timeout(Duration::from_secs(5), gone).await;
        if let Some(accepting) = self.accepting.take() {
            accepting.abort();
            let _ = accepting.await;
        }
    }

    /// Starts its process again.
    pub async fn start_again(&mut self) {
        let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
        socket.set_reuseaddr(true).expect("an option");
        socket.bind(self.address).expect("the same port");
        let listener = socket.listen(64).expect("listens");
        self.accepting = Some(tokio::spawn(accept(listener, self.shared.clone())));
    }
}

impl Drop for Centrifugo {
    fn drop(&mut self) {
        if let Some(accepting) = &self.accepting {
            accepting.abort();
        }
    }
}

/// A token for so many seconds from now, as this stand-in accepts it.
pub fn token(seconds: i64) -> String {
    signed(seconds, SECRET)
}

/// The same, signed by somebody else.
pub fn forged(seconds: i64) -> String {
    signed(seconds, b"another secret")
}

fn signed(seconds: i64, secret: &[u8]) -> String {
    // Each is another one, as those of real issuers are.
    let serial: u64 = {
        use std::hash::BuildHasher as _;
        std::hash::RandomState::new().hash_one(0)
    };
    let claims = json!({"sub": "watcher", "exp": now() + seconds, "jti": serial.to_string()});
    let encode = |text: &str| BASE64_URL_SAFE_NO_PAD.encode(text);
    let head = encode(r#"{"alg":"HS256","typ":"JWT"}"#);
    let body = format!("{head}.{}", encode(&claims.to_string()));
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    let tag = hmac::sign(&key, body.as_bytes());
    format!("{body}.{}", BASE64_URL_SAFE_NO_PAD.encode(tag.as_ref()))
}

/// Seconds that a token has to go; `Err` for a signature that is not ours.
fn verify(token: &str) -> Result<i64, ()> {
    let (body, tag) = token.rsplit_once('.').ok_or(())?;
    let tag = BASE64_URL_SAFE_NO_PAD.decode(tag).map_err(drop)?;
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET);
    hmac::verify(&key, body.as_bytes(), &tag).map_err(drop)?;
    let claims = body.split('.').nth(1).ok_or(())?;
    let claims = BASE64_URL_SAFE_NO_PAD.decode(claims).map_err(drop)?;
    let claims: Value = serde_json::from_slice(&claims).map_err(drop)?;
    claims["exp"].as_i64().map(|exp| exp - now()).ok_or(())
}

#[expect(clippy::disallowed_methods, reason = "tokens name the time of day")]
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since
        .expect("a clock")
        .as_secs()
        .try_into()
        .expect("a date")
}

impl Shared {
    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().expect("seen")
    }

    fn manners(&self) -> Manners {
        self.manners.lock().expect("manners").clone()
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut talks = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        talks.spawn(serve(stream, shared.clone()));
        while talks.try_join_next().is_some() {}
    }
}

async fn serve(mut stream: TcpStream, shared: Arc<Shared>) {
    stream.set_nodelay(true).expect("an option");
    let mut first = [0];
    match stream.peek(&mut first).await {
        Ok(1) if first != [22] => {
            shared
                .seen()
                .handshake_errors
                .push("first record does not look like a TLS handshake".into());
            let _ = stream.write_all(PLAIN).await;
            return;
        }
        _ => {}
    }
    let identity = shared.identity.lock().expect("identity").clone();
    let acceptor = TlsAcceptor::from(identity.serves(ANY_TLS));
    let stream = match acceptor.accept(stream).into_fallible().await {
        Ok(stream) => stream,
        Err((error, mut stream)) => {
            let words = format!("TLS handshake error: {error}");
            shared.seen().handshake_errors.push(words);
            let _ = stream.shutdown().await;
            let _ = stream.read_to_end(&mut Vec::new()).await;
            return;
        }
    };
    shared.seen().handshakes += 1;
    let service = hyper::service::service_fn(|request| answer(request, shared.clone()));
    let http = hyper::server::conn::http1::Builder::new();
    let _ = http
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades()
        .await;
}

type Answer = Response<Full<Bytes>>;

fn reply(status: StatusCode, body: impl Into<Bytes>) -> Answer {
    let mut reply = Response::new(Full::new(body.into()));
    *reply.status_mut() = status;
    reply
}

async fn answer(request: Request<Incoming>, shared: Arc<Shared>) -> Result<Answer, Infallible> {
    let key = request.headers().get("x-api-key");
    let key = key.map(|key| key.to_str().expect("text").to_owned());
    let path = request.uri().path().to_owned();
    let method = request.method().clone();
    shared
        .seen()
        .requests
        .push((method.to_string(), path.clone(), key.clone()));
    let manners = shared.manners();
    Ok(match (method, path.as_str()) {
        (Method::GET, "/health") if manners.health => reply(StatusCode::OK, "{}"),
        (Method::POST, "/api/info") if key.as_ref() != Some(&manners.api_key) => {
            reply(StatusCode::UNAUTHORIZED, "")
        }
        (Method::POST, "/api/info") => {
            let body = request
                .into_body()
                .collect()
                .await
                .map(|body| body.to_bytes());
            let is_object = body.is_ok_and(|body| body.as_ref() == b"{}");
            let error = manners.error.or((!is_object).then_some(107));
            let answer = match error {
                Some(code) => json!({"error": {"code": code, "message": "bad request"}}),
                None => json!({"result": {"nodes": manners.nodes}}),
            };
            reply(
                StatusCode::OK,
                manners.raw_info.unwrap_or(answer.to_string()),
            )
        }
        (Method::GET, "/connection/websocket") => upgrade(request, shared),
        _ => reply(StatusCode::NOT_FOUND, "404 page not found\n"),
    })
}

fn upgrade(request: Request<Incoming>, shared: Arc<Shared>) -> Answer {
    let Some(key) = request.headers().get("sec-websocket-key") else {
        return reply(StatusCode::BAD_REQUEST, "Bad Request\n");
    };
    let accept = derive_accept_key(key.as_bytes());
    tokio::spawn(async move {
        let Ok(upgraded) = hyper::upgrade::on(request).await else {
            return;
        };
        shared.seen().clients += 1;
        let upgraded = TokioIo::new(upgraded);
        let socket = WebSocketStream::from_raw_socket(upgraded, Role::Server, None).await;
        let goodbye = client(socket, &shared).await;
        let mut seen = shared.seen();
        seen.clients -= 1;
        match goodbye {
            Some(code) => seen.goodbyes.push(code),
            None => seen.vanished += 1,
        }
    });
    let mut answer = reply(StatusCode::SWITCHING_PROTOCOLS, "");
    let headers = answer.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    let accept = HeaderValue::from_str(&accept).expect("a header");
    headers.insert("sec-websocket-accept", accept);
    answer
}

type Socket = WebSocketStream<TokioIo<hyper::upgrade::Upgraded>>;

/// One client, to its end: the code of its close frame, if it sent one.
async fn client(mut socket: Socket, shared: &Shared) -> Option<Option<u16>> {
    let manners = shared.manners();
    let mut closes = shared.close.subscribe();
    let period = Duration::from_secs(manners.ping.max(1).into());
    let mut pings = tokio::time::interval(period);
    pings.reset();
    let mut expires: Option<tokio::time::Instant> = None;
    let mut unanswered = 0;
    loop {
        let close = tokio::select! {
            message = socket.next() => match message {
                Some(Ok(Message::Text(text))) => {
                    let mut close = None;
                    for line in text.lines() {
                        if line == "{}" {
                            shared.seen().pongs += 1;
                            unanswered = 0;
                            continue;
                        }
                        let command: Value = serde_json::from_str(line).expect("JSON");
                        match command_of(&command, shared) {
                            Ok((said, ttl)) => {
                                expires = ttl.map(|ttl| tokio::time::Instant::now() + ttl + manners.grace);
                                let _ = socket.send(Message::text(said)).await;
                            }
                            Err(why) => close = Some(why),
                        }
                    }
                    close
                }
                Some(Ok(Message::Close(frame))) => {
                    // The answer to it goes out with the end of the stream.
                    while let Some(Ok(_)) = socket.next().await {}
                    return Some(frame.map(|frame| frame.code.into()));
                }
                Some(Ok(_)) => None,
                Some(Err(_)) | None => return None,
            },
            _ = pings.tick(), if manners.ping > 0 && manners.pings => {
                if unanswered > 0 && manners.pong {
                    Some((3012, "no pong".to_owned()))
                } else {
                    unanswered += 1;
                    let _ = socket.send(Message::text("{}")).await;
                    None
                }
            }
            () = until(expires) => Some((3005, "connection expired".to_owned())),
            _ = closes.changed() => {
                let (_, code, reason) = closes.borrow().clone();
                Some((code, reason))
            }
        };
        if let Some((code, reason)) = close {
            shared.seen().refused.push(code.into());
            let frame = CloseFrame {
                code: code.into(),
                reason: reason.as_str().into(),
            };
            let _ = socket.close(Some(frame)).await;
            let rest = async { while let Some(Ok(_)) = socket.next().await {} };
            let _ = tokio::time::timeout(Duration::from_secs(1), rest).await;
            return Some(Some(code));
        }
    }
}

/// What is said to a command and how long its token serves; or what the connection is closed with.
fn command_of(
    command: &Value,
    shared: &Shared,
) -> Result<(String, Option<Duration>), (u16, String)> {
    let manners = shared.manners();
    let id = &command["id"];
    let refuse = |code: u32, message: &str| {
        shared.seen().refused.push(code);
        let error = json!({"id": id, "error": {"code": code, "message": message}});
        Ok((error.to_string(), None))
    };
    let is_refresh = command["refresh"].is_object();
    let shown = match is_refresh {
        true => &command["refresh"]["token"],
        false => &command["connect"]["token"],
    };
    if let Some(code) = manners.refresh_error.filter(|_| is_refresh) {
        return refuse(code, "not now");
    }
    if let Some(close) = manners.closes.filter(|_| !is_refresh) {
        return Err(close);
    }
    if let Some(greeting) = manners.greeting.filter(|_| !is_refresh) {
        return Ok((greeting, None));
    }
    let Some(token) = shown.as_str() else {
        return Err((3501, "bad request".into()));
    };
    let left = verify(token).map_err(|()| (3500, "invalid token".to_owned()))?;
    let Some(left) = u64::try_from(left).ok().filter(|left| *left > 0) else {
        return refuse(109, "token expired");
    };
    let left = manners.ttl.unwrap_or(left);
    let mut seen = shared.seen();
    let said = if is_refresh {
        seen.refreshed.push(token.to_owned());
        json!({"id": id, "refresh": {"client": "c", "version": "6.2.0", "expires": true, "ttl": left}})
    } else {
        assert_eq!(command["connect"]["name"], "syncwatch");
        seen.connected.push(token.to_owned());
        json!({"id": id, "connect": {"client": "c", "version": "6.2.0", "expires": true, "ttl": left,
            "ping": manners.ping, "pong": manners.pong, "session": "s"}})
    };
    let mut lines = vec![said.to_string()];
    lines.extend(manners.batch.iter().filter(|_| !is_refresh).cloned());
    Ok((lines.join("\n"), Some(Duration::from_secs(left))))
}

async fn until(moment: Option<tokio::time::Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment).await,
        None => std::future::pending().await,
    }
}
