//! The whole status as text: a headline, then each instance with its link, certificate, folders and devices.

mod many;

use super::link::link_words;
use super::style::{Line, Page, Role};
use super::units::{brief, count, span};
use super::words::{headline, unchanged_config};
use super::{Frame, absence, certificate, service};
use crate::core::status::{Failure, InstanceStatus};
use crate::core::{LinkState, Status};

use std::time::Duration;

/// Blanks before what belongs to an instance.
pub(super) const INDENT: usize = 2;

/// The page that `status` shows.
pub fn page(status: &Status, frame: &Frame) -> Page {
    let mut page = Page::default();
    let (role, sentence) = headline(status);
    page.paragraph(role, &sentence, 0, frame.width);
    if let Some(problem) = &status.engine.config_problem {
        page.gap();
        page.paragraph(Role::Warn, &unchanged_config(problem), 0, frame.width);
    }
    if !frame.all && many::are_many(status) {
        page.gap();
        page.append(many::page(status, frame));
        return page;
    }
    for instance in &status.instances {
        page.gap();
        page.append(instance_page(instance, frame));
    }
    page
}

/// What is said of one instance.
pub(super) fn instance_page(instance: &InstanceStatus, frame: &Frame) -> Page {
    let mut page = Page::from(title(instance, frame));
    link(&mut page, instance, frame);
    page.append(certificate::lines(instance, frame, INDENT));
    if let Some(record) = record(instance) {
        page.paragraph(Role::Dim, &record, INDENT, frame.width);
    }
    if let Some(known) = &instance.service {
        service::write(&mut page, known, &instance.name, frame);
    }
    page
}

fn title(instance: &InstanceStatus, frame: &Frame) -> Line {
    let (role, _) = link_words(&instance.link);
    let version = instance
        .service
        .as_ref()
        .map(|service| service.version.as_str());
    let mut line = Line::of(role, "● ").with(Role::Strong, &instance.name);
    line = line.with(Role::Dim, &format!("  {}", instance.kind.name()));
    if let Some(version) = version.filter(|version| !version.is_empty()) {
        line = line.with(Role::Dim, &format!(" {version}"));
    }
    if !instance.url.is_empty() {
        line = line.with(Role::Dim, "  ").with(Role::Plain, &instance.url);
    }
    line.cut(frame.width)
}

fn link(page: &mut Page, instance: &InstanceStatus, frame: &Frame) {
    let link = &instance.link;
    let (role, word) = link_words(link);
    // The outage counts, not the state that it is shown as.
    let began = match &link.failure {
        Some(failure) => failure.since.min(link.since),
        None => link.since,
    };
    let lasted = frame.now.since(began);
    let (is_new, lasted) = (lasted < Duration::from_secs(1), span(lasted));
    let meaning = match link.state {
        LinkState::Starting => format!(": no answer yet, for {lasted}."),
        LinkState::Rotating => format!(": the certificate is being changed, for {lasted}."),
        _ if is_new => " just now.".to_owned(),
        _ => format!(" for {lasted}."),
    };
    let absence = absence::sentence(link, frame.now);
    let connected = link.state == LinkState::Connected;
    if absence.is_none() || connected {
        page.paragraph(role, &format!("{word}{meaning}"), INDENT, frame.width);
    }
    if let Some(absence) = &absence {
        page.paragraph(Role::Plain, absence, INDENT, frame.width);
    }
    if let Some(failure) = link
        .failure
        .as_ref()
        .filter(|_| absence.is_none() || connected)
    {
        failing(page, instance, failure, frame);
    }
    if instance.service.is_some() && !connected {
        let text = "What follows is its last known state.";
        page.paragraph(Role::Dim, text, INDENT, frame.width);
    }
}

fn failing(page: &mut Page, instance: &InstanceStatus, failure: &Failure, frame: &Frame) {
    if instance.link.state.is_loud() {
        page.paragraph(Role::Plain, &failure.message, INDENT, frame.width);
        page.paragraph(Role::Strong, &failure.hint, INDENT, frame.width);
        let tried = count(failure.attempts.into(), "attempt");
        let next = match instance.link.next_attempt {
            Some(next) if next > frame.now => {
                format!(
                    "; the next one in {}",
                    span(next.since(frame.now) + Duration::from_millis(999))
                )
            }
            _ => String::new(),
        };
        page.paragraph(
            Role::Dim,
            &format!("{tried} so far{next}."),
            INDENT,
            frame.width,
        );
    } else {
        let left = span(failure.shown_after.since(frame.now) + Duration::from_millis(999));
        let (class, tried) = (
            failure.class.name(),
            count(failure.attempts.into(), "attempt"),
        );
        let text = format!("Retrying quietly ({class}, {tried}); it counts as trouble in {left}.");
        page.paragraph(Role::Dim, &text, INDENT, frame.width);
    }
}

/// What was seen through without a word.
fn record(instance: &InstanceStatus) -> Option<String> {
    let link = &instance.link;
    let mut parts = Vec::new();
    if link.rotations > 0 {
        parts.push(format!(
            "{} seen through",
            count(link.rotations, "rotation")
        ));
    }
    if link.hidden_failures > 0 {
        parts.push(format!(
            "{} kept quiet",
            count(link.hidden_failures, "failure")
        ));
    }
    if let Some(millis) = link.last_recovery_ms {
        parts.push(format!(
            "last recovery took {}",
            brief(Duration::from_millis(millis))
        ));
    }
    let mut text = parts.join(", ");
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    (!text.is_empty()).then(|| format!("{text}."))
}

#[cfg(test)]
mod tests;
