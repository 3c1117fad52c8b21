//! The entries of one instance, in their order.

use super::Item;
use super::headline::{progress, sentence};
use super::item::Scope;
use super::slots::Place;
use super::text::name_or;
use super::{Slots, Subject, devices, folders, lists, pause, requests, server, trouble, trust};
use crate::core::{Action, Kind, LinkState};
use crate::view::command::Command;
use crate::view::units::rate;

impl Subject<'_> {
    /// Everything of this instance.
    pub(super) fn items(&self, slots: &mut Slots) -> Vec<Item> {
        let mut items = self.state(slots);
        items.push(requests::submenu(self, slots));
        if !self.is_syncthing() {
            items.extend(lists::facts(self, slots));
        }
        items.push(self.line(1));
        let mut parts = folders::items(self, slots);
        parts.push(devices::submenu(self, slots));
        parts.push(lists::changes(self, slots));
        parts.push(lists::conflicts(self, slots));
        parts.push(lists::errors(self, slots));
        items.extend(parts);
        if self.is_syncthing() {
            items.push(self.line(2));
        }
        items.push(self.rescan_all());
        items.push(pause::submenu(self));
        items.push(server::page(self));
        items.push(server::submenu(self));
        items.push(trust::certificate(self));
        items.push(self.monitored());
        items
    }

    /// What one of very many shows.
    pub(super) fn most_important(&self, slots: &mut Slots) -> Vec<Item> {
        let mut items = self.state(slots);
        items.push(self.line(1));
        items.push(self.rescan_all());
        items.push(pause::submenu(self));
        items.push(server::page(self));
        items.push(self.monitored());
        items
    }

    fn state(&self, slots: &mut Slots) -> Vec<Item> {
        let sentence = sentence(self.instance, self.frame);
        let mut items = vec![
            Item::text(self.scope.leaf("headline"), &sentence),
            self.progress(slots),
            self.rates(slots),
            Item::text(self.scope.leaf("insecure"), trust::insecure(self)),
        ];
        items.extend(trouble::items(self));
        items.push(trust::untrusted(self, slots));
        items
    }

    fn line(&self, number: usize) -> Item {
        Item::separator(self.scope.leaf(&format!("line-{number}")))
    }

    /// The ids of what is at a place of one of the lists.
    pub(super) fn thing(&self, section: &str, place: &Place) -> Scope {
        match &place.held {
            Some((_, key)) => self.scope.thing(section, key),
            None => self.scope.free(section, place.number),
        }
    }

    /// What a click has this Syncthing do.
    pub(super) fn control(&self, action: Action) -> Command {
        Command::Control {
            instance: self.instance.name.clone(),
            action,
        }
    }

    /// Another attempt to connect.
    pub(super) fn retry(&self) -> Command {
        Command::Retry {
            instance: Some(self.instance.name.clone()),
        }
    }

    pub(super) fn is_syncthing(&self) -> bool {
        self.instance.kind == Kind::Syncthing
    }

    /// What is going on beside what the headline is about.
    fn progress(&self, slots: &mut Slots) -> Item {
        let service = self.instance.service.as_deref();
        let both = service.filter(|_| self.connected && self.instance.needs_attention());
        let words = both.and_then(progress);
        let id = self.scope.leaf("progress");
        let shown = slots.keep(&id, words.is_some());
        let words = words.unwrap_or_else(|| "Nothing is being synced".into());
        Item::text(id, &words).shown(shown && both.is_some())
    }

    fn rates(&self, slots: &mut Slots) -> Item {
        let rates = match &self.instance.service {
            Some(service) if self.connected => service.rates,
            _ => Default::default(),
        };
        let id = self.scope.leaf("rates");
        let flows = self.desk.rates && (rates.in_bps > 0 || rates.out_bps > 0);
        let shown = slots.keep(&id, flows) && self.desk.rates && self.connected;
        let words = format!(
            "Receiving {}, sending {}",
            rate(rates.in_bps),
            rate(rates.out_bps)
        );
        Item::text(id, &words).shown(shown)
    }

    fn rescan_all(&self) -> Item {
        let action = Action::Rescan {
            folder: None,
            sub: None,
        };
        let id = self.scope.leaf("rescan-all");
        Item::button(id, "Rescan all folders", self.control(action))
            .usable(self.connected)
            .shown(self.is_syncthing())
    }

    fn monitored(&self) -> Item {
        let on = self.instance.link.state != LinkState::Paused;
        let command = Command::SetMonitored {
            instance: self.instance.name.clone(),
            monitored: !on,
        };
        let label = format!("Watch {}", name_or(&self.instance.name, ""));
        Item::check(self.scope.leaf("monitored"), &label, on, command)
    }
}
