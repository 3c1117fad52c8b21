//! Judges a chain that was looked at, as a request would, without another connection.

use std::time::Duration;

use rustls::client::danger::ServerCertVerifier as _;
use rustls::pki_types::{CertificateDer, UnixTime};

use super::classify::{self, Stage};
use super::client::ClientSpec;
use super::endpoint::Endpoint;
use super::shared::SystemRoots;
use super::verifier::Verifier;
use crate::core::{Class, Fault, Timestamp};

/// Whether a client of this specification would accept the chain at `now`.
///
/// # Errors
/// Why it would not.
pub fn judge(
    spec: &ClientSpec,
    chain: &[CertificateDer<'static>],
    now: Timestamp,
) -> Result<(), Fault> {
    let endpoint = Endpoint::new(&spec.base, spec.server_name.as_deref(), spec.dial.as_ref())?;
    let verifier = Verifier::new(&spec.trust, &spec.pins, &SystemRoots::default())?;
    let Some((own, others)) = chain.split_first() else {
        return Err(Fault::new(Class::TlsProtocol));
    };
    let seconds = u64::try_from(now.as_millis() / 1000).unwrap_or(0);
    let now = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
    verifier
        .verify_server_cert(own, others, &endpoint.server_name, &[], now)
        .map(|_| ())
        .map_err(|error| classify::of_error(&error, Stage::Connect))
}
