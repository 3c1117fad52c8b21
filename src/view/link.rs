//! A link in a word, and as a title: one for which nothing was pinned yet is not called misconfigured.

use super::style::Role;
use super::words::link_state;
use crate::core::status::Link;
use crate::core::{InstanceStatus, Kind, LinkState};

/// How a link looks and what it is called at the beginning of a sentence.
pub fn link_words(link: &Link) -> (Role, &'static str) {
    match link.is_unpinned() {
        true => (Role::Warn, "Not pinned yet"),
        false => link_state(link.state),
    }
}

/// That an instance is in a loud state, by this name.
pub fn lost_link(name: &str, instance: &InstanceStatus) -> String {
    match instance.link.is_unpinned() {
        true => format!("No certificate is pinned yet for {name}"),
        false => lost(name, instance.link.state, instance.kind),
    }
}

/// That `name` is in a loud state, as a title; with a full stop it is a sentence.
pub fn lost(name: &str, state: LinkState, kind: Kind) -> String {
    match state {
        LinkState::Disconnected => format!("{name} cannot be reached"),
        LinkState::Untrusted => format!("The certificate of {name} is not trusted"),
        LinkState::Unauthorized => format!("{name} refuses the {}", kind.login()),
        LinkState::Misconfigured => format!("{name} cannot work as configured"),
        other => format!("{name}: {}", other.name()),
    }
}
