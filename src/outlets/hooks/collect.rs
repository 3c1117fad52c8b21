//! Hears of what happens, and hands it to the hooks that want it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tokio::sync::broadcast::{self, error::RecvError};
use tokio::sync::watch;

use super::queue::Queue;
use crate::config::HookConfig;
use crate::core::happening::Happening;
use crate::core::occasion::Occasion;
use crate::core::{Alert, InstanceStatus, JournalEntry, JournalKind, LinkState, Status};
use crate::view::hook::message;

/// What any of the hooks wants to hear of; the rest is not even looked at.
pub(super) struct Collector {
    wanted: BTreeSet<Occasion>,
    status: watch::Receiver<Arc<Status>>,
    synced: Synced,
}

impl Collector {
    pub(super) fn new(wanted: BTreeSet<Occasion>, status: watch::Receiver<Arc<Status>>) -> Self {
        let mut synced = Synced::default();
        // What is so already is no news.
        synced.step(&status.borrow());
        Self {
            wanted,
            status,
            synced,
        }
    }

    /// Collects until the engine is gone.
    pub(super) async fn collect(
        &mut self,
        alerts: &mut broadcast::Receiver<Alert>,
        journal: &mut broadcast::Receiver<JournalEntry>,
        hooks: &[(&HookConfig, &Queue)],
    ) {
        let wants = |occasion| self.wanted.contains(&occasion);
        let wants_alerts = wants(Occasion::Loud) || wants(Occasion::Recovered);
        let (wants_journal, wants_status) = (wants(Occasion::Rotation), wants(Occasion::Synced));
        // What came before anybody wanted it is no news.
        *alerts = alerts.resubscribe();
        *journal = journal.resubscribe();
        loop {
            tokio::select! {
                alert = alerts.recv(), if wants_alerts => match alert {
                    Ok(alert) => hand_out(self.of_alert(alert), hooks),
                    Err(RecvError::Lagged(number)) => missed(Occasion::Loud, number, hooks),
                    Err(RecvError::Closed) => return,
                },
                entry = journal.recv(), if wants_journal => match entry {
                    Ok(entry) => {
                        if let Some(happening) = self.of_entry(&entry) {
                            hand_out(happening, hooks);
                        }
                    }
                    // Most of the entries are about something else.
                    Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => return,
                },
                changed = self.status.changed(), if wants_status => {
                    if changed.is_err() {
                        return;
                    }
                    let status = Arc::clone(&self.status.borrow_and_update());
                    for instance in self.synced.step(&status) {
                        let happening = Happening::new(Occasion::Synced, status.time, &instance);
                        hand_out(happening, hooks);
                    }
                }
                else => std::future::pending().await,
            }
        }
    }

    fn of_alert(&self, alert: Alert) -> Happening {
        let occasion = match alert.state {
            LinkState::Connected => Occasion::Recovered,
            _ => Occasion::Loud,
        };
        let known = self.about(occasion, &alert.instance, alert.time);
        Happening {
            state: alert.state,
            message: alert.message,
            hint: alert.hint,
            served: alert.served.or(known.served),
            pinned: alert.pinned.or(known.pinned),
            ..known
        }
    }

    fn of_entry(&self, entry: &JournalEntry) -> Option<Happening> {
        let JournalKind::Rotated { from, to } = entry.kind else {
            return None;
        };
        Some(Happening {
            served: Some(to),
            pinned: from,
            ..self.about(Occasion::Rotation, &entry.instance, entry.time)
        })
    }

    /// What the newest status says of an instance, which may be a step behind or gone already.
    fn about(&self, event: Occasion, instance: &str, time: crate::core::Timestamp) -> Happening {
        let status = self.status.borrow();
        match status.instance(instance) {
            Some(known) => Happening::new(event, time, known),
            None => Happening {
                event,
                time,
                instance: instance.to_owned(),
                kind: crate::core::Kind::default(),
                url: String::new(),
                state: LinkState::Starting,
                message: String::new(),
                hint: String::new(),
                served: None,
                pinned: None,
            },
        }
    }
}

fn hand_out(mut happening: Happening, hooks: &[(&HookConfig, &Queue)]) {
    if happening.message.is_empty() {
        happening.message = message(&happening);
    }
    for (hook, queue) in hooks {
        let named = hook.instances.is_empty() || hook.instances.contains(&happening.instance);
        if named && hook.on.contains(&happening.event) {
            queue.push(happening.clone());
        }
    }
}

fn missed(occasion: Occasion, number: u64, hooks: &[(&HookConfig, &Queue)]) {
    for (hook, queue) in hooks {
        if hook.on.contains(&occasion) {
            queue.missed(number);
        }
    }
}

/// Which instances are up to date, as far as that is known.
#[derive(Debug, Default)]
struct Synced(BTreeMap<String, bool>);

impl Synced {
    /// The instances that have come to be up to date since the last status.
    fn step(&mut self, status: &Status) -> Vec<Arc<InstanceStatus>> {
        self.0.retain(|name, _| status.instance(name).is_some());
        let mut news = Vec::new();
        for instance in &status.instances {
            let connected = instance.link.state == LinkState::Connected;
            // What was last known of one that cannot be reached is no news either.
            let Some(service) = instance.service.as_deref().filter(|_| connected) else {
                continue;
            };
            let before = self.0.insert(instance.name.clone(), service.synced);
            if service.synced && before == Some(false) {
                news.push(Arc::clone(instance));
            }
        }
        news
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn status(instances: &[(&str, LinkState, bool)]) -> Status {
        let instances: Vec<_> = instances
            .iter()
            .map(|(name, state, synced)| {
                json!({
                    "name": name, "kind": "syncthing", "url": "", "link": {
                        "state": state, "since": "2026-11-21T02:00:00Z", "restart_pending": false, "failure": null,
                        "trust": {"mode": "file", "path": null, "current": null, "pending": null, "served": null, "not_after": null},
                        "rotations": 0, "hidden_failures": 0, "last_recovery_ms": null,
                    },
                    "service": {
                        "version": "", "synced": synced, "folders": [], "devices": [], "pending_devices": [],
                        "pending_folders": [], "errors": [], "rates": {"in_bps": 0, "out_bps": 0}, "restart_required": false,
                    },
                })
            })
            .collect();
        let status = json!({
            "schema": 1, "time": "2026-11-21T02:00:00Z", "overall": "ok",
            "engine": {"version": "", "pid": 1, "since": "2026-11-21T02:00:00Z"}, "instances": instances,
        });
        serde_json::from_value(status).expect("a status")
    }

    #[test]
    fn up_to_date_is_news_only_after_it_was_not_and_while_that_is_known() {
        use LinkState::{Connected, Rotating};
        let mut synced = Synced::default();
        let mut news = |instances: &[(&str, LinkState, bool)]| {
            let news = synced.step(&status(instances));
            news.iter().map(|it| it.name.clone()).collect::<Vec<_>>()
        };
        let none: [&str; 0] = [];
        assert_eq!(
            news(&[("a", Connected, true), ("b", Connected, false)]),
            none
        );
        assert_eq!(
            news(&[("a", Connected, false), ("b", Connected, true)]),
            ["b"]
        );
        // What was last known of one that cannot be reached counts as before.
        assert_eq!(news(&[("a", Rotating, true), ("b", Connected, true)]), none);
        assert_eq!(
            news(&[("a", Connected, true), ("b", Connected, true)]),
            ["a"]
        );
        // One that was gone meanwhile begins anew.
        assert_eq!(news(&[("a", Connected, false)]), none);
        assert_eq!(news(&[]), none);
        assert_eq!(news(&[("a", Connected, true)]), none);
    }
}
