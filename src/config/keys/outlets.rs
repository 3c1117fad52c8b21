//! The keys of what tells others: `[metrics]` and `[[hook]]`.

use super::instance::{PAGE_TOKEN, TRUST};
use super::{Key, Part, Takes};

pub(in crate::config) const METRICS: &[Key] = &[
    Key::new(
        "listen",
        Takes::Text,
        "Where the page is: an IP address and a port. Off without it. Any other address than loopback needs TLS and a token, because the page names your folders and devices.",
    )
    .example("\"127.0.0.1:9384\""),
    Key::new(
        "certificate",
        Takes::Path,
        "TLS, from a PEM file that is followed when it changes: the page's own certificate first, then those up to its CA.",
    )
    .example("\"/etc/syncwatch/page.pem\"")
    .with("key = \"/etc/syncwatch/page.key\""),
    Key::new("key", Takes::Path, "The file with its private key.")
        .example("\"/etc/syncwatch/page.key\"")
        .with("certificate = \"/etc/syncwatch/page.pem\""),
    PAGE_TOKEN[0],
    PAGE_TOKEN[1],
    PAGE_TOKEN[2],
    PAGE_TOKEN[3],
    Key::new(
        "hosts",
        Takes::List,
        "Without a token the page answers only when it is asked for by IP address or as localhost, so that no web page can read it through your browser. These are further names.",
    )
    .example("[\"nas.lan\"]"),
    Key::new(
        "unprotected",
        Takes::Boolean,
        "You know who can reach the page: it may be open to a network without TLS and a token.",
    )
    .usual("false"),
];

/// What every hook has.
pub(in crate::config) const HOOK: &[Key] = &[
    Key::new("name", Takes::Text, "What it is called. Each hook needs its own name.").example("\"phone\""),
    Key::new(
        "on",
        Takes::Choice(&["loud", "recovered", "synced", "rotation"]),
        "What it is told of. \"loud\": a server is disconnected, untrusted, unauthorized or misconfigured, past its patience; \"recovered\": it is back after that; \"synced\": everything is up to date, after something was not; \"rotation\": a new certificate was verified.",
    )
    .example("[\"loud\", \"recovered\"]"),
    Key::new(
        "instances",
        Takes::List,
        "Of these instances only; of all without it.",
    )
    .example("[\"syncthing\"]"),
    Key::new(
        "timeout",
        Takes::Time,
        "When a run that has not ended is ended, with all that it started.",
    )
    .usual("\"10s\""),
    Key::new(
        "pause",
        Takes::Time,
        "From one run to the next at least. What happens meanwhile goes out together.",
    )
    .usual("\"10s\""),
    Key::new(
        "command",
        Takes::Command,
        "What is run, with JSON on its standard input: what happened, as a list. It is given none of the environment variables that hold secrets here. Either this or 'url'.",
    )
    .example("[\"~/bin/tell-my-phone\", \"--json\"]"),
    Key::new(
        "url",
        Takes::Text,
        "What the same JSON is sent to by a POST. One that cannot be reached is told again later. The keys for who asks go with it too.",
    )
    .example("\"https://ntfy.example.org/syncwatch\""),
];

/// What one with a URL has besides, and who asks.
pub(in crate::config) const HOOK_URL: &[Key] = &[
    Key::new(
        "trust",
        Takes::Trust(TRUST),
        "Whose certificate is accepted there, as for an instance. \"any\" goes with no secret.",
    )
    .usual("\"system\"")
    .with(URL),
    Key::new(
        "server-name",
        Takes::Text,
        "The name to ask for and to check in the certificate, when it is not the URL's host.",
    )
    .example("\"ntfy.example.org\"")
    .with(URL),
    Key::new(
        "connect",
        Takes::Text,
        "What to dial in place of the URL's host and port.",
    )
    .example("\"10.0.0.5:8443\"")
    .with(URL),
];

const URL: &str = "url = \"https://ntfy.example.org/syncwatch\"";

pub(super) fn parts() -> Vec<Part> {
    let part = |title: &str, keys: &[Key], means| Part {
        title: title.to_owned(),
        means,
        keys: keys.to_vec(),
        kind: None,
    };
    vec![
        part(
            "[metrics]",
            METRICS,
            "A page for Prometheus at /metrics, with /healthz and /status. docs/metrics.md lists all metrics.",
        ),
        part(
            "[[hook]]",
            HOOK,
            "A command that is run, or a server that is told by a POST, when something happens. 'syncwatch hook test NAME' tries it.",
        ),
        part(
            "[[hook]] with a 'url'",
            HOOK_URL,
            "How the server that is told is reached.",
        ),
    ]
}
