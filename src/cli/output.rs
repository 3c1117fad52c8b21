//! Standard output and error: colours, width, JSON.
//!
//! Invariant: no colour and no cursor movement reaches what is no terminal, unless `--color always` asks for it.

use std::io::{self, IsTerminal, Write};

use anstream::{AutoStream, ColorChoice};
use jiff::tz::TimeZone;
use serde::Serialize;

use super::args::Color;
use crate::core::Timestamp;
use crate::view::Frame;
use crate::view::style::{Line, Page, clean_json};

/// Where nothing else is known.
const USUAL_WIDTH: usize = 80;

/// Where results go.
#[derive(Clone, Copy, Debug)]
pub struct Output {
    choice: ColorChoice,
}

impl Output {
    pub fn new(color: Color) -> Self {
        let choice = match color {
            Color::Auto => ColorChoice::Auto,
            Color::Always => ColorChoice::Always,
            Color::Never => ColorChoice::Never,
        };
        Self { choice }
    }

    /// Prints a page to standard output.
    pub fn page(self, page: &Page) -> io::Result<()> {
        let mut out = AutoStream::new(io::stdout().lock(), self.choice);
        out.write_all(page.render(true).as_bytes())?;
        out.flush()
    }

    /// Prints a page to standard error. A standard error that is closed is nothing to fail for.
    pub fn aside(self, page: &Page) {
        let mut out = AutoStream::new(io::stderr().lock(), self.choice);
        let _ = out.write_all(page.render(true).as_bytes());
        let _ = out.flush();
    }

    /// Prints bytes as they are: JSON, completions, an address.
    pub fn raw(self, bytes: &[u8]) -> io::Result<()> {
        let mut out = io::stdout().lock();
        out.write_all(bytes)?;
        out.flush()
    }

    /// Prints a value as JSON over several lines.
    pub fn json<T: Serialize>(self, value: &T) -> io::Result<()> {
        self.print_json(serde_json::to_string_pretty(value)?)
    }

    /// Prints a value as JSON on one line.
    pub fn json_line<T: Serialize>(self, value: &T) -> io::Result<()> {
        self.print_json(serde_json::to_string(value)?)
    }

    /// What stands in it comes from servers: on a terminal it must not turn the text around.
    fn print_json(self, mut text: String) -> io::Result<()> {
        text.push('\n');
        if io::stdout().is_terminal() {
            text = clean_json(&text);
        }
        self.raw(text.as_bytes())
    }

    /// Whether colours go to standard output.
    pub fn colours(self) -> bool {
        AutoStream::new(io::stdout(), self.choice).current_choice() != ColorChoice::Never
    }

    /// Whether colours go to standard error.
    pub fn colours_on_error(self) -> bool {
        AutoStream::new(io::stderr(), self.choice).current_choice() != ColorChoice::Never
    }

    /// Somebody can be asked. Questions go to standard error.
    pub fn is_dialogue(self) -> bool {
        io::stdin().is_terminal() && io::stderr().is_terminal()
    }

    /// The frame for standard output at `now`.
    pub fn frame(self, now: Timestamp) -> Frame {
        Frame::new(now, TimeZone::system(), width())
    }
}

/// A line on a terminal that the next one replaces; nothing where standard error is none.
#[derive(Debug)]
pub struct Transient {
    out: Output,
    is_seen: bool,
    columns: usize,
    shown: Option<Line>,
}

impl Transient {
    pub fn new(out: Output) -> Self {
        Self {
            out,
            is_seen: io::stderr().is_terminal(),
            // Where the result goes into a file, the terminal is as wide as usual.
            columns: width(),
            shown: None,
        }
    }

    /// Shows `line` in place of the one before.
    pub fn show(&mut self, line: Line) {
        let line = line.cut(self.columns.saturating_sub(2));
        if self.is_seen && self.shown.as_ref() != Some(&line) {
            self.replace(line);
        }
    }

    /// No control sequence is needed: what is left of the line before is blanked.
    fn replace(&mut self, line: Line) {
        let before = self.shown.as_ref().map_or(0, Line::width);
        let text = Page::from(line.clone()).render(true);
        let mut out = AutoStream::new(io::stderr().lock(), self.out.choice);
        let blank = " ".repeat(before);
        let _ = write!(out, "\r{blank}\r{}", text.trim_end_matches('\n'));
        let _ = out.flush();
        self.shown = Some(line);
    }
}

impl Drop for Transient {
    fn drop(&mut self) {
        if self.shown.is_some() {
            self.replace(Line::default());
        }
    }
}

#[cfg(unix)]
fn width() -> usize {
    match rustix::termios::tcgetwinsize(io::stdout()) {
        Ok(size) if size.ws_col > 0 => size.ws_col.into(),
        _ => USUAL_WIDTH,
    }
}

#[cfg(not(unix))]
fn width() -> usize {
    terminal_size::terminal_size().map_or(USUAL_WIDTH, |(width, _)| width.0.into())
}

/// Returns when whoever read standard output is gone, so that a watch ends with its reader and not at the next
/// change. Never returns where standard output has no reader, such as a file.
#[cfg(unix)]
pub async fn reader_gone() {
    use rustix::event::{PollFd, PollFlags, poll};
    let (gone, noticed) = tokio::sync::oneshot::channel();
    // A plain thread: the runtime would wait for one of its own at the end. Errors are always reported.
    std::thread::spawn(move || {
        let stdout = io::stdout();
        let mut watched = [PollFd::new(&stdout, PollFlags::empty())];
        while let Ok(0) | Err(rustix::io::Errno::INTR) = poll(&mut watched, None) {}
        let _ = gone.send(());
    });
    if noticed.await.is_err() {
        std::future::pending().await
    }
}

/// There the next change tells.
#[cfg(not(unix))]
pub async fn reader_gone() {
    std::future::pending().await
}
