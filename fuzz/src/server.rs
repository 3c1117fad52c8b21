//! A server of any kind that answers what such a server does, varied, until the bytes are used up.

use std::sync::{Mutex, PoisonError};

use reqwest::header::HeaderMap;
use serde_json::{Value, json};
use syncwatch::config;
use syncwatch::core::{Class, Fault, Kind, Settings};
use syncwatch::services::link::Ask;
use syncwatch::tls::{Reply, Request, Upgraded, WebSocket};
use tokio::io::{AsyncWriteExt as _, DuplexStream};

use super::dice::Dice;

/// Bytes of a message that a websocket takes.
const LIMIT: usize = 1 << 20;

macro_rules! recorded {
    ($file:literal) => {
        include_str!(concat!(
            "../../tests/fixtures/syncthing/1.29.5/",
            $file,
            ".json"
        ))
    };
}

/// What is asked of the server, and so which kind it is.
pub fn settings(dice: &mut Dice) -> Settings {
    let kind = Kind::ALL[usize::from(dice.byte()) % Kind::ALL.len()];
    let more = match kind {
        Kind::Http => {
            "expect = ['/status == \"ok\"', '/n < 4', '/list/0 exists']\nexpect-header = ['X-A: b']"
        }
        Kind::Weechat | Kind::Syncthing => "",
        Kind::Centrifugo => "api-key = 'secret'\nwebsocket = '/connection/websocket'",
        Kind::Websocket => "subprotocol = 'mqtt'",
    };
    let scheme = if kind == Kind::Websocket {
        "wss"
    } else {
        "https"
    };
    let text = format!(
        "[[instance]]\nname = 'x'\nkind = '{}'\nurl = '{scheme}://127.0.0.1:1/'\n{more}",
        kind.name()
    );
    let (config, _) = config::parse(&text, "config.toml".as_ref()).expect("a config");
    Settings::clone(&config.instances[0].settings)
}

pub struct Server {
    kind: Kind,
    dice: Mutex<Dice>,
}

impl Server {
    pub fn new(settings: &Settings, dice: Dice) -> Self {
        Self {
            kind: settings.kind(),
            dice: Mutex::new(dice),
        }
    }

    fn answer(&self, path: &str) -> Result<Reply, Fault> {
        let mut dice = self.dice.lock().unwrap_or_else(PoisonError::into_inner);
        if dice.is_used_up() {
            return Err(Fault::new(Class::Refused));
        }
        let status = match dice.once_in(64) {
            true => u16::from(dice.byte()) * 3 % 600,
            false if self.kind == Kind::Websocket => 400,
            false => 200,
        };
        let body = match dice.once_in(32) {
            true => dice.raw(),
            false => {
                let usual = usual(path);
                dice.vary(&usual).to_string().into_bytes()
            }
        };
        let mut headers = HeaderMap::new();
        if let Ok(value) = dice.text().try_into() {
            headers.insert("x-a", value);
        }
        Ok(Reply {
            status,
            served: None,
            headers,
            body,
        })
    }

    /// What comes over a websocket, frame by frame.
    fn frames(&self) -> Vec<u8> {
        let mut dice = self.dice.lock().unwrap_or_else(PoisonError::into_inner);
        let mut bytes = Vec::new();
        for message in messages(self.kind) {
            for _ in 0..=u8::from(dice.once_in(8)) {
                frame(0x81, dice.vary(&message).to_string().as_bytes(), &mut bytes);
            }
        }
        while !dice.is_used_up() {
            match dice.byte() % 4 {
                0 => bytes.extend(dice.raw()),
                opcode => {
                    let payload = dice.raw();
                    frame(
                        [0x80, 0x81, 0x88, 0x89][usize::from(opcode)],
                        &payload,
                        &mut bytes,
                    );
                }
            }
        }
        bytes
    }
}

impl Ask for Server {
    fn generation(&self) -> u64 {
        1
    }

    async fn send(&self, request: Request<'_>) -> Result<Reply, Fault> {
        self.answer(request.path)
    }

    async fn upgrade(&self, request: &Request<'_>, _: Option<&str>) -> Result<Upgraded, Fault> {
        let reply = self.answer(request.path)?;
        if reply.status != 200 {
            return Ok(Upgraded::Declined(reply));
        }
        let bytes = self.frames();
        let (ours, theirs) = tokio::io::duplex(LIMIT);
        tokio::spawn(say(theirs, bytes));
        Ok(Upgraded::Open(WebSocket::over(ours, None, LIMIT).await))
    }
}

/// Sends all of it and no more, and hears the peer out.
async fn say(mut connection: DuplexStream, bytes: Vec<u8>) {
    let sent = connection.write_all(&bytes).await;
    if sent.is_ok() && connection.shutdown().await.is_ok() {
        let _ = tokio::io::copy(&mut connection, &mut tokio::io::sink()).await;
    }
}

/// A frame as a server sends it, unmasked (RFC 6455, section 5.2).
fn frame(first: u8, payload: &[u8], bytes: &mut Vec<u8>) {
    bytes.push(first);
    match payload.len() {
        length @ 0..=125 => bytes.extend([length as u8]),
        length @ 126..=0xffff => {
            bytes.push(126);
            bytes.extend((length as u16).to_be_bytes());
        }
        length => {
            bytes.push(127);
            bytes.extend((length as u64).to_be_bytes());
        }
    }
    bytes.extend(payload);
}

/// What such a server answers.
fn usual(path: &str) -> Value {
    let text = match path.split('?').next().unwrap_or_default() {
        "/rest/system/status" => recorded!("status"),
        "/rest/system/version" => recorded!("version"),
        "/rest/config" => recorded!("config"),
        "/rest/stats/device" => recorded!("stats-device"),
        "/rest/stats/folder" => recorded!("stats-folder"),
        "/rest/cluster/pending/devices" => recorded!("pending-devices"),
        "/rest/cluster/pending/folders" => recorded!("pending-folders"),
        "/rest/system/error" => recorded!("errors"),
        "/rest/system/connections" => recorded!("connections"),
        "/rest/db/status" => recorded!("db-status-photos"),
        "/rest/db/completion" => recorded!("completion-b"),
        "/rest/events" => recorded!("events"),
        "/rest/events/disk" => recorded!("events-disk"),
        "/rest/config/restart-required" => recorded!("restart"),
        "/api/handshake" => {
            r#"{"password_hash_algo": "sha256", "password_hash_iterations": 100000, "totp": false}"#
        }
        "/api/info" => {
            r#"{"result": {"nodes": [{"uid": "a", "name": "n", "version": "6.2.0", "num_clients": 3, "num_users": 2, "num_channels": 1, "uptime": 99}]}}"#
        }
        _ => r#"{"status": "ok", "n": 3, "list": [{}]}"#,
    };
    serde_json::from_str(text).expect("JSON")
}

/// What such a server says over a websocket by itself, and as answers in the order of the usual questions.
fn messages(kind: Kind) -> Vec<Value> {
    let answer = |body: Value| json!({"code": 200, "message": "OK", "body": body});
    match kind {
        Kind::Weechat => vec![
            answer(json!({"weechat_version": "4.6.3", "relay_api_version": "0.2.0"})),
            answer(Value::Null),
            answer(json!([{"id": 2, "name": "irc.libera.#chan", "short_name": "#chan"}])),
            answer(json!([{"buffer_id": 2, "priority": 3, "count": [1, 2, 3, 4]}])),
            answer(json!([{"displayed": true, "notify_level": 3, "message": "hi", "tags": ["a"]}])),
            json!({"code": 0, "event_name": "buffer_line_added", "buffer_id": 2,
                "body": {"displayed": true, "notify_level": 3, "message": "x"}}),
            json!({"code": 0, "event_name": "upgrade", "body": null}),
        ],
        Kind::Centrifugo => vec![
            json!({"id": 1, "connect": {"client": "a", "version": "6.2.0", "expires": true, "ttl": 600, "ping": 25, "pong": true}}),
            json!({}),
            json!({"id": 2, "refresh": {"expires": true, "ttl": 600}}),
            json!({"id": 2, "error": {"code": 109, "message": "token expired"}}),
            json!({"push": {"disconnect": {"code": 3005, "reason": "expired"}}}),
        ],
        _ => vec![json!({"hello": "there"})],
    }
}
