//! The steps of a check, from the config to an answer of the API. Each stops the ones that need it.
//!
//! Invariant: the key is sent only by a client that pins what the engine would pin; looking sends no request at all.

use std::time::Duration;

use super::report::Report;
use crate::config::{self, Environment, InstanceConfig, Resolved, ResolvedTrust};
use crate::core::{Fingerprint, Pin, PinRead, PinSet, Timestamp};
use crate::engine;
use crate::engine::state_file::Kept;
use crate::services::examine::{Examined, Finding, PATIENCE, Seen, examine};
use crate::tls::{self, Client, Served};
use crate::view::style::clean;

/// Syncthing renews a certificate that ends sooner (lib/api/api.go shouldRegenerateCertificate).
const RENEWAL: Duration = Duration::from_secs(30 * 24 * 3600);

/// Looks at everything that has to be right for `instance`. `kept` is what the state file knows of it.
pub async fn look_at(
    instance: &InstanceConfig,
    environment: &Environment,
    kept: &Kept,
    now: Timestamp,
) -> Report {
    let mut report = Report::new(&instance.name);
    let resolution = config::resolve(instance, environment).await;
    report.tried = resolution
        .tried
        .iter()
        .map(|tried| format!("{}: {}", tried.path.display(), tried.why))
        .collect();
    let resolved = match resolution.outcome {
        Ok(resolved) => resolved,
        Err(fault) => {
            report.fault("place", &fault, "", None);
            report.skip(&["certificate file", "handshake", "pin", "request", "key"]);
            return report;
        }
    };
    for warning in &resolved.warnings {
        report.note("place", warning.to_string());
    }
    report.ok(
        "place",
        format!("{} ({} trust)", resolved.target.url, trust_name(&resolved)),
    );
    if resolved.target.plain {
        report.warn(
            "handshake",
            "none: this connection is not encrypted, and there is no certificate to judge",
            "Use wss:// in 'url' where the server can.",
        );
        report.skip(&["pin"]);
        requests(&resolved, PinSet::default(), &mut report).await;
        return report;
    }
    let pins = pins(&resolved, kept, now, &mut report);
    let Some(served) = handshake(&resolved, now, &mut report).await else {
        report.skip(&["pin", "request", "key"]);
        return report;
    };
    if !pin(&resolved, &pins, &served, &mut report) {
        report.skip(&["request", "key"]);
        return report;
    }
    requests(&resolved, pins, &mut report).await;
    report
}

fn trust_name(resolved: &Resolved) -> &'static str {
    match resolved.trust {
        ResolvedTrust::File(_) => "file",
        ResolvedTrust::Fingerprint(_) => "fingerprint",
        ResolvedTrust::Ca(_) => "ca",
        ResolvedTrust::System => "system",
        ResolvedTrust::Any if resolved.target.plain => "no",
        ResolvedTrust::Any => "any",
    }
}

/// The pins that the engine would accept now.
fn pins(resolved: &Resolved, kept: &Kept, now: Timestamp, report: &mut Report) -> PinSet {
    let remembered = kept
        .remembered
        .iter()
        .filter(|memory| memory.path == resolved.target.path)
        .map(|memory| memory.pin);
    let mut pins: Vec<Pin> = match &resolved.trust {
        ResolvedTrust::File(_) => pin_file(resolved, now, report)
            .into_iter()
            .chain(remembered)
            .collect(),
        ResolvedTrust::Fingerprint(_) => resolved
            .target
            .pins
            .iter()
            .copied()
            .chain(kept.accepted)
            .collect(),
        _ => Vec::new(),
    };
    pins.sort_by_key(|pin| pin.fingerprint);
    pins.dedup_by_key(|pin| pin.fingerprint);
    PinSet {
        fingerprints: pins.into_iter().map(|pin| pin.fingerprint).collect(),
    }
}

fn pin_file(resolved: &Resolved, now: Timestamp, report: &mut Report) -> Option<Pin> {
    const STEP: &str = "certificate file";
    let ResolvedTrust::File(path) = &resolved.trust else {
        return None;
    };
    let place = path.display();
    match tls::read_pin_file(path) {
        PinRead::Read(pin) => {
            let found = format!("{place}{}: {}", ends(pin.not_after), pin.fingerprint);
            if pin.not_after.is_some_and(|end| end < now + RENEWAL) {
                report.warn(STEP, found, "Syncthing renews it by itself when it is restarted; nothing is to be done here.");
            } else {
                report.ok(STEP, found);
            }
            Some(pin)
        }
        PinRead::Unusable { pin, why } => {
            report.fail(
                STEP,
                format!("{place}: {why}"),
                "Delete it and its key, and restart Syncthing: it makes new ones.",
            );
            Some(pin)
        }
        PinRead::Missing => {
            report.fail(
                STEP,
                format!("{place} is not there"),
                "Syncthing writes it when it starts. Is this its config directory?",
            );
            None
        }
        PinRead::Torn { why } => {
            report.fail(
                STEP,
                format!("{place}: {why}"),
                "It may be half-written: look again in a moment.",
            );
            None
        }
        PinRead::Unreadable { why } => {
            report.fail(
                STEP,
                format!("{place}: {why}"),
                "Let this user read it: only the certificate is needed, never the key beside it.",
            );
            None
        }
    }
}

async fn handshake(resolved: &Resolved, now: Timestamp, report: &mut Report) -> Option<Served> {
    const STEP: &str = "handshake";
    let looked = tls::look(
        &resolved.base,
        resolved.server_name.as_deref(),
        engine::dial(resolved).as_ref(),
        PATIENCE,
    )
    .await;
    let served = match looked {
        Ok(served) => served,
        Err(fault) => {
            report.fault(
                STEP,
                &fault,
                &resolved.target.url,
                resolved.target.path.as_deref(),
            );
            return None;
        }
    };
    let certificate = &served.certificate;
    let address = served
        .address
        .map_or_else(String::new, |address| format!(" at {address}"));
    let found = format!(
        "{}{address}: {}, {}{}",
        served.protocol,
        certificate.subject,
        certificate.key,
        ends(certificate.not_after)
    );
    if let Some(why) = &certificate.unusable {
        report.fail(
            STEP,
            format!("{found}; {why}"),
            "Delete it and its key on the server, and restart Syncthing: it makes new ones.",
        );
    } else if let Some(complaint) = &served.complaint {
        report.fault(STEP, complaint, &resolved.target.url, None);
    } else if certificate.not_before.is_some_and(|start| start > now) {
        report.warn(
            STEP,
            format!("{found}; it begins only in the future"),
            "Are the clocks of both computers right?",
        );
    } else {
        report.ok(STEP, found);
    }
    Some(served)
}

fn pin(resolved: &Resolved, pins: &PinSet, served: &Served, report: &mut Report) -> bool {
    const STEP: &str = "pin";
    let shown: Fingerprint = served.certificate.pin.fingerprint;
    match resolved.trust {
        ResolvedTrust::Any => {
            report.warn(
                STEP,
                format!("any certificate is accepted; served is {shown}"),
                "Pin it: trust = { fingerprint = [...] }.",
            );
            return true;
        }
        ResolvedTrust::Ca(_) | ResolvedTrust::System => {
            report.ok(
                STEP,
                format!("not pinned: the verifier decides at the request; served is {shown}"),
            );
            return true;
        }
        ResolvedTrust::File(_) | ResolvedTrust::Fingerprint(_) => {}
    }
    if pins.fingerprints.contains(&shown) {
        report.ok(
            STEP,
            format!("the served certificate is the pinned one: {shown}"),
        );
        return true;
    }
    let pinned: Vec<String> = pins.fingerprints.iter().map(ToString::to_string).collect();
    let pinned = if pinned.is_empty() {
        "nothing".into()
    } else {
        pinned.join(", ")
    };
    let hint = match resolved.trust {
        ResolvedTrust::Fingerprint(_) => format!(
            "Compare it with the server's own: 'openssl x509 -noout -fingerprint -sha256 -in https-cert.pem' there. If it is the same: 'syncwatch trust accept --instance {}'.",
            report.instance
        ),
        _ => "If Syncthing was not restarted since its certificate file changed, restart it. Otherwise something else is listening on that port.".into(),
    };
    report.fail(
        STEP,
        format!("no request was sent, for the served certificate is not the pinned one. Served: {shown} Pinned: {pinned}"),
        &hint,
    );
    false
}

async fn requests(resolved: &Resolved, pins: PinSet, report: &mut Report) {
    let url = &resolved.target.url;
    let spec = engine::client_spec(resolved, pins, 0);
    let client = match Client::build(&spec) {
        Ok(client) => client,
        Err(fault) => {
            report.fault("request", &fault, url, resolved.target.path.as_deref());
            return report.skip(&["key"]);
        }
    };
    let second = engine::second_secret(resolved);
    let examined = Examined {
        client: &client,
        key: &resolved.key,
        second: second.as_deref(),
        wall_clock: engine::clock::Clock::wall,
    };
    for Finding { step, seen } in examine(&resolved.settings, &examined).await {
        match seen {
            Seen::Ok(found) => report.ok(step, clean(&found)),
            Seen::Look { found, hint } => report.warn(step, clean(&found), &hint),
            Seen::Failed(fault) => report.fault(step, &fault, url, None),
            Seen::Skipped => report.skip(&[step]),
        }
    }
}

fn ends(end: Option<Timestamp>) -> String {
    let day = |end: Timestamp| end.to_string().chars().take(10).collect::<String>();
    end.map_or_else(String::new, |end| format!(", valid until {}", day(end)))
}
