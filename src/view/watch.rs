//! What changed from one status to the next, one line each, for `status --watch`.

use std::sync::Arc;

use super::link::link_words;
use super::style::{Line, Page, Role};
use super::units::{clock, count};
use super::words::{device_state, folder_state, headline};
use super::{Frame, absence};
use crate::core::status::{InstanceStatus, Link, StreamNews, StreamNote};
use crate::core::{LinkState, Reason, Service, Status, Timestamp};

/// The lines for `after`; everything of note when there was no status `before`.
pub fn changes(before: Option<&Status>, after: &Status, frame: &Frame) -> Page {
    let mut page = Page::default();
    let time = clock(after.time, &frame.zone);
    let mut say = |name: &str, role: Role, text: &str| {
        let line = Line::of(Role::Dim, &time).with(Role::Plain, "  ");
        let line = if name.is_empty() {
            line
        } else {
            line.with(Role::Strong, name).with(Role::Plain, "  ")
        };
        page.push(line.with(role, text));
    };
    for instance in &after.instances {
        let old = before.and_then(|before| before.instance(&instance.name));
        instance_changes(old, instance, after.time, &mut |role, text| {
            say(&instance.name, role, text)
        });
    }
    for gone in before.iter().flat_map(|before| &before.instances) {
        if after.instance(&gone.name).is_none() {
            say(&gone.name, Role::Dim, "No longer watched.");
        }
    }
    let (role, sentence) = headline(after);
    let stays = before.is_some_and(|before| before.overall == after.overall);
    // While work goes on the figures in the sentence change all the time.
    if !stays {
        say("", role, &sentence);
    }
    page
}

/// The line for what became of the engine.
pub fn engine(note: &StreamNote, frame: &Frame) -> Page {
    let (role, text) = match note.stream {
        StreamNews::EngineGone => (
            Role::Warn,
            "The engine is gone: what was said before is its last word. It is looked for.",
        ),
        StreamNews::WithoutEngine => (Role::Warn, "The engine is gone; watching without it."),
        StreamNews::EngineBack => (Role::Ok, "An engine is running: what follows is its word."),
    };
    let line = Line::of(Role::Dim, &clock(note.time, &frame.zone)).with(Role::Plain, "  ");
    line.with(role, text).into()
}

fn instance_changes(
    old: Option<&InstanceStatus>,
    new: &InstanceStatus,
    now: Timestamp,
    say: &mut dyn FnMut(Role, &str),
) {
    let (role, word) = link_words(&new.link);
    if old.is_none_or(|old| old.link.state != new.link.state) {
        let text = match (&new.link.failure, new.link.state) {
            (Some(failure), state) if state.is_loud() => {
                format!("{word}: {} {}", failure.message, failure.hint)
            }
            (Some(failure), _) => match absence::in_short(&new.link) {
                Some(absence) => format!("{word}: {absence}."),
                None => format!("{word} ({}), quietly.", failure.class.name()),
            },
            (None, LinkState::Connected) => match new.link.trust.served {
                Some(served) => format!("{word}; certificate {}.", served.short()),
                None => format!("{word}."),
            },
            (None, _) => format!("{word}."),
        };
        say(role, &text);
    } else if let Some(old) = old
        && old.link.trust.served != new.link.trust.served
        && let Some(served) = new.link.trust.served
        && new.link.state == LinkState::Connected
    {
        say(
            role,
            &format!("Certificate rotated: now {}.", served.short()),
        );
    }
    let why = |link: &Link| link.expected.as_ref().map(|expected| expected.why);
    if new.link.state == LinkState::Connected
        && old.is_some_and(|old| why(&old.link) != why(&new.link))
        && let Some(announced) = absence::sentence(&new.link, now)
    {
        say(Role::Plain, &announced);
    }
    let was_pending = old.is_some_and(|old| old.link.restart_pending);
    if new.link.restart_pending && !was_pending {
        let text = "The certificate file is newer than what is served, until the next restart.";
        say(Role::Plain, text);
    }
    let old_service = old.and_then(|old| old.service.as_ref());
    if let Some(service) = &new.service
        && old_service.is_none_or(|old| !Arc::ptr_eq(old, service))
    {
        service_changes(old_service.map(AsRef::as_ref), service, say);
    }
    // What there is at first the headline says.
    if let Some(old) = old.filter(|old| old.service.is_some()) {
        let is_new = |reason: &&Reason| !old.reasons().any(|old| says_the_same(old, reason));
        for reason in new.reasons().filter(is_new) {
            say(Role::Warn, &format!("Needs a look: {}", reason.message));
        }
    }
}

fn says_the_same(one: &Reason, other: &Reason) -> bool {
    one.what == other.what && one.message == other.message
}

fn service_changes(old: Option<&Service>, new: &Service, say: &mut dyn FnMut(Role, &str)) {
    let Some(old) = old else {
        let counted = |number: usize, one| count(u64::try_from(number).unwrap_or(u64::MAX), one);
        let counts = (
            counted(new.folders.len(), "folder"),
            counted(new.devices.len(), "device"),
        );
        say(
            Role::Plain,
            &format!("{}: {}, {}.", new.version, counts.0, counts.1),
        );
        return;
    };
    for folder in &new.folders {
        let before = old.folders.iter().find(|before| before.id == folder.id);
        if before.is_none_or(|before| before.state != folder.state) {
            let (role, state) = folder_state(folder.state);
            say(
                role,
                &format!("Folder {}: {state}, {}%.", folder.label, folder.percent),
            );
        }
    }
    for device in &new.devices {
        let before = old.devices.iter().find(|before| before.id == device.id);
        if before.is_none_or(|before| before.state != device.state) {
            let (role, state) = device_state(device.state);
            say(
                role,
                &format!("Device {}: {state}, {}%.", device.name, device.percent),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::service::FolderState;
    use crate::view::samples;

    #[test]
    fn tells_that_old_data_is_old() {
        let frame = samples::frame(80);
        for (news, words) in [
            (
                StreamNews::EngineGone,
                "what was said before is its last word",
            ),
            (StreamNews::WithoutEngine, "watching without it"),
            (StreamNews::EngineBack, "An engine is running"),
        ] {
            let note = StreamNote::new(news, samples::now());
            let said = engine(&note, &frame).to_string();
            assert!(said.contains(words) && said.lines().count() == 1, "{said}");
        }
    }

    #[test]
    fn tells_only_what_changed() {
        let frame = samples::frame(80);
        let first = samples::connected();
        let mut page = changes(None, &first, &frame);
        assert!(changes(Some(&first), &first, &frame).is_empty());
        let mut second = samples::rotating();
        page.append(changes(Some(&first), &second, &frame));
        let third = samples::connected();
        page.append(changes(Some(&second), &third, &frame));
        samples::change(&mut second, |instance| {
            instance.link = third.instances[0].link.clone();
            instance.link.trust.served = Some(samples::fingerprint(9));
            samples::change_service(instance, |service| {
                service.folders[0].state = FolderState::Stopped;
            });
        });
        page.append(changes(Some(&third), &second, &frame));
        let nothing = samples::empty();
        page.append(changes(Some(&second), &nothing, &frame));
        insta::assert_snapshot!(page);
    }
}
