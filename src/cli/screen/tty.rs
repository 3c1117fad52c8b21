//! The terminal as the full-screen view has it, and as it was before.
//!
//! Invariant: whatever ends the view (its own end, an error, a panic), the terminal is given back: its mode, its
//! cursor, and what was on it.

use std::io::{self, BufWriter};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::cursor::{Hide, Show};
use ratatui::crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use ratatui::crossterm::execute;
use ratatui::crossterm::style::force_color_output;
use ratatui::crossterm::terminal::{
    EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use ratatui::layout::Rect;
use ratatui::{Frame as Canvas, Terminal};

/// A picture is a few kilobytes: it is written at once.
const PICTURE: usize = 64 * 1024;

/// The terminal, for as long as this lives.
#[derive(Debug)]
pub struct Tty {
    terminal: Terminal<CrosstermBackend<BufWriter<Out>>>,
    taken: Taken,
}

/// Whether the terminal has been taken and not been given back yet.
#[derive(Clone, Debug, Default)]
struct Taken(Arc<AtomicBool>);

impl Tty {
    /// Takes the terminal.
    ///
    /// # Errors
    /// Standard output is no terminal that can be used so.
    pub fn enter(colours: bool) -> io::Result<Self> {
        force_color_output(colours);
        let taken = Taken::default();
        taken.give_back_after_a_panic();
        let writer = BufWriter::with_capacity(PICTURE, out()?);
        let terminal = Terminal::new(CrosstermBackend::new(writer))?;
        let mut tty = Self { terminal, taken };
        tty.take()?;
        Ok(tty)
    }

    /// Paints what changed.
    ///
    /// # Errors
    /// Nothing can be written.
    pub fn draw(&mut self, paint: impl FnOnce(&mut Canvas<'_>)) -> io::Result<()> {
        if !self.taken.0.load(Ordering::SeqCst) {
            return Ok(());
        }
        self.terminal.draw(paint).map(drop)
    }

    /// The next picture is painted whole: something else wrote on the terminal.
    ///
    /// # Errors
    /// Nothing can be written.
    pub fn forget(&mut self) -> io::Result<()> {
        // Not `clear`, which asks the terminal where its cursor is, and reads the answer beside whoever reads keys.
        let size = self.terminal.size()?;
        self.terminal.resize(Rect::from(size))
    }

    /// Gives the terminal back for a while.
    pub fn leave(&mut self) {
        self.taken.give_back();
    }

    /// Takes the terminal again, in whatever state it is now.
    ///
    /// # Errors
    /// Nothing can be written.
    pub fn enter_again(&mut self) -> io::Result<()> {
        self.taken.give_back();
        self.take()?;
        self.forget()
    }

    fn take(&mut self) -> io::Result<()> {
        self.taken.0.store(true, Ordering::SeqCst);
        enable_raw_mode()?;
        let backend = self.terminal.backend_mut();
        execute!(backend, EnterAlternateScreen, EnableBracketedPaste, Hide)
    }
}

impl Drop for Tty {
    fn drop(&mut self) {
        self.taken.give_back();
    }
}

impl Taken {
    /// Does nothing when it was given back already. A terminal that is gone takes nothing.
    fn give_back(&self) {
        if !self.0.swap(false, Ordering::SeqCst) {
            return;
        }
        if let Ok(mut out) = out() {
            let _ = execute!(out, DisableBracketedPaste, LeaveAlternateScreen, Show);
        }
        let _ = disable_raw_mode();
    }

    /// A panic is told on the terminal as it was before.
    fn give_back_after_a_panic(&self) {
        let (taken, tell) = (self.clone(), std::panic::take_hook());
        std::panic::set_hook(Box::new(move |panic| {
            taken.give_back();
            tell(panic);
        }));
    }
}

/// Standard output without its lock, which may be held where a panic comes from.
#[cfg(unix)]
type Out = std::fs::File;

#[cfg(unix)]
fn out() -> io::Result<Out> {
    use std::os::fd::AsFd;
    Ok(io::stdout().as_fd().try_clone_to_owned()?.into())
}

#[cfg(not(unix))]
type Out = io::Stdout;

#[cfg(not(unix))]
fn out() -> io::Result<Out> {
    Ok(io::stdout())
}
