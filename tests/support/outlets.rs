//! What the tests of the page and of the hooks share: a port, a bare request, an engine with its outlets.

use std::net::TcpListener;
use std::time::Duration;

use syncwatch::outlets::Outlets;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::monitor::{DEADLINE, Monitor};

/// An engine with everything that tells others of it.
pub struct Told {
    pub monitor: Monitor,
    _outlets: Outlets,
}

impl Told {
    pub async fn start(config: &str) -> Self {
        let monitor = Monitor::start(config).await;
        let outlets = Outlets::of(monitor.engine());
        Self {
            monitor,
            _outlets: outlets,
        }
    }
}

/// A port of this computer that nobody listens at.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}

/// A whole reply to a bare request; waits until somebody listens.
pub async fn exchange(port: u16, request: &str) -> String {
    let mut stream = connect(port).await;
    // It may be refused before it was read to its end.
    let _ = stream.write_all(request.as_bytes()).await;
    let mut reply = Vec::new();
    let read = tokio::time::timeout(DEADLINE, stream.read_to_end(&mut reply)).await;
    let _ = read.expect("an end in time");
    String::from_utf8(reply).expect("text")
}

/// A GET under the name `127.0.0.1`.
pub async fn get(port: u16, path: &str) -> String {
    exchange(
        port,
        &format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n"),
    )
    .await
}

pub async fn connect(port: u16) -> TcpStream {
    let connected = async {
        loop {
            match TcpStream::connect(("127.0.0.1", port)).await {
                Ok(stream) => return stream,
                Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
            }
        }
    };
    let connected = tokio::time::timeout(DEADLINE, connected).await;
    connected.expect("somebody listens")
}

pub fn status(reply: &str) -> &str {
    reply.split(' ').nth(1).unwrap_or_default()
}

pub fn body(reply: &str) -> &str {
    reply.split_once("\r\n\r\n").map_or("", |(_, body)| body)
}
