//! What a test turns to make the server rude: canned answers, dropped polls; and the record of what was asked.
//!
//! Bounded: the record keeps the newest requests only.

use std::collections::{BTreeMap, VecDeque};

use tokio::time::Instant;

const REMEMBERED: usize = 4096;

/// How a canned answer ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ending {
    /// As HTTP wants it.
    #[default]
    Whole,
    /// Half of the body that `Content-Length` promised, then the end of the connection.
    Truncated,
    /// Half of the body, then nothing until the client or a restart gives up.
    Stalled,
    /// The connection ends without a byte of reply.
    NoReply,
}

/// A canned answer for one path.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The `Content-Type`.
    pub content_type: String,
    /// Further header lines, name and value; what is no valid header is left out.
    pub headers: Vec<(String, String)>,
    /// The body, as big and as broken as you like.
    pub body: Vec<u8>,
    /// How it ends.
    pub ending: Ending,
    /// For how many requests it holds; `None` is until further notice.
    pub times: Option<usize>,
}

impl Answer {
    /// A plain text answer, as Go's `http.Error` gives it.
    pub fn text(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            content_type: "text/plain; charset=utf-8".to_owned(),
            headers: Vec::new(),
            body: body.into(),
            ending: Ending::Whole,
            times: None,
        }
    }

    /// A JSON answer with status 200; the text is not checked.
    pub fn json(body: impl Into<Vec<u8>>) -> Self {
        Self {
            content_type: "application/json; charset=utf-8".to_owned(),
            ..Self::text(200, body)
        }
    }

    /// With another ending.
    #[must_use]
    pub fn ending(self, ending: Ending) -> Self {
        Self { ending, ..self }
    }

    /// With one more header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// For the next request only.
    #[must_use]
    pub fn once(self) -> Self {
        Self {
            times: Some(1),
            ..self
        }
    }
}

/// One request that arrived.
#[derive(Clone, Debug)]
pub struct Seen {
    /// `GET`, `POST`, ...
    pub method: String,
    /// Path with query.
    pub path: String,
    /// Whether it came over plain HTTP (and was answered with a redirect).
    pub plain: bool,
    /// Whether it carried an `X-API-Key` or `Authorization` header, right or wrong.
    pub with_key: bool,
    /// When its head was complete.
    pub at: Instant,
}

#[derive(Debug, Default)]
pub(super) struct Knobs {
    answers: BTreeMap<String, Answer>,
    /// So many of the next long polls are cut after their headers.
    pub(super) drop_polls: usize,
    seen: VecDeque<Seen>,
}

impl Knobs {
    pub(super) fn set(&mut self, path: &str, answer: Option<Answer>) {
        match answer {
            Some(answer) => self.answers.insert(path.to_owned(), answer),
            None => self.answers.remove(path),
        };
    }

    /// The canned answer for `path`, used up once.
    pub(super) fn take(&mut self, path: &str) -> Option<Answer> {
        let answer = self.answers.get_mut(path)?;
        let used = answer.clone();
        if let Some(times) = &mut answer.times {
            *times = times.saturating_sub(1);
            if *times == 0 {
                self.answers.remove(path);
            }
        }
        used.times.is_none_or(|times| times > 0).then_some(used)
    }

    pub(super) fn take_drop(&mut self) -> bool {
        let drop = self.drop_polls > 0;
        self.drop_polls = self.drop_polls.saturating_sub(1);
        drop
    }

    pub(super) fn record(&mut self, seen: Seen) {
        if self.seen.len() == REMEMBERED {
            self.seen.pop_front();
        }
        self.seen.push_back(seen);
    }

    pub(super) fn seen(&self) -> Vec<Seen> {
        self.seen.iter().cloned().collect()
    }

    pub(super) fn forget(&mut self) {
        self.seen.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_holds_as_often_as_it_says() {
        let mut knobs = Knobs::default();
        knobs.set("/a", Some(Answer::text(500, "no").once()));
        knobs.set("/b", Some(Answer::json("{}")));
        assert_eq!(knobs.take("/a").unwrap().status, 500);
        assert!(knobs.take("/a").is_none());
        assert!(knobs.take("/b").is_some() && knobs.take("/b").is_some());
        knobs.set("/b", None);
        assert!(knobs.take("/b").is_none());
    }
}
