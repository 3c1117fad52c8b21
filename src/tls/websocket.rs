//! Websockets over the connections of a [`Client`]: the same verifier, name, secret and classification as any request.
//!
//! Invariant: nothing is written to a peer that the client's generation of pins does not accept; messages are bounded;
//! an end without a close frame is an end, never a message.

use std::fmt;
use std::pin::Pin as Pinned;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use reqwest::StatusCode;
use reqwest::header::{
    CONNECTION, HeaderMap, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY,
    SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::runtime::Handle;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message};

use super::certificate::printable;
use super::classify::{self, Stage};
use super::client::{Client, served};
use super::meter::Meter;
use super::reply::Reply;
use super::request::Request;
use crate::core::{Class, Fault, Pin};

/// How long the peer may take to answer a close frame.
const GOODBYE: Duration = Duration::from_secs(1);
/// What is read and written at once, bytes: a monitor's messages are small.
const BUFFER: usize = 4096;
/// What is shown of a reason that a peer gives, in characters.
const REASON: usize = 120;

/// What came of asking for a websocket.
#[derive(Debug)]
pub enum Upgraded {
    Open(WebSocket),
    /// A whole reply that is none: the words of a proxy, a login, a page.
    Declined(Reply),
}

/// An open websocket. [`Self::close`] says goodbye; dropping it does the same, and waits for nothing.
pub struct WebSocket {
    /// There until it was closed.
    stream: Option<Stream>,
    /// The certificate of the connection that it goes over.
    pub served: Option<Pin>,
    /// What the peer chose of the subprotocols that were offered.
    pub subprotocol: Option<String>,
    meter: Arc<Meter>,
}

type Stream = WebSocketStream<Pinned<Box<dyn Duplex>>>;

/// What comes over a websocket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Incoming {
    Text(String),
    Binary(Vec<u8>),
    /// The answer to a ping of ours; the peer's own pings are answered without a word.
    Pong,
    /// The peer closed it in order.
    Closed {
        code: Option<u16>,
        reason: String,
    },
    /// The connection ended without a close frame: the process is gone, or it never says goodbye.
    Ended,
}

/// What a websocket can go over.
pub trait Duplex: AsyncRead + AsyncWrite + Send {}

impl<T: AsyncRead + AsyncWrite + Send> Duplex for T {}

impl Client {
    /// Asks for a websocket with a GET. `request.limit` is the largest message that is accepted, in bytes, and
    /// `request.timeout` is for the upgrade alone.
    ///
    /// # Errors
    /// What went wrong on the way; a redirect; an answer that only pretends to be a websocket.
    pub async fn upgrade(
        &self,
        request: &Request<'_>,
        subprotocol: Option<&str>,
    ) -> Result<Upgraded, Fault> {
        self.within(
            request.timeout,
            self.ask_for_websocket(request, subprotocol),
        )
        .await
    }

    async fn ask_for_websocket(
        &self,
        request: &Request<'_>,
        subprotocol: Option<&str>,
    ) -> Result<Upgraded, Fault> {
        let key = generate_key();
        let headers = asking(&key, subprotocol)?;
        let (response, secrets) = self.head(request, headers).await?;
        if response.status() != StatusCode::SWITCHING_PROTOCOLS {
            let reply = self.rest(request, response, &secrets).await?;
            return Ok(Upgraded::Declined(reply));
        }
        let served = served(&response);
        let wrong = |words: &str| {
            Fault::with_detail(Class::NotWebsocket, words)
                .with_served(served.map(|pin| pin.fingerprint))
        };
        let header = |name| response.headers().get(name).map(HeaderValue::as_bytes);
        if header(SEC_WEBSOCKET_ACCEPT) != Some(derive_accept_key(key.as_bytes()).as_bytes()) {
            return Err(wrong("its answer does not fit the question"));
        }
        let chosen = header(SEC_WEBSOCKET_PROTOCOL).map(String::from_utf8_lossy);
        let chosen = chosen.map(|chosen| chosen.into_owned());
        if let Some(chosen) = &chosen
            && subprotocol != Some(chosen)
        {
            let chosen = printable(chosen, REASON);
            return Err(wrong(&format!("it chose the subprotocol '{chosen}'")));
        }
        let connection = response
            .upgrade()
            .await
            .map_err(|error| classify::of_reqwest(&error, Stage::Head))?;
        let mut socket = WebSocket::over(connection, served, request.limit).await;
        socket.subprotocol = chosen;
        socket.meter = Arc::clone(&self.meter);
        Ok(Upgraded::Open(socket))
    }
}

impl WebSocket {
    /// The client's end of a connection that both sides take for a websocket already.
    pub async fn over(
        connection: impl Duplex + 'static,
        served: Option<Pin>,
        limit: usize,
    ) -> Self {
        let config = WebSocketConfig::default()
            .read_buffer_size(BUFFER)
            .write_buffer_size(0)
            .max_write_buffer_size(limit.saturating_add(BUFFER))
            .max_message_size(Some(limit))
            .max_frame_size(Some(limit));
        let connection: Pinned<Box<dyn Duplex>> = Box::pin(connection);
        let stream = WebSocketStream::from_raw_socket(connection, Role::Client, Some(config)).await;
        Self {
            stream: Some(stream),
            served,
            subprotocol: None,
            meter: Arc::default(),
        }
    }

    /// Waits for what comes next. May be cancelled and called again.
    ///
    /// # Errors
    /// `TooLarge` for a message beyond the limit, `BadReply` for what is no websocket, else how the connection broke.
    pub async fn next(&mut self) -> Result<Incoming, Fault> {
        while let Some(stream) = &mut self.stream {
            let message = match stream.next().await {
                Some(Ok(message)) => message,
                Some(Err(error)) => return ended(&error).ok_or_else(|| self.fault(&error)),
                None => return Ok(Incoming::Ended),
            };
            self.meter.received(message.len());
            return Ok(match message {
                Message::Text(text) => Incoming::Text(text.as_str().to_owned()),
                Message::Binary(bytes) => Incoming::Binary(bytes.to_vec()),
                Message::Pong(_) => Incoming::Pong,
                Message::Close(frame) => Incoming::Closed {
                    code: frame.as_ref().map(|frame| frame.code.into()),
                    reason: frame.map_or_else(String::new, |frame| {
                        printable(frame.reason.as_str(), REASON)
                    }),
                },
                Message::Ping(_) | Message::Frame(_) => continue,
            });
        }
        Ok(Incoming::Ended)
    }

    /// Sends a text.
    ///
    /// # Errors
    /// How the connection broke.
    pub async fn send(&mut self, text: impl Into<String>) -> Result<(), Fault> {
        self.put(Message::text(text.into())).await
    }

    /// Asks whether the peer is still there; [`Incoming::Pong`] says so.
    ///
    /// # Errors
    /// How the connection broke.
    pub async fn ping(&mut self) -> Result<(), Fault> {
        self.put(Message::Ping(Vec::new().into())).await
    }

    /// Says goodbye, and waits for the peer's own goodbye for a second at most.
    pub async fn close(mut self) {
        if let Some(stream) = self.stream.take() {
            goodbye(stream).await;
        }
    }

    async fn put(&mut self, message: Message) -> Result<(), Fault> {
        let Some(stream) = &mut self.stream else {
            return Err(Fault::new(Class::Lost));
        };
        self.meter.sent(message.len());
        match stream.send(message).await {
            Ok(()) => Ok(()),
            Err(error) => Err(self.fault(&error)),
        }
    }

    fn fault(&self, error: &Error) -> Fault {
        let fault = match error {
            Error::Capacity(_) => Fault::with_detail(Class::TooLarge, "a message of a websocket"),
            Error::Protocol(_) | Error::Utf8(_) => {
                Fault::with_detail(Class::BadReply, "what came is no websocket message")
            }
            Error::Io(error) => classify::of_error(error, Stage::Head),
            _ => Fault::new(Class::Lost),
        };
        match fault.served {
            Some(_) => fault,
            None => fault.with_served(self.served.map(|pin| pin.fingerprint)),
        }
    }
}

impl Drop for WebSocket {
    fn drop(&mut self) {
        if let (Some(stream), Ok(runtime)) = (self.stream.take(), Handle::try_current()) {
            runtime.spawn(goodbye(stream));
        }
    }
}

async fn goodbye(mut stream: Stream) {
    let frame = CloseFrame {
        code: CloseCode::Normal,
        reason: "".into(),
    };
    let goodbye = async {
        // Where the peer said it first, this only answers.
        let _ = stream.send(Message::Close(Some(frame))).await;
        while let Some(Ok(message)) = stream.next().await {
            if message.is_close() {
                break;
            }
        }
    };
    let _ = tokio::time::timeout(GOODBYE, goodbye).await;
    // Ends TLS in order too, whether or not the peer had anything to say.
    let end = tokio::io::AsyncWriteExt::shutdown(stream.get_mut());
    let _ = tokio::time::timeout(GOODBYE, end).await;
}

/// Without what was said.
impl fmt::Debug for WebSocket {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("WebSocket")
            .field("served", &self.served)
            .field("subprotocol", &self.subprotocol)
            .finish_non_exhaustive()
    }
}

/// The headers that ask for a websocket (RFC 6455, section 4.1).
fn asking(key: &str, subprotocol: Option<&str>) -> Result<HeaderMap, Fault> {
    let unfit = |_| Fault::with_detail(Class::BadSource, "a header cannot hold the subprotocol");
    let mut headers = HeaderMap::new();
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
    let key = HeaderValue::from_str(key).map_err(unfit)?;
    headers.insert(SEC_WEBSOCKET_KEY, key);
    if let Some(subprotocol) = subprotocol {
        let subprotocol = HeaderValue::from_str(subprotocol).map_err(unfit)?;
        headers.insert(SEC_WEBSOCKET_PROTOCOL, subprotocol);
    }
    Ok(headers)
}

/// Whether an error only says that the connection ended, with or without a goodbye.
fn ended(error: &Error) -> Option<Incoming> {
    use std::io::ErrorKind;
    use tokio_tungstenite::tungstenite::error::ProtocolError;
    let gone = match error {
        Error::ConnectionClosed | Error::AlreadyClosed => true,
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => true,
        Error::Io(error) => matches!(
            error.kind(),
            ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset | ErrorKind::BrokenPipe
        ),
        _ => false,
    };
    gone.then_some(Incoming::Ended)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::AsyncWriteExt as _;

    const LIMIT: usize = 1024;

    async fn pair() -> (WebSocket, WebSocketStream<tokio::io::DuplexStream>) {
        let (ours, theirs) = tokio::io::duplex(LIMIT * 4);
        let server = WebSocketStream::from_raw_socket(theirs, Role::Server, None).await;
        (WebSocket::over(ours, None, LIMIT).await, server)
    }

    #[tokio::test]
    async fn says_what_came_and_how_it_ended() {
        let (mut client, mut server) = pair().await;
        client.send("question").await.expect("sent");
        let asked = server.next().await.expect("asked").expect("whole");
        assert_eq!(asked, Message::text("question"));
        for message in [Message::Ping(Vec::new().into()), Message::text("answer")] {
            server.send(message).await.expect("answered");
        }
        assert_eq!(client.next().await, Ok(Incoming::Text("answer".into())));
        let frame = CloseFrame {
            code: CloseCode::from(3001),
            reason: "shut\u{202e}down".into(),
        };
        server.close(Some(frame)).await.expect("closed");
        let closed = Incoming::Closed {
            code: Some(3001),
            reason: "shut\u{fffd}down".into(),
        };
        assert_eq!(client.next().await, Ok(closed));
    }

    #[tokio::test]
    async fn an_end_without_goodbye_is_an_end_even_within_a_message() {
        let (mut client, mut server) = pair().await;
        server
            .get_mut()
            .write_all(&[0x81, 20, b'h'])
            .await
            .expect("begun");
        drop(server);
        assert_eq!(client.next().await, Ok(Incoming::Ended));
    }

    #[tokio::test]
    async fn a_message_beyond_the_limit_is_not_kept() {
        let (mut client, mut server) = pair().await;
        let large = Message::text("x".repeat(LIMIT + 1));
        server.send(large).await.expect("sent");
        let fault = client.next().await.expect_err("too large");
        assert_eq!(fault.class, Class::TooLarge);
    }

    #[tokio::test]
    async fn closes_in_order() {
        let (client, mut server) = pair().await;
        let closing = tokio::spawn(client.close());
        assert!(matches!(server.next().await, Some(Ok(Message::Close(_)))));
        assert!(server.next().await.is_none());
        closing.await.expect("closed");
    }
}
