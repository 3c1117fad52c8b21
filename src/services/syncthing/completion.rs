//! How far another device is with a folder, and what may be concluded from it.
//!
//! Source: lib/model/model.go FolderCompletion and ccHandleFolders. Invariant: pure.

use serde::{Deserialize, Deserializer};

use crate::core::safety::{Amount, Holder, Why};

use super::lenient::{number, text};

/// `/rest/db/completion`, also part of `FolderCompletion`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Completion {
    #[serde(deserialize_with = "number")]
    pub global_bytes: u64,
    #[serde(deserialize_with = "number")]
    pub global_items: u64,
    #[serde(deserialize_with = "number")]
    pub need_bytes: u64,
    #[serde(deserialize_with = "number")]
    pub need_items: u64,
    #[serde(deserialize_with = "number")]
    pub need_deletes: u64,
    /// How far the device's own index is known; 0 when it never told of an item, and in a sum.
    #[serde(deserialize_with = "number")]
    pub sequence: u64,
    #[serde(deserialize_with = "remote")]
    pub remote_state: Remote,
}

/// What the device says of the folder on its side, while it is connected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Remote {
    /// The server is too old to tell.
    #[default]
    Untold,
    /// It is not connected, the reply is a sum, or it has said nothing since the folder is shared with it.
    Unknown,
    /// It shares the folder.
    Valid,
    /// It has paused the folder.
    Paused,
    /// It has not accepted the folder, or no longer shares it.
    NotSharing,
}

/// What is known of one device and one folder.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Share {
    /// `None` when the server has no answer.
    pub known: Option<Completion>,
    /// It was asked or told after the folder changed here last.
    pub sure: bool,
}

/// What belongs to the device and decides why it is behind.
#[derive(Clone, Copy, Debug)]
pub struct Presence {
    pub connected: bool,
    /// Since then it has told what it shares.
    pub has_told: bool,
    /// By this server.
    pub paused: bool,
}

impl Completion {
    /// Nothing is left for the device to do.
    pub fn needs_nothing(&self) -> bool {
        self.need_bytes == 0 && self.need_items == 0 && self.need_deletes == 0
    }

    /// It takes what it lacks, or will when it is back. What is not so does not count in its percentage.
    pub fn is_taken(&self) -> bool {
        !matches!(self.remote_state, Remote::Paused | Remote::NotSharing)
    }

    /// What is surely not on the device.
    pub fn lacks(&self) -> Amount {
        // One that never told of an item is counted as needing nothing by 1.x (lib/db/meta.go Counts), and what one
        // that no longer shares the folder had in the end is not known.
        let has_none = self.sequence == 0 || self.remote_state == Remote::NotSharing;
        match has_none {
            true => Amount {
                items: self.global_items.max(self.need_items),
                bytes: self.global_bytes.max(self.need_bytes),
            },
            false => Amount {
                items: self.need_items,
                bytes: self.need_bytes,
            },
        }
    }

    /// The device has told what it shares.
    pub fn tells(&self) -> bool {
        !matches!(self.remote_state, Remote::Untold | Remote::Unknown)
    }

    /// The sum with another folder's.
    pub fn plus(self, other: &Self) -> Self {
        Self {
            global_bytes: self.global_bytes.saturating_add(other.global_bytes),
            global_items: self.global_items.saturating_add(other.global_items),
            need_bytes: self.need_bytes.saturating_add(other.need_bytes),
            need_items: self.need_items.saturating_add(other.need_items),
            need_deletes: self.need_deletes.saturating_add(other.need_deletes),
            ..Self::default()
        }
    }

    /// The same counts of what is needed.
    pub fn needs_as_much_as(&self, other: &Self) -> bool {
        let needs = |it: &Self| (it.need_bytes, it.need_items, it.need_deletes);
        needs(self) == needs(other)
    }
}

impl Share {
    /// Known now, with what was known before: a device that went away has not accepted anything by that.
    pub fn learn(&mut self, known: Option<Completion>, sure: bool, presence: Presence) {
        let before = self.known.map_or(Remote::Untold, |it| it.remote_state);
        self.known = known.map(|mut known| {
            // It tells what it shares as it connects and when that changes (lib/model/model.go sendClusterConfig).
            let silent = presence.connected && presence.has_told && known.sequence == 0;
            if known.remote_state == Remote::Unknown && (silent || before == Remote::NotSharing) {
                known.remote_state = Remote::NotSharing;
            }
            known
        });
        self.sure = sure;
    }

    /// The device has all that is here now, as far as this says.
    pub fn proves(&self) -> bool {
        let known = self.known.filter(|_| self.sure);
        known.is_some_and(|known| known.lacks().is_nothing())
    }

    /// For the judgement of the folder.
    pub fn holder<'a>(&self, device: &'a str, presence: Presence) -> Holder<'a> {
        let known = self.known.unwrap_or_default();
        Holder {
            device,
            lacks: known.lacks(),
            deletes: known.need_deletes,
            sure: self.sure && self.known.is_some(),
            why: why(&known, presence),
        }
    }
}

fn why(known: &Completion, presence: Presence) -> Option<Why> {
    Some(match known.remote_state {
        Remote::NotSharing => Why::NotAccepted,
        _ if presence.paused => Why::Paused,
        _ if !presence.connected => Why::Away,
        Remote::Paused => Why::Paused,
        Remote::Unknown if known.sequence == 0 && presence.has_told => Why::NotAccepted,
        // Whether it has just begun or has not accepted is not to be told apart.
        Remote::Untold | Remote::Unknown if known.sequence == 0 => return None,
        Remote::Valid | Remote::Unknown | Remote::Untold => Why::Syncing,
    })
}

pub(super) fn remote<'de, D: Deserializer<'de>>(from: D) -> Result<Remote, D::Error> {
    // lib/model/model.go remoteFolderState.String
    Ok(match text(from)?.as_str() {
        "valid" => Remote::Valid,
        "paused" => Remote::Paused,
        "notSharing" => Remote::NotSharing,
        "" => Remote::Untold,
        _ => Remote::Unknown,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    macro_rules! real {
        ($name:literal) => {
            serde_json::from_str::<Completion>(include_str!(concat!(
                "../../../tests/fixtures/syncthing/2.1.3/",
                $name,
                ".json"
            )))
            .unwrap()
        };
    }

    const HERE: Presence = Presence {
        connected: true,
        has_told: true,
        paused: false,
    };
    const AWAY: Presence = Presence {
        connected: false,
        has_told: false,
        paused: false,
    };

    #[test]
    fn what_2_1_3_says_of_one_that_is_connected_away_unknown_paused_or_not_there() {
        for (name, reply, presence, lacks, why) in [
            (
                "photos",
                real!("completion-b-photos"),
                HERE,
                (0, 0),
                Why::Syncing,
            ),
            (
                "away",
                real!("completion-b-away-photos"),
                AWAY,
                (0, 0),
                Why::Away,
            ),
            (
                "ghost",
                real!("completion-ghost-photos"),
                AWAY,
                (2, 3_500_000),
                Why::Away,
            ),
            (
                "not there",
                real!("completion-b-notthere"),
                HERE,
                (1, 1000),
                Why::NotAccepted,
            ),
            (
                "paused",
                real!("completion-b-dirs-remote-paused"),
                HERE,
                (2, 0),
                Why::Paused,
            ),
        ] {
            let mut share = Share::default();
            share.learn(Some(reply), true, presence);
            let holder = share.holder("b", presence);
            let found = (holder.lacks.items, holder.lacks.bytes);
            assert_eq!((found, holder.why), (lacks, Some(why)), "{name}");
            assert_eq!(share.proves(), lacks == (0, 0), "{name}");
            let counts = !matches!(why, Why::NotAccepted | Why::Paused);
            assert_eq!(reply.is_taken(), counts, "{name}");
        }
    }

    #[test]
    fn what_it_may_be_taken_for() {
        let reply = |global, need, sequence, remote_state| Completion {
            global_items: global,
            global_bytes: 10 * global,
            need_items: need,
            need_bytes: 10 * need,
            sequence,
            remote_state,
            ..Completion::default()
        };
        for (what, reply, items) in [
            ("it has all", reply(5, 0, 8, Remote::Valid), 0),
            ("it is away and had all", reply(5, 0, 8, Remote::Unknown), 0),
            ("some", reply(5, 2, 8, Remote::Valid), 2),
            (
                "1.x counts nothing for one that told nothing",
                reply(5, 0, 0, Remote::Unknown),
                5,
            ),
            ("accepted a moment ago", reply(5, 0, 0, Remote::Valid), 5),
            (
                "it had all and shares it no longer",
                reply(5, 0, 8, Remote::NotSharing),
                5,
            ),
            (
                "an empty folder that it never accepted",
                reply(0, 0, 0, Remote::NotSharing),
                0,
            ),
            ("paused there, with all", reply(5, 0, 8, Remote::Paused), 0),
            (
                "paused there, without some",
                reply(5, 3, 8, Remote::Paused),
                3,
            ),
        ] {
            let lacks = reply.lacks();
            assert_eq!((lacks.items, lacks.bytes), (items, 10 * items), "{what}");
        }
        let deletes = Completion {
            need_deletes: 3,
            sequence: 1,
            ..Completion::default()
        };
        assert!(deletes.lacks().is_nothing() && !deletes.needs_nothing());
    }

    #[test]
    fn one_that_goes_away_has_not_accepted_by_that() {
        let told = |remote_state| {
            Some(Completion {
                remote_state,
                ..Completion::default()
            })
        };
        let mut share = Share::default();
        for (remote, expected) in [
            (Remote::Unknown, Remote::Unknown),
            (Remote::NotSharing, Remote::NotSharing),
            (Remote::Unknown, Remote::NotSharing),
            (Remote::Valid, Remote::Valid),
            (Remote::Paused, Remote::Paused),
            (Remote::Unknown, Remote::Unknown),
        ] {
            share.learn(told(remote), true, AWAY);
            assert_eq!(share.known.unwrap().remote_state, expected);
        }
        share.learn(None, true, HERE);
        assert!(!share.proves() && !share.holder("b", HERE).sure);
    }

    #[test]
    fn one_that_tells_what_it_shares_and_not_this_has_not_accepted() {
        let unheard = Presence {
            has_told: false,
            ..HERE
        };
        for (remote, sequence, presence, why) in [
            (Remote::Unknown, 0, HERE, Some(Why::NotAccepted)),
            (Remote::Unknown, 0, unheard, None),
            (Remote::Unknown, 3, HERE, Some(Why::Syncing)),
            (Remote::Unknown, 0, AWAY, Some(Why::Away)),
            // 1.19: it may have begun a moment ago.
            (Remote::Untold, 0, HERE, None),
            (Remote::Untold, 3, HERE, Some(Why::Syncing)),
            (Remote::Untold, 0, AWAY, Some(Why::Away)),
            (Remote::Valid, 0, HERE, Some(Why::Syncing)),
        ] {
            let known = Completion {
                global_items: 2,
                sequence,
                remote_state: remote,
                ..Completion::default()
            };
            let mut share = Share::default();
            share.learn(Some(known), true, presence);
            assert_eq!(
                share.holder("b", presence).why,
                why,
                "{remote:?} {sequence} {presence:?}"
            );
        }
    }
}
