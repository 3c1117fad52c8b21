//! The words of the notices: what happened, what it means, what to do.
//!
//! Invariant: names and messages of others are cleaned and bounded here.

use super::about::About;
use super::facts::Kind;
use super::outage::News;
use super::topic::Bundle;
use super::{Notice, Urgency};
use crate::core::{Class, InstanceStatus, LinkState, Service};
use crate::view::certificate::insecure;
use crate::view::command::Command;
use crate::view::link::lost_link;
use crate::view::style::{Line, Page};
use crate::view::units::span;

/// Columns of a name that others chose, and of a message that they sent.
pub(super) const NAME: usize = 40;
pub(super) const MESSAGE: usize = 300;
/// Our own sentences, with an address and two fingerprints in them.
pub(super) const SENTENCE: usize = 700;

pub(super) type Actions = Vec<(String, Command)>;

/// The key of every notice about an instance's connection: back takes the place of lost.
pub(super) fn link_key(name: &str) -> String {
    format!("{name}/link")
}

/// A notice about an instance's connection.
pub(super) fn link(news: News, instance: &InstanceStatus, urgency: Urgency) -> Notice {
    let name = short(&instance.name, NAME);
    let (category, title, body, actions) = match news {
        News::Back(since) => (
            "network.connected",
            format!("{name} is back"),
            format!(
                "It is connected again, {} after it was lost.",
                span(instance.link.since.since(since))
            ),
            Vec::new(),
        ),
        News::Lost(state) => (
            match state {
                LinkState::Disconnected => "network.disconnected",
                _ => "network.error",
            },
            lost_link(&name, instance),
            trouble(instance),
            remedies(state, instance),
        ),
    };
    Notice {
        key: link_key(&instance.name),
        urgency,
        category,
        title,
        body: with_warning(body, instance),
        actions,
        answer: false,
    }
}

/// A notice about an instance's service.
pub(super) fn service(
    kind: Kind,
    bundle: &Bundle,
    instance: &InstanceStatus,
    service: &Service,
    urgency: Urgency,
) -> Notice {
    let about = About {
        name: short(&instance.name, NAME),
        instance,
        service,
        items: &bundle.items,
    };
    let (category, (title, body, actions)) = match kind {
        Kind::Device => ("device.added", about.devices()),
        Kind::Offer => ("transfer", about.offers()),
        Kind::Stopped => ("transfer.error", about.stopped()),
        Kind::Failed => ("transfer.error", about.failed()),
        Kind::Error => ("device.error", about.errors()),
        Kind::Conflict => ("transfer", about.conflicts()),
        Kind::Restart => ("device", about.restart()),
        Kind::Mention => ("im.received", about.mentions()),
        Kind::Unexpected => ("device.error", about.unexpected()),
        Kind::Synced => ("transfer.complete", about.synced()),
    };
    Notice {
        key: bundle.key.clone(),
        urgency,
        category,
        title,
        body: with_warning(body, instance),
        actions,
        answer: false,
    }
}

/// Whatever an instance says that anybody could have said in its place.
fn with_warning(body: String, instance: &InstanceStatus) -> String {
    match insecure(&instance.link) {
        Some(warning) => format!("{body}\n{warning}.").trim_start().to_owned(),
        None => body,
    }
}

/// What is wrong with the link, and what to do.
fn trouble(instance: &InstanceStatus) -> String {
    let Some(failure) = &instance.link.failure else {
        return String::new();
    };
    // One below the other, fingerprints can be compared.
    let message = short(&failure.message, SENTENCE);
    let message = message.replace(" Served: ", "\nServed: ");
    let mut lines = vec![message.replace(" Pinned: ", "\nPinned: ")];
    let trust = &instance.link.trust;
    if instance.link.state == LinkState::Untrusted {
        // Most classes name them in their message.
        for (word, fingerprint) in [("Served", trust.served), ("Pinned", trust.current)] {
            let fingerprint = fingerprint.map(|fingerprint| fingerprint.to_string());
            lines.extend(
                fingerprint
                    .filter(|fingerprint| !failure.message.contains(fingerprint))
                    .map(|fingerprint| format!("{word}: {fingerprint}.")),
            );
        }
    }
    lines.push(short(&failure.hint, SENTENCE));
    lines.retain(|line| !line.is_empty());
    lines.join("\n")
}

fn remedies(state: LinkState, instance: &InstanceStatus) -> Actions {
    let retry = Command::Retry {
        instance: Some(instance.name.clone()),
    };
    let mut actions: Actions = Vec::new();
    match state {
        LinkState::Untrusted => actions.extend(acceptance(instance)),
        _ if instance.link.is_unpinned() => actions.extend(acceptance(instance)),
        LinkState::Unauthorized => actions.extend(open(instance)),
        LinkState::Misconfigured => {
            actions.push(("Open config".into(), Command::OpenConfig));
        }
        _ => {}
    }
    actions.push(("Try again".into(), retry));
    actions
}

/// To pin what is served, where that is the user's to say. The button names the certificate, so that nobody accepts
/// another one than was read of.
fn acceptance(instance: &InstanceStatus) -> Option<(String, Command)> {
    let class = instance.link.failure.as_ref()?.class;
    let pins = matches!(class, Class::PinMismatch | Class::NotPinned);
    let fingerprint = instance.link.acceptable().filter(|_| pins)?;
    let shown: String = fingerprint.to_string().chars().take(15).collect();
    let command = Command::Accept {
        instance: instance.name.clone(),
        fingerprint,
    };
    Some((format!("Accept {shown}…"), command))
}

/// The service's own page.
pub(super) fn open(instance: &InstanceStatus) -> Option<(String, Command)> {
    let web = ["https://", "http://"]
        .iter()
        .any(|scheme| instance.url.starts_with(scheme));
    let command = Command::OpenPage {
        url: instance.url.clone(),
    };
    web.then(|| ("Open".to_owned(), command))
}

/// On one line, cleaned and bounded.
pub(super) fn short(text: &str, columns: usize) -> String {
    let line = Page::from(Line::plain(text.trim()).cut(columns));
    line.render(false).trim_end().to_owned()
}
