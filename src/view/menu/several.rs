//! Several instances: how they are together, and a submenu for each.

use super::folders::{group_of, more};
use super::headline::title;
use super::item::Scope;
use super::slots::{Entry, Place};
use super::text::name_or;
use super::{Desk, Item, Slots, pause, subject};
use crate::core::{InstanceStatus, Kind, LinkState, Overall, Status};
use crate::view::command::Command;
use crate::view::{Frame, words};

/// The headline of all, what can be done with all, and each.
pub(super) fn items(status: &Status, desk: &Desk, slots: &mut Slots, frame: &Frame) -> Vec<Item> {
    let (_, headline) = words::headline(status);
    let headline = headline.strip_suffix('.').unwrap_or(&headline);
    let mut items = vec![Item::text(Scope::app().leaf("headline"), headline)];
    items.extend(together(status));
    items.extend(instances(status, desk, slots, frame));
    items
}

fn together(status: &Status) -> Vec<Item> {
    let all = Scope::app();
    let any = |wanted: fn(&InstanceStatus) -> bool| {
        let mut instances = status.instances.iter();
        instances.any(|instance| wanted(instance))
    };
    let any_syncthing = any(|instance| instance.kind == Kind::Syncthing);
    let many = !status.instances.is_empty();
    let retry = Command::Retry { instance: None };
    let retry = Item::button(all.leaf("retry"), "Try again now", retry)
        .shown(any(|instance| instance.link.state.is_loud()));
    let pause = pause::times(&all.part("pause"), |until| Command::PauseAll {
        instance: None,
        until,
    });
    let resume = Command::ResumeAll { instance: None };
    let resume = Item::button(all.leaf("resume"), "Resume everything", resume)
        .shown(any(|instance| !instance.holds.is_empty()));
    vec![
        retry,
        Item::submenu(all.leaf("pause"), "Pause everything", pause).shown(any_syncthing),
        resume,
        Item::separator(all.leaf("instances")).shown(many),
    ]
}

fn instances(status: &Status, desk: &Desk, slots: &mut Slots, frame: &Frame) -> Vec<Item> {
    let entries: Vec<Entry> = status
        .instances
        .iter()
        .map(|instance| Entry {
            key: instance.name.clone(),
            rank: rank(instance),
        })
        .collect();
    let places = slots.place("/instances", &entries);
    let held = |place: &Place| place.entry(&status.instances);
    let mut one = |place: &Place, whole: bool| match held(place) {
        Some(instance) => {
            let subject = subject(instance, desk, frame);
            let items = match whole {
                true => subject.items(slots),
                false => subject.most_important(slots),
            };
            Item::submenu(subject.scope.id(), &title(instance), items)
        }
        // Only the config brings an instance, so that a free place needs no shape.
        None => {
            let id = Scope::app().free("instance", place.number).id();
            Item::submenu(id, "", Vec::new()).hole()
        }
    };
    let mut items: Vec<Item> = Vec::new();
    items.extend(places.direct.iter().map(|place| one(place, true)));
    let mut groups = Vec::new();
    for (group, number) in places.groups.iter().zip(0..) {
        let names = group.iter().filter_map(held);
        let names: Vec<String> = names.map(|instance| name_or(&instance.name, "")).collect();
        let id = Scope::app().leaf(&format!("instances/{number}"));
        let inside = group.iter().map(|place| one(place, false)).collect();
        groups.push(group_of(id, &names, inside));
    }
    let behind = places.groups.iter().flatten().filter_map(held).count();
    items.push(more(Scope::app().leaf("instances/more"), behind, groups));
    items
}

/// Where there are many, those that a person should look at come first.
fn rank(instance: &InstanceStatus) -> u8 {
    match instance.overall() {
        _ if instance.link.state.is_loud() => 5 - instance.link.state.severity().min(4),
        Overall::Attention => 5,
        Overall::Busy if instance.link.state == LinkState::Connected => 6,
        Overall::Paused => 8,
        _ => 7,
    }
}
