//! The certificate: what is known of it, and how one that is not trusted is accepted.

use std::time::Duration;

use super::Item;
use super::item::{Scope, paragraph};
use super::text::{middle, moment};
use super::{Slots, Subject};
use crate::core::failure::openssl;
use crate::core::status::TrustStatus;
use crate::core::{Fingerprint, LinkState, TrustMode};
use crate::view::certificate;
use crate::view::command::Command;
use crate::view::units::{brief, count, date};

/// A server that keeps changing its certificate is not to be accepted from a menu.
const MOST_OFFERED: usize = 3;

/// The fingerprints, and the way to accept the served one where that is the user's to say.
pub(super) fn untrusted(subject: &Subject<'_>, slots: &mut Slots) -> Item {
    let link = &subject.instance.link;
    let scope = subject.scope.part("untrusted");
    let shown = link.state == LinkState::Untrusted || link.is_unpinned();
    let since = match link.failure.as_ref().filter(|_| shown) {
        Some(failure) => format!("Since {}", moment(failure.since, subject.frame)),
        None => String::new(),
    };
    let none = match link.trust.current {
        None => "Pinned: none yet",
        Some(_) => "",
    };
    let said = |pin: Option<Fingerprint>| pin.filter(|_| shown);
    let trust = &link.trust;
    let mut items = vec![Item::text(scope.leaf("none"), none)];
    items.extend(fingerprint(&scope, "pinned", "Pinned", said(trust.current)));
    items.extend(fingerprint(&scope, "pending", "Or", said(trust.pending)));
    items.extend(fingerprint(&scope, "served", "Served", said(trust.served)));
    items.push(Item::text(scope.leaf("since"), &since));
    items.push(Item::separator(scope.leaf("line")));
    items.push(accept(subject, &scope, slots));
    let instead = link.trust.mode.not_by_hand().unwrap_or_default();
    items.extend(paragraph(&scope, "instead", instead, 3));
    let title = match link.is_unpinned() {
        true => "The certificate is not pinned yet",
        false => "The certificate is not trusted",
    };
    Item::submenu(scope.id(), title, items).shown(shown)
}

/// Fingerprint, expiry, and what its changes were like.
pub(super) fn certificate(subject: &Subject<'_>) -> Item {
    let link = &subject.instance.link;
    let trust = &link.trust;
    let scope = subject.scope.part("certificate");
    let line = |name: &str, text: String| Item::text(scope.leaf(name), &text);
    let pin = if trust.mode.is_pinned() {
        trust.current.or(trust.served)
    } else {
        trust.served
    };
    let mut items = vec![line("insecure", insecure(subject).to_owned())];
    items.extend(fingerprint(&scope, "fingerprint", "Certificate", pin));
    items.push(line("until", until(subject, trust)));
    // While it is being taken up, nothing needs to be said.
    let pending = trust.pending.filter(|_| link.restart_pending);
    items.extend(fingerprint(
        &scope,
        "pending",
        "At its next restart",
        pending,
    ));
    items.push(line("trust", judged(trust)));
    items.push(line(
        "path",
        middle(trust.path.as_deref().unwrap_or_default(), 58),
    ));
    items.push(line("rotations", rotations(subject)));
    items.push(line("last-rotation", last_rotation(subject)));
    let known = pin.is_some() || trust.path.is_some() || link.insecure;
    Item::submenu(scope.id(), "Certificate", items).shown(known && !link.plain)
}

fn accept(subject: &Subject<'_>, scope: &Scope, slots: &mut Slots) -> Item {
    let link = &subject.instance.link;
    let scope = scope.part("accept");
    let served = link.acceptable();
    let line = |name: &str, text: &str| Item::text(scope.leaf(name), text);
    let [first, second] = served.map(as_openssl_prints).unwrap_or_default();
    let mut items = vec![
        line("compare", "Compare it on the server itself, where"),
        line("command", openssl(subject.instance.kind)),
        line("prints", "must print"),
        line("first", &first),
        line("second", &second),
        line("else", "If not, somebody is in between: do not accept it"),
        Item::separator(scope.leaf("line")),
    ];
    items.extend(buttons(subject, &scope, served, slots));
    Item::submenu(scope.id(), "Accept this certificate…", items).shown(served.is_some())
}

/// Each certificate has a button of its own: a click never accepts another one than was read.
fn buttons(
    subject: &Subject<'_>,
    scope: &Scope,
    served: Option<Fingerprint>,
    slots: &mut Slots,
) -> Vec<Item> {
    let place =
        served.and_then(|served| slots.place_once(&scope.id(), &served.to_string(), MOST_OFFERED));
    let button = |index| {
        let id = scope.leaf(&format!("yes-{index}"));
        match served.filter(|_| place == Some(index)) {
            Some(fingerprint) => Item::button(
                id,
                &format!("Yes, it is mine: accept {}…", fingerprint.short()),
                Command::Accept {
                    instance: subject.instance.name.clone(),
                    fingerprint,
                },
            ),
            None => Item::button(id, "", subject.retry()).hole(),
        }
    };
    let mut items: Vec<Item> = (0..MOST_OFFERED).map(button).collect();
    let restless = served.is_some() && place.is_none();
    let restless = match restless {
        true => "It keeps changing: do not accept it",
        false => "",
    };
    items.push(Item::text(scope.leaf("restless"), restless));
    items
}

/// `AB:CD:…` on two lines.
fn as_openssl_prints(fingerprint: Fingerprint) -> [String; 2] {
    let text = fingerprint.with_colons();
    let (first, second) = text
        .split_at_checked(text.len() / 2 + 1)
        .unwrap_or_default();
    [first.to_owned(), second.to_owned()]
}

/// A whole fingerprint, to be compared: it takes two lines.
fn fingerprint(scope: &Scope, name: &str, title: &str, pin: Option<Fingerprint>) -> Vec<Item> {
    let text = pin.map(|pin| pin.to_string()).unwrap_or_default();
    let half = text.len().saturating_sub(32);
    let (first, second) = text.split_at_checked(half).unwrap_or_default();
    let first = match first {
        "" => String::new(),
        first => format!("{title}: {first}"),
    };
    vec![
        Item::text(scope.leaf(name), &first),
        Item::text(scope.leaf(&format!("{name}-rest")), second),
    ]
}

/// What every view of such an instance says.
pub(super) fn insecure(subject: &Subject<'_>) -> &'static str {
    certificate::insecure(&subject.instance.link).unwrap_or_default()
}

fn until(subject: &Subject<'_>, trust: &TrustStatus) -> String {
    let Some(end) = trust.not_after else {
        return String::new();
    };
    let day = date(end, &subject.frame.zone);
    match (end > subject.frame.now, trust.mode.is_pinned()) {
        (true, _) => format!("Valid until {day}"),
        (false, true) => format!("Expired on {day}; it is pinned: no harm"),
        (false, false) => format!("Expired on {day}"),
    }
}

fn judged(trust: &TrustStatus) -> String {
    let how = match trust.mode {
        TrustMode::File => "its pin is read from this file",
        TrustMode::Fingerprint => "pinned in the config or by you",
        TrustMode::Command => "its pin is what a command prints",
        TrustMode::Ca => "by this CA file",
        TrustMode::System => "by the system's certificates",
        TrustMode::Any => "any is accepted",
    };
    format!("Trust: {how}")
}

fn rotations(subject: &Subject<'_>) -> String {
    match subject.instance.link.rotations {
        0 => "It was never replaced so far".into(),
        1 => "Replaced once".into(),
        times => format!("Replaced {}", count(times, "time")),
    }
}

fn last_rotation(subject: &Subject<'_>) -> String {
    let link = &subject.instance.link;
    let Some(time) = link.last_rotation else {
        return String::new();
    };
    let when = moment(time, subject.frame);
    match link.last_recovery_ms {
        Some(millis) => {
            let took = brief(Duration::from_millis(millis));
            format!("Last: {when}; connected again after {took}")
        }
        None => format!("Last: {when}"),
    }
}
