//! What people and machines are shown of a server.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::tz::TimeZone;
use syncwatch::core::preferences::Notifications;
use syncwatch::core::status::EngineInfo;
use syncwatch::core::usage::Usage;
use syncwatch::core::{
    Event, HoldRules, InstanceSpec, Kind, Model, Patience, Status, Target, Timestamp, TrustMode,
};
use syncwatch::view::menu::{Desk, Item, ItemKind, Slots, menu};
use syncwatch::view::notices::{Notices, Word};
use syncwatch::view::{Frame, metrics, status, tooltip, watch};

/// The instance's name.
pub const NAME: &str = "server";

/// So many statuses are looked at, and the last one: more of one server take time and show little.
const SHOWN: usize = 8;

/// Lets the core take in what was told, and shows what comes of it everywhere. Returns how many knew the
/// service.
pub fn show(kind: Kind, told: Vec<Event>) -> usize {
    let mut now = Timestamp::from_secs(1_795_000_000);
    let mut model = model(kind, now);
    let mut notices = Notices::default();
    let mut slots = Slots::default();
    let mut before: Option<Status> = None;
    let mut known = 0;
    let last = told.len().saturating_sub(1);
    for (number, event) in told.into_iter().enumerate() {
        now = now + Duration::from_secs(1);
        model.step(event, now);
        let status = model.status(now);
        known += usize::from(status.instances[0].service.is_some());
        if number >= SHOWN && number != last {
            continue;
        }
        let frame = Frame::new(now, TimeZone::UTC, 80);
        readable("page", &status::page(&status, &frame).to_string());
        readable(
            "changes",
            &watch::changes(before.as_ref(), &status, &frame).to_string(),
        );
        let tooltip = tooltip::tooltip(&status, true, &frame);
        readable("tooltip", &tooltip.title);
        readable("tooltip", &tooltip.text);
        items(&menu(&status, &Desk::default(), &mut slots, &frame).items);
        for word in notices.step(&status, &Notifications::default(), now) {
            if let Word::Show(notice) = word {
                readable("notice", &notice.title);
                readable("notice", &notice.body);
            }
        }
        assert!(!metrics::text(&status, &Usage::default()).is_empty());
        let json = serde_json::to_string(&status).expect("JSON");
        let again: Status = serde_json::from_str(&json).expect("a status");
        assert_eq!(again, status);
        before = Some(status);
    }
    known
}

/// A core that has begun its first attempt.
fn model(kind: Kind, now: Timestamp) -> Model {
    let mut model = Model::new(EngineInfo {
        version: "0".into(),
        pid: 1,
        since: now,
        config_problem: None,
    });
    let spec = InstanceSpec {
        name: NAME.into(),
        kind,
        revision: 1,
        remembered: None,
        accepted: None,
        rules: HoldRules::default(),
        may_be_away: Default::default(),
        holds: Vec::new(),
        paused: false,
        ..InstanceSpec::default()
    };
    model.step(
        Event::Configured {
            instances: vec![spec],
            patience: Patience::default(),
        },
        now,
    );
    let target = Target {
        url: "https://127.0.0.1:1/".into(),
        local: false,
        trust: TrustMode::Any,
        path: None,
        command: None,
        pins: Vec::new(),
        plain: false,
        revision: 1,
    };
    model.step(
        Event::Resolved {
            instance: NAME.into(),
            target,
        },
        now,
    );
    model
}

fn items(all: &[Item]) {
    let mut ids = BTreeSet::new();
    for item in all {
        readable("menu", &item.label);
        assert!(item.label.chars().count() < 1000, "{}", item.label);
        assert!(ids.insert(&item.id), "twice in one menu: {}", item.id);
        if let ItemKind::Submenu(inner) = &item.kind {
            items(inner);
        }
    }
}

/// No control character reaches a terminal, a menu or a notice.
fn readable(place: &str, text: &str) {
    let bad = text.chars().find(|char| char.is_control() && *char != '\n');
    assert!(bad.is_none(), "{place}: {bad:?} in {text:?}");
    assert!(text.len() < 1 << 20, "{place}: {} bytes", text.len());
}
