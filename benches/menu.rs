//! Times the making of the tray's menu, for a few folders and for very many, and counts its items.
//!
//! `cargo bench --bench menu`

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a benchmark measures and prints"
)]

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::tz::TimeZone;
use syncwatch::core::service::{Folder, FolderState};
use syncwatch::core::status::{EngineInfo, Link, SCHEMA, TrustStatus};
use syncwatch::core::{
    InstanceStatus, Kind, LinkState, Overall, Service, Status, Timestamp, TrustMode,
};
use syncwatch::view::Frame;
use syncwatch::view::menu::{Desk, Item, ItemKind, Slots, menu};

const ROUNDS: u32 = 200;

fn main() {
    let now = Timestamp::from_secs(1_795_219_200);
    let frame = Frame::new(now, TimeZone::UTC, 80);
    for folders in [5, 50, 500, 5000] {
        let status = status(folders, now);
        let mut slots = Slots::default();
        let items = menu(&status, &Desk::default(), &mut slots, &frame).items;
        let (mut total, mut worst) = (Duration::ZERO, Duration::ZERO);
        for _ in 0..ROUNDS {
            let begin = Instant::now();
            black_box(menu(&status, &Desk::default(), &mut slots, &frame));
            let took = begin.elapsed();
            (total, worst) = (total + took, worst.max(took));
        }
        println!(
            "{folders:>5} folders  {:>6} items  mean {:>9.3?}  worst {worst:>9.3?}",
            count(&items),
            total / ROUNDS
        );
    }
}

fn count(items: &[Item]) -> usize {
    let inside = items.iter().map(|item| match &item.kind {
        ItemKind::Submenu(items) => count(items),
        _ => 0,
    });
    items.len() + inside.sum::<usize>()
}

fn status(folders: usize, now: Timestamp) -> Status {
    let folder = |index| Folder {
        id: format!("abcde-{index:05}"),
        label: format!("A folder with a usual name {index}"),
        path: format!("/home/ada/Documents/folder-{index}"),
        state: FolderState::UpToDate,
        percent: 100,
        last_scan: Some(now),
        ..Folder::default()
    };
    let service = Service {
        version: "v1.29.5".into(),
        synced: true,
        folders: (0..folders).map(folder).collect(),
        ..Service::default()
    };
    let instance = InstanceStatus {
        name: "laptop".into(),
        kind: Kind::Syncthing,
        url: "https://127.0.0.1:8384".into(),
        local: true,
        link: link(now),
        service: Some(Arc::new(service)),
        holds: Vec::new(),
        attention: Vec::new(),
        counters: Arc::default(),
    };
    Status {
        schema: SCHEMA,
        time: now,
        overall: Overall::Ok,
        engine: EngineInfo {
            version: "0.1.0".into(),
            pid: 1,
            since: now,
            config_problem: None,
        },
        attention: Vec::new(),
        instances: vec![Arc::new(instance)],
    }
}

fn link(now: Timestamp) -> Link {
    Link {
        state: LinkState::Connected,
        since: now,
        restart_pending: false,
        failure: None,
        trust: TrustStatus {
            mode: TrustMode::System,
            path: None,
            command: None,
            shown: None,
            thrown_away: None,
            current: None,
            pending: None,
            served: None,
            not_after: None,
        },
        rotations: 0,
        last_rotation: None,
        hidden_failures: 0,
        last_recovery_ms: None,
        next_attempt: None,
        expected: None,
        insecure: false,
        plain: false,
    }
}
