//! What the page says beside the metrics.

use crate::view::style::clean;

/// The content type of the metrics' text.
pub const TEXT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What stands at `/`, for whoever looks with a browser.
pub fn index(version: &str) -> String {
    format!(
        "syncwatch {version}\n\n\
         /metrics   for Prometheus\n\
         /healthz   200 while the engine answers: it says nothing about the instances, see /status\n\
         /status    the JSON of 'syncwatch status --json'\n"
    )
}

/// Said to whoever comes without the token.
pub fn needs_token() -> &'static str {
    "This page needs the token of [metrics] in the config: Authorization: Bearer TOKEN\n"
}

/// Said to whoever asks for the page under another name.
pub fn wrong_host(name: &str) -> String {
    let name: String = clean(name).chars().take(100).collect();
    format!(
        "This page does not answer to the name '{name}', so that no web page of that name can read it. Use the IP address or localhost, add the name to 'hosts' in [metrics] of the config, or set a token there.\n"
    )
}

/// Said to whoever asks under two names at once.
pub fn several_hosts() -> &'static str {
    "A request has one Host header, and this one has several.\n"
}

/// Said under every other path.
pub fn nothing_here() -> &'static str {
    "Nothing is here. There are /metrics, /healthz and /status.\n"
}

/// Said when the loop does not answer.
pub fn engine_is_silent() -> &'static str {
    "The engine does not answer.\n"
}
