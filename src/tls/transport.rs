//! What connections go over, and how it is noticed that nobody is at their other end any more.

use std::time::Duration;

use reqwest::ClientBuilder;

use crate::core::Fault;

/// The first probe comes after this, the others after the interval each.
const TCP_KEEPALIVE: Duration = Duration::from_secs(10);
const TCP_KEEPALIVE_INTERVAL: Duration = Duration::from_secs(5);
const TCP_KEEPALIVE_RETRIES: u32 = 3;
/// The same for what was sent and is not acknowledged, where the platform has it.
#[cfg(any(target_os = "linux", target_os = "android"))]
const TCP_UNACKNOWLEDGED: Duration = Duration::from_secs(20);

/// A peer that is gone without a word, with its computer or the way there, ends the connection in half a minute. One
/// whose process alone stands still is not noticed so: its computer acknowledges for it.
pub(super) fn noticing_silence(builder: ClientBuilder) -> ClientBuilder {
    let builder = builder
        .tcp_keepalive(TCP_KEEPALIVE)
        .tcp_keepalive_interval(TCP_KEEPALIVE_INTERVAL)
        .tcp_keepalive_retries(TCP_KEEPALIVE_RETRIES);
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let builder = builder.tcp_user_timeout(TCP_UNACKNOWLEDGED);
    builder
}

/// Connects over this socket, whatever the address says.
///
/// # Errors
/// There are none on this platform.
#[cfg(unix)]
pub(super) fn over_unix_socket(
    builder: ClientBuilder,
    path: &std::path::Path,
) -> Result<ClientBuilder, Fault> {
    Ok(builder.unix_socket(path.to_owned()))
}

#[cfg(not(unix))]
pub(super) fn over_unix_socket(
    _: ClientBuilder,
    _: &std::path::Path,
) -> Result<ClientBuilder, Fault> {
    Err(super::endpoint::no_unix_sockets())
}
