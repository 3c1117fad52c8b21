//! The certificate: what is known of it, and how one that is not trusted is accepted.

use std::time::Duration;

use super::Item;
use super::Room;
use super::item::{Scope, paragraph};
use super::text::{middle, moment};
use crate::core::status::TrustStatus;
use crate::core::{Fingerprint, LinkState, TrustMode};
use crate::view::command::Command;
use crate::view::units::{brief, count, date};

const COMPARE: &str = "Compare it with the one on the server itself, there: \
    openssl x509 -noout -fingerprint -sha256 -in https-cert.pem";
const EXPECT: &str = "If it is not the same, somebody may be in between: do not accept it.";

/// Both fingerprints, and the way to accept the served one where that is the user's to say.
pub(super) fn untrusted(room: &Room<'_>) -> Item {
    let link = &room.instance.link;
    let scope = room.scope.part("untrusted");
    let shown = link.state == LinkState::Untrusted;
    let since = match link.failure.as_ref().filter(|_| shown) {
        Some(failure) => format!("Since {}", moment(failure.since, room.frame)),
        None => String::new(),
    };
    let mut items = fingerprint(&scope, "pinned", "Pinned", link.trust.current);
    items.extend(fingerprint(&scope, "served", "Served", link.trust.served));
    items.push(Item::text(scope.leaf("since"), &since));
    items.push(Item::separator(scope.leaf("line")));
    items.push(accept(room, &scope));
    let instead = link.trust.mode.not_by_hand().unwrap_or_default();
    items.extend(paragraph(&scope, "instead", instead, 3));
    Item::submenu(scope.id(), "The certificate is not trusted", items).shown(shown)
}

/// Fingerprint, expiry, and what its changes were like.
pub(super) fn certificate(room: &Room<'_>) -> Item {
    let link = &room.instance.link;
    let trust = &link.trust;
    let scope = room.scope.part("certificate");
    let line = |name: &str, text: String| Item::text(scope.leaf(name), &text);
    let pin = if trust.mode.is_pinned() {
        trust.current.or(trust.served)
    } else {
        trust.served
    };
    let mut items = vec![line("insecure", insecure(room))];
    items.extend(fingerprint(&scope, "fingerprint", "Certificate", pin));
    items.push(line("until", until(room, trust)));
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
    items.push(line("rotations", rotations(room)));
    items.push(line("last-rotation", last_rotation(room)));
    let known = pin.is_some() || trust.path.is_some() || link.insecure;
    Item::submenu(scope.id(), "Certificate", items).shown(known)
}

fn accept(room: &Room<'_>, scope: &Scope) -> Item {
    let trust = &room.instance.link.trust;
    let inside = scope.part("accept");
    let mut items = paragraph(&inside, "compare", COMPARE, 3);
    items.extend(paragraph(&inside, "expect", EXPECT, 2));
    items.push(Item::separator(inside.leaf("line")));
    let by_hand = trust.mode.not_by_hand().is_none();
    let served = trust
        .served
        .filter(|_| by_hand && room.instance.link.state == LinkState::Untrusted);
    items.push(match served {
        Some(served) => Item::button(
            inside.leaf("yes"),
            &format!("Yes, it is mine: accept {}…", served.short()),
            Command::Accept {
                instance: room.instance.name.clone(),
                fingerprint: served,
            },
        ),
        None => Item::button(
            inside.leaf("yes"),
            "",
            Command::Retry {
                instance: Some(room.instance.name.clone()),
            },
        )
        .hole(),
    });
    Item::submenu(inside.id(), "Accept this certificate…", items).shown(served.is_some())
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

fn insecure(room: &Room<'_>) -> String {
    match room.instance.link.insecure {
        true => "INSECURE: any certificate is accepted here".into(),
        false => String::new(),
    }
}

fn until(room: &Room<'_>, trust: &TrustStatus) -> String {
    let Some(end) = trust.not_after else {
        return String::new();
    };
    let day = date(end, &room.frame.zone);
    match (end > room.frame.now, trust.mode.is_pinned()) {
        (true, _) => format!("Valid until {day}"),
        (false, true) => format!("Expired on {day}; it is pinned: no harm"),
        (false, false) => format!("Expired on {day}"),
    }
}

fn judged(trust: &TrustStatus) -> String {
    let how = match trust.mode {
        TrustMode::File => "its pin is read from this file",
        TrustMode::Fingerprint => "pinned in the config or by you",
        TrustMode::Ca => "by this CA file",
        TrustMode::System => "by the system's certificates",
        TrustMode::Any => "any is accepted",
    };
    format!("Trust: {how}")
}

fn rotations(room: &Room<'_>) -> String {
    match room.instance.link.rotations {
        0 => "It was never replaced so far".into(),
        1 => "Replaced once".into(),
        times => format!("Replaced {}", count(times, "time")),
    }
}

fn last_rotation(room: &Room<'_>) -> String {
    let link = &room.instance.link;
    let Some(time) = link.last_rotation else {
        return String::new();
    };
    let when = moment(time, room.frame);
    match link.last_recovery_ms {
        Some(millis) => {
            let took = brief(Duration::from_millis(millis));
            format!("Last: {when}; connected again after {took}")
        }
        None => format!("Last: {when}"),
    }
}
