//! Very many instances as text: those that a person should look at in full, the worst first; of the others only how many
//! there are, and who.

use std::cmp::Reverse;

use super::{Frame, instance_page};
use crate::core::status::InstanceStatus;
use crate::core::{Overall, Status};
use crate::view::style::{Page, Role};
use crate::view::units::count;

/// So many instances are shown in full, whatever they do.
const FEW: usize = 12;
/// So many names are said of a group.
const NAMED: usize = 6;

/// Whether there are too many to show each in full.
pub(super) fn are_many(status: &Status) -> bool {
    status.instances.len() > FEW
}

/// The worst in full, and a line for each group of the others.
pub(super) fn page(status: &Status, frame: &Frame) -> Page {
    let mut instances: Vec<(Overall, &InstanceStatus)> = status
        .instances
        .iter()
        .map(|instance| (instance.overall(), instance.as_ref()))
        .collect();
    instances.sort_by_key(|(overall, instance)| {
        (
            Reverse(rank(*overall)),
            Reverse(instance.link.state.severity()),
        )
    });
    let loud = instances
        .iter()
        .take_while(|(overall, _)| is_loud(*overall))
        .count();
    let (shown, others) = instances.split_at(loud.min(FEW));
    let mut page = Page::default();
    for (_, instance) in shown {
        page.gap();
        page.append(instance_page(instance, frame));
    }
    page.gap();
    for group in others.chunk_by(|(one, _), (other, _)| one == other) {
        let Some((overall, _)) = group.first() else {
            continue;
        };
        let names: Vec<&str> = group.iter().map(|(_, it)| it.name.as_str()).collect();
        let (role, words) = words(*overall);
        let number = match is_loud(*overall) {
            true => format!("{} more", names.len()),
            false => count(u64::try_from(names.len()).unwrap_or(u64::MAX), "instance"),
        };
        let line = format!("{number} {words}: {}.", named(&names));
        page.paragraph(role, &line, 0, frame.width);
    }
    page.gap();
    let hint = "'syncwatch status --instance NAME' shows one in full, '--all' each.";
    page.paragraph(Role::Dim, hint, 0, frame.width);
    page
}

/// The worse, the higher. Whoever cannot be reached needs a person more than one that asks for attention.
fn rank(overall: Overall) -> u8 {
    match overall {
        Overall::Alert => 5,
        Overall::Offline => 4,
        Overall::Attention => 3,
        Overall::Busy => 2,
        Overall::Ok => 1,
        Overall::Paused => 0,
    }
}

fn is_loud(overall: Overall) -> bool {
    rank(overall) >= 3
}

fn words(overall: Overall) -> (Role, &'static str) {
    match overall {
        Overall::Alert => (Role::Bad, "not trusted"),
        Overall::Offline => (Role::Bad, "not reachable"),
        Overall::Attention => (Role::Warn, "to look at"),
        Overall::Busy => (Role::Busy, "busy"),
        Overall::Ok => (Role::Ok, "in order"),
        Overall::Paused => (Role::Dim, "not monitored"),
    }
}

/// The first names, and how many there are besides.
fn named(names: &[&str]) -> String {
    match names.get(..NAMED).filter(|_| names.len() > NAMED + 1) {
        Some(first) => format!("{} and {} more", first.join(", "), names.len() - NAMED),
        None => names.join(", "),
    }
}
