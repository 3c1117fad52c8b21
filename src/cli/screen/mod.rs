//! `syncwatch status --watch` on a terminal: the full-screen view, fed with statuses and keys.
//!
//! Invariant: nothing is painted unless something changed, storms are painted a few times a second, and the terminal
//! is given back as it was, whatever ends this.

mod keys;
mod signals;
pub mod tty;

use std::io::{self, IsTerminal};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use tokio::sync::mpsc::{self, UnboundedSender};
use tokio::time::sleep_until;

use self::keys::Input;
use self::signals::{Sign, Signs};
use self::tty::Tty;
use super::args::StatusArgs;
use super::context::Context;
use super::error::{CliError, Exit};
use super::output::reader_gone;
use super::perform::Performer;
use super::source::{Asker, Heard, Purpose, Source};
use crate::core::{JournalEntry, Status, Timestamp};
use crate::engine::clock::Clock;
use crate::engine::journal::read_file;
use crate::engine::protocol::{Answer, Ask};
use crate::terminal::Painter;
use crate::view::Frame;
use crate::view::screen::{Intent, Screen, Wish};

/// Between two pictures: a storm of changes costs a few a second.
const PACE: Duration = Duration::from_millis(200);
/// While something is shown that tells how long it lasts.
const AGE: Duration = Duration::from_secs(10);
/// Entries of the journal that are shown.
const JOURNAL: usize = 300;

/// Whether the full-screen view is what is asked for: lines and JSON are for pipes and for those who want them.
pub(super) fn is_wanted(args: &StatusArgs) -> bool {
    let dumb = std::env::var_os("TERM").is_none_or(|term| term.is_empty() || term == "dumb");
    args.watch
        && !args.json
        && !args.plain
        && (cfg!(windows) || !dumb)
        && io::stdin().is_terminal()
        && io::stdout().is_terminal()
}

/// Something that was heard beside keys and signals.
enum News {
    Heard(Heard, Asker),
    Journal(Vec<JournalEntry>),
    Done(Wish, Result<(), String>),
}

/// Everything that the view is made of.
struct App<'a> {
    context: &'a Context,
    screen: Screen,
    painter: Painter,
    tty: Tty,
    performer: Performer,
    asker: Asker,
    status: Arc<Status>,
    news: UnboundedSender<News>,
    clock: Clock,
    zone: TimeZone,
    painted: Timestamp,
    /// Something changed since.
    stale: bool,
}

/// What is to be done next.
enum Next {
    Stay,
    Leave,
}

pub(super) async fn run(context: &Context) -> Result<Exit, CliError> {
    let mut source = Source::open(context, Purpose::Follow).await?;
    let status = source.next().await?;
    context.expect_known(&status)?;
    let asker = source.asker();
    let (news, mut heard) = mpsc::unbounded_channel();
    let mut signs = Signs::listen().map_err(|error| {
        CliError::new(Exit::Internal, format!("Signals cannot be heard: {error}."))
    })?;
    let ended = {
        let mut app = App::new(context, context.select(status), asker, news.clone())?;
        let mut keys = keys::read();
        // One after the other, for as long as this runs: neither a key nor a change interrupts the search for an engine.
        let mut listening = pin!(listen(&mut source, news));
        let mut gone = pin!(reader_gone());
        app.read_journal();
        app.paint()?;
        loop {
            app.clock.take_jump();
            let due = app.due().map(|due| app.clock.instant(due));
            let next = tokio::select! {
                ended = &mut listening => break Err(ended),
                Some(news) = heard.recv() => app.take_in(news),
                input = keys.recv() => match input {
                    Some(input) => app.input(input)?,
                    None => Next::Leave,
                },
                sign = signs.next() => app.sign(sign)?,
                () = &mut gone => Next::Leave,
                () = sleep_until(due.unwrap_or_else(Clock::instant_now)), if due.is_some() => {
                    app.paint()?;
                    Next::Stay
                }
            };
            if let Next::Leave = next {
                break Ok(Exit::Fine);
            }
        }
    };
    source.close().await;
    ended
}

/// Tells everything that the source gives; returns why there is nothing more.
async fn listen(source: &mut Source<'_>, news: UnboundedSender<News>) -> CliError {
    loop {
        match source.hear().await {
            Ok(heard) => drop(news.send(News::Heard(heard, source.asker()))),
            Err(error) => return error,
        }
    }
}

impl<'a> App<'a> {
    fn new(
        context: &'a Context,
        status: Arc<Status>,
        asker: Asker,
        news: UnboundedSender<News>,
    ) -> Result<Self, CliError> {
        let clock = Clock::start();
        let colours = context.out.colours();
        let mut screen = Screen::new(Arc::clone(&status));
        screen.watched_by(asker.is_own());
        Ok(Self {
            context,
            screen,
            painter: Painter::new(colours),
            tty: Tty::enter(colours)?,
            performer: Performer::new(context),
            asker,
            status,
            news,
            painted: clock.now(),
            clock,
            zone: TimeZone::system(),
            stale: false,
        })
    }

    fn frame(&self) -> Frame {
        Frame {
            all: true,
            ..Frame::new(self.clock.now(), self.zone.clone(), 80)
        }
    }

    /// When the next picture is due; `None` while nothing changes.
    fn due(&self) -> Option<Timestamp> {
        let changed = self.stale.then(|| self.painted + PACE);
        let aged = self.screen.grows_old().then(|| self.painted + AGE);
        changed.into_iter().chain(aged).min()
    }

    fn paint(&mut self) -> Result<(), CliError> {
        let frame = self.frame();
        let (screen, painter) = (&mut self.screen, &mut self.painter);
        self.tty
            .draw(|canvas| painter.paint(screen, canvas, &frame))?;
        self.painted = frame.now;
        self.stale = false;
        Ok(())
    }

    fn take_in(&mut self, news: News) -> Next {
        match news {
            News::Heard(Heard::Status(status), asker) => {
                let status = self.context.select(status);
                let happened = something_happened(&self.status, &status);
                self.screen.watched_by(asker.is_own());
                (self.status, self.asker) = (Arc::clone(&status), asker);
                self.screen.status(status);
                if happened {
                    self.read_journal();
                }
            }
            News::Heard(Heard::EngineGone, _) => self.screen.engine_gone(self.clock.now()),
            News::Journal(entries) => self.screen.journal(entries),
            News::Done(wish, done) => {
                self.screen.answered(&wish, done);
                self.read_journal();
            }
        }
        self.stale = true;
        Next::Stay
    }

    fn input(&mut self, input: Input) -> Result<Next, CliError> {
        let Input::Key(key) = input else {
            self.paint()?;
            return Ok(Next::Stay);
        };
        let frame = self.frame();
        match self.screen.key(key, &frame) {
            Some(Intent::Quit) => return Ok(Next::Leave),
            Some(Intent::Suspend) => self.suspend(signals::stop_all)?,
            Some(Intent::Repaint) => self.tty.forget()?,
            Some(Intent::Do(wish)) => self.perform(wish),
            None => {}
        }
        self.paint()?;
        Ok(Next::Stay)
    }

    fn sign(&mut self, sign: Sign) -> Result<Next, CliError> {
        match sign {
            Sign::End => return Ok(Next::Leave),
            Sign::Stop => self.suspend(signals::stop_this)?,
            // Whoever had the terminal meanwhile left it in another state.
            Sign::GoOn => self.tty.enter_again()?,
        }
        self.paint()?;
        Ok(Next::Stay)
    }

    /// Gives the terminal back and stops. What follows is done when the shell lets this go on.
    fn suspend(&mut self, stop: impl FnOnce() -> io::Result<()>) -> Result<(), CliError> {
        if !signals::can_stop() {
            return Ok(());
        }
        self.tty.leave();
        // It takes effect at any moment from here; going on is a signal of its own.
        if stop().is_err() {
            self.tty.enter_again()?;
        }
        Ok(())
    }

    fn perform(&self, wish: Wish) {
        let (performer, engine) = (self.performer.clone(), self.asker.clone());
        let done = self.news.clone();
        tokio::spawn(async move {
            let answer = performer.perform(wish.command.clone(), &engine).await;
            let answer = answer.map_err(|trouble| match trouble.hint.as_str() {
                "" => trouble.to_string(),
                hint => format!("{trouble} {hint}"),
            });
            let _ = done.send(News::Done(wish, answer));
        });
    }

    fn read_journal(&self) {
        let (engine, read) = (self.asker.clone(), self.news.clone());
        let only = self.context.only().map(str::to_owned);
        let file = self.context.environment.journal_file();
        tokio::spawn(async move {
            let limit = match only {
                // The newest of one instance may be far back.
                Some(_) => usize::MAX,
                None => JOURNAL,
            };
            let Ok(Answer::Journal { entries }) = engine.ask(Ask::Journal { limit }).await else {
                return;
            };
            // A private engine knows nothing of what was written before.
            let mut all = match engine {
                Asker::Own(_) => read_file(&file),
                Asker::Running(_) => Vec::new(),
            };
            all.extend(entries);
            all.retain(|entry| only.as_ref().is_none_or(|only| entry.instance == *only));
            all.drain(..all.len().saturating_sub(JOURNAL));
            let _ = read.send(News::Journal(all));
        });
    }
}

/// Whether there may be something new in the journal: it tells of links and of pauses.
fn something_happened(before: &Status, after: &Status) -> bool {
    let told = |status: &Status| {
        let instances = status.instances.iter();
        instances
            .map(|it| (it.name.clone(), it.link.clone(), it.holds.clone()))
            .collect::<Vec<_>>()
    };
    before.engine != after.engine || told(before) != told(after)
}
