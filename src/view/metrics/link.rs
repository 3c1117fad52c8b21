//! Metrics of the link to each instance: state, certificate, failures, recovery, traffic.

use std::collections::BTreeMap;

use super::scene::{Scene, Seen};
use super::text::{Label, Samples};
use super::{Kind, Metric};
use crate::core::counters::{Counters, RECOVERY_STEPS_MS};
use crate::core::{Class, LinkState};

pub(super) const METRICS: &[Metric] = &[
    Metric {
        name: "syncwatch_instance_info",
        kind: Kind::Gauge,
        help: "Always 1; the labels tell what the instance is, where, how its certificate is judged, and the server's own version.",
        labels: &["name", "kind", "url", "trust", "version"],
        samples: |scene, samples| {
            for seen in &scene.instances {
                let instance = seen.instance;
                let version = seen.service.map_or("", |service| &service.version);
                let labels = [
                    &Label::new(instance.kind.name()),
                    &Label::new(&instance.url),
                    &Label::new(instance.link.trust.mode.name()),
                    &Label::new(version),
                ];
                let [kind, url, trust, version] = labels;
                samples.whole(&[&seen.name, kind, url, trust, version], 1);
            }
        },
    },
    Metric {
        name: "syncwatch_link_state",
        kind: Kind::Gauge,
        help: "1 for the state that the link is in, 0 for every other one. Loud states are disconnected, untrusted, unauthorized and misconfigured.",
        labels: &["name", "state"],
        samples: |scene, samples| {
            let states = LinkState::ALL.map(|state| (state, Label::new(state.name())));
            for seen in &scene.instances {
                for (state, label) in &states {
                    samples.flag(&[&seen.name, label], *state == seen.instance.link.state);
                }
            }
        },
    },
    Metric {
        name: "syncwatch_link_loud",
        kind: Kind::Gauge,
        help: "1 while the link is in a loud state, one that a user is told of; 0 while it is well or a failure is still hidden.",
        labels: &["name"],
        samples: |scene, samples| {
            each(scene, samples, |seen| {
                u64::from(seen.instance.link.state.is_loud())
            });
        },
    },
    Metric {
        name: "syncwatch_link_since_timestamp_seconds",
        kind: Kind::Gauge,
        help: "When the link's state began, in seconds since the Unix epoch.",
        labels: &["name"],
        samples: |scene, samples| {
            for seen in &scene.instances {
                samples.time(&[&seen.name], seen.instance.link.since);
            }
        },
    },
    Metric {
        name: "syncwatch_link_insecure",
        kind: Kind::Gauge,
        help: "1 where any certificate is accepted, or the connection is not encrypted.",
        labels: &["name"],
        samples: |scene, samples| {
            each(scene, samples, |seen| {
                u64::from(seen.instance.link.insecure || seen.instance.link.plain)
            });
        },
    },
    Metric {
        name: "syncwatch_failing_since_timestamp_seconds",
        kind: Kind::Gauge,
        help: "While something is wrong, hidden or not: when that began, in seconds since the Unix epoch, by its class.",
        labels: &["name", "class"],
        samples: |scene, samples| {
            for seen in &scene.instances {
                if let Some(failure) = &seen.instance.link.failure {
                    let class = Label::new(&failure.class.name());
                    samples.time(&[&seen.name, &class], failure.since);
                }
            }
        },
    },
    Metric {
        name: "syncwatch_restart_pending",
        kind: Kind::Gauge,
        help: "1 while the certificate file is newer than what the server serves: healthy, until its next restart.",
        labels: &["name"],
        samples: |scene, samples| {
            each(scene, samples, |seen| {
                u64::from(seen.instance.link.restart_pending)
            });
        },
    },
    Metric {
        name: "syncwatch_certificate_expiry_timestamp_seconds",
        kind: Kind::Gauge,
        help: "When the certificate that was served last ends, in seconds since the Unix epoch.",
        labels: &["name"],
        samples: |scene, samples| {
            for seen in &scene.instances {
                if let Some(end) = seen.instance.link.trust.not_after {
                    samples.time(&[&seen.name], end);
                }
            }
        },
    },
    Metric {
        name: "syncwatch_rotations_total",
        kind: Kind::Counter,
        help: "Certificate changes that were seen through to a verified connection.",
        labels: &["name"],
        samples: |scene, samples| each(scene, samples, |seen| seen.instance.link.rotations),
    },
    Metric {
        name: "syncwatch_last_rotation_timestamp_seconds",
        kind: Kind::Gauge,
        help: "When the last certificate change was seen through, in seconds since the Unix epoch.",
        labels: &["name"],
        samples: |scene, samples| {
            for seen in &scene.instances {
                if let Some(time) = seen.instance.link.last_rotation {
                    samples.time(&[&seen.name], time);
                }
            }
        },
    },
    Metric {
        name: "syncwatch_pin_reloads_total",
        kind: Kind::Counter,
        help: "Times that the pin file came to hold another certificate.",
        labels: &["name"],
        samples: |scene, samples| {
            each(scene, samples, |seen| seen.instance.counters.pin_reloads);
        },
    },
    Metric {
        name: "syncwatch_failures_total",
        kind: Kind::Counter,
        help: "Failures that were met, hidden or shown, by class.",
        labels: &["name", "class"],
        samples: |scene, samples| by_class(scene, samples, |counters| &counters.failures),
    },
    Metric {
        name: "syncwatch_hidden_failures_total",
        kind: Kind::Counter,
        help: "Failures that were met while nothing was shown, by class.",
        labels: &["name", "class"],
        samples: |scene, samples| by_class(scene, samples, |counters| &counters.hidden),
    },
    Metric {
        name: "syncwatch_alerts_total",
        kind: Kind::Counter,
        help: "Times that a user was told of a loud state, by state; connected says that it was back.",
        labels: &["name", "state"],
        samples: alerts,
    },
    Metric {
        name: "syncwatch_recovery_seconds",
        kind: Kind::Histogram,
        help: "From the first chance to connect again to the first verified answer.",
        labels: &["name"],
        samples: recovery,
    },
    Metric {
        name: "syncwatch_requests_total",
        kind: Kind::Counter,
        help: "Requests that were sent to the instance, upgrades to a websocket among them.",
        labels: &["name"],
        samples: |scene, samples| each(scene, samples, |seen| seen.traffic.requests),
    },
    Metric {
        name: "syncwatch_sent_bytes_total",
        kind: Kind::Counter,
        help: "Bodies of requests and messages of websockets that were sent, without headers and TLS.",
        labels: &["name"],
        samples: |scene, samples| each(scene, samples, |seen| seen.traffic.sent_bytes),
    },
    Metric {
        name: "syncwatch_received_bytes_total",
        kind: Kind::Counter,
        help: "Bodies of replies and messages of websockets that were received, without headers and TLS.",
        labels: &["name"],
        samples: |scene, samples| each(scene, samples, |seen| seen.traffic.received_bytes),
    },
];

fn each(scene: &Scene<'_>, samples: &mut Samples<'_>, figure: impl Fn(&Seen<'_>) -> u64) {
    for seen in &scene.instances {
        samples.whole(&[&seen.name], figure(seen));
    }
}

fn by_class(
    scene: &Scene<'_>,
    samples: &mut Samples<'_>,
    figures: impl Fn(&Counters) -> &BTreeMap<Class, u64>,
) {
    for seen in &scene.instances {
        for (class, number) in figures(&seen.instance.counters) {
            samples.whole(&[&seen.name, &Label::new(&class.name())], *number);
        }
    }
}

/// Also those that never happened: an increase from nothing would go unseen.
fn alerts(scene: &Scene<'_>, samples: &mut Samples<'_>) {
    let told = LinkState::ALL.into_iter();
    let told: Vec<_> = told
        .filter(|state| state.is_loud() || *state == LinkState::Connected)
        .map(|state| (state, Label::new(state.name())))
        .collect();
    for seen in &scene.instances {
        for (state, label) in &told {
            let number = seen.instance.counters.alerts.get(state).copied();
            samples.whole(&[&seen.name, label], number.unwrap_or_default());
        }
    }
}

fn recovery(scene: &Scene<'_>, samples: &mut Samples<'_>) {
    let bounds = RECOVERY_STEPS_MS
        .map(seconds)
        .map(|bound| bound.to_string());
    for seen in &scene.instances {
        let recoveries = &seen.instance.counters.recoveries;
        let mut sum = 0;
        for (bound, number) in bounds.iter().zip(&recoveries.steps) {
            sum += number;
            samples.step(&[&seen.name], bound, sum);
        }
        samples.total(&[&seen.name], seconds(recoveries.sum_ms), recoveries.count);
    }
}

fn seconds(millis: u64) -> f64 {
    millis as f64 / 1000.0
}
