//! The steps of a check, from the config to an answer of the API. Each stops the ones that need it.
//!
//! Invariant: a secret is sent only by a client that pins what the engine would pin; looking sends no request at all,
//! and a handshake that can be finished is.

use crate::config::{self, Environment, InstanceConfig, Resolved, ResolvedTrust};
use crate::core::failure::About;
use crate::core::{
    Class, Fault, Fingerprint, Kind, Offer, PinRead, PinSet, Served, Sight, Target, Timestamp,
};
use crate::engine;
use crate::engine::clock::Clock;
use crate::engine::known::Kept;
use crate::engine::pin_command::Commands;
use crate::services::examine::{Examined, Finding, Seen};
use crate::services::{DiskReader, examine};
use crate::tls::{self, Client, ClientSpec, Look, Looked};
use crate::view::check::{self, Report, Step};

/// Syncthing's names for what its GUI loads (lib/locations/locations.go HTTPSCertFile, HTTPSKeyFile).
const HOLDS_CERTIFICATE: &str = "https-cert.pem";
const HOLDS_KEY: &str = "https-key.pem";

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
            let about = About::new(&instance.name, instance.kind(), "");
            report.push(Step::fault("place", &fault, &about));
            report.skip(&["certificate file", "handshake", "trust", "request"]);
            return report;
        }
    };
    for warning in &resolved.warnings {
        report.push(Step::note("place", warning.to_string()));
    }
    let url = &resolved.target.url;
    report.push(check::place(url, trust_name(&resolved)));
    let command = resolved.target.command.as_ref();
    let printed = match &resolved.trust {
        ResolvedTrust::Command(program) => {
            let commands = Commands::default();
            Some(commands.ask(program, environment).await)
        }
        _ => None,
    };
    let about = About {
        path: resolved.target.path.as_deref(),
        pinned: "see the step 'trust'".into(),
        pinned_by_file: resolved.target.trust.reads_pins(),
        command: command.map(|command| command.program.as_str()),
        ..About::new(&instance.name, instance.kind(), url)
    };
    let way = Way {
        resolved: &resolved,
        about,
        now,
    };
    let pins = way.pins(kept, printed, &mut report);
    let spec = engine::client_spec(&resolved, pins, 0);
    match resolved.target.plain {
        true => {
            report.push(check::without_tls());
            report.skip(&["trust"]);
        }
        false if way.is_trusted(&spec, &mut report).await => {}
        false => return report,
    }
    way.requests(&spec, &mut report).await;
    report
}

/// One instance on the way to its answer.
struct Way<'a> {
    resolved: &'a Resolved,
    about: About<'a>,
    now: Timestamp,
}

impl Way<'_> {
    /// The pins that the engine would accept now.
    fn pins(&self, kept: &Kept, printed: Option<PinRead>, report: &mut Report) -> PinSet {
        let target = &self.resolved.target;
        let mut fingerprints: Vec<Fingerprint> = match (&self.resolved.trust, printed) {
            (ResolvedTrust::File(path), _) => {
                let read = tls::read_pin_file(path);
                let place = path.display().to_string();
                let kind = self.about.kind;
                let certificate = tls::certificate_in(path);
                let step = check::pin_file(&read, certificate.as_ref(), &place, kind, self.now);
                report.push(step);
                // Whatever else the file is called, Syncthing does not load it.
                if path.ends_with(HOLDS_CERTIFICATE) && kind == Kind::Syncthing {
                    let trouble = tls::pair_trouble(path, &path.with_file_name(HOLDS_KEY));
                    let home = path.parent().unwrap_or(path).display().to_string();
                    if let Some(trouble) = trouble {
                        report.push(check::pair(&trouble, &home));
                    }
                }
                read_or_remembered(&read, kept, target)
            }
            (ResolvedTrust::Command(program), Some(read)) => {
                report.push(check::pin_command(&read, program.name(), self.now));
                read_or_remembered(&read, kept, target)
            }
            (ResolvedTrust::Fingerprint(_), _) => {
                let pins = target.pins.iter().copied().chain(kept.accepted);
                pins.map(|pin| pin.fingerprint).collect()
            }
            _ => Vec::new(),
        };
        fingerprints.sort();
        fingerprints.dedup();
        PinSet::from(fingerprints)
    }

    /// Looks at what is served, and whether a client of `spec` would send anything to who serves it.
    async fn is_trusted(&self, spec: &ClientSpec, report: &mut Report) -> bool {
        let looked = self.look(spec, Offer::WHOLE).await;
        let served = match &looked.sight.outcome {
            Ok(served) => served,
            Err(fault) => {
                let again = self.again(spec, fault).await;
                report.push(check::failed(&looked.sight, fault, &again, &self.about));
                report.skip(&["trust", "request"]);
                return false;
            }
        };
        let step = check::finished(&looked.sight, served, &self.about, self.now);
        let refused = report.push(step);
        let step = self.trust(spec, served, &looked).await;
        if report.push(step) || refused {
            report.skip(&["request"]);
            return false;
        }
        true
    }

    async fn trust(&self, spec: &ClientSpec, served: &Served, looked: &Looked) -> Step {
        let judge = match &self.resolved.trust {
            ResolvedTrust::Any => {
                return check::any(served.certificate.pin.fingerprint, &self.about);
            }
            ResolvedTrust::File(_) | ResolvedTrust::Fingerprint(_) | ResolvedTrust::Command(_) => {
                let pins = &spec.pins.fingerprints;
                let shown = served.certificate.pin.fingerprint;
                let again = match pins.contains(&shown) {
                    true => None,
                    false => self.look(spec, Offer::WHOLE).await.sight.outcome.ok(),
                };
                let again = again.map(|again| again.certificate.pin.fingerprint);
                return check::pinned(served, again, pins, &self.about);
            }
            ResolvedTrust::Ca(path) => format!("the CA in {}", path.display()),
            ResolvedTrust::System => "the certificates of this system".to_owned(),
        };
        let verdict = tls::judge(spec, &looked.chain, self.now);
        check::judged(served, verdict, &judge, &self.about, self.now)
    }

    async fn look(&self, spec: &ClientSpec, offer: Offer) -> Looked {
        let look = Look {
            base: &spec.base,
            server_name: spec.server_name.as_deref(),
            dial: spec.dial.as_ref(),
            offer,
            timeout: None,
            clock: Clock::wall,
        };
        look.run().await
    }

    /// The same look with less on offer, where that may tell who ended the first one and why.
    async fn again(&self, spec: &ClientSpec, fault: &Fault) -> Vec<Sight> {
        let offers: &[Offer] = match fault.class {
            Class::HandshakeEof | Class::HandshakeReset | Class::TlsAlert | Class::TlsProtocol => {
                &[Offer::TLS12, Offer::NAMELESS]
            }
            Class::SniRefused => &[Offer::NAMELESS],
            _ => &[],
        };
        // An IP address is never sent as a name.
        let name = spec.server_name.as_deref().or(spec.base.domain());
        let named = name.is_some_and(|name| name.parse::<std::net::IpAddr>().is_err());
        let mut seen = Vec::new();
        for offer in offers.iter().filter(|offer| named || offer.name) {
            seen.push(self.look(spec, *offer).await.sight);
        }
        seen
    }

    async fn requests(&self, spec: &ClientSpec, report: &mut Report) {
        let resolved = self.resolved;
        let client = match Client::build(spec) {
            Ok(client) => client,
            Err(fault) => {
                report.push(Step::fault("request", &fault, &self.about));
                return;
            }
        };
        let second = engine::second_secret(resolved, &DiskReader::default());
        let examined = Examined {
            client: &client,
            key: &resolved.key,
            second: second.as_deref(),
            wall_clock: Clock::wall,
        };
        for Finding { step, seen } in examine(&resolved.settings, &examined).await {
            report.push(match seen {
                Seen::Ok(found) => Step::ok(step, found),
                Seen::Look { found, hint } => Step::look(step, found, hint),
                Seen::Wrong { found, hint } => Step::failed(step, found, hint),
                Seen::Failed(fault) => Step::fault(step, &fault, &self.about),
                Seen::Skipped => Step::skipped(step),
            });
        }
        if let Some(server) = client.time_of_peer()
            && let Some(step) = check::clock(server, Clock::wall())
        {
            report.push(step);
        }
    }
}

/// What was read from a file or a command, and what an earlier run verified.
fn read_or_remembered(read: &PinRead, kept: &Kept, target: &Target) -> Vec<Fingerprint> {
    let remembered = kept.remembered.iter();
    let remembered = remembered.filter(|memory| memory.counts_for(target));
    let read = match read {
        PinRead::Read(pin) | PinRead::Unusable { pin, .. } => Some(*pin),
        PinRead::Missing | PinRead::Torn { .. } | PinRead::Unreadable { .. } => None,
    };
    let pins = read.into_iter().chain(remembered.map(|memory| memory.pin));
    pins.map(|pin| pin.fingerprint).collect()
}

fn trust_name(resolved: &Resolved) -> &'static str {
    match resolved.trust {
        ResolvedTrust::File(_) => "file",
        ResolvedTrust::Fingerprint(_) => "fingerprint",
        ResolvedTrust::Command(_) => "command",
        ResolvedTrust::Ca(_) => "ca",
        ResolvedTrust::System => "system",
        ResolvedTrust::Any if resolved.target.plain => "no",
        ResolvedTrust::Any => "any",
    }
}
