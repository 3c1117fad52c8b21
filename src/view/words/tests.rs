//! Sentences, and the headline of several instances.

use super::*;
use crate::core::attention;
use crate::core::holds::{Chosen, PartName};
use crate::view::samples;

use std::sync::Arc;

#[test]
fn lists_stay_short() {
    assert_eq!(list(&["a", "b", "c"]), "a, b and c");
    assert_eq!(list(&["a", "b", "c", "d"]), "a, b and 2 more");
}

#[test]
fn what_may_be_away_is_said_and_is_no_trouble() {
    let mut status = samples::connected();
    samples::change(&mut status, |instance| {
        samples::change_service(instance, |service| {
            service.synced = false;
            service.folders[1].state = FolderState::Stopped;
        });
    });
    let instance = Arc::make_mut(&mut status.instances[0]);
    let away = Chosen::Parts(vec![PartName::Folder("Photos".into())]);
    instance.attention = attention::reasons(&instance.seen(&away), &[], samples::now());
    status.overall = Overall::of(status.instances.iter().map(AsRef::as_ref));
    assert_eq!(status.overall, Overall::Ok);
    assert_eq!(
        headline(&status).1,
        "In order, but not everything is synced yet. laptop: Photos stopped, which the config allows."
    );
}

#[test]
fn headlines_name_what_matters() {
    let mut status = samples::connected();
    assert_eq!(
        headline(&status).1,
        "Everything is synced: safe to shut down."
    );
    samples::change(&mut status, |instance| {
        samples::change_service(instance, |service| {
            service.synced = false;
            service.rates.in_bps = 2 << 20;
            service.folders[1].state = FolderState::Syncing;
            service.folders[1].need_bytes = 1 << 30;
        });
    });
    assert_eq!(
        headline(&status).1,
        "laptop is syncing Photos: 1.0 GiB to go at 2.0 MiB/s, about 8 min."
    );
    samples::change(&mut status, |instance| {
        samples::change_service(instance, |service| {
            service.folders[0].state = FolderState::Stopped;
            service.restart_required = true;
        });
    });
    assert_eq!(
        headline(&status).1,
        "laptop needs a look: Documents stopped; a restart is required."
    );
    samples::change(&mut status, |instance| {
        instance.link.state = LinkState::Reconnecting;
        instance.service = Some(samples::service().into());
    });
    assert_eq!(
        headline(&status).1,
        "Everything was in order when last heard of."
    );
    samples::change(&mut status, |instance| {
        instance.link.state = LinkState::Starting;
        instance.service = None;
    });
    assert_eq!(
        headline(&status).1,
        "Waiting for the first answer from laptop."
    );
}

#[test]
fn a_server_that_syncs_nothing_is_in_order() {
    let mut status = samples::connected();
    samples::change(&mut status, |instance| instance.kind = Kind::Http);
    assert_eq!(headline(&status).1, "Everything is in order.");
}
