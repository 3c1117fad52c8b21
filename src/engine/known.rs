//! What is remembered of servers, and whose it is: a server is known by where it is and who it says it is, never by what
//! the config calls it today.
//!
//! Invariant: a pin is used only for the address, kind and files that it was remembered for. What is paused is never
//! forgotten with a name: it waits until its server is there again.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::core::{Address, Expected, Held, Pin, Recalled, Remembered};

/// So many servers that the config names no more are remembered.
const MOST_LEFT: usize = 200;

/// What is kept of one server.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    /// Where it is; `None` in files of before it was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<Address>,
    /// Who it says that it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remembered: Option<Remembered>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted: Option<Pin>,
    /// What is paused for a while.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub holds: Vec<Held>,
    /// Monitoring is switched off.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub paused: bool,
    /// It is away, as was announced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<Expected>,
}

/// A server that no instance stands for any more.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Left {
    /// What the config called it last.
    pub name: String,
    #[serde(flatten)]
    pub kept: Kept,
}

/// Everything that is remembered.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Known {
    /// By the names of the instances.
    instances: BTreeMap<String, Kept>,
    /// The newest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    left: Vec<Left>,
}

/// An instance that goes by another name than before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Renamed {
    pub from: String,
    pub to: String,
}

/// How sure it is that a record is an instance's, the surest first.
const GROUNDS: [fn(&Left, &str, &Address) -> bool; 4] = [
    |left, name, address| left.name == name && left.kept.address.as_ref() == Some(address),
    |left, _, address| left.kept.address.as_ref() == Some(address),
    // Files of before know names only.
    |left, name, _| left.name == name && left.kept.address.is_none(),
    |left, name, address| {
        let known = left.kept.address.as_ref();
        left.name == name && known.is_some_and(|known| known.same_peer(address))
    },
];

impl Known {
    /// The config names exactly these from now on: each gets what is known of its server; what is left waits.
    pub fn configure(&mut self, wanted: &BTreeMap<String, Address>) -> Vec<Renamed> {
        let before = std::mem::take(&mut self.instances).into_iter();
        let mut pool: Vec<Left> = before.map(|(name, kept)| Left { name, kept }).collect();
        pool.append(&mut self.left);
        let mut renamed = Vec::new();
        for is_its in GROUNDS {
            for (name, address) in wanted {
                if self.instances.contains_key(name) {
                    continue;
                }
                let Some(at) = pool.iter().position(|left| is_its(left, name, address)) else {
                    continue;
                };
                let mut found = pool.remove(at);
                found.kept.address = Some(address.clone());
                if found.name != *name {
                    let (from, to) = (found.name, name.clone());
                    renamed.push(Renamed { from, to });
                }
                self.instances.insert(name.clone(), found.kept);
            }
        }
        for (name, address) in wanted {
            let new = || Kept {
                address: Some(address.clone()),
                ..Kept::default()
            };
            self.instances.entry(name.clone()).or_insert_with(new);
        }
        for left in &mut pool {
            if left.kept.address.is_none() {
                // A name alone is nothing that a pin could be bound to.
                (left.kept.accepted, left.kept.remembered) = (None, None);
            }
        }
        self.leave(pool);
        renamed
    }

    /// What is kept of the server that is called `name` and stands at `address`.
    pub fn find(&self, name: &str, address: &Address) -> Kept {
        let instances = self.instances.iter();
        let pool = instances.map(|(name, kept)| Left {
            name: name.clone(),
            kept: kept.clone(),
        });
        let pool: Vec<Left> = pool.chain(self.left.iter().cloned()).collect();
        let mut grounds = GROUNDS.iter();
        let found = grounds.find_map(|is_its| pool.iter().find(|left| is_its(left, name, address)));
        found.map(|left| left.kept.clone()).unwrap_or_default()
    }

    /// What is kept of `instance`.
    pub fn get(&self, instance: &str) -> Kept {
        self.instances.get(instance).cloned().unwrap_or_default()
    }

    /// Changes what is kept of `instance`.
    pub fn change(&mut self, instance: &str, change: impl FnOnce(&mut Kept)) {
        change(self.instances.entry(instance.to_owned()).or_default());
    }

    /// The server of `instance` says that it is `id`. What was paused of the one that it was taken for is `aside`.
    pub fn identify(&mut self, instance: &str, id: String, aside: Vec<Held>) {
        let kept = self.instances.entry(instance.to_owned()).or_default();
        let before = kept.id.replace(id);
        if !aside.is_empty() {
            kept.holds.retain(|held| !aside.contains(held));
            let left = Left {
                name: instance.to_owned(),
                kept: Kept {
                    id: before,
                    holds: aside,
                    ..Kept::default()
                },
            };
            self.leave_one(left);
        }
    }

    /// What is left of the server of `instance` from other names: it is that instance's from now on. Pins are not:
    /// those are bound to their address.
    pub fn recall(&mut self, instance: &str) -> Recalled {
        let mut recalled = Recalled::default();
        let Some(kept) = self.instances.get(instance) else {
            return recalled;
        };
        for left in &mut self.left {
            let same = match (&left.kept.id, &kept.id) {
                (Some(left), id) => Some(left) == id.as_ref(),
                (None, _) => left.kept.address.is_some() && left.kept.address == kept.address,
            };
            if same {
                recalled.holds.append(&mut left.kept.holds);
                recalled.paused |= std::mem::take(&mut left.kept.paused);
            }
        }
        self.left.retain(Left::is_worth_keeping);
        recalled
    }

    /// The servers that no instance stands for.
    pub fn left(&self) -> &[Left] {
        &self.left
    }

    /// What `holds` paused of a server that is left was let go.
    pub fn let_go(&mut self, name: &str, holds: &[Held]) {
        for left in self.left.iter_mut().filter(|left| left.name == name) {
            left.kept.holds.retain(|held| !holds.contains(held));
        }
        self.left.retain(Left::is_worth_keeping);
    }

    fn leave(&mut self, pool: Vec<Left>) {
        self.left = pool.into_iter().filter(Left::is_worth_keeping).collect();
        self.bound();
    }

    fn leave_one(&mut self, left: Left) {
        self.left.insert(0, left);
        self.bound();
    }

    /// The oldest go first, and what is paused last.
    fn bound(&mut self) {
        while self.left.len() > MOST_LEFT {
            let idle = |left: &Left| left.kept.holds.is_empty();
            let oldest = self.left.iter().rposition(idle);
            self.left.remove(oldest.unwrap_or(self.left.len() - 1));
        }
    }
}

impl Left {
    fn is_worth_keeping(&self) -> bool {
        let kept = &self.kept;
        let pinned = kept.accepted.is_some() || kept.remembered.is_some();
        pinned || kept.paused || kept.expected.is_some() || !kept.holds.is_empty()
    }
}

#[cfg(test)]
mod tests;
