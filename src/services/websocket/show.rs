//! What is shown of an endpoint. Pure.

use std::time::Duration;

use super::Outcome;
use crate::core::kinds::websocket::WebsocketSettings;
use crate::core::service::{Fact, Service};

/// What one round saw.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// What a plain GET was answered with and how soon; `None` where that tells nothing.
    pub plain: Option<(&'a str, Duration)>,
    /// What the last upgrade came to, and how long ago.
    pub upgrade: Option<(&'a Outcome, Duration)>,
}

/// The service as it is shown. Whatever was seen of it, it is alive.
pub fn show(settings: &WebsocketSettings, seen: &Seen<'_>) -> Service {
    let mut facts = Vec::new();
    match seen.plain {
        Some((line, latency)) => {
            facts.push(fact("status", line.to_owned()));
            facts.push(taking("latency", latency));
        }
        None => facts.push(fact("status", "none to a plain request".to_owned())),
    }
    if let Some((outcome, age)) = seen.upgrade {
        facts.extend(upgrade(outcome, age));
        facts.extend(subprotocol(settings, outcome));
    }
    facts.push(fact("path", settings.shown_path().to_owned()));
    Service {
        synced: !facts.iter().any(|fact| fact.attention),
        facts,
        ..Service::default()
    }
}

fn upgrade(outcome: &Outcome, age: Duration) -> Vec<Fact> {
    let number = |opened: bool| Some(f64::from(u8::from(opened)));
    match outcome {
        Outcome::Opened { latency, .. } => vec![
            Fact {
                number: number(true),
                ..fact("upgrade", format!("opened {}", ago(age)))
            },
            taking("upgrade latency", *latency),
        ],
        Outcome::Refused(words) => vec![Fact {
            number: number(false),
            attention: true,
            ..fact("upgrade", format!("refused {}: {words}", ago(age)))
        }],
    }
}

/// Whether the server chose the subprotocol that it was asked for; one that it was not asked for is no websocket.
fn subprotocol(settings: &WebsocketSettings, outcome: &Outcome) -> Option<Fact> {
    let wanted = settings.subprotocol.as_ref()?;
    let Outcome::Opened { subprotocol, .. } = outcome else {
        return None;
    };
    let missing = subprotocol.as_ref() != Some(wanted);
    let value = match missing {
        true => format!("'{wanted}' was not chosen"),
        false => wanted.clone(),
    };
    Some(Fact {
        attention: missing,
        ..fact("subprotocol", value)
    })
}

fn taking(name: &str, latency: Duration) -> Fact {
    Fact {
        number: Some(latency.as_secs_f64()),
        ..fact(name, format!("{} ms", latency.as_millis()))
    }
}

fn ago(age: Duration) -> String {
    match age.as_secs() / 60 {
        0 => "just now".into(),
        minutes @ 1..60 => format!("{minutes} min ago"),
        minutes => format!("{} h ago", minutes / 60),
    }
}

fn fact(name: &str, value: String) -> Fact {
    Fact {
        name: name.to_owned(),
        value,
        number: None,
        attention: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(settings: &WebsocketSettings, seen: &Seen<'_>) -> (bool, Vec<String>) {
        let service = show(settings, seen);
        let line = |fact: &Fact| {
            let mark = if fact.attention { "! " } else { "" };
            format!("{mark}{}: {}", fact.name, fact.value)
        };
        (service.synced, service.facts.iter().map(line).collect())
    }

    #[test]
    fn an_endpoint_that_is_well() {
        let settings = WebsocketSettings {
            path: "/_et/?token=hidden".into(),
            subprotocol: Some("mqtt".into()),
            ..WebsocketSettings::default()
        };
        let outcome = Outcome::Opened {
            latency: Duration::from_micros(12_500),
            subprotocol: Some("mqtt".into()),
        };
        let seen = Seen {
            plain: Some(("400 Bad Request", Duration::from_millis(3))),
            upgrade: Some((&outcome, Duration::from_secs(185))),
        };
        let shown = [
            "status: 400 Bad Request",
            "latency: 3 ms",
            "upgrade: opened 3 min ago",
            "upgrade latency: 12 ms",
            "subprotocol: mqtt",
            "path: /_et/",
        ];
        assert_eq!(
            lines(&settings, &seen),
            (true, shown.map(String::from).into())
        );
        let facts = show(&settings, &seen).facts;
        let number = |name: &str| facts.iter().find(|fact| fact.name == name)?.number;
        assert_eq!(number("latency"), Some(0.003));
        assert_eq!(number("upgrade latency"), Some(0.0125));
    }

    #[test]
    fn what_somebody_should_look_at() {
        let settings = WebsocketSettings {
            subprotocol: Some("mqtt".into()),
            ..WebsocketSettings::default()
        };
        let refused = Outcome::Refused("400 Bad Request".into());
        let silent = Outcome::Opened {
            latency: Duration::ZERO,
            subprotocol: None,
        };
        for (outcome, wanted) in [
            (&refused, "! upgrade: refused 2 h ago: 400 Bad Request"),
            (&silent, "! subprotocol: 'mqtt' was not chosen"),
        ] {
            let seen = Seen {
                plain: None,
                upgrade: Some((outcome, Duration::from_secs(7300))),
            };
            let (synced, lines) = lines(&settings, &seen);
            assert!(
                !synced && lines.iter().any(|line| line == wanted),
                "{lines:?}"
            );
        }
    }
}
