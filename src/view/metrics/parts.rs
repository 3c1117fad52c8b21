//! Metrics of the folders and devices of a Syncthing. Labels that may change without the thing changing, such as a
//! folder's name, stand in an `info` metric of their own.

use std::collections::BTreeSet;

use super::scene::Scene;
use super::text::{Label, Samples};
use super::{Kind, Metric};
use crate::core::Timestamp;
use crate::core::safety::Behind;
use crate::core::service::{Device, Folder};

pub(super) const METRICS: &[Metric] = &[
    Metric {
        name: "syncwatch_folder_info",
        kind: Kind::Gauge,
        help: "Always 1; the labels tell a folder's name and type. Join it by name and folder.",
        labels: &["name", "folder", "label", "type"],
        samples: |scene, samples| {
            for seen in &scene.instances {
                for (id, folder) in &seen.folders.shown {
                    let (label, kind) = (Label::new(&folder.label), Label::new(&folder.kind));
                    samples.whole(&[&seen.name, id, &label, &kind], 1);
                }
            }
        },
    },
    Metric {
        name: "syncwatch_folder_state",
        kind: Kind::Gauge,
        help: "1 for the state that the folder is in, as Syncthing's own page names it; other states have no series.",
        labels: &["name", "folder", "state"],
        samples: |scene, samples| {
            for seen in &scene.instances {
                for (id, folder) in &seen.folders.shown {
                    samples.whole(&[&seen.name, id, &Label::new(&folder.state.name())], 1);
                }
            }
        },
    },
    Metric {
        name: "syncwatch_folder_completion_ratio",
        kind: Kind::Gauge,
        help: "How much of the folder is in sync, 0 to 1, in hundredths; below 1 while anything is needed.",
        labels: &["name", "folder"],
        samples: |scene, samples| {
            for seen in &scene.instances {
                for (id, folder) in &seen.folders.shown {
                    samples.number(&[&seen.name, id], ratio(folder.percent));
                }
            }
        },
    },
    Metric {
        name: "syncwatch_folder_global_bytes",
        kind: Kind::Gauge,
        help: "Size of the folder as all devices together have it.",
        labels: &["name", "folder"],
        samples: |scene, samples| folders(scene, samples, |folder| folder.global_bytes),
    },
    Metric {
        name: "syncwatch_folder_local_bytes",
        kind: Kind::Gauge,
        help: "Size of the folder on this server.",
        labels: &["name", "folder"],
        samples: |scene, samples| folders(scene, samples, |folder| folder.local_bytes),
    },
    Metric {
        name: "syncwatch_folder_in_sync_bytes",
        kind: Kind::Gauge,
        help: "How much of the folder is in sync.",
        labels: &["name", "folder"],
        samples: |scene, samples| folders(scene, samples, |folder| folder.in_sync_bytes),
    },
    Metric {
        name: "syncwatch_folder_need_bytes",
        kind: Kind::Gauge,
        help: "What this server still needs of the folder.",
        labels: &["name", "folder"],
        samples: |scene, samples| folders(scene, samples, |folder| folder.need_bytes),
    },
    Metric {
        name: "syncwatch_folder_out_of_sync_items",
        kind: Kind::Gauge,
        help: "Items that this server still needs of the folder.",
        labels: &["name", "folder"],
        samples: |scene, samples| folders(scene, samples, |folder| folder.need_items),
    },
    Metric {
        name: "syncwatch_folder_failed_items",
        kind: Kind::Gauge,
        help: "Items that could not be synced.",
        labels: &["name", "folder"],
        samples: |scene, samples| folders(scene, samples, |folder| folder.failed_items),
    },
    Metric {
        name: "syncwatch_folder_local_changes_items",
        kind: Kind::Gauge,
        help: "Items that were changed here in a receive-only folder.",
        labels: &["name", "folder"],
        samples: |scene, samples| folders(scene, samples, |folder| folder.receive_only_items),
    },
    Metric {
        name: "syncwatch_folder_safe",
        kind: Kind::Gauge,
        help: "1 while at least one other device has all that is here of the folder; 0 while something is only here; none where that is not known or nobody shares it.",
        labels: &["name", "folder"],
        samples: |scene, samples| {
            for seen in &scene.instances {
                for (id, folder) in &seen.folders.shown {
                    if let Some(safe) = folder.safe {
                        samples.flag(&[&seen.name, id], safe);
                    }
                }
            }
        },
    },
    Metric {
        name: "syncwatch_folder_only_here_bytes",
        kind: Kind::Gauge,
        help: "The size of what no other device has of the folder.",
        labels: &["name", "folder"],
        samples: |scene, samples| folders(scene, samples, |folder| folder.only_here.bytes),
    },
    Metric {
        name: "syncwatch_behind_items",
        kind: Kind::Gauge,
        help: "Items of the folder that the device lacks, and why: syncing, away, paused or not-accepted; no series for one that has everything.",
        labels: &["name", "folder", "device", "why"],
        samples: |scene, samples| behind(scene, samples, |behind| behind.items),
    },
    Metric {
        name: "syncwatch_behind_bytes",
        kind: Kind::Gauge,
        help: "The size of what the device lacks of the folder.",
        labels: &["name", "folder", "device", "why"],
        samples: |scene, samples| behind(scene, samples, |behind| behind.bytes),
    },
    Metric {
        name: "syncwatch_folder_stopped",
        kind: Kind::Gauge,
        help: "1 while the folder is stopped by an error.",
        labels: &["name", "folder"],
        samples: |scene, samples| {
            folders(scene, samples, |folder| folder.error.is_some().into());
        },
    },
    Metric {
        name: "syncwatch_folder_last_scan_timestamp_seconds",
        kind: Kind::Gauge,
        help: "When the folder was last scanned, in seconds since the Unix epoch.",
        labels: &["name", "folder"],
        samples: |scene, samples| {
            for seen in &scene.instances {
                for (id, folder) in &seen.folders.shown {
                    time(samples, &[&seen.name, id], folder.last_scan);
                }
            }
        },
    },
    Metric {
        name: "syncwatch_device_info",
        kind: Kind::Gauge,
        help: "Always 1; the labels tell a remote device's name and version. Join it by name and device.",
        labels: &["name", "device", "device_name", "version"],
        samples: |scene, samples| {
            for seen in &scene.instances {
                for (id, device) in &seen.devices.shown {
                    let name = Label::new(&device.name);
                    let version = Label::new(device.client_version.as_deref().unwrap_or(""));
                    samples.whole(&[&seen.name, id, &name, &version], 1);
                }
            }
        },
    },
    Metric {
        name: "syncwatch_device_state",
        kind: Kind::Gauge,
        help: "1 for the state that the device is in, as Syncthing's own page names it; other states have no series.",
        labels: &["name", "device", "state"],
        samples: |scene, samples| {
            for seen in &scene.instances {
                for (id, device) in &seen.devices.shown {
                    samples.whole(&[&seen.name, id, &Label::new(&device.state.name())], 1);
                }
            }
        },
    },
    Metric {
        name: "syncwatch_device_connected",
        kind: Kind::Gauge,
        help: "1 while the device is connected to the server.",
        labels: &["name", "device"],
        samples: |scene, samples| devices(scene, samples, |device| device.connected.into()),
    },
    Metric {
        name: "syncwatch_device_completion_ratio",
        kind: Kind::Gauge,
        help: "How much of all that is shared with the device it has, 0 to 1, in hundredths.",
        labels: &["name", "device"],
        samples: |scene, samples| {
            for seen in &scene.instances {
                for (id, device) in &seen.devices.shown {
                    samples.number(&[&seen.name, id], ratio(device.percent));
                }
            }
        },
    },
    Metric {
        name: "syncwatch_device_need_bytes",
        kind: Kind::Gauge,
        help: "What the device still needs of all that is shared with it.",
        labels: &["name", "device"],
        samples: |scene, samples| devices(scene, samples, |device| device.need_bytes),
    },
    Metric {
        name: "syncwatch_device_out_of_sync_items",
        kind: Kind::Gauge,
        help: "Items that the device still needs.",
        labels: &["name", "device"],
        samples: |scene, samples| devices(scene, samples, |device| device.need_items),
    },
    Metric {
        name: "syncwatch_device_receive_bytes_per_second",
        kind: Kind::Gauge,
        help: "What the server receives from the device, as it was last told.",
        labels: &["name", "device"],
        samples: |scene, samples| devices(scene, samples, |device| device.rates.in_bps),
    },
    Metric {
        name: "syncwatch_device_send_bytes_per_second",
        kind: Kind::Gauge,
        help: "What the server sends to the device, as it was last told.",
        labels: &["name", "device"],
        samples: |scene, samples| devices(scene, samples, |device| device.rates.out_bps),
    },
    Metric {
        name: "syncwatch_device_last_seen_timestamp_seconds",
        kind: Kind::Gauge,
        help: "When the device was last connected, in seconds since the Unix epoch; none where it never was.",
        labels: &["name", "device"],
        samples: |scene, samples| {
            for seen in &scene.instances {
                for (id, device) in &seen.devices.shown {
                    time(samples, &[&seen.name, id], device.last_seen);
                }
            }
        },
    },
];

fn folders(scene: &Scene<'_>, samples: &mut Samples<'_>, figure: impl Fn(&Folder) -> u64) {
    for seen in &scene.instances {
        for (id, folder) in &seen.folders.shown {
            samples.whole(&[&seen.name, id], figure(folder));
        }
    }
}

fn behind(scene: &Scene<'_>, samples: &mut Samples<'_>, figure: impl Fn(&Behind) -> u64) {
    for seen in &scene.instances {
        for (id, folder) in &seen.folders.shown {
            // Two with one label would be refused with the whole page.
            let mut told = BTreeSet::new();
            for behind in &folder.behind {
                let device = Label::new(&behind.device);
                let why = Label::new(behind.why.name());
                if told.insert(device.clone()) {
                    samples.whole(&[&seen.name, id, &device, &why], figure(behind));
                }
            }
        }
    }
}

fn devices(scene: &Scene<'_>, samples: &mut Samples<'_>, figure: impl Fn(&Device) -> u64) {
    for seen in &scene.instances {
        for (id, device) in &seen.devices.shown {
            samples.whole(&[&seen.name, id], figure(device));
        }
    }
}

fn time(samples: &mut Samples<'_>, labels: &[&Label], time: Option<Timestamp>) {
    if let Some(time) = time {
        samples.time(labels, time);
    }
}

fn ratio(percent: u8) -> f64 {
    f64::from(percent) / 100.0
}
