//! Who wants to be looked at again, and when: the earliest is found without asking everybody.

use std::collections::{BTreeMap, BTreeSet};

use super::time::Timestamp;

/// One entry for each name at most.
#[derive(Debug, Default)]
pub(super) struct Agenda {
    by_time: BTreeSet<(Timestamp, String)>,
    by_name: BTreeMap<String, Timestamp>,
}

impl Agenda {
    /// From now on `name` is due then, or not at all.
    pub(super) fn plan(&mut self, name: &str, due: Option<Timestamp>) {
        let before = self.by_name.get(name).copied();
        if before == due {
            return;
        }
        if let Some(before) = before {
            self.by_time.remove(&(before, name.to_owned()));
            self.by_name.remove(name);
        }
        if let Some(due) = due {
            self.by_time.insert((due, name.to_owned()));
            self.by_name.insert(name.to_owned(), due);
        }
    }

    /// The earliest time for which anybody is planned.
    pub(super) fn next(&self) -> Option<Timestamp> {
        self.by_time.first().map(|(due, _)| *due)
    }

    /// Everybody whose time has come; they stay planned.
    pub(super) fn due(&self, now: Timestamp) -> BTreeSet<String> {
        let due = self.by_time.iter().take_while(|(due, _)| *due <= now);
        due.map(|(_, name)| name.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_plan_counts() {
        let at = Timestamp::from_secs;
        let mut agenda = Agenda::default();
        assert_eq!(agenda.next(), None);
        agenda.plan("a", Some(at(5)));
        agenda.plan("b", Some(at(3)));
        agenda.plan("c", Some(at(3)));
        assert_eq!(agenda.next(), Some(at(3)));
        assert_eq!(agenda.due(at(2)), BTreeSet::new());
        assert_eq!(agenda.due(at(4)), ["b", "c"].map(str::to_owned).into());
        agenda.plan("b", Some(at(9)));
        agenda.plan("c", None);
        agenda.plan("c", None);
        assert_eq!(agenda.next(), Some(at(5)));
        agenda.plan("a", None);
        assert_eq!(agenda.due(at(9)), ["b".to_owned()].into());
    }
}
