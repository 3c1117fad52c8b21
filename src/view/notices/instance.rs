//! What was told of one instance: its connection, and each kind of fact about its service.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::facts::{Kind, Progress};
use super::outage::{News, Outage};
use super::pace::Limit;
use super::topic::{Bundle, Topic};
use super::{Notice, Urgency, text};
use crate::core::preferences::Notifications;
use crate::core::{InstanceStatus, LinkState, Service, Timestamp};

/// What was told of one instance.
#[derive(Debug, Default)]
pub(super) struct Told {
    outage: Outage,
    topics: BTreeMap<Kind, Topic>,
    progress: Progress,
}

/// Something that is due to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Matter {
    Link(News),
    Service(Kind, Bundle),
}

impl Matter {
    pub(super) fn urgency(&self) -> Urgency {
        match self {
            Self::Link(News::Lost(LinkState::Untrusted)) => Urgency::Critical,
            Self::Link(News::Lost(_)) => Urgency::Normal,
            Self::Link(News::Back(_)) | Self::Service(Kind::Synced, _) => Urgency::Low,
            Self::Service(..) => Urgency::Normal,
        }
    }
}

impl Told {
    /// Takes in what is true, and returns the keys of the notices that are no longer.
    pub(super) fn see(
        &mut self,
        instance: &InstanceStatus,
        wanted: &Notifications,
        now: Timestamp,
    ) -> Vec<String> {
        let mut gone = Vec::new();
        if self.outage.see(&instance.link, wanted, now) {
            gone.push(text::link_key(&instance.name));
        }
        self.topics.retain(|kind, topic| {
            let stays = kind.is_wanted(wanted);
            if !stays {
                gone.extend(topic.shown());
            }
            stays
        });
        if let Some(service) = heard(instance) {
            self.progress.see(service);
            for kind in Kind::ALL.into_iter().filter(|kind| kind.is_wanted(wanted)) {
                let facts = kind.facts(service, &self.progress);
                gone.extend(self.topics.entry(kind).or_default().see(kind, facts, now));
            }
        }
        gone
    }

    /// What is to be told now.
    pub(super) fn due(
        &self,
        instance: &InstanceStatus,
        wanted: &Notifications,
        now: Timestamp,
    ) -> Vec<Matter> {
        let news = self.outage.news(&instance.link, wanted);
        let news = news.filter(|(_, due)| *due <= now);
        let mut due: Vec<Matter> = news
            .map(|(news, _)| Matter::Link(news))
            .into_iter()
            .collect();
        if heard(instance).is_some() {
            for (kind, topic) in &self.topics {
                let bundles = topic.due(*kind, &instance.name, now).into_iter();
                due.extend(bundles.map(|bundle| Matter::Service(*kind, bundle)));
            }
        }
        due
    }

    /// `matter` is shown.
    pub(super) fn told(&mut self, matter: Matter, instance: &InstanceStatus, now: Timestamp) {
        match matter {
            Matter::Link(news) => self.outage.told(news, &instance.link, now),
            Matter::Service(kind, bundle) => self.topics.entry(kind).or_default().told(bundle, now),
        }
    }

    /// When there is something to tell or to take away.
    pub(super) fn next(
        &self,
        instance: &InstanceStatus,
        wanted: &Notifications,
        now: Timestamp,
        limit: &Limit,
    ) -> Option<Timestamp> {
        let limited = |due: Timestamp, urgency| due.max(limit.next(urgency, now));
        let news = self.outage.news(&instance.link, wanted);
        let news = news.map(|(news, due)| limited(due, Matter::Link(news).urgency()));
        let mut next: Vec<Option<Timestamp>> = vec![news, self.outage.next(&instance.link, now)];
        if heard(instance).is_some() {
            for (kind, topic) in &self.topics {
                let (due, gone) = topic.next(*kind);
                next.push(due.map(|due| limited(due, Urgency::Normal)));
                next.push(gone);
            }
        }
        next.into_iter().flatten().min()
    }

    /// The keys of the notices that may be on the screen.
    pub(super) fn shown(&self, name: &str) -> Vec<String> {
        let link = self.outage.is_shown().then(|| text::link_key(name));
        let topics = self.topics.values().flat_map(Topic::shown);
        link.into_iter().chain(topics).collect()
    }
}

/// The words for `matter`.
pub(super) fn notice(matter: &Matter, instance: &InstanceStatus) -> Option<Notice> {
    let urgency = matter.urgency();
    match matter {
        Matter::Link(news) => Some(text::link(*news, instance, urgency)),
        Matter::Service(kind, bundle) => {
            let service = heard(instance)?;
            Some(text::service(*kind, bundle, instance, service, urgency))
        }
    }
}

/// The service's own word. While the link is failing, the last known state is no news, nor is it known to be over.
fn heard(instance: &InstanceStatus) -> Option<&Arc<Service>> {
    let connected = instance.link.state == LinkState::Connected;
    instance.service.as_ref().filter(|_| connected)
}
