//! Words for an absence that was announced.

use std::time::Duration;

use super::units::span;
use super::words::list;
use crate::core::status::Link;
use crate::core::{Expected, InstanceStatus, LinkState, Timestamp, Why};

/// In few words, such as `shut down by you`; `None` where the server is there or nothing was announced.
pub fn in_short(link: &Link) -> Option<String> {
    let expected = link.expected.as_ref().filter(|_| is_away(link))?;
    Some(match expected.why {
        Why::Restart => "restarting, as you asked".into(),
        Why::Shutdown => "shut down by you".into(),
        Why::Upgrade => format!("upgrading{}", to(expected)),
        Why::Database => "upgrading its database".into(),
    })
}

/// In a sentence: why it is away, or will be, and for how long.
pub fn sentence(link: &Link, now: Timestamp) -> Option<String> {
    let expected = link.expected.as_ref().filter(|_| !link.state.is_loud())?;
    let at_most = |end: Timestamp| span(end.since(now) + Duration::from_millis(999));
    let back = expected
        .until
        .map(|until| format!("; expected back within {}", at_most(until)));
    let back = back.unwrap_or_default();
    Some(match expected.why {
        Why::Restart => format!("Restarting, as you asked{back}."),
        Why::Shutdown if !is_away(link) => "It is about to shut down, as you asked.".into(),
        Why::Shutdown => format!(
            "Shut down by you {} ago. It is connected again as soon as somebody starts it.",
            span(now.since(expected.since))
        ),
        Why::Upgrade if now < expected.since => {
            let begins = at_most(expected.since);
            format!("It restarts in {begins}, upgrading{}.", to(expected))
        }
        Why::Upgrade => format!("Upgrading{}{back}.", to(expected)),
        Why::Database => {
            "Upgrading its database: with many files this takes a while. It is connected again by itself.".into()
        }
    })
}

/// Nobody is watched, or all that is was shut down.
pub fn nobody_watched<'a>(instances: impl Iterator<Item = &'a InstanceStatus>) -> String {
    let down = instances.filter(|instance| instance.link.is_shut_down());
    let names: Vec<&str> = down.map(|instance| instance.name.as_str()).collect();
    match names.len() {
        0 => "Monitoring is paused.".into(),
        1 => format!("{} was shut down by you.", list(&names)),
        _ => format!("{} were shut down by you.", list(&names)),
    }
}

fn to(expected: &Expected) -> String {
    let version = expected.version.as_ref();
    version
        .map(|version| format!(" to {version}"))
        .unwrap_or_default()
}

fn is_away(link: &Link) -> bool {
    link.state != LinkState::Connected && !link.state.is_loud()
}
