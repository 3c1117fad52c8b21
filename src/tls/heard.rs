//! A stream that is listened to: it counts what passes and keeps what the peer said first.
//!
//! Invariant: it never writes more than it is given, but for the end of a line to a peer that says nothing at all.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};

use crate::core::{Class, Fault};

/// What is kept of the first words of a peer, bytes.
const FIRST_WORDS: usize = 80;
/// To a server without TLS a handshake is the beginning of a request line; many wait for its end before they complain.
const END_OF_LINE: &[u8] = b"\r\n\r\n";
/// The first byte of an alert and of a handshake.
const TLS: [u8; 2] = [21, 22];

/// Passes everything through.
pub(super) struct Heard<S> {
    stream: S,
    first: Vec<u8>,
    /// Bytes that were written.
    pub(super) sent: u64,
    /// Bytes that were read.
    pub(super) received: u64,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Heard<S> {
    pub(super) fn new(stream: S) -> Self {
        Self {
            stream,
            first: Vec::new(),
            sent: 0,
            received: 0,
        }
    }

    /// What a peer is that did not finish a handshake in time: `NotTls` when it answers the end of a line in words.
    pub(super) async fn sniff(&mut self, patience: Duration) -> Fault {
        if self.received == 0 {
            let mut word = [0; FIRST_WORDS];
            let words = async {
                self.write_all(END_OF_LINE).await?;
                self.flush().await?;
                self.read(&mut word).await
            };
            // Whatever goes wrong: it said nothing.
            let _ = tokio::time::timeout(patience, words).await;
        }
        match self.first.first() {
            Some(first) if !TLS.contains(first) => Fault::new(Class::NotTls),
            _ => Fault::new(Class::ConnectTimeout),
        }
    }

    /// The first line that the peer said, quoted.
    pub(super) fn first_words(&self) -> String {
        let mut lines = self.first.split(|byte| matches!(byte, b'\r' | b'\n'));
        let line = lines.next().unwrap_or_default();
        format!("it said \"{}\"", line.escape_ascii())
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Heard<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        let heard = buffer.filled().iter().skip(before);
        let number = u64::try_from(heard.len()).unwrap_or(u64::MAX);
        self.received = self.received.saturating_add(number);
        let room = FIRST_WORDS.saturating_sub(self.first.len());
        self.first.extend(heard.take(room));
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Heard<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write(context, bytes))?;
        let number = u64::try_from(written).unwrap_or(u64::MAX);
        self.sent = self.sent.saturating_add(number);
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
