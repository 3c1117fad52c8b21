//! The log where systemd's journal takes it: a line begins with its priority (sd-daemon(3)), so that `journalctl -p`
//! and its colours tell a warning from the rest; the time, the journal writes itself.

use std::ffi::OsStr;
use std::fmt;

use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::FmtContext;
use tracing_subscriber::fmt::format::{FormatEvent, FormatFields, Writer};
use tracing_subscriber::registry::LookupSpan;

/// A line for the journal.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line;

/// Whether standard error is the journal. `variable` is `JOURNAL_STREAM`, which whatever we start inherits too, with
/// another standard error as it may be: it names the device and the inode that it is about (systemd.exec(5)).
pub(super) fn is_the_journal(variable: Option<&OsStr>) -> bool {
    let here = standard_error();
    here.is_some() && here.as_deref() == variable.and_then(OsStr::to_str)
}

#[cfg(target_os = "linux")]
fn standard_error() -> Option<String> {
    let file = rustix::fs::fstat(std::io::stderr()).ok()?;
    Some(format!("{}:{}", file.st_dev, file.st_ino))
}

#[cfg(not(target_os = "linux"))]
fn standard_error() -> Option<String> {
    None
}

impl<S, F> FormatEvent<S, F> for Line
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    F: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, F>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        write!(writer, "<{}>", priority(*event.metadata().level()))?;
        context
            .field_format()
            .format_fields(writer.by_ref(), event)?;
        writeln!(writer)
    }
}

/// As syslog(3) counts.
fn priority(level: Level) -> u8 {
    match level {
        Level::ERROR => 3,
        Level::WARN => 4,
        Level::INFO => 6,
        Level::DEBUG | Level::TRACE => 7,
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("unpoisoned").extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_line_begins_with_its_priority() {
        let written = Written::default();
        let writer = written.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_ansi(false)
            .event_format(Line)
            .with_writer(move || writer.clone());
        tracing::subscriber::with_default(subscriber.finish(), || {
            tracing::info!("nas  Connected.");
            tracing::warn!("nas  Disconnected.");
            tracing::error!("It ended.");
        });
        let written = written.0.lock().expect("unpoisoned").clone();
        assert_eq!(
            String::from_utf8(written).expect("text"),
            "<6>nas  Connected.\n<4>nas  Disconnected.\n<3>It ended.\n"
        );
    }

    #[test]
    fn only_the_stream_that_is_meant_is_the_journal() {
        assert!(!is_the_journal(None));
        assert!(!is_the_journal(Some(OsStr::new(""))));
        assert!(!is_the_journal(Some(OsStr::new("0:0"))));
        let here = standard_error().unwrap_or_default();
        assert_eq!(
            is_the_journal(Some(OsStr::new(&here))),
            cfg!(target_os = "linux")
        );
    }
}
