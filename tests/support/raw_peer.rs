//! Peers on 127.0.0.1 that speak no TLS of their own: they refuse, reset, hang up, stay silent or say the wrong thing.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use super::tls_server::drain;

/// What it does with each connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// Nothing listens.
    Refuse,
    /// RST after the ClientHello.
    Reset,
    /// Closes while the ClientHello is still unread.
    CloseUnread,
    /// FIN after the ClientHello.
    Fin,
    /// Accepts and says nothing.
    Silent,
    /// Says this after the ClientHello, then FIN.
    Say(&'static [u8]),
    /// Says this once a line has ended, as servers without TLS do: to them a ClientHello is half a request line.
    Wait(&'static [u8]),
    /// Says this at once, and listens.
    Greet(&'static [u8]),
    /// Sends a fatal TLS alert with this number after the ClientHello.
    Alert(u8),
}

pub struct RawPeer {
    pub address: SocketAddr,
    accepting: Option<JoinHandle<()>>,
}

impl RawPeer {
    pub async fn new(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let accepting = (manner != Manner::Refuse).then(|| {
            tokio::spawn(async move {
                let mut meetings = JoinSet::new();
                loop {
                    let (stream, _) = listener.accept().await.expect("a connection");
                    meetings.spawn(meet(stream, manner));
                }
            })
        });
        Self { address, accepting }
    }

    pub fn url(&self) -> String {
        format!("https://{}", self.address)
    }
}

impl Drop for RawPeer {
    fn drop(&mut self) {
        if let Some(accepting) = &self.accepting {
            accepting.abort();
        }
    }
}

async fn meet(mut stream: TcpStream, manner: Manner) {
    match manner {
        Manner::Refuse => {}
        Manner::Silent => drain(&mut stream).await,
        Manner::Reset => {
            read_hello(&mut stream).await;
            stream.set_zero_linger().expect("linger");
        }
        Manner::CloseUnread => stream.readable().await.expect("a ClientHello"),
        Manner::Fin => hang_up(stream, &[]).await,
        Manner::Say(words) => hang_up(stream, words).await,
        Manner::Alert(number) => hang_up(stream, &[21, 3, 3, 0, 2, 2, number]).await,
        Manner::Wait(words) => {
            read_hello(&mut stream).await;
            let mut end = [0; 4];
            if stream.read_exact(&mut end).await.is_ok() && &end == b"\r\n\r\n" {
                let _ = stream.write_all(words).await;
                let _ = stream.shutdown().await;
            }
            drain(&mut stream).await;
        }
        Manner::Greet(words) => {
            let _ = stream.write_all(words).await;
            drain(&mut stream).await;
        }
    }
}

async fn hang_up(mut stream: TcpStream, words: &[u8]) {
    read_hello(&mut stream).await;
    let _ = stream.write_all(words).await;
    let _ = stream.shutdown().await;
    drain(&mut stream).await;
}

/// Exactly one TLS record, so that nothing unread turns a FIN into a reset.
async fn read_hello(stream: &mut TcpStream) {
    let mut head = [0; 5];
    stream.read_exact(&mut head).await.expect("a record's head");
    let length = usize::from(u16::from_be_bytes([head[3], head[4]]));
    let mut rest = vec![0; length];
    stream.read_exact(&mut rest).await.expect("a record");
}
