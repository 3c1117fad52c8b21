//! What is said beside the icon, in every state.

use super::*;
use std::sync::Arc;

use crate::core::Class;
use crate::core::service::Fact;
use crate::view::samples::{self, change, change_service};
use proptest::prelude::*;

fn tip(status: &Status) -> (String, String) {
    let tooltip = tooltip(status, true, &samples::frame(80));
    (tooltip.title, tooltip.text)
}

fn says(status: &Status, title: &str, text: &str) {
    assert_eq!(tip(status), (title.to_owned(), text.to_owned()));
}

#[test]
fn tells_the_state_in_few_words() {
    says(
        &samples::connected(),
        "syncwatch: up to date",
        "Everything is synced: safe to shut down",
    );
    let mut syncing = samples::connected();
    change(&mut syncing, |instance| {
        change_service(instance, |service| {
            service.synced = false;
            service.rates.in_bps = 2 << 20;
            service.folders[1].state = FolderState::Syncing;
            (service.folders[1].percent, service.folders[1].need_bytes) = (45, 1 << 30);
        });
    });
    says(
        &syncing,
        "syncwatch: syncing",
        "Syncing Photos, 45%, 1.0 GiB left, about 8 min\nDown 2.0 MiB/s, up 0 B/s",
    );
    assert!(
        !tooltip(&syncing, false, &samples::frame(80))
            .text
            .contains("Down")
    );
    change(&mut syncing, |instance| {
        change_service(instance, |service| {
            service.folders[1].state = FolderState::UpToDate;
            service.rates.in_bps = 0;
            service.devices[0].state = DeviceState::Syncing;
            service.devices[0].percent = 12;
        });
    });
    says(&syncing, "syncwatch: syncing", "Syncing to phone, 12%");
    change(&mut syncing, |instance| {
        change_service(instance, |service| {
            service.devices[0].state = DeviceState::InSync;
            service.folders[0].state = FolderState::Cleaning;
        });
    });
    says(&syncing, "syncwatch: scanning", "Working on Documents");
    says(&samples::empty(), "syncwatch: nothing is watched", "");
}

#[test]
fn a_rotation_is_told_calmly() {
    says(
        &samples::rotating(),
        "syncwatch: up to date",
        "Everything is synced: safe to shut down\nThe certificate is being renewed; last known state",
    );
    let status = samples::failing(LinkState::Reconnecting, Class::Refused, "no", "");
    says(
        &status,
        "syncwatch: up to date",
        "Everything is synced: safe to shut down\nReconnecting; last known state",
    );
}

#[test]
fn what_is_wrong_is_said() {
    let message = "Nothing is listening at https://127.0.0.1:8384.";
    for (state, title, text) in [
        (
            LinkState::Disconnected,
            "disconnected",
            "It cannot be reached for 4 s",
        ),
        (
            LinkState::Untrusted,
            "a certificate is not trusted",
            "The certificate is not trusted",
        ),
        (
            LinkState::Unauthorized,
            "the API key is refused",
            "The API key is refused",
        ),
        (
            LinkState::Misconfigured,
            "cannot work as configured",
            "It cannot work as configured",
        ),
    ] {
        let status = samples::failing(state, Class::Refused, message, "");
        says(
            &status,
            &format!("syncwatch: {title}"),
            &format!("{text}\n{message}"),
        );
    }
}

#[test]
fn other_kinds_say_what_they_know_and_a_link_that_proves_nothing_is_marked() {
    let mut status = samples::connected();
    change(&mut status, |instance| {
        instance.kind = Kind::Http;
        instance.link.insecure = true;
        let fact = |name: &str, value: &str| Fact {
            name: name.into(),
            value: value.into(),
            ..Fact::default()
        };
        instance.service = Some(Arc::new(Service {
            synced: true,
            facts: vec![fact("status", "200 OK"), fact("latency", "12 ms")],
            ..Service::default()
        }));
    });
    let insecure = "INSECURE: any certificate is accepted here";
    says(
        &status,
        "syncwatch: up to date",
        &format!("status: 200 OK, latency: 12 ms\n{insecure}"),
    );
    change(&mut status, |instance| {
        instance.kind = Kind::Weechat;
        instance.link.state = LinkState::Unauthorized;
        (instance.link.insecure, instance.link.plain) = (true, true);
    });
    says(
        &status,
        "syncwatch: the password is refused",
        "The password is refused\nINSECURE: this connection is not encrypted",
    );
}

#[test]
fn several_instances_have_names_and_the_worst_is_first() {
    let mut status = samples::connected();
    let down = samples::failing(LinkState::Disconnected, Class::Refused, "", "");
    let mut down = InstanceStatus::clone(&down.instances[0]);
    down.name = "nas".into();
    status.instances.push(down.into());
    says(
        &status,
        "syncwatch: disconnected",
        "nas: It cannot be reached for 4 s\nlaptop: Everything is synced: safe to shut down",
    );
    for _ in 0..10 {
        status.instances.push(status.instances[0].clone());
    }
    assert!(tip(&status).1.ends_with("\n6 more"));
}

proptest! {
    #[test]
    fn whatever_a_server_sends_it_stays_short_and_clean(label in "\\PC{0,300}|.{0,300}", units in 0usize..300) {
        let mut status = samples::connected();
        change(&mut status, |instance| {
            change_service(instance, |service| {
                service.folders[0].label = label;
                service.folders[0].state = FolderState::Scanning;
            });
        });
        let tooltip = tooltip(&status, true, &samples::frame(80));
        prop_assert!(tooltip.text.lines().all(|line| line.chars().count() <= LONGEST_LINE + 1));
        prop_assert!(!tooltip.text.chars().any(|char| char.is_control() && char != '\n'));
        prop_assert!(tooltip.short(units).encode_utf16().count() <= units);
    }
}
