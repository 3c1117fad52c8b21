//! Metrics of what each service says of itself, whatever its kind.

use super::scene::Scene;
use super::text::{Label, Samples};
use super::{Kind, Metric};
use crate::core::service::Rates;
use crate::core::{self, InstanceStatus, Service, What};

pub(super) const METRICS: &[Metric] = &[
    Metric {
        name: "syncwatch_synced",
        kind: Kind::Gauge,
        help: "1 while everything is up to date, here and on every connected device; for kind http, while all that is expected holds.",
        labels: &["name"],
        samples: |scene, samples| {
            known(scene, samples, |_, service| Some(service.synced.into()));
        },
    },
    Metric {
        name: "syncwatch_safe",
        kind: Kind::Gauge,
        help: "1 while at least one other device has all that is here, of every folder that is shared; 0 while something is only here; none where that is not known or nothing is shared.",
        labels: &["name"],
        samples: |scene, samples| {
            known(scene, samples, |_, service| service.safe.map(u64::from));
        },
    },
    Metric {
        name: "syncwatch_only_here_items",
        kind: Kind::Gauge,
        help: "Items of shared folders that no other device has.",
        labels: &["name"],
        samples: |scene, samples| {
            syncthing(scene, samples, |service| service.only_here.items);
        },
    },
    Metric {
        name: "syncwatch_only_here_bytes",
        kind: Kind::Gauge,
        help: "The size of what no other device has of shared folders.",
        labels: &["name"],
        samples: |scene, samples| {
            syncthing(scene, samples, |service| service.only_here.bytes);
        },
    },
    Metric {
        name: "syncwatch_attention",
        kind: Kind::Gauge,
        help: "How many folders, devices or other things need a look, for each kind of reason; a kind that is not there has no series.",
        labels: &["name", "what"],
        samples: attention,
    },
    Metric {
        name: "syncwatch_service_restart_required",
        kind: Kind::Gauge,
        help: "1 while the server asks to be restarted for its configuration to take effect.",
        labels: &["name"],
        samples: |scene, samples| {
            syncthing(scene, samples, |service| service.restart_required.into());
        },
    },
    Metric {
        name: "syncwatch_service_errors",
        kind: Kind::Gauge,
        help: "Entries of the server's own list of errors.",
        labels: &["name"],
        samples: |scene, samples| {
            syncthing(scene, samples, |service| service.errors.len() as u64);
        },
    },
    Metric {
        name: "syncwatch_pending_devices",
        kind: Kind::Gauge,
        help: "Devices that asked to connect and wait for a decision.",
        labels: &["name"],
        samples: |scene, samples| {
            syncthing(scene, samples, |service| {
                service.pending_devices.len() as u64
            });
        },
    },
    Metric {
        name: "syncwatch_pending_folders",
        kind: Kind::Gauge,
        help: "Folders that devices offer and that wait for a decision.",
        labels: &["name"],
        samples: |scene, samples| {
            syncthing(scene, samples, |service| {
                service.pending_folders.len() as u64
            });
        },
    },
    Metric {
        name: "syncwatch_folders",
        kind: Kind::Gauge,
        help: "Folders of a Syncthing.",
        labels: &["name"],
        samples: |scene, samples| {
            syncthing(scene, samples, |service| service.folders.len() as u64);
        },
    },
    Metric {
        name: "syncwatch_devices",
        kind: Kind::Gauge,
        help: "Remote devices of a Syncthing.",
        labels: &["name"],
        samples: |scene, samples| {
            syncthing(scene, samples, |service| service.devices.len() as u64);
        },
    },
    Metric {
        name: "syncwatch_devices_connected",
        kind: Kind::Gauge,
        help: "Those of the remote devices that are connected.",
        labels: &["name"],
        samples: |scene, samples| {
            syncthing(scene, samples, |service| {
                let devices = service.devices.iter();
                devices.filter(|device| device.connected).count() as u64
            });
        },
    },
    Metric {
        name: "syncwatch_receive_bytes_per_second",
        kind: Kind::Gauge,
        help: "What a Syncthing receives from all devices, as it was last told.",
        labels: &["name"],
        samples: |scene, samples| rates(scene, samples, |rates| rates.in_bps),
    },
    Metric {
        name: "syncwatch_send_bytes_per_second",
        kind: Kind::Gauge,
        help: "What a Syncthing sends to all devices, as it was last told.",
        labels: &["name"],
        samples: |scene, samples| rates(scene, samples, |rates| rates.out_bps),
    },
    Metric {
        name: "syncwatch_holds",
        kind: Kind::Gauge,
        help: "What syncwatch paused for a while and will let go on.",
        labels: &["name"],
        samples: |scene, samples| {
            known(scene, samples, |instance, _| {
                Some(instance.holds.len() as u64)
            });
        },
    },
    Metric {
        name: "syncwatch_unread_messages",
        kind: Kind::Gauge,
        help: "Messages that wait to be read: of people, private ones, and highlights, each counted once.",
        labels: &["name", "what"],
        samples: unread,
    },
    Metric {
        name: "syncwatch_fact",
        kind: Kind::Gauge,
        help: "What else a service says of itself as a number, in seconds, bytes or how many; see its name.",
        labels: &["name", "fact"],
        samples: |scene, samples| {
            for seen in &scene.instances {
                for (label, fact) in &seen.facts.shown {
                    if let Some(number) = fact.number {
                        samples.number(&[&seen.name, label], number);
                    }
                }
            }
        },
    },
    Metric {
        name: "syncwatch_fact_attention",
        kind: Kind::Gauge,
        help: "1 where a person should look at it, such as at an expectation that does not hold.",
        labels: &["name", "fact"],
        samples: |scene, samples| {
            for seen in &scene.instances {
                for (label, fact) in &seen.facts.shown {
                    samples.flag(&[&seen.name, label], fact.attention);
                }
            }
        },
    },
];

/// Of every instance that has answered.
fn known(
    scene: &Scene<'_>,
    samples: &mut Samples<'_>,
    figure: impl Fn(&InstanceStatus, &Service) -> Option<u64>,
) {
    for seen in &scene.instances {
        let figure = seen
            .service
            .and_then(|service| figure(seen.instance, service));
        if let Some(number) = figure {
            samples.whole(&[&seen.name], number);
        }
    }
}

fn syncthing(scene: &Scene<'_>, samples: &mut Samples<'_>, figure: impl Fn(&Service) -> u64) {
    known(scene, samples, |instance, service| {
        (instance.kind == core::Kind::Syncthing).then(|| figure(service))
    });
}

fn rates(scene: &Scene<'_>, samples: &mut Samples<'_>, figure: impl Fn(&Rates) -> u64) {
    syncthing(scene, samples, |service| figure(&service.rates));
}

fn attention(scene: &Scene<'_>, samples: &mut Samples<'_>) {
    for seen in &scene.instances {
        for what in What::ALL {
            let reasons = seen.instance.reasons();
            let number = reasons.filter(|reason| reason.what == what).count();
            if number > 0 {
                samples.whole(&[&seen.name, &Label::new(&what.name())], number as u64);
            }
        }
    }
}

fn unread(scene: &Scene<'_>, samples: &mut Samples<'_>) {
    let [people, private, highlights] = ["people", "private", "highlights"].map(Label::new);
    for seen in &scene.instances {
        if let Some(unread) = seen.service.and_then(|service| service.unread) {
            samples.whole(&[&seen.name, &people], unread.messages);
            samples.whole(&[&seen.name, &private], unread.private);
            samples.whole(&[&seen.name, &highlights], unread.highlights);
        }
    }
}
