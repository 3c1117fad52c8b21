//! Stories as tables: `when | what happens | what is seen right then`.
//!
//! What happens (several with commas): `file A`, `file torn|missing|unreadable`, `quietly file A` (no watcher saw it),
//! `serves A`, `replays A`, `flaps A`, `alternates A M`, `changes` (its certificate, each time),
//! `replies A CLASS`, `cuts A CLASS` (after the handshake), `fails CLASS`, `silent`, `opened [N times]`, `user`,
//! `woke`, `sleeps HOURS`, `network`, `announced`, `shut-down`, `upgrades in TIME`, `migrates`, `pause`, `unpause`, `accept A`, `forget`, `key N`, `server-key N`, `restless key`,
//! `config changed`, `place lost CLASS`, `place found`, `url U`, `look` (the place is resolved again), `remote`.
//! What is seen: a link state; `pending A|-`, `current A`, `served A`, `accepted A|-`, `rotations N`, `rotated at Nms`, `hidden N`,
//! `alerts WORDS|-` (in all so far), `attempts <N` (since the line before), `restart-pending`, `service`, `recovered <N` (ms),
//! `class C`, `reads N` (of the pin, in all).

use std::time::Duration;

use syncwatch::core::{Absence, Action, Class, Event, PinRead, RetryCause, Timestamp, Why};

use crate::shell::{NAME, START, Shell};
use crate::world::{Server, fingerprint, pin};

/// Plays `table` and checks every line of it.
pub fn tell(mut shell: Shell, table: &str) {
    shell.configure();
    let mut attempts = 0;
    for line in table.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let [when, what, seen] = line
            .split('|')
            .map(str::trim)
            .collect::<Vec<_>>()
            .try_into()
            .unwrap_or_else(|_| panic!("three columns: {line}"));
        shell.run_until(Timestamp::from_millis(START) + time(when));
        words(what).for_each(|what| act(&mut shell, &what));
        words(seen).for_each(|seen| see(&mut shell, &seen, line, attempts));
        attempts = shell.attempts;
    }
    shell.finish();
}

fn words(cell: &str) -> impl Iterator<Item = Vec<String>> {
    cell.split(',')
        .map(|part| part.split_whitespace().map(str::to_owned).collect())
        .filter(|words: &Vec<String>| !words.is_empty())
        .collect::<Vec<_>>()
        .into_iter()
}

fn time(text: &str) -> Duration {
    let split = text.find(|char: char| char.is_ascii_alphabetic()).unwrap();
    let (number, unit) = text.split_at(split);
    let number: f64 = number.parse().unwrap();
    Duration::from_secs_f64(match unit {
        "ms" => number / 1000.0,
        "s" => number,
        "m" => number * 60.0,
        _ => panic!("no unit: {text}"),
    })
}

fn class(name: &str) -> Class {
    serde_json::from_value(name.into()).unwrap()
}

fn letter(name: &str) -> char {
    name.chars().next().unwrap()
}

fn file(content: &str) -> PinRead {
    let why = "no certificate in it".to_owned();
    match content {
        "torn" => PinRead::Torn { why },
        "missing" => PinRead::Missing,
        "unreadable" => PinRead::Unreadable { why },
        name => PinRead::Read(pin(letter(name))),
    }
}

fn act(shell: &mut Shell, what: &[String]) {
    let instance = NAME.to_owned();
    let retry = |cause| Event::Retry {
        instance: None,
        cause,
    };
    let what: Vec<&str> = what.iter().map(String::as_str).collect();
    match what[..] {
        ["file", content] => {
            shell.world.file = file(content);
            shell.touch_file();
        }
        ["quietly", "file", content] => shell.world.file = file(content),
        ["serves", name] => shell.serve(Server::Serves(letter(name))),
        ["replays", name] => shell.serve(Server::Replays(letter(name))),
        ["flaps", name] => shell.serve(Server::Flaps(letter(name))),
        ["alternates", good, bad] => {
            shell.serve(Server::Alternates(letter(good), letter(bad)));
        }
        ["changes"] => shell.serve(Server::Changes),
        ["replies", name, reply] => {
            shell.serve(Server::Replies(letter(name), class(reply)));
        }
        ["cuts", name, end] => shell.serve(Server::Cuts(letter(name), class(end))),
        ["fails", name] => shell.serve(Server::Fails(class(name))),
        ["silent"] => shell.serve(Server::Silent),
        ["opened", times, "times"] => {
            for _ in 0..times.parse().unwrap() {
                shell.send(Event::CertificateOpened {
                    instance: NAME.into(),
                });
                shell.run(Duration::from_millis(10));
            }
        }
        ["opened"] => shell.send(Event::CertificateOpened { instance }),
        ["user"] => shell.send(retry(RetryCause::User)),
        ["woke"] => shell.send(retry(RetryCause::Resumed)),
        ["sleeps", hours] => {
            shell.now = shell.now + Duration::from_secs(3600) * hours.parse().unwrap();
            shell.send(retry(RetryCause::Resumed));
        }
        ["network"] => shell.send(retry(RetryCause::NetworkChanged)),
        ["announced"] => {
            let action = Action::Restart;
            shell.send(Event::Asked { instance, action });
        }
        ["shut-down"] => {
            let action = Action::Shutdown;
            shell.send(Event::Asked { instance, action });
        }
        ["upgrades", "in", delay] => {
            let absence = Absence {
                why: Why::Upgrade,
                after: time(delay),
                version: Some("v2.2.0".into()),
            };
            shell.send(Event::Announced { instance, absence });
        }
        ["migrates"] => {
            let migrates = true;
            shell.send(Event::Migrates { instance, migrates });
        }
        ["pause"] | ["unpause"] => shell.send(Event::SetPaused {
            instance,
            paused: what[0] == "pause",
        }),
        ["accept", name] => shell.accept(pin(letter(name))),
        ["forget"] => shell.send(Event::PinForgotten { instance }),
        ["key", number] => shell.world.key = number.parse().unwrap(),
        ["server-key", number] => shell.world.server_key = number.parse().unwrap(),
        ["restless", "key"] => shell.world.restless_key = true,
        ["config", "changed"] => {
            shell.spec.revision += 1;
            shell.configure();
        }
        ["place", "lost", name] => shell.world.lost_place = Some(class(name)),
        ["place", "found"] => shell.world.lost_place = None,
        ["url", url] => shell.world.url = url.into(),
        ["look"] => {
            let event = match shell.world.resolve() {
                Ok(target) => Event::Resolved { instance, target },
                Err(fault) => Event::Unresolved { instance, fault },
            };
            shell.send(event);
        }
        ["remote"] => shell.world.local = false,
        _ => panic!("nobody knows how to {what:?}"),
    }
}

fn see(shell: &mut Shell, seen: &[String], line: &str, attempts_before: u64) {
    let instance = shell.instance();
    let link = &instance.link;
    let seen: Vec<&str> = seen.iter().map(String::as_str).collect();
    let name = |name: &str| (name != "-").then(|| fingerprint(letter(name)));
    let below = |limit: &str| limit.trim_start_matches('<').parse::<u64>().unwrap();
    match seen[..] {
        ["pending", pin] => assert_eq!(link.trust.pending, name(pin), "{line}"),
        ["current", pin] => assert_eq!(link.trust.current, name(pin), "{line}"),
        ["served", pin] => assert_eq!(link.trust.served, name(pin), "{line}"),
        ["accepted", pin] => {
            let accepted = shell.spec.accepted.map(|pin| pin.fingerprint);
            assert_eq!(accepted, name(pin), "{line}");
        }
        ["rotations", number] => assert_eq!(link.rotations.to_string(), number, "{line}"),
        ["reads", number] => assert_eq!(shell.reads.to_string(), number, "{line}"),
        ["rotated", "at", time] => {
            let told = link.last_rotation.map(|last| last.as_millis() - START);
            let told = told.map(|millis| format!("{millis}ms"));
            assert_eq!(told.as_deref(), Some(time), "{line}");
        }
        ["hidden", number] => assert_eq!(link.hidden_failures.to_string(), number, "{line}"),
        ["alerts", ref told @ ..] => {
            let states: Vec<&str> = shell
                .alerts
                .iter()
                .map(|alert| alert.state.name())
                .collect();
            let told: Vec<&str> = told.iter().copied().filter(|word| *word != "-").collect();
            assert_eq!(states, told, "{line}");
        }
        ["attempts", limit] => {
            let made = shell.attempts - attempts_before;
            assert!(made < below(limit), "{made} attempts: {line}");
        }
        ["restart-pending"] => assert!(link.restart_pending, "{line}"),
        ["service"] => assert!(instance.service.is_some(), "{line}"),
        ["recovered", limit] => assert!(
            link.last_recovery_ms
                .is_some_and(|took| took < below(limit)),
            "{:?}: {line}",
            link.last_recovery_ms
        ),
        ["expected", why] => {
            let expected = link.expected.as_ref();
            let told = expected.map(|it| serde_json::to_value(it.why).unwrap());
            let why = (why != "-").then(|| why.into());
            assert_eq!(told, why, "{line}");
        }
        ["overall", word] => assert_eq!(instance.overall().name(), word, "{line}"),
        ["class", name] => assert_eq!(
            link.failure.as_ref().map(|failure| failure.class),
            Some(class(name)),
            "{line}"
        ),
        [state] => assert_eq!(link.state.name(), state, "{line}\n{instance:#?}"),
        _ => panic!("nobody knows how to see {seen:?}"),
    }
}

/// Two times, one after the other.
pub fn add(first: &str, second: &str) -> String {
    format!("{}ms", (time(first) + time(second)).as_millis())
}
