//! Follows a WeeChat over one websocket: asks once, then listens, and looks at the hotlist when that may have changed.

use std::collections::VecDeque;
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::entry::{Entry, Secrets, demand, excused};
use super::login::refused;
use super::state::{News, State, body};
use super::wire::Message;
use crate::core::kinds::weechat::WeechatSettings;
use crate::core::service::Unread;
use crate::core::{Class, Fault};
use crate::services::link::{Ask, Link};
use crate::tls::{Incoming, WebSocket};

/// Bytes of one message: a list of thousands of buffers.
const LIMIT: usize = 4 * 1024 * 1024;
/// For the answer to a question.
const ANSWER: Duration = Duration::from_secs(10);
/// From saying that it ends to its end.
const GOODBYE: Duration = Duration::from_secs(5);
/// The hotlist is not asked for more often after messages that name the user,
const SPACING: Duration = Duration::from_millis(500);
/// nor after others, of which a busy channel has many.
const WIDE_SPACING: Duration = Duration::from_secs(2);
/// WeeChat does not tell when something was read, so it is looked at while something waits: soon after a change, then
/// ever more seldom; and also when nothing does, to notice a peer that is gone without a word.
const SOONEST: Duration = Duration::from_secs(5);
const LATEST: Duration = Duration::from_secs(60);

/// Follows a WeeChat until something fails.
pub async fn follow<A: Ask>(link: &Link<A>, settings: &WeechatSettings) -> Fault {
    match connect(link, settings).await {
        Ok(socket) => Talk::new().go_on(link, socket).await,
        Err(fault) => fault,
    }
}

async fn connect<A: Ask>(link: &Link<A>, settings: &WeechatSettings) -> Result<WebSocket, Fault> {
    let demand = demand(settings, |request| {
        async move { link.prepare(&request, Ok).await }.boxed()
    });
    let demand = demand.await?;
    let secrets = Secrets {
        password: link.key(),
        totp: link.second(),
        wall_clock: link.wall_clock(),
    };
    let begun = Instant::now();
    let entry = Entry::prepare(demand, secrets).await?;
    let opened = link.open(&entry.upgrade(LIMIT), None, refused).await;
    let opened = opened.map_err(|fault| excused(fault, begun.elapsed()));
    if let Err(fault) = &opened {
        sleep(entry.rest(fault.class)).await;
    }
    opened
}

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Question {
    Version,
    Events,
    Buffers,
    Hotlist,
    /// The last lines of a buffer.
    Lines(i64),
}

impl Question {
    fn text(self) -> String {
        match self {
            Self::Version => r#"{"request":"GET /api/version"}"#.into(),
            Self::Events => {
                r#"{"request":"POST /api/sync","body":{"sync":true,"nicks":false,"input":false,"colors":"strip"}}"#
                    .into()
            }
            Self::Buffers => r#"{"request":"GET /api/buffers?colors=strip"}"#.into(),
            Self::Hotlist => r#"{"request":"GET /api/hotlist"}"#.into(),
            Self::Lines(buffer) => {
                format!(r#"{{"request":"GET /api/buffers/{buffer}/lines?lines=-50&colors=strip"}}"#)
            }
        }
    }
}

/// One question at a time: the relay answers in order.
#[derive(Debug)]
struct Talk {
    state: State,
    questions: VecDeque<Question>,
    /// What is to be answered, and until when.
    asked: Option<(Question, Instant)>,
    /// When the hotlist is to be looked at, and when it was last.
    due: Instant,
    looked: Instant,
    /// When what waits to be read changed last.
    changed: Instant,
    /// The newest question for a fresh state, and the one that the hotlist asked for last answers.
    wanted: u64,
    answers: u64,
    quit: bool,
}

impl Talk {
    fn new() -> Self {
        let now = Instant::now();
        // Events come first, so that nothing happens unheard.
        let questions = [Question::Version, Question::Events, Question::Buffers];
        Self {
            state: State::default(),
            questions: questions.into(),
            asked: None,
            due: now,
            looked: now,
            changed: now,
            wanted: 0,
            answers: 0,
            quit: false,
        }
    }

    async fn go_on<A: Ask>(mut self, link: &Link<A>, mut socket: WebSocket) -> Fault {
        let fault = loop {
            if let Err(fault) = self.ask(&mut socket).await {
                break fault;
            }
            let wake = self.asked.map_or(self.due, |(_, until)| until);
            let incoming = tokio::select! {
                incoming = socket.next() => incoming,
                () = sleep_until(wake) => match self.asked {
                    None if !self.quit => continue,
                    _ => break Fault::new(Class::RequestTimeout),
                },
                wanted = link.wanted(self.wanted) => {
                    self.wanted = wanted;
                    self.due = Instant::now();
                    continue;
                }
            };
            let text = match incoming {
                Ok(Incoming::Text(text)) => text,
                Ok(Incoming::Binary(_) | Incoming::Pong) => continue,
                Ok(Incoming::Closed { .. } | Incoming::Ended) => break Fault::new(Class::Lost),
                Err(fault) => break fault,
            };
            let changed = match self.hear(&text) {
                Ok(changed) => changed,
                Err(fault) => break fault,
            };
            // What is being asked belongs to the picture.
            let whole = self.questions.is_empty() && self.asked.is_none();
            if let Some(service) = self.state.service().filter(|_| changed && whole) {
                link.is_whole();
                link.publish(service);
            }
            if whole {
                link.answers(self.answers);
            }
        };
        // However the connection ends then.
        match self.quit {
            true => Fault::with_detail(Class::Quit, "WeeChat was quit"),
            false => fault,
        }
    }

    async fn ask(&mut self, socket: &mut WebSocket) -> Result<(), Fault> {
        if self.asked.is_some() || self.quit {
            return Ok(());
        }
        let now = Instant::now();
        let next = self.questions.pop_front();
        let Some(question) = next.or((self.due <= now).then_some(Question::Hotlist)) else {
            return Ok(());
        };
        if question == Question::Hotlist {
            self.looked = now;
            self.answers = self.wanted;
        }
        self.asked = Some((question, now + ANSWER));
        match timeout(ANSWER, socket.send(question.text())).await {
            Ok(sent) => sent,
            Err(_) => Err(Fault::new(Class::RequestTimeout)),
        }
    }

    /// Takes a message in; whether what is shown may be another now. A line is shown when the hotlist has it.
    fn hear(&mut self, text: &str) -> Result<bool, Fault> {
        let message: Message = serde_json::from_str(text)
            .map_err(|_| Fault::with_detail(Class::BadReply, "a message that is no JSON"))?;
        if message.code == Some(0) {
            match self.state.event(&message, text)? {
                News::Nothing => {}
                News::Buffers => return Ok(true),
                News::Message => self.look_within(WIDE_SPACING),
                News::Mention => self.look_within(SPACING),
                News::Quit => {
                    self.quit = true;
                    self.asked = None;
                    self.due = Instant::now() + GOODBYE;
                }
            }
            return Ok(false);
        }
        let Some((question, _)) = self.asked.take() else {
            return Ok(false);
        };
        match message.code {
            Some(200..=299) => self.answered(question, text).map(|()| true),
            // It was closed meanwhile.
            Some(404) if matches!(question, Question::Lines(_)) => Ok(false),
            code => Err(Fault::with_detail(
                Class::BadReply,
                format!("status {} over its websocket", code.unwrap_or_default()),
            )),
        }
    }

    fn answered(&mut self, question: Question, text: &str) -> Result<(), Fault> {
        match question {
            Question::Version => self.state.version(&body(text)?),
            Question::Events => {}
            Question::Buffers => self.state.buffers(body(text)?),
            Question::Lines(buffer) => self.state.lines(buffer, &body::<Vec<_>>(text)?),
            Question::Hotlist => {
                let before = self.state.unread();
                let missing = self.state.hotlist(&body::<Vec<_>>(text)?);
                self.questions
                    .extend(missing.into_iter().map(Question::Lines));
                let now = Instant::now();
                if self.state.unread() != before {
                    self.changed = now;
                }
                let age = now.duration_since(self.changed);
                self.due = now
                    + match self.state.unread() == Some(Unread::default()) {
                        true => LATEST,
                        false => (age / 4).clamp(SOONEST, LATEST),
                    };
            }
        }
        Ok(())
    }

    /// Has the hotlist looked at now, or `spacing` after the last time.
    fn look_within(&mut self, spacing: Duration) {
        let soon = Instant::now().max(self.looked + spacing);
        self.due = self.due.min(soon);
    }
}

#[cfg(test)]
mod tests;
