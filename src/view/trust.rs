//! Pins in words: the list, the whole of one, and what to compare before one is accepted.

use super::Frame;
use super::link::link_words;
use super::style::{Line, Page, Role};
use super::table::{Column, Table};
use super::units::{ago, date};
use crate::core::failure::openssl;
use crate::core::status::{InstanceStatus, Link, TrustStatus};
use crate::core::{Class, Fingerprint, LinkState, Shown, Status, Timestamp, TrustMode};

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
        let (role, state) = link_words(&instance.link);
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
    let (role, state) = link_words(&instance.link);
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

/// What to think of before accepting `served`. `shown` is what it says of itself; `by_system` that the certificates of this
/// computer vouch for it anyway.
pub fn question(
    instance: &InstanceStatus,
    served: Fingerprint,
    shown: Option<&Shown>,
    by_system: bool,
    frame: &Frame,
) -> Page {
    let mut page = Page::default();
    let url = &instance.url;
    page.paragraph(
        Role::Plain,
        &format!("{url} serves this certificate:"),
        0,
        frame.width,
    );
    page.push(Line::plain("  ").with(Role::Strong, &served.to_string()));
    page.push(Line::plain("  ").with(Role::Strong, &served.with_colons()));
    if let Some(shown) = shown {
        page.append(says(shown, frame));
    }
    if let Some(current) = instance.link.trust.current {
        page.paragraph(Role::Plain, "Until now this one is pinned:", 0, frame.width);
        page.push(Line::plain("  ").with(Role::Plain, &current.to_string()));
    }
    page.paragraph(
        Role::Plain,
        &format!(
            "Compare it with the one on the server itself. This must print the same there: {}",
            openssl(instance.kind)
        ),
        0,
        frame.width,
    );
    if let Some(instead) = instead(shown, by_system) {
        page.paragraph(Role::Plain, &instead, 0, frame.width);
    }
    page
}

/// What became of `accepted`.
pub fn accepted(instance: &InstanceStatus, accepted: Fingerprint, frame: &Frame) -> Page {
    let (role, word) = link_words(&instance.link);
    let mut page = Page::from(Line::plain(&format!("{}: ", instance.name)).with(role, word));
    if let Some(served) = instance.link.trust.served.filter(|it| *it != accepted) {
        let text = format!(
            "It does not serve the accepted certificate, but {served}. The accepted one counts as soon as it is served."
        );
        page.paragraph(Role::Warn, &text, 0, frame.width);
    }
    page
}

/// What is so once nothing is accepted any more.
pub fn forgotten(instance: &InstanceStatus, frame: &Frame) -> Page {
    let name = &instance.name;
    let link = &instance.link;
    let (role, text) = match link.failure.as_ref().map(|failure| failure.class) {
        Some(Class::NotPinned) => (
            Role::Warn,
            format!(
                "Nothing is pinned for {name} now: nothing is sent to it until a certificate is accepted, or named in the config."
            ),
        ),
        Some(Class::PinMismatch | Class::NewCertificateEachTime) => (
            Role::Warn,
            format!(
                "The certificate that {name} serves is not pinned any more: nothing is sent to it."
            ),
        ),
        _ if link.state == LinkState::Connected => (
            Role::Ok,
            format!("{name}: Connected; what it serves is pinned in the config."),
        ),
        _ => {
            let (role, word) = link_words(link);
            (role, format!("{name}: {word}"))
        }
    };
    let mut page = Page::default();
    page.paragraph(role, &text, 0, frame.width);
    page
}

/// What a certificate says of itself, which anybody could write.
fn says(shown: &Shown, frame: &Frame) -> Page {
    let mut page = Page::default();
    let mut say = |title: &str, text: &str| {
        let line = Line::of(Role::Dim, &format!("  {title:<8}")).with(Role::Plain, text);
        page.push(line.cut(frame.width));
    };
    say("subject", &shown.subject);
    match shown.self_signed {
        true => say("issuer", "itself"),
        false => say("issuer", &shown.issuer),
    }
    if !shown.names.is_empty() {
        say("names", &shown.names.join(", "));
    }
    let day = |time: Option<Timestamp>| time.map_or_else(|| "?".into(), |at| date(at, &frame.zone));
    let (from, to) = (day(shown.not_before), day(shown.not_after));
    say("valid", &format!("{from} to {to}"));
    page
}

/// What would do as well as a pin, and goes on doing when the certificate is renewed.
fn instead(shown: Option<&Shown>, by_system: bool) -> Option<String> {
    if by_system {
        return Some("This computer's own certificates vouch for it: trust = \"system\" in the config would do as well, and follow its renewals.".into());
    }
    let issuer = shown.filter(|shown| !shown.self_signed)?.issuer.as_str();
    Some(format!(
        "It says that {issuer} signed it: with that CA's certificate in a file, trust = {{ ca = \"...\" }} would do as well, and follow its renewals."
    ))
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
        let shown = Shown {
            subject: "CN=nas".into(),
            issuer: "CN=Home \u{1b}[31mCA".into(),
            names: vec!["nas.lan".into(), "10.0.0.5".into()],
            not_before: Some(frame(80).now),
            not_after: None,
            self_signed: false,
        };
        let question = question(
            &status.instances[0],
            fingerprint(3),
            Some(&shown),
            false,
            &frame(80),
        );
        insta::assert_snapshot!(format!("{list}\n{show}\n{question}"));
    }

    #[test]
    fn what_became_of_it_is_what_is_so() {
        let mut status = connected();
        let said = |status: &Status| {
            let (one, frame) = (&status.instances[0], frame(100));
            format!(
                "{}\n{}",
                accepted(one, fingerprint(3), &frame),
                forgotten(one, &frame)
            )
        };
        let connected = said(&status);
        assert!(
            connected.contains("does not serve the accepted certificate"),
            "{connected}"
        );
        assert!(connected.contains("pinned in the config"), "{connected}");
        status = crate::view::samples::failing(LinkState::Misconfigured, Class::NotPinned, "", "");
        let unpinned = said(&status);
        assert!(unpinned.contains("Not pinned yet"), "{unpinned}");
        assert!(unpinned.contains("Nothing is pinned for"), "{unpinned}");
    }

    #[test]
    fn only_fingerprint_trust_is_by_hand() {
        assert!(TrustMode::Fingerprint.not_by_hand().is_none());
        assert!(TrustMode::File.not_by_hand().is_some());
    }
}
