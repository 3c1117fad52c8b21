//! The status as the table reads it: labels made once, folders and devices bounded and told apart.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::text::Label;
use crate::core::service::{Device, Fact, Folder};
use crate::core::usage::{Traffic, Usage};
use crate::core::{InstanceStatus, Service, Status};

/// Folders of one instance that have series of their own; likewise devices, and likewise facts.
pub const MOST_PARTS: usize = 1000;

/// Everything that the samples are made from.
pub(super) struct Scene<'s> {
    pub(super) status: &'s Status,
    pub(super) usage: &'s Usage,
    pub(super) instances: Vec<Seen<'s>>,
}

/// One instance.
pub(super) struct Seen<'s> {
    pub(super) name: Label,
    pub(super) instance: &'s InstanceStatus,
    pub(super) service: Option<&'s Service>,
    pub(super) traffic: Traffic,
    pub(super) folders: Parts<'s, Folder>,
    pub(super) devices: Parts<'s, Device>,
    pub(super) facts: Parts<'s, Fact>,
}

/// Folders, devices or facts, each with the label that tells it from the others.
pub(super) struct Parts<'s, T> {
    pub(super) shown: Vec<(Label, &'s T)>,
    pub(super) left_out: usize,
}

impl<'s> Scene<'s> {
    pub(super) fn new(status: &'s Status, usage: &'s Usage) -> Self {
        let instances = status.instances.iter();
        Self {
            status,
            usage,
            instances: instances
                .map(|instance| Seen::new(Arc::as_ref(instance), usage))
                .collect(),
        }
    }
}

impl<'s> Seen<'s> {
    fn new(instance: &'s InstanceStatus, usage: &Usage) -> Self {
        let service = instance.service.as_deref();
        let folders = service.map_or(&[][..], |service| &service.folders);
        let devices = service.map_or(&[][..], |service| &service.devices);
        let facts = service.map_or(&[][..], |service| &service.facts);
        Self {
            name: Label::exact(&instance.name),
            instance,
            service,
            traffic: usage
                .traffic
                .get(&instance.name)
                .copied()
                .unwrap_or_default(),
            folders: Parts::new(folders, |folder| &folder.id),
            devices: Parts::new(devices, |device| &device.id),
            facts: Parts::new(facts, |fact| &fact.name),
        }
    }
}

impl<'s, T> Parts<'s, T> {
    /// Two with one label would be two samples of one series, which Prometheus refuses with the whole page.
    fn new(all: &'s [T], id: impl Fn(&T) -> &str) -> Self {
        let mut labels = BTreeSet::new();
        let mut shown = Vec::new();
        for part in all {
            if shown.len() == MOST_PARTS {
                break;
            }
            let label = Label::new(id(part));
            if labels.insert(label.clone()) {
                shown.push((label, part));
            }
        }
        Self {
            left_out: all.len() - shown.len(),
            shown,
        }
    }
}
