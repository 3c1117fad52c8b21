//! The text for Prometheus: everything that is known, as numbers. All of it comes from one table, and so does its
//! documentation (`docs/metrics.md`).
//!
//! Invariant: names from other people's machines can neither break a line nor make two series one, and the number of
//! series of an instance is bounded; what is left out is itself a figure.

mod engine;
mod link;
mod page;
mod parts;
mod scene;
mod service;
mod text;

use std::fmt::Write as _;

use crate::core::Status;
use crate::core::usage::Usage;
use scene::Scene;
use text::Samples;

pub use page::{
    TEXT_TYPE, engine_is_silent, index, needs_token, nothing_here, several_hosts, wrong_host,
};
pub use scene::MOST_PARTS;

/// One metric: what it is called, what it says, and where its samples come from.
struct Metric {
    name: &'static str,
    kind: Kind,
    help: &'static str,
    /// In the order in which `samples` gives their values.
    labels: &'static [&'static str],
    samples: fn(&Scene<'_>, &mut Samples<'_>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Counter,
    Gauge,
    Histogram,
}

/// The page as Prometheus reads it (text format 0.0.4).
pub fn text(status: &Status, usage: &Usage) -> String {
    let scene = Scene::new(status, usage);
    let mut page = String::with_capacity(4096 + 8192 * status.instances.len());
    for metric in table() {
        Samples::write(&mut page, metric, &scene);
    }
    page
}

/// The same table for people, in Markdown.
pub fn documentation() -> String {
    let mut page = format!(
        "{INTRODUCTION}\nOf one instance, {MOST_PARTS} folders, {MOST_PARTS} devices and {MOST_PARTS} facts have series of their own, in the order in which the server names them; `syncwatch_left_out` says how many have none.\n"
    );
    for (title, metrics) in TABLES {
        let _ = write!(
            page,
            "\n## {title}\n\n| metric | type | labels | meaning |\n|---|---|---|---|\n"
        );
        for metric in *metrics {
            let labels: Vec<String> = metric
                .labels
                .iter()
                .map(|label| format!("`{label}`"))
                .collect();
            let _ = writeln!(
                page,
                "| `{}` | {} | {} | {} |",
                metric.name,
                metric.kind.name(),
                labels.join(", "),
                metric.help.replace('|', "\\|")
            );
        }
    }
    page
}

const INTRODUCTION: &str = "\
# Metrics

<!-- Made by `syncwatch generate metrics`; a test holds it equal to the table in src/view/metrics/. -->

The daemon, or the tray, shows a page for Prometheus where the config says so; it is there as soon as that is saved:

```toml
[metrics]
listen = \"127.0.0.1:9384\"
```

- `curl http://127.0.0.1:9384/metrics` shows everything that is listed below.
- `/status` is the JSON of `syncwatch status --json`.
- `/healthz` says whether syncwatch itself is well: `200` while its engine answers, `503` when it does not within 2 s.
  An instance in trouble does not change it, for restarting syncwatch would not help that.

For a Prometheus on another computer the page needs TLS and a token. With openssl, for a computer called `nas.lan`:

```sh
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -subj /CN=nas.lan \\
  -addext subjectAltName=DNS:nas.lan -keyout page.key -out page.pem
(umask 077; openssl rand -hex 16 >page.token)
```

```toml
[metrics]
listen = \"0.0.0.0:9384\"
certificate = \"/etc/syncwatch/page.pem\"
key = \"/etc/syncwatch/page.key\"
token-file = \"/etc/syncwatch/page.token\"
```

Prometheus gets `page.pem` as `ca_file` and `page.token` as `credentials_file`. `prometheus.yml` in `packaging/prometheus/`
shows where; alert rules and a dashboard are beside it. All keys are in [config.md](config.md).

`name` is the instance's name in the config; Prometheus keeps the label `instance` for the address that it asked.
Counters begin at 0 when the engine starts, and a changed config keeps them. A figure that is not known, such as
the expiry of a certificate before the first handshake, has no series. While a failure is hidden, the service's last
known figures stay, as on every other view; `syncwatch_link_state` tells the truth.
";

/// Every metric, by what it is about.
const TABLES: &[(&str, &[Metric])] = &[
    ("syncwatch itself", engine::METRICS),
    ("The link to an instance", link::METRICS),
    ("What a service says of itself", service::METRICS),
    ("Folders and devices of a Syncthing", parts::METRICS),
];

fn table() -> impl Iterator<Item = &'static Metric> {
    TABLES.iter().flat_map(|(_, metrics)| metrics.iter())
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

#[cfg(test)]
mod tests;
