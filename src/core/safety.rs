//! Whether what is here is elsewhere too, which "synced" does not say.
//!
//! Invariant: pure, and nothing is claimed that is not known: a device of which it is not known now what it has
//! counts for nothing.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::service::{Folder, Service};

/// So many items and bytes.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub struct Amount {
    pub items: u64,
    pub bytes: u64,
}

/// What no other device has, over all folders.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OnlyHere {
    pub items: u64,
    pub bytes: u64,
    /// IDs of the folders that they are in.
    pub folders: Vec<String>,
}

/// A device that lacks something of a folder, or has not accepted it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Behind {
    /// Its ID.
    pub device: String,
    /// Items that it needs, those that it has yet to delete included.
    pub items: u64,
    pub bytes: u64,
    pub why: Why,
}

/// Why a device is behind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// It is connected, and takes what it lacks.
    #[default]
    Syncing,
    /// It is not connected.
    Away,
    /// The device is paused here, or the folder is paused there.
    Paused,
    /// It does not share the folder from its side.
    NotAccepted,
}

/// What is known of a device that shares a folder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Holder<'a> {
    pub device: &'a str,
    /// What it lacks of what is here, as far as is known; deletes lose nothing and are not in it.
    pub lacks: Amount,
    /// What it has yet to delete.
    pub deletes: u64,
    /// That is so now: it was asked or told after the folder changed last.
    pub sure: bool,
    /// `None` where that cannot be told; nothing is said of it then.
    pub why: Option<Why>,
}

/// The judgement of a folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Safety {
    /// At least one other device has all that is here now; `None` where that is not known or nobody shares it.
    pub safe: Option<bool>,
    pub only_here: Amount,
    pub behind: Vec<Behind>,
}

impl Why {
    /// The word used in JSON and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Syncing => "syncing",
            Self::Away => "away",
            Self::Paused => "paused",
            Self::NotAccepted => "not-accepted",
        }
    }
}

impl Amount {
    /// Nothing at all.
    pub fn is_nothing(self) -> bool {
        self == Self::default()
    }

    fn and(self, other: Self) -> Self {
        Self {
            items: self.items.saturating_add(other.items),
            bytes: self.bytes.saturating_add(other.bytes),
        }
    }
}

/// Judges a folder by those that share it and by what was changed here and is sent to nobody.
pub fn judge(holders: &[Holder<'_>], kept: Amount) -> Safety {
    if holders.is_empty() {
        return Safety::default();
    }
    let least = holders.iter().filter(|holder| holder.sure);
    let least = least
        .map(|holder| holder.lacks)
        .min_by_key(|lacks| (lacks.bytes, lacks.items));
    let all_known = holders.iter().all(|holder| holder.sure);
    // One that is not known may have it all.
    let least = least.filter(|least| all_known || least.is_nothing());
    let safe = match least {
        _ if !kept.is_nothing() => Some(false),
        Some(least) => Some(least.is_nothing()),
        None => None,
    };
    Safety {
        safe,
        only_here: kept.and(least.unwrap_or_default()),
        behind: holders.iter().filter_map(Holder::behind).collect(),
    }
}

/// What follows for all folders together: whether everything that is shared is elsewhere too, and what is not.
pub fn of_all(folders: &[Folder]) -> (Option<bool>, OnlyHere) {
    let mut only_here = OnlyHere::default();
    let mut sum = Amount::default();
    for folder in folders.iter().filter(|it| !it.only_here.is_nothing()) {
        sum = sum.and(folder.only_here);
        only_here.folders.push(folder.id.clone());
    }
    (only_here.items, only_here.bytes) = (sum.items, sum.bytes);
    let shared = || folders.iter().filter(|folder| !folder.devices.is_empty());
    let safe = if shared().any(|folder| folder.safe == Some(false)) {
        Some(false)
    } else if shared().any(|folder| folder.safe.is_none()) {
        None
    } else {
        shared().next().map(|_| true)
    };
    (safe, only_here)
}

impl Holder<'_> {
    fn behind(&self) -> Option<Behind> {
        let why = self.why?;
        let lags = !self.lacks.is_nothing() || self.deletes > 0;
        (lags || why == Why::NotAccepted).then(|| Behind {
            device: self.device.to_owned(),
            items: self.lacks.items.saturating_add(self.deletes),
            bytes: self.lacks.bytes,
            why,
        })
    }
}

impl Service {
    /// The folders that a device was offered and has not accepted, each with the device's ID.
    pub fn not_accepted(&self) -> impl Iterator<Item = (&Folder, &str)> {
        self.folders.iter().flat_map(|folder| {
            let behind = folder.behind.iter();
            behind
                .filter(|it| it.why == Why::NotAccepted)
                .map(move |it| (folder, it.device.as_str()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holder(device: &str, items: u64, bytes: u64, sure: bool, why: Why) -> Holder<'_> {
        Holder {
            device,
            lacks: Amount { items, bytes },
            deletes: 0,
            sure,
            why: Some(why),
        }
    }

    fn has(device: &str) -> Holder<'_> {
        holder(device, 0, 0, true, Why::Away)
    }

    fn lacks(device: &str, items: u64, bytes: u64) -> Holder<'_> {
        holder(device, items, bytes, true, Why::Syncing)
    }

    fn unsure(device: &str, items: u64) -> Holder<'_> {
        holder(device, items, items, false, Why::Away)
    }

    #[test]
    fn one_that_has_it_all_is_enough_and_what_is_not_known_is_not_claimed() {
        const NONE: Amount = Amount { items: 0, bytes: 0 };
        let amount = |items, bytes| Amount { items, bytes };
        for (holders, kept, safe, only_here) in [
            (vec![], NONE, None, NONE),
            // With nobody, also what is kept here has no answer.
            (vec![], amount(1, 9), None, NONE),
            (vec![has("a")], NONE, Some(true), NONE),
            (vec![lacks("a", 3, 7)], NONE, Some(false), amount(3, 7)),
            // Directories and empty files have no bytes.
            (vec![lacks("a", 3, 0)], NONE, Some(false), amount(3, 0)),
            (vec![unsure("a", 0)], NONE, None, NONE),
            (vec![unsure("a", 5)], NONE, None, NONE),
            // One of three has it.
            (
                vec![lacks("a", 3, 7), has("b"), unsure("c", 5)],
                NONE,
                Some(true),
                NONE,
            ),
            // The least that any of them lacks.
            (
                vec![lacks("a", 3, 7), lacks("b", 9, 5), lacks("c", 1, 8)],
                NONE,
                Some(false),
                amount(9, 5),
            ),
            (
                vec![lacks("a", 4, 7), lacks("b", 2, 7)],
                NONE,
                Some(false),
                amount(2, 7),
            ),
            // One of those that lack something may have it by now.
            (vec![lacks("a", 3, 7), unsure("b", 5)], NONE, None, NONE),
            // What was changed in a folder that only receives is sent to nobody.
            (vec![has("a")], amount(1, 9), Some(false), amount(1, 9)),
            (
                vec![unsure("a", 5)],
                amount(1, 9),
                Some(false),
                amount(1, 9),
            ),
            (
                vec![lacks("a", 3, 7)],
                amount(1, 9),
                Some(false),
                amount(4, 16),
            ),
        ] {
            let found = judge(&holders, kept);
            assert_eq!(
                (found.safe, found.only_here),
                (safe, only_here),
                "{holders:?}"
            );
        }
    }

    #[test]
    fn behind_is_who_lacks_something_or_has_not_accepted() {
        let mut deletes = has("deletes");
        deletes.deletes = 2;
        let mut refuses = has("refuses");
        refuses.why = Some(Why::NotAccepted);
        let mut silent = lacks("silent", 4, 4);
        silent.why = None;
        let holders = [
            has("a"),
            lacks("b", 3, 7),
            unsure("c", 5),
            deletes,
            refuses,
            silent,
        ];
        let found = judge(&holders, Amount::default());
        let behind: Vec<_> = found
            .behind
            .iter()
            .map(|it| (it.device.as_str(), it.items, it.bytes, it.why))
            .collect();
        assert_eq!(
            behind,
            [
                ("b", 3, 7, Why::Syncing),
                ("c", 5, 5, Why::Away),
                ("deletes", 2, 0, Why::Away),
                ("refuses", 0, 0, Why::NotAccepted)
            ]
        );
        assert_eq!(found.safe, Some(true));
    }

    #[test]
    fn a_service_is_safe_when_every_folder_that_is_shared_is() {
        let folder = |id: &str, safe: Option<bool>, items: u64| Folder {
            id: id.into(),
            safe,
            only_here: Amount {
                items,
                bytes: 10 * items,
            },
            devices: vec!["D".into()],
            ..Folder::default()
        };
        let lone = Folder {
            id: "lone".into(),
            ..Folder::default()
        };
        let yes = || folder("yes", Some(true), 0);
        let no = |id: &str| folder(id, Some(false), 2);
        let unknown = || folder("unknown", None, 0);
        for (folders, safe, only_here) in [
            (vec![], None, vec![]),
            (vec![lone.clone()], None, vec![]),
            (vec![yes()], Some(true), vec![]),
            (vec![yes(), lone.clone()], Some(true), vec![]),
            (vec![yes(), unknown()], None, vec![]),
            (
                vec![no("a"), yes(), unknown(), no("b")],
                Some(false),
                vec!["a", "b"],
            ),
        ] {
            let found = of_all(&folders);
            assert_eq!(
                (found.0, &found.1.folders[..]),
                (
                    safe,
                    &only_here
                        .iter()
                        .map(|id| (*id).to_owned())
                        .collect::<Vec<_>>()[..]
                )
            );
            let number = only_here.len() as u64;
            assert_eq!((found.1.items, found.1.bytes), (2 * number, 20 * number));
        }
    }

    #[test]
    fn who_has_not_accepted_is_told_by_folder() {
        let behind = |device: &str, why| Behind {
            device: device.into(),
            why,
            ..Behind::default()
        };
        let service = Service {
            folders: vec![Folder {
                id: "f".into(),
                behind: vec![behind("a", Why::Away), behind("b", Why::NotAccepted)],
                ..Folder::default()
            }],
            ..Service::default()
        };
        let found: Vec<_> = service.not_accepted().collect();
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].0.id.as_str(), found[0].1), ("f", "b"));
    }
}
