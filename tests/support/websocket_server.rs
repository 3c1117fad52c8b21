//! A websocket server of the tests on 127.0.0.1, with TLS or without: as a tunnel it answers a plain GET with 400, opens
//! what asks for an upgrade, says nothing, and notes what it was given. It ends when it is dropped.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::StreamExt as _;
use rustls::server::ServerConfig;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;

/// What it does once a websocket is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// Opens it and waits for the goodbye.
    Polite,
    /// Sends these bytes as they are, then FIN without close_notify.
    Fin(&'static [u8]),
    /// Sends these bytes as they are, then RST.
    Reset(&'static [u8]),
    /// Sends these bytes as they are, and waits.
    Say(&'static [u8]),
    /// Answers with the key of another question.
    WrongKey,
    /// Answers with this subprotocol, whatever was asked for.
    Chooses(&'static str),
    /// Answers a plain GET with 101.
    Eager,
    /// Answers nothing to a plain GET.
    HangsUp,
}

/// What one connection brought.
#[derive(Clone, Debug, Default)]
pub struct Meeting {
    /// The head of the request; empty where there was none.
    pub head: String,
    /// It asked for a websocket.
    pub upgrade: bool,
    /// The code of the goodbye.
    pub closed: Option<u16>,
    /// TLS ended with the client's close_notify.
    pub orderly: bool,
    pub ended: bool,
}

pub struct WebsocketServer {
    pub address: SocketAddr,
    meetings: Arc<Mutex<Vec<Meeting>>>,
    accepting: JoinHandle<()>,
}

type Configs = Arc<dyn Fn(usize) -> Arc<ServerConfig> + Send + Sync>;

impl WebsocketServer {
    /// Without TLS, as behind a proxy.
    pub async fn plain(manner: Manner) -> Self {
        let any: SocketAddr = ([127, 0, 0, 1], 0).into();
        Self::listen(any, None, manner).await
    }

    /// The same on an address that was in use before.
    pub async fn plain_at(address: SocketAddr) -> Self {
        Self::listen(address, None, Manner::Polite).await
    }

    /// With TLS; each connection has its own settings.
    pub async fn tls(
        configs: impl Fn(usize) -> Arc<ServerConfig> + Send + Sync + 'static,
        manner: Manner,
    ) -> Self {
        let any: SocketAddr = ([127, 0, 0, 1], 0).into();
        Self::listen(any, Some(Arc::new(configs)), manner).await
    }

    /// Every connection, in order.
    pub fn meetings(&self) -> Vec<Meeting> {
        self.meetings.lock().expect("meetings").clone()
    }

    /// Everything that was asked.
    pub fn heard(&self) -> String {
        self.meetings().into_iter().map(|one| one.head).collect()
    }

    /// Waits until a connection satisfies `done`.
    pub async fn until(&self, what: &str, done: impl Fn(&Meeting) -> bool) -> Meeting {
        let met = async {
            loop {
                if let Some(met) = self.meetings().into_iter().find(&done) {
                    return met;
                }
                tokio::task::yield_now().await;
            }
        };
        let met = tokio::time::timeout(Duration::from_secs(20), met).await;
        met.unwrap_or_else(|_| panic!("never {what}: {:?}", self.meetings()))
    }

    async fn listen(address: SocketAddr, configs: Option<Configs>, manner: Manner) -> Self {
        let listener = TcpListener::bind(address).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let meetings = Arc::<Mutex<Vec<Meeting>>>::default();
        let theirs = meetings.clone();
        let accepting = tokio::spawn(async move {
            let mut talks = JoinSet::new();
            for number in 0.. {
                let (stream, _) = listener.accept().await.expect("a connection");
                theirs.lock().expect("meetings").push(Meeting::default());
                let (configs, meetings) = (configs.clone(), theirs.clone());
                talks.spawn(async move {
                    let note = |change: &dyn Fn(&mut Meeting)| {
                        change(&mut meetings.lock().expect("meetings")[number]);
                    };
                    match configs {
                        None => meet(stream, manner, &note).await,
                        Some(configs) => over_tls(stream, configs(number), manner, &note).await,
                    }
                    note(&|one| one.ended = true);
                });
            }
        });
        Self {
            address,
            meetings,
            accepting,
        }
    }
}

impl Drop for WebsocketServer {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn over_tls(
    stream: TcpStream,
    config: Arc<ServerConfig>,
    manner: Manner,
    note: &(impl Fn(&dyn Fn(&mut Meeting)) + Sync),
) {
    if let Ok(stream) = TlsAcceptor::from(config).accept(stream).await {
        meet(stream, manner, note).await;
    }
}

/// A connection that can be broken off.
trait Breakable: AsyncRead + AsyncWrite + Unpin + Send {
    /// The connection below TLS.
    fn tcp(&mut self) -> &mut TcpStream;
}

impl Breakable for TcpStream {
    fn tcp(&mut self) -> &mut TcpStream {
        self
    }
}

impl Breakable for tokio_rustls::server::TlsStream<TcpStream> {
    fn tcp(&mut self) -> &mut TcpStream {
        self.get_mut().0
    }
}

async fn meet<S: Breakable>(
    mut stream: S,
    manner: Manner,
    note: &(impl Fn(&dyn Fn(&mut Meeting)) + Sync),
) {
    let Some(head) = read_head(&mut stream).await else {
        return;
    };
    let key = header(&head, "sec-websocket-key");
    note(&|one| {
        one.upgrade = key.is_some();
        one.head.clone_from(&head);
    });
    let Some(key) = key else {
        let answer: &[u8] = match manner {
            Manner::Eager => b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
            Manner::HangsUp => b"",
            // As EasyTier does: no length, and the connection ends.
            _ => b"HTTP/1.1 400 Bad Request\r\n\r\n",
        };
        let _ = stream.write_all(answer).await;
        let _ = stream.tcp().shutdown().await;
        return;
    };
    let key = match manner {
        Manner::WrongKey => derive_accept_key(b"another question"),
        _ => derive_accept_key(key.as_bytes()),
    };
    let chosen = match manner {
        Manner::Chooses(name) => Some(name.to_owned()),
        _ => header(&head, "sec-websocket-protocol"),
    };
    let chosen = chosen.map(|name| format!("Sec-WebSocket-Protocol: {name}\r\n"));
    let answer = format!(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: {key}\r\n{}\r\n",
        chosen.unwrap_or_default()
    );
    let _ = stream.write_all(answer.as_bytes()).await;
    match manner {
        Manner::Fin(bytes) | Manner::Reset(bytes) | Manner::Say(bytes) => {
            let _ = stream.write_all(bytes).await;
            let _ = stream.flush().await;
            match manner {
                Manner::Fin(_) => drop(stream.tcp().shutdown().await),
                Manner::Reset(_) => return stream.tcp().set_zero_linger().expect("linger"),
                _ => {}
            }
            super::tls_server::drain(&mut stream).await;
        }
        _ => wait_for_goodbye(stream, note).await,
    }
}

async fn wait_for_goodbye<S: Breakable>(stream: S, note: &(impl Fn(&dyn Fn(&mut Meeting)) + Sync)) {
    let mut socket = WebSocketStream::from_raw_socket(stream, Role::Server, None).await;
    while let Some(Ok(message)) = socket.next().await {
        if let Message::Close(frame) = message {
            note(&|one| one.closed = frame.as_ref().map(|frame| frame.code.into()));
        }
    }
    let rest = socket.get_mut().read(&mut [0; 16]).await;
    // `Ok(0)` stands for a close_notify; without one rustls reports an error.
    note(&|one| one.orderly = matches!(rest, Ok(0)));
}

async fn read_head(stream: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    String::from_utf8(head).ok()
}

fn header(head: &str, name: &str) -> Option<String> {
    head.lines().find_map(|line| {
        let (found, value) = line.split_once(": ")?;
        found.eq_ignore_ascii_case(name).then(|| value.to_owned())
    })
}
