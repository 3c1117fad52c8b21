//! Metrics of syncwatch itself: its build, its config, its page, its hooks.

use super::scene::Scene;
use super::text::{Label, Samples};
use super::{Kind, Metric};
use crate::core::Overall;
use crate::core::usage::HookUsage;

const OVERALL: [Overall; 6] = [
    Overall::Ok,
    Overall::Paused,
    Overall::Busy,
    Overall::Attention,
    Overall::Offline,
    Overall::Alert,
];

pub(super) const METRICS: &[Metric] = &[
    Metric {
        name: "syncwatch_build_info",
        kind: Kind::Gauge,
        help: "Always 1; the label tells which syncwatch it is.",
        labels: &["version"],
        samples: |scene, samples| {
            samples.whole(&[&Label::new(&scene.status.engine.version)], 1);
        },
    },
    Metric {
        name: "syncwatch_start_time_seconds",
        kind: Kind::Gauge,
        help: "When the engine started, in seconds since the Unix epoch.",
        labels: &[],
        samples: |scene, samples| samples.time(&[], scene.status.engine.since),
    },
    Metric {
        name: "syncwatch_config_problem",
        kind: Kind::Gauge,
        help: "1 while the config file was changed and is not valid: the one before it is in force.",
        labels: &[],
        samples: |scene, samples| {
            samples.flag(&[], scene.status.engine.config_problem.is_some());
        },
    },
    Metric {
        name: "syncwatch_overall",
        kind: Kind::Gauge,
        help: "1 for the one word that sums up all instances, as the icon shows it; 0 for the others.",
        labels: &["state"],
        samples: |scene, samples| {
            for word in OVERALL {
                samples.flag(&[&Label::new(word.name())], word == scene.status.overall);
            }
        },
    },
    Metric {
        name: "syncwatch_instances",
        kind: Kind::Gauge,
        help: "Instances that are watched.",
        labels: &[],
        samples: |scene, samples| samples.whole(&[], scene.instances.len() as u64),
    },
    Metric {
        name: "syncwatch_left_out",
        kind: Kind::Gauge,
        help: "Folders, devices and facts that have no series of their own: there are too many, or two have one name.",
        labels: &["name", "what"],
        samples: left_out,
    },
    Metric {
        name: "syncwatch_page_replies_total",
        kind: Kind::Counter,
        help: "Replies of this page, by HTTP status.",
        labels: &["code"],
        samples: |scene, samples| {
            for (code, number) in &scene.usage.replies {
                samples.whole(&[&Label::new(&code.to_string())], *number);
            }
        },
    },
    Metric {
        name: "syncwatch_hook_runs_total",
        kind: Kind::Counter,
        help: "Runs of a hook, by how they ended: ok, failed or timeout.",
        labels: &["hook", "outcome"],
        samples: |scene, samples| {
            hooks(scene, samples, |usage| {
                [
                    ("ok", usage.fine),
                    ("failed", usage.failed),
                    ("timeout", usage.timed_out),
                ]
            });
        },
    },
    Metric {
        name: "syncwatch_hook_events_total",
        kind: Kind::Counter,
        help: "Events for a hook: delivered, or left_out because there were too many or no run delivered them.",
        labels: &["hook", "outcome"],
        samples: |scene, samples| {
            hooks(scene, samples, |usage| {
                [("delivered", usage.delivered), ("left_out", usage.left_out)]
            });
        },
    },
];

fn left_out(scene: &Scene<'_>, samples: &mut Samples<'_>) {
    for seen in &scene.instances {
        for (what, number) in [
            ("folders", seen.folders.left_out),
            ("devices", seen.devices.left_out),
            ("facts", seen.facts.left_out),
        ] {
            if number > 0 {
                samples.whole(&[&seen.name, &Label::new(what)], number as u64);
            }
        }
    }
}

fn hooks<const N: usize>(
    scene: &Scene<'_>,
    samples: &mut Samples<'_>,
    figures: impl Fn(&HookUsage) -> [(&'static str, u64); N],
) {
    for (hook, usage) in &scene.usage.hooks {
        let hook = Label::exact(hook);
        for (outcome, number) in figures(usage) {
            samples.whole(&[&hook, &Label::new(outcome)], number);
        }
    }
}
