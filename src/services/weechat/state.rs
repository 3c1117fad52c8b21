//! What a WeeChat told so far -> the [`Service`] that the views show. Pure.
//!
//! What waits to be read is WeeChat's own hotlist. Lines only say who wrote what.

use std::collections::{BTreeMap, VecDeque};

use serde::de::DeserializeOwned;

use super::wire::{Buffer, Event, Held, Line, Message, Version, Waiting};
use crate::core::service::{Fact, Mention, Unread};
use crate::core::{Class, Fault, Service, Timestamp};

/// More buffers are only counted.
const MOST_BUFFERS: usize = 10_000;
/// Mentions that are kept of one buffer, and in all.
const MOST_MENTIONS: usize = 20;
/// Characters of a name, and of a message.
const NAME: usize = 64;
const TEXT: usize = 200;

/// Everything that is known of one WeeChat.
#[derive(Debug, Default)]
pub(super) struct State {
    version: String,
    /// Names by ID.
    buffers: BTreeMap<i64, String>,
    /// `None` before it was heard of.
    hotlist: Option<BTreeMap<i64, Unseen>>,
    /// By buffer, oldest first.
    mentions: BTreeMap<i64, VecDeque<Mention>>,
    /// For how many mentions of a buffer its lines were asked for already.
    looked_up: BTreeMap<i64, usize>,
}

/// What waits in one buffer.
#[derive(Clone, Copy, Debug, Default)]
struct Unseen {
    since: Option<Timestamp>,
    count: Unread,
}

/// What an event calls for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum News {
    Nothing,
    /// The buffers are others.
    Buffers,
    /// Something that may wait to be read.
    Message,
    /// Something that the user is waited for with.
    Mention,
    /// WeeChat ends.
    Quit,
}

impl State {
    pub(super) fn version(&mut self, version: &Version) {
        self.version = cut(&version.weechat_version, NAME);
    }

    pub(super) fn buffers(&mut self, buffers: Vec<Buffer>) {
        self.buffers.clear();
        buffers.into_iter().for_each(|buffer| self.name(buffer));
    }

    /// Takes the hotlist in; returns the buffers whose lines are worth asking for, because they hold mentions that
    /// were not seen to come.
    pub(super) fn hotlist(&mut self, hotlist: &[Waiting]) -> Vec<i64> {
        let unseen: BTreeMap<i64, Unseen> = hotlist
            .iter()
            .filter_map(|waiting| Some((waiting.buffer_id?, Unseen::of(waiting))))
            .take(MOST_BUFFERS)
            .collect();
        let counted = |id: &i64| unseen.get(id).map_or(0, Unseen::mentions);
        self.mentions.retain(|id, _| counted(id) > 0);
        self.looked_up.retain(|id, _| counted(id) > 0);
        let mut missing = Vec::new();
        for (id, unseen) in &unseen {
            let wanted = unseen.mentions();
            let known = self.mentions.get(id).map_or(0, VecDeque::len);
            let looked_up = self.looked_up.get(id).copied().unwrap_or_default();
            if wanted > known.max(looked_up) && missing.len() < MOST_MENTIONS {
                self.looked_up.insert(*id, wanted);
                missing.push(*id);
            }
        }
        self.hotlist = Some(unseen);
        missing
    }

    /// The last lines of a buffer.
    pub(super) fn lines(&mut self, buffer: i64, lines: &[Line]) {
        self.mentions.remove(&buffer);
        lines.iter().for_each(|line| self.heard(buffer, line));
    }

    /// Takes an event in; `text` is the whole message.
    ///
    /// # Errors
    /// `BadReply` for an event of a shape of its own.
    pub(super) fn event(&mut self, message: &Message, text: &str) -> Result<News, Fault> {
        let (Some(event), Some(buffer)) = (message.event_name, message.buffer_id) else {
            return Ok(News::Nothing);
        };
        match event {
            Event::Quit => return Ok(News::Quit),
            Event::BufferOpened | Event::BufferRenamed => {
                self.name(body(text)?);
                return Ok(News::Buffers);
            }
            Event::BufferClosed => {
                self.buffers.remove(&buffer);
                // What waited in it waits no more.
                self.hotlist.iter_mut().for_each(|hotlist| {
                    hotlist.remove(&buffer);
                });
                return Ok(News::Buffers);
            }
            Event::BufferLineAdded => {
                let line: Line = body(text)?;
                return Ok(match line.notify_level {
                    Some(2..) => {
                        self.heard(buffer, &line);
                        News::Mention
                    }
                    Some(1) => News::Message,
                    _ => News::Nothing,
                });
            }
            Event::Upgrade | Event::Other => {}
        }
        Ok(News::Nothing)
    }

    /// What waits to be read; `None` before it was heard of.
    pub(super) fn unread(&self) -> Option<Unread> {
        let unread = self.hotlist.as_ref()?.values().map(|unseen| unseen.count);
        Some(unread.fold(Unread::default(), sum))
    }

    /// As it is shown; `None` before everything was heard of once.
    pub(super) fn service(&self) -> Option<Service> {
        let unread = self.unread()?;
        let fact = |name: &str, number: u64| Fact {
            name: name.to_owned(),
            value: number.to_string(),
            number: Some(f64::from(u32::try_from(number).unwrap_or(u32::MAX))),
            attention: false,
        };
        let buffers = u64::try_from(self.buffers.len()).unwrap_or(u64::MAX);
        Some(Service {
            version: self.version.clone(),
            synced: true,
            facts: vec![
                fact("highlights", unread.highlights),
                fact("private", unread.private),
                fact("unread", unread.messages),
                fact("buffers", buffers),
            ],
            unread: Some(unread),
            mentions: self.all_mentions(),
            ..Service::default()
        })
    }

    fn all_mentions(&self) -> Vec<Mention> {
        let mut all = Vec::new();
        for (id, unseen) in self.hotlist.iter().flatten() {
            let known = self.mentions.get(id);
            let newest = known.into_iter().flat_map(|known| known.iter().rev());
            let before = all.len();
            all.extend(newest.take(unseen.mentions()).cloned());
            if all.len() == before && unseen.mentions() > 0 {
                all.push(Mention {
                    time: unseen.since.unwrap_or_default(),
                    place: self.called(*id),
                    private: unseen.count.private > 0,
                    ..Mention::default()
                });
            }
        }
        // Newest first; equals stay in the order of their buffers.
        all.sort_by_key(|mention| std::cmp::Reverse(mention.time));
        all.truncate(MOST_MENTIONS);
        all
    }

    fn heard(&mut self, buffer: i64, line: &Line) {
        if line.notify_level < Some(2) || !line.displayed {
            return;
        }
        let mention = Mention {
            time: line.came.unwrap_or_default(),
            place: self.called(buffer),
            from: cut(&line.prefix, NAME),
            text: cut(&line.message, TEXT),
            private: line.notify_level == Some(2) && !line.highlight,
        };
        let kept = self.mentions.entry(buffer).or_default();
        kept.push_back(mention);
        while kept.len() > MOST_MENTIONS {
            kept.pop_front();
        }
    }

    fn name(&mut self, buffer: Buffer) {
        let Some(id) = buffer.id else { return };
        let short = buffer.short_name.filter(|name| !name.trim().is_empty());
        if self.buffers.len() < MOST_BUFFERS || self.buffers.contains_key(&id) {
            let name = cut(&short.unwrap_or(buffer.name), NAME);
            self.buffers.insert(id, name);
        }
    }

    fn called(&self, buffer: i64) -> String {
        self.buffers.get(&buffer).cloned().unwrap_or_default()
    }
}

impl Unseen {
    fn of(waiting: &Waiting) -> Self {
        let count = |level: usize| waiting.count.get(level).copied().map_or(0, number);
        Self {
            since: waiting.date,
            count: Unread {
                messages: count(1),
                private: count(2),
                highlights: count(3),
            },
        }
    }

    /// As many as are worth keeping.
    fn mentions(&self) -> usize {
        let all = self.count.private.saturating_add(self.count.highlights);
        usize::try_from(all)
            .unwrap_or(usize::MAX)
            .min(MOST_MENTIONS)
    }
}

/// What a message holds.
///
/// # Errors
/// `BadReply`, with nothing of what it holds.
pub(super) fn body<T: DeserializeOwned>(text: &str) -> Result<T, Fault> {
    let held = serde_json::from_str::<Held<T>>(text);
    held.map(|held| held.body)
        .map_err(|_| Fault::with_detail(Class::BadReply, "a message of another shape"))
}

fn sum(one: Unread, other: Unread) -> Unread {
    Unread {
        messages: one.messages.saturating_add(other.messages),
        private: one.private.saturating_add(other.private),
        highlights: one.highlights.saturating_add(other.highlights),
    }
}

/// A count as a relay writes it.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a float that is out of range becomes the nearest number"
)]
fn number(count: f64) -> u64 {
    count as u64
}

/// Its beginning; the views clean what they show.
fn cut(text: &str, length: usize) -> String {
    let mut cut: String = text.chars().take(length).collect();
    if text.chars().nth(length).is_some() {
        cut.push('…');
    }
    cut
}

#[cfg(test)]
mod tests;
