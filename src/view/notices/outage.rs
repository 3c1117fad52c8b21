//! What the user was told of an instance's connection: lost once, worse once more, and back once.

use std::time::Duration;

use super::pace::Pace;
use crate::core::preferences::Notifications;
use crate::core::status::Link;
use crate::core::{Class, Fingerprint, LinkState, Timestamp};

/// A connection that lasted this long is told to be back; a shorter one belongs to the outage around it.
const STEADY: Duration = Duration::from_secs(5);

/// The outage that was told, if one is.
#[derive(Debug, Default)]
pub(super) struct Outage {
    told: Option<Told>,
    pace: Pace,
    /// An alarm does not wait because the connection came and went.
    alarms: Pace,
}

#[derive(Clone, Copy, Debug)]
struct Told {
    state: LinkState,
    /// When the outage began.
    since: Timestamp,
    /// What was served then: of another certificate the user has heard nothing.
    served: Option<Fingerprint>,
    /// It was said that every connection shows another one.
    each_time: bool,
    /// Nothing had been pinned yet: then it is not back, but there.
    unpinned: bool,
    on_screen: bool,
}

/// What is to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum News {
    Lost(LinkState),
    /// After an outage that began then.
    Back(Timestamp),
}

impl Outage {
    /// Takes in the link's state; true when the notice that is on the screen is no longer to be there.
    pub(super) fn see(&mut self, link: &Link, wanted: &Notifications, now: Timestamp) -> bool {
        let Some(told) = &mut self.told else {
            return false;
        };
        let over = link.state == LinkState::Connected && is_steady(link, now);
        let forgotten = link.state == LinkState::Paused
            || !is_wanted(told.state, wanted)
            || (over && (told.unpinned || !wanted.connection));
        let withdrawn = (forgotten || (over && !self.pace.allows(now)))
            && std::mem::replace(&mut told.on_screen, false);
        if forgotten {
            self.told = None;
        }
        withdrawn
    }

    /// What is to be told, and from when on.
    pub(super) fn news(&self, link: &Link, wanted: &Notifications) -> Option<(News, Timestamp)> {
        let paced = |pace: &Pace, due: Timestamp| pace.next().map_or(due, |next| next.max(due));
        match (link.state, self.told) {
            (LinkState::Connected, Some(told)) => {
                let steady = link.since + STEADY;
                Some((News::Back(told.since), paced(&self.pace, steady)))
            }
            (state, told) if state.is_loud() && is_wanted(state, wanted) => {
                let worse = told.is_some_and(|told| state.severity() > told.state.severity());
                let pace = match state {
                    LinkState::Untrusted => &self.alarms,
                    _ => &self.pace,
                };
                let other = |told: Told| {
                    let known = told.each_time && is_each_time(link);
                    state == LinkState::Untrusted && link.trust.served != told.served && !known
                };
                match told {
                    Some(told) if told.on_screen && !worse && !other(told) => None,
                    Some(_) if worse => Some((News::Lost(state), link.since)),
                    _ => Some((News::Lost(state), paced(pace, link.since))),
                }
            }
            _ => None,
        }
    }

    /// `news` is shown.
    pub(super) fn told(&mut self, news: News, link: &Link, now: Timestamp) {
        self.pace.told(now);
        self.told = match news {
            News::Back(_) => None,
            News::Lost(state) => {
                if state == LinkState::Untrusted {
                    self.alarms.told(now);
                }
                let began = link.failure.as_ref().map_or(link.since, |it| it.since);
                Some(Told {
                    state,
                    since: self.told.map_or(began, |told| told.since),
                    served: link.trust.served,
                    each_time: is_each_time(link),
                    unpinned: link.is_unpinned(),
                    on_screen: true,
                })
            }
        };
    }

    /// A notice of it may be on the screen.
    pub(super) fn is_shown(&self) -> bool {
        self.told.is_some_and(|told| told.on_screen)
    }

    /// When [`Self::see`] may have something to take away.
    pub(super) fn next(&self, link: &Link, now: Timestamp) -> Option<Timestamp> {
        let ends = self.is_shown() && link.state == LinkState::Connected;
        ends.then(|| link.since + STEADY).filter(|end| *end > now)
    }
}

fn is_each_time(link: &Link) -> bool {
    let failure = link.failure.as_ref();
    failure.is_some_and(|failure| failure.class == Class::NewCertificateEachTime)
}

fn is_steady(link: &Link, now: Timestamp) -> bool {
    link.since + STEADY <= now
}

fn is_wanted(state: LinkState, wanted: &Notifications) -> bool {
    wanted.enabled
        && match state {
            LinkState::Untrusted => wanted.untrusted,
            LinkState::Unauthorized => wanted.unauthorized,
            _ => wanted.connection,
        }
}
