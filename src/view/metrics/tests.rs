//! The page holds what Prometheus asks of it, whatever names the servers choose, and the documentation is the table's.

use std::collections::BTreeSet;
use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::core::safety::{Behind, Why};
use crate::core::service::{Device, Fact, Folder, Unread};
use crate::core::usage::{HookUsage, Traffic};
use crate::core::{Class, Counters, InstanceStatus, LinkState, Service};
use crate::view::samples::{connected, looked_at, now, service};

fn usage() -> Usage {
    let traffic = Traffic {
        requests: 70,
        sent_bytes: 0,
        received_bytes: 123_456,
    };
    let hook = HookUsage {
        fine: 2,
        failed: 1,
        timed_out: 0,
        delivered: 5,
        left_out: 1,
    };
    Usage {
        traffic: [("laptop".to_owned(), traffic)].into(),
        replies: [(200, 3), (401, 1)].into(),
        hooks: [("phone".to_owned(), hook)].into(),
    }
}

/// With something to say in every metric.
fn full() -> Status {
    let mut status = connected();
    change(&mut status, |instance, service| {
        for folder in &mut service.folders {
            folder.last_scan = Some(now());
            folder.behind = vec![Behind {
                device: "phone".into(),
                items: 3,
                bytes: 7,
                why: Why::NotAccepted,
            }];
        }
        let mut counters = Counters::default();
        counters.failures.insert(Class::Refused, 3);
        counters.hidden.insert(Class::Refused, 2);
        counters.alerts.insert(LinkState::Disconnected, 1);
        counters.recoveries.steps[2] = 4;
        counters.recoveries.count = 5;
        counters.recoveries.sum_ms = 99_060;
        instance.counters = Arc::new(counters);
        let failure = crate::core::status::Failure {
            class: Class::Refused,
            since: instance.link.since,
            shown_after: instance.link.since,
            attempts: 1,
            message: String::new(),
            hint: String::new(),
        };
        instance.link.failure = Some(failure);
        service.restart_required = true;
        service.unread = Some(Unread {
            messages: 1,
            private: 2,
            highlights: 3,
        });
        service.facts = vec![
            Fact {
                name: "answered in".into(),
                number: Some(0.25),
                ..Fact::default()
            },
            Fact {
                name: "answered in".into(),
                ..Fact::default()
            },
        ];
    });
    status
}

fn change(status: &mut Status, change: impl FnOnce(&mut InstanceStatus, &mut Service)) {
    let first = status.instances.first_mut().expect("an instance");
    let mut instance = InstanceStatus::clone(first);
    let mut known = instance.service.as_deref().cloned().unwrap_or_default();
    change(&mut instance, &mut known);
    instance.service = Some(Arc::new(known));
    *first = Arc::new(looked_at(instance));
}

/// Every sample's series and value; fails on what Prometheus would refuse.
fn series(page: &str) -> Vec<(String, f64)> {
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    assert!(page.is_empty() || page.ends_with('\n'));
    for line in page.lines().filter(|line| !line.starts_with('#')) {
        let (series, value) = line.rsplit_once(' ').expect("a value");
        let value = match value {
            "+Inf" => f64::INFINITY,
            "-Inf" => f64::NEG_INFINITY,
            value => value.parse().expect("a number"),
        };
        assert!(seen.insert(series.to_owned()), "twice: {series}");
        let name = series.split('{').next().expect("a name");
        assert!(
            name.bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte == b'_')
        );
        found.push((series.to_owned(), value));
    }
    found
}

#[test]
fn the_page_of_a_full_status() {
    let page = text(&full(), &usage());
    let found = series(&page);
    insta::assert_snapshot!(page);
    assert!(found.len() > 100);
}

#[test]
fn every_metric_of_the_table_is_on_a_full_page_and_in_the_documentation() {
    let (page, documentation) = (text(&full(), &usage()), documentation());
    let mut names = BTreeSet::new();
    for metric in table() {
        let name = metric.name;
        assert!(names.insert(name), "twice: {name}");
        let head = format!(
            "# HELP {name} {}\n# TYPE {name} {}\n",
            metric.help,
            metric.kind.name()
        );
        assert_eq!(page.matches(&head).count(), 1, "{name}");
        assert!(documentation.contains(&format!("| `{name}` |")), "{name}");
        let total = metric.kind == Kind::Counter;
        assert_eq!(name.ends_with("_total"), total, "{name}");
        assert!(metric.help.ends_with('.') && !metric.help.contains(['\\', '\n']));
    }
    assert_eq!(page.matches("# TYPE ").count(), names.len());
}

#[test]
fn the_documentation_in_the_repository_is_this_one() {
    assert_eq!(
        include_str!("../../../docs/metrics.md"),
        documentation(),
        "run: cargo run -- generate metrics > docs/metrics.md"
    );
}

#[test]
fn a_histogram_counts_upwards_to_all_of_them() {
    let page = text(&full(), &usage());
    let steps: Vec<f64> = series(&page)
        .into_iter()
        .filter(|(series, _)| series.starts_with("syncwatch_recovery_seconds_bucket"))
        .map(|(_, number)| number)
        .collect();
    assert!(steps.is_sorted());
    assert_eq!(steps.last(), Some(&5.0));
    assert!(page.contains("syncwatch_recovery_seconds_sum{name=\"laptop\"} 99.06\n"));
}

#[test]
fn more_than_the_cap_is_left_out_and_said() {
    let mut status = connected();
    change(&mut status, |_, service| {
        let folder = |number: usize| Folder {
            id: format!("folder-{number}"),
            ..Folder::default()
        };
        service.folders = (0..MOST_PARTS + 7).map(folder).collect();
        // Two of one name, which no honest server has.
        service.devices = vec![Device::default(), Device::default()];
    });
    let page = text(&status, &Usage::default());
    series(&page);
    assert!(page.contains("syncwatch_left_out{name=\"laptop\",what=\"folders\"} 7\n"));
    assert!(page.contains("syncwatch_left_out{name=\"laptop\",what=\"devices\"} 1\n"));
    let shown = format!("folder=\"folder-{}\"", MOST_PARTS - 1);
    assert!(page.contains(&shown) && !page.contains("folder=\"folder-1000\""));
}

proptest! {
    #[test]
    fn no_name_breaks_the_page(names in proptest::collection::vec("\\PC{0,300}|.{0,40}|[\"\\\\\n}]{0,9}", 0..12)) {
        let mut status = connected();
        change(&mut status, |instance, known| {
            let mut made = service();
            made.folders = names.iter().map(|name| Folder { id: name.clone(), label: name.clone(), ..Folder::default() }).collect();
            made.facts = names.iter().map(|name| Fact { name: name.clone(), number: Some(f64::NAN), ..Fact::default() }).collect();
            made.version = names.concat();
            *known = made;
            instance.url = names.concat();
        });
        let page = text(&status, &usage());
        series(&page);
        for line in page.lines() {
            prop_assert!(line.starts_with('#') || line.starts_with("syncwatch_"), "{line}");
        }
    }
}
