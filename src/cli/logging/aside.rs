//! The log of an engine, written beside it: a terminal that is stopped, a pipe that nobody empties, a full disk hold up
//! nobody; whoever read the log may go.
//!
//! Invariant: a line is either written whole or left out, and what was left out is said once lines can be written again.

use std::io::{self, Write};
use std::time::Duration;

use tracing::warn;

use crate::engine::writer::{Sink, Writer};

/// What waits to be written at most; bytes.
const MOST_WAITING: usize = 64 * 1024;
/// How long the last lines are waited for at the end.
const FAREWELL: Duration = Duration::from_millis(500);

/// The log of this process; to be finished at its end.
#[derive(Debug, Default)]
pub struct Log(Option<Lines>);

/// Takes lines, one for each call.
#[derive(Clone, Debug)]
pub(super) struct Lines(Writer<Vec<u8>>);

/// A writer whose trouble is nobody else's.
pub(super) struct Forgiving<W>(pub(super) W);

/// Where lines end up.
struct Paper {
    out: Box<dyn Write + Send>,
    /// Lines that are missing, which was not said yet.
    missing: u64,
    failing: bool,
}

impl Log {
    /// To standard error, on a thread of its own.
    pub(super) fn beside() -> Self {
        let paper = Paper {
            out: standard_error(),
            missing: 0,
            failing: false,
        };
        Self(Some(Lines(Writer::new("log", MOST_WAITING, paper))))
    }

    pub(super) fn writer(&self) -> Option<Lines> {
        self.0.clone()
    }

    /// Waits a moment for the last lines.
    pub fn finish(self) {
        if let Some(Lines(writer)) = self.0 {
            writer.finish(FAREWELL);
        }
    }
}

/// A handle of our own: that of the library is locked while it is written to, and others complain there.
#[cfg(unix)]
fn standard_error() -> Box<dyn Write + Send> {
    use std::os::fd::AsFd;
    match io::stderr().as_fd().try_clone_to_owned() {
        Ok(own) => Box::new(std::fs::File::from(own)),
        Err(_) => Box::new(io::sink()),
    }
}

/// An old console of Windows takes colours by calls, not by escape sequences.
#[cfg(not(unix))]
fn standard_error() -> Box<dyn Write + Send> {
    Box::new(anstream::AutoStream::always(io::stderr()))
}

impl Write for Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.put(line.to_vec(), line.len());
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<W: Write> Write for Forgiving<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.0.write(bytes) {
            Ok(written) if written > 0 => Ok(written),
            _ => Ok(bytes.len()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        let _ = self.0.flush();
        Ok(())
    }
}

impl Sink<Vec<u8>> for Paper {
    fn write(&mut self, line: Vec<u8>) {
        self.failing = self.out.write_all(&line).is_err();
        self.missing += u64::from(self.failing);
        self.say();
    }

    fn left_out(&mut self, count: u64) {
        self.missing += count;
        self.say();
    }
}

impl Paper {
    /// Says what is missing, as the next line.
    fn say(&mut self) {
        if self.missing > 0 && !self.failing {
            let missing = std::mem::take(&mut self.missing);
            warn!(
                "{missing} lines of this log are missing here: they could not be written in time"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tracing::subscriber::with_default;

    #[test]
    fn a_log_that_cannot_be_written_hurts_nobody() {
        struct Full;
        impl Write for Full {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::StorageFull.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
        }
        let subscriber = tracing_subscriber::fmt().with_writer(|| Forgiving(Full));
        with_default(subscriber.finish(), || tracing::error!("a line"));
        let mut paper = Paper {
            out: Box::new(Full),
            missing: 0,
            failing: false,
        };
        paper.write(b"a line\n".to_vec());
        paper.left_out(4);
        assert_eq!(paper.missing, 5);
        paper.out = Box::new(io::sink());
        paper.write(b"a line\n".to_vec());
        assert_eq!(paper.missing, 0);
    }
}
