//! Pins in words: the list, the whole of one, and what to compare before one is accepted.

use super::Frame;
use super::certificate::openssl;
use super::style::{Line, Page, Role};
use super::table::{Column, Table};
use super::units::{ago, date};
use super::words::link_state;
use crate::core::status::{InstanceStatus, Link, TrustStatus};
use crate::core::{Fingerprint, Status, TrustMode};

/// Every instance on a line.
pub fn list(status: &Status, frame: &Frame) -> Page {
    let mut table = Table::new(&[
        Column::left("Instance", Some(8)),
        Column::left("Trust", None),
        Column::left("State", Some(7)),
        Column::left("Certificate", Some(16)),
        Column::left("Until", Some(10)),
    ]);
    for instance in &status.instances {
        let trust = &instance.link.trust;
        let (role, state) = link_state(instance.link.state);
        let shown = trust.current.or(trust.served);
        table.row(
            vec![
                Line::of(Role::Strong, &instance.name),
                mode(&instance.link),
                Line::of(role, state),
                Line::plain(&shown.map(|pin| pin.short()).unwrap_or_default()),
                Line::plain(&until(trust, frame)),
            ],
            Page::default(),
        );
    }
    table.page(0, frame.width)
}

/// One instance with whole fingerprints, each on a line of its own to be compared and copied.
pub fn show(instance: &InstanceStatus, frame: &Frame) -> Page {
    let trust = &instance.link.trust;
    let (role, state) = link_state(instance.link.state);
    let mut page = Page::from(
        Line::of(Role::Strong, &instance.name)
            .with(Role::Plain, "  ")
            .with(role, state)
            .with(Role::Plain, "  ")
            .with(Role::Plain, &instance.url),
    );
    let mut say = |title: &str, line: Line| {
        page.push(Line::of(Role::Dim, &format!("  {title:<9}")).then(line));
    };
    say("trust", mode(&instance.link));
    if let Some(path) = &trust.path {
        say("file", Line::plain(path));
    }
    if let Some(command) = &trust.command {
        say("command", Line::plain(command));
    }
    let fingerprint = |fingerprint: Fingerprint| Line::plain(&fingerprint.to_string());
    if let Some(current) = trust.current {
        say("pinned", fingerprint(current));
    }
    if let Some(pending) = trust.pending {
        say("pending", fingerprint(pending));
    }
    if let Some(served) = trust.served {
        let known = [trust.current, trust.pending].contains(&Some(served));
        let role = if known || !trust.mode.is_pinned() {
            Role::Plain
        } else {
            Role::Bad
        };
        say("served", Line::of(role, &served.to_string()));
    }
    let until = until(trust, frame);
    if !until.is_empty() {
        say("until", Line::plain(&until));
    }
    page
}

/// What to think of before accepting `served`.
pub fn question(instance: &InstanceStatus, served: Fingerprint, frame: &Frame) -> Page {
    let mut page = Page::default();
    let url = &instance.url;
    page.paragraph(
        Role::Plain,
        &format!("{url} serves this certificate:"),
        0,
        frame.width,
    );
    page.push(Line::plain("  ").with(Role::Strong, &served.to_string()));
    if let Some(current) = instance.link.trust.current {
        page.paragraph(Role::Plain, "Until now this one is pinned:", 0, frame.width);
        page.push(Line::plain("  ").with(Role::Plain, &current.to_string()));
    }
    page.paragraph(
        Role::Plain,
        &format!(
            "Compare it with the one on the server itself: {}",
            openssl(instance.kind)
        ),
        0,
        frame.width,
    );
    page
}

fn mode(link: &Link) -> Line {
    match link.trust.mode {
        _ if link.plain => Line::of(Role::Bad, "none (not encrypted)"),
        TrustMode::File => Line::plain("file"),
        TrustMode::Fingerprint => Line::plain("fingerprint"),
        TrustMode::Command => Line::plain("command"),
        TrustMode::Ca => Line::plain("ca"),
        TrustMode::System => Line::plain("system"),
        TrustMode::Any => Line::of(Role::Bad, "any (insecure)"),
    }
}

fn until(trust: &TrustStatus, frame: &Frame) -> String {
    match trust.not_after {
        Some(end) if end > frame.now => date(end, &frame.zone),
        Some(end) => format!(
            "{} (expired {})",
            date(end, &frame.zone),
            ago(frame.now, end)
        ),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::samples::{change, connected, fingerprint, frame};

    #[test]
    fn pins_can_be_compared() {
        let mut status = connected();
        change(&mut status, |instance| {
            instance.link.trust.served = Some(fingerprint(3))
        });
        let (list, show) = (
            list(&status, &frame(80)),
            show(&status.instances[0], &frame(80)),
        );
        let question = question(&status.instances[0], fingerprint(3), &frame(80));
        insta::assert_snapshot!(format!("{list}\n{show}\n{question}"));
    }

    #[test]
    fn only_fingerprint_trust_is_by_hand() {
        assert!(TrustMode::Fingerprint.not_by_hand().is_none());
        assert!(TrustMode::File.not_by_hand().is_some());
    }
}
